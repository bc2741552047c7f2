//! Names and types of stored columns: which Delta column holds a feature, and in what type.
//!
//! Delta knows no time of day, no duration and no 32-bit vectors of fixed size, and its column names ignore case; so
//! such values are stored in the nearest type it has, upper-case letters are marked with `^`, and features that are named
//! like a column of every table with `~`.

use arrow::array::{Array, ArrayRef};
use arrow::compute::kernels::zip::zip;
use arrow::compute::{cast, is_not_null};
use arrow::datatypes::{DataType as ArrowType, Field, Fields, Schema, TimeUnit};
use creta_model::data_type::StructField;
use creta_model::{Code, DataType, Letter, Value};
use creta_ports::Result;
use std::sync::Arc;

pub(super) const KEY: &str = "key";
pub(super) const OBSERVED_AT: &str = "observed_at";
pub(super) const INSERTED_AT: &str = "inserted_at";
pub(super) const SEQUENCE: &str = "sequence";
pub(super) const RESOLVER: &str = "resolver";
pub(super) const DEPLOYMENT: &str = "deployment";
pub(super) const OBSERVED: &str = "observed";

const OWN: [&str; 7] = [KEY, OBSERVED_AT, INSERTED_AT, SEQUENCE, RESOLVER, DEPLOYMENT, OBSERVED];

/// The columns that every table has.
pub(super) fn own_fields(key_type: &DataType) -> Vec<Field> {
    let time = stored(&DataType::Datetime);
    let observed = ArrowType::List(Arc::new(Field::new("element", ArrowType::Utf8, false)));
    vec![
        Field::new(KEY, stored(key_type), false),
        Field::new(OBSERVED_AT, time.clone(), false),
        Field::new(INSERTED_AT, time, false),
        Field::new(SEQUENCE, ArrowType::Int64, false),
        Field::new(RESOLVER, ArrowType::Utf8, false),
        Field::new(DEPLOYMENT, ArrowType::Utf8, false),
        Field::new(OBSERVED, observed, false),
    ]
}

/// The type in which Delta keeps values of a feature.
pub(super) fn stored(data_type: &DataType) -> ArrowType {
    let item = |item: &DataType| Arc::new(Field::new("element", stored(item), true));
    match data_type {
        DataType::Int | DataType::Time | DataType::Timedelta => ArrowType::Int64,
        DataType::Float => ArrowType::Float64,
        DataType::Bool => ArrowType::Boolean,
        DataType::Str => ArrowType::Utf8,
        DataType::Bytes => ArrowType::Binary,
        DataType::Datetime => ArrowType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        DataType::Date => ArrowType::Date32,
        DataType::List(inner) => ArrowType::List(item(inner)),
        DataType::Vector(_) => ArrowType::List(Arc::new(Field::new("element", ArrowType::Float32, true))),
        DataType::Struct(fields) => {
            let field = |field: &StructField| Field::new(&field.name, stored(&field.data_type), true);
            ArrowType::Struct(fields.iter().map(field).collect())
        }
        DataType::Map(key, value) => {
            let entries =
                Fields::from(vec![Field::new("key", stored(key), false), Field::new("value", stored(value), true)]);
            ArrowType::Map(Arc::new(Field::new("key_value", ArrowType::Struct(entries), false)), false)
        }
    }
}

/// The name of a feature's first column.
fn column_name(feature: &str) -> String {
    let mut name = String::with_capacity(feature.len() + 1);
    if OWN.contains(&feature) {
        name.push('~');
    }
    for letter in feature.chars() {
        if letter.is_ascii_uppercase() {
            name.push('^');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

/// All columns that a feature may have: the first, and one more for each time its type was widened.
fn candidates(feature: &str) -> impl Iterator<Item = String> {
    let first = column_name(feature);
    std::iter::once(first.clone()).chain((2..).map(move |number| format!("{first}~{number}")))
}

/// The column into which values of this type are written, and whether the table has it already.
pub(super) fn column_for(schema: &Schema, feature: &str, data_type: &DataType) -> (Field, bool) {
    let wanted = stored(data_type);
    let mut name = column_name(feature);
    for candidate in candidates(feature) {
        match schema.field_with_name(&candidate) {
            Ok(field) if !field.data_type().equals_datatype(&wanted) => continue,
            Ok(field) => return (field.clone(), true),
            Err(_) => name = candidate,
        }
        break;
    }
    (Field::new(name, wanted, true), false)
}

/// All columns that hold values of a feature, of whatever type, oldest first.
pub(super) fn every_column_of(schema: &Schema, feature: &str) -> impl Iterator<Item = usize> {
    candidates(feature).map_while(|name| schema.index_of(&name).ok())
}

/// Columns that hold values of a feature which can be read as this type, oldest first.
pub(super) fn columns_of(schema: &Schema, feature: &str, data_type: &DataType) -> Vec<usize> {
    let wanted = stored(data_type);
    let is_readable = |found: &ArrowType| {
        found.equals_datatype(&wanted) || (*found == ArrowType::Int64 && wanted == ArrowType::Float64)
    };
    every_column_of(schema, feature).filter(|column| is_readable(schema.field(*column).data_type())).collect()
}

/// One column out of those that hold a feature: no row has a value in more than one.
pub(super) fn combine(columns: &[ArrayRef], data_type: &DataType, rows: usize) -> Result<ArrayRef> {
    let mut combined: Option<ArrayRef> = None;
    for column in columns {
        let column = convert(column, &data_type.arrow())?;
        combined = Some(match combined {
            None => column,
            Some(earlier) => {
                let is_later = is_not_null(&column).map_err(misfit)?;
                zip(&is_later, &column, &earlier).map_err(misfit)?
            }
        });
    }
    Ok(combined.unwrap_or_else(|| arrow::array::new_null_array(&data_type.arrow(), rows)))
}

/// Between the types of features and the types that Delta keeps.
pub(super) fn convert(array: &ArrayRef, to: &ArrowType) -> Result<ArrayRef> {
    if array.data_type() == to { Ok(array.clone()) } else { cast(array, to).map_err(misfit) }
}

pub(super) fn misfit(error: arrow::error::ArrowError) -> Letter {
    Letter::new(Code::StoreFailed, format!("A column of the offline store has an unexpected form: {error}."))
        .fix("Was the table changed by another program?")
}

/// The type of a value whose feature is in no known deployment any more; None for nulls and empty lists.
pub(super) fn infer(value: &Value) -> Option<DataType> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(_) => DataType::Bool,
        Value::Int(_) => DataType::Int,
        Value::Float(_) => DataType::Float,
        Value::Str(_) => DataType::Str,
        Value::Bytes(_) => DataType::Bytes,
        Value::Datetime(_) => DataType::Datetime,
        Value::Date(_) => DataType::Date,
        Value::Time(_) => DataType::Time,
        Value::Timedelta(_) => DataType::Timedelta,
        Value::List(items) => DataType::List(Box::new(items.iter().find_map(infer)?)),
        // Names of members are part of the lost definition.
        Value::Struct(_) => return None,
        Value::Map(pairs) => {
            let (key, value) = pairs.iter().find_map(|(key, value)| Some((infer(key)?, infer(value)?)))?;
            DataType::Map(Box::new(key), Box::new(value))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_never_meet() {
        let names: Vec<String> = ["key", "Key", "kEy", "x", "x@2"].iter().map(|name| column_name(name)).collect();
        assert_eq!(names, ["~key", "^key", "k^ey", "x", "x@2"].map(str::to_owned));
    }
}
