//! Skewness and kurtosis: standardised moments of the population, not corrected for bias.

use arrow::array::{Array, Float64Array};
use std::ops::Range;

/// The third moment, or the fourth less 3. Null where nothing varies, NaN where a value is not finite.
pub(super) fn standardised(values: &Float64Array, slices: &[Range<usize>], third: bool) -> Float64Array {
    let mut present = Vec::new();
    let one = |slice: &Range<usize>| {
        present.clear();
        present.extend(slice.clone().filter(|row| values.is_valid(*row)).map(|row| values.value(row)));
        let first = *present.first()?;
        let is_same = |value: &f64| *value == first || (value.is_nan() && first.is_nan());
        (!present.iter().all(is_same)).then(|| moment(&present, third))
    };
    slices.iter().map(one).collect()
}

fn moment(values: &[f64], third: bool) -> f64 {
    let count = values.len() as f64;
    let rough = values.iter().sum::<f64>() / count;
    // What rounding left of the mean.
    let mean = rough + values.iter().map(|value| value - rough).sum::<f64>() / count;
    let central = |power: i32| values.iter().map(|value| (value - mean).powi(power)).sum::<f64>() / count;
    let variance = central(2);
    if third { central(3) / variance.powf(1.5) } else { central(4) / (variance * variance) - 3.0 }
}
