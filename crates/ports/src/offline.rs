//! The offline store: every observation, until somebody removes it.

use crate::Result;
use crate::log::Position;
use arrow::array::{ArrayRef, BooleanArray, Int64Array, UInt64Array};
use async_trait::async_trait;
use creta_model::DataType;
use creta_model::observation::Entry;

/// A column of the offline store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryColumn {
    /// Stored name, version included.
    pub name: String,
    pub data_type: DataType,
}

/// Which observations to read. Bounds are microseconds, UTC, inclusive.
#[derive(Debug, Clone)]
pub struct HistoryRequest {
    pub namespace: String,
    pub key_type: DataType,
    pub columns: Vec<HistoryColumn>,
    /// Only these keys (int64 or large_utf8, distinct); None = all keys.
    pub keys: Option<ArrayRef>,
    pub observed_from: Option<i64>,
    pub observed_until: Option<i64>,
    pub inserted_from: Option<i64>,
    pub inserted_until: Option<i64>,
}

/// Observations, one row per write, sorted by (key, observed_at, inserted_at, sequence).
#[derive(Debug, Clone)]
pub struct History {
    /// int64 or large_utf8.
    pub keys: ArrayRef,
    pub observed_at: Int64Array,
    pub inserted_at: Int64Array,
    /// Order of writes: log positions.
    pub sequence: UInt64Array,
    /// Per requested column: the values, and where this row observed the feature at all.
    pub columns: Vec<(ArrayRef, BooleanArray)>,
}

/// History, idempotent by log position. A removal takes away what stands before it in the log, at every time.
#[async_trait]
pub trait OfflineStore: Send + Sync {
    /// Stores the offline part of entries (each with its log position) and remembers `through`; observations of one
    /// namespace in one atomic step. After a removal, history no longer tells of what it takes away. Entries already stored may come again and are skipped. `types` gives each namespace's key type and
    /// the type of every column that occurs.
    async fn write(&self, entries: &[(Position, Entry)], through: Position, types: &dyn ColumnTypes) -> Result<()>;

    /// The position before which every entry is stored.
    async fn drained(&self) -> Result<Position>;

    async fn history(&self, request: &HistoryRequest) -> Result<History>;
}

/// Knows the types of stored columns, so that the store need not know definitions.
pub trait ColumnTypes: Send + Sync {
    fn key(&self, namespace: &str) -> Option<DataType>;
    fn column(&self, namespace: &str, name: &str) -> Option<DataType>;
}
