//! The `_` expression as the user wrote it: an untyped tree. `expr` gives it types and meaning, or declines.

use crate::value::Value;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A node of a `_` expression. In JSON: `"this"`, `{"attribute": {"of": "this", "name": "teu"}}`, and so on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Expression {
    /// `_`: the row of the enclosing scope.
    This,
    /// `__`: the row of the scope around it.
    Outer,
    /// `_.creta_now`: the query time of the row.
    Now,
    /// `_.creta_window`: query time minus the window of the feature being defined.
    WindowStart,
    Literal(Value),
    /// `of.name`: a feature, a feature reached through a relationship, or a struct field.
    Attribute {
        of: Box<Expression>,
        name: String,
    },
    /// `of["1d"]` on a windowed feature; microseconds.
    Window {
        of: Box<Expression>,
        window: i64,
    },
    /// `of[a, b, …]` and `.where(…)` on a has-many relationship. A plain attribute path among `items` projects,
    /// anything else filters; `filters` come from `.where`.
    Rows {
        of: Box<Expression>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        items: Vec<Expression>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        filters: Vec<Expression>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
    },
    /// `rows.sum()`, `rows.count()`, `rows.max_by(_.at)`, …
    Aggregate {
        of: Box<Expression>,
        function: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        arguments: Vec<Expression>,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        options: BTreeMap<String, Value>,
    },
    /// An operator by its Python spelling (`+`, `//`, `==`, `&`, `~`, unary `neg`) or a function of `creta.functions`.
    Call {
        function: String,
        arguments: Vec<Expression>,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        options: BTreeMap<String, Value>,
    },
}
