//! How the rows of a SQL resolver are loaded bit by bit.

use serde::{Deserialize, Serialize};

/// Runs of the resolver load only what is new since the last one (framework §7.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Incremental {
    #[serde(default)]
    pub mode: IncrementalMode,
    /// Microseconds before the cursor from which rows are read again.
    #[serde(default)]
    pub lookback: i64,
    /// The column that says when a row changed: an output of the statement, or a column of its tables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    #[serde(default)]
    pub cursor: CursorOf,
}

/// What the lower bound does to the statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncrementalMode {
    /// Rows that changed since are read, before they are grouped.
    #[default]
    Row,
    /// Groups of which a row changed since are read, with all their rows.
    Group,
    /// The statement places the bound itself, as `${creta_incremental_timestamp}`.
    Parameter,
}

/// Which instant the next run starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CursorOf {
    /// The latest feature time that was read; where the class has none, the start of the run.
    #[default]
    FeatureTime,
    /// The start of the last run.
    ResolverExecutionTime,
}
