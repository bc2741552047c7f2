//! Nulls, extremes among arguments, conversion, and structs.

use super::call::Call;
use super::comparison::compared;
use super::lists::{Keys, one_zero};
use super::widen;
use crate::context::internal;
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date64Array, Int64Array, LargeBinaryArray, StructArray,
    Time64MicrosecondArray, TimestampMicrosecondArray,
};
use arrow::compute::{SortOptions, interleave, is_not_null, is_null, take};
use arrow::datatypes::{DataType as ArrowType, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow::row::{RowConverter, SortField};
use creta_expr::functions::{Conditional, Operator};
use creta_model::{DataType, Letter};
use std::sync::Arc;

const DAY_MICROSECONDS: i64 = 86_400_000_000;

pub(super) fn call(function: Conditional, call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    match function {
        Conditional::IsNull => Ok(Arc::new(is_null(call.argument(0)?.array().as_ref()).map_err(internal)?)),
        Conditional::IsNotNull => Ok(Arc::new(is_not_null(call.argument(0)?.array().as_ref()).map_err(internal)?)),
        Conditional::DistinctFrom => distinct(call),
        Conditional::Greatest | Conditional::Least => extreme(call, function == Conditional::Greatest),
        Conditional::Cast => cast(call.argument(0)?.array(), call.data_type),
        Conditional::StructPack => structure(call),
        Conditional::Field => field(call),
        Conditional::SortOrder => sort_order(call),
        Conditional::Coalesce | Conditional::Recover | Conditional::When | Conditional::IfThenElse => {
            Err(internal("branches are evaluated before they are called"))
        }
    }
}

/// A null is distinct from everything but a null.
fn distinct(call: &Call<'_>) -> Result<ArrayRef, Letter> {
    let (left, right) = (call.argument(0)?, call.argument(1)?);
    let differ = compared(Operator::NotEqual, left, right, call.rows)?;
    let (left, right) = (left.spread(call.rows)?, right.spread(call.rows)?);
    let is_distinct = |row: usize| match differ.is_valid(row) {
        true => differ.value(row),
        false => left.is_null(row) != right.is_null(row),
    };
    Ok(Arc::new((0..call.rows).map(|row| Some(is_distinct(row))).collect::<BooleanArray>()))
}

/// The largest or smallest argument: nulls are skipped, NaN wins.
fn extreme(call: &Call<'_>, largest: bool) -> Result<ArrayRef, Letter> {
    let mut columns = Vec::with_capacity(call.arguments.len());
    for cells in call.arguments {
        columns.push(widen(&cells.spread(call.rows)?, call.data_type)?);
    }
    let keys = Keys::of(&columns)?;
    let is_nan = |column: usize, row: usize| {
        columns[column].as_primitive_opt::<Float64Type>().is_some_and(|floats| floats.value(row).is_nan())
    };
    let pick = |row: usize| {
        let candidates = (0..columns.len()).filter(|column| columns[*column].is_valid(row));
        let best = candidates.reduce(|best, next| {
            let order = keys.get(next, row).cmp(&keys.get(best, row));
            let is_better = if largest { order.is_gt() } else { order.is_lt() };
            if !is_nan(best, row) && (is_nan(next, row) || is_better) { next } else { best }
        });
        (best.unwrap_or(0), row)
    };
    let picks: Vec<(usize, usize)> = (0..call.rows).map(pick).collect();
    let columns: Vec<&dyn Array> = columns.iter().map(AsRef::as_ref).collect();
    interleave(&columns, &picks).map_err(internal)
}

/// What cannot be converted is null; a datetime loses its time of the day where it becomes a date.
fn cast(array: &ArrayRef, data_type: &DataType) -> Result<ArrayRef, Letter> {
    let target = data_type.arrow();
    let instants = array.as_primitive_opt::<TimestampMicrosecondType>();
    match (instants, data_type, array.data_type()) {
        (Some(instants), DataType::Date, _) => {
            let days =
                instants.iter().map(|instant| instant.map(|instant| instant.div_euclid(DAY_MICROSECONDS) * 86_400_000));
            Ok(Arc::new(days.collect::<Date64Array>()))
        }
        (Some(instants), DataType::Time, _) => {
            let times = instants.iter().map(|instant| instant.map(|instant| instant.rem_euclid(DAY_MICROSECONDS)));
            Ok(Arc::new(times.collect::<Time64MicrosecondArray>()))
        }
        (Some(instants), DataType::Str, _) => {
            let texts = instants.iter().map(|instant| instant.map(super::dates::iso_time));
            Ok(Arc::new(texts.collect::<arrow::array::LargeStringArray>()))
        }
        (_, DataType::Int, ArrowType::LargeUtf8) => {
            let texts = array.as_string::<i64>().iter();
            Ok(Arc::new(texts.map(|text| text.and_then(|text| text.parse().ok())).collect::<Int64Array>()))
        }
        (_, DataType::Datetime, ArrowType::LargeUtf8) => {
            let texts = array.as_string::<i64>().iter();
            let instants = texts.map(|text| text.and_then(|text| super::dates::from_iso(text).ok().flatten()));
            Ok(Arc::new(instants.collect::<TimestampMicrosecondArray>().with_timezone("UTC")))
        }
        (_, DataType::Str, ArrowType::Date64) => {
            let days = arrow::compute::cast(array, &ArrowType::Date32).map_err(internal)?;
            arrow::compute::cast(&days, &target).map_err(internal)
        }
        _ => arrow::compute::cast(array, &target).map_err(internal),
    }
}

fn structure(call: &Call<'_>) -> Result<ArrayRef, Letter> {
    let ArrowType::Struct(fields) = call.data_type.arrow() else { return Err(internal("not a struct")) };
    let column = |(cells, field): (&super::Cells, &Arc<arrow::datatypes::Field>)| {
        arrow::compute::cast(&cells.spread(call.rows)?, field.data_type()).map_err(internal)
    };
    let columns = call.arguments.iter().zip(&fields).map(column).collect::<Result<Vec<_>, Letter>>()?;
    let structs = StructArray::try_new_with_length(fields, columns, None, call.rows);
    Ok(Arc::new(structs.map_err(internal)?))
}

/// A field is null where its struct is.
fn field(call: &Call<'_>) -> Result<ArrayRef, Letter> {
    let cells = call.argument(0)?;
    let position = call.argument(1)?.array().as_primitive_opt::<Int64Type>().map(|places| places.value(0) as usize);
    let structs = cells.array().as_struct_opt().ok_or_else(|| internal("not a struct"))?;
    let column = position.and_then(|position| structs.columns().get(position));
    let column = column.ok_or_else(|| internal("the struct has no such field"))?;
    let places = (0..structs.len() as u32).map(|row| structs.is_valid(row as usize).then_some(row));
    take(column, &places.collect::<arrow::array::UInt32Array>(), None).map_err(internal)
}

/// Bytes that order as the keys do.
fn sort_order(call: &Call<'_>) -> Result<ArrayRef, Letter> {
    let (mut fields, mut columns) = (Vec::new(), Vec::new());
    let is_set = |cells: &super::Cells| cells.array().as_boolean_opt().is_some_and(|setting| setting.value(0));
    for key in call.arguments.chunks_exact(3) {
        let options = SortOptions { descending: is_set(&key[1]), nulls_first: is_set(&key[2]) };
        let column = one_zero(&key[0].spread(call.rows)?);
        fields.push(SortField::new_with_options(column.data_type().clone(), options));
        columns.push(column);
    }
    let converter = RowConverter::new(fields).map_err(internal)?;
    let rows = converter.convert_columns(&columns).map_err(internal)?;
    Ok(Arc::new(LargeBinaryArray::from_iter_values(rows.iter().map(|row| row.data().to_vec()))))
}
