//! Functions of one or two numbers.

use super::Batch;
use super::arithmetic::as_floats;
use super::cells::Cells;
use crate::context::internal;
use arrow::array::{ArrayRef, Float64Array, Int64Array};
use arrow::datatypes::{Float64Type, Int64Type};
use creta_expr::functions::Function;
use creta_model::{DataType, Letter};
use std::sync::Arc;

pub(super) fn call(
    batch: &mut Batch,
    function: Function,
    arguments: &[Cells],
    data_type: &DataType,
) -> Result<Cells, Letter> {
    let scalar = arguments.iter().all(Cells::is_scalar);
    let rows = if scalar { 1 } else { batch.rows };
    let values: ArrayRef = match (function, arguments) {
        (Function::Negate | Function::Absolute, [one]) if *data_type == DataType::Int => {
            Arc::new(ints(batch, function, one, rows)?)
        }
        (Function::Floor | Function::Ceiling, [one]) => Arc::new(rounded(batch, function, one, rows)?),
        (Function::ArcTangent2 | Function::SafeDivide, [left, right]) => {
            Arc::new(two_floats(function, left, right, rows)?)
        }
        (_, [one]) => Arc::new(one_float(batch, function, one, rows)?),
        _ => return Err(internal(format!("`{}` is not evaluated", function.name()))),
    };
    Ok(if scalar { Cells::scalar(values) } else { Cells::column(values) })
}

fn ints(batch: &mut Batch, function: Function, cells: &Cells, rows: usize) -> Result<Int64Array, Letter> {
    let numbers = cells.numbers::<Int64Type>().ok_or_else(|| internal("not an int"))?;
    let cell = |row: usize| {
        let value = numbers.get(row)?;
        let result = if function == Function::Negate { value.checked_neg() } else { value.checked_abs() };
        if result.is_none() {
            batch.fail(row, "the result is larger than 64 bits");
        }
        result
    };
    Ok((0..rows).map(cell).collect())
}

fn rounded(batch: &mut Batch, function: Function, cells: &Cells, rows: usize) -> Result<Int64Array, Letter> {
    if let Some(ints) = cells.numbers::<Int64Type>() {
        return Ok((0..rows).map(|row| ints.get(row)).collect());
    }
    let numbers = cells.numbers::<Float64Type>().ok_or_else(|| internal("not a float"))?;
    let cell = |row: usize| {
        let value = numbers.get(row)?;
        let whole = if function == Function::Floor { value.floor() } else { value.ceil() };
        let fits = (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&whole);
        if !fits {
            batch.fail(row, "the result is not a 64-bit int");
        }
        fits.then_some(whole as i64)
    };
    Ok((0..rows).map(cell).collect())
}

fn one_float(batch: &mut Batch, function: Function, cells: &Cells, rows: usize) -> Result<Float64Array, Letter> {
    let cells = as_floats(cells)?;
    let numbers = cells.numbers::<Float64Type>().ok_or_else(|| internal("not a float"))?;
    let cell = |row: usize| {
        let value = numbers.get(row)?;
        let logarithm = matches!(function, Function::NaturalLogarithm | Function::Logarithm2 | Function::Logarithm10);
        if (logarithm && value <= 0.0) || (function == Function::SquareRoot && value < 0.0) {
            batch.fail(row, "math domain error");
            return None;
        }
        Some(match function {
            Function::Negate => -value,
            Function::Absolute => value.abs(),
            Function::SquareRoot => value.sqrt(),
            Function::Exponential => value.exp(),
            Function::NaturalLogarithm => value.ln(),
            Function::Logarithm2 => value.log2(),
            Function::Logarithm10 => value.log10(),
            Function::Sine => value.sin(),
            Function::Cosine => value.cos(),
            Function::Radians => value.to_radians(),
            Function::Degrees => value.to_degrees(),
            _ => return None,
        })
    };
    Ok((0..rows).map(cell).collect())
}

fn two_floats(function: Function, left: &Cells, right: &Cells, rows: usize) -> Result<Float64Array, Letter> {
    let (left, right) = (as_floats(left)?, as_floats(right)?);
    let (Some(left), Some(right)) = (left.numbers::<Float64Type>(), right.numbers::<Float64Type>()) else {
        return Err(internal("not floats"));
    };
    let cell = |row: usize| {
        let (left, right) = (left.get(row)?, right.get(row)?);
        match function {
            Function::ArcTangent2 => Some(left.atan2(right)),
            _ => (right != 0.0).then(|| left / right),
        }
    };
    Ok((0..rows).map(cell).collect())
}
