//! JSON values → values of a feature's type, without loss (decision 12). Text is not a number here.

use super::instants::{parse_date, parse_duration, parse_instant, parse_time};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use creta_model::data_type::StructField;
use creta_model::{DataType, Value};
use serde_json::Value as Json;

/// Reads a JSON value as `data_type`. Errors: what was found, in words.
pub fn value_of(json: &Json, data_type: &DataType) -> Result<Value, String> {
    let value = match (json, data_type) {
        (Json::Null, _) => Some(Value::Null),
        (Json::Bool(value), DataType::Bool) => Some(Value::Bool(*value)),
        (Json::Number(number), DataType::Int) => whole(number).map(Value::Int),
        (Json::Number(number), DataType::Float) => exact_float(number).map(Value::Float),
        (Json::String(text), DataType::Str) => Some(Value::Str(text.clone())),
        (Json::String(text), DataType::Bytes) => STANDARD.decode(text).ok().map(Value::Bytes),
        (Json::String(text), DataType::Datetime) => parse_instant(text).map(Value::Datetime),
        (Json::String(text), DataType::Date) => parse_date(text).map(Value::Date),
        (Json::String(text), DataType::Time) => parse_time(text).map(Value::Time),
        (Json::String(text), DataType::Timedelta) => parse_duration(text).map(Value::Timedelta),
        (Json::Array(items), DataType::List(item)) => return all(items, item).map(Value::List),
        (Json::Array(items), DataType::Vector(size)) if usize::try_from(*size) == Ok(items.len()) => {
            return all(items, &DataType::Float).map(Value::List);
        }
        (Json::Array(items), DataType::Struct(fields)) if items.len() == fields.len() => {
            let values = items.iter().zip(fields).map(|(item, field)| value_of(item, &field.data_type));
            return values.collect::<Result<_, _>>().map(Value::Struct);
        }
        (Json::Object(members), DataType::Struct(fields)) => return structure(members, fields),
        (_, DataType::Map(key, item)) => return map(json, key, item),
        _ => None,
    };
    value.ok_or_else(|| format!("{} cannot be read as {data_type}", described(json)))
}

fn all(items: &[Json], data_type: &DataType) -> Result<Vec<Value>, String> {
    items.iter().map(|item| value_of(item, data_type)).collect()
}

fn structure(members: &serde_json::Map<String, Json>, fields: &[StructField]) -> Result<Value, String> {
    if let Some(unknown) = members.keys().find(|name| fields.iter().all(|field| field.name != **name)) {
        return Err(format!("the struct has no member `{unknown}`"));
    }
    let member = |field: &StructField| value_of(members.get(&field.name).unwrap_or(&Json::Null), &field.data_type);
    fields.iter().map(member).collect::<Result<_, _>>().map(Value::Struct)
}

/// A map is an object when its keys are text, and a list of pairs whatever they are.
fn map(json: &Json, key: &DataType, item: &DataType) -> Result<Value, String> {
    let pair = |pair: &Json| match pair.as_array().map(Vec::as_slice) {
        Some([first, second]) => Ok((value_of(first, key)?, value_of(second, item)?)),
        _ => Err("a map's entry is not a pair".to_owned()),
    };
    match (json, key) {
        (Json::Object(members), DataType::Str) => {
            let pairs = members.iter().map(|(name, value)| Ok((Value::Str(name.clone()), value_of(value, item)?)));
            pairs.collect::<Result<_, String>>().map(Value::Map)
        }
        (Json::Array(pairs), _) => pairs.iter().map(pair).collect::<Result<_, _>>().map(Value::Map),
        _ => Err(format!("{} cannot be read as a map", described(json))),
    }
}

/// 7 and 7.0 are whole, 7.5 is not.
fn whole(number: &serde_json::Number) -> Option<i64> {
    number.as_i64().or_else(|| {
        let float = number.as_f64().filter(|_| number.is_f64())?;
        let fits = float.fract() == 0.0 && float >= i64::MIN as f64 && float < i64::MAX as f64;
        fits.then_some(float as i64)
    })
}

fn exact_float(number: &serde_json::Number) -> Option<f64> {
    let float = number.as_f64()?;
    match number.as_i64() {
        Some(int) => (float as i64 == int && (float as i128) == i128::from(int)).then_some(float),
        None => Some(float),
    }
}

fn described(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(number) if number.as_f64().is_some_and(|float| float.abs() >= 9.3e18) => {
            "a number that is too large"
        }
        Json::Number(number) if number.is_f64() => "a fractional number",
        Json::Number(_) => "a whole number",
        Json::String(_) => "text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}
