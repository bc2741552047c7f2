//! Every aggregate over overlapping slices against the sentence of framework §4.2 written as a loop.

use arrow::array::{ArrayRef, Int64Array};
use creta_engine::kernels::aggregate::{Options, aggregate};
use creta_expr::AggregateFunction as F;
use creta_model::{DataType, Value};
use creta_ports::arrays::{array_of, value_at};
use proptest::prelude::*;
use std::cmp::Ordering;
use std::ops::Range;

fn run(
    function: F,
    values: &ArrayRef,
    by: Option<&ArrayRef>,
    slices: &[Range<usize>],
    output: &DataType,
) -> Vec<Value> {
    let options = Options { quantile: Some(0.3), count: None };
    let made = aggregate(function, Some(values), by, slices, &options, output).unwrap();
    assert_eq!(*made.values.data_type(), output.arrow());
    (0..slices.len()).map(|row| value_at(made.values.as_ref(), row)).collect()
}

fn close(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Float(left), Value::Float(right)) => {
            left == right
                || (left.is_nan() && right.is_nan())
                || (left - right).abs() <= 1e-9 * left.abs().max(right.abs())
        }
        _ => left == right,
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Int(value) => Some(*value as f64),
        Value::Float(value) => Some(*value),
        _ => None,
    }
}

/// NaN sorts last, nulls are not compared.
fn order(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => left.cmp(right),
        (Value::Str(left), Value::Str(right)) => left.cmp(right),
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
        _ => {
            let (left, right) = (number(left).unwrap(), number(right).unwrap());
            left.partial_cmp(&right).unwrap_or_else(|| left.is_nan().cmp(&right.is_nan()))
        }
    }
}

/// The first of those that are best.
fn best<'a>(rows: impl Iterator<Item = (&'a Value, &'a Value)>, wanted: Ordering) -> Option<&'a Value> {
    let mut best: Option<(&Value, &Value)> = None;
    for (value, by) in rows.filter(|(_, by)| !by.is_null()) {
        if best.is_none_or(|(_, old)| order(by, old) == wanted) {
            best = Some((value, by));
        }
    }
    best.map(|(value, _)| value)
}

fn naive(function: F, values: &[Value], by: &[Value]) -> Value {
    let present: Vec<&Value> = values.iter().filter(|value| !value.is_null()).collect();
    let numbers: Vec<f64> = present.iter().filter_map(|value| number(value)).collect();
    let ints = present.iter().all(|value| matches!(value, Value::Int(_)));
    let nan = numbers.iter().any(|value| value.is_nan());
    let sum = || exact_sum(&numbers);
    match function {
        F::Count => Value::Int(values.len() as i64),
        F::Sum if ints => Value::Int(present.iter().map(|value| number(value).unwrap() as i64).sum()),
        F::Sum => Value::Float(sum()),
        F::Mean if present.is_empty() => Value::Null,
        F::Mean => Value::Float(sum() / numbers.len() as f64),
        F::Min | F::Max if nan => Value::Float(f64::NAN),
        F::Min => best(present.iter().map(|value| (*value, *value)), Ordering::Less).cloned().unwrap_or(Value::Null),
        F::Max => best(present.iter().map(|value| (*value, *value)), Ordering::Greater).cloned().unwrap_or(Value::Null),
        F::MinBy | F::MaxBy => {
            let wanted = if function == F::MinBy { Ordering::Less } else { Ordering::Greater };
            let chosen = best(values.iter().zip(by), wanted).or_else(|| values.first());
            chosen.cloned().unwrap_or(Value::Null)
        }
        F::Any => Value::Bool(present.contains(&&Value::Bool(true))),
        F::All => Value::Bool(!present.contains(&&Value::Bool(false))),
        F::StandardDeviation | F::Variance | F::StandardDeviationPopulation | F::VariancePopulation => {
            deviation(function, &numbers)
        }
        F::ApproxCountDistinct => {
            let mut kinds: Vec<&Value> = Vec::new();
            for value in present {
                if kinds.iter().all(|kind| order(kind, value) != Ordering::Equal) {
                    kinds.push(value);
                }
            }
            Value::Int(kinds.len() as i64)
        }
        F::ApproxPercentile => {
            let mut sorted = numbers;
            sorted.sort_by(|left, right| order(&Value::Float(*left), &Value::Float(*right)));
            let Some(last) = sorted.len().checked_sub(1) else { return Value::Null };
            let place = 0.3 * last as f64;
            let (low, high) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
            Value::Float(if low == high { low } else { low + (high - low) * place.fract() })
        }
        F::ArrayAgg => Value::List(values.to_vec()),
        other => panic!("{other:?} is held by the expected values of tests/functions"),
    }
}

fn deviation(function: F, numbers: &[f64]) -> Value {
    if numbers.len() < 2 {
        return Value::Null;
    }
    let mean = exact_sum(numbers) / numbers.len() as f64;
    let squares: Vec<f64> = numbers.iter().map(|value| (value - mean).powi(2)).collect();
    let sample = matches!(function, F::StandardDeviation | F::Variance);
    let variance = exact_sum(&squares) / (numbers.len() - usize::from(sample)) as f64;
    let root = matches!(function, F::StandardDeviation | F::StandardDeviationPopulation);
    Value::Float(if root { variance.sqrt() } else { variance })
}

/// Shewchuk's exact sum of finite floats; the others propagate.
fn exact_sum(values: &[f64]) -> f64 {
    if values.iter().any(|value| !value.is_finite()) {
        return values.iter().filter(|value| !value.is_finite()).sum();
    }
    let mut parts: Vec<f64> = Vec::new();
    for value in values {
        let mut carried = *value;
        let mut kept = Vec::new();
        for part in parts {
            let (large, small) = if carried.abs() < part.abs() { (part, carried) } else { (carried, part) };
            let sum = large + small;
            let rest = small - (sum - large);
            if rest != 0.0 {
                kept.push(rest);
            }
            carried = sum;
        }
        kept.push(carried);
        parts = kept;
    }
    parts.iter().sum()
}

fn check(
    function: F,
    data_type: &DataType,
    output: &DataType,
    values: &[Value],
    by: &[Value],
    slices: &[Range<usize>],
) {
    let column = array_of(data_type, values.iter().map(Some)).unwrap();
    let by_type = if by.iter().any(|value| matches!(value, Value::Float(_))) { DataType::Float } else { DataType::Int };
    let by_column = array_of(&by_type, by.iter().map(Some)).unwrap();
    let made = run(function, &column, Some(&by_column), slices, output);
    for (slice, made) in slices.iter().zip(made) {
        let wanted = naive(function, &values[slice.clone()], &by[slice.clone()]);
        // Without values the loop cannot tell an int sum from a float one.
        let wanted = if (function, output, &wanted) == (F::Sum, &DataType::Float, &Value::Int(0)) {
            Value::Float(0.0)
        } else {
            wanted
        };
        let same = match (&made, &wanted) {
            (Value::List(made), Value::List(wanted)) => {
                made.iter().zip(wanted).all(|(made, wanted)| close(made, wanted))
            }
            _ => close(&made, &wanted),
        };
        assert!(
            same,
            "{function:?} of {:?} by {:?}: {made:?}, not {wanted:?}",
            &values[slice.clone()],
            &by[slice.clone()]
        );
    }
}

fn int() -> impl Strategy<Value = Value> {
    prop_oneof![1 => Just(Value::Null), 6 => (-4..5_i64).prop_map(Value::Int)]
}

fn wild_int() -> impl Strategy<Value = Value> {
    let edges = prop_oneof![Just(i64::MAX), Just(i64::MIN), Just(0), Just(i64::MAX - 1)];
    prop_oneof![1 => Just(Value::Null), 3 => edges.prop_map(Value::Int)]
}

fn float() -> impl Strategy<Value = Value> {
    let special = prop_oneof![Just(0.0), Just(-0.0), Just(1e16), Just(-1e16), Just(1e-9), Just(1e300), Just(-1e300)];
    prop_oneof![2 => Just(Value::Null), 6 => (-1e3..1e3_f64).prop_map(Value::Float), 4 => special.prop_map(Value::Float)]
}

fn any_float() -> impl Strategy<Value = Value> {
    let odd = prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY)];
    prop_oneof![9 => float(), 1 => odd.prop_map(Value::Float)]
}

fn column<S: Strategy<Value = Value>>(cell: S) -> impl Strategy<Value = (Vec<Value>, Vec<Value>, Vec<Range<usize>>)> {
    proptest::collection::vec((cell, int()), 0..120).prop_flat_map(|rows| {
        let length = rows.len();
        let slice = (0..=length, 0..=length).prop_map(|(left, right)| left.min(right)..left.max(right));
        let (values, by): (Vec<Value>, Vec<Value>) = rows.into_iter().unzip();
        // Few slices are scanned, many overlapping ones are answered from blocks.
        (Just(values), Just(by), proptest::collection::vec(slice, 0..60))
    })
}

const DEVIATIONS: [F; 4] = [F::StandardDeviation, F::Variance, F::StandardDeviationPopulation, F::VariancePopulation];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn of_ints((values, by, slices) in column(int())) {
        let int = DataType::Int;
        for function in [F::Sum, F::Count, F::Min, F::Max, F::MinBy, F::MaxBy, F::ApproxCountDistinct] {
            check(function, &int, &int, &values, &by, &slices);
        }
        for function in DEVIATIONS.into_iter().chain([F::Mean, F::ApproxPercentile]) {
            check(function, &int, &DataType::Float, &values, &by, &slices);
        }
        check(F::ArrayAgg, &int, &DataType::List(Box::new(DataType::Int)), &values, &by, &slices);
    }

    #[test]
    fn of_the_largest_and_smallest_ints((values, by, slices) in column(wild_int())) {
        for function in [F::Min, F::Max] {
            check(function, &DataType::Int, &DataType::Int, &values, &by, &slices);
        }
        for function in [F::MinBy, F::MaxBy] {
            check(function, &DataType::Int, &DataType::Int, &by, &values, &slices);
        }
    }

    #[test]
    fn of_finite_floats((values, by, slices) in column(float())) {
        for function in [F::Sum, F::Mean, F::ApproxPercentile] {
            check(function, &DataType::Float, &DataType::Float, &values, &by, &slices);
        }
    }

    #[test]
    fn of_moderate_floats((values, by, slices) in column((-1e6..1e6_f64).prop_map(Value::Float))) {
        for function in DEVIATIONS {
            check(function, &DataType::Float, &DataType::Float, &values, &by, &slices);
        }
    }

    #[test]
    fn of_any_floats((values, by, slices) in column(any_float())) {
        for function in [F::Sum, F::Mean, F::Min, F::Max, F::MinBy, F::MaxBy] {
            check(function, &DataType::Float, &DataType::Float, &values, &by, &slices);
        }
        check(F::ApproxCountDistinct, &DataType::Float, &DataType::Int, &values, &by, &slices);
        for function in [F::MinBy, F::MaxBy] {
            check(function, &DataType::Int, &DataType::Int, &by, &values, &slices);
        }
    }

    #[test]
    fn of_booleans_and_text(
        (flags, by, slices) in column(prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::Bool)]),
        (texts, others, parts) in column(prop_oneof![1 => Just(Value::Null), 5 => "[ab]{0,3}".prop_map(Value::Str)]),
    ) {
        for function in [F::Any, F::All, F::Min, F::Max] {
            check(function, &DataType::Bool, &DataType::Bool, &flags, &by, &slices);
        }
        for function in [F::Min, F::Max, F::MaxBy] {
            check(function, &DataType::Str, &DataType::Str, &texts, &others, &parts);
        }
        check(F::ApproxCountDistinct, &DataType::Str, &DataType::Int, &texts, &others, &parts);
    }
}

fn of(function: F, data_type: &DataType, output: &DataType, values: &[Value]) -> Value {
    let column = array_of(data_type, values.iter().map(Some)).unwrap();
    let whole = 0..values.len();
    run(function, &column, Some(&column), std::slice::from_ref(&whole), output).remove(0)
}

#[test]
fn the_worked_nulls_of_the_specification() {
    let values = [Value::Int(4), Value::Null, Value::Int(10)];
    assert_eq!(of(F::Sum, &DataType::Int, &DataType::Int, &values), Value::Int(14));
    assert_eq!(of(F::Mean, &DataType::Int, &DataType::Float, &values), Value::Float(7.0));
    assert_eq!(of(F::Count, &DataType::Int, &DataType::Int, &values), Value::Int(3));
    assert_eq!(of(F::Min, &DataType::Int, &DataType::Int, &values), Value::Int(4));
    let deviation = of(F::StandardDeviation, &DataType::Int, &DataType::Float, &values);
    assert!(close(&deviation, &Value::Float(18_f64.sqrt())));
    let null = [Value::Null];
    assert_eq!(of(F::Sum, &DataType::Int, &DataType::Int, &null), Value::Int(0));
    assert_eq!(of(F::Mean, &DataType::Int, &DataType::Float, &null), Value::Null);
    assert_eq!(of(F::Count, &DataType::Int, &DataType::Int, &null), Value::Int(1));
    assert_eq!(of(F::Any, &DataType::Bool, &DataType::Bool, &null), Value::Bool(false));
    assert_eq!(of(F::All, &DataType::Bool, &DataType::Bool, &null), Value::Bool(true));
    assert_eq!(of(F::StandardDeviation, &DataType::Int, &DataType::Float, &[Value::Int(1)]), Value::Null);
}

#[test]
fn a_sum_beyond_64_bits_fails_its_row_only() {
    let column: ArrayRef = std::sync::Arc::new(Int64Array::from(vec![i64::MAX, 1, -1]));
    let made =
        aggregate(F::Sum, Some(&column), None, &[0..1, 0..2, 0..3], &Options::default(), &DataType::Int).unwrap();
    let values: Vec<Value> = (0..3).map(|row| value_at(made.values.as_ref(), row)).collect();
    assert_eq!(values, [Value::Int(i64::MAX), Value::Null, Value::Int(i64::MAX)]);
    assert_eq!(made.failures.iter().map(|(row, _)| *row).collect::<Vec<usize>>(), [1]);
}

#[test]
fn a_slice_beside_a_much_larger_one_keeps_its_digits() {
    let values: Vec<Value> = [1e300, 1.5, 1e308, 1e308, 0.1, 0.2, -1e300].map(Value::Float).to_vec();
    let column = array_of(&DataType::Float, values.iter().map(Some)).unwrap();
    let sums = run(F::Sum, &column, None, &[1..2, 4..6, 2..4, 2..3], &DataType::Float);
    assert_eq!(sums[..2], [Value::Float(1.5), Value::Float(0.1 + 0.2)]);
    assert_eq!(sums[2..], [Value::Float(f64::INFINITY), Value::Float(1e308)]);
}

#[test]
fn what_cancels_itself_out_leaves_the_rest() {
    let values = [1e300, 1e16, 1.5, -1e300, -1e16].map(Value::Float);
    assert_eq!(of(F::Sum, &DataType::Float, &DataType::Float, &values), Value::Float(1.5));
    assert_eq!(of(F::Mean, &DataType::Float, &DataType::Float, &values), Value::Float(0.3));
}

#[test]
fn lists_of_dates_hold_dates_of_lists() {
    let list = DataType::List(Box::new(DataType::Date));
    let values = [Value::Date(3), Value::Null];
    assert_eq!(of(F::ArrayAgg, &DataType::Date, &list, &values), Value::List(values.to_vec()));
    assert_eq!(of(F::Max, &DataType::Date, &DataType::Date, &values), Value::Date(3));
}
