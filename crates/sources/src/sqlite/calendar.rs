//! ISO-8601 texts and instants, both ways. SQLite has no type for time; such texts are its custom.
//!
//! Dates start with exactly four digits of the year and a hyphen, because push-down compares them as text.

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike};
use rusqlite::types::Value as Bound;

const DAY_MICROSECONDS: i64 = 86_400_000_000;

/// Microseconds since the epoch of `YYYY-MM-DD[T ]HH:MM[:SS[.f…]][offset]`, or of a date's midnight. Without an offset
/// the text is UTC; digits beyond the microsecond are cut off.
pub(super) fn instant(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let date = day(bytes.get(..10)?)?;
    if bytes.len() == 10 {
        return Some(date.and_hms_opt(0, 0, 0)?.and_utc().timestamp_micros());
    }
    if !matches!(bytes.get(10)?, b'T' | b't' | b' ') {
        return None;
    }
    match plain_time(bytes.get(11..)?) {
        Some(micros) => Some(date.and_hms_opt(0, 0, 0)?.and_utc().timestamp_micros() + micros),
        None => with_offset(&text[..10], text.get(11..)?),
    }
}

/// Days since the epoch of `YYYY-MM-DD`.
pub(super) fn date(text: &str) -> Option<i64> {
    Some(i64::from(day(text.as_bytes())?.to_epoch_days()))
}

/// Microseconds since midnight of `HH:MM[:SS[.f…]]`.
pub(super) fn time(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if matches!(bytes.last()?, b'Z' | b'z') {
        return None;
    }
    plain_time(bytes).or_else(|| {
        let time = NaiveTime::parse_from_str(text, "%H:%M").ok()?;
        Some(i64::from(time.num_seconds_from_midnight()) * 1_000_000)
    })
}

fn day(text: &[u8]) -> Option<NaiveDate> {
    let [a, b, c, d, b'-', e, f, b'-', g, h] = *text else { return None };
    let year = 100 * two(a, b)? + two(c, d)?;
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, two(e, f)?, two(g, h)?)
}

fn two(tens: u8, ones: u8) -> Option<u32> {
    (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| u32::from(tens - b'0') * 10 + u32::from(ones - b'0'))
}

/// The common style read without a format string, for scans of many rows: `HH:MM:SS[.f…][Z]`.
fn plain_time(text: &[u8]) -> Option<i64> {
    let [a, b, b':', c, d, b':', e, f, ref rest @ ..] = *text else { return None };
    let time = NaiveTime::from_hms_opt(two(a, b)?, two(c, d)?, two(e, f)?)?;
    let fraction = match rest.strip_suffix(b"Z").unwrap_or(rest) {
        [] => 0,
        [b'.', digits @ ..] if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) => {
            (0..6).fold(0, |sum, place| 10 * sum + digits.get(place).map_or(0, |digit| i64::from(digit - b'0')))
        }
        _ => return None,
    };
    Some(i64::from(time.num_seconds_from_midnight()) * 1_000_000 + fraction)
}

/// Everything else that is ISO-8601.
fn with_offset(date: &str, time: &str) -> Option<i64> {
    let text = format!("{date}T{time}");
    for format in ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z"] {
        if let Ok(instant) = DateTime::parse_from_str(&text, format) {
            return Some(instant.timestamp_micros());
        }
    }
    let naive = NaiveDateTime::parse_from_str(text.trim_end_matches(['Z', 'z']), "%Y-%m-%dT%H:%M").ok();
    let naive =
        naive.or_else(|| NaiveDateTime::parse_from_str(text.trim_end_matches('z'), "%Y-%m-%dT%H:%M:%S%.f").ok());
    Some(naive?.and_utc().timestamp_micros())
}

/// The date `days` after the UTC date of an instant, as text; nothing where four digits do not hold the year.
pub(super) fn day_text(micros: i64, days: i64) -> Option<Bound> {
    date_text(micros.div_euclid(DAY_MICROSECONDS), days)
}

/// The date `after` days after a date.
pub(super) fn date_text(days: i64, after: i64) -> Option<Bound> {
    let epoch = NaiveDate::from_ymd_opt(1970, 1, 1)?;
    let date = epoch.checked_add_signed(TimeDelta::try_days(days.checked_add(after)?)?)?;
    let first = NaiveDate::from_ymd_opt(0, 1, 1)?;
    let last = NaiveDate::from_ymd_opt(9999, 12, 31)?;
    (first..=last).contains(&date).then(|| Bound::Text(date.format("%Y-%m-%d").to_string()))
}

/// `YYYY-MM-DDTHH:MM:SS[.f]Z`.
pub(super) fn instant_text(micros: i64) -> Option<Bound> {
    let instant = DateTime::from_timestamp_micros(micros)?;
    instant.date_naive().checked_add_days(Days::new(1))?;
    Some(Bound::Text(instant.format("%Y-%m-%dT%H:%M:%S%.fZ").to_string()))
}

/// `HH:MM:SS[.f]`.
pub(super) fn time_text(micros: i64) -> Option<Bound> {
    let micros = u64::try_from(micros).ok()?;
    let seconds = u32::try_from(micros / 1_000_000).ok()?;
    let nanos = u32::try_from(micros % 1_000_000).ok()? * 1_000;
    let time = NaiveTime::from_num_seconds_from_midnight_opt(seconds, nanos)?;
    Some(Bound::Text(time.format("%H:%M:%S%.f").to_string()))
}
