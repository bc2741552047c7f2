//! Dates and times: parts, edges, buckets, and texts; in UTC where no zone is named. The calendar is Python's: the
//! years 1 to 9999.

mod buckets;
mod holidays;
mod texts;

pub(super) use texts::{from_iso, iso_date, iso_time};

use super::call::{Call, Outcome};
use super::cells::{Cells, Numbers, Read};
use crate::context::internal;
use arrow::array::{ArrayRef, BooleanArray, Date64Array, Float64Array, Int64Array, TimestampMicrosecondArray};
use arrow::datatypes::{Date64Type, DurationMicrosecondType, TimestampMicrosecondType};
use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, Timelike, Utc};
use chrono_tz::Tz;
use creta_expr::functions::Date;
use creta_model::Letter;

pub(super) const OUTSIDE: &str = "the result is outside of the years 1 to 9999";
pub(super) const NO_ZONE: &str = "there is no such time zone";
/// 0001-01-01 and 10000-01-01.
const FIRST: i64 = -62_135_596_800_000_000;
const BEYOND: i64 = 253_402_300_800_000_000;

/// A column of datetimes or dates as moments.
pub(super) enum Moments<'a> {
    Times(Numbers<'a, TimestampMicrosecondType>),
    Dates(Numbers<'a, Date64Type>),
}

impl<'a> Moments<'a> {
    fn of(cells: &'a Cells) -> Result<Moments<'a>, Letter> {
        match (cells.numbers(), cells.numbers()) {
            (Some(times), _) => Ok(Moments::Times(times)),
            (None, Some(dates)) => Ok(Moments::Dates(dates)),
            (None, None) => Err(internal("not a date")),
        }
    }
}

impl Read for Moments<'_> {
    type Value = NaiveDateTime;

    fn get(&self, row: usize) -> Option<NaiveDateTime> {
        let moment = match self {
            Moments::Times(times) => DateTime::from_timestamp_micros(times.get(row)?),
            Moments::Dates(dates) => DateTime::from_timestamp_millis(dates.get(row)?),
        };
        moment.map(|moment| moment.naive_utc())
    }
}

pub(super) fn call(function: Date, call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    Ok(match function {
        Date::TotalSeconds => {
            let spans = call.argument(0)?.numbers::<DurationMicrosecondType>();
            let spans = spans.ok_or_else(|| internal("not a timedelta"))?;
            call.one::<_, f64, Float64Array>(&spans, |span| Ok(Some(seconds(span))))
        }
        Date::UnixSeconds => {
            let times = times(call, 0)?;
            call.one::<_, f64, Float64Array>(&times, |time| Ok(Some(seconds(time))))
        }
        Date::UnixMilliseconds => {
            let times = times(call, 0)?;
            call.one::<_, i64, Int64Array>(&times, |time| Ok(Some(time.div_euclid(1_000))))
        }
        Date::FromUnixSeconds | Date::FromUnixMilliseconds => from_unix(function, call)?,
        Date::BucketStart | Date::BucketEnd | Date::NthBucketStart | Date::NthBucketEnd => {
            buckets::call(function, call)?
        }
        Date::ToIso | Date::FromIso | Date::Parse | Date::Format => texts::call(function, call)?,
        Date::HourOfDay if call.arguments.len() > 1 => local_hours(call)?,
        Date::Truncate => truncated(call)?,
        _ => parts(function, call)?,
    })
}

pub(super) fn times<'a>(call: &Call<'a>, position: usize) -> Result<Numbers<'a, TimestampMicrosecondType>, Letter> {
    call.argument(position)?.numbers().ok_or_else(|| internal("not a datetime"))
}

/// A column of datetimes from microseconds.
pub(super) fn in_utc(call: &mut Call<'_>, outcome: impl FnMut(usize) -> Outcome<i64>) -> Result<ArrayRef, Letter> {
    let times = call.each::<i64, TimestampMicrosecondArray>(outcome);
    arrow::compute::cast(&times, &creta_model::DataType::Datetime.arrow()).map_err(internal)
}

/// Microseconds that are in the calendar.
pub(super) fn in_calendar(time: i64) -> Outcome<i64> {
    if (FIRST..BEYOND).contains(&time) { Ok(Some(time)) } else { Err(OUTSIDE) }
}

/// Whole seconds and the rest apart, because microseconds have more digits than a float keeps.
fn seconds(micros: i64) -> f64 {
    (micros / 1_000_000) as f64 + (micros % 1_000_000) as f64 / 1e6
}

fn from_unix(function: Date, call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    let unit = if function == Date::FromUnixSeconds { 1_000_000 } else { 1_000 };
    if let Ok(numbers) = call.ints(0) {
        return in_utc(call, |row| match numbers.get(row) {
            Some(number) => number.checked_mul(unit).ok_or(OUTSIDE).and_then(in_calendar),
            None => Ok(None),
        });
    }
    let numbers = call.floats(0)?;
    in_utc(call, |row| match numbers.get(row) {
        // Saturating: what is too large is outside of the calendar, but NaN would be the epoch.
        Some(number) if number.is_nan() => Err(OUTSIDE),
        Some(number) => {
            let fraction = (number.fract() * unit as f64).round_ties_even() as i64;
            in_calendar((number.trunc() as i64).saturating_mul(unit).saturating_add(fraction))
        }
        None => Ok(None),
    })
}

fn local_hours(call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    let (moments, zones) = (Moments::of(call.argument(0)?)?, call.texts(1)?);
    Ok(call.two::<_, _, i64, Int64Array>(&moments, &zones, |moment, zone| {
        let zone: Tz = zone.parse().map_err(|_| NO_ZONE)?;
        Ok(Some(i64::from(moment.and_utc().with_timezone(&zone).hour())))
    }))
}

fn parts(function: Date, call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    let moments = Moments::of(call.argument(0)?)?;
    Ok(match function {
        Date::LastDayOfMonth => call.one::<_, i64, Date64Array>(&moments, |moment| {
            Ok(last_of_month(moment.date())
                .map(|day| day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis()))
        }),
        Date::IsMonthEnd | Date::IsLeapYear | Date::IsFederalHoliday => {
            call.one::<_, bool, BooleanArray>(&moments, |moment| {
                Ok(Some(match function {
                    Date::IsMonthEnd => last_of_month(moment.date()) == Some(moment.date()),
                    Date::IsLeapYear => moment.date().leap_year(),
                    _ => holidays::is_holiday(moment.date()),
                }))
            })
        }
        Date::DayOfWeek if call.arguments.len() > 1 => {
            let firsts = call.ints(1)?;
            call.two::<_, _, i64, Int64Array>(&moments, &firsts, |moment, first| {
                let day = i64::from(moment.weekday().number_from_monday());
                let is_day = (1..=7).contains(&first);
                if is_day { Ok(Some((day - first).rem_euclid(7) + 1)) } else { Err("a day of the week is 1 to 7") }
            })
        }
        _ => call.one::<_, i64, Int64Array>(&moments, |moment| Ok(Some(part(function, moment)))),
    })
}

fn part(function: Date, moment: NaiveDateTime) -> i64 {
    match function {
        Date::Year => i64::from(moment.year()),
        Date::Quarter => i64::from(moment.month0() / 3 + 1),
        Date::Month => i64::from(moment.month()),
        Date::WeekOfYear => i64::from(moment.iso_week().week()),
        Date::DayOfMonth => i64::from(moment.day()),
        Date::DayOfYear => i64::from(moment.ordinal()),
        Date::DayOfWeek => i64::from(moment.weekday().number_from_monday()),
        _ => i64::from(moment.hour()),
    }
}

fn last_of_month(day: NaiveDate) -> Option<NaiveDate> {
    day.with_day(u32::from(day.num_days_in_month()))
}

/// The start of the unit that holds the moment; a week begins on Monday.
fn truncated(call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    let cells = call.argument(0)?;
    let (moments, units) = (Moments::of(cells)?, call.texts(1)?);
    let start = |row: usize| -> Outcome<DateTime<Utc>> {
        match (moments.get(row), units.get(row)) {
            (Some(moment), Some(unit)) => Ok(Some(start_of(moment, unit)?.and_utc())),
            _ => Ok(None),
        }
    };
    match &moments {
        Moments::Times(_) => in_utc(call, |row| Ok(start(row)?.map(|moment| moment.timestamp_micros()))),
        Moments::Dates(_) => {
            let days = call.each::<i64, Date64Array>(|row| Ok(start(row)?.map(|moment| moment.timestamp_millis())));
            Ok(days)
        }
    }
}

fn start_of(moment: NaiveDateTime, unit: &str) -> Result<NaiveDateTime, &'static str> {
    let day = moment.date();
    let with_clock = |hour, minute, second| day.and_hms_opt(hour, minute, second);
    let first_of = |month: u32| NaiveDate::from_ymd_opt(day.year(), month, 1);
    let start = match unit {
        "second" => with_clock(moment.hour(), moment.minute(), moment.second()),
        "minute" => with_clock(moment.hour(), moment.minute(), 0),
        "hour" => with_clock(moment.hour(), 0, 0),
        _ => {
            let day = match unit {
                "day" => Some(day),
                "week" => day.checked_sub_days(Days::new(day.weekday().num_days_from_monday().into())),
                "month" => first_of(day.month()),
                "quarter" => first_of(day.month0() / 3 * 3 + 1),
                "year" => first_of(1),
                _ => return Err("the unit is not one of second, minute, hour, day, week, month, quarter, year"),
            };
            day.and_then(|day| day.and_hms_opt(0, 0, 0))
        }
    };
    start.ok_or(OUTSIDE)
}
