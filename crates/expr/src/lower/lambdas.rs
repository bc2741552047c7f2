//! Functions of the user's over lists: `lambda x: x > 2` is a call of `lambda`, its parameters are calls of `parameter`.

use super::Lowering;
use super::calls::convert;
use crate::ir::{Node, NodeKind, Walk};
use creta_model::{Code, DataType, Expression, Letter, Value};
use std::collections::BTreeMap;

type Options = BTreeMap<String, Value>;

/// The functions that take a lambda.
pub(super) fn named(name: &str) -> Option<Walk> {
    match name {
        "array_filter" => Some(Walk::Filter),
        "array_transform" => Some(Walk::Transform),
        "zip_with" => Some(Walk::Zip),
        "array_reduce" => Some(Walk::Reduce),
        _ => None,
    }
}

impl Lowering<'_> {
    pub(super) fn walk(
        &mut self,
        walk: Walk,
        name: &str,
        arguments: &[Expression],
        options: &Options,
    ) -> Result<Node, Letter> {
        let misused = || Letter::new(Code::Expression, format!("`{name}` wants lists and a lambda after them."));
        let is_lambda =
            |argument: &&Expression| matches!(argument, Expression::Call { function, .. } if function == "lambda");
        let first = arguments.iter().position(|argument| is_lambda(&argument)).ok_or_else(misused)?;
        let (given, lambdas) = arguments.split_at(first);
        let mut given = given.iter().map(|argument| self.value(argument)).collect::<Result<Vec<_>, _>>()?;
        if given.is_empty() {
            return Err(misused());
        }
        let counted = if walk == Walk::Reduce { &mut given[..1] } else { given.as_mut_slice() };
        let items =
            counted.iter_mut().map(|list| item_type(list).ok_or_else(misused)).collect::<Result<Vec<_>, _>>()?;
        match (walk, given.as_mut_slice(), lambdas) {
            (Walk::Filter | Walk::Transform, [_], [lambda]) | (Walk::Zip, [_, ..], [lambda]) => {
                let item = items[0].clone();
                let body = self.lambda(lambda, items)?;
                let made = if walk == Walk::Filter { item } else { body.data_type.clone() };
                if walk == Walk::Filter && body.data_type != DataType::Bool {
                    let message = format!("`{name}` wants a condition, but the lambda gives {}.", body.data_type);
                    return Err(Letter::new(Code::TypeMismatch, message));
                }
                let data_type = DataType::List(Box::new(made));
                Ok(Node { kind: NodeKind::Walk { walk, arguments: given, lambdas: vec![body] }, data_type })
            }
            (Walk::Reduce, [_, initial], [lambda, finish @ ..]) if finish.len() < 2 => {
                let total = options.get("accumulator_type").map(super::calls::named_type).transpose()?;
                let total = total.unwrap_or_else(|| initial.data_type.clone());
                assign(initial, &total, name)?;
                let mut body = self.lambda(lambda, vec![total.clone(), items[0].clone()])?;
                assign(&mut body, &total, name)?;
                let finish = finish.first().map(|last| self.lambda(last, vec![total.clone()])).transpose()?;
                let data_type = finish.as_ref().map_or(total, |last| last.data_type.clone());
                let lambdas = std::iter::once(body).chain(finish).collect();
                Ok(Node { kind: NodeKind::Walk { walk, arguments: given, lambdas }, data_type })
            }
            _ => Err(misused()),
        }
    }

    /// The body of a lambda whose parameters have these types.
    fn lambda(&mut self, written: &Expression, parameters: Vec<DataType>) -> Result<Node, Letter> {
        let Expression::Call { function, arguments, options } = written else {
            return Err(Letter::new(Code::Expression, "A lambda is wanted here."));
        };
        let [body] = arguments.as_slice() else {
            return Err(Letter::new(Code::Expression, "A lambda has one expression."));
        };
        if function != "lambda" || number(options, "parameters") != Some(parameters.len()) {
            let message = format!("A lambda of {} parameters is wanted here.", parameters.len());
            return Err(Letter::new(Code::Expression, message));
        }
        self.parameters.push(parameters);
        let body = self.value(body);
        self.parameters.pop();
        body
    }

    pub(super) fn parameter(&self, options: &Options) -> Result<Node, Letter> {
        let place = number(options, "depth").zip(number(options, "position"));
        let data_type = place.and_then(|(depth, position)| self.parameters.get(depth)?.get(position));
        match (place, data_type) {
            (Some((depth, position)), Some(data_type)) => {
                Ok(Node { kind: NodeKind::Parameter { depth, position }, data_type: data_type.clone() })
            }
            _ => Err(Letter::new(Code::Expression, "A parameter is used outside of its lambda.")),
        }
    }
}

fn number(options: &Options, name: &str) -> Option<usize> {
    match options.get(name) {
        Some(Value::Int(number)) => usize::try_from(*number).ok(),
        _ => None,
    }
}

/// A vector is read as a list of floats.
fn item_type(list: &mut Node) -> Option<DataType> {
    if let DataType::Vector(_) = list.data_type {
        convert(list, DataType::List(Box::new(DataType::Float)));
    }
    match &list.data_type {
        DataType::List(item) => Some((**item).clone()),
        _ => None,
    }
}

/// Ints are widened to floats.
fn assign(node: &mut Node, data_type: &DataType, name: &str) -> Result<(), Letter> {
    let is_null = node.constant() == Some(&Value::Null);
    if is_null || (node.data_type == DataType::Int && *data_type == DataType::Float) {
        convert(node, data_type.clone());
    }
    if node.data_type == *data_type {
        return Ok(());
    }
    let message = format!("`{name}` accumulates {data_type}, but is given {}.", node.data_type);
    Err(Letter::new(Code::TypeMismatch, message))
}
