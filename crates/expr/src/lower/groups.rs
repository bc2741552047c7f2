//! Reading one group of a `group_by_windowed` feature: its aggregate, over the rows of that group only.

use super::calls;
use super::{Lowering, literal};
use crate::functions::{Conditional, Function};
use crate::ir::{Input, Node, Program};
use creta_model::{Code, EntityId, Expression, FeatureId, Graph, Letter};
use std::collections::BTreeMap;

/// The program of one group of a feature, for rows of `entity`; `row` leads from `_` to the feature's row. `group`
/// gives a value, in terms of `_`, per column that the feature is grouped by. Letters: `expression`.
pub fn lower_group(
    graph: &Graph,
    entity: EntityId,
    row: &Expression,
    feature: FeatureId,
    group: &BTreeMap<String, Expression>,
) -> Result<Program, Letter> {
    let (inputs, parameters) = (Vec::new(), Vec::new());
    let mut lowering = Lowering { graph, entity, outer: None, window: None, inputs, parameters, nullable: false };
    let root = lowering.group(row, feature, group)?;
    Ok(Program { inputs: lowering.inputs, root, nullable: lowering.nullable })
}

/// Whether values of a feature exist per group only.
pub(super) fn is_grouped(graph: &Graph, feature: FeatureId) -> bool {
    graph.scalar(feature).is_some_and(|scalar| !scalar.group_by.is_empty())
}

/// The rows under `.group_by(…)`.
pub(super) fn rows(of: &Expression) -> &Expression {
    match of {
        Expression::GroupBy { of, .. } => of,
        other => other,
    }
}

impl Lowering<'_> {
    /// The aggregate of the feature over the rows whose columns equal the group's values, or the feature's default.
    pub(super) fn group(
        &mut self,
        row: &Expression,
        feature: FeatureId,
        group: &BTreeMap<String, Expression>,
    ) -> Result<Node, Letter> {
        let graph = self.graph;
        let fqn = &graph.feature(feature).fqn;
        let grouped = graph.scalar(feature).filter(|scalar| !scalar.group_by.is_empty());
        let Some(scalar) = grouped else {
            return Err(Letter::new(Code::Expression, format!("`{fqn}` is not grouped.")));
        };
        if !same_columns(&scalar.group_by, group) {
            graph.ungrouped(feature)?;
        }
        let Some(Expression::Aggregate { of, function, arguments, options }) = &scalar.expression else {
            return Err(Letter::new(Code::Expression, format!("`{fqn}` is no aggregate of rows.")));
        };
        let mut filters = Vec::with_capacity(group.len());
        for (column, value) in group {
            let column = Expression::Attribute { of: Box::new(Expression::This), name: column.clone() };
            filters.push(call("==", vec![column, lifted(value)?]));
        }
        let of = Box::new(seen_from(rows(of), row));
        let of = Expression::Rows { of, items: Vec::new(), filters, limit: None };
        let around = self.window.take();
        self.window = scalar.window;
        let aggregate = self.aggregate(&of, function, arguments, options);
        self.window = around;
        let aggregate = aggregate?;
        let data_type = aggregate.data_type.clone();
        self.nullable |= scalar.default.is_none();
        let value = self.input(Input::Aggregate(Box::new(aggregate)), data_type);
        match &scalar.default {
            Some(default) => calls::plain(Function::Conditional(Conditional::Coalesce), vec![value, literal(default)?]),
            None => Ok(value),
        }
    }
}

fn same_columns(columns: &[String], group: &BTreeMap<String, Expression>) -> bool {
    columns.len() == group.len() && columns.iter().all(|column| group.contains_key(column))
}

fn call(function: &str, arguments: Vec<Expression>) -> Expression {
    Expression::Call { function: function.to_owned(), arguments, options: BTreeMap::new() }
}

/// A value in terms of the reading row, as seen from the rows being filtered: `_` becomes `__`.
fn lifted(value: &Expression) -> Result<Expression, Letter> {
    match value {
        Expression::Literal(_) | Expression::Now => Ok(value.clone()),
        Expression::This => Ok(Expression::Outer),
        Expression::Attribute { of, name } => {
            Ok(Expression::Attribute { of: Box::new(lifted(of)?), name: name.clone() })
        }
        Expression::Call { function, arguments, options } => Ok(Expression::Call {
            function: function.clone(),
            arguments: arguments.iter().map(lifted).collect::<Result<_, _>>()?,
            options: options.clone(),
        }),
        _ => Err(Letter::new(Code::Expression, "A group is chosen by constants and features of the row.")
            .fix("Give the value a feature of its own, and choose the group by that.")),
    }
}

/// The rows of a definition with the definition's `_` replaced by the way to its row.
fn seen_from(of: &Expression, row: &Expression) -> Expression {
    match of {
        Expression::This => row.clone(),
        Expression::Attribute { of, name } => {
            Expression::Attribute { of: Box::new(seen_from(of, row)), name: name.clone() }
        }
        Expression::Rows { of, items, filters, limit } => Expression::Rows {
            of: Box::new(seen_from(of, row)),
            items: items.clone(),
            filters: filters.clone(),
            limit: *limit,
        },
        other => other.clone(),
    }
}
