//! Mathematics on ints and floats.

mod rounding;

use super::call::{Call, Outcome};
use super::cells::Read;
use arrow::array::{ArrayRef, Float64Array, Int64Array};
use creta_expr::functions::Number;
use creta_model::{DataType, Letter};
use rand::RngExt;
use std::f64::consts::{E, PI, SQRT_2};

const DOMAIN: &str = "math domain error";
const OVERFLOW: &str = "the result is larger than 64 bits";

pub(super) fn call(function: Number, call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    use Number as N;
    Ok(match function {
        N::Absolute | N::Sign if *call.data_type == DataType::Int => {
            let ints = call.ints(0)?;
            call.one::<_, i64, Int64Array>(&ints, |value| match function {
                N::Sign => Ok(Some(value.signum())),
                _ => value.checked_abs().map(Some).ok_or(OVERFLOW),
            })
        }
        N::Floor | N::Ceiling | N::Round | N::BankersRound => rounding::call(function, call)?,
        N::ArcTangent2 | N::SafeDivide => {
            let (left, right) = (call.floats(0)?, call.floats(1)?);
            call.two::<_, _, f64, Float64Array>(&left, &right, |left, right| {
                Ok(match function {
                    N::ArcTangent2 => Some(left.atan2(right)),
                    _ => (right != 0.0).then(|| left / right),
                })
            })
        }
        N::Clamp => clamp(call)?,
        N::NormalCdf => {
            let (values, means, deviations) = (call.floats(0)?, call.floats(1)?, call.floats(2)?);
            call.three::<_, _, _, f64, Float64Array>((&values, &means, &deviations), normal_cdf)
        }
        N::WidthBucket => width_bucket(call)?,
        N::E | N::Pi => call.each::<f64, Float64Array>(|_| Ok(Some(if function == N::E { E } else { PI }))),
        N::Random | N::RandomBelow => random(call)?,
        N::BitNot => {
            let ints = call.ints(0)?;
            call.one::<_, i64, Int64Array>(&ints, |value| Ok(Some(!value)))
        }
        N::BitAnd | N::BitOr | N::BitExclusiveOr | N::LeftShift | N::RightShift | N::ArithmeticRightShift => {
            let (left, right) = (call.ints(0)?, call.ints(1)?);
            call.two::<_, _, i64, Int64Array>(&left, &right, |left, right| bits(function, left, right))
        }
        _ => {
            let floats = call.floats(0)?;
            call.one::<_, f64, Float64Array>(&floats, |value| one_float(function, value))
        }
    })
}

fn one_float(function: Number, value: f64) -> Outcome<f64> {
    use Number as N;
    let outside = match function {
        N::NaturalLogarithm | N::Logarithm2 | N::Logarithm10 => value <= 0.0,
        N::SquareRoot => value < 0.0,
        N::Sine | N::Cosine => value.is_infinite(),
        N::ArcSine | N::ArcCosine => value.abs() > 1.0,
        _ => false,
    };
    if outside {
        return Err(DOMAIN);
    }
    Ok(Some(match function {
        N::Absolute => value.abs(),
        N::Sign if value.is_nan() || value == 0.0 => value + 0.0,
        N::Sign => value.signum(),
        N::SquareRoot => value.sqrt(),
        N::CubeRoot => value.cbrt(),
        N::Exponential => value.exp(),
        N::NaturalLogarithm => value.ln(),
        N::Logarithm2 => value.log2(),
        N::Logarithm10 => value.log10(),
        N::Sine => value.sin(),
        N::Cosine => value.cos(),
        N::ArcSine => value.asin(),
        N::ArcCosine => value.acos(),
        N::ArcTangent => value.atan(),
        N::HyperbolicCosine => value.cosh(),
        N::HyperbolicTangent => value.tanh(),
        N::Sigmoid if value >= 0.0 => 1.0 / (1.0 + (-value).exp()),
        N::Sigmoid => value.exp() / (1.0 + value.exp()),
        N::Radians => value.to_radians(),
        N::Degrees => value.to_degrees(),
        _ => return Ok(None),
    }))
}

/// The upper edge wins when the edges are the wrong way round; NaN anywhere gives NaN.
fn clamp(call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    if *call.data_type == DataType::Int {
        let (values, low, high) = (call.ints(0)?, call.ints(1)?, call.ints(2)?);
        let clamped = |value: i64, low: i64, high: i64| Ok(Some(value.max(low).min(high)));
        return Ok(call.three::<_, _, _, i64, Int64Array>((&values, &low, &high), clamped));
    }
    let cells = [call.argument(0)?.as_floats()?, call.argument(1)?.as_floats()?, call.argument(2)?.as_floats()?];
    let (values, low, high) = (cells[0].floats()?, cells[1].floats()?, cells[2].floats()?);
    Ok(call.three::<_, _, _, f64, Float64Array>((&values, &low, &high), |value, low, high| {
        let is_nan = value.is_nan() || low.is_nan() || high.is_nan();
        Ok(Some(if is_nan { f64::NAN } else { value.max(low).min(high) }))
    }))
}

fn normal_cdf(value: f64, mean: f64, deviation: f64) -> Outcome<f64> {
    if deviation <= 0.0 {
        return Err("the standard deviation is not positive");
    }
    Ok(Some(0.5 * libm::erfc((mean - value) / (deviation * SQRT_2))))
}

/// The bucket among n of equal width: 0 before the range, n + 1 after it; a range may descend.
fn width_bucket(call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    let (values, lows, highs, counts) = (call.floats(0)?, call.floats(1)?, call.floats(2)?, call.ints(3)?);
    Ok(call.each::<i64, Int64Array>(|row| {
        let edges = (lows.get(row), highs.get(row), counts.get(row));
        let (Some(value), (Some(low), Some(high), Some(count))) = (values.get(row), edges) else { return Ok(None) };
        if count <= 0 || low == high || value.is_nan() || !low.is_finite() || !high.is_finite() {
            return Err("there are no such buckets");
        }
        let (value, low, high) = if low > high { (-value, -low, -high) } else { (value, low, high) };
        Ok(match value {
            _ if value < low => Some(0),
            _ if value >= high => count.checked_add(1),
            _ => {
                let width = high - low;
                let share = if width.is_finite() { (value - low) / width } else { value / width - low / width };
                Some(((share * count as f64) as i64).min(count - 1) + 1)
            }
        })
    }))
}

/// `rand()` and `random()` of [0, 1), `random(n)` of the ints below n.
fn random(call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    let mut source = rand::rng();
    let Some(limits) = call.optional(0, Call::ints)? else {
        return Ok(call.each::<f64, Float64Array>(|_| Ok(Some(source.random::<f64>()))));
    };
    Ok(call.one::<_, i64, Int64Array>(&limits, |limit| match limit {
        1.. => Ok(Some(source.random_range(0..limit))),
        _ => Err("there is no int below 1"),
    }))
}

fn bits(function: Number, left: i64, right: i64) -> Outcome<i64> {
    use Number as N;
    let places = match function {
        N::BitAnd => return Ok(Some(left & right)),
        N::BitOr => return Ok(Some(left | right)),
        N::BitExclusiveOr => return Ok(Some(left ^ right)),
        _ => u32::try_from(right.min(64)).map_err(|_| "a shift cannot be negative")?,
    };
    Ok(Some(match function {
        N::LeftShift => left.checked_shl(places).unwrap_or(0),
        N::RightShift => left.cast_unsigned().checked_shr(places).unwrap_or(0).cast_signed(),
        _ => left >> places.min(63),
    }))
}
