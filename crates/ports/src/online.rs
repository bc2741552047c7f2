//! The online store: the newest value of each cacheable feature of each key.

use crate::Result;
use crate::log::Position;
use async_trait::async_trait;
use creta_model::Value;
use creta_model::observation::Entry;

/// A stored value and the instant it was observed (microseconds, UTC).
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    pub observed_at: i64,
    pub value: Value,
}

/// What to read: some features of some keys of one namespace.
#[derive(Debug, Clone, Copy)]
pub struct Read<'a> {
    pub namespace: &'a str,
    /// Stored names, version included.
    pub features: &'a [String],
    /// Primary keys: `Value::Int` or `Value::Str`; may repeat.
    pub keys: &'a [Value],
}

/// Point reads and newest-wins writes.
///
/// A write whose `observed_at` is older than the stored cell's is dropped; an equal one replaces it. Nulls are cells.
/// A removal takes away what was written before it, whatever its time, and nothing that is written later.
#[async_trait]
pub trait OnlineStore: Send + Sync {
    /// One row per key, in the order of the keys; one cell per feature, None where nothing is stored.
    async fn read(&self, read: Read<'_>) -> Result<Vec<Vec<Option<Cell>>>>;

    /// Applies the online part of the entries that stand in the log right before `through`, and remembers that they are
    /// applied. Every append is followed by one such call, also if it keeps nothing online: a position counts as applied
    /// only when all before it are, in whatever order writers of observations come; a removal comes after all that stand
    /// before it and before all that stand after it. Entries already applied may come again, in their order.
    /// `now` bounds what counts as the future (decision 2).
    async fn write(&self, entries: &[Entry], through: Position, now: i64) -> Result<()>;

    /// The position before which everything is applied and survives the death of the process; replay starts here.
    async fn applied(&self) -> Result<Position>;

    /// Makes all that was written survive the death of the process.
    async fn persist(&self) -> Result<()>;
}
