//! Evaluates programs on batches with Python's meaning: floor division, NaN as a value, failures per row.
//!
//! A null operand gives null. A row that would raise in Python (division by zero, 64-bit overflow) is null and listed
//! as a failure (decision 14). Branches are evaluated only for the rows that take them.

mod arithmetic;
mod branches;
mod cells;
mod comparison;
mod dates;
mod numbers;
mod text;

use crate::context::internal;
use arrow::array::{Array, ArrayRef, BooleanArray};
use arrow::compute::{is_not_null, is_null};
use cells::Cells;
use creta_expr::functions::Function;
use creta_expr::{Node, NodeKind, Program};
use creta_model::{DataType, Letter};
use creta_ports::arrays::array_of;
use std::sync::Arc;

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
    let mut batch = Batch { inputs: inputs.to_vec(), rows, origin: None, failures: Vec::new() };
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
            NodeKind::Call { function: Function::When | Function::IfThenElse, arguments } => {
                branches::choose(self, arguments, &node.data_type)
            }
            NodeKind::Call { function: Function::Coalesce, arguments } => {
                branches::coalesce(self, arguments, &node.data_type)
            }
            NodeKind::Call { function, arguments } => {
                let arguments = arguments.iter().map(|argument| self.node(argument)).collect::<Result<Vec<_>, _>>()?;
                self.call(*function, &arguments, &node.data_type)
            }
        }
    }

    fn call(&mut self, function: Function, arguments: &[Cells], data_type: &DataType) -> Result<Cells, Letter> {
        use Function as F;
        match function {
            F::Add | F::Subtract | F::Multiply | F::Divide | F::FloorDivide | F::Modulo | F::Power => {
                if let Some(joined) = text::concatenate(function, &arguments[0], &arguments[1], self.rows) {
                    return Ok(joined);
                }
                arithmetic::binary(self, function, &arguments[0], &arguments[1], data_type)
            }
            F::Less | F::LessOrEqual | F::Greater | F::GreaterOrEqual | F::Equal | F::NotEqual => {
                comparison::compare(function, &arguments[0], &arguments[1], self.rows)
            }
            F::And | F::Or | F::ExclusiveOr | F::Not => comparison::logic(function, arguments, self.rows),
            F::IsNull => test(is_null(arguments[0].array().as_ref()), &arguments[0]),
            F::IsNotNull => test(is_not_null(arguments[0].array().as_ref()), &arguments[0]),
            F::Greatest | F::Least => branches::extreme(self, arguments, function == F::Greatest, data_type),
            F::Cast => cast(&arguments[0], data_type),
            F::Lower
            | F::Upper
            | F::Trim
            | F::LeftTrim
            | F::RightTrim
            | F::Reverse
            | F::Length
            | F::StartsWith
            | F::EndsWith
            | F::Contains
            | F::Replace
            | F::Substring
            | F::SplitPart => text::call(function, arguments, self.rows),
            F::Year
            | F::Quarter
            | F::Month
            | F::WeekOfYear
            | F::Day
            | F::DayOfYear
            | F::DayOfWeek
            | F::HourOfDay
            | F::TotalSeconds
            | F::UnixSeconds
            | F::UnixMilliseconds
            | F::FromUnixSeconds => dates::call(function, &arguments[0], self.rows),
            _ => numbers::call(self, function, arguments, data_type),
        }
    }

    fn fail(&mut self, row: usize, message: &str) {
        let row = self.origin.as_ref().map_or(row, |origin| origin[row] as usize);
        self.failures.push(Failure { row, message: message.to_owned() });
    }
}

fn test(outcome: Result<BooleanArray, arrow::error::ArrowError>, of: &Cells) -> Result<Cells, Letter> {
    let values: ArrayRef = Arc::new(outcome.map_err(internal)?);
    Ok(if of.is_scalar() { Cells::scalar(values) } else { Cells::column(values) })
}

/// `F.cast`: what cannot be converted is null.
fn cast(cells: &Cells, data_type: &DataType) -> Result<Cells, Letter> {
    let array = arrow::compute::cast(cells.array(), &data_type.arrow()).map_err(internal)?;
    Ok(if cells.is_scalar() { Cells::scalar(array) } else { Cells::column(array) })
}

/// Widens ints to floats where a result is a float.
fn widen(array: &ArrayRef, data_type: &DataType) -> Result<ArrayRef, Letter> {
    match *array.data_type() == data_type.arrow() {
        true => Ok(array.clone()),
        false => arrow::compute::cast(array, &data_type.arrow()).map_err(internal),
    }
}
