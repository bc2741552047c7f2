//! Aggregates that look at every value of every slice: deviations, percentiles, distinct counts.

use super::prefix::counts;
use crate::kernels::keys::KeyIndex;
use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array};
use arrow::datatypes::{DataType as ArrowType, Float64Type};
use std::ops::Range;
use std::sync::Arc;

/// Whether a deviation divides by the number of values or by one less, and whether its root is taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spread {
    pub population: bool,
    pub root: bool,
}

/// Variances and standard deviations in two passes; null for fewer than two values.
pub(super) fn deviations(values: &Float64Array, slices: &[Range<usize>], spread: Spread) -> Float64Array {
    let (cells, slices) = without_nulls(values.iter(), slices);
    let one = |slice: &Range<usize>| {
        let cells = &cells[slice.clone()];
        if cells.len() < 2 {
            return None;
        }
        let count = cells.len() as f64;
        let mean = lanes(cells, |cell| cell) / count;
        let squares = lanes(cells, |cell| (cell - mean) * (cell - mean));
        // What rounding left of the mean, whose square would otherwise be counted in.
        let rest = lanes(cells, |cell| cell - mean);
        let freedom = if spread.population { count } else { count - 1.0 };
        let variance = ((squares - rest * rest / count) / freedom).max(0.0);
        let variance = if squares.is_finite() { variance } else { f64::NAN };
        Some(if spread.root { variance.sqrt() } else { variance })
    };
    slices.iter().map(one).collect()
}

/// The sum of a function of the cells, in four lanes that the processor can add at the same time.
fn lanes(cells: &[f64], of: impl Fn(f64) -> f64) -> f64 {
    let mut sums = [0.0; 4];
    let (fours, rest) = cells.as_chunks::<4>();
    for four in fours {
        for (sum, cell) in sums.iter_mut().zip(four) {
            *sum += of(*cell);
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest.iter().map(|cell| of(*cell)).sum::<f64>()
}

/// Exact, with linear interpolation between the two nearest ranks; NaN sorts last.
pub(super) fn percentiles(values: &Float64Array, slices: &[Range<usize>], quantile: f64) -> Float64Array {
    let one_nan = |value: f64| if value.is_nan() { f64::NAN.abs() } else { value };
    let (cells, slices) = without_nulls(values.iter().map(|value| value.map(one_nan)), slices);
    let mut sorted = Vec::new();
    let percentile = |slice: &Range<usize>| {
        sorted.clear();
        sorted.extend_from_slice(&cells[slice.clone()]);
        let place = quantile.clamp(0.0, 1.0) * sorted.len().checked_sub(1)? as f64;
        let (_, low, above) = sorted.select_nth_unstable_by(place.floor() as usize, f64::total_cmp);
        let low = *low;
        let high = above.iter().copied().min_by(f64::total_cmp).unwrap_or(low);
        // Equal neighbours may be infinite, and their difference not a number.
        Some(if place.fract() == 0.0 || low == high { low } else { low + (high - low) * place.fract() })
    };
    slices.iter().map(percentile).collect()
}

/// Exact: a sketch would save memory, not change the answer within its 2 % promise.
pub(super) fn distinct_counts(values: &ArrayRef, slices: &[Range<usize>]) -> Int64Array {
    let index = KeyIndex::build(&[one_zero(values)]);
    let (groups, slices) = without_nulls((0..values.len()).map(|row| index.group_of(row)), slices);
    // The last slice, counted from one, in which a group was seen.
    let mut seen = vec![0_u32; index.groups()];
    let count = |(number, slice): (usize, &Range<usize>)| {
        let number = number as u32 + 1;
        let is_new = |group: &&u32| std::mem::replace(&mut seen[**group as usize], number) != number;
        groups[slice.clone()].iter().filter(is_new).count() as i64
    };
    Int64Array::from_iter_values(slices.iter().enumerate().map(count))
}

/// Floats as numbers that are equal when the floats are, so that 0.0 and -0.0 are one value and all NaNs another.
fn one_zero(values: &ArrayRef) -> ArrayRef {
    if *values.data_type() != ArrowType::Float64 {
        return values.clone();
    }
    let bits = |value: f64| match value {
        0.0 => 0,
        _ if value.is_nan() => i64::MAX,
        _ => value.to_bits().cast_signed(),
    };
    Arc::new(values.as_primitive::<Float64Type>().unary::<_, arrow::datatypes::Int64Type>(bits))
}

/// The values that are there, and the slices' places among them.
fn without_nulls<T>(
    values: impl ExactSizeIterator<Item = Option<T>> + Clone,
    slices: &[Range<usize>],
) -> (Vec<T>, Vec<Range<usize>>) {
    let present: Vec<bool> = values.clone().map(|value| value.is_some()).collect();
    let before = counts(present.len(), |row| present[row]);
    let moved = slices.iter().map(|slice| before[slice.start] as usize..before[slice.end] as usize);
    (values.flatten().collect(), moved.collect())
}
