//! redb: a non-durable commit per write, one kept read transaction per commit.

use super::{Engine, stored};
use redb::{Database, Durability, ReadOnlyTable, ReadableDatabase, ReadableTable, TableDefinition};
use std::path::Path;
use std::sync::{Arc, RwLock};

const ROWS: TableDefinition<&[u8], &[u8]> = TableDefinition::new("rows");
const STATE: TableDefinition<&str, u64> = TableDefinition::new("state");

pub struct Redb {
    database: Database,
    rows: RwLock<Arc<ReadOnlyTable<&'static [u8], &'static [u8]>>>,
}

impl Redb {
    pub fn open(folder: &Path) -> Redb {
        let database = Database::builder().set_cache_size(512 << 20).create(folder.join("store.redb")).unwrap();
        let transaction = database.begin_write().unwrap();
        transaction.open_table(ROWS).unwrap();
        transaction.open_table(STATE).unwrap();
        transaction.commit().unwrap();
        let rows = RwLock::new(Arc::new(view(&database)));
        Redb { database, rows }
    }

    fn commit(&self, durability: Durability, work: impl FnOnce(&redb::WriteTransaction)) {
        let mut transaction = self.database.begin_write().unwrap();
        transaction.set_durability(durability).unwrap();
        transaction.set_quick_repair(matches!(durability, Durability::Immediate));
        work(&transaction);
        transaction.commit().unwrap();
        *self.rows.write().unwrap() = Arc::new(view(&self.database));
    }

    /// Writes whole rows, for the buffer.
    pub fn put<'a>(&self, rows: impl Iterator<Item = (&'a u64, &'a Vec<u8>)>, position: u64) {
        self.commit(Durability::Immediate, |transaction| {
            let mut table = transaction.open_table(ROWS).unwrap();
            for (key, row) in rows {
                table.insert(&stored(*key)[..], &row[..]).unwrap();
            }
            transaction.open_table(STATE).unwrap().insert("position", position).unwrap();
        });
    }

    pub fn get<T>(&self, key: u64, found: impl FnOnce(Option<&[u8]>) -> T) -> T {
        let rows = self.rows.read().unwrap().clone();
        let row = rows.get(&stored(key)[..]).unwrap();
        found(row.as_ref().map(|row| row.value()))
    }
}

fn view(database: &Database) -> ReadOnlyTable<&'static [u8], &'static [u8]> {
    database.begin_read().unwrap().open_table(ROWS).unwrap()
}

impl Engine for Redb {
    fn read(&self, keys: &[u64], found: &mut dyn FnMut(&[u8])) {
        let rows = self.rows.read().unwrap().clone();
        for key in keys {
            if let Some(row) = rows.get(&stored(*key)[..]).unwrap() {
                found(row.value());
            }
        }
    }

    fn write(&self, keys: &[u64], position: u64, change: &dyn Fn(Option<&[u8]>) -> Vec<u8>) {
        self.commit(Durability::None, |transaction| {
            let mut table = transaction.open_table(ROWS).unwrap();
            for key in keys {
                let key = stored(*key);
                let row = change(table.get(&key[..]).unwrap().as_ref().map(|row| row.value()));
                table.insert(&key[..], &row[..]).unwrap();
            }
            transaction.open_table(STATE).unwrap().insert("position", position).unwrap();
        });
    }

    fn persist(&self) {
        self.commit(Durability::Immediate, |_| {});
    }

    fn position(&self) -> u64 {
        let state = self.database.begin_read().unwrap().open_table(STATE).unwrap();
        state.get("position").unwrap().map_or(0, |position| position.value())
    }
}
