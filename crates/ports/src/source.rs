//! Reading rows that somebody else keeps. What may be pushed down crosses the wall as data, never as SQL text of ours.

use crate::Result;
use arrow::array::ArrayRef;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use creta_model::{DataType, Value};
use std::time::Duration;

/// A column that the statement yields and the type its values must have.
#[derive(Debug, Clone, PartialEq)]
pub struct ScanColumn {
    /// Name as the statement yields it.
    pub name: String,
    pub data_type: DataType,
}

/// A condition on an output column of the statement. A source may ignore any of them and may return rows that fail
/// them; it may never leave out a row that passes all.
#[derive(Debug, Clone)]
pub enum Predicate {
    /// The column is one of these (distinct, non-null; int64 or large_utf8, …).
    In {
        column: String,
        values: ArrayRef,
    },
    /// The row has a version that passes: some row with the same `key`, perhaps itself, passes all of these.
    Versions {
        key: String,
        passing: Vec<Predicate>,
    },
    AtMost {
        column: String,
        value: Value,
    },
    AtLeast {
        column: String,
        value: Value,
    },
}

/// One read of a source.
#[derive(Debug, Clone)]
pub struct Scan {
    /// The user's SELECT, with a placeholder for each of `parameters` in the spelling of the source: `:p0`, `:p1`, …,
    /// or `$1`, `$2`, … for PostgreSQL.
    pub statement: String,
    pub parameters: Vec<Value>,
    pub columns: Vec<ScanColumn>,
    pub predicates: Vec<Predicate>,
    /// Name of the resolver, for letters.
    pub resolver: String,
    /// The caller goes away after this long; a source that works elsewhere tells that place.
    pub timeout: Duration,
}

/// A source of rows.
#[async_trait]
pub trait Source: Send + Sync {
    /// Rows of the statement that pass the predicates (or more), typed as `columns`, in source order.
    /// Letters: `source_failed`, `missing_file`, `validation_failed` (column, SQL type, feature type).
    async fn scan(&self, scan: &Scan) -> Result<Vec<RecordBatch>>;

    /// Names of the columns that the statement yields, without running it. Letters: `sql`, `missing_file`.
    async fn columns(&self, statement: &str) -> Result<Vec<String>>;
}
