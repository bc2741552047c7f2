//! Resolvers: functions and statements that produce features, and what they are given.

use crate::bundle::{Metadata, is_false};
use crate::errors::Place;
use crate::expression::Expression;
use crate::incremental::Incremental;
use crate::value::Value;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::num::NonZeroU32;

/// A function or statement that produces features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resolver {
    /// `module.function`, or the stem of the SQL file.
    pub name: String,
    pub kind: ResolverKind,
    pub body: ResolverBody,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environments: Vec<String>,
    /// Names of features of which it returns every combination at most once; with the primary key alone, rows have no
    /// versions, which saves looking for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unique_on: Vec<String>,
    /// Of several resolvers that could list a class's rows this one does; the others only add columns to them.
    #[serde(default, skip_serializing_if = "is_false")]
    pub total: bool,
    #[serde(default, skip_serializing_if = "DuplicateOutputs::is_deduplicated")]
    pub handle_duplicate_outputs: DuplicateOutputs,
    /// Microseconds one call may take; absent = the server's limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<i64>,
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
    pub place: Place,
}

/// What several rows of one key at one feature time mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DuplicateOutputs {
    /// The last of them stands (decision 16).
    #[default]
    Deduplicate,
    /// What depends on them fails.
    Error,
}

impl DuplicateOutputs {
    fn is_deduplicated(&self) -> bool {
        *self == DuplicateOutputs::Deduplicate
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResolverKind {
    Online,
    Offline,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ResolverBody {
    Python(PythonBody),
    Sql(SqlBody),
}

/// A Python function, run by a worker that imports `module` from the archive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PythonBody {
    pub module: String,
    pub function: String,
    /// Namespace of the produced features.
    pub entity: String,
    /// Names of the produced features (windowed ones as `name__seconds__`).
    pub outputs: Vec<String>,
    /// The function is called once per batch with a DataFrame and returns one.
    #[serde(default, skip_serializing_if = "is_false")]
    pub frame: bool,
    /// Rows that a DataFrame function gets at once; each such chunk has the resolver's timeout to itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_batch_size: Option<NonZeroU32>,
    /// A DataFrame function answers with one row per row that it gets, in the same order.
    #[serde(default, skip_serializing_if = "is_false")]
    pub one_to_one: bool,
    /// SHA-256 (hex) of the function's syntax tree, so that a difference shows a change of its body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    pub parameters: Vec<Parameter>,
}

/// One argument of a Python resolver.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    pub name: String,
    pub input: Input,
    /// `Optional[X]`: the call still happens, with None, when the input failed or is missing.
    #[serde(default, skip_serializing_if = "is_false")]
    pub optional: bool,
    /// A Python default: used when the input failed or is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
}

/// Where an argument's value comes from. Paths are dotted names from the root entity, without its namespace:
/// `risk`, `berth.name`, `teu__86400__`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Input {
    Now,
    Feature {
        entity: String,
        path: String,
        /// The group that is read of a `group_by_windowed` feature: a value per column.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        group: BTreeMap<String, Expression>,
    },
    /// What was stored last before the query time, of a feature of the entity itself.
    Last {
        entity: String,
        path: String,
    },
    /// Rows of a has-many relationship: its projected columns, after the filters.
    HasMany {
        entity: String,
        path: String,
        columns: Vec<String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        filters: Vec<Expression>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
    },
    /// The batch itself as a DataFrame: one column per path (`now` gives the row's query time).
    Frame {
        entity: String,
        columns: Vec<String>,
    },
}

/// A SQL statement against one source; the server parses it and maps its columns to features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SqlBody {
    /// Name of the source (`resolver` errors name the nearest one).
    pub source: String,
    /// Class name as written after `resolves:`.
    pub resolves: String,
    pub text: String,
    #[serde(default)]
    pub count: Count,
    /// Column → feature overrides of the header.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incremental: Option<Incremental>,
}

/// How many rows the statement may return for one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Count {
    One,
    OneOrNone,
    #[default]
    All,
}
