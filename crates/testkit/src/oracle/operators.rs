//! Python's operators on single values, and the aggregates of framework §4.2 by plain loops.

use creta_model::Value;
use std::cmp::Ordering;

/// A function of the expression language; None where Python would raise.
pub(super) fn call(function: &str, arguments: &[Value]) -> Option<Value> {
    match (function, arguments) {
        ("&" | "|", [Value::Int(left), Value::Int(right)]) => ints(function, *left, *right),
        ("&" | "|", [left, right]) => Some(kleene(function, left, right)),
        ("coalesce", values) => Some(values.iter().find(|value| !value.is_null()).cloned().unwrap_or(Value::Null)),
        ("is_null", [value]) => Some(Value::Bool(value.is_null())),
        ("is_not_null", [value]) => Some(Value::Bool(!value.is_null())),
        ("when" | "if_then_else", values) => Some(branch(values)),
        (_, values) if values.iter().any(Value::is_null) => Some(Value::Null),
        ("~", [Value::Bool(value)]) => Some(Value::Bool(!value)),
        ("~", [Value::Int(value)]) => Some(Value::Int(-1 - value)),
        ("neg", [Value::Int(value)]) => value.checked_neg().map(Value::Int),
        ("neg", [Value::Float(value)]) => Some(Value::Float(-value)),
        ("==", [left, right]) => Some(Value::Bool(order(Some(left), Some(right)) == Some(Ordering::Equal))),
        ("!=", [left, right]) => Some(Value::Bool(order(Some(left), Some(right)) != Some(Ordering::Equal))),
        ("<" | "<=" | ">" | ">=", [left, right]) => {
            let order = order(Some(left), Some(right));
            Some(Value::Bool(match function {
                "<" => order == Some(Ordering::Less),
                "<=" => matches!(order, Some(Ordering::Less | Ordering::Equal)),
                ">" => order == Some(Ordering::Greater),
                _ => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
            }))
        }
        (_, [left, right]) => arithmetic(function, left, right),
        _ => None,
    }
}

fn branch(values: &[Value]) -> Value {
    let mut rest = values;
    while let [condition, value, others @ ..] = rest {
        if *condition == Value::Bool(true) {
            return value.clone();
        }
        rest = others;
    }
    rest.first().cloned().unwrap_or(Value::Null)
}

fn kleene(function: &str, left: &Value, right: &Value) -> Value {
    // `&` is decided by a false, `|` by a true.
    let decisive = Value::Bool(function == "|");
    match (left, right) {
        (left, right) if *left == decisive || *right == decisive => decisive,
        (left, right) if left.is_null() || right.is_null() => Value::Null,
        _ => Value::Bool(function == "&"),
    }
}

fn arithmetic(function: &str, left: &Value, right: &Value) -> Option<Value> {
    match (left, right) {
        (Value::Int(left), Value::Int(right)) if function != "/" => ints(function, *left, *right),
        (Value::Str(left), Value::Str(right)) if function == "+" => Some(Value::Str(format!("{left}{right}"))),
        (Value::Datetime(left), Value::Datetime(right)) if function == "-" => Some(Value::Timedelta(left - right)),
        (Value::Datetime(left), Value::Timedelta(right)) if function == "-" => Some(Value::Datetime(left - right)),
        (Value::Datetime(left), Value::Timedelta(right)) if function == "+" => Some(Value::Datetime(left + right)),
        _ => floats(function, number(left)?, number(right)?),
    }
}

fn ints(function: &str, left: i64, right: i64) -> Option<Value> {
    let (wide, other) = (i128::from(left), i128::from(right));
    let result = match function {
        "+" => wide + other,
        "-" => wide - other,
        "*" => wide * other,
        "//" if right != 0 => {
            let quotient = wide / other;
            quotient - i128::from(wide % other != 0 && (wide < 0) != (other < 0))
        }
        "%" if right != 0 => {
            let rest = wide % other;
            if rest != 0 && (rest < 0) != (other < 0) { rest + other } else { rest }
        }
        "&" | "|" | "^" => i128::from(bits(function, left, right)),
        "<<" if left == 0 && right >= 0 => 0,
        "<<" if (0..64).contains(&right) => wide << right,
        ">>" if right >= 0 => wide >> right.min(64),
        "**" => return u32::try_from(right).ok().and_then(|power| left.checked_pow(power)).map(Value::Int),
        _ => return None,
    };
    i64::try_from(result).ok().map(Value::Int)
}

/// Bit by bit, the lowest first.
fn bits(function: &str, left: i64, right: i64) -> i64 {
    let bit = |place: u32| match ((left >> place) & 1, (right >> place) & 1) {
        (1, 1) => function != "^",
        (0, 0) => false,
        _ => function != "&",
    };
    (0..64).filter(|place| bit(*place)).fold(0, |found, place| found | (1 << place))
}

fn floats(function: &str, left: f64, right: f64) -> Option<Value> {
    if matches!(function, "/" | "//" | "%") && right == 0.0 {
        return None;
    }
    Some(Value::Float(match function {
        "+" => left + right,
        "-" => left - right,
        "*" => left * right,
        "/" => left / right,
        "//" => divided(left, right).0,
        "%" => divided(left, right).1,
        "**" => left.powf(right),
        _ => return None,
    }))
}

/// Quotient and rest as CPython's `float_divmod` gives them: from the exact rest, whose sign is the divisor's.
fn divided(left: f64, right: f64) -> (f64, f64) {
    let exact = left % right;
    let mut quotient = (left - exact) / right;
    let mut rest = exact;
    if rest == 0.0 {
        rest = 0.0_f64.copysign(right);
    } else if (right < 0.0) != (rest < 0.0) {
        rest += right;
        quotient -= 1.0;
    }
    let floor = quotient.floor();
    (if quotient - floor > 0.5 { floor + 1.0 } else { floor }, rest)
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Int(value) => Some(*value as f64),
        Value::Float(value) => Some(*value),
        _ => None,
    }
}

/// How two values of comparable types compare; None for NaN and for what cannot be compared.
pub(super) fn order(left: Option<&Value>, right: Option<&Value>) -> Option<Ordering> {
    match (left?, right?) {
        (Value::Int(left), Value::Int(right)) => Some(left.cmp(right)),
        (Value::Str(left), Value::Str(right)) => Some(left.cmp(right)),
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        (Value::Datetime(left), Value::Datetime(right)) | (Value::Timedelta(left), Value::Timedelta(right)) => {
            Some(left.cmp(right))
        }
        (Value::Date(left), Value::Date(right)) => Some(left.cmp(right)),
        (left, right) => number(left)?.partial_cmp(&number(right)?),
    }
}

/// Framework §4.2, nulls and empty sets as its table says.
pub(super) fn aggregate(function: &str, values: &[Value], by: &[Value]) -> Option<Value> {
    let present: Vec<&Value> = values.iter().filter(|value| !value.is_null()).collect();
    let numbers: Vec<f64> = present.iter().filter_map(|value| number(value)).collect();
    let floats = present.iter().any(|value| matches!(value, Value::Float(_)));
    Some(match function {
        "count" => Value::Int(values.len() as i64),
        "sum" if floats => Value::Float(numbers.iter().sum()),
        "sum" => {
            let ints = present.iter().map(|value| if let Value::Int(value) = value { i128::from(*value) } else { 0 });
            Value::Int(i64::try_from(ints.sum::<i128>()).ok()?)
        }
        "mean" if numbers.is_empty() => Value::Null,
        "mean" => Value::Float(numbers.iter().sum::<f64>() / numbers.len() as f64),
        "min" | "max" => {
            let wanted = if function == "min" { Ordering::Less } else { Ordering::Greater };
            let better = |best: &'_ Value, next: &'_ Value| order(Some(next), Some(best)) == Some(wanted);
            let best = present.into_iter().reduce(|best, next| if better(best, next) { next } else { best });
            best.cloned().unwrap_or(Value::Null)
        }
        "any" => Value::Bool(present.contains(&&Value::Bool(true))),
        "all" => Value::Bool(!present.contains(&&Value::Bool(false))),
        "std" | "var" if numbers.len() < 2 => Value::Null,
        "std" | "var" => {
            let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
            let squares = numbers.iter().map(|number| (number - mean) * (number - mean)).sum::<f64>();
            let variance = squares / (numbers.len() - 1) as f64;
            Value::Float(if function == "std" { variance.sqrt() } else { variance })
        }
        "max_by" | "min_by" => {
            let wanted = if function == "min_by" { Ordering::Less } else { Ordering::Greater };
            let mut best: Option<usize> = None;
            for row in (0..values.len()).filter(|row| !by[*row].is_null()) {
                let better = |old: usize| order(Some(&by[row]), Some(&by[old])) == Some(wanted);
                if best.is_none_or(better) {
                    best = Some(row);
                }
            }
            best.or_else(|| (!values.is_empty()).then_some(0)).map_or(Value::Null, |row| values[row].clone())
        }
        _ => return None,
    })
}
