//! The offline store as Delta tables on the local disk, one per namespace (decision 21).
//!
//! A batch of entries is committed table by table. Each commit carries the position of the log up to which its table
//! holds everything, as a Delta application transaction; when all tables are done and on disk, the position goes into a
//! file of its own, `drained`. After a crash anywhere in between, entries from `drained` on come again, and each table
//! skips those that it has. So nothing is lost, nothing is stored twice, and it does not matter whether the entries come
//! in the same batches as before. A removal rewrites the files that hold something of it (`erase`).

mod batch;
mod columns;
mod commits;
mod compact;
mod datafile;
mod erase;
mod history;
mod table;
mod wanted;

use crate::files::{failed, replace};
use async_trait::async_trait;
use batch::Pending;
use creta_model::observation::Entry;
use creta_model::{Code, Letter};
use creta_ports::offline::{ColumnTypes, History, HistoryRequest};
use creta_ports::{OfflineStore, Position, Result};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use table::Table;
use tokio::sync::Mutex;

/// The offline store on the local disk.
pub struct DeltaOfflineStore {
    root: PathBuf,
    /// Tables are opened when they are first needed; None = not there yet.
    tables: Mutex<HashMap<String, Arc<Table>>>,
    /// Held while a batch is written.
    drained: Mutex<Position>,
}

impl DeltaOfflineStore {
    pub fn open(root: &Path) -> Result<DeltaOfflineStore> {
        std::fs::create_dir_all(root).map_err(failed("The offline store's folder could not be created"))?;
        let drained = Mutex::new(read_drained(&marker(root))?);
        Ok(DeltaOfflineStore { root: root.to_owned(), tables: Mutex::default(), drained })
    }

    async fn table(&self, namespace: &str) -> Result<Option<Arc<Table>>> {
        let mut tables = self.tables.lock().await;
        if let Some(table) = tables.get(namespace) {
            return Ok(Some(table.clone()));
        }
        let Some(table) = Table::open(&self.folder(namespace)).await? else { return Ok(None) };
        Ok(Some(tables.entry(namespace.to_owned()).or_insert(Arc::new(table)).clone()))
    }

    /// The table that has or gets these rows; None when there is neither.
    async fn table_for(
        &self,
        namespace: &str,
        pending: &Pending<'_>,
        types: &dyn ColumnTypes,
    ) -> Result<Option<Arc<Table>>> {
        let known = self.table(namespace).await?;
        if known.is_some() || pending.is_empty() {
            return Ok(known);
        }
        let table = Arc::new(Table::create(&self.folder(namespace), &pending.key_type(types)?).await?);
        self.tables.lock().await.insert(namespace.to_owned(), table.clone());
        Ok(Some(table))
    }

    fn folder(&self, namespace: &str) -> PathBuf {
        let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
        let name: String = namespace
            .chars()
            .map(|letter| if plain(letter) { letter.to_string() } else { format!("~{:x}~", u32::from(letter)) })
            .collect();
        self.root.join(name)
    }
}

async fn store(table: &Table, mut pending: Pending<'_>, through: Position, types: &dyn ColumnTypes) -> Result<()> {
    let mut writer = table.writer().await;
    pending.skip_before(writer.stored().await?);
    erase::erase(&mut writer, std::mem::take(&mut pending.erasures)).await?;
    pending.arrange();
    if pending.is_empty() {
        return Ok(());
    }
    let features = pending.features(types);
    let missing = Pending::missing_columns(&features, &writer.schema());
    if !missing.is_empty() {
        writer.add_columns(missing).await?;
    }
    let key_type = pending.key_type(types)?;
    let batch = match pending.batch(&features, &key_type, &writer.schema()) {
        Err(letter) if letter.code == Code::ValidationFailed => {
            pending.leave_misfits(&features);
            pending.batch(&features, &key_type, &writer.schema())?
        }
        batch => batch?,
    };
    writer.append(batch, through.0).await
}

/// Runs long synchronous work off the threads that answer requests.
async fn work<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(Letter::new(Code::Bug, format!("Work on the offline store broke off: {error}."))))
}

fn marker(root: &Path) -> PathBuf {
    root.join("drained")
}

fn read_drained(marker: &Path) -> Result<Position> {
    let text = match std::fs::read_to_string(marker) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Position(0)),
        Err(error) => return Err(failed("The offline store's position could not be read")(error)),
    };
    text.trim().parse().map(Position).map_err(failed("The offline store's position could not be read"))
}

#[async_trait]
impl OfflineStore for DeltaOfflineStore {
    async fn write(&self, entries: &[(Position, Entry)], through: Position, types: &dyn ColumnTypes) -> Result<()> {
        let mut drained = self.drained.lock().await;
        let mut written = Vec::new();
        for (namespace, pending) in Pending::gather(entries) {
            let Some(table) = self.table_for(namespace, &pending, types).await? else { continue };
            store(&table, pending, through, types).await?;
            written.push(table);
        }
        if through > *drained {
            let file = marker(&self.root);
            replace(&file, &file.with_extension("writing"), format!("{}\n", through.0).as_bytes())?;
            *drained = through;
        }
        for table in written {
            compact::compact(&table).await?;
        }
        for table in self.tables.lock().await.values() {
            table.delete_retired();
        }
        Ok(())
    }

    async fn drained(&self) -> Result<Position> {
        Ok(*self.drained.lock().await)
    }

    async fn history(&self, request: &HistoryRequest) -> Result<History> {
        let Some(table) = self.table(&request.namespace).await? else { return Ok(history::nothing(request)) };
        let (contents, request) = (table.contents(), request.clone());
        work(move || history::read(&contents, &request)).await
    }
}
