//! Calls of functions: conversion of arguments to what the function takes, and what is typed by its options.

use super::given;
use crate::functions::{Conditional, Function};
use crate::ir::{Node, NodeKind, Program};
use creta_model::data_type::StructField;
use creta_model::errors::nearest;
use creta_model::{Code, DataType, Letter, Value};
use std::collections::BTreeMap;

/// A call whose signature says everything.
pub(super) fn plain(function: Function, mut arguments: Vec<Node>) -> Result<Node, Letter> {
    let resolved = function.resolve(&given(&arguments))?;
    for (argument, wanted) in arguments.iter_mut().zip(resolved.arguments) {
        if let Some(data_type) = wanted {
            convert(argument, data_type);
        }
    }
    Ok(Node { kind: NodeKind::Call { function, arguments }, data_type: resolved.result })
}

/// A constant is given the type, anything else is cast to it.
pub(super) fn convert(node: &mut Node, data_type: DataType) {
    if !matches!(node.kind, NodeKind::Literal(_)) {
        let function = Function::Conditional(Conditional::Cast);
        node.kind = NodeKind::Call { function, arguments: vec![node.clone()] };
    }
    node.data_type = data_type;
}

/// `cast`, to the type of its option: a name, or the JSON of a type.
pub(super) fn cast(arguments: Vec<Node>, options: &BTreeMap<String, Value>) -> Result<Node, Letter> {
    let data_type = named_type(options.get("type").unwrap_or(&Value::Null))?;
    let mut node = plain(Function::Conditional(Conditional::Cast), arguments.clone())?;
    let [from] = arguments.as_slice() else { return Ok(node) };
    if from.constant() == Some(&Value::Null) {
        return Ok(Node { kind: from.kind.clone(), data_type });
    }
    if !castable(&from.data_type, &data_type) {
        let message = format!("`cast` cannot turn {} into {data_type}.", from.data_type);
        return Err(Letter::new(Code::TypeMismatch, message));
    }
    node.data_type = data_type;
    Ok(node)
}

/// A type by its name, or the JSON of a type.
pub(super) fn named_type(written: &Value) -> Result<DataType, Letter> {
    let unknown = || Letter::new(Code::Expression, "A type is named that expressions do not know.");
    let Value::Str(written) = written else { return Err(unknown()) };
    let quoted = serde_json::Value::String(written.clone());
    serde_json::from_value(quoted).or_else(|_| serde_json::from_str(written)).map_err(|_| unknown())
}

fn castable(from: &DataType, to: &DataType) -> bool {
    use DataType::{Bool, Bytes, Date, Datetime, Float, Int, List, Str, Time, Timedelta, Vector};
    match (from, to) {
        _ if from == to => true,
        (Int | Float | Bool | Str, Int | Float | Bool | Str) => true,
        (Datetime | Date | Time, Str) | (Str | Datetime | Date, Datetime | Date) | (Str, Time) => true,
        (Bytes, Str) | (Str, Bytes) | (Timedelta, Int) | (Int, Timedelta) | (Datetime, Time) => true,
        (List(item), List(other)) => castable(item, other),
        (Vector(_), List(item)) | (List(item), Vector(_)) => item.is_number(),
        _ => false,
    }
}

/// `struct_pack`, with the names of its option.
pub(super) fn structure(arguments: Vec<Node>, options: &BTreeMap<String, Value>) -> Result<Node, Letter> {
    let names: Vec<&String> = match options.get("names") {
        Some(Value::List(names)) => {
            names.iter().filter_map(|name| if let Value::Str(name) = name { Some(name) } else { None }).collect()
        }
        _ => Vec::new(),
    };
    if names.len() != arguments.len() {
        return Err(Letter::new(Code::Expression, "`struct_pack` wants as many names as values."));
    }
    let field = |(name, node): (&&String, &Node)| StructField {
        name: (*name).clone(),
        data_type: node.data_type.clone(),
        nullable: false,
    };
    let data_type = DataType::Struct(names.iter().zip(&arguments).map(field).collect());
    Ok(Node { kind: NodeKind::Call { function: Function::Conditional(Conditional::StructPack), arguments }, data_type })
}

/// `sort_order(*keys)`: the keys, each with whether it descends and whether its nulls come first, as one program.
pub(super) fn sort_order(
    keys: Vec<Program>,
    options: &BTreeMap<String, Value>,
    largest: bool,
) -> Result<Program, Letter> {
    let each = |name: &str| match options.get(name) {
        Some(Value::List(settings)) if settings.len() == keys.len() => Ok(settings.clone()),
        None => Ok(vec![Value::Null; keys.len()]),
        Some(_) => Err(Letter::new(Code::Expression, format!("`sort_order` wants one `{name}` per key."))),
    };
    let (descending, nulls) = (each("descending")?, each("nulls")?);
    let mut program = Program { inputs: Vec::new(), root: boolean(false), nullable: false };
    let mut arguments = Vec::new();
    for ((key, descending), nulls) in keys.into_iter().zip(descending).zip(nulls) {
        arguments.push(program.adopt(key));
        arguments.push(boolean((descending == Value::Bool(true)) != largest));
        arguments.push(boolean(nulls == Value::Str("first".to_owned())));
    }
    let function = Function::Conditional(Conditional::SortOrder);
    program.root = Node { kind: NodeKind::Call { function, arguments }, data_type: DataType::Bytes };
    Ok(program)
}

fn boolean(value: bool) -> Node {
    Node { kind: NodeKind::Literal(Value::Bool(value)), data_type: DataType::Bool }
}

/// `of.name` on a struct.
pub(super) fn field(of: Node, name: &str) -> Result<Node, Letter> {
    let DataType::Struct(fields) = &of.data_type else {
        let message =
            format!("`.{name}` asks for a member of a {}, which has none that expressions can read.", of.data_type);
        return Err(Letter::new(Code::Expression, message));
    };
    let Some(position) = fields.iter().position(|field| field.name == name) else {
        let letter = Letter::new(Code::Expression, format!("The struct has no field `{name}`."));
        return Err(match nearest(name, fields.iter().map(|field| field.name.as_str())) {
            Some(near) => letter.fix(format!("Did you mean `{near}`?")),
            None => letter,
        });
    };
    let data_type = fields[position].data_type.clone();
    let place = Node { kind: NodeKind::Literal(Value::Int(position as i64)), data_type: DataType::Int };
    let function = Function::Conditional(Conditional::Field);
    Ok(Node { kind: NodeKind::Call { function, arguments: vec![of, place] }, data_type })
}

/// The type of a constant list or map, from what is in it.
pub(super) fn literal_type(value: &Value) -> Result<DataType, Letter> {
    let mixed = || Letter::new(Code::Expression, "A constant list or dict has values of different types.");
    let common = |values: &mut dyn Iterator<Item = &Value>| -> Result<DataType, Letter> {
        let mut found = None;
        for value in values.filter(|value| !value.is_null()) {
            let own = super::literal(value)?.data_type;
            found = match found {
                None => Some(own),
                Some(known) if known == own => Some(known),
                Some(known) if known.is_number() && own.is_number() => Some(DataType::Float),
                Some(_) => return Err(mixed()),
            };
        }
        Ok(found.unwrap_or(DataType::Bool))
    };
    match value {
        Value::List(items) => Ok(DataType::List(Box::new(common(&mut items.iter())?))),
        Value::Map(pairs) => {
            let keys = common(&mut pairs.iter().map(|(key, _)| key))?;
            let values = common(&mut pairs.iter().map(|(_, value)| value))?;
            Ok(DataType::Map(Box::new(keys), Box::new(values)))
        }
        _ => Err(Letter::new(Code::Expression, "A struct cannot be written as a constant here.")
            .fix("Make it with struct_pack.")),
    }
}
