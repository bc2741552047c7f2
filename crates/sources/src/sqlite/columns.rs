//! Builds Arrow columns of the wanted types from SQLite's cells, and says which cell does not fit.

use super::calendar;
use arrow::array::{
    ArrayRef, BooleanBuilder, Date64Builder, Float64Builder, Int64Builder, LargeBinaryBuilder, LargeStringBuilder,
    Time64MicrosecondBuilder, TimestampMicrosecondBuilder,
};
use creta_model::DataType;
use creta_ports::arrays::null_array;
use rusqlite::types::ValueRef;
use std::sync::Arc;

const DAY_MILLISECONDS: i64 = 86_400_000;
/// Two to the power of 63: the first float beyond the whole numbers that SQLite and we have.
const BEYOND_INT: f64 = 9_223_372_036_854_775_808.0;

/// What a cell holds, in SQLite's words, when its column wants something else.
#[derive(Debug, PartialEq)]
pub(super) struct Misfit(pub &'static str);

pub(super) enum Column {
    Int(Int64Builder),
    Float(Float64Builder),
    Bool(BooleanBuilder),
    Str(LargeStringBuilder),
    Bytes(LargeBinaryBuilder),
    Datetime(TimestampMicrosecondBuilder),
    Date(Date64Builder),
    Time(Time64MicrosecondBuilder),
    /// A type that SQLite has no values of: only nulls fit. Holds their number.
    Nothing(DataType, usize),
}

impl Column {
    pub fn new(data_type: &DataType) -> Column {
        match data_type {
            DataType::Int => Column::Int(Int64Builder::new()),
            DataType::Float => Column::Float(Float64Builder::new()),
            DataType::Bool => Column::Bool(BooleanBuilder::new()),
            DataType::Str => Column::Str(LargeStringBuilder::new()),
            DataType::Bytes => Column::Bytes(LargeBinaryBuilder::new()),
            DataType::Datetime => Column::Datetime(TimestampMicrosecondBuilder::new().with_timezone("UTC")),
            DataType::Date => Column::Date(Date64Builder::new()),
            DataType::Time => Column::Time(Time64MicrosecondBuilder::new()),
            other => Column::Nothing(other.clone(), 0),
        }
    }

    pub fn append(&mut self, cell: ValueRef<'_>) -> Result<(), Misfit> {
        if matches!(cell, ValueRef::Null) {
            self.append_null();
            return Ok(());
        }
        let misfit = || Misfit(held(cell));
        match (self, cell) {
            (Column::Int(builder), _) => builder.append_value(whole(cell).ok_or_else(misfit)?),
            (Column::Float(builder), ValueRef::Real(value)) => builder.append_value(value),
            (Column::Float(builder), ValueRef::Integer(value)) => builder.append_value(value as f64),
            (Column::Bool(builder), ValueRef::Integer(value @ (0 | 1))) => builder.append_value(value == 1),
            (Column::Bool(_), ValueRef::Integer(_)) => return Err(Misfit("INTEGER other than 0 and 1")),
            (Column::Str(builder), ValueRef::Text(_)) => builder.append_value(text(cell)?),
            (Column::Bytes(builder), ValueRef::Blob(value)) => builder.append_value(value),
            (Column::Datetime(builder), ValueRef::Text(_)) => {
                builder
                    .append_value(calendar::instant(text(cell)?).ok_or(Misfit("TEXT that is not an ISO-8601 time"))?);
            }
            (Column::Date(builder), ValueRef::Text(_)) => {
                let days = calendar::date(text(cell)?).ok_or(Misfit("TEXT that is not a date YYYY-MM-DD"))?;
                builder.append_value(days * DAY_MILLISECONDS);
            }
            (Column::Time(builder), ValueRef::Text(_)) => {
                builder.append_value(calendar::time(text(cell)?).ok_or(Misfit("TEXT that is not a time HH:MM:SS"))?);
            }
            _ => return Err(misfit()),
        }
        Ok(())
    }

    fn append_null(&mut self) {
        match self {
            Column::Int(builder) => builder.append_null(),
            Column::Float(builder) => builder.append_null(),
            Column::Bool(builder) => builder.append_null(),
            Column::Str(builder) => builder.append_null(),
            Column::Bytes(builder) => builder.append_null(),
            Column::Datetime(builder) => builder.append_null(),
            Column::Date(builder) => builder.append_null(),
            Column::Time(builder) => builder.append_null(),
            Column::Nothing(_, rows) => *rows += 1,
        }
    }

    /// The rows so far as an array; the next rows begin a new one.
    pub fn finish(&mut self) -> ArrayRef {
        match self {
            Column::Int(builder) => Arc::new(builder.finish()),
            Column::Float(builder) => Arc::new(builder.finish()),
            Column::Bool(builder) => Arc::new(builder.finish()),
            Column::Str(builder) => Arc::new(builder.finish()),
            Column::Bytes(builder) => Arc::new(builder.finish()),
            Column::Datetime(builder) => Arc::new(builder.finish()),
            Column::Date(builder) => Arc::new(builder.finish()),
            Column::Time(builder) => Arc::new(builder.finish()),
            Column::Nothing(data_type, rows) => null_array(data_type, std::mem::take(rows)),
        }
    }
}

fn whole(cell: ValueRef<'_>) -> Option<i64> {
    match cell {
        ValueRef::Integer(value) => Some(value),
        ValueRef::Real(value) if value.fract() == 0.0 && (-BEYOND_INT..BEYOND_INT).contains(&value) => {
            Some(value as i64)
        }
        _ => None,
    }
}

fn text(cell: ValueRef<'_>) -> Result<&str, Misfit> {
    cell.as_str().map_err(|_| Misfit("TEXT that is not UTF-8"))
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
