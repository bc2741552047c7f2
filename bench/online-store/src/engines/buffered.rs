//! redb behind a buffer in memory, which becomes one durable transaction per `persist`: what `stores` does.

use super::Engine;
use super::redb::Redb;
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, RwLock};

type Buffer = Arc<RwLock<HashMap<u64, Vec<u8>>>>;

pub struct Buffered {
    file: Redb,
    /// The buffer and the one that is being written to the file.
    buffers: RwLock<(Buffer, Option<Buffer>)>,
    writer: Mutex<u64>,
    flushing: Mutex<()>,
}

impl Buffered {
    pub fn open(folder: &Path) -> Buffered {
        let file = Redb::open(folder);
        let position = file.position();
        Buffered { file, buffers: RwLock::default(), writer: Mutex::new(position), flushing: Mutex::new(()) }
    }

    fn get<T>(&self, key: u64, found: impl FnOnce(Option<&[u8]>) -> T) -> T {
        let (buffer, leaving) = self.buffers.read().unwrap().clone();
        for buffer in std::iter::once(buffer).chain(leaving) {
            if let Some(row) = buffer.read().unwrap().get(&key) {
                return found(Some(row));
            }
        }
        self.file.get(key, found)
    }
}

impl Engine for Buffered {
    fn read(&self, keys: &[u64], found: &mut dyn FnMut(&[u8])) {
        for key in keys {
            self.get(*key, |row| row.map(&mut *found));
        }
    }

    fn write(&self, keys: &[u64], position: u64, change: &dyn Fn(Option<&[u8]>) -> Vec<u8>) {
        let mut noted = self.writer.lock().unwrap();
        let changed: Vec<(u64, Vec<u8>)> = keys.iter().map(|key| (*key, self.get(*key, change))).collect();
        let buffer = self.buffers.read().unwrap().0.clone();
        buffer.write().unwrap().extend(changed);
        *noted = position;
    }

    fn persist(&self) {
        let _flushing = self.flushing.lock().unwrap();
        let (leaving, position) = {
            let noted = self.writer.lock().unwrap();
            let mut buffers = self.buffers.write().unwrap();
            let leaving = std::mem::take(&mut buffers.0);
            buffers.1 = Some(leaving.clone());
            (leaving, *noted)
        };
        {
            let rows = leaving.read().unwrap();
            let mut rows: Vec<(&u64, &Vec<u8>)> = rows.iter().collect();
            rows.sort_unstable();
            self.file.put(rows.into_iter(), position);
        }
        self.buffers.write().unwrap().1 = None;
    }

    fn position(&self) -> u64 {
        self.file.position()
    }
}
