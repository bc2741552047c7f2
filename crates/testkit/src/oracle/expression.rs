//! `_` expressions, evaluated by walking the tree the user wrote.

use super::operators::{aggregate, call};
use super::{Mode, Oracle, Outcome, Row, Rule, blocked};
use creta_model::duration::window_name;
use creta_model::graph::{NodeKind, ScalarNode};
use creta_model::{EntityId, Expression, FeatureId, Value};
use std::collections::BTreeMap;

/// A chain of attributes so far: has-one relationships walked from `_` or `__`.
pub(super) struct Chain<'e> {
    pub(super) outer: bool,
    pub(super) names: Vec<&'e str>,
}

impl Oracle<'_> {
    /// The value of an expression for a row; `outer` is the row around it.
    pub(super) fn evaluate(
        &self,
        mode: &Mode,
        row: &mut Row,
        outer: Option<&mut Row>,
        expression: &Expression,
        window: Option<i64>,
    ) -> Outcome {
        let mut outer = outer;
        match expression {
            Expression::Literal(value) => Outcome::Value(value.clone()),
            Expression::Now => Outcome::Value(Value::Datetime(row.now)),
            Expression::WindowStart => Outcome::Value(Value::Datetime(row.now - window.unwrap_or(0))),
            Expression::Call { function, arguments, .. } if function == "recover" => {
                // All of them are computed, and so stored, whichever is taken.
                let values: Vec<Outcome> = arguments
                    .iter()
                    .map(|argument| self.evaluate(mode, row, outer.as_deref_mut(), argument, window))
                    .collect();
                let found =
                    values.into_iter().find(|outcome| matches!(outcome, Outcome::Value(value) if !value.is_null()));
                found.unwrap_or(Outcome::Value(Value::Null))
            }
            Expression::Call { function, arguments, .. } => {
                let function = self.edge(function, arguments);
                let evaluated =
                    arguments.iter().map(|argument| self.evaluate(mode, row, outer.as_deref_mut(), argument, window));
                let values = match self.all(evaluated) {
                    Ok(values) => values,
                    Err(outcome) => return outcome,
                };
                call(function, &values).map_or(Outcome::Failed("RESOLVER_FAILED"), Outcome::Value)
            }
            Expression::Attribute { .. } => self.chain(mode, row, outer, expression, None),
            Expression::Window { of, window, group } if !group.is_empty() => {
                self.grouped(mode, row, outer, of, *window, group)
            }
            Expression::Window { of, window, .. } => self.chain(mode, row, outer, of, Some(*window)),
            Expression::Rows { of, items, .. } if *items == [Expression::WindowStart] => {
                self.chain(mode, row, outer, of, window)
            }
            Expression::Aggregate { of, function, arguments, .. } => {
                self.aggregated(mode, row, of, function, arguments, window)
            }
            Expression::This | Expression::Outer | Expression::Rows { .. } | Expression::GroupBy { .. } => {
                Outcome::Failed("INVALID_QUERY")
            }
        }
    }

    fn chain(
        &self,
        mode: &Mode,
        row: &mut Row,
        outer: Option<&mut Row>,
        expression: &Expression,
        window: Option<i64>,
    ) -> Outcome {
        let Some(chain) = unfold(expression) else { return Outcome::Failed("INVALID_QUERY") };
        let row = match (chain.outer, outer) {
            (true, Some(outer)) => outer,
            _ => row,
        };
        let Some((last, before)) = chain.names.split_last() else { return Outcome::Failed("INVALID_QUERY") };
        let Some((steps, entity)) = self.steps(row.entity, before) else { return Outcome::Failed("INVALID_QUERY") };
        let last = window.map_or_else(|| (*last).to_owned(), |window| window_name(last, window));
        let Some(feature) = self.graph.member(entity, &last) else { return Outcome::Failed("INVALID_QUERY") };
        match self.walk(mode, row, &steps, feature, false).outcome {
            Outcome::Value(value) => Outcome::Value(value),
            other => blocked(other),
        }
    }

    /// The operator of an edge of a window, as written.
    fn edge<'e>(&self, function: &'e str, arguments: &[Expression]) -> &'e str {
        let is_edge = arguments.iter().any(|side| matches!(side, Expression::Now | Expression::WindowStart));
        match function {
            ">" if is_edge && !self.follows(Rule::WindowEdges) => ">=",
            ">=" if is_edge && !self.follows(Rule::WindowEdges) => ">",
            "<" if is_edge && !self.follows(Rule::WindowEdges) => "<=",
            "<=" if is_edge && !self.follows(Rule::WindowEdges) => "<",
            _ => function,
        }
    }

    /// The relationships of these names, one behind the other, and the entity at their end.
    pub(super) fn steps(&self, mut entity: EntityId, names: &[&str]) -> Option<(Vec<FeatureId>, EntityId)> {
        let mut steps = Vec::with_capacity(names.len());
        for name in names {
            let (relationship, next) = self.relationship(entity, name)?;
            steps.push(relationship);
            entity = next;
        }
        Some((steps, entity))
    }

    fn relationship(&self, entity: EntityId, name: &str) -> Option<(FeatureId, EntityId)> {
        let member = self.graph.member(entity, name)?;
        match &self.graph.feature(member).kind {
            NodeKind::HasOne(related) | NodeKind::HasMany(related) => Some((member, related.entity)),
            NodeKind::Scalar(_) => None,
        }
    }

    /// One group of a windowed feature: its aggregate over the rows whose columns equal the group's values.
    pub(super) fn grouped(
        &self,
        mode: &Mode,
        row: &mut Row,
        mut outer: Option<&mut Row>,
        of: &Expression,
        window: i64,
        group: &BTreeMap<String, Expression>,
    ) -> Outcome {
        let mut filters = Vec::new();
        for (column, value) in group {
            let column = Expression::Attribute { of: Box::new(Expression::This), name: column.clone() };
            match self.evaluate(mode, row, outer.as_deref_mut(), value, None) {
                Outcome::Value(value) => filters.push(Expression::Call {
                    function: "==".to_owned(),
                    arguments: vec![column, Expression::Literal(value)],
                    options: BTreeMap::new(),
                }),
                other => return blocked(other),
            }
        }
        let Some(Expression::Aggregate { of: rows, function, arguments, .. }) =
            self.definition_of_group(row.entity, of, window)
        else {
            return Outcome::Failed("INVALID_QUERY");
        };
        let rows = Expression::Rows { of: rows.clone(), items: Vec::new(), filters, limit: None };
        let default = self.group_scalar(row.entity, of, window).and_then(|scalar| scalar.default.clone());
        match (self.aggregated(mode, row, &rows, function, arguments, Some(window)), default) {
            (Outcome::Value(Value::Null), Some(default)) => Outcome::Value(default),
            (outcome, _) => outcome,
        }
    }

    /// The aggregate that defines the groups of `_.name["1d"]`.
    pub(super) fn definition_of_group(&self, entity: EntityId, of: &Expression, window: i64) -> Option<&Expression> {
        self.group_scalar(entity, of, window)?.expression.as_ref()
    }

    fn group_scalar(&self, entity: EntityId, of: &Expression, window: i64) -> Option<&ScalarNode> {
        let [name] = *unfold(of)?.names.as_slice() else { return None };
        self.graph.scalar(self.graph.member(entity, &window_name(name, window))?)
    }

    fn aggregated(
        &self,
        mode: &Mode,
        row: &mut Row,
        of: &Expression,
        function: &str,
        arguments: &[Expression],
        window: Option<i64>,
    ) -> Outcome {
        let (chain, projection, filters) = selected(of);
        let Some(chain) = unfold(chain) else { return Outcome::Failed("INVALID_QUERY") };
        let [name] = chain.names.as_slice() else {
            return self.through(mode, row, of, function, arguments, window);
        };
        let Some((relationship, entity)) = self.relationship(row.entity, name) else {
            return Outcome::Failed("INVALID_QUERY");
        };
        let NodeKind::HasMany(related) = &self.graph.feature(relationship).kind else {
            return Outcome::Failed("INVALID_QUERY");
        };
        let facts = match self.rows_behind(mode, row, relationship, related) {
            Ok(facts) => facts,
            Err(outcome) => return blocked(outcome),
        };
        let (mut values, mut by) = (Vec::new(), Vec::new());
        for fact in facts {
            let mut child = self.child(entity, row.now, &fact);
            let passes = |outcome: Outcome| outcome == Outcome::Value(Value::Bool(true));
            let mut keep = true;
            for filter in &filters {
                keep = keep && passes(self.evaluate(mode, &mut child, Some(row), filter, window));
            }
            if keep {
                let mut value = |expression: Option<&Expression>| match expression {
                    None => Value::Null,
                    Some(expression) => match self.evaluate(mode, &mut child, Some(row), expression, window) {
                        Outcome::Value(value) => value,
                        _ => Value::Null,
                    },
                };
                values.push(value(projection));
                by.push(value(arguments.first()));
            }
        }
        if !self.follows(Rule::NullAndEmptyAggregates) {
            let present = values.iter().filter(|value| !value.is_null()).count();
            match function {
                "count" if projection.is_some() => return Outcome::Value(Value::Int(present as i64)),
                "sum" if present == 0 => return Outcome::Value(Value::Null),
                _ => {}
            }
        }
        aggregate(function, &values, &by).map_or(Outcome::Failed("RESOLVER_FAILED"), Outcome::Value)
    }

    /// Rows behind has-one relationships: the aggregate belongs to the row at their end.
    fn through(
        &self,
        mode: &Mode,
        row: &mut Row,
        of: &Expression,
        function: &str,
        arguments: &[Expression],
        window: Option<i64>,
    ) -> Outcome {
        let (chain, ..) = selected(of);
        let Some(chain) = unfold(chain) else { return Outcome::Failed("INVALID_QUERY") };
        let Some((_, before)) = chain.names.split_last() else { return Outcome::Failed("INVALID_QUERY") };
        let Some((steps, entity)) = self.steps(row.entity, before) else { return Outcome::Failed("INVALID_QUERY") };
        let Some(key) = self.graph.primary_key(entity) else { return Outcome::Failed("INVALID_QUERY") };
        match self.walk(mode, row, &steps, key, false).outcome {
            Outcome::Value(Value::Null) => Outcome::Value(Value::Null),
            Outcome::Value(found) => {
                let given = BTreeMap::from([(key, found.clone())]);
                let mut related = Row::of(entity, Some(found), row.now, given);
                let inner = before.iter().fold(of.clone(), |of, name| without_first(&of, name));
                self.aggregated(mode, &mut related, &inner, function, arguments, window)
            }
            other => blocked(other),
        }
    }

    pub(super) fn child(&self, entity: EntityId, now: i64, fact: &BTreeMap<String, Value>) -> Row {
        let given = fact.iter().filter_map(|(name, value)| Some((self.graph.member(entity, name)?, value.clone())));
        let given: BTreeMap<FeatureId, Value> = given.collect();
        let key = self.graph.primary_key(entity).and_then(|key| given.get(&key)).cloned();
        Row::of(entity, key, now, given)
    }
}

pub(super) fn unfold(expression: &Expression) -> Option<Chain<'_>> {
    match expression {
        Expression::This => Some(Chain { outer: false, names: Vec::new() }),
        Expression::Outer => Some(Chain { outer: true, names: Vec::new() }),
        Expression::Attribute { of, name } => {
            let mut chain = unfold(of)?;
            chain.names.push(name);
            Some(chain)
        }
        _ => None,
    }
}

/// The relationship, the projected column and the filters of `rows[…].where(…)`.
pub(super) fn selected(of: &Expression) -> (&Expression, Option<&Expression>, Vec<&Expression>) {
    let of = match of {
        Expression::GroupBy { of, .. } => of,
        other => other,
    };
    let Expression::Rows { of, items, filters, .. } = of else { return (of, None, Vec::new()) };
    let (chain, mut projection, mut conditions) = selected(of);
    for item in items {
        match item {
            Expression::Attribute { .. } | Expression::Window { .. } => projection = Some(item),
            condition => conditions.push(condition),
        }
    }
    conditions.extend(filters);
    (chain, projection, conditions)
}

/// `_.a.calls[…]` as seen from the row behind `a`: `_.calls[…]`.
fn without_first(of: &Expression, first: &str) -> Expression {
    match of {
        Expression::Rows { of, items, filters, limit } => Expression::Rows {
            of: Box::new(without_first(of, first)),
            items: items.clone(),
            filters: filters.clone(),
            limit: *limit,
        },
        Expression::Attribute { of, name } if **of == Expression::This && name == first => Expression::This,
        Expression::Attribute { of, name } => {
            Expression::Attribute { of: Box::new(without_first(of, first)), name: name.clone() }
        }
        other => other.clone(),
    }
}
