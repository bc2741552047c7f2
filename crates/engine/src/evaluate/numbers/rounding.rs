//! Rounding of the exact value of a float: 2.675, which is a little less, becomes 2.67.

use super::OVERFLOW;
use crate::evaluate::call::{Call, Outcome};
use arrow::array::{ArrayRef, Float64Array, Int64Array};
use creta_expr::functions::Number;
use creta_model::{DataType, Letter};

/// Where a tie goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tie {
    Away,
    Even,
}

pub(super) fn call(function: Number, call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    let tie = if function == Number::BankersRound { Tie::Even } else { Tie::Away };
    let digits = call.optional(1, Call::ints)?;
    let Some(digits) = digits else { return to_int(function, call) };
    if *call.data_type == DataType::Int {
        let ints = call.ints(0)?;
        return Ok(call.two::<_, _, i64, Int64Array>(&ints, &digits, |value, digits| int(value, digits, tie)));
    }
    let floats = call.floats(0)?;
    Ok(call.two::<_, _, f64, Float64Array>(&floats, &digits, |value, digits| Ok(Some(float(value, digits, tie)))))
}

fn to_int(function: Number, call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    if let Ok(ints) = call.ints(0) {
        return Ok(call.one::<_, i64, Int64Array>(&ints, |value| Ok(Some(value))));
    }
    let floats = call.floats(0)?;
    Ok(call.one::<_, i64, Int64Array>(&floats, |value| {
        let whole = match function {
            Number::Floor => value.floor(),
            Number::Ceiling => value.ceil(),
            Number::Round => value.round(),
            _ => value.round_ties_even(),
        };
        let fits = (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&whole);
        if fits { Ok(Some(whole as i64)) } else { Err("the result is not a 64-bit int") }
    }))
}

fn int(value: i64, digits: i64, tie: Tie) -> Outcome<i64> {
    if digits >= 0 {
        return Ok(Some(value));
    }
    let Some(unit) = u32::try_from(-digits.max(-30)).ok().and_then(|digits| 10_i128.checked_pow(digits)) else {
        return Ok(Some(0));
    };
    let size = i128::from(value).abs();
    let (whole, rest) = (size / unit, size % unit);
    let up = match (rest * 2).cmp(&unit) {
        std::cmp::Ordering::Equal => tie == Tie::Away || whole % 2 == 1,
        order => order.is_gt(),
    };
    let rounded = (whole + i128::from(up)) * unit * i128::from(value.signum());
    i64::try_from(rounded).map(Some).map_err(|_| OVERFLOW)
}

fn float(value: f64, digits: i64, tie: Tie) -> f64 {
    // A float has at most 1,074 digits after the point and 309 before it.
    if !value.is_finite() || value == 0.0 || digits > 1_074 {
        return value;
    }
    let size = value.abs();
    let rounded = match usize::try_from(digits) {
        Ok(digits) => fraction(size, digits, tie),
        Err(_) => hundreds(size, digits.max(-400).unsigned_abs() as usize, tie),
    };
    rounded.copysign(value)
}

/// Formatting is exact and sends ties to the even digit; a tie that is to go up is a little more than a tie.
fn fraction(size: f64, digits: usize, tie: Tie) -> f64 {
    let is_tie = || {
        let places = size.to_bits().trailing_zeros().min(52);
        let exponent = ((size.to_bits() >> 52) as i64 & 0x7ff).max(1) - 1_075;
        // Binary digits after the point; there are as many decimal ones.
        -(exponent + i64::from(places)) == digits as i64 + 1
    };
    let size = if tie == Tie::Away && is_tie() { size.next_up() } else { size };
    format!("{size:.digits$}").parse().unwrap_or(size)
}

/// Rounds to tens, hundreds, … by the decimal digits of the whole part, which are exact.
fn hundreds(size: f64, zeros: usize, tie: Tie) -> f64 {
    let digits = format!("{:.0}", size.trunc());
    let padded = format!("{digits:0>width$}", width = zeros + 1);
    let (kept, dropped) = padded.split_at(padded.len() - zeros);
    let half = format!("5{}", "0".repeat(zeros - 1));
    let is_odd = kept.ends_with(['1', '3', '5', '7', '9']);
    let up = match dropped.cmp(half.as_str()) {
        std::cmp::Ordering::Equal => size.fract() > 0.0 || tie == Tie::Away || is_odd,
        order => order.is_gt(),
    };
    let kept = if up { incremented(kept) } else { kept.to_owned() };
    format!("{kept}e{zeros}").parse().unwrap_or(size)
}

fn incremented(digits: &str) -> String {
    let nines = digits.len() - digits.trim_end_matches('9').len();
    let (head, tail) = digits.split_at(digits.len() - nines);
    let (before, last) = head.split_at(head.len().saturating_sub(1));
    let next = last.bytes().next().map_or('1', |digit| char::from(digit + 1));
    format!("{before}{next}{}", "0".repeat(tail.len()))
}
