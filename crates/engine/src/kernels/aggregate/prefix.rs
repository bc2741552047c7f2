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

/// Whether it is less work to add up each slice than to add up all rows once.
fn are_few(slices: &[Range<usize>], rows: usize) -> bool {
    slices.iter().map(ExactSizeIterator::len).sum::<usize>() <= rows
}

/// Exact sums of ints; 128 bits cannot overflow on fewer than 2^64 rows.
pub(super) struct IntSums<'a> {
    values: &'a Int64Array,
    /// None when slices are added up one by one.
    prefixes: Option<Vec<i128>>,
}

impl<'a> IntSums<'a> {
    pub fn of(values: &'a Int64Array, slices: &[Range<usize>]) -> IntSums<'a> {
        let prefixes = (!are_few(slices, values.len())).then(|| {
            let mut sum = 0_i128;
            let sums = values.iter().map(|value| {
                sum += i128::from(value.unwrap_or(0));
                sum
            });
            std::iter::once(0).chain(sums).collect()
        });
        IntSums { values, prefixes }
    }

    pub fn total(&self, slice: &Range<usize>) -> i128 {
        match &self.prefixes {
            Some(prefixes) => prefixes[slice.end] - prefixes[slice.start],
            None => slice
                .clone()
                .filter(|row| self.values.is_valid(*row))
                .map(|row| i128::from(self.values.value(row)))
                .sum(),
        }
    }
}

/// Double-double sums of the finite floats; the others are counted, so that they show only in slices that hold them.
pub(super) struct FloatSums<'a> {
    values: &'a Float64Array,
    /// None when slices are added up one by one.
    prefixes: Option<Vec<Prefix>>,
    odd: Option<Odd>,
}

/// What comes before one position.
#[derive(Clone, Copy, Default)]
struct Prefix {
    /// The sum as a rounded float and what rounding lost.
    sum: (f64, f64),
    /// The largest magnitude that any sum had so far: errors are in proportion to it.
    reach: f64,
    present: u32,
    /// Present, finite and not zero.
    counted: u32,
}

struct Odd {
    nan: Vec<u32>,
    up: Vec<u32>,
    down: Vec<u32>,
}

/// One step of double-double addition loses less than 2^-103 of the largest sum; a difference is taken from the
/// prefixes when it is at least 2^33 times larger than what all steps together can have lost, so 1e-10 relative.
const TRUSTED: f64 = 1.0 / (1_u128 << 70) as f64;

impl Prefix {
    /// Takes one more row in.
    fn step(&mut self, value: Option<f64>) {
        self.present += u32::from(value.is_some());
        if let Some(value) = value.filter(|value| value.is_finite()) {
            self.sum = add(self.sum, value);
            self.counted += u32::from(value != 0.0);
            // A sum beyond all floats is not a number from then on, and its reach never trusted.
            self.reach = if self.sum.0.is_finite() { self.reach.max(self.sum.0.abs()) } else { f64::INFINITY };
        }
    }
}

impl<'a> FloatSums<'a> {
    pub fn of(values: &'a Float64Array, slices: &[Range<usize>]) -> FloatSums<'a> {
        let rows = values.len();
        let is = |row: usize, test: &dyn Fn(f64) -> bool| values.is_valid(row) && test(values.value(row));
        let prefixes = (!are_few(slices, rows)).then(|| {
            let mut prefix = Prefix::default();
            let prefixes = values.iter().map(|value| {
                prefix.step(value);
                prefix
            });
            std::iter::once(Prefix::default()).chain(prefixes).collect()
        });
        let all_finite = values.iter().flatten().all(f64::is_finite);
        let odd = (!all_finite).then(|| Odd {
            nan: counts(rows, |row| is(row, &f64::is_nan)),
            up: counts(rows, |row| is(row, &|value| value == f64::INFINITY)),
            down: counts(rows, |row| is(row, &|value| value == f64::NEG_INFINITY)),
        });
        FloatSums { values, prefixes, odd }
    }

    /// The sum of a slice and how many values it has.
    pub fn total(&self, slice: &Range<usize>) -> (f64, u32) {
        let (start, end) = self.ends(slice);
        let count = end.present - start.present;
        if let Some(odd) = &self.odd {
            let within = |counts: &[u32]| counts[slice.end] - counts[slice.start];
            match (within(&odd.nan), within(&odd.up), within(&odd.down)) {
                (0, 0, 0) => {}
                (0, _, 0) => return (f64::INFINITY, count),
                (0, 0, _) => return (f64::NEG_INFINITY, count),
                _ => return (f64::NAN, count),
            }
        }
        if end.counted == start.counted {
            return (0.0, count);
        }
        let (high, low) = two_sum(end.sum.0, -start.sum.0);
        let total = high + (low + (end.sum.1 - start.sum.1));
        // Not so when the slice is tiny beside what precedes it, or cancels itself out: then it is summed exactly.
        let is_trusted = total.abs() >= end.reach * slice.end as f64 * TRUSTED;
        (if is_trusted { total } else { self.exact(slice) }, count)
    }

    /// What comes before a slice and before its end; of a slice that is added up alone, nothing comes before it.
    fn ends(&self, slice: &Range<usize>) -> (Prefix, Prefix) {
        if let Some(prefixes) = &self.prefixes {
            return (prefixes[slice.start], prefixes[slice.end]);
        }
        let mut prefix = Prefix::default();
        for row in slice.clone() {
            prefix.step(self.values.is_valid(row).then(|| self.values.value(row)));
        }
        (Prefix::default(), prefix)
    }

    /// Shewchuk's sum: parts that do not overlap lose nothing until they are added up at the end.
    fn exact(&self, slice: &Range<usize>) -> f64 {
        let cells = || slice.clone().filter(|row| self.values.is_valid(*row)).map(|row| self.values.value(row));
        let mut parts: Vec<f64> = Vec::new();
        for value in cells() {
            let mut carried = value;
            let mut kept = 0;
            for place in 0..parts.len() {
                let (sum, rest) = two_sum(carried, parts[place]);
                if rest != 0.0 {
                    parts[kept] = rest;
                    kept += 1;
                }
                carried = sum;
            }
            parts.truncate(kept);
            parts.push(carried);
        }
        let total: f64 = parts.iter().sum();
        // Beyond all floats the parts are not numbers, and what a plain loop would give stands.
        if total.is_finite() { total } else { cells().sum() }
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
