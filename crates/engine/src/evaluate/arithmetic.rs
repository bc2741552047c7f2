//! `+ - * / // % **` as Python means them, on ints, floats, times and durations.

use super::cells::{Cells, Numbers};
use super::{Batch, widen};
use crate::context::internal;
use arrow::array::{ArrayRef, ArrowPrimitiveType, PrimitiveArray};
use arrow::datatypes::{DurationMicrosecondType, Float64Type, Int64Type, TimestampMicrosecondType};
use creta_expr::functions::Function;
use creta_model::{DataType, Letter};
use std::sync::Arc;

const BY_ZERO: &str = "division by zero";
const OVERFLOW: &str = "the result is larger than 64 bits";

pub(super) fn binary(
    batch: &mut Batch,
    function: Function,
    left: &Cells,
    right: &Cells,
    data_type: &DataType,
) -> Result<Cells, Letter> {
    let rows = if left.is_scalar() && right.is_scalar() { 1 } else { batch.rows };
    let values = match data_type {
        DataType::Int => {
            let operate = |left, right| ints(function, left, right);
            map::<Int64Type, Int64Type, Int64Type>(batch, left, right, rows, operate)?
        }
        DataType::Float if is_span(left) => {
            let operate = |left: i64, right: i64| {
                if right == 0 { Err(BY_ZERO) } else { Ok(left as f64 / right as f64) }
            };
            map::<DurationMicrosecondType, DurationMicrosecondType, Float64Type>(batch, left, right, rows, operate)?
        }
        DataType::Float => {
            let (left, right) = (as_floats(left)?, as_floats(right)?);
            let operate = |left, right| floats(function, left, right);
            map::<Float64Type, Float64Type, Float64Type>(batch, &left, &right, rows, operate)?
        }
        DataType::Datetime | DataType::Timedelta => times(batch, function, left, right, rows)?,
        other => return Err(internal(format!("arithmetic cannot give {other}"))),
    };
    Ok(if left.is_scalar() && right.is_scalar() { Cells::scalar(values) } else { Cells::column(values) })
}

fn is_span(cells: &Cells) -> bool {
    cells.numbers::<DurationMicrosecondType>().is_some()
}

pub(super) fn as_floats(cells: &Cells) -> Result<Cells, Letter> {
    let array = widen(cells.array(), &DataType::Float)?;
    Ok(if cells.is_scalar() { Cells::scalar(array) } else { Cells::column(array) })
}

fn map<L, R, O>(
    batch: &mut Batch,
    left: &Cells,
    right: &Cells,
    rows: usize,
    operate: impl Fn(L::Native, R::Native) -> Result<O::Native, &'static str>,
) -> Result<ArrayRef, Letter>
where
    L: ArrowPrimitiveType,
    R: ArrowPrimitiveType,
    O: ArrowPrimitiveType,
{
    let (Some(left), Some(right)) = (left.numbers::<L>(), right.numbers::<R>()) else {
        return Err(internal("an operand is of another type than was planned"));
    };
    let values = collect::<L, R, O>(batch, &left, &right, rows, operate);
    Ok(Arc::new(values))
}

fn collect<L, R, O>(
    batch: &mut Batch,
    left: &Numbers<'_, L>,
    right: &Numbers<'_, R>,
    rows: usize,
    operate: impl Fn(L::Native, R::Native) -> Result<O::Native, &'static str>,
) -> PrimitiveArray<O>
where
    L: ArrowPrimitiveType,
    R: ArrowPrimitiveType,
    O: ArrowPrimitiveType,
{
    let cell = |row: usize| {
        let outcome = operate(left.get(row)?, right.get(row)?);
        outcome.map_err(|message| batch.fail(row, message)).ok()
    };
    (0..rows).map(cell).collect()
}

fn ints(function: Function, left: i64, right: i64) -> Result<i64, &'static str> {
    let result = match function {
        Function::Add => left.checked_add(right),
        Function::Subtract => left.checked_sub(right),
        Function::Multiply => left.checked_mul(right),
        Function::FloorDivide | Function::Modulo if right == 0 => return Err(BY_ZERO),
        Function::FloorDivide => {
            left.checked_div(right).map(|quotient| quotient - i64::from(left % right != 0 && (left < 0) != (right < 0)))
        }
        Function::Modulo => left
            .checked_rem(right)
            .or(Some(0))
            .map(|rest| if rest != 0 && (rest < 0) != (right < 0) { rest + right } else { rest }),
        Function::Power => return power(left, right),
        _ => None,
    };
    result.ok_or(OVERFLOW)
}

fn power(base: i64, exponent: i64) -> Result<i64, &'static str> {
    if exponent < 0 {
        return Err("a negative power of an int is not an int; cast the base to float");
    }
    match (base, u32::try_from(exponent)) {
        (0 | 1, Err(_)) => Ok(base),
        (-1, Err(_)) => Ok(if exponent % 2 == 0 { 1 } else { -1 }),
        (_, Err(_)) => Err(OVERFLOW),
        (_, Ok(exponent)) => base.checked_pow(exponent).ok_or(OVERFLOW),
    }
}

fn floats(function: Function, left: f64, right: f64) -> Result<f64, &'static str> {
    let by_zero = right == 0.0;
    match function {
        Function::Add => Ok(left + right),
        Function::Subtract => Ok(left - right),
        Function::Multiply => Ok(left * right),
        Function::Divide | Function::FloorDivide | Function::Modulo if by_zero => Err(BY_ZERO),
        Function::Divide => Ok(left / right),
        Function::FloorDivide => Ok(floor_divide(left, right).0),
        Function::Modulo => Ok(floor_divide(left, right).1),
        Function::Power => float_power(left, right),
        _ => Err("not arithmetic"),
    }
}

/// CPython's float `divmod`: the remainder has the divisor's sign, the quotient is snapped to a whole number.
fn floor_divide(left: f64, right: f64) -> (f64, f64) {
    let mut rest = left % right;
    let mut quotient = (left - rest) / right;
    if rest != 0.0 {
        if (right < 0.0) != (rest < 0.0) {
            rest += right;
            quotient -= 1.0;
        }
    } else {
        rest = 0.0_f64.copysign(right);
    }
    let floor = if quotient == 0.0 {
        0.0_f64.copysign(left / right)
    } else {
        let floor = quotient.floor();
        if quotient - floor > 0.5 { floor + 1.0 } else { floor }
    };
    (floor, rest)
}

fn float_power(left: f64, right: f64) -> Result<f64, &'static str> {
    if left == 0.0 && right < 0.0 {
        return Err("zero to a negative power");
    }
    if left < 0.0 && left.is_finite() && right.is_finite() && right.fract() != 0.0 {
        return Err("a fractional power of a negative number is not a float");
    }
    let result = left.powf(right);
    if result.is_infinite() && left.is_finite() && right.is_finite() {
        Err("the result is too large for a float")
    } else {
        Ok(result)
    }
}

fn times(batch: &mut Batch, function: Function, left: &Cells, right: &Cells, rows: usize) -> Result<ArrayRef, Letter> {
    type Time = TimestampMicrosecondType;
    type Span = DurationMicrosecondType;
    let add = |left: i64, right: i64| left.checked_add(right).ok_or(OVERFLOW);
    let subtract = |left: i64, right: i64| left.checked_sub(right).ok_or(OVERFLOW);
    let multiply = |left: i64, right: i64| left.checked_mul(right).ok_or(OVERFLOW);
    let is_time = |cells: &Cells| cells.numbers::<Time>().is_some();
    let utc = |array: ArrayRef| widen(&array, &DataType::Datetime);
    match (function, is_time(left), is_time(right)) {
        (Function::Subtract, true, true) => map::<Time, Time, Span>(batch, left, right, rows, subtract),
        (Function::Add, true, false) => utc(map::<Time, Span, Time>(batch, left, right, rows, add)?),
        (Function::Add, false, true) => utc(map::<Span, Time, Time>(batch, left, right, rows, add)?),
        (Function::Subtract, true, false) => utc(map::<Time, Span, Time>(batch, left, right, rows, subtract)?),
        (Function::Add, false, false) => map::<Span, Span, Span>(batch, left, right, rows, add),
        (Function::Subtract, false, false) => map::<Span, Span, Span>(batch, left, right, rows, subtract),
        (Function::Multiply, ..) if is_span(left) => map::<Span, Int64Type, Span>(batch, left, right, rows, multiply),
        (Function::Multiply, ..) => map::<Int64Type, Span, Span>(batch, left, right, rows, multiply),
        _ => Err(internal("no such arithmetic on times")),
    }
}
