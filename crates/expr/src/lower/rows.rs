//! `_.calls[…].sum()`: which rows, which column, which of the filters are bounds on time.

use super::{Lowering, groups};
use crate::ir::{Aggregate, AggregateFunction, Bound, Input, NodeKind, Program, Relation};
use creta_model::errors::nearest;
use creta_model::graph::Step;
use creta_model::{Code, DataType, EntityId, Expression, FeatureId, Letter, Value};
use std::collections::BTreeMap;

/// Rows with what was written in brackets and in `.where`.
struct Selection<'e> {
    of: &'e Expression,
    projections: Vec<&'e Expression>,
    filters: Vec<&'e Expression>,
    limit: Option<u64>,
}

impl<'a> Lowering<'a> {
    pub(super) fn aggregate(
        &mut self,
        of: &Expression,
        name: &str,
        arguments: &[Expression],
        options: &BTreeMap<String, Value>,
    ) -> Result<Aggregate, Letter> {
        let function = named(name)?;
        let selection = select(groups::rows(of));
        let (through, rows, child) = self.relationship(selection.of)?;
        let value = match (function, selection.projections.as_slice()) {
            (AggregateFunction::Count, _) => None,
            (_, [one]) => Some(self.child_program(child, one)?),
            (_, found) => {
                let message = format!("`{name}` aggregates one column, but {} are projected.", found.len());
                return Err(
                    Letter::new(Code::Expression, message).fix(format!("Write it as _.rows[_.column].{name}()."))
                );
            }
        };
        let (function, by) = self.order(function, name, child, arguments)?;
        let (mut bounds, mut filters) = (Vec::new(), Vec::new());
        for filter in &selection.filters {
            for part in conjuncts(filter) {
                match self.bound(child, part)? {
                    Some(bound) => bounds.push(bound),
                    None => filters.push(self.filter(child, part)?),
                }
            }
        }
        let programs = value.iter().chain(&by).chain(&filters);
        if !through.is_empty()
            && programs.flat_map(|program| &program.inputs).any(|input| matches!(input, Input::Outer(_)))
        {
            return Err(Letter::new(
                Code::Expression,
                "Rows behind a has-one relationship cannot be compared with `__` or with a feature of the row.",
            )
            .fix("Declare the aggregate on the class that has the rows."));
        }
        let data_type = result_type(function, name, value.as_ref())?;
        let quantile = quantile(name, arguments, options)?;
        let count = count(function, name, arguments, options)?;
        Ok(Aggregate {
            through,
            rows,
            function,
            value,
            by,
            quantile,
            count,
            bounds,
            filters,
            limit: selection.limit,
            data_type,
        })
    }

    /// The column to order by. Several keys are one column of bytes that order as the keys do, the first row first, so
    /// that the largest is the smallest of them.
    fn order(
        &self,
        function: AggregateFunction,
        name: &str,
        child: EntityId,
        arguments: &[Expression],
    ) -> Result<(AggregateFunction, Option<Program>), Letter> {
        use AggregateFunction as F;
        let written = arguments.first().filter(|argument| !matches!(argument, Expression::Literal(_)));
        if matches!(function, F::MaxBy | F::MinBy | F::MaxByCount | F::MinByCount) != written.is_some() {
            let takes = if written.is_some() { "no" } else { "one" };
            return Err(Letter::new(Code::Expression, format!("`{name}` takes {takes} column to order by.")));
        }
        let Some(written) = written else { return Ok((function, None)) };
        let Expression::Call { function: order, arguments, options } = written else {
            return Ok((function, Some(self.child_program(child, written)?)));
        };
        if order != "sort_order" {
            return Ok((function, Some(self.child_program(child, written)?)));
        }
        let keys = arguments.iter().map(|key| self.child_program(child, key)).collect::<Result<Vec<_>, _>>()?;
        let largest = matches!(function, F::MaxBy | F::MaxByCount);
        let by = super::calls::sort_order(keys, options, largest)?;
        Ok((if matches!(function, F::MaxBy | F::MinBy) { F::MinBy } else { F::MinByCount }, Some(by)))
    }

    fn relationship(&mut self, of: &Expression) -> Result<(Vec<FeatureId>, FeatureId, EntityId), Letter> {
        let not_rows = || Letter::new(Code::Expression, "Only rows of a has-many relationship can be aggregated.");
        let super::Reached::Row { outer: false, steps, entity } = self.reach(of)? else { return Err(not_rows()) };
        let Some((Step::HasMany(rows), before)) = steps.split_last() else { return Err(not_rows()) };
        let mut through = Vec::with_capacity(before.len());
        for step in before {
            match step {
                Step::HasOne(relationship) => through.push(*relationship),
                Step::HasMany(_) => {
                    return Err(Letter::new(Code::Expression, "Rows of rows cannot be aggregated at once."));
                }
            }
        }
        Ok((through, *rows, entity))
    }

    fn child_program(&self, child: EntityId, expression: &Expression) -> Result<Program, Letter> {
        let lowering = Lowering {
            graph: self.graph,
            entity: child,
            outer: Some(self.entity),
            window: self.window,
            inputs: Vec::new(),
            parameters: Vec::new(),
            nullable: false,
        };
        lowering.program(expression)
    }

    fn filter(&self, child: EntityId, expression: &Expression) -> Result<Program, Letter> {
        let program = self.child_program(child, expression)?;
        if program.root.data_type != DataType::Bool {
            let message = format!("A filter must be a condition, but this one gives {}.", program.root.data_type);
            return Err(Letter::new(Code::TypeMismatch, message));
        }
        Ok(program)
    }

    /// `column REL now ± constant`, either way round, on a datetime of the child itself.
    fn bound(&self, child: EntityId, expression: &Expression) -> Result<Option<Bound>, Letter> {
        let Expression::Call { function, arguments, .. } = expression else { return Ok(None) };
        let ([left, right], Some(relation)) = (arguments.as_slice(), relation(function)) else { return Ok(None) };
        let (column, offset, relation) = match (self.offset(left)?, self.offset(right)?) {
            (None, Some(offset)) => (left, offset, relation),
            (Some(offset), None) => (right, offset, mirrored(relation)),
            _ => return Ok(None),
        };
        let program = self.child_program(child, column)?;
        match (&program.root.kind, program.inputs.as_slice(), &program.root.data_type) {
            (NodeKind::Input(_), [Input::Feature(path)], DataType::Datetime) if path.steps.is_empty() => {
                Ok(path.feature.map(|column| Bound { column, relation, offset }))
            }
            _ => Ok(None),
        }
    }

    /// Microseconds from now, when the expression is now, the window's start, or one of them ± a constant.
    fn offset(&self, expression: &Expression) -> Result<Option<i64>, Letter> {
        Ok(match expression {
            Expression::Now => Some(0),
            Expression::WindowStart => Some(-self.own_window()?),
            Expression::Call { function, arguments, .. } => match (function.as_str(), arguments.as_slice()) {
                ("-", [base, Expression::Literal(Value::Timedelta(span))]) => {
                    self.offset(base)?.map(|offset| offset.saturating_sub(*span))
                }
                ("+", [base, Expression::Literal(Value::Timedelta(span))])
                | ("+", [Expression::Literal(Value::Timedelta(span)), base]) => {
                    self.offset(base)?.map(|offset| offset.saturating_add(*span))
                }
                _ => None,
            },
            _ => None,
        })
    }
}

/// `quantile`, by name or first in place.
fn quantile(name: &str, arguments: &[Expression], options: &BTreeMap<String, Value>) -> Result<Option<f64>, Letter> {
    let positional = match arguments.first() {
        Some(Expression::Literal(value)) => Some(value),
        _ => None,
    };
    let quantile = match (name, options.get("quantile").or(positional)) {
        ("median", _) => Some(0.5),
        ("approx_percentile", Some(Value::Float(quantile))) => Some(*quantile),
        ("approx_percentile", Some(Value::Int(quantile))) => Some(*quantile as f64),
        ("approx_percentile", _) => None,
        _ => return Ok(None),
    };
    match quantile.filter(|quantile| (0.0..=1.0).contains(quantile)) {
        Some(quantile) => Ok(Some(quantile)),
        None => Err(Letter::new(Code::Expression, format!("`{name}` wants a quantile between 0 and 1."))
            .fix("Write it as approx_percentile(quantile=0.9).")),
    }
}

/// How many values are kept: `n` or `k`, by name or last in place.
fn count(
    function: AggregateFunction,
    name: &str,
    arguments: &[Expression],
    options: &BTreeMap<String, Value>,
) -> Result<Option<u64>, Letter> {
    use AggregateFunction as F;
    if !matches!(function, F::MaxByCount | F::MinByCount | F::ApproxTopK) {
        return Ok(None);
    }
    let positional = match arguments.last() {
        Some(Expression::Literal(value)) => Some(value),
        _ => None,
    };
    match options.get("n").or_else(|| options.get("k")).or(positional) {
        Some(Value::Int(count @ 1..)) => Ok(Some(count.unsigned_abs())),
        _ => Err(Letter::new(Code::Expression, format!("`{name}` wants a constant number of values, at least 1."))),
    }
}

/// Unfolds `rows[a, b][c].where(d)`; subscripting twice accumulates filters and replaces columns.
fn select(expression: &Expression) -> Selection<'_> {
    let Expression::Rows { of, items, filters, limit } = expression else {
        return Selection { of: expression, projections: Vec::new(), filters: Vec::new(), limit: None };
    };
    let mut inner = select(of);
    let (projections, conditions): (Vec<_>, Vec<_>) = items.iter().partition(|item| is_path(item));
    if !projections.is_empty() {
        inner.projections = projections;
    }
    inner.filters.extend(conditions.into_iter().chain(filters));
    inner.limit = limit.or(inner.limit);
    inner
}

fn is_path(expression: &Expression) -> bool {
    match expression {
        Expression::Attribute { of, .. } | Expression::Window { of, .. } => {
            matches!(**of, Expression::This) || is_path(of)
        }
        _ => false,
    }
}

fn conjuncts(expression: &Expression) -> Vec<&Expression> {
    match expression {
        Expression::Call { function, arguments, .. } if function == "&" => {
            arguments.iter().flat_map(conjuncts).collect()
        }
        other => vec![other],
    }
}

fn relation(operator: &str) -> Option<Relation> {
    match operator {
        "<" => Some(Relation::Less),
        "<=" => Some(Relation::LessOrEqual),
        ">" => Some(Relation::Greater),
        ">=" => Some(Relation::GreaterOrEqual),
        _ => None,
    }
}

fn mirrored(relation: Relation) -> Relation {
    match relation {
        Relation::Less => Relation::Greater,
        Relation::LessOrEqual => Relation::GreaterOrEqual,
        Relation::Greater => Relation::Less,
        Relation::GreaterOrEqual => Relation::LessOrEqual,
    }
}

const NAMES: &[(&str, AggregateFunction)] = &[
    ("sum", AggregateFunction::Sum),
    ("min", AggregateFunction::Min),
    ("max", AggregateFunction::Max),
    ("mean", AggregateFunction::Mean),
    ("count", AggregateFunction::Count),
    ("any", AggregateFunction::Any),
    ("all", AggregateFunction::All),
    ("std", AggregateFunction::StandardDeviation),
    ("std_sample", AggregateFunction::StandardDeviation),
    ("stddev", AggregateFunction::StandardDeviation),
    ("stddev_sample", AggregateFunction::StandardDeviation),
    ("std_pop", AggregateFunction::StandardDeviationPopulation),
    ("stddev_pop", AggregateFunction::StandardDeviationPopulation),
    ("var", AggregateFunction::Variance),
    ("var_sample", AggregateFunction::Variance),
    ("variance", AggregateFunction::Variance),
    ("var_pop", AggregateFunction::VariancePopulation),
    ("skewness", AggregateFunction::Skewness),
    ("kurtosis", AggregateFunction::Kurtosis),
    ("median", AggregateFunction::ApproxPercentile),
    ("approx_top_k", AggregateFunction::ApproxTopK),
    ("max_by_n", AggregateFunction::MaxByCount),
    ("min_by_n", AggregateFunction::MinByCount),
    ("set_agg", AggregateFunction::SetAgg),
    ("set_union", AggregateFunction::SetUnion),
    ("approx_count_distinct", AggregateFunction::ApproxCountDistinct),
    ("num_unique", AggregateFunction::ApproxCountDistinct),
    ("approx_percentile", AggregateFunction::ApproxPercentile),
    ("max_by", AggregateFunction::MaxBy),
    ("min_by", AggregateFunction::MinBy),
    ("array_agg", AggregateFunction::ArrayAgg),
];

fn named(name: &str) -> Result<AggregateFunction, Letter> {
    NAMES.iter().find(|(own, _)| *own == name).map(|(_, function)| *function).ok_or_else(|| {
        let letter = Letter::new(Code::Expression, format!("There is no aggregate `{name}`."));
        match nearest(name, NAMES.iter().map(|(own, _)| *own)) {
            Some(near) => letter.fix(format!("Did you mean `{near}`?")),
            None => letter,
        }
    })
}

fn result_type(function: AggregateFunction, name: &str, value: Option<&Program>) -> Result<DataType, Letter> {
    use AggregateFunction as F;
    let column = value.map(|program| &program.root.data_type);
    let is_number = column.is_some_and(DataType::is_number);
    let result = match (function, column) {
        (F::Count | F::ApproxCountDistinct, _) => Some(DataType::Int),
        (F::Sum, Some(column)) if is_number => Some(column.clone()),
        (F::Mean | F::StandardDeviation | F::Variance | F::StandardDeviationPopulation, Some(_)) if is_number => {
            Some(DataType::Float)
        }
        (F::VariancePopulation | F::ApproxPercentile | F::Skewness | F::Kurtosis, Some(_)) if is_number => {
            Some(DataType::Float)
        }
        (F::Any | F::All, Some(DataType::Bool)) => Some(DataType::Bool),
        (F::Min | F::Max, Some(column))
            if !matches!(column, DataType::List(_) | DataType::Map(..) | DataType::Struct(_)) =>
        {
            Some(column.clone())
        }
        (F::MaxBy | F::MinBy, Some(column)) => Some(column.clone()),
        (F::ArrayAgg | F::SetAgg | F::ApproxTopK | F::MaxByCount | F::MinByCount, Some(column)) => {
            Some(DataType::List(Box::new(column.clone())))
        }
        (F::SetUnion, Some(DataType::List(item))) => Some(DataType::List(item.clone())),
        _ => None,
    };
    result.ok_or_else(|| {
        let column = column.map_or_else(|| "no column".to_owned(), ToString::to_string);
        Letter::new(Code::TypeMismatch, format!("`{name}` cannot aggregate {column}."))
    })
}
