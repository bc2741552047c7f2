//! Evaluates programs on batches with Python's meaning: floor division, NaN as a value, failures per row.
//!
//! A null operand gives null. A row that would raise in Python (division by zero, 64-bit overflow) is null and listed
//! as a failure (decision 14). Branches are evaluated only for the rows that take them.

mod arithmetic;
mod branches;
mod bytes;
mod call;
mod cells;
mod comparison;
mod conditional;
mod dates;
mod json;
mod lambdas;
mod lists;
mod maps;
mod numbers;
mod patterns;
mod texts;
mod urls;

pub(crate) use lists::{Keys, Picks};

use crate::context::internal;
use arrow::array::ArrayRef;
use call::Call;
use cells::Cells;
use creta_expr::functions::{Conditional, Function, Number, Operator};
use creta_expr::{Node, NodeKind, Program};
use creta_model::{DataType, Letter};
use creta_ports::arrays::array_of;

/// The values of a program, one per row.
pub struct Evaluated {
    pub values: ArrayRef,
    pub failures: Vec<Failure>,
}

/// A row for which Python would have raised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub row: usize,
    pub message: String,
}

/// Evaluates a program. `inputs` are in the order of `program.inputs`, each of `rows` rows.
pub fn evaluate(program: &Program, inputs: &[ArrayRef], rows: usize) -> Result<Evaluated, Letter> {
    let mut batch = Batch { inputs: inputs.to_vec(), parameters: Vec::new(), rows, origin: None, failures: Vec::new() };
    let cells = batch.node(&program.root)?;
    let values = cells.spread(rows)?;
    let mut failures = batch.failures;
    failures.sort_by_key(|failure| failure.row);
    failures.dedup_by_key(|failure| failure.row);
    Ok(Evaluated { values, failures })
}

/// The rows being evaluated: all, or those that take a branch.
struct Batch {
    inputs: Vec<ArrayRef>,
    /// Parameters of the lambdas around, the outermost first.
    parameters: Vec<Vec<ArrayRef>>,
    rows: usize,
    /// Row of the whole batch per row of this one; None when they are the same.
    origin: Option<Vec<u32>>,
    failures: Vec<Failure>,
}

impl Batch {
    fn node(&mut self, node: &Node) -> Result<Cells, Letter> {
        match &node.kind {
            NodeKind::Input(position) => Ok(Cells::column(self.inputs[*position].clone())),
            NodeKind::Literal(value) => Ok(Cells::scalar(array_of(&node.data_type, std::iter::once(Some(value)))?)),
            NodeKind::Parameter { depth, position } => Ok(Cells::column(self.parameters[*depth][*position].clone())),
            NodeKind::Walk { walk, arguments, lambdas } => {
                lambdas::walk(self, *walk, arguments, lambdas, &node.data_type)
            }
            NodeKind::Call { function: Function::Conditional(function), arguments } if function.is_lazy() => {
                match function {
                    Conditional::Coalesce => branches::coalesce(self, arguments, &node.data_type),
                    Conditional::Recover => branches::recover(self, arguments, &node.data_type),
                    _ => branches::choose(self, arguments, &node.data_type),
                }
            }
            NodeKind::Call { function, arguments } => {
                let types: Vec<&DataType> = arguments.iter().map(|argument| &argument.data_type).collect();
                let arguments = arguments.iter().map(|argument| self.node(argument)).collect::<Result<Vec<_>, _>>()?;
                self.call(*function, &arguments, &types, &node.data_type)
            }
        }
    }

    fn call(
        &mut self,
        function: Function,
        arguments: &[Cells],
        types: &[&DataType],
        data_type: &DataType,
    ) -> Result<Cells, Letter> {
        let drawn = matches!(function, Function::Number(Number::Random | Number::RandomBelow));
        let scalar = arguments.iter().all(Cells::is_scalar) && !drawn;
        let rows = if scalar { 1 } else { self.rows };
        let values = run(function, &mut Call { batch: self, arguments, types, rows, data_type })?;
        // Inside of lists dates are of another width than outside.
        let values = widen(&values, data_type)?;
        Ok(if scalar { Cells::scalar(values) } else { Cells::column(values) })
    }

    fn fail(&mut self, row: usize, message: &str) {
        self.failures.push(Failure { row: self.original(row), message: message.to_owned() });
    }

    /// The row of the whole batch.
    fn original(&self, row: usize) -> usize {
        self.origin.as_ref().map_or(row, |origin| origin[row] as usize)
    }
}

fn run(function: Function, call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    match function {
        Function::Operator(function) => operate(function, call),
        Function::Conditional(function) => conditional::call(function, call),
        Function::Map(function) => maps::call(function, call),
        Function::Text(function) => texts::call(function, call),
        Function::Pattern(function) => patterns::call(function, call),
        Function::Bytes(function) => bytes::call(function, call),
        Function::Url(function) => urls::call(function, call),
        Function::Json(function) => json::call(function, call),
        Function::Number(function) => numbers::call(function, call),
        Function::Date(function) => dates::call(function, call),
        Function::List(function) => lists::call(function, call),
    }
}

fn operate(function: Operator, call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    use Operator as O;
    match function {
        O::Add if *call.data_type == DataType::Str => texts::concatenate(call),
        O::Add | O::Subtract | O::Multiply | O::Divide | O::FloorDivide | O::Modulo | O::Power => {
            arithmetic::binary(function, call)
        }
        O::Negate => arithmetic::negate(call),
        O::Less | O::LessOrEqual | O::Greater | O::GreaterOrEqual | O::Equal | O::NotEqual => {
            comparison::compare(function, call)
        }
        O::And | O::Or | O::ExclusiveOr | O::Not if *call.data_type == DataType::Bool => {
            comparison::logic(function, call)
        }
        O::Not => arithmetic::invert(call),
        O::And | O::Or | O::ExclusiveOr | O::ShiftLeft | O::ShiftRight => arithmetic::binary(function, call),
    }
}

/// Widens ints to floats where a result is a float.
fn widen(array: &ArrayRef, data_type: &DataType) -> Result<ArrayRef, Letter> {
    match *array.data_type() == data_type.arrow() {
        true => Ok(array.clone()),
        false => arrow::compute::cast(array, &data_type.arrow()).map_err(internal),
    }
}
