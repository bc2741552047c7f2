//! One value of one feature, outside of Arrow: literals, keys, log entries, cells of the online store.

use serde::{Deserialize, Serialize};

/// A value. Times are microseconds since the Unix epoch (UTC), dates days since it, durations microseconds.
/// In JSON: `"null"`, `{"int": 7}`, `{"float": 7.0}`, `{"str": "x"}`, `{"datetime": 1360000000000000}`, …
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(String),
    Bytes(Vec<u8>),
    Datetime(i64),
    Date(i32),
    Time(i64),
    Timedelta(i64),
    List(Vec<Value>),
    /// Field values in the order of the struct's type.
    Struct(Vec<Value>),
    /// Pairs of a map, in insertion order.
    Map(Vec<(Value, Value)>),
}

impl Value {
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }
}
