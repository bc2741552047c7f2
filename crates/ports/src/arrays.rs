//! Between values and Arrow columns, and from other Arrow types to the types of features, without loss.

mod cast;

pub use cast::cast;

use crate::Result;
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Date64Array, DurationMicrosecondArray, FixedSizeListArray,
    Float32Array, Float64Array, Int64Array, LargeBinaryArray, LargeListArray, LargeStringArray, MapArray, StructArray,
    Time64MicrosecondArray, TimestampMicrosecondArray, new_null_array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{
    DataType as ArrowType, Date32Type, Date64Type, DurationMicrosecondType, Field, FieldRef, Float32Type, Float64Type,
    Int64Type, Time64MicrosecondType, TimeUnit, TimestampMicrosecondType,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use creta_model::{Code, DataType, Letter, Value};
use std::sync::Arc;

const DAY_MILLISECONDS: i64 = 86_400_000;

/// A column of values; `None` and [`Value::Null`] are nulls. Letters: `validation_failed` when a value is of another
/// type (an int is accepted as a float).
pub fn array_of<'a>(
    data_type: &DataType,
    values: impl ExactSizeIterator<Item = Option<&'a Value>>,
) -> Result<ArrayRef> {
    let values: Vec<Option<&Value>> = values.map(|value| value.filter(|value| !value.is_null())).collect();
    build(data_type, &data_type.arrow(), &values)
}

/// Whether a value can stand in a column of this type.
pub fn fits(data_type: &DataType, value: &Value) -> bool {
    array_of(data_type, std::iter::once(Some(value))).is_ok()
}

macro_rules! collect {
    ($array:ty, $values:expr, $data_type:expr, $($pattern:pat => $value:expr),+) => {{
        let mut cells = Vec::with_capacity($values.len());
        for value in $values {
            cells.push(match value {
                None => None,
                $(Some($pattern) => Some($value),)+
                Some(_) => return Err(misfit($data_type)),
            });
        }
        <$array>::from_iter(cells)
    }};
}

fn build(data_type: &DataType, arrow: &ArrowType, values: &[Option<&Value>]) -> Result<ArrayRef> {
    Ok(match data_type {
        DataType::Int => Arc::new(collect!(Int64Array, values, data_type, Value::Int(value) => *value)),
        DataType::Float => Arc::new(collect!(
            Float64Array, values, data_type,
            Value::Float(value) => *value,
            Value::Int(value) => exact_float(*value).ok_or_else(|| misfit(data_type))?
        )),
        DataType::Bool => Arc::new(collect!(BooleanArray, values, data_type, Value::Bool(value) => *value)),
        DataType::Str => Arc::new(collect!(LargeStringArray, values, data_type, Value::Str(value) => value.as_str())),
        DataType::Bytes => {
            Arc::new(collect!(LargeBinaryArray, values, data_type, Value::Bytes(value) => value.as_slice()))
        }
        DataType::Datetime => Arc::new(
            collect!(TimestampMicrosecondArray, values, data_type, Value::Datetime(value) => *value)
                .with_timezone("UTC"),
        ),
        DataType::Date if *arrow == ArrowType::Date64 => Arc::new(collect!(
            Date64Array, values, data_type, Value::Date(value) => i64::from(*value) * DAY_MILLISECONDS
        )),
        DataType::Date => Arc::new(collect!(Date32Array, values, data_type, Value::Date(value) => *value)),
        DataType::Time => Arc::new(collect!(Time64MicrosecondArray, values, data_type, Value::Time(value) => *value)),
        DataType::Timedelta => {
            Arc::new(collect!(DurationMicrosecondArray, values, data_type, Value::Timedelta(value) => *value))
        }
        DataType::List(item) => build_list(data_type, item, arrow, values)?,
        DataType::Vector(size) => build_vector(data_type, *size, arrow, values)?,
        DataType::Struct(fields) => build_struct(data_type, fields, arrow, values)?,
        DataType::Map(key, item) => build_map(data_type, key, item, arrow, values)?,
    })
}

/// The int as a float, unless it has more digits than a float keeps.
fn exact_float(value: i64) -> Option<f64> {
    let float = value as f64;
    // 2^63 is the one float that `as` would bring back as a neighbour.
    (float < 9_223_372_036_854_775_808.0 && float as i64 == value).then_some(float)
}

fn misfit(data_type: &DataType) -> Letter {
    Letter::new(Code::ValidationFailed, format!("A value is not {data_type}."))
}

fn validity(values: &[Option<&Value>]) -> Option<NullBuffer> {
    Some(NullBuffer::from_iter(values.iter().map(Option::is_some))).filter(|nulls| nulls.null_count() > 0)
}

fn present(value: &Value) -> Option<&Value> {
    Some(value).filter(|value| !value.is_null())
}

fn item_field(arrow: &ArrowType) -> FieldRef {
    match arrow {
        ArrowType::LargeList(field) | ArrowType::FixedSizeList(field, _) | ArrowType::Map(field, _) => field.clone(),
        _ => Arc::new(Field::new("item", ArrowType::Null, true)),
    }
}

fn build_list(data_type: &DataType, item: &DataType, arrow: &ArrowType, values: &[Option<&Value>]) -> Result<ArrayRef> {
    let field = item_field(arrow);
    let (items, lengths) = flatten(data_type, values)?;
    let items = build(item, field.data_type(), &items)?;
    let list = LargeListArray::try_new(field, OffsetBuffer::from_lengths(lengths), items, validity(values));
    Ok(Arc::new(list.map_err(broken)?))
}

fn flatten<'a>(data_type: &DataType, values: &[Option<&'a Value>]) -> Result<(Vec<Option<&'a Value>>, Vec<usize>)> {
    let mut items = Vec::new();
    let mut lengths = Vec::with_capacity(values.len());
    for value in values {
        match value {
            None => lengths.push(0),
            Some(Value::List(list)) => {
                items.extend(list.iter().map(present));
                lengths.push(list.len());
            }
            Some(_) => return Err(misfit(data_type)),
        }
    }
    Ok((items, lengths))
}

fn build_vector(data_type: &DataType, size: i32, arrow: &ArrowType, values: &[Option<&Value>]) -> Result<ArrayRef> {
    let mut items: Vec<f32> = Vec::with_capacity(values.len() * usize::try_from(size).unwrap_or(0));
    for value in values {
        match value {
            None => items.extend(std::iter::repeat_n(0.0, usize::try_from(size).unwrap_or(0))),
            Some(Value::List(list)) if usize::try_from(size) == Ok(list.len()) => {
                for item in list {
                    items.push(match item {
                        Value::Float(item) => *item as f32,
                        Value::Int(item) => *item as f32,
                        _ => return Err(misfit(data_type)),
                    });
                }
            }
            Some(_) => return Err(misfit(data_type)),
        }
    }
    let items: ArrayRef = Arc::new(Float32Array::from(items));
    let list = FixedSizeListArray::try_new(item_field(arrow), size, items, validity(values));
    Ok(Arc::new(list.map_err(broken)?))
}

fn build_struct(
    data_type: &DataType,
    fields: &[creta_model::data_type::StructField],
    arrow: &ArrowType,
    values: &[Option<&Value>],
) -> Result<ArrayRef> {
    let ArrowType::Struct(arrow_fields) = arrow else { return Err(misfit(data_type)) };
    let mut columns = Vec::with_capacity(fields.len());
    for (position, field) in fields.iter().enumerate() {
        let mut cells = Vec::with_capacity(values.len());
        for value in values {
            cells.push(match value {
                None => None,
                Some(Value::Struct(members)) if members.len() == fields.len() => present(&members[position]),
                Some(_) => return Err(misfit(data_type)),
            });
        }
        columns.push(build(&field.data_type, arrow_fields[position].data_type(), &cells)?);
    }
    let array = StructArray::try_new_with_length(arrow_fields.clone(), columns, validity(values), values.len());
    Ok(Arc::new(array.map_err(broken)?))
}

fn build_map(
    data_type: &DataType,
    key: &DataType,
    item: &DataType,
    arrow: &ArrowType,
    values: &[Option<&Value>],
) -> Result<ArrayRef> {
    let field = item_field(arrow);
    let ArrowType::Struct(entry_fields) = field.data_type() else { return Err(misfit(data_type)) };
    let (mut keys, mut items, mut lengths) = (Vec::new(), Vec::new(), Vec::with_capacity(values.len()));
    for value in values {
        match value {
            None => lengths.push(0),
            Some(Value::Map(pairs)) if pairs.iter().any(|(key, _)| key.is_null()) => return Err(misfit(data_type)),
            Some(Value::Map(pairs)) => {
                keys.extend(pairs.iter().map(|(key, _)| present(key)));
                items.extend(pairs.iter().map(|(_, item)| present(item)));
                lengths.push(pairs.len());
            }
            Some(_) => return Err(misfit(data_type)),
        }
    }
    let keys = build(key, entry_fields[0].data_type(), &keys)?;
    let items = build(item, entry_fields[1].data_type(), &items)?;
    let entries = StructArray::try_new(entry_fields.clone(), vec![keys, items], None).map_err(broken)?;
    let map = MapArray::try_new(field, OffsetBuffer::from_lengths(lengths), entries, validity(values), false);
    Ok(Arc::new(map.map_err(broken)?))
}

/// The value of one cell. The array is of a type that [`DataType::arrow`] gives; other types read as null.
pub fn value_at(array: &dyn Array, row: usize) -> Value {
    if array.is_null(row) {
        return Value::Null;
    }
    match array.data_type() {
        ArrowType::Int64 => Value::Int(array.as_primitive::<Int64Type>().value(row)),
        ArrowType::Float64 => Value::Float(array.as_primitive::<Float64Type>().value(row)),
        ArrowType::Float32 => Value::Float(f64::from(array.as_primitive::<Float32Type>().value(row))),
        ArrowType::Boolean => Value::Bool(array.as_boolean().value(row)),
        ArrowType::LargeUtf8 => Value::Str(array.as_string::<i64>().value(row).to_owned()),
        ArrowType::LargeBinary => Value::Bytes(array.as_binary::<i64>().value(row).to_vec()),
        ArrowType::Timestamp(TimeUnit::Microsecond, _) => {
            Value::Datetime(array.as_primitive::<TimestampMicrosecondType>().value(row))
        }
        ArrowType::Date64 => {
            let days = array.as_primitive::<Date64Type>().value(row).div_euclid(DAY_MILLISECONDS);
            Value::Date(i32::try_from(days).unwrap_or(i32::MAX))
        }
        ArrowType::Date32 => Value::Date(array.as_primitive::<Date32Type>().value(row)),
        ArrowType::Time64(TimeUnit::Microsecond) => {
            Value::Time(array.as_primitive::<Time64MicrosecondType>().value(row))
        }
        ArrowType::Duration(TimeUnit::Microsecond) => {
            Value::Timedelta(array.as_primitive::<DurationMicrosecondType>().value(row))
        }
        ArrowType::LargeList(_) => Value::List(all_values(array.as_list::<i64>().value(row).as_ref())),
        ArrowType::FixedSizeList(..) => Value::List(all_values(array.as_fixed_size_list().value(row).as_ref())),
        ArrowType::Struct(_) => {
            Value::Struct(array.as_struct().columns().iter().map(|column| value_at(column.as_ref(), row)).collect())
        }
        ArrowType::Map(..) => {
            let entries = array.as_map().value(row);
            let (keys, items) = (entries.column(0), entries.column(1));
            let pair = |row| (value_at(keys.as_ref(), row), value_at(items.as_ref(), row));
            Value::Map((0..entries.len()).map(pair).collect())
        }
        _ => Value::Null,
    }
}

fn all_values(array: &dyn Array) -> Vec<Value> {
    (0..array.len()).map(|row| value_at(array, row)).collect()
}

/// A column of nulls.
pub fn null_array(data_type: &DataType, rows: usize) -> ArrayRef {
    new_null_array(&data_type.arrow(), rows)
}

/// A key as people read it in letters.
pub fn display_key(array: &dyn Array, row: usize) -> String {
    let formatter = ArrayFormatter::try_new(array, &FormatOptions::default());
    formatter.map(|formatter| formatter.value(row).to_string()).unwrap_or_default()
}

fn broken(error: arrow::error::ArrowError) -> Letter {
    Letter::new(Code::Bug, format!("A column could not be built: {error}."))
}
