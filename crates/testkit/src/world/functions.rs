//! The Python resolvers of generated worlds: what they would return, computed here so that no interpreter is needed.

use super::definitions::SECOND;
use creta_model::Value;

/// A resolver's features by name, or the exception's text. Every seventh or so raises, returns None or leaves its
/// output unset, depending on the arguments only.
pub fn call(resolver: &str, arguments: &[(String, Value)]) -> Result<Vec<(String, Value)>, String> {
    let output = resolver.rsplit('_').next().unwrap_or_default().to_owned();
    let sum: i64 =
        arguments.iter().enumerate().map(|(position, (_, value))| (position as i64 + 1) * number(value)).sum();
    let sum = if resolver.contains(SECOND) { sum + 1_000 } else { sum };
    match sum.rem_euclid(11) {
        3 => Err("ValueError: eleven".to_owned()),
        5 => Ok(vec![(output, Value::Null)]),
        7 => Ok(Vec::new()),
        _ => Ok(vec![(output, Value::Int(sum))]),
    }
}

/// Numbers as whole ones; None counts as 1.
fn number(value: &Value) -> i64 {
    match value {
        Value::Int(value) => value % 1_000,
        Value::Float(value) if value.is_finite() => (value % 1_000.0).trunc() as i64,
        Value::List(items) | Value::Struct(items) => {
            items.iter().enumerate().map(|(position, item)| (position as i64 + 1) * number(item)).sum()
        }
        _ => 1,
    }
}
