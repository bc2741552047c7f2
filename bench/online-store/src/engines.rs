//! The rivals behind one trait.

mod buffered;
mod fjall;
mod heed;
mod redb;

use std::path::Path;

pub const ENGINES: [&str; 4] = ["redb", "redb behind a buffer", "fjall", "heed (LMDB)"];

/// What the online store asks of a key-value store. Nothing is synced but by `persist`.
pub trait Engine: Sync {
    /// Gives each key's row, if there is one, to `found`.
    fn read(&self, keys: &[u64], found: &mut dyn FnMut(&[u8]));
    /// Changes rows and notes the position of the log, all or nothing.
    fn write(&self, keys: &[u64], position: u64, change: &dyn Fn(Option<&[u8]>) -> Vec<u8>);
    /// Makes everything survive a power cut.
    fn persist(&self);
    /// The noted position.
    fn position(&self) -> u64;
}

pub fn with(name: &str, folder: &Path, run: &dyn Fn(&dyn Engine)) {
    match name {
        "redb" => run(&redb::Redb::open(folder)),
        "redb behind a buffer" => run(&buffered::Buffered::open(folder)),
        "fjall" => run(&fjall::Fjall::open(folder)),
        _ => run(&heed::Heed::open(folder)),
    }
}

fn stored(key: u64) -> [u8; 13] {
    let mut stored = *b"\0\0\0\x01i\0\0\0\0\0\0\0\0";
    stored[5..].copy_from_slice(&key.to_be_bytes());
    stored
}
