//! JSON in strings: values at paths, and writing.

use super::call::{Call, Outcome};
use super::cells::Read;
use super::dates::{iso_date, iso_time};
use super::lists::TextLists;
use crate::evaluate::bytes::BASE64;
use arrow::array::{ArrayRef, LargeStringArray};
use base64::Engine;
use chrono::NaiveTime;
use creta_expr::functions::Json as Function;
use creta_expr::notation::json_path::{Step, parse};
use creta_model::{DataType, Letter, Value};
use creta_ports::arrays::value_at;
use serde_json::ser::Formatter;
use serde_json::{Map, Number, Value as Json};
use std::collections::HashMap;
use std::io::{Result as Written, Write};

const NO_PATH: &str = "the path is not one of names, places and `*`";
const NO_JSON: &str = "the text is not JSON";

/// Paths by their text; each is read once per batch.
#[derive(Default)]
struct Paths<'a>(HashMap<&'a str, Option<Vec<Step>>>);

impl<'a> Paths<'a> {
    fn get(&mut self, path: &'a str) -> Result<&[Step], &'static str> {
        self.0.entry(path).or_insert_with(|| parse(path)).as_deref().ok_or(NO_PATH)
    }
}

pub(super) fn call(function: Function, call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    Ok(match function {
        Function::Value | Function::ValueStrict => {
            let (texts, paths) = (call.texts(0)?, call.texts(1)?);
            let mut known = Paths::default();
            call.two::<_, _, String, LargeStringArray>(&texts, &paths, |text, path| {
                let steps = known.get(path)?;
                match serde_json::from_str::<Json>(text) {
                    Ok(document) => Ok(match nodes(&document, steps).as_slice() {
                        [one] => scalar(one),
                        _ => None,
                    }),
                    Err(_) if function == Function::ValueStrict => Err(NO_JSON),
                    Err(_) => Ok(None),
                }
            })
        }
        Function::ExtractArray => extracted(call)?,
        Function::Parse => {
            let texts = call.texts(0)?;
            call.one::<_, String, LargeStringArray>(&texts, |text| {
                let document = serde_json::from_str(text).map_err(|_| NO_JSON)?;
                written(&document)
            })
        }
        Function::Write => write(call)?,
    })
}

/// All that a path leads to.
fn nodes<'a>(document: &'a Json, steps: &[Step]) -> Vec<&'a Json> {
    let mut reached = vec![document];
    for step in steps {
        reached = reached.into_iter().flat_map(|node| children(node, step)).collect();
    }
    reached
}

fn children<'a>(node: &'a Json, step: &Step) -> Vec<&'a Json> {
    match (step, node) {
        (Step::Name(name), Json::Object(members)) => members.get(name).into_iter().collect(),
        (Step::Place(place), Json::Array(items)) => {
            let counted = if *place < 0 { place.saturating_add(items.len() as i64) } else { *place };
            usize::try_from(counted).ok().and_then(|place| items.get(place)).into_iter().collect()
        }
        (Step::Every, Json::Object(members)) => members.values().collect(),
        (Step::Every, Json::Array(items)) => items.iter().collect(),
        _ => Vec::new(),
    }
}

/// The text of a scalar, strings without quotes; null for anything else.
fn scalar(node: &Json) -> Option<String> {
    match node {
        Json::Null | Json::Array(_) | Json::Object(_) => None,
        Json::String(text) => Some(text.clone()),
        other => written(other).ok().flatten(),
    }
}

/// The scalars of the one list that the path leads to, or all that a path with `*` leads to.
fn extracted(call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    let (texts, paths) = (call.texts(0)?, call.texts(1)?);
    let (mut known, mut lists) = (Paths::default(), TextLists::new());
    for row in 0..call.rows {
        let outcome = match (texts.get(row), paths.get(row)) {
            (Some(text), Some(path)) => known.get(path).map(|steps| {
                let document: Json = serde_json::from_str(text).ok()?;
                let items = items(nodes(&document, steps), steps.contains(&Step::Every))?;
                items.into_iter().for_each(|node| lists.push(scalar(node).as_deref()));
                Some(())
            }),
            _ => Ok(None),
        };
        let is_there = call.settle(row, outcome).is_some();
        lists.close(is_there);
    }
    lists.finish()
}

fn items(found: Vec<&Json>, every: bool) -> Option<Vec<&Json>> {
    match found.as_slice() {
        [] => None,
        _ if every => Some(found),
        [Json::Array(items)] => Some(items.iter().collect()),
        _ => None,
    }
}

fn write(call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    let cells = call.argument(0)?;
    let (array, data_type) = (cells.array().clone(), call.types[0].clone());
    let scalar = cells.is_scalar();
    Ok(call.each::<String, LargeStringArray>(|row| match value_at(array.as_ref(), if scalar { 0 } else { row }) {
        Value::Null => Ok(None),
        value => written(&json_of(&value, &data_type)),
    }))
}

/// Times are ISO 8601, bytes base 64, NaN and infinities null.
fn json_of(value: &Value, data_type: &DataType) -> Json {
    match (value, data_type) {
        (Value::Null, _) => Json::Null,
        (Value::Bool(value), _) => Json::Bool(*value),
        (Value::Int(value) | Value::Timedelta(value), _) => Json::from(*value),
        (Value::Float(value), _) => Number::from_f64(*value).map_or(Json::Null, Json::Number),
        (Value::Str(text), _) => Json::String(text.clone()),
        (Value::Bytes(bytes), _) => Json::String(BASE64.encode(bytes)),
        (Value::Datetime(instant), _) => Json::String(iso_time(*instant)),
        (Value::Date(day), _) => Json::String(iso_date(*day)),
        (Value::Time(time), _) => {
            let (seconds, rest) = (time.div_euclid(1_000_000), time.rem_euclid(1_000_000));
            let time = NaiveTime::from_num_seconds_from_midnight_opt(seconds as u32, rest as u32 * 1_000);
            time.map_or(Json::Null, |time| Json::String(time.to_string()))
        }
        (Value::List(items), DataType::List(item)) => items.iter().map(|value| json_of(value, item)).collect(),
        (Value::List(items), _) => items.iter().map(|value| json_of(value, &DataType::Float)).collect(),
        (Value::Struct(values), DataType::Struct(fields)) => {
            let member = |(value, field): (&Value, &creta_model::data_type::StructField)| {
                (field.name.clone(), json_of(value, &field.data_type))
            };
            Json::Object(values.iter().zip(fields).map(member).collect())
        }
        (Value::Map(pairs), DataType::Map(key, item)) => {
            let pair = |(name, value): &(Value, Value)| (name_of(&json_of(name, key)), json_of(value, item));
            Json::Object(pairs.iter().map(pair).collect::<Map<String, Json>>())
        }
        _ => Json::Null,
    }
}

fn name_of(key: &Json) -> String {
    scalar(key).unwrap_or_else(|| "null".to_owned())
}

/// Without spaces, floats as Python writes them.
fn written(document: &Json) -> Outcome<String> {
    let mut bytes = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, Python);
    serde::Serialize::serialize(document, &mut serializer).map_err(|_| NO_JSON)?;
    String::from_utf8(bytes).map(Some).map_err(|_| NO_JSON)
}

struct Python;

impl Formatter for Python {
    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, value: f64) -> Written<()> {
        let scientific = format!("{value:e}");
        let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
        match exponent.parse::<i32>() {
            Ok(exponent) if !(-4..16).contains(&exponent) => {
                write!(writer, "{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs())
            }
            _ => write!(writer, "{value:?}"),
        }
    }
}
