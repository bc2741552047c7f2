//! Cells of Arrow columns → JSON, written straight into the answer's bytes (wire format, "Names and values").

use super::instants::{date_text, duration_text, instant_text, time_text};
use arrow::array::{Array, AsArray, StructArray};
use arrow::datatypes::{
    DataType as ArrowType, Date32Type, Date64Type, DurationMicrosecondType, Float32Type, Float64Type, Int64Type,
    Time64MicrosecondType, TimeUnit, TimestampMicrosecondType,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

const DAY_MILLISECONDS: i64 = 86_400_000;

/// How nested values are spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Style {
    /// Structs as objects instead of positional lists.
    pub structs_as_objects: bool,
}

/// What a nested column stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A feature's own value.
    Value,
    /// The row behind a has-one relationship: an object.
    Row,
    /// Rows of a has-many relationship: columns and their values.
    Rows,
}

/// Appends one cell. What JSON cannot say (null, NaN, infinities) is `null`.
pub fn write_cell(out: &mut Vec<u8>, array: &dyn Array, row: usize, shape: Shape, style: Style) {
    if array.is_null(row) {
        return out.extend_from_slice(b"null");
    }
    match array.data_type() {
        ArrowType::Int64 => write_json(out, &array.as_primitive::<Int64Type>().value(row)),
        ArrowType::Float64 => write_json(out, &array.as_primitive::<Float64Type>().value(row)),
        ArrowType::Float32 => write_json(out, &array.as_primitive::<Float32Type>().value(row)),
        ArrowType::Boolean => write_json(out, &array.as_boolean().value(row)),
        ArrowType::LargeUtf8 => write_json(out, array.as_string::<i64>().value(row)),
        ArrowType::Utf8 => write_json(out, array.as_string::<i32>().value(row)),
        ArrowType::LargeBinary => write_json(out, &STANDARD.encode(array.as_binary::<i64>().value(row))),
        ArrowType::LargeList(_) => {
            let items = array.as_list::<i64>().value(row);
            match (shape, items.as_struct_opt()) {
                (Shape::Rows, Some(rows)) => write_rows(out, rows, style),
                _ => write_list(out, items.as_ref(), style),
            }
        }
        ArrowType::FixedSizeList(..) => write_list(out, array.as_fixed_size_list().value(row).as_ref(), style),
        ArrowType::Struct(_) => {
            let as_object = style.structs_as_objects || shape == Shape::Row;
            write_struct(out, array.as_struct(), row, as_object, style);
        }
        ArrowType::Map(..) => write_map(out, &array.as_map().value(row), style),
        _ => write_json(out, &time_of(array, row)),
    }
}

/// Dates, times and durations as text; None for types that no feature has.
fn time_of(array: &dyn Array, row: usize) -> Option<String> {
    match array.data_type() {
        ArrowType::Timestamp(TimeUnit::Microsecond, _) => {
            instant_text(array.as_primitive::<TimestampMicrosecondType>().value(row))
        }
        ArrowType::Date64 => date_text(array.as_primitive::<Date64Type>().value(row).div_euclid(DAY_MILLISECONDS)),
        ArrowType::Date32 => date_text(i64::from(array.as_primitive::<Date32Type>().value(row))),
        ArrowType::Time64(TimeUnit::Microsecond) => time_text(array.as_primitive::<Time64MicrosecondType>().value(row)),
        ArrowType::Duration(TimeUnit::Microsecond) => {
            Some(duration_text(array.as_primitive::<DurationMicrosecondType>().value(row)))
        }
        _ => None,
    }
}

/// Is this cell a float that JSON cannot say?
pub fn is_unspeakable(array: &dyn Array, row: usize) -> bool {
    match array.data_type() {
        ArrowType::Float64 => array.is_valid(row) && !array.as_primitive::<Float64Type>().value(row).is_finite(),
        _ => false,
    }
}

/// Appends anything that serde knows. Writing into memory cannot fail, and our keys are always text.
pub(crate) fn write_json(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    serde_json::to_writer(out, value).ok();
}

fn write_list(out: &mut Vec<u8>, items: &dyn Array, style: Style) {
    separated(out, b'[', b']', 0..items.len(), |out, row| write_cell(out, items, row, Shape::Value, style));
}

/// `{"columns": ["txn.id", …], "values": [[column 1 …], [column 2 …]]}`
fn write_rows(out: &mut Vec<u8>, rows: &StructArray, style: Style) {
    out.extend_from_slice(b"{\"columns\":");
    separated(out, b'[', b']', rows.column_names(), write_json);
    out.extend_from_slice(b",\"values\":");
    separated(out, b'[', b']', rows.columns(), |out, column| write_list(out, column.as_ref(), style));
    out.push(b'}');
}

fn write_struct(out: &mut Vec<u8>, members: &StructArray, row: usize, as_object: bool, style: Style) {
    if !as_object {
        return separated(out, b'[', b']', members.columns(), |out, column| {
            write_cell(out, column.as_ref(), row, Shape::Value, style);
        });
    }
    separated(out, b'{', b'}', members.column_names().into_iter().zip(members.columns()), |out, (name, column)| {
        write_json(out, name);
        out.push(b':');
        write_cell(out, column.as_ref(), row, Shape::Value, style);
    });
}

/// An object when keys are text, else a list of pairs.
fn write_map(out: &mut Vec<u8>, entries: &StructArray, style: Style) {
    let (keys, values) = (entries.column(0).as_ref(), entries.column(1).as_ref());
    let text = matches!(keys.data_type(), ArrowType::LargeUtf8);
    let (open, between, close) = if text { (b'{', b':', b'}') } else { (b'[', b',', b']') };
    separated(out, open, close, 0..entries.len(), |out, row| {
        if !text {
            out.push(b'[');
        }
        write_cell(out, keys, row, Shape::Value, style);
        out.push(between);
        write_cell(out, values, row, Shape::Value, style);
        if !text {
            out.push(b']');
        }
    });
}

pub(crate) fn separated<T>(
    out: &mut Vec<u8>,
    open: u8,
    close: u8,
    items: impl IntoIterator<Item = T>,
    mut write: impl FnMut(&mut Vec<u8>, T),
) {
    out.push(open);
    for (position, item) in items.into_iter().enumerate() {
        if position > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(close);
}
