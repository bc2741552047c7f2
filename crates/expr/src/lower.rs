//! From the untyped `_` tree to typed programs, or a letter that says what cannot be meant.

mod calls;
mod groups;
mod lambdas;
mod rows;

pub use groups::lower_group;

use crate::functions::{Conditional, Function, Given, Operator};
use crate::ir::{Input, Node, NodeKind, Program};
use creta_model::graph::{NodeKind as FeatureKind, Path, Step};
use creta_model::{Code, DataType, EntityId, Expression, FeatureId, Graph, Letter, Value};
use std::collections::BTreeMap;

/// Types an expression in the scope of an entity. `window` is that of the feature being defined, in microseconds.
pub fn lower(graph: &Graph, entity: EntityId, expression: &Expression, window: Option<i64>) -> Result<Program, Letter> {
    Lowering { graph, entity, outer: None, window, inputs: Vec::new(), parameters: Vec::new(), nullable: false }
        .program(expression)
}

/// Whether a program's values can be stored in a feature of this type. Letters: `type_mismatch`.
pub fn check_assignable(program: &Program, data_type: &DataType) -> Result<(), Letter> {
    let given = &program.root.data_type;
    let vector = matches!((given, data_type), (DataType::List(item), DataType::Vector(_)) if item.is_number());
    let widened = *given == DataType::Int && *data_type == DataType::Float;
    if given == data_type || widened || vector || program.root.kind == NodeKind::Literal(Value::Null) {
        return Ok(());
    }
    Err(Letter::new(Code::TypeMismatch, format!("The expression gives {given}, but the feature is {data_type}.")))
}

/// One scope being lowered; `outer` is the entity that `__` means.
struct Lowering<'a> {
    graph: &'a Graph,
    entity: EntityId,
    outer: Option<EntityId>,
    window: Option<i64>,
    inputs: Vec<Input>,
    /// Types of the parameters of the lambdas around, the outermost first.
    parameters: Vec<Vec<DataType>>,
    nullable: bool,
}

/// What a chain of attributes stands for so far.
enum Reached {
    Row { outer: bool, steps: Vec<Step>, entity: EntityId },
    Value(Node),
}

impl<'a> Lowering<'a> {
    fn program(mut self, expression: &Expression) -> Result<Program, Letter> {
        let root = self.value(expression)?;
        Ok(Program { inputs: self.inputs, root, nullable: self.nullable })
    }

    fn value(&mut self, expression: &Expression) -> Result<Node, Letter> {
        match expression {
            Expression::Literal(value) => literal(value),
            Expression::Now => Ok(self.input(Input::Now, DataType::Datetime)),
            Expression::WindowStart => self.window_start(),
            Expression::Call { function, arguments, options } => self.call(function, arguments, options),
            Expression::Aggregate { of, function, arguments, options } => {
                let aggregate = self.aggregate(of, function, arguments, options)?;
                let data_type = aggregate.data_type.clone();
                self.nullable = true;
                Ok(self.input(Input::Aggregate(Box::new(aggregate)), data_type))
            }
            Expression::Rows { .. } if !is_sibling_window(expression) => {
                Err(Letter::new(Code::Expression, "Rows are not a value; aggregate them.")
                    .fix("End the expression with an aggregate such as `.sum()` or `.count()`."))
            }
            Expression::This
            | Expression::Outer
            | Expression::Attribute { .. }
            | Expression::Window { .. }
            | Expression::GroupBy { .. }
            | Expression::Rows { .. } => match self.reach(expression)? {
                Reached::Value(node) => Ok(node),
                Reached::Row { .. } => {
                    Err(Letter::new(Code::Expression, "A whole row is not a value; name one of its features."))
                }
            },
        }
    }

    /// `now - window`, as arithmetic for places where it is not a bound.
    fn window_start(&mut self) -> Result<Node, Letter> {
        let window = self.own_window()?;
        let now = self.input(Input::Now, DataType::Datetime);
        let span = Node { kind: NodeKind::Literal(Value::Timedelta(window)), data_type: DataType::Timedelta };
        let kind = NodeKind::Call { function: Function::Operator(Operator::Subtract), arguments: vec![now, span] };
        Ok(Node { kind, data_type: DataType::Datetime })
    }

    fn own_window(&self) -> Result<i64, Letter> {
        self.window.ok_or_else(|| {
            Letter::new(Code::Expression, "`_.creta_window` means nothing outside a windowed feature.")
                .fix("Declare the feature with windowed(…).")
        })
    }

    fn input(&mut self, input: Input, data_type: DataType) -> Node {
        let position = self.inputs.iter().position(|known| *known == input).unwrap_or_else(|| {
            self.inputs.push(input);
            self.inputs.len() - 1
        });
        Node { kind: NodeKind::Input(position), data_type }
    }

    fn call(
        &mut self,
        name: &str,
        arguments: &[Expression],
        options: &BTreeMap<String, Value>,
    ) -> Result<Node, Letter> {
        if name == "between" {
            return self.between(arguments, options);
        }
        if name == "parameter" {
            return self.parameter(options);
        }
        if let Some(walk) = lambdas::named(name) {
            return self.walk(walk, name, arguments, options);
        }
        let function = Function::named(name)?;
        let mut arguments = arguments.iter().map(|argument| self.value(argument)).collect::<Result<Vec<_>, _>>()?;
        arguments.truncate(function.counted(&given(&arguments)));
        match function {
            Function::Conditional(Conditional::Cast) => calls::cast(arguments, options),
            Function::Conditional(Conditional::StructPack) => calls::structure(arguments, options),
            _ => calls::plain(function, arguments),
        }
    }

    /// `between(x, low, high)` is two comparisons.
    fn between(&mut self, arguments: &[Expression], options: &BTreeMap<String, Value>) -> Result<Node, Letter> {
        let [value, low, high] = arguments else {
            return Err(Letter::new(Code::Expression, "`between` takes a value and two edges."));
        };
        let inclusive = match options.get("inclusive") {
            Some(Value::Str(inclusive)) => inclusive.as_str(),
            _ => "both",
        };
        let lower = if matches!(inclusive, "both" | "left") { ">=" } else { ">" };
        let upper = if matches!(inclusive, "both" | "right") { "<=" } else { "<" };
        let compare = |operator: &str, edge: &Expression| Expression::Call {
            function: operator.to_owned(),
            arguments: vec![value.clone(), edge.clone()],
            options: BTreeMap::new(),
        };
        self.call("&", &[compare(lower, low), compare(upper, high)], &BTreeMap::new())
    }

    /// Follows attributes from `_` or `__`.
    fn reach(&mut self, expression: &Expression) -> Result<Reached, Letter> {
        match expression {
            Expression::This => Ok(Reached::Row { outer: false, steps: Vec::new(), entity: self.entity }),
            Expression::Outer => match self.outer {
                Some(entity) => Ok(Reached::Row { outer: true, steps: Vec::new(), entity }),
                None => Err(Letter::new(Code::Expression, "`__` is used where no scope is around.")),
            },
            Expression::Attribute { of, name } => match self.reach(of)? {
                Reached::Row { outer, steps, entity } => self.member(outer, steps, entity, name),
                Reached::Value(node) => calls::field(node, name).map(Reached::Value),
            },
            Expression::Window { of, window, group } => self.windowed(of, *window, group),
            Expression::GroupBy { .. } => {
                Err(Letter::new(Code::Expression, "Rows are grouped in `group_by_windowed` only."))
            }
            Expression::Rows { of, .. } if is_sibling_window(expression) => {
                let window = self.own_window()?;
                self.windowed(of, window, &BTreeMap::new())
            }
            other => self.value(other).map(Reached::Value),
        }
    }

    fn windowed(
        &mut self,
        of: &Expression,
        window: i64,
        group: &BTreeMap<String, Expression>,
    ) -> Result<Reached, Letter> {
        let Expression::Attribute { of: row, name } = of else {
            return Err(Letter::new(Code::Expression, "A window can only be chosen of a windowed feature."));
        };
        let Reached::Row { outer, steps, entity } = self.reach(row)? else {
            return Err(Letter::new(Code::Expression, format!("`{name}` is not a windowed feature.")));
        };
        let Some(windows) = self.graph.windows(entity, name) else {
            let namespace = &self.graph.entity(entity).namespace;
            return Err(Letter::new(Code::Expression, format!("`{namespace}.{name}` is not a windowed feature.")));
        };
        match windows.iter().find(|(own, _)| *own == window) {
            Some((_, feature)) if groups::is_grouped(self.graph, *feature) || !group.is_empty() => {
                self.group(row, *feature, group).map(Reached::Value)
            }
            Some((_, feature)) => Ok(Reached::Value(self.feature(outer, steps, *feature))),
            None => {
                let known: Vec<String> = windows.iter().map(|(own, _)| creta_model::duration::display(*own)).collect();
                let message = format!("`{name}` has no window of {}.", creta_model::duration::display(window));
                Err(Letter::new(Code::Expression, message).fix(format!("It has {}.", known.join(", "))))
            }
        }
    }

    fn member(&mut self, outer: bool, mut steps: Vec<Step>, entity: EntityId, name: &str) -> Result<Reached, Letter> {
        let path = self.graph.member_path(entity, name)?;
        if let Some(feature) = path.feature {
            self.graph.ungrouped(feature)?;
            return Ok(Reached::Value(self.feature(outer, steps, feature)));
        }
        let Some(step) = path.steps.first() else {
            return Err(Letter::new(Code::Expression, format!("`{name}` leads nowhere.")));
        };
        let (Step::HasOne(relationship) | Step::HasMany(relationship)) = *step;
        let entity = match &self.graph.feature(relationship).kind {
            FeatureKind::HasOne(related) | FeatureKind::HasMany(related) => {
                self.nullable |= related.optional;
                related.entity
            }
            FeatureKind::Scalar(_) => entity,
        };
        steps.push(*step);
        Ok(Reached::Row { outer, steps, entity })
    }

    fn feature(&mut self, outer: bool, steps: Vec<Step>, feature: FeatureId) -> Node {
        let data_type = match self.graph.scalar(feature) {
            Some(scalar) => {
                self.nullable |= scalar.nullable;
                scalar.data_type.clone()
            }
            None => DataType::Bool,
        };
        let root = if outer { self.outer.unwrap_or(self.entity) } else { self.entity };
        let path = Path { root, steps, feature: Some(feature) };
        let input = if outer { Input::Outer(path) } else { Input::Feature(path) };
        self.input(input, data_type)
    }
}

fn literal(value: &Value) -> Result<Node, Letter> {
    let data_type = match value {
        Value::Bool(_) | Value::Null => DataType::Bool,
        Value::Int(_) => DataType::Int,
        Value::Float(_) => DataType::Float,
        Value::Str(_) => DataType::Str,
        Value::Bytes(_) => DataType::Bytes,
        Value::Datetime(_) => DataType::Datetime,
        Value::Date(_) => DataType::Date,
        Value::Time(_) => DataType::Time,
        Value::Timedelta(_) => DataType::Timedelta,
        Value::List(_) | Value::Struct(_) | Value::Map(_) => calls::literal_type(value)?,
    };
    Ok(Node { kind: NodeKind::Literal(value.clone()), data_type })
}

/// The types of arguments, and the values of constants.
fn given(arguments: &[Node]) -> Vec<Given<'_>> {
    arguments.iter().map(|node| Given { data_type: node.data_type.clone(), constant: node.constant() }).collect()
}

/// `_.x[_.creta_window]`: another windowed feature, over the window of this one.
fn is_sibling_window(expression: &Expression) -> bool {
    matches!(expression, Expression::Rows { items, filters, limit: None, .. }
        if filters.is_empty() && *items == [Expression::WindowStart])
}
