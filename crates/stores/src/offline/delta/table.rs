//! One Delta table: the observations of one namespace.

use super::columns::own_fields;
use super::commits::{repair, sync_commit, sync_file};
use super::datafile::DataFile;
use crate::files::{failed, sync_folder};
use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema, SchemaRef};
use chrono::Utc;
use creta_model::{Code, DataType, Letter};
use creta_ports::Result;
use deltalake::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake::kernel::{Action, Add, Remove, StructType, Transaction};
use deltalake::parquet::basic::Compression;
use deltalake::parquet::file::properties::{WriterProperties, WriterVersion};
use deltalake::protocol::{DeltaOperation, SaveMode};
use deltalake::writer::{DeltaWriter, RecordBatchWriter};
use deltalake::{DeltaTable, DeltaTableBuilder, DeltaTableError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, MutexGuard};
use url::Url;

/// The application whose transactions in a table say up to which position of the log it holds everything.
const APPLICATION: &str = "creta-log";

/// A commit every few seconds would leave a month of them behind; an hour is enough for every reader we have.
const PROPERTIES: [(&str, &str); 3] = [
    ("delta.checkpointInterval", "100"),
    ("delta.logRetentionDuration", "interval 1 hours"),
    ("delta.deletedFileRetentionDuration", "interval 1 hours"),
];

/// Rows that are read or skipped together.
const ROW_GROUP_ROWS: usize = 128 * 1024;

/// How long a replaced file stays for those who are reading it.
const RETIREMENT: Duration = Duration::from_secs(600);

/// A table that exists. Readers use the list of files and never wait for a writer.
pub(super) struct Table {
    folder: PathBuf,
    delta: Mutex<DeltaTable>,
    contents: RwLock<Arc<Contents>>,
    /// Files that were replaced, and when; readers may still be at them.
    retired: std::sync::Mutex<Vec<(Instant, PathBuf)>>,
}

/// What readers need to know: the schema and the files of one version.
pub(super) struct Contents {
    pub schema: SchemaRef,
    pub files: Vec<Arc<DataFile>>,
}

impl Table {
    /// The table in this folder, if it was ever created.
    pub async fn open(folder: &Path) -> Result<Option<Table>> {
        if !repair(&folder.join("_delta_log"))? {
            return Ok(None);
        }
        let builder = DeltaTableBuilder::from_url(url(folder)?).map_err(unread)?;
        let delta = builder.load().await.map_err(unread)?;
        Ok(Some(Table::with(folder, delta)?))
    }

    pub async fn create(folder: &Path, key_type: &DataType) -> Result<Table> {
        std::fs::create_dir_all(folder).map_err(failed("A table's folder could not be created"))?;
        let schema = delta_schema(own_fields(key_type))?;
        let builder = DeltaTableBuilder::from_url(url(folder)?).map_err(unwritten)?;
        let create = builder.build().map_err(unwritten)?.create().with_columns(schema.fields().cloned());
        let properties = PROPERTIES.map(|(name, value)| (name.to_owned(), Some(value.to_owned())));
        let delta = create.with_configuration(properties).await.map_err(unwritten)?;
        folder.parent().map_or(Ok(()), sync_folder)?;
        Table::with(folder, delta)
    }

    fn with(folder: &Path, delta: DeltaTable) -> Result<Table> {
        let contents = Arc::new(Contents::of(folder, &delta, &[])?);
        sweep(folder, &contents)?;
        let (contents, retired) = (RwLock::new(contents), Default::default());
        Ok(Table { folder: folder.to_owned(), delta: Mutex::new(delta), contents, retired })
    }

    pub fn contents(&self) -> Arc<Contents> {
        self.contents.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Deletes files that were replaced long ago.
    pub fn delete_retired(&self) {
        self.retired.lock().unwrap_or_else(PoisonError::into_inner).retain(|(since, path)| {
            let is_due = since.elapsed() > RETIREMENT;
            // What cannot be deleted now is swept away when the table is opened the next time.
            is_due.then(|| std::fs::remove_file(path).ok());
            !is_due
        });
    }

    /// One writer at a time.
    pub async fn writer(&self) -> TableWriter<'_> {
        TableWriter { table: self, delta: self.delta.lock().await }
    }
}

impl Contents {
    fn of(folder: &Path, delta: &DeltaTable, known: &[Arc<DataFile>]) -> Result<Contents> {
        let state = delta.snapshot().map_err(unread)?;
        let schema = state.snapshot().arrow_schema();
        let file = |path: String| match known.iter().find(|file| file.path == path) {
            Some(file) => Ok(file.clone()),
            None => DataFile::open(folder, path).map(Arc::new),
        };
        let files = state.log_data().iter().map(|view| file(view.path().into_owned())).collect::<Result<Vec<_>>>()?;
        Ok(Contents { schema, files })
    }
}

/// The right to change a table.
pub(super) struct TableWriter<'a> {
    table: &'a Table,
    delta: MutexGuard<'a, DeltaTable>,
}

impl TableWriter<'_> {
    /// The position before which the table holds everything.
    pub async fn stored(&self) -> Result<u64> {
        let state = self.delta.snapshot().map_err(unread)?;
        let version = state.transaction_version(self.delta.log_store().as_ref(), APPLICATION).await.map_err(unread)?;
        Ok(version.and_then(|version| u64::try_from(version).ok()).unwrap_or(0))
    }

    pub fn contents(&self) -> Arc<Contents> {
        self.table.contents()
    }

    pub fn schema(&self) -> SchemaRef {
        self.contents().schema.clone()
    }

    /// Adds nullable columns. A crash after it leaves columns that nobody has filled yet, which is no harm.
    pub async fn add_columns(&mut self, fields: Vec<Field>) -> Result<()> {
        let schema = delta_schema(fields)?;
        let fields: Vec<_> = schema.fields().cloned().collect();
        *self.delta = self.delta.clone().add_columns().with_fields(fields).await.map_err(unwritten)?;
        self.publish()
    }

    /// Adds rows and notes that the table holds everything before `through`, in one commit that is on disk afterwards.
    pub async fn append(&mut self, batch: RecordBatch, through: u64) -> Result<()> {
        let adds = self.write_file(batch).await?;
        let version = i64::try_from(through)
            .map_err(|_| Letter::new(Code::Bug, "The log's position does not fit a Delta transaction."))?;
        let noted = CommitProperties::default()
            .with_application_transaction(Transaction::new(APPLICATION, version))
            .with_cleanup_expired_logs(Some(false));
        let operation = DeltaOperation::Write { mode: SaveMode::Append, partition_by: None, predicate: None };
        self.commit(adds.into_iter().map(Action::Add).collect(), noted, operation).await
    }

    /// Puts these rows, sorted, in the place of files: the same rows to compact them, fewer to delete some.
    pub async fn replace(
        &mut self,
        files: &[Arc<DataFile>],
        batch: RecordBatch,
        operation: DeltaOperation,
    ) -> Result<()> {
        let data_change = operation.changes_data();
        let adds = if batch.num_rows() == 0 { Vec::new() } else { self.write_file(batch).await? };
        let mut actions: Vec<Action> = adds.into_iter().map(|add| Action::Add(Add { data_change, ..add })).collect();
        actions.extend(files.iter().map(|file| {
            Action::Remove(Remove {
                path: file.path.clone(),
                data_change,
                deletion_timestamp: Some(Utc::now().timestamp_millis()),
                extended_file_metadata: Some(true),
                partition_values: Some(Default::default()),
                size: Some(file.bytes as i64),
                ..Remove::default()
            })
        }));
        self.commit(actions, CommitProperties::default(), operation).await?;
        self.retire(files);
        Ok(())
    }

    fn retire(&self, files: &[Arc<DataFile>]) {
        let mut retired = self.table.retired.lock().unwrap_or_else(PoisonError::into_inner);
        retired.extend(files.iter().map(|file| (Instant::now(), self.table.folder.join(&file.path))));
    }

    async fn write_file(&self, batch: RecordBatch) -> Result<Vec<Add>> {
        let writer = RecordBatchWriter::for_table(&self.delta).map_err(unwritten)?;
        let mut writer = writer.with_writer_properties(properties());
        writer.write(batch).await.map_err(unwritten)?;
        let adds = writer.flush().await.map_err(unwritten)?;
        for add in &adds {
            sync_file(&self.table.folder.join(&add.path))?;
        }
        sync_folder(&self.table.folder)?;
        Ok(adds)
    }

    async fn commit(&mut self, actions: Vec<Action>, with: CommitProperties, operation: DeltaOperation) -> Result<()> {
        let state = self.delta.snapshot().map_err(unwritten)?;
        let commit = CommitBuilder::from(with).with_actions(actions);
        let commit = commit.build(Some(state), self.delta.log_store(), operation).await.map_err(unwritten)?;
        self.delta.state = Some(commit.snapshot());
        sync_commit(&self.table.folder.join("_delta_log"), commit.version())?;
        self.publish()
    }

    fn publish(&self) -> Result<()> {
        let known = self.table.contents();
        let contents = Arc::new(Contents::of(&self.table.folder, &self.delta, &known.files)?);
        *self.table.contents.write().unwrap_or_else(PoisonError::into_inner) = contents;
        Ok(())
    }
}

fn properties() -> WriterProperties {
    WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_2_0)
        .set_compression(Compression::SNAPPY)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .build()
}

/// Deletes data files that belong to no version that anybody can be reading: replaced ones, and those of a crash before
/// the commit.
fn sweep(folder: &Path, contents: &Contents) -> Result<()> {
    let unreadable = failed("A table's folder could not be read");
    for file in std::fs::read_dir(folder).map_err(&unreadable)? {
        let file = file.map_err(&unreadable)?;
        let name = file.file_name().to_string_lossy().into_owned();
        if name.ends_with(".parquet") && !contents.files.iter().any(|known| known.path == name) {
            std::fs::remove_file(file.path())
                .map_err(failed("A file that is no longer needed could not be deleted"))?;
        }
    }
    Ok(())
}

fn url(folder: &Path) -> Result<Url> {
    let absolute = std::path::absolute(folder).map_err(failed("A table's folder could not be found"))?;
    Url::from_directory_path(&absolute)
        .map_err(|()| Letter::new(Code::StoreFailed, format!("{} cannot hold a table.", absolute.display())))
}

fn delta_schema(fields: Vec<Field>) -> Result<StructType> {
    (&Schema::new(fields)).try_into_kernel().map_err(super::columns::misfit)
}

pub(super) fn unread(error: DeltaTableError) -> Letter {
    failed("The offline store could not be read")(error)
}

fn unwritten(error: DeltaTableError) -> Letter {
    failed("The offline store could not be written")(error)
}
