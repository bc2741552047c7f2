//! A scan in PostgreSQL's dialect: the user's statement wrapped under conditions, with everything that must be bound.
//!
//! A condition compares the column as it is wherever that finds all rows, so that an index can be used. Where
//! PostgreSQL compares otherwise than we do (texts by collation, `numeric` beyond floats), it is left out.

use super::parameters::Parameter;
use super::sql_type::{Held, SqlType};
use crate::wrapping::{self, MAX_VALUES, quoted, type_of};
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType as ArrowType, Int64Type};
use creta_model::{DataType, Value};
use creta_ports::Result;
use creta_ports::source::{Predicate, Scan};
use std::collections::HashMap;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

const DAY_MICROSECONDS: i64 = 86_400_000_000;

pub(super) type Binding = Box<dyn ToSql + Sync + Send>;

/// What the columns of the user's statement hold, by name.
pub(super) type Columns = HashMap<String, Held>;

/// A statement of ours around the user's, and the values of its placeholders in their order.
pub(super) struct Wrapped {
    pub text: String,
    pub bindings: Vec<Binding>,
}

impl Wrapped {
    pub fn new(scan: &Scan, columns: &Columns) -> Result<Wrapped> {
        let own = scan.parameters.iter().map(|value| Ok(Box::new(Parameter::of_statement(value)?) as Binding));
        let mut wrapped = Wrapped { text: String::new(), bindings: own.collect::<Result<_>>()? };
        wrapped.text = wrapping::wrapped(scan, |predicate| wrapped.condition(predicate, scan, columns));
        Ok(wrapped)
    }

    /// The predicate in SQL, or nothing when it is left to the engine.
    fn condition(&mut self, predicate: &Predicate, scan: &Scan, columns: &Columns) -> Option<String> {
        match predicate {
            Predicate::In { column, values } => self.among(column, values, columns.get(column)?.sql),
            Predicate::Versions { .. } => None,
            Predicate::AtMost { column, value } => {
                self.compare(column, "<=", bound(value, type_of(&scan.columns, column)?, columns.get(column)?.sql)?)
            }
            Predicate::AtLeast { column, value } => {
                self.compare(column, ">=", bound(value, type_of(&scan.columns, column)?, columns.get(column)?.sql)?)
            }
        }
    }

    fn compare(&mut self, column: &str, operator: &str, (cast, value): (&str, Value)) -> Option<String> {
        let placeholder = self.bind(Parameter::of(&value)?);
        Some(format!("{} {operator} {placeholder}::{cast}", quoted(column)))
    }

    /// One array however many values there are, so that the statement stays prepared. Collations and padding only ever
    /// make more texts equal than bytes do, so no row is lost.
    fn among(&mut self, column: &str, values: &ArrayRef, sql: SqlType) -> Option<String> {
        if values.len() > MAX_VALUES {
            return None;
        }
        let column = quoted(column);
        match (values.data_type(), sql) {
            (ArrowType::Int64, _) => {
                let cast = match sql {
                    SqlType::Int2 | SqlType::Int4 | SqlType::Int8 => "int8[]",
                    SqlType::Numeric => "int8[]::numeric[]",
                    SqlType::Float4 | SqlType::Float8 => "int8[]::float8[]",
                    _ => return None,
                };
                let values: Vec<i64> = values.as_primitive::<Int64Type>().iter().flatten().collect();
                Some(format!("{column} = ANY ({}::{cast})", self.bind(values)))
            }
            (ArrowType::LargeUtf8, _) => {
                let (left, cast) = match sql {
                    SqlType::PlainText => (column, "text[]"),
                    SqlType::Text => (format!("{column}::text"), "text[]"),
                    SqlType::PaddedText => (column, "text[]::bpchar[]"),
                    SqlType::Uuid => (column, "text[]::uuid[]"),
                    _ => return None,
                };
                let texts = values.as_string::<i64>().iter().flatten();
                let texts: Vec<String> = texts.filter(|text| can_be_stored(text, sql)).map(str::to_owned).collect();
                Some(format!("{left} = ANY ({}::{cast})", self.bind(texts)))
            }
            _ => None,
        }
    }

    fn bind(&mut self, value: impl ToSql + Sync + Send + 'static) -> String {
        self.bindings.push(Box::new(value));
        format!("${}", self.bindings.len())
    }
}

/// Whether a column of this type could yield the text at all; other texts are no error, they just find nothing.
fn can_be_stored(text: &str, sql: SqlType) -> bool {
    match sql {
        SqlType::Uuid => Uuid::try_parse(text).is_ok_and(|uuid| uuid.hyphenated().encode_lower(&mut [0; 36]) == text),
        _ => !text.contains('\0'),
    }
}

/// The SQL type in which a column is compared with a bound, and the bound in that type or a looser one.
fn bound(value: &Value, wanted: &DataType, sql: SqlType) -> Option<(&'static str, Value)> {
    match (value, wanted, sql) {
        (Value::Datetime(_), DataType::Datetime, SqlType::Timestamptz) => Some(("timestamptz", value.clone())),
        (Value::Datetime(_), DataType::Datetime, SqlType::Timestamp) => Some(("timestamp", value.clone())),
        (Value::Datetime(micros), DataType::Datetime, SqlType::Date) => {
            let days = i32::try_from(micros.div_euclid(DAY_MICROSECONDS)).ok()?;
            Some(("date", Value::Date(days)))
        }
        (Value::Date(_), DataType::Date, SqlType::Date) => Some(("date", value.clone())),
        _ => {
            let cast = match (wrapping::number(value, wanted)?, sql) {
                (Value::Int(_), SqlType::Int2 | SqlType::Int4 | SqlType::Int8) => "int8",
                (Value::Int(_), SqlType::Numeric) if *wanted == DataType::Int => "numeric",
                (Value::Float(_), SqlType::Int2 | SqlType::Int4 | SqlType::Int8) => "float8",
                (_, SqlType::Float4 | SqlType::Float8) => "float8",
                _ => return None,
            };
            Some((cast, value.clone()))
        }
    }
}
