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
    /// `of["1d"]` on a windowed feature; microseconds. `of["1d", Call.berth_id == 4]` reads one group of it: `group`
    /// gives a value per column that the feature is grouped by.
    Window {
        of: Box<Expression>,
        window: i64,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        group: BTreeMap<String, Expression>,
    },
    /// `rows.group_by(_.berth_id)`: under the aggregate of a `group_by_windowed` feature only.
    GroupBy {
        of: Box<Expression>,
        keys: Vec<Expression>,
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
