//! Aggregates of many slices of one column at once (framework §4.2). Slices may overlap, as windows do.
//!
//! Sums, counts and means are differences of prefix sums, so a slice costs the same however long it is. Float prefix
//! sums are double-double (Knuth's TwoSum), which keeps differences within 1e-9 relative (decision 15).

mod cells;
mod collected;
mod extremes;
mod moments;
mod prefix;

use crate::context::internal;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, UInt32Array};
use arrow::compute::{cast, take};
use arrow::datatypes::{DataType as ArrowType, Float64Type, Int64Type};
use cells::{Spread, deviations, distinct_counts, percentiles};
use creta_expr::AggregateFunction;
use creta_model::{DataType, Letter};
use extremes::{Extremes, Nan, Wanted};
use prefix::{FloatSums, IntSums, counts};
use std::ops::Range;
use std::sync::Arc;

/// What some functions need besides the columns.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Of `approx_percentile`, between 0 and 1.
    pub quantile: Option<f64>,
    /// Of the functions that keep several values.
    pub count: Option<u64>,
}

/// One value per slice; slices that failed (64-bit overflow) are null and listed.
pub struct Aggregated {
    pub values: ArrayRef,
    pub failures: Vec<(usize, String)>,
}

/// Aggregates each slice of `values` (and of the ordering column `by`), giving `output`.
pub fn aggregate(
    function: AggregateFunction,
    values: Option<&ArrayRef>,
    by: Option<&ArrayRef>,
    slices: &[Range<usize>],
    options: &Options,
    output: &DataType,
) -> Result<Aggregated, Letter> {
    use AggregateFunction as F;
    if function == F::Count {
        let lengths = slices.iter().map(|slice| slice.len() as i64);
        return finish(Arc::new(Int64Array::from_iter_values(lengths)), output);
    }
    let values = values.ok_or_else(|| internal(format!("{function:?} without a column")))?;
    match function {
        F::Sum => sum(values, slices, output),
        F::Mean => finish(Arc::new(mean(values, slices)?), output),
        F::Min => finish(extreme(values, slices, Wanted::Smallest)?, output),
        F::Max => finish(extreme(values, slices, Wanted::Largest)?, output),
        F::MaxBy | F::MinBy => {
            let by = by.ok_or_else(|| internal("no ordering column"))?;
            let wanted = if function == F::MaxBy { Wanted::Largest } else { Wanted::Smallest };
            finish(extreme_by(values, by, slices, wanted)?, output)
        }
        F::Any | F::All => finish(Arc::new(any_or_all(values, slices, function == F::Any)?), output),
        F::StandardDeviation | F::Variance | F::StandardDeviationPopulation | F::VariancePopulation => {
            let spread = Spread {
                population: matches!(function, F::StandardDeviationPopulation | F::VariancePopulation),
                root: matches!(function, F::StandardDeviation | F::StandardDeviationPopulation),
            };
            finish(Arc::new(deviations(&floats(values)?, slices, spread)), output)
        }
        F::ApproxCountDistinct => finish(Arc::new(distinct_counts(values, slices)), output),
        F::ApproxPercentile => {
            let quantile = options.quantile.ok_or_else(|| internal("no quantile"))?;
            finish(Arc::new(percentiles(&floats(values)?, slices, quantile)), output)
        }
        F::Skewness | F::Kurtosis => {
            finish(Arc::new(moments::standardised(&floats(values)?, slices, function == F::Skewness)), output)
        }
        F::MaxByCount | F::MinByCount => {
            let by = by.ok_or_else(|| internal("no ordering column"))?;
            finish(collected::ordered(values, by, slices, function == F::MaxByCount, count(options)?)?, output)
        }
        F::ApproxTopK => finish(collected::most_frequent(values, slices, count(options)?)?, output),
        F::ArrayAgg => finish(collected::all(values, slices)?, output),
        F::SetAgg => finish(collected::distinct(values, slices)?, output),
        F::SetUnion => finish(collected::union(values, slices)?, output),
        F::Count => Err(internal("count was answered above")),
    }
}

fn finish(values: ArrayRef, output: &DataType) -> Result<Aggregated, Letter> {
    let values = cast(&values, &output.arrow()).map_err(internal)?;
    Ok(Aggregated { values, failures: Vec::new() })
}

fn floats(values: &ArrayRef) -> Result<Float64Array, Letter> {
    let values = cast(values, &ArrowType::Float64).map_err(internal)?;
    Ok(values.as_primitive::<Float64Type>().clone())
}

fn sum(values: &ArrayRef, slices: &[Range<usize>], output: &DataType) -> Result<Aggregated, Letter> {
    if *values.data_type() != ArrowType::Int64 {
        let values = floats(values)?;
        let sums = FloatSums::of(&values, slices);
        let totals = slices.iter().map(|slice| sums.total(slice).0);
        return finish(Arc::new(Float64Array::from_iter_values(totals)), output);
    }
    let sums = IntSums::of(values.as_primitive::<Int64Type>(), slices);
    let mut failures = Vec::new();
    let total = |(row, slice): (usize, &Range<usize>)| {
        let total = i64::try_from(sums.total(slice)).ok();
        if total.is_none() {
            failures.push((row, "the sum is larger than 64 bits".to_owned()));
        }
        total
    };
    let totals: Int64Array = slices.iter().enumerate().map(total).collect();
    let totals: ArrayRef = Arc::new(totals);
    Ok(Aggregated { values: cast(&totals, &output.arrow()).map_err(internal)?, failures })
}

fn mean(values: &ArrayRef, slices: &[Range<usize>]) -> Result<Float64Array, Letter> {
    if *values.data_type() == ArrowType::Int64 {
        let values = values.as_primitive::<Int64Type>();
        let sums = IntSums::of(values, slices);
        let counts = counts(values.len(), |row| values.is_valid(row));
        let mean = |slice: &Range<usize>| {
            let count = counts[slice.end] - counts[slice.start];
            (count > 0).then(|| sums.total(slice) as f64 / count as f64)
        };
        return Ok(slices.iter().map(mean).collect());
    }
    let values = floats(values)?;
    let sums = FloatSums::of(&values, slices);
    let mean = |slice: &Range<usize>| {
        let (total, count) = sums.total(slice);
        (count > 0).then(|| total / count as f64)
    };
    Ok(slices.iter().map(mean).collect())
}

/// `min` and `max`: the value at the extreme; a NaN in the slice wins (decision 14).
fn extreme(values: &ArrayRef, slices: &[Range<usize>], wanted: Wanted) -> Result<ArrayRef, Letter> {
    let extremes = Extremes::of(values, slices, wanted, Nan::Wins)?;
    let winners: UInt32Array = slices.iter().map(|slice| extremes.winner(slice).map(|row| row as u32)).collect();
    take(values, &winners, None).map_err(internal)
}

/// The value where `by` is extreme; rows with a null `by` count only when there is nothing else, ties take the first.
fn extreme_by(values: &ArrayRef, by: &ArrayRef, slices: &[Range<usize>], wanted: Wanted) -> Result<ArrayRef, Letter> {
    let extremes = Extremes::of(by, slices, wanted, Nan::Last)?;
    let first = |slice: &Range<usize>| (!slice.is_empty()).then_some(slice.start);
    let winner = |slice: &Range<usize>| extremes.winner(slice).or_else(|| first(slice)).map(|row| row as u32);
    let winners: UInt32Array = slices.iter().map(winner).collect();
    take(values, &winners, None).map_err(internal)
}

fn any_or_all(values: &ArrayRef, slices: &[Range<usize>], any: bool) -> Result<BooleanArray, Letter> {
    let values = values.as_boolean_opt().ok_or_else(|| internal("any and all want booleans"))?;
    // `any` asks whether a true is among them, `all` whether no false is.
    let hits = counts(values.len(), |row| values.is_valid(row) && values.value(row) == any);
    let answer = |slice: &Range<usize>| Some((hits[slice.end] > hits[slice.start]) == any);
    Ok(slices.iter().map(answer).collect())
}

fn count(options: &Options) -> Result<usize, Letter> {
    options.count.and_then(|count| usize::try_from(count).ok()).ok_or_else(|| internal("no number of values"))
}
