//! Buckets of equal length, aligned to the epoch or to a given moment.

use super::{in_calendar, in_utc, times};
use crate::context::internal;
use crate::evaluate::call::{Call, Outcome};
use crate::evaluate::cells::Read;
use arrow::array::ArrayRef;
use arrow::datatypes::DurationMicrosecondType;
use creta_expr::functions::Date;
use creta_model::Letter;

pub(super) fn call(function: Date, call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    let moments = times(call, 0)?;
    let lengths = call.argument(1)?.numbers::<DurationMicrosecondType>().ok_or_else(|| internal("not a timedelta"))?;
    let is_counted = matches!(function, Date::NthBucketStart | Date::NthBucketEnd);
    let numbers = if is_counted { Some(call.ints(2)?) } else { None };
    let origins = call.optional(if is_counted { 3 } else { 2 }, times)?;
    let after = i64::from(matches!(function, Date::BucketEnd | Date::NthBucketEnd));
    in_utc(call, |row| {
        let number = numbers.as_ref().map_or(Some(0), |numbers| numbers.get(row));
        let origin = origins.as_ref().map_or(Some(0), |origins| origins.get(row));
        match (moments.get(row), lengths.get(row), number, origin) {
            (Some(moment), Some(length), Some(number), Some(origin)) => {
                edge(moment, length, i128::from(number) + i128::from(after), origin)
            }
            _ => Ok(None),
        }
    })
}

fn edge(moment: i64, length: i64, number: i128, origin: i64) -> Outcome<i64> {
    if length <= 0 {
        return Err("a bucket must be longer than nothing");
    }
    let (length, origin) = (i128::from(length), i128::from(origin));
    let start = origin + ((i128::from(moment) - origin).div_euclid(length) + number) * length;
    in_calendar(i64::try_from(start).unwrap_or(i64::MAX))
}
