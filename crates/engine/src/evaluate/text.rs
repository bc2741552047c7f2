//! String functions; positions count code points, as in Python.

use super::cells::{Cells, Texts};
use crate::context::internal;
use arrow::array::{ArrayRef, BooleanArray, Int64Array, LargeStringArray};
use arrow::datatypes::Int64Type;
use creta_expr::functions::Function;
use creta_model::Letter;
use std::sync::Arc;

/// `+` on strings; None when the operands are not strings.
pub(super) fn concatenate(function: Function, left: &Cells, right: &Cells, rows: usize) -> Option<Cells> {
    let (left_text, right_text) = (left.texts()?, right.texts()?);
    if function != Function::Add {
        return None;
    }
    let scalar = left.is_scalar() && right.is_scalar();
    let rows = if scalar { 1 } else { rows };
    let joined = |row: usize| Some([left_text.get(row)?, right_text.get(row)?].concat());
    let values: LargeStringArray = (0..rows).map(joined).collect();
    Some(if scalar { Cells::scalar(Arc::new(values)) } else { Cells::column(Arc::new(values)) })
}

pub(super) fn call(function: Function, arguments: &[Cells], rows: usize) -> Result<Cells, Letter> {
    let scalar = arguments.iter().all(Cells::is_scalar);
    let rows = if scalar { 1 } else { rows };
    let texts = arguments[0].texts().ok_or_else(|| internal("not a string"))?;
    let values: ArrayRef = match function {
        Function::Length => {
            let length = |row: usize| texts.get(row).map(|text| text.chars().count() as i64);
            Arc::new((0..rows).map(length).collect::<Int64Array>())
        }
        Function::StartsWith | Function::EndsWith | Function::Contains => {
            Arc::new(tests(function, &texts, &arguments[1], rows)?)
        }
        Function::Replace => Arc::new(replaced(&texts, &arguments[1], &arguments[2], rows)?),
        Function::Substring => Arc::new(substrings(&texts, arguments, rows)?),
        Function::SplitPart => Arc::new(parts(&texts, &arguments[1], &arguments[2], rows)?),
        _ => Arc::new(
            (0..rows).map(|row| texts.get(row).map(|text| changed(function, text))).collect::<LargeStringArray>(),
        ),
    };
    Ok(if scalar { Cells::scalar(values) } else { Cells::column(values) })
}

fn changed(function: Function, text: &str) -> String {
    match function {
        Function::Lower => text.to_lowercase(),
        Function::Upper => text.to_uppercase(),
        Function::Trim => text.trim().to_owned(),
        Function::LeftTrim => text.trim_start().to_owned(),
        Function::RightTrim => text.trim_end().to_owned(),
        _ => text.chars().rev().collect(),
    }
}

fn tests(function: Function, texts: &Texts<'_>, wanted: &Cells, rows: usize) -> Result<BooleanArray, Letter> {
    let wanted = wanted.texts().ok_or_else(|| internal("not a string"))?;
    let test = |row: usize| {
        let (text, wanted) = (texts.get(row)?, wanted.get(row)?);
        Some(match function {
            Function::StartsWith => text.starts_with(wanted),
            Function::EndsWith => text.ends_with(wanted),
            _ => text.contains(wanted),
        })
    };
    Ok((0..rows).map(test).collect())
}

fn replaced(texts: &Texts<'_>, old: &Cells, new: &Cells, rows: usize) -> Result<LargeStringArray, Letter> {
    let (Some(old), Some(new)) = (old.texts(), new.texts()) else { return Err(internal("not a string")) };
    Ok((0..rows).map(|row| Some(texts.get(row)?.replace(old.get(row)?, new.get(row)?))).collect())
}

/// `substr(text, start, length)`: 0-based; without a length to the end.
fn substrings(texts: &Texts<'_>, arguments: &[Cells], rows: usize) -> Result<LargeStringArray, Letter> {
    let starts = arguments[1].numbers::<Int64Type>().ok_or_else(|| internal("not an int"))?;
    let lengths = arguments.get(2).and_then(|cells| cells.numbers::<Int64Type>());
    let part = |row: usize| {
        let start = usize::try_from(starts.get(row)?).unwrap_or(0);
        let length = match &lengths {
            Some(lengths) => usize::try_from(lengths.get(row)?).unwrap_or(0),
            None => usize::MAX,
        };
        Some(texts.get(row)?.chars().skip(start).take(length).collect::<String>())
    };
    Ok((0..rows).map(part).collect())
}

/// `split_part(text, delimiter, index)`: 0-based, null past the end.
fn parts(texts: &Texts<'_>, delimiters: &Cells, indices: &Cells, rows: usize) -> Result<LargeStringArray, Letter> {
    let (Some(delimiters), Some(indices)) = (delimiters.texts(), indices.numbers::<Int64Type>()) else {
        return Err(internal("split_part takes a string and an int"));
    };
    let part = |row: usize| {
        let index = usize::try_from(indices.get(row)?).ok()?;
        texts.get(row)?.split(delimiters.get(row)?).nth(index)
    };
    Ok((0..rows).map(part).collect())
}
