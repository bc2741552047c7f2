//! From any Arrow type to a feature's, only where no value is lost on the way (decision 12).

use super::{DAY_MILLISECONDS, broken, exact_float};
use crate::Result;
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Float64Array, Int64Array, LargeListArray, MapArray,
    StructArray, TimestampMicrosecondArray, new_null_array,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType as ArrowType, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use creta_model::data_type::StructField;
use creta_model::{Code, DataType, Letter};
use std::sync::Arc;

const DAY_MICROSECONDS: i64 = DAY_MILLISECONDS * 1_000;
/// 2^63: whole floats from minus this up to, but without, this are 64-bit ints.
const INT_EDGE: f64 = 9_223_372_036_854_775_808.0;

/// The column in the type of a feature. Text becomes numbers, times or booleans when it reads exactly as one, floats
/// and decimals become ints when they are whole, ints become floats when these keep all their digits. Timestamps
/// without a zone are UTC, nanoseconds are truncated. Booleans are not numbers, numbers are not text.
/// Letters: `invalid_input`, naming the types and the first row that does not fit.
pub fn cast(array: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    convert(array, to, &to.arrow())
}

fn convert(array: &ArrayRef, to: &DataType, target: &ArrowType) -> Result<ArrayRef> {
    match array.data_type() {
        same if same == target => return Ok(array.clone()),
        ArrowType::Null => return Ok(new_null_array(target, array.len())),
        ArrowType::Dictionary(_, values) => return convert(&strict(array, values, to)?, to, target),
        _ => {}
    }
    match to {
        DataType::List(item) => list(array, item, to, target),
        DataType::Vector(_) => {
            let floats = DataType::List(Box::new(DataType::Float));
            strict(&convert(array, &floats, &floats.arrow()).map_err(|_| unsuitable(array, to))?, target, to)
        }
        DataType::Struct(fields) => structs(array, fields, to, target),
        DataType::Map(key, item) => map(array, key, item, to, target),
        _ if !suits(array.data_type(), to) => Err(unsuitable(array, to)),
        _ => scalar(array, to, target),
    }
}

/// Which types may become which; for the others Arrow's cast would change the meaning of the bits.
fn suits(from: &ArrowType, to: &DataType) -> bool {
    use ArrowType as A;
    let text = matches!(from, A::Utf8 | A::LargeUtf8 | A::Utf8View);
    let bytes = matches!(from, A::Binary | A::LargeBinary | A::BinaryView);
    let decimal = matches!(from, A::Decimal32(..) | A::Decimal64(..) | A::Decimal128(..) | A::Decimal256(..));
    match to {
        DataType::Int | DataType::Float => text || decimal || from.is_integer() || from.is_floating(),
        DataType::Bool => text,
        DataType::Str => text || bytes || decimal,
        DataType::Bytes => text || bytes || matches!(from, A::FixedSizeBinary(_)),
        DataType::Datetime | DataType::Date => text || matches!(from, A::Timestamp(..) | A::Date32 | A::Date64),
        DataType::Time => text || matches!(from, A::Time32(_) | A::Time64(_)),
        DataType::Timedelta => matches!(from, A::Duration(_)),
        DataType::List(_) | DataType::Map(..) | DataType::Struct(_) | DataType::Vector(_) => false,
    }
}

fn scalar(array: &ArrayRef, to: &DataType, target: &ArrowType) -> Result<ArrayRef> {
    let from = array.data_type();
    match to {
        DataType::Int if from.is_floating() => whole_floats(array, to),
        DataType::Int if from.is_decimal() => {
            let ints = strict(array, target, to)?;
            let back = lenient(&ints, from);
            same_rows(array, back.as_ref(), to)?;
            Ok(ints)
        }
        DataType::Float if from.is_integer() => exact_floats(array, to),
        DataType::Float if is_text(from) => finite_floats(array, to),
        DataType::Bool => booleans(array, to),
        DataType::Datetime => instants(array, to),
        DataType::Date => days(array, to, target),
        _ => strict(array, target, to),
    }
}

fn is_text(data_type: &ArrowType) -> bool {
    matches!(data_type, ArrowType::Utf8 | ArrowType::LargeUtf8 | ArrowType::Utf8View)
}

fn whole_floats(array: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    let floats = strict(array, &ArrowType::Float64, to)?;
    let whole = |value: f64| (value.fract() == 0.0 && (-INT_EDGE..INT_EDGE).contains(&value)).then_some(value as i64);
    each(floats.as_primitive::<Float64Type>().iter(), whole, array, to)
        .map(|ints: Int64Array| Arc::new(ints) as ArrayRef)
}

fn exact_floats(array: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    let ints = strict(array, &ArrowType::Int64, to)?;
    each(ints.as_primitive::<Int64Type>().iter(), exact_float, array, to)
        .map(|floats: Float64Array| Arc::new(floats) as ArrayRef)
}

/// `1e400` reads as infinity, which is not what was written.
fn finite_floats(array: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    let text = strict(array, &ArrowType::LargeUtf8, to)?;
    let floats = strict(array, &ArrowType::Float64, to)?;
    let values = floats.as_primitive::<Float64Type>();
    let text = text.as_string::<i64>();
    let written = |row: &usize| !text.value(*row).to_ascii_lowercase().contains("inf");
    match (0..values.len()).find(|row| values.is_valid(*row) && values.value(*row).is_infinite() && written(row)) {
        Some(row) => Err(unfit(row, array, to)),
        None => Ok(floats),
    }
}

/// Only the two spellings that JSON, SQL and Python use; Arrow would also take `yes`, `on` and `1`.
fn booleans(array: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    let text = strict(array, &ArrowType::LargeUtf8, to)?;
    let boolean = |value: &str| match value {
        _ if value.eq_ignore_ascii_case("true") => Some(true),
        _ if value.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    };
    each(text.as_string::<i64>().iter(), boolean, array, to).map(|values: BooleanArray| Arc::new(values) as ArrayRef)
}

fn instants(array: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    // Arrow reads zones by name only with a database of zones, and an offset says the same.
    let zone = match array.data_type() {
        ArrowType::Timestamp(_, Some(_)) => Some("+00:00".into()),
        from if is_text(from) => Some("+00:00".into()),
        _ => None,
    };
    let instants = strict(array, &ArrowType::Timestamp(TimeUnit::Microsecond, zone), to)?;
    Ok(Arc::new(instants.as_primitive::<TimestampMicrosecondType>().clone().with_timezone("UTC")))
}

/// A datetime is a date when it is midnight in UTC.
fn days(array: &ArrayRef, to: &DataType, target: &ArrowType) -> Result<ArrayRef> {
    if matches!(array.data_type(), ArrowType::Date32 | ArrowType::Date64) {
        return strict(array, target, to);
    }
    let instants = instants(array, to)?;
    let instants: &TimestampMicrosecondArray = instants.as_primitive();
    let day = |instant: i64| {
        let midnight = instant.rem_euclid(DAY_MICROSECONDS) == 0;
        midnight.then(|| i32::try_from(instant.div_euclid(DAY_MICROSECONDS)).ok()).flatten()
    };
    let days: Date32Array = each(instants.iter(), day, array, to)?;
    strict(&(Arc::new(days) as ArrayRef), target, to)
}

/// Converts every value that is there; the first that cannot be is the letter's.
fn each<V, T, A: FromIterator<Option<T>>>(
    values: impl Iterator<Item = Option<V>>,
    convert: impl Fn(V) -> Option<T>,
    array: &ArrayRef,
    to: &DataType,
) -> Result<A> {
    let one = |(row, value): (usize, Option<V>)| match value.map(&convert) {
        Some(None) => Err(unfit(row, array, to)),
        converted => Ok(converted.flatten()),
    };
    values.enumerate().map(one).collect()
}

fn list(array: &ArrayRef, item: &DataType, to: &DataType, target: &ArrowType) -> Result<ArrayRef> {
    let (ArrowType::LargeList(field), Some(own)) = (target, item_of(array.data_type())) else {
        return Err(unsuitable(array, to));
    };
    let large = strict(array, &ArrowType::LargeList(own.clone()), to)?;
    let large = large.as_list::<i64>();
    let (offsets, first, length) = trimmed(large.offsets());
    let items = large.values().slice(first, length);
    let items = convert(&items, item, field.data_type()).map_err(|_| unsuitable(array, to))?;
    let list = LargeListArray::try_new(field.clone(), offsets, items, large.nulls().cloned());
    Ok(Arc::new(list.map_err(broken)?))
}

fn item_of(from: &ArrowType) -> Option<&arrow::datatypes::FieldRef> {
    match from {
        ArrowType::List(field)
        | ArrowType::LargeList(field)
        | ArrowType::ListView(field)
        | ArrowType::LargeListView(field)
        | ArrowType::FixedSizeList(field, _) => Some(field),
        _ => None,
    }
}

/// Offsets that start at zero, and which of the items they are about: a slice of a list keeps the items of all rows.
fn trimmed<O: arrow::array::OffsetSizeTrait>(offsets: &OffsetBuffer<O>) -> (OffsetBuffer<O>, usize, usize) {
    let lengths: Vec<usize> = offsets.lengths().collect();
    let first = offsets.first().map_or(0, |first| first.as_usize());
    let total = lengths.iter().sum();
    (OffsetBuffer::from_lengths(lengths), first, total)
}

/// Fields are matched by name: one that is not there is null, one too many would be lost.
fn structs(array: &ArrayRef, fields: &[StructField], to: &DataType, target: &ArrowType) -> Result<ArrayRef> {
    let (ArrowType::Struct(targets), Some(own)) = (target, array.as_struct_opt()) else {
        return Err(unsuitable(array, to));
    };
    if own.column_names().iter().any(|name| fields.iter().all(|field| field.name != *name)) {
        return Err(unsuitable(array, to));
    }
    let column = |(field, target): (&StructField, &arrow::datatypes::FieldRef)| match own.column_by_name(&field.name) {
        Some(column) => convert(column, &field.data_type, target.data_type()).map_err(|_| unsuitable(array, to)),
        None => Ok(new_null_array(target.data_type(), array.len())),
    };
    let columns = fields.iter().zip(targets).map(column).collect::<Result<Vec<ArrayRef>>>()?;
    let structs = StructArray::try_new_with_length(targets.clone(), columns, own.nulls().cloned(), array.len());
    Ok(Arc::new(structs.map_err(broken)?))
}

fn map(array: &ArrayRef, key: &DataType, item: &DataType, to: &DataType, target: &ArrowType) -> Result<ArrayRef> {
    let (ArrowType::Map(field, _), Some(own)) = (target, array.as_map_opt()) else {
        return Err(unsuitable(array, to));
    };
    let ArrowType::Struct(targets) = field.data_type() else { return Err(unsuitable(array, to)) };
    let (offsets, first, length) = trimmed(own.offsets());
    let part = |column: &ArrayRef, data_type: &DataType, target: &ArrowType| {
        convert(&column.slice(first, length), data_type, target).map_err(|_| unsuitable(array, to))
    };
    let keys = part(own.keys(), key, targets[0].data_type())?;
    let items = part(own.values(), item, targets[1].data_type())?;
    let entries = StructArray::try_new(targets.clone(), vec![keys, items], None).map_err(|_| unsuitable(array, to))?;
    let map = MapArray::try_new(field.clone(), offsets, entries, own.nulls().cloned(), false);
    Ok(Arc::new(map.map_err(broken)?))
}

/// Arrow's cast, which fails on the first value that does not fit.
fn strict(array: &ArrayRef, target: &ArrowType, to: &DataType) -> Result<ArrayRef> {
    let options = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(array, target, &options).map_err(|_| {
        let lost = lenient(array, target)
            .and_then(|cast| (0..array.len()).find(|row| array.is_valid(*row) && cast.is_null(*row)));
        lost.map_or_else(|| unsuitable(array, to), |row| unfit(row, array, to))
    })
}

/// Arrow's cast with nulls for what does not fit; None when the types do not fit at all.
fn lenient(array: &ArrayRef, target: &ArrowType) -> Option<ArrayRef> {
    cast_with_options(array, target, &CastOptions::default()).ok()
}

fn same_rows(array: &ArrayRef, back: Option<&ArrayRef>, to: &DataType) -> Result<()> {
    let same = back.and_then(|back| arrow::compute::kernels::cmp::not_distinct(array, back).ok());
    let same = same.ok_or_else(|| unsuitable(array, to))?;
    match (0..same.len()).find(|row| !same.value(*row)) {
        Some(row) => Err(unfit(row, array, to)),
        None => Ok(()),
    }
}

fn unfit(row: usize, from: &ArrayRef, to: &DataType) -> Letter {
    let from = from.data_type();
    Letter::new(Code::InvalidInput, format!("Row {row} of a column of Arrow type {from} is not {to} without loss."))
}

fn unsuitable(from: &ArrayRef, to: &DataType) -> Letter {
    let from = from.data_type();
    Letter::new(Code::InvalidInput, format!("A column of Arrow type {from} cannot be read as {to} without loss."))
}
