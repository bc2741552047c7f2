//! The durable log between an answer and the stores (decision 19).

use crate::Result;
use async_trait::async_trait;
use creta_model::observation::Entry;
use serde::{Deserialize, Serialize};

/// A place in the log: the number of entries before it. Positions only grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Position(pub u64);

/// What an append waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sync {
    /// The entry survives the death of the process; the disk follows within 50 ms.
    Process,
    /// The entry survives a power cut.
    Disk,
}

/// An append-only log of entries. Entries are read back in the order of their positions, each exactly once.
#[async_trait]
pub trait Log: Send + std::marker::Sync {
    /// Appends all entries together (all or none survive a crash) and answers the position after the last.
    async fn append(&self, entries: &[Entry], sync: Sync) -> Result<Position>;

    /// Up to `limit` entries from `from` on; each with the position of the entry itself.
    async fn read(&self, from: Position, limit: usize) -> Result<Vec<(Position, Entry)>>;

    /// The position after the last entry.
    fn end(&self) -> Position;

    /// Waits until `end() > after`, so that readers need not poll.
    async fn grown(&self, after: Position);

    /// Lets go of entries before `before`; they may still be returned for a while.
    async fn trim(&self, before: Position) -> Result<()>;
}
