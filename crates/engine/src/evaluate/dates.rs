//! Parts of dates and times, in UTC.

use super::arithmetic::as_floats;
use super::cells::Cells;
use crate::context::internal;
use arrow::array::{ArrayRef, Float64Array, Int64Array, TimestampMicrosecondArray};
use arrow::datatypes::{Date64Type, DurationMicrosecondType, Float64Type, TimestampMicrosecondType};
use chrono::{DateTime, Datelike, NaiveDateTime, Timelike};
use creta_expr::functions::Function;
use creta_model::Letter;
use std::sync::Arc;

pub(super) fn call(function: Function, cells: &Cells, rows: usize) -> Result<Cells, Letter> {
    let rows = if cells.is_scalar() { 1 } else { rows };
    let values: ArrayRef = match function {
        Function::TotalSeconds => {
            let spans = cells.numbers::<DurationMicrosecondType>().ok_or_else(|| internal("not a timedelta"))?;
            Arc::new((0..rows).map(|row| spans.get(row).map(|span| span as f64 / 1e6)).collect::<Float64Array>())
        }
        Function::UnixSeconds | Function::UnixMilliseconds => unix(function, cells, rows)?,
        Function::FromUnixSeconds => from_unix(cells, rows)?,
        _ => Arc::new(parts(function, cells, rows)?),
    };
    Ok(if cells.is_scalar() { Cells::scalar(values) } else { Cells::column(values) })
}

fn unix(function: Function, cells: &Cells, rows: usize) -> Result<ArrayRef, Letter> {
    let times = cells.numbers::<TimestampMicrosecondType>().ok_or_else(|| internal("not a datetime"))?;
    Ok(match function {
        Function::UnixSeconds => {
            Arc::new((0..rows).map(|row| times.get(row).map(|time| time as f64 / 1e6)).collect::<Float64Array>())
        }
        _ => Arc::new((0..rows).map(|row| times.get(row).map(|time| time.div_euclid(1_000))).collect::<Int64Array>()),
    })
}

fn from_unix(cells: &Cells, rows: usize) -> Result<ArrayRef, Letter> {
    let cells = as_floats(cells)?;
    let seconds = cells.numbers::<Float64Type>().ok_or_else(|| internal("not a number"))?;
    let times = (0..rows).map(|row| seconds.get(row).map(|seconds| (seconds * 1e6).round() as i64));
    Ok(Arc::new(times.collect::<TimestampMicrosecondArray>().with_timezone("UTC")))
}

fn parts(function: Function, cells: &Cells, rows: usize) -> Result<Int64Array, Letter> {
    let times = cells.numbers::<TimestampMicrosecondType>();
    let dates = cells.numbers::<Date64Type>();
    let moment = |row: usize| -> Option<NaiveDateTime> {
        match (&times, &dates) {
            (Some(times), _) => DateTime::from_timestamp_micros(times.get(row)?).map(|moment| moment.naive_utc()),
            (None, Some(dates)) => DateTime::from_timestamp_millis(dates.get(row)?).map(|moment| moment.naive_utc()),
            (None, None) => None,
        }
    };
    if times.is_none() && dates.is_none() {
        return Err(internal("not a date"));
    }
    Ok((0..rows).map(|row| moment(row).map(|moment| part(function, moment))).collect())
}

fn part(function: Function, moment: NaiveDateTime) -> i64 {
    match function {
        Function::Year => i64::from(moment.year()),
        Function::Quarter => i64::from(moment.month0() / 3 + 1),
        Function::Month => i64::from(moment.month()),
        Function::WeekOfYear => i64::from(moment.iso_week().week()),
        Function::Day => i64::from(moment.day()),
        Function::DayOfYear => i64::from(moment.ordinal()),
        Function::DayOfWeek => i64::from(moment.weekday().number_from_monday()),
        _ => i64::from(moment.hour()),
    }
}
