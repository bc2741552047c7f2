//! `+ - * / // % **` as Python means them, on ints, floats, times and durations, and the bits of ints.

use super::call::{Call, Outcome};
use super::cells::Cells;
use super::widen;
use crate::context::internal;
use arrow::array::{ArrayRef, ArrowPrimitiveType, Float64Array, Int64Array, PrimitiveArray};
use arrow::datatypes::{DurationMicrosecondType, Float64Type, Int64Type, TimestampMicrosecondType};
use creta_expr::functions::Operator;
use creta_model::{DataType, Letter};

const BY_ZERO: &str = "division by zero";
const OVERFLOW: &str = "the result is larger than 64 bits";

pub(super) fn binary(function: Operator, call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    let (left, right) = (call.argument(0)?, call.argument(1)?);
    match call.data_type {
        DataType::Int => {
            map::<Int64Type, Int64Type, Int64Type>(call, left, right, |left, right| ints(function, left, right))
        }
        DataType::Float if is_span(left) => {
            map::<DurationMicrosecondType, DurationMicrosecondType, Float64Type>(call, left, right, |left, right| {
                if right == 0 { Err(BY_ZERO) } else { Ok(left as f64 / right as f64) }
            })
        }
        DataType::Float => {
            let (left, right) = (left.as_floats()?, right.as_floats()?);
            map::<Float64Type, Float64Type, Float64Type>(call, &left, &right, |left, right| {
                floats(function, left, right)
            })
        }
        DataType::Datetime | DataType::Timedelta => times(function, call, left, right),
        other => Err(internal(format!("arithmetic cannot give {other}"))),
    }
}

pub(super) fn negate(call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    let Ok(ints) = call.ints(0) else {
        let floats = call.floats(0)?;
        return Ok(call.one::<_, f64, Float64Array>(&floats, |value| Ok(Some(-value))));
    };
    let negate = |value: i64| -> Outcome<i64> { value.checked_neg().map(Some).ok_or(OVERFLOW) };
    Ok(call.one::<_, i64, Int64Array>(&ints, negate))
}

pub(super) fn invert(call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    let ints = call.ints(0)?;
    Ok(call.one::<_, i64, Int64Array>(&ints, |value: i64| Ok(Some(!value))))
}

fn is_span(cells: &Cells) -> bool {
    cells.numbers::<DurationMicrosecondType>().is_some()
}

fn map<L, R, O>(
    call: &mut Call<'_>,
    left: &Cells,
    right: &Cells,
    operate: impl Fn(L::Native, R::Native) -> Result<O::Native, &'static str>,
) -> Result<ArrayRef, Letter>
where
    L: ArrowPrimitiveType,
    R: ArrowPrimitiveType,
    O: ArrowPrimitiveType,
    PrimitiveArray<O>: FromIterator<Option<O::Native>>,
{
    let (Some(left), Some(right)) = (left.numbers::<L>(), right.numbers::<R>()) else {
        return Err(internal("an operand is of another type than was planned"));
    };
    Ok(call.two::<_, _, O::Native, PrimitiveArray<O>>(&left, &right, |left, right| operate(left, right).map(Some)))
}

fn ints(function: Operator, left: i64, right: i64) -> Result<i64, &'static str> {
    let result = match function {
        Operator::Add => left.checked_add(right),
        Operator::Subtract => left.checked_sub(right),
        Operator::Multiply => left.checked_mul(right),
        Operator::FloorDivide | Operator::Modulo if right == 0 => return Err(BY_ZERO),
        Operator::FloorDivide => {
            left.checked_div(right).map(|quotient| quotient - i64::from(left % right != 0 && (left < 0) != (right < 0)))
        }
        Operator::Modulo => left
            .checked_rem(right)
            .or(Some(0))
            .map(|rest| if rest != 0 && (rest < 0) != (right < 0) { rest + right } else { rest }),
        Operator::Power => return power(left, right),
        Operator::And => Some(left & right),
        Operator::Or => Some(left | right),
        Operator::ExclusiveOr => Some(left ^ right),
        Operator::ShiftLeft | Operator::ShiftRight if right < 0 => return Err("a negative shift"),
        Operator::ShiftLeft if left == 0 => Some(0),
        Operator::ShiftLeft if right > 63 => None,
        Operator::ShiftLeft => i64::try_from(i128::from(left) << right).ok(),
        Operator::ShiftRight => Some(left >> right.min(63)),
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

fn floats(function: Operator, left: f64, right: f64) -> Result<f64, &'static str> {
    let by_zero = right == 0.0;
    match function {
        Operator::Add => Ok(left + right),
        Operator::Subtract => Ok(left - right),
        Operator::Multiply => Ok(left * right),
        Operator::Divide | Operator::FloorDivide | Operator::Modulo if by_zero => Err(BY_ZERO),
        Operator::Divide => Ok(left / right),
        Operator::FloorDivide => Ok(floor_divide(left, right).0),
        Operator::Modulo => Ok(floor_divide(left, right).1),
        Operator::Power => float_power(left, right),
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

fn times(function: Operator, call: &mut Call<'_>, left: &Cells, right: &Cells) -> Result<ArrayRef, Letter> {
    type Time = TimestampMicrosecondType;
    type Span = DurationMicrosecondType;
    let add = |left: i64, right: i64| left.checked_add(right).ok_or(OVERFLOW);
    let subtract = |left: i64, right: i64| left.checked_sub(right).ok_or(OVERFLOW);
    let multiply = |left: i64, right: i64| left.checked_mul(right).ok_or(OVERFLOW);
    let is_time = |cells: &Cells| cells.numbers::<Time>().is_some();
    let utc = |array: ArrayRef| widen(&array, &DataType::Datetime);
    match (function, is_time(left), is_time(right)) {
        (Operator::Subtract, true, true) => map::<Time, Time, Span>(call, left, right, subtract),
        (Operator::Add, true, false) => utc(map::<Time, Span, Time>(call, left, right, add)?),
        (Operator::Add, false, true) => utc(map::<Span, Time, Time>(call, left, right, add)?),
        (Operator::Subtract, true, false) => utc(map::<Time, Span, Time>(call, left, right, subtract)?),
        (Operator::Add, false, false) => map::<Span, Span, Span>(call, left, right, add),
        (Operator::Subtract, false, false) => map::<Span, Span, Span>(call, left, right, subtract),
        (Operator::Multiply, ..) if is_span(left) => map::<Span, Int64Type, Span>(call, left, right, multiply),
        (Operator::Multiply, ..) => map::<Int64Type, Span, Span>(call, left, right, multiply),
        _ => Err(internal("no such arithmetic on times")),
    }
}
