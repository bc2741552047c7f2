//! The redb file under the online store: three tables, written in one durable transaction per flush.

use super::names::Names;
use super::row;
use crate::directory::newer;
use crate::files::failed;
use creta_model::Letter;
use creta_ports::Result;
use redb::{Database, Durability, ReadOnlyTable, ReadableDatabase, ReadableTable, TableDefinition};
use std::path::Path;

/// The format that this build reads and writes.
const VERSION: u64 = 1;

const ROWS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("rows");
const NAMES: TableDefinition<'_, u32, (&str, &str)> = TableDefinition::new("names");
const STATE: TableDefinition<'_, &str, u64> = TableDefinition::new("state");

/// How much of the file is kept in memory.
const CACHE_BYTES: usize = 512 << 20;

/// A consistent view of the rows as of the last flush.
pub(super) type Rows = ReadOnlyTable<&'static [u8], &'static [u8]>;

pub(super) struct Store(Database);

/// What is read once, when the store is opened.
pub(super) struct Opened {
    pub store: Store,
    pub rows: Rows,
    pub names: Names,
    pub applied: u64,
}

impl Store {
    pub fn open(path: &Path) -> Result<Opened> {
        let database = Database::builder().set_cache_size(CACHE_BYTES).create(path).map_err(unopened)?;
        let store = Store(database);
        let is_new = store.version()?.is_none();
        if is_new {
            store.flush(std::iter::empty(), &Names::default(), 0, 0)?;
        }
        match store.version()? {
            Some(version) if version > VERSION => {
                return Err(newer("The online store", version as u32, VERSION as u32));
            }
            _ => {}
        }
        let (names, applied) = store.remembered()?;
        let rows = store.rows()?;
        Ok(Opened { store, rows, names, applied })
    }

    fn version(&self) -> Result<Option<u64>> {
        let transaction = self.0.begin_read().map_err(unread)?;
        match transaction.open_table(STATE) {
            Ok(state) => Ok(state.get("version").map_err(unread)?.map(|version| version.value())),
            Err(redb::TableError::TableDoesNotExist(_)) => Ok(None),
            Err(error) => Err(unread(error)),
        }
    }

    fn remembered(&self) -> Result<(Names, u64)> {
        let transaction = self.0.begin_read().map_err(unread)?;
        let state = transaction.open_table(STATE).map_err(unread)?;
        let applied = state.get("applied").map_err(unread)?.map_or(0, |applied| applied.value());
        let mut names = Names::default();
        for name in transaction.open_table(NAMES).map_err(unread)?.iter().map_err(unread)? {
            let (_, name) = name.map_err(unread)?;
            let (namespace, feature) = name.value();
            names.learn(namespace, feature);
        }
        Ok((names, applied))
    }

    pub fn rows(&self) -> Result<Rows> {
        self.0.begin_read().map_err(unread)?.open_table(ROWS).map_err(unread)
    }

    /// Writes rows, names with numbers from `known_names` on and the position, all or nothing, onto the disk.
    pub fn flush<'a>(
        &self,
        rows: impl Iterator<Item = (&'a [u8], &'a [u8])>,
        names: &Names,
        known_names: usize,
        applied: u64,
    ) -> Result<()> {
        let mut transaction = self.0.begin_write().map_err(unwritten)?;
        transaction.set_durability(Durability::Immediate).map_err(unwritten)?;
        // Opening after a kill must not walk the whole file.
        transaction.set_quick_repair(true);
        {
            let mut table = transaction.open_table(ROWS).map_err(unwritten)?;
            for (key, row) in rows {
                let kept = if row::is_empty(row) { table.remove(key) } else { table.insert(key, row) };
                kept.map_err(unwritten)?;
            }
            let mut table = transaction.open_table(NAMES).map_err(unwritten)?;
            for (number, namespace, feature) in names.since(known_names) {
                table.insert(number, (namespace, feature)).map_err(unwritten)?;
            }
            let mut table = transaction.open_table(STATE).map_err(unwritten)?;
            table.insert("version", VERSION).map_err(unwritten)?;
            table.insert("applied", applied).map_err(unwritten)?;
        }
        transaction.commit().map_err(unwritten)
    }
}

fn unopened(error: redb::DatabaseError) -> Letter {
    failed("The online store could not be opened")(error)
}

pub(super) fn unread(error: impl std::fmt::Display) -> Letter {
    failed("The online store could not be read")(error)
}

fn unwritten(error: impl std::fmt::Display) -> Letter {
    failed("The online store could not be written")(error)
}
