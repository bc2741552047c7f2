//! fjall: a log-structured store with a journal of its own.

use super::{Engine, stored};
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use std::path::Path;
use std::sync::Mutex;

pub struct Fjall {
    database: Database,
    rows: Keyspace,
    state: Keyspace,
    /// Reading and writing back must not interleave with another writer.
    writer: Mutex<()>,
}

impl Fjall {
    pub fn open(folder: &Path) -> Fjall {
        let database = Database::builder(folder).cache_size(512 << 20).open().unwrap();
        let rows = database.keyspace("rows", KeyspaceCreateOptions::default).unwrap();
        let state = database.keyspace("state", KeyspaceCreateOptions::default).unwrap();
        Fjall { database, rows, state, writer: Mutex::new(()) }
    }
}

impl Engine for Fjall {
    fn read(&self, keys: &[u64], found: &mut dyn FnMut(&[u8])) {
        for key in keys {
            if let Some(row) = self.rows.get(stored(*key)).unwrap() {
                found(&row);
            }
        }
    }

    fn write(&self, keys: &[u64], position: u64, change: &dyn Fn(Option<&[u8]>) -> Vec<u8>) {
        let _writer = self.writer.lock().unwrap();
        let mut batch = self.database.batch().durability(Some(PersistMode::Buffer));
        for key in keys {
            let key = stored(*key);
            let row = change(self.rows.get(key).unwrap().as_deref());
            batch.insert(&self.rows, key, row);
        }
        batch.insert(&self.state, "position", position.to_be_bytes());
        batch.commit().unwrap();
    }

    fn persist(&self) {
        self.database.persist(PersistMode::SyncAll).unwrap();
    }

    fn position(&self) -> u64 {
        let stored = self.state.get("position").unwrap();
        stored.map_or(0, |stored| u64::from_be_bytes((&*stored).try_into().unwrap()))
    }
}
