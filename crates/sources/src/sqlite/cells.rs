//! Puts SQLite's cells into columns of the wanted types, and says which cell does not fit.

use super::calendar;
use crate::columns::{Column, DAY_MILLISECONDS, Misfit, whole};
use rusqlite::types::ValueRef;

pub(super) fn append(column: &mut Column, cell: ValueRef<'_>) -> Result<(), Misfit> {
    if matches!(cell, ValueRef::Null) {
        column.append_null();
        return Ok(());
    }
    let misfit = || Misfit::holds(held(cell));
    match (column, cell) {
        (Column::Int(builder), _) => builder.append_value(integer(cell).ok_or_else(misfit)?),
        (Column::Float(builder), ValueRef::Real(value)) => builder.append_value(value),
        (Column::Float(builder), ValueRef::Integer(value)) => builder.append_value(value as f64),
        (Column::Bool(builder), ValueRef::Integer(value @ (0 | 1))) => builder.append_value(value == 1),
        (Column::Bool(_), ValueRef::Integer(_)) => return Err(Misfit::holds("INTEGER other than 0 and 1")),
        (Column::Str(builder), ValueRef::Text(_)) => builder.append_value(text(cell)?),
        (Column::Bytes(builder), ValueRef::Blob(value)) => builder.append_value(value),
        (Column::Datetime(builder), ValueRef::Text(_)) => {
            let instant = calendar::instant(text(cell)?);
            builder.append_value(instant.ok_or_else(|| Misfit::holds("TEXT that is not an ISO-8601 time"))?);
        }
        (Column::Date(builder), ValueRef::Text(_)) => {
            let days = calendar::date(text(cell)?);
            let days = days.ok_or_else(|| Misfit::holds("TEXT that is not a date YYYY-MM-DD"))?;
            builder.append_value(days * DAY_MILLISECONDS);
        }
        (Column::Time(builder), ValueRef::Text(_)) => {
            let time = calendar::time(text(cell)?);
            builder.append_value(time.ok_or_else(|| Misfit::holds("TEXT that is not a time HH:MM:SS"))?);
        }
        _ => return Err(misfit()),
    }
    Ok(())
}

fn integer(cell: ValueRef<'_>) -> Option<i64> {
    match cell {
        ValueRef::Integer(value) => Some(value),
        ValueRef::Real(value) => whole(value),
        _ => None,
    }
}

fn text(cell: ValueRef<'_>) -> Result<&str, Misfit> {
    cell.as_str().map_err(|_| Misfit::holds("TEXT that is not UTF-8"))
}

fn held(cell: ValueRef<'_>) -> &'static str {
    match cell {
        ValueRef::Null => "NULL",
        ValueRef::Integer(_) => "INTEGER",
        ValueRef::Real(_) => "REAL",
        ValueRef::Text(_) => "TEXT",
        ValueRef::Blob(_) => "BLOB",
    }
}
