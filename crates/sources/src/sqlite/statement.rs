//! A scan in SQLite's dialect: the user's statement wrapped under conditions, with everything that must be bound.

use super::calendar;
use crate::wrapping::{self, MAX_VALUES, quoted, type_of};
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType as ArrowType, Int64Type};
use creta_model::{Code, DataType, Letter, Value};
use creta_ports::Result;
use creta_ports::source::{Predicate, Scan, ScanColumn};
use rusqlite::types::Value as Bound;
use std::fmt::Write;

/// Up to here values are listed one by one, which SQLite also moves inside of groups and windows; more values travel as
/// one JSON text, which it does not.
const MAX_LISTED: usize = 128;
/// A statement of ours around the user's, with everything that must be bound.
pub(super) struct Wrapped {
    pub text: String,
    /// Parameter name with its colon → value.
    pub bindings: Vec<(String, Bound)>,
    pub inner: String,
    /// Columns compared from below as text: an integer there would be passed over silently instead of refused.
    pub from_times: Vec<String>,
}

impl Wrapped {
    pub fn new(scan: &Scan) -> Result<Wrapped> {
        let inner = wrapping::inner(&scan.statement).to_owned();
        let mut wrapped = Wrapped { text: String::new(), bindings: Vec::new(), inner, from_times: Vec::new() };
        for (position, value) in scan.parameters.iter().enumerate() {
            wrapped.bindings.push((format!(":p{position}"), parameter(value)?));
        }
        wrapped.text = wrapping::wrapped(scan, |predicate| wrapped.condition(predicate, &scan.columns));
        Ok(wrapped)
    }

    /// The predicate in SQL, or nothing when it is left to the engine.
    fn condition(&mut self, predicate: &Predicate, columns: &[ScanColumn]) -> Option<String> {
        match predicate {
            Predicate::In { column, values } => self.among(column, values),
            Predicate::Versions { .. } => None,
            Predicate::AtMost { column, value } => {
                let bound = upper(value, type_of(columns, column)?)?;
                Some(self.compare(column, bound))
            }
            Predicate::AtLeast { column, value } => {
                let bound = lower(value, type_of(columns, column)?)?;
                if matches!(bound.1, Bound::Text(_)) {
                    self.from_times.push(column.clone());
                }
                Some(self.compare(column, bound))
            }
        }
    }

    fn compare(&mut self, column: &str, (operator, value): (&str, Bound)) -> String {
        format!("{} {operator} {}", quoted(column), self.bind(value))
    }

    /// Collations only ever make more strings equal than bytes do, so IN loses no row.
    fn among(&mut self, column: &str, values: &ArrayRef) -> Option<String> {
        if values.len() > MAX_VALUES {
            return None;
        }
        let column = quoted(column);
        if (1..=MAX_LISTED).contains(&values.len()) {
            let list = self.list(values)?;
            return Some(format!("{column} IN ({list})"));
        }
        let list = json_list(values)?;
        Some(format!("{column} IN (SELECT value FROM json_each({}))", self.bind(Bound::Text(list))))
    }

    /// One parameter per value. The last value is repeated up to the next power of two: repetition changes nothing, and
    /// few different texts stay prepared.
    fn list(&mut self, values: &ArrayRef) -> Option<String> {
        let last = values.len().saturating_sub(1);
        let names = (0..values.len().next_power_of_two()).map(|row| {
            let value = bound(values, row.min(last))?;
            Some(self.bind(value))
        });
        names.collect::<Option<Vec<String>>>().map(|names| names.join(", "))
    }

    fn bind(&mut self, value: Bound) -> String {
        let name = format!(":creta_{}", self.bindings.len());
        self.bindings.push((name.clone(), value));
        name
    }
}

fn bound(values: &ArrayRef, row: usize) -> Option<Bound> {
    match values.data_type() {
        _ if values.is_null(row) => Some(Bound::Null),
        ArrowType::Int64 => Some(Bound::Integer(values.as_primitive::<Int64Type>().value(row))),
        ArrowType::LargeUtf8 => Some(Bound::Text(values.as_string::<i64>().value(row).to_owned())),
        _ => None,
    }
}

/// One bound text however many values there are, so that the statement stays prepared.
fn json_list(values: &ArrayRef) -> Option<String> {
    let mut list = String::with_capacity(16 * values.len() + 2);
    list.push('[');
    match values.data_type() {
        ArrowType::Int64 => {
            for value in values.as_primitive::<Int64Type>().iter().flatten() {
                write!(list, "{value},").ok()?;
            }
        }
        ArrowType::LargeUtf8 => {
            for value in values.as_string::<i64>().iter().flatten() {
                // SQLite's JSON functions end a text at a NUL.
                if value.contains('\0') {
                    return None;
                }
                list.push_str(&serde_json::to_string(value).ok()?);
                list.push(',');
            }
        }
        _ => return None,
    }
    if list.ends_with(',') {
        list.pop();
    }
    list.push(']');
    Some(list)
}

/// `column <= value`, or looser. Text times of any style and offset start with a local date, which is at most one day
/// away from the date in UTC; so the day after that bounds them.
fn upper(value: &Value, data_type: &DataType) -> Option<(&'static str, Bound)> {
    match (value, data_type) {
        (Value::Datetime(micros), DataType::Datetime) => Some(("<", calendar::day_text(*micros, 2)?)),
        (Value::Date(days), DataType::Date) => Some(("<", calendar::date_text(i64::from(*days), 2)?)),
        _ => Some(("<=", number(value, data_type)?)),
    }
}

/// `column >= value`, or looser.
fn lower(value: &Value, data_type: &DataType) -> Option<(&'static str, Bound)> {
    match (value, data_type) {
        (Value::Datetime(micros), DataType::Datetime) => Some((">=", calendar::day_text(*micros, -1)?)),
        (Value::Date(days), DataType::Date) => Some((">=", calendar::date_text(i64::from(*days), -1)?)),
        _ => Some((">=", number(value, data_type)?)),
    }
}

fn number(value: &Value, data_type: &DataType) -> Option<Bound> {
    match wrapping::number(value, data_type)? {
        Value::Int(value) => Some(Bound::Integer(*value)),
        Value::Float(value) => Some(Bound::Real(*value)),
        _ => None,
    }
}

/// A value for the user's own statement. Times are ISO-8601 in UTC, which SQLite's date functions understand.
fn parameter(value: &Value) -> Result<Bound> {
    Ok(match value {
        Value::Null => Bound::Null,
        Value::Bool(value) => Bound::Integer(i64::from(*value)),
        Value::Int(value) => Bound::Integer(*value),
        Value::Float(value) => Bound::Real(*value),
        Value::Str(value) => Bound::Text(value.clone()),
        Value::Bytes(value) => Bound::Blob(value.clone()),
        Value::Datetime(micros) => calendar::instant_text(*micros).ok_or_else(unsuitable)?,
        Value::Date(days) => calendar::date_text(i64::from(*days), 0).ok_or_else(unsuitable)?,
        Value::Time(micros) => calendar::time_text(*micros).ok_or_else(unsuitable)?,
        Value::Timedelta(_) | Value::List(_) | Value::Struct(_) | Value::Map(_) => return Err(unsuitable()),
    })
}

fn unsuitable() -> Letter {
    Letter::new(Code::ValidationFailed, "An input of the statement has a type that SQLite has no value for.")
        .fix("Use a feature of type int, float, bool, str, bytes, datetime, date or time between `${` and `}`.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Int64Array, LargeStringArray};
    use rusqlite::Connection;
    use std::sync::Arc;
    use std::time::Duration;

    /// How SQLite would run a scan of `departures`, indexed by carrier and time.
    fn strategy(statement: &str, predicates: Vec<Predicate>) -> String {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch(
                "create table departures (key integer primary key, carrier text, left_at datetime, delay integer);
                 create index by_carrier on departures (carrier, left_at)",
            )
            .unwrap();
        let column = |(name, data_type): (&str, DataType)| ScanColumn { name: name.to_owned(), data_type };
        let columns = [("id", DataType::Int), ("carrier", DataType::Str), ("left_at", DataType::Datetime)];
        let scan = Scan {
            statement: statement.to_owned(),
            parameters: Vec::new(),
            columns: columns.map(column).into(),
            predicates,
            resolver: "departures".to_owned(),
            timeout: Duration::from_secs(30),
        };
        let wrapped = Wrapped::new(&scan).unwrap();
        let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", wrapped.text)).unwrap();
        let values = rusqlite::params_from_iter(wrapped.bindings.iter().map(|(_, value)| value));
        let steps = plan.query_map(values, |row| row.get::<_, String>(3)).unwrap();
        steps.map(|step| step.unwrap()).collect::<Vec<_>>().join("\n")
    }

    const LIST: &str = "select key as id, carrier, left_at from departures where delay is not null -- known";

    fn carriers(names: &[&str]) -> Predicate {
        Predicate::In { column: "carrier".into(), values: Arc::new(LargeStringArray::from(names.to_vec())) }
    }

    fn until() -> Predicate {
        Predicate::AtMost { column: "left_at".into(), value: Value::Datetime(1_360_000_000_000_000) }
    }

    fn from() -> Predicate {
        Predicate::AtLeast { column: "left_at".into(), value: Value::Datetime(1_360_000_000_000_000) }
    }

    #[test]
    fn keys_are_sought_in_the_index_of_the_table_below() {
        for names in [&["AA"][..], &["AA", "9E", "UA"], &["AA"; 500]] {
            let plan = strategy(LIST, vec![carriers(names)]);
            assert!(plan.contains("SEARCH departures USING INDEX by_carrier (carrier=?)"), "{plan}");
            let plan = strategy(LIST, vec![carriers(names), until(), from()]);
            assert!(plan.contains("by_carrier (carrier=? AND left_at>? AND left_at<?)"), "{plan}");
        }
        let ids = |values: Vec<i64>| Predicate::In { column: "id".into(), values: Arc::new(Int64Array::from(values)) };
        for values in [vec![7], vec![7, 8], (0..500).collect()] {
            let plan = strategy(LIST, vec![ids(values)]);
            assert!(plan.contains("SEARCH departures USING INTEGER PRIMARY KEY (rowid=?)"), "{plan}");
        }
    }

    #[test]
    fn keys_reach_below_a_group() {
        let grouped = "select max(key) as id, carrier, max(left_at) as left_at from departures group by carrier";
        for names in [&["AA"][..], &["AA", "9E"]] {
            let plan = strategy(grouped, vec![carriers(names)]);
            assert!(plan.contains("SEARCH departures USING COVERING INDEX by_carrier (carrier=?)"), "{plan}");
        }
    }

    #[test]
    fn no_condition_is_written_where_comparisons_differ() {
        let nul = carriers(&["a\0b"; 500]);
        let text = Predicate::AtMost { column: "carrier".into(), value: Value::Str("x".into()) };
        let unknown = Predicate::AtMost { column: "elsewhere".into(), value: Value::Int(1) };
        let nan = Predicate::AtMost { column: "id".into(), value: Value::Float(f64::NAN) };
        for predicate in [nul, text, unknown, nan] {
            let plan = strategy(LIST, vec![predicate]);
            assert!(plan.contains("SCAN departures"), "{plan}");
        }
    }
}
