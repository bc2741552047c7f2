//! Prefix sums: what a slice sums to is the difference of two of them.

use arrow::array::{Array, Float64Array, Int64Array};
use std::ops::Range;

/// How many rows before each position pass a test; one longer than the rows.
pub(super) fn counts(rows: usize, passes: impl Fn(usize) -> bool) -> Vec<u32> {
    let mut counts = Vec::with_capacity(rows + 1);
    let mut count = 0;
    counts.push(0);
    for row in 0..rows {
        count += u32::from(passes(row));
        counts.push(count);
    }
    counts
}

/// Exact sums of ints; 128 bits cannot overflow on fewer than 2^64 rows.
pub(super) struct IntSums(Vec<i128>);

impl IntSums {
    pub fn of(values: &Int64Array) -> IntSums {
        let mut sums = Vec::with_capacity(values.len() + 1);
        let mut sum = 0_i128;
        sums.push(0);
        for value in values {
            sum += i128::from(value.unwrap_or(0));
            sums.push(sum);
        }
        IntSums(sums)
    }

    pub fn total(&self, slice: &Range<usize>) -> i128 {
        self.0[slice.end] - self.0[slice.start]
    }
}

/// Double-double sums of the finite floats; the others are counted, so that they show only in slices that hold them.
pub(super) struct FloatSums {
    sums: Vec<(f64, f64)>,
    present: Vec<u32>,
    odd: Option<Odd>,
}

struct Odd {
    nan: Vec<u32>,
    up: Vec<u32>,
    down: Vec<u32>,
}

impl FloatSums {
    pub fn of(values: &Float64Array) -> FloatSums {
        let rows = values.len();
        let is = |row: usize, test: &dyn Fn(f64) -> bool| values.is_valid(row) && test(values.value(row));
        let mut sums = Vec::with_capacity(rows + 1);
        let mut sum = (0.0, 0.0);
        let mut all_finite = true;
        sums.push(sum);
        for value in values {
            match value {
                Some(value) if value.is_finite() => sum = add(sum, value),
                Some(_) => all_finite = false,
                None => {}
            }
            sums.push(sum);
        }
        let odd = (!all_finite).then(|| Odd {
            nan: counts(rows, |row| is(row, &f64::is_nan)),
            up: counts(rows, |row| is(row, &|value| value == f64::INFINITY)),
            down: counts(rows, |row| is(row, &|value| value == f64::NEG_INFINITY)),
        });
        FloatSums { sums, present: counts(rows, |row| values.is_valid(row)), odd }
    }

    /// The sum of a slice and how many values it has.
    pub fn total(&self, slice: &Range<usize>) -> (f64, u32) {
        let within = |counts: &[u32]| counts[slice.end] - counts[slice.start];
        let count = within(&self.present);
        if let Some(odd) = &self.odd {
            match (within(&odd.nan), within(&odd.up), within(&odd.down)) {
                (0, 0, 0) => {}
                (0, _, 0) => return (f64::INFINITY, count),
                (0, 0, _) => return (f64::NEG_INFINITY, count),
                _ => return (f64::NAN, count),
            }
        }
        let (start, end) = (self.sums[slice.start], self.sums[slice.end]);
        let (high, low) = two_sum(end.0, -start.0);
        (high + (low + (end.1 - start.1)), count)
    }
}

/// Knuth's TwoSum: the rounded sum and exactly what rounding lost.
fn two_sum(left: f64, right: f64) -> (f64, f64) {
    let sum = left + right;
    let part = sum - left;
    (sum, (left - (sum - part)) + (right - part))
}

fn add(sum: (f64, f64), value: f64) -> (f64, f64) {
    let (high, low) = two_sum(sum.0, value);
    two_sum(high, low + sum.1)
}
