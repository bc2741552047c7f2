//! Numbers in lists: sums, means, deviations. Nulls are skipped.

use super::build::Picks;
use crate::context::internal;
use crate::evaluate::call::{Call, Outcome};
use crate::evaluate::cells::{Lists, Read};
use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, PrimitiveArray};
use arrow::datatypes::{ArrowPrimitiveType, Float64Type, Int64Type};
use creta_expr::functions::List;
use creta_model::Letter;
use std::ops::Range;
use std::sync::Arc;

const OVERFLOW: &str = "the sum is larger than 64 bits";

pub(super) fn call(function: List, call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    let lists = call.lists(0)?;
    let items = lists.items().clone();
    let ints = items.as_primitive_opt::<Int64Type>();
    match (function, ints) {
        (List::CumulativeSum, Some(ints)) => chained::<Int64Type>(call, &lists, ints, cumulated_ints),
        (List::AdjacentDifference, Some(ints)) => chained::<Int64Type>(call, &lists, ints, int_differences),
        (List::Sum, Some(ints)) => Ok(call.one::<_, i64, Int64Array>(&lists, |range| {
            i64::try_from(total(ints, range).0).map(Some).map_err(|_| OVERFLOW)
        })),
        (List::Average, Some(ints)) => Ok(call.one::<_, f64, Float64Array>(&lists, |range| {
            let (total, count) = total(ints, range);
            Ok((count > 0).then(|| total as f64 / count as f64))
        })),
        _ => floats(function, call, &lists, &items),
    }
}

fn floats(function: List, call: &mut Call<'_>, lists: &Lists, items: &ArrayRef) -> Result<ArrayRef, Letter> {
    let floats = items.as_primitive_opt::<Float64Type>().ok_or_else(|| internal("not a list of numbers"))?;
    if matches!(function, List::CumulativeSum | List::AdjacentDifference) {
        let of = if function == List::CumulativeSum { cumulated_floats } else { float_differences };
        return chained::<Float64Type>(call, lists, floats, of);
    }
    Ok(call.one::<_, f64, Float64Array>(lists, |range| {
        let values: Vec<f64> = range.filter(|item| floats.is_valid(*item)).map(|item| floats.value(item)).collect();
        Ok(measure(function, values))
    }))
}

fn total(ints: &Int64Array, range: Range<usize>) -> (i128, usize) {
    let present = range.filter(|item| ints.is_valid(*item)).map(|item| i128::from(ints.value(item)));
    present.fold((0, 0), |(total, count), value| (total + value, count + 1))
}

fn measure(function: List, mut values: Vec<f64>) -> Option<f64> {
    let count = values.len() as f64;
    match function {
        List::Sum => Some(values.iter().sum::<f64>() + 0.0),
        List::Average => (!values.is_empty()).then(|| values.iter().sum::<f64>() / count),
        List::Median => median(&mut values),
        List::Deviation => deviation(&values, count),
        _ => (values.len() > 1).then(|| deviation(&values, count - 1.0)).flatten(),
    }
}

/// NaN sorts last.
fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(|left, right| left.is_nan().cmp(&right.is_nan()).then(left.total_cmp(right)));
    let low = *values.get(values.len().checked_sub(1)? / 2)?;
    let high = *values.get(values.len() / 2)?;
    Some(if low == high { low } else { low + (high - low) * 0.5 })
}

/// NaN where a value is not finite.
fn deviation(values: &[f64], freedom: f64) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    let deviation = (squares / freedom).sqrt();
    Some(if deviation.is_finite() { deviation } else { f64::NAN })
}

/// Lists of numbers made of lists of numbers.
fn chained<T: ArrowPrimitiveType>(
    call: &mut Call<'_>,
    lists: &Lists,
    items: &PrimitiveArray<T>,
    of: impl Fn(&[Option<T::Native>]) -> Outcome<Vec<Option<T::Native>>>,
) -> Result<ArrayRef, Letter> {
    let (mut made, mut picks) = (Vec::new(), Picks::new());
    for row in 0..call.rows {
        let outcome = match lists.get(row) {
            Some(range) => of(&range.map(|item| items.is_valid(item).then(|| items.value(item))).collect::<Vec<_>>()),
            None => Ok(None),
        };
        match call.settle(row, outcome) {
            Some(list) => {
                picks.list(made.len()..made.len() + list.len());
                made.extend(list);
            }
            None => picks.null(),
        }
    }
    let made: ArrayRef = Arc::new(made.into_iter().collect::<PrimitiveArray<T>>());
    picks.lists(&made)
}

/// A null stays null and adds nothing.
fn cumulated_ints(values: &[Option<i64>]) -> Outcome<Vec<Option<i64>>> {
    let mut sum = 0_i64;
    let mut add = |value: &Option<i64>| -> Result<Option<i64>, &'static str> {
        let Some(value) = value else { return Ok(None) };
        sum = sum.checked_add(*value).ok_or(OVERFLOW)?;
        Ok(Some(sum))
    };
    values.iter().map(&mut add).collect::<Result<Vec<_>, _>>().map(Some)
}

fn cumulated_floats(values: &[Option<f64>]) -> Outcome<Vec<Option<f64>>> {
    let mut sum = 0.0;
    let mut add = |value: f64| {
        sum += value;
        sum
    };
    Ok(Some(values.iter().map(|value| value.map(&mut add)).collect()))
}

fn int_differences(values: &[Option<i64>]) -> Outcome<Vec<Option<i64>>> {
    let difference = |pair: &[Option<i64>]| match pair {
        [Some(left), Some(right)] => right.checked_sub(*left).map(Some).ok_or("the difference is larger than 64 bits"),
        _ => Ok(None),
    };
    values.windows(2).map(difference).collect::<Result<Vec<_>, _>>().map(Some)
}

fn float_differences(values: &[Option<f64>]) -> Outcome<Vec<Option<f64>>> {
    let difference = |pair: &[Option<f64>]| Some(pair[1]? - pair[0]?);
    Ok(Some(values.windows(2).map(difference).collect()))
}
