//! Comparisons and boolean logic. Floats compare as in Python: NaN equals nothing and is ordered before nothing.

use super::call::Call;
use super::cells::{Cells, Read};
use crate::context::internal;
use arrow::array::{ArrayRef, AsArray, BooleanArray};
use arrow::compute::kernels::cmp;
use arrow::compute::{and_kleene, not, or_kleene};
use arrow::datatypes::{DataType as ArrowType, Float64Type, Int64Type};
use creta_expr::functions::Operator;
use creta_model::Letter;
use std::cmp::Ordering;
use std::sync::Arc;

pub(super) fn compare(function: Operator, call: &Call<'_>) -> Result<ArrayRef, Letter> {
    let (left, right) = (call.argument(0)?, call.argument(1)?);
    Ok(Arc::new(compared(function, left, right, call.rows)?))
}

/// Null where one side is null.
pub(super) fn compared(function: Operator, left: &Cells, right: &Cells, rows: usize) -> Result<BooleanArray, Letter> {
    match (left.array().data_type(), right.array().data_type()) {
        (ArrowType::Float64, _) | (_, ArrowType::Float64) => numbers(function, left, right, rows),
        _ => same_type(function, &left.spread(rows)?, &right.spread(rows)?),
    }
}

fn same_type(function: Operator, left: &ArrayRef, right: &ArrayRef) -> Result<BooleanArray, Letter> {
    let outcome = match function {
        Operator::Less => cmp::lt(left, right),
        Operator::LessOrEqual => cmp::lt_eq(left, right),
        Operator::Greater => cmp::gt(left, right),
        Operator::GreaterOrEqual => cmp::gt_eq(left, right),
        Operator::Equal => cmp::eq(left, right),
        _ => cmp::neq(left, right),
    };
    outcome.map_err(internal)
}

/// At least one side is float; an int on the other side is compared exactly, not rounded to a float first.
fn numbers(function: Operator, left: &Cells, right: &Cells, rows: usize) -> Result<BooleanArray, Letter> {
    let order = |row: usize| -> Option<Option<Ordering>> {
        Some(match (left.numbers::<Int64Type>(), right.numbers::<Int64Type>()) {
            (Some(left), None) => int_with_float(left.get(row)?, right.numbers::<Float64Type>()?.get(row)?),
            (None, Some(right)) => {
                int_with_float(right.get(row)?, left.numbers::<Float64Type>()?.get(row)?).map(Ordering::reverse)
            }
            _ => left.numbers::<Float64Type>()?.get(row)?.partial_cmp(&right.numbers::<Float64Type>()?.get(row)?),
        })
    };
    let holds = |order: Option<Ordering>| match function {
        Operator::Less => order == Some(Ordering::Less),
        Operator::LessOrEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        Operator::Greater => order == Some(Ordering::Greater),
        Operator::GreaterOrEqual => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        Operator::Equal => order == Some(Ordering::Equal),
        _ => order != Some(Ordering::Equal),
    };
    Ok((0..rows).map(|row| order(row).map(holds)).collect())
}

fn int_with_float(int: i64, float: f64) -> Option<Ordering> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if float.is_nan() || float.is_infinite() || float.abs() < EXACT {
        return (int as f64).partial_cmp(&float);
    }
    Some(i128::from(int).cmp(&(float as i128)))
}

/// Kleene logic: false and null is false, true or null is true.
pub(super) fn logic(function: Operator, call: &Call<'_>) -> Result<ArrayRef, Letter> {
    let spread = call.arguments.iter().map(|cells| cells.spread(call.rows)).collect::<Result<Vec<_>, _>>()?;
    let booleans: Option<Vec<&BooleanArray>> = spread.iter().map(|array| array.as_boolean_opt()).collect();
    let outcome = match (function, booleans.as_deref()) {
        (Operator::And, Some([left, right])) => and_kleene(left, right).map_err(internal)?,
        (Operator::Or, Some([left, right])) => or_kleene(left, right).map_err(internal)?,
        (Operator::ExclusiveOr, Some([left, right])) => cmp::neq(left, right).map_err(internal)?,
        (Operator::Not, Some([one])) => not(one).map_err(internal)?,
        _ => return Err(internal("logic wants booleans")),
    };
    Ok(Arc::new(outcome))
}
