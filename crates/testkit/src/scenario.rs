//! The scenario format: a folder with definitions (Python and SQL), `facts.sql` that fills their SQLite file, and
//! `scenario.json` with what is asked at which instant and what must be answered.
//!
//! A cell of an answer is a plain JSON value, or an object: `{"missing": true}` when nobody has a value,
//! `{"error": "UPSTREAM_FAILED"}`, or `{"value": 1, "cached": true}` when the online store must have given it.

use crate::oracle::Recompute;
use chrono::{DateTime, NaiveDate};
use creta_model::{DataType, Value};
use serde::Deserialize;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// A title and the steps in order.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    pub title: String,
    /// Every `ask` without its own staleness or `now` must be answered the same by a training set that recomputes
    /// everything as of its instant (decision 7, second equality).
    #[serde(default)]
    pub replays: bool,
    pub steps: Vec<Step>,
}

/// Columns by fully qualified feature name.
pub type Columns = BTreeMap<String, Vec<Json>>;

#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// Moves the clock and stores observed values.
    Upload { at: String, values: Columns },
    /// Moves the clock and runs a resolver; so many rows must be stored.
    Run { at: String, resolver: String, rows: usize },
    /// Moves the clock and asks about one row.
    Ask {
        at: String,
        given: BTreeMap<String, Json>,
        #[serde(default)]
        answer: BTreeMap<String, Json>,
        /// Instead of an answer: outputs for which the whole question is refused, with the wire's code.
        #[serde(default)]
        refused: BTreeMap<String, String>,
        #[serde(default)]
        now: Option<String>,
        /// Seconds by feature.
        #[serde(default)]
        staleness: BTreeMap<String, i64>,
        #[serde(default)]
        tags: Vec<String>,
        #[serde(default)]
        required_resolver_tags: Vec<String>,
        #[serde(default)]
        named_query: Option<String>,
    },
    /// Computes a training set: as many rows as times.
    Train {
        given: Columns,
        times: Vec<String>,
        #[serde(default)]
        recompute: RecomputeFeatures,
        #[serde(default)]
        tags: Vec<String>,
        #[serde(default)]
        required_resolver_tags: Vec<String>,
        answer: Columns,
    },
}

/// `recompute_features` as users write it: a boolean or a list.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum RecomputeFeatures {
    All(bool),
    Only(Vec<String>),
}

impl Default for RecomputeFeatures {
    fn default() -> Self {
        RecomputeFeatures::All(false)
    }
}

impl RecomputeFeatures {
    pub fn to_oracle(&self) -> Recompute {
        match self {
            RecomputeFeatures::All(true) => Recompute::Everything,
            RecomputeFeatures::All(false) => Recompute::Nothing,
            RecomputeFeatures::Only(features) => Recompute::Only(features.clone()),
        }
    }
}

/// What a cell must be.
#[derive(Debug, Clone, PartialEq)]
pub struct Expected {
    pub cell: Cell,
    /// Must it come from the online store, or must it not? None = either.
    pub cached: Option<bool>,
}

/// One value of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Value(Value),
    Missing,
    /// The wire's code.
    Failed(String),
}

impl Cell {
    /// A training set has no cell for missing and failed values: they are nulls.
    pub fn in_training_set(self) -> Cell {
        match self {
            Cell::Missing | Cell::Failed(_) => Cell::Value(Value::Null),
            cell => cell,
        }
    }

    /// Equality of decision 15: floats within 1e-9 relative, everything else exactly.
    pub fn agrees(&self, other: &Cell) -> bool {
        match (self, other) {
            (Cell::Value(left), Cell::Value(right)) => agree(left, right),
            _ => self == other,
        }
    }
}

fn agree(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Float(left), Value::Float(right)) => {
            left == right
                || (left.is_nan() && right.is_nan())
                || (left - right).abs() <= 1e-9 * left.abs().max(right.abs())
        }
        (Value::List(left), Value::List(right)) | (Value::Struct(left), Value::Struct(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| agree(left, right))
        }
        _ => left == right,
    }
}

impl Scenario {
    pub fn parse(text: &str) -> Result<Scenario, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }
}

/// Reads an expected cell of a feature of this type.
pub fn expected(data_type: &DataType, json: &Json) -> Result<Expected, String> {
    let Json::Object(object) = json else {
        return Ok(Expected { cell: Cell::Value(value(data_type, json)?), cached: None });
    };
    if object.get("missing") == Some(&Json::Bool(true)) {
        return Ok(Expected { cell: Cell::Missing, cached: None });
    }
    if let Some(Json::String(code)) = object.get("error") {
        return Ok(Expected { cell: Cell::Failed(code.clone()), cached: None });
    }
    let inner = object.get("value").ok_or_else(|| format!("{json} is not a cell"))?;
    let cached = object.get("cached").and_then(Json::as_bool);
    Ok(Expected { cell: Cell::Value(value(data_type, inner)?), cached })
}

/// Reads a value of this type: instants as ISO 8601, dates as 2026-03-10, durations in seconds.
pub fn value(data_type: &DataType, json: &Json) -> Result<Value, String> {
    let wrong = || format!("{json} is not of type {data_type}");
    Ok(match (data_type, json) {
        (_, Json::Null) => Value::Null,
        (DataType::Int, Json::Number(number)) => Value::Int(number.as_i64().ok_or_else(wrong)?),
        (DataType::Float, Json::Number(number)) => Value::Float(number.as_f64().ok_or_else(wrong)?),
        (DataType::Bool, Json::Bool(value)) => Value::Bool(*value),
        (DataType::Str, Json::String(text)) => Value::Str(text.clone()),
        (DataType::Datetime, Json::String(text)) => Value::Datetime(instant(text)?),
        (DataType::Date, Json::String(text)) => {
            let date: NaiveDate = text.parse().map_err(|_| wrong())?;
            Value::Date(
                i32::try_from(date.signed_duration_since(NaiveDate::default()).num_days()).map_err(|_| wrong())?,
            )
        }
        (DataType::Timedelta, Json::Number(number)) => Value::Timedelta(number.as_i64().ok_or_else(wrong)? * 1_000_000),
        (DataType::List(item), Json::Array(items)) => {
            Value::List(items.iter().map(|json| value(item, json)).collect::<Result<_, String>>()?)
        }
        _ => return Err(wrong()),
    })
}

/// Microseconds since the epoch.
pub fn instant(text: &str) -> Result<i64, String> {
    DateTime::parse_from_rfc3339(text).map(|at| at.timestamp_micros()).map_err(|error| format!("{text}: {error}"))
}
