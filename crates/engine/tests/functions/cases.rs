//! The format of the expected values, as `functions/README.md` describes it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, NaiveDate};
use creta_model::data_type::StructField;
use creta_model::{DataType, Expression, Value};
use serde::Deserialize;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::path::Path;

#[derive(Debug, Deserialize)]
pub struct Case {
    #[serde(default)]
    pub function: Option<String>,
    #[serde(default)]
    pub aggregate: Option<String>,
    #[serde(default)]
    pub arguments: Vec<Argument>,
    #[serde(default)]
    column: Option<Argument>,
    #[serde(default)]
    by: Option<Argument>,
    #[serde(default)]
    order: Vec<Key>,
    #[serde(default)]
    options: BTreeMap<String, Json>,
    pub result: Expected,
    raises: Json,
    #[serde(default)]
    tolerance: Option<Json>,
}

#[derive(Debug, Deserialize)]
pub struct Argument {
    #[serde(rename = "type")]
    written: Json,
    #[serde(default)]
    pub values: Option<Vec<Json>>,
    #[serde(default)]
    constant: Option<Json>,
    #[serde(default)]
    pub expression: Option<Expression>,
}

#[derive(Debug, Deserialize)]
struct Key {
    #[serde(rename = "type")]
    data_type: DataType,
    values: Vec<Json>,
    descending: bool,
    nulls: String,
}

#[derive(Debug, Deserialize)]
pub struct Expected {
    #[serde(rename = "type")]
    pub data_type: DataType,
    #[serde(default)]
    pub values: Option<Vec<Json>>,
    #[serde(default)]
    pub value: Option<Json>,
}

pub fn read(family: &str) -> Vec<Case> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/functions/expected").join(format!("{family}.json"));
    let text = std::fs::read_to_string(&path).unwrap();
    let mut cases: Vec<Json> = serde_json::from_str(&with_exact_floats(&text)).unwrap();
    // `null` is a value of a constant and of a result, not their absence.
    for case in &mut cases {
        for argument in case.get_mut("arguments").and_then(Json::as_array_mut).into_iter().flatten() {
            keep_null(argument, "constant");
        }
        keep_null(&mut case["result"], "value");
    }
    cases.into_iter().map(|case| serde_json::from_value(case).unwrap()).collect()
}

/// Floats as strings, because serde_json reads some of them a digit off where the standard library is exact.
fn with_exact_floats(text: &str) -> String {
    let (mut exact, mut number, mut in_string, mut escaped) = (String::new(), String::new(), false, false);
    for letter in text.chars() {
        if !in_string
            && (letter.is_ascii_digit() || (matches!(letter, '-' | '+' | '.' | 'e') && is_number(&number, letter)))
        {
            number.push(letter);
            continue;
        }
        let quote = if number.contains(['.', 'e']) { "\"" } else { "" };
        exact += &format!("{quote}{}{quote}{letter}", std::mem::take(&mut number));
        in_string ^= letter == '"' && !escaped;
        escaped = letter == '\\' && !escaped;
    }
    exact
}

/// Whether a sign, a point or an exponent goes on with a number; only a minus begins one.
fn is_number(before: &str, letter: char) -> bool {
    letter == '-' || !before.is_empty()
}

fn keep_null(json: &mut Json, key: &str) {
    if let Some(value) = json.get_mut(key).filter(|value| value.is_null()) {
        *value = Json::from("<null>");
    }
}

impl Argument {
    pub fn data_type(&self) -> DataType {
        serde_json::from_value(self.written.clone()).unwrap()
    }

    pub fn constant_value(&self) -> Value {
        match &self.constant {
            Some(Json::String(text)) if text == "<null>" => Value::Null,
            Some(json) => decode(&self.data_type(), json),
            None => panic!("an argument without value"),
        }
    }
}

/// Columns by name, with their values.
pub type Columns = Vec<(String, DataType, Vec<Value>)>;

impl Case {
    pub fn tolerance(&self) -> Option<f64> {
        self.tolerance
            .as_ref()
            .map(|written| if let Value::Float(number) = decode(&DataType::Float, written) { number } else { 0.0 })
    }

    pub fn raises_at(&self, row: usize) -> bool {
        self.raises[row] == true
    }

    pub fn fails(&self) -> bool {
        self.raises == true || self.raises.as_array().is_some_and(|rows| rows.contains(&Json::Bool(true)))
    }

    /// Arguments for messages.
    pub fn shown(&self) -> String {
        let shown = |argument: &Argument| match (&argument.constant, &argument.values) {
            (Some(constant), _) => constant.to_string(),
            _ => argument.written.to_string(),
        };
        let arguments: Vec<String> = self.arguments.iter().chain(&self.column).chain(&self.by).map(shown).collect();
        format!("{} {}", arguments.join(", "), serde_json::to_string(&self.options).unwrap())
    }

    /// The options as the SDK guesses their values.
    pub fn options(&self) -> BTreeMap<String, Value> {
        self.options.iter().map(|(name, json)| (name.clone(), guess(json))).collect()
    }

    /// The columns of an aggregate: the value, the order, the keys of an order.
    pub fn columns(&self) -> Columns {
        let column = |name: &str, argument: &Argument| {
            let data_type = argument.data_type();
            let values = argument.values.iter().flatten().map(|json| decode(&data_type, json)).collect();
            (name.to_owned(), data_type, values)
        };
        let mut columns: Columns = self.column.iter().map(|argument| column("value", argument)).collect();
        columns.extend(self.by.iter().map(|argument| column("by", argument)));
        columns.extend(self.order.iter().enumerate().map(|(place, key)| {
            let values = key.values.iter().map(|json| decode(&key.data_type, json)).collect();
            (format!("key{place}"), key.data_type.clone(), values)
        }));
        columns
    }

    /// The aggregate as the SDK writes it.
    pub fn aggregation(&self) -> Expression {
        let this = |name: &str| Expression::Attribute { of: Box::new(Expression::This), name: name.to_owned() };
        let name = self.aggregate.clone().unwrap();
        let mut options = self.options();
        let limit = if name == "head" { options.remove("n") } else { None };
        let limit = limit.map(|limit| if let Value::Int(limit) = limit { limit as u64 } else { 0 });
        let of =
            Expression::Rows { of: Box::new(this("rows")), items: vec![this("value")], filters: Vec::new(), limit };
        let mut arguments: Vec<Expression> = self.by.iter().map(|_| this("by")).collect();
        if !self.order.is_empty() {
            arguments.push(self.sort_order());
        }
        if name.ends_with("_n") {
            arguments.extend(options.remove("n").map(Expression::Literal));
        }
        let function = if name == "head" { "array_agg".to_owned() } else { name };
        Expression::Aggregate { of: Box::new(of), function, arguments, options }
    }

    fn sort_order(&self) -> Expression {
        let key = |place: usize| Expression::Attribute { of: Box::new(Expression::This), name: format!("key{place}") };
        let descending = self.order.iter().map(|key| Value::Bool(key.descending)).collect();
        let nulls = self.order.iter().map(|key| Value::Str(key.nulls.clone())).collect();
        Expression::Call {
            function: "sort_order".to_owned(),
            arguments: (0..self.order.len()).map(key).collect(),
            options: [("descending".to_owned(), Value::List(descending)), ("nulls".to_owned(), Value::List(nulls))]
                .into(),
        }
    }
}

fn guess(json: &Json) -> Value {
    match json {
        Json::Bool(value) => Value::Bool(*value),
        Json::String(text) => text.parse().map_or_else(|_| Value::Str(text.clone()), Value::Float),
        Json::Array(items) => Value::List(items.iter().map(guess).collect()),
        Json::Number(number) => number.as_i64().map_or_else(|| Value::Float(number.as_f64().unwrap()), Value::Int),
        Json::Null | Json::Object(_) => Value::Null,
    }
}

/// A value of a type, as the README says that it is written.
pub fn decode(data_type: &DataType, json: &Json) -> Value {
    let text = || json.as_str().unwrap();
    match data_type {
        _ if json.is_null() || *json == "<null>" => Value::Null,
        DataType::Int => Value::Int(json.as_i64().unwrap()),
        DataType::Float => Value::Float(json.as_f64().unwrap_or_else(|| text().parse().unwrap())),
        DataType::Bool => Value::Bool(json.as_bool().unwrap()),
        DataType::Str => Value::Str(text().to_owned()),
        DataType::Bytes => Value::Bytes(STANDARD.decode(text()).unwrap()),
        DataType::Datetime => Value::Datetime(DateTime::parse_from_rfc3339(text()).unwrap().timestamp_micros()),
        DataType::Date => {
            let day: NaiveDate = text().parse().unwrap();
            Value::Date(day.to_epoch_days())
        }
        DataType::Timedelta => Value::Timedelta(json.as_i64().unwrap()),
        DataType::List(item) => Value::List(json.as_array().unwrap().iter().map(|json| decode(item, json)).collect()),
        DataType::Map(key, item) => {
            let pair = |pair: &Json| (decode(key, &pair[0]), decode(item, &pair[1]));
            Value::Map(json.as_array().unwrap().iter().map(pair).collect())
        }
        DataType::Struct(fields) => {
            let field = |field: &StructField| decode(&field.data_type, &json[field.name.as_str()]);
            Value::Struct(fields.iter().map(field).collect())
        }
        DataType::Time | DataType::Vector(_) => panic!("no case has {data_type}"),
    }
}

/// Floats within the tolerance, or to the bit; NaN equals NaN. Everything else exactly.
pub fn agree(wanted: &Value, found: &Value, tolerance: Option<f64>) -> bool {
    match (wanted, found) {
        (Value::Float(wanted), Value::Float(found)) => match tolerance {
            _ if wanted.to_bits() == found.to_bits() || (wanted.is_nan() && found.is_nan()) => true,
            Some(tolerance) if *wanted == 0.0 => found.abs() <= tolerance,
            Some(tolerance) => (wanted - found).abs() <= tolerance * wanted.abs(),
            None => wanted == found && *wanted != 0.0,
        },
        (Value::List(wanted), Value::List(found)) | (Value::Struct(wanted), Value::Struct(found)) => {
            let pairs = wanted.iter().zip(found);
            wanted.len() == found.len() && pairs.into_iter().all(|(wanted, found)| agree(wanted, found, tolerance))
        }
        (Value::Map(wanted), Value::Map(found)) => {
            let same = |((key, value), (other, item)): (&(Value, Value), &(Value, Value))| {
                key == other && agree(value, item, tolerance)
            };
            wanted.len() == found.len() && wanted.iter().zip(found).all(same)
        }
        _ => wanted == found,
    }
}
