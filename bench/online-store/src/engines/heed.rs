//! heed, the LMDB binding, without syncs but those of `persist`.

use super::{Engine, stored};
use heed::types::Bytes;
use heed::{CommitOrAbort, Database, Env, EnvFlags, EnvOpenOptions};
use std::path::Path;

pub struct Heed {
    env: Env,
    rows: Database<'static, Bytes, Bytes>,
    state: Database<'static, Bytes, Bytes>,
}

impl Heed {
    pub fn open(folder: &Path) -> Heed {
        let mut options = EnvOpenOptions::new();
        options.map_size(8 << 30).max_dbs(2);
        // SAFETY: the folder belongs to this process alone, and a power cut is not part of this benchmark.
        let env = unsafe {
            options.flags(EnvFlags::NO_SYNC);
            options.open(folder).unwrap()
        };
        let (rows, state) = (table(&env, "rows"), table(&env, "state"));
        Heed { env, rows, state }
    }
}

fn table(env: &Env, name: &str) -> Database<'static, Bytes, Bytes> {
    let transaction = env.write_txn().unwrap();
    let created = env.create_databases_and_commit(transaction, |opener, transaction| {
        opener.create_database(transaction, Some(name)).map(CommitOrAbort::<_, ()>::Commit)
    });
    created.unwrap().unwrap_commit()
}

impl Engine for Heed {
    fn read(&self, keys: &[u64], found: &mut dyn FnMut(&[u8])) {
        let transaction = self.env.read_txn().unwrap();
        for key in keys {
            if let Some(row) = self.rows.get(&transaction, &stored(*key)).unwrap() {
                found(row);
            }
        }
    }

    fn write(&self, keys: &[u64], position: u64, change: &dyn Fn(Option<&[u8]>) -> Vec<u8>) {
        let mut transaction = self.env.write_txn().unwrap();
        for key in keys {
            let key = stored(*key);
            let row = change(self.rows.get(&transaction, &key).unwrap());
            self.rows.put(&mut transaction, &key, &row).unwrap();
        }
        self.state.put(&mut transaction, b"position", &position.to_be_bytes()).unwrap();
        transaction.commit().unwrap();
    }

    fn persist(&self) {
        self.env.force_sync().unwrap();
    }

    fn position(&self) -> u64 {
        let transaction = self.env.read_txn().unwrap();
        let stored = self.state.get(&transaction, b"position").unwrap();
        stored.map_or(0, |stored| u64::from_be_bytes(stored.try_into().unwrap()))
    }
}
