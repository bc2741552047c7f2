//! Times as text: RFC 3339 instants, dates, times of day, durations; in data they are integers.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat, Timelike};
use creta_model::duration::{DAY, HOUR, INFINITY, MINUTE, SECOND};

const NANOS_PER_MICRO: u32 = 1_000;

/// Microseconds since the epoch as `2026-11-22T09:18:02.876807+00:00`; None outside of the calendar.
pub fn instant_text(micros: i64) -> Option<String> {
    Some(DateTime::from_timestamp_micros(micros)?.to_rfc3339_opts(SecondsFormat::Micros, false))
}

/// Reads an ISO instant; without an offset it is UTC. Finer than microseconds is cut off.
pub fn parse_instant(text: &str) -> Option<i64> {
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Some(instant.timestamp_micros());
    }
    if let Ok(instant) = DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%:z") {
        return Some(instant.timestamp_micros());
    }
    let naive = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"];
    let naive = naive.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    let naive = naive.or_else(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0));
    Some(naive?.and_utc().timestamp_micros())
}

/// Days since the epoch as `2026-11-22`.
pub fn date_text(days: i64) -> Option<String> {
    let seconds = days.checked_mul(DAY / SECOND)?;
    Some(DateTime::from_timestamp(seconds, 0)?.date_naive().to_string())
}

pub fn parse_date(text: &str) -> Option<i32> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    i32::try_from(date.signed_duration_since(NaiveDate::default()).num_days()).ok()
}

/// Microseconds since midnight as `09:18:02.876807`, without the fraction when it is zero.
pub fn time_text(micros: i64) -> Option<String> {
    let seconds = u32::try_from(micros.div_euclid(SECOND)).ok()?;
    let fraction = u32::try_from(micros.rem_euclid(SECOND)).ok()?;
    let time = NaiveTime::from_num_seconds_from_midnight_opt(seconds, fraction * NANOS_PER_MICRO)?;
    Some(time.format(if fraction == 0 { "%H:%M:%S" } else { "%H:%M:%S%.6f" }).to_string())
}

pub fn parse_time(text: &str) -> Option<i64> {
    let formats = ["%H:%M:%S%.f", "%H:%M"];
    let time = formats.iter().find_map(|format| NaiveTime::parse_from_str(text, format).ok())?;
    let seconds = i64::from(time.num_seconds_from_midnight());
    Some(seconds * SECOND + i64::from(time.nanosecond() / NANOS_PER_MICRO))
}

/// Microseconds as an ISO 8601 duration: `P1DT2H3M4.5S`.
pub fn duration_text(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    let total = micros.unsigned_abs();
    let unit = |size: i64| size.unsigned_abs();
    let (days, rest) = (total / unit(DAY), total % unit(DAY));
    let (hours, minutes) = (rest / unit(HOUR), rest % unit(HOUR) / unit(MINUTE));
    let (seconds, fraction) = (rest % unit(MINUTE) / unit(SECOND), rest % unit(SECOND));
    let mut text = format!("{sign}P");
    if days > 0 {
        text.push_str(&format!("{days}D"));
    }
    if rest > 0 || days == 0 {
        text.push('T');
    }
    for (count, letter) in [(hours, 'H'), (minutes, 'M')] {
        if count > 0 {
            text.push_str(&format!("{count}{letter}"));
        }
    }
    if fraction > 0 {
        text.push_str(format!("{seconds}.{fraction:06}").trim_end_matches('0'));
        text.push('S');
    } else if seconds > 0 || rest == 0 && days == 0 {
        text.push_str(&format!("{seconds}S"));
    }
    text
}

/// Reads `10m`, `1h 30m`, `infinity`, `all`, or an ISO 8601 duration without months and years.
pub fn parse_duration(text: &str) -> Option<i64> {
    let text = text.trim();
    if matches!(text, "infinity" | "all") {
        return Some(INFINITY);
    }
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let micros = match text.strip_prefix('P') {
        Some(iso) => parse_iso(iso)?,
        None => parts(text, unit)?,
    };
    Some(if negative { -micros } else { micros })
}

fn parse_iso(text: &str) -> Option<i64> {
    let (date, time) = text.split_once('T').unwrap_or((text, ""));
    let days = if date.is_empty() {
        0
    } else {
        parts(date, |unit| match unit {
            "D" => Some(DAY),
            "W" => Some(7 * DAY),
            _ => None,
        })?
    };
    let rest = if time.is_empty() {
        0
    } else {
        parts(time, |unit| match unit {
            "H" => Some(HOUR),
            "M" => Some(MINUTE),
            "S" => Some(SECOND),
            _ => None,
        })?
    };
    (!date.is_empty() || !time.is_empty()).then(|| days.checked_add(rest)).flatten()
}

fn unit(name: &str) -> Option<i64> {
    match name {
        "w" => Some(7 * DAY),
        "d" => Some(DAY),
        "h" => Some(HOUR),
        "m" => Some(MINUTE),
        "s" => Some(SECOND),
        "ms" => Some(1_000),
        "us" => Some(1),
        _ => None,
    }
}

/// A sum of numbers with units, at least one.
fn parts(text: &str, unit: impl Fn(&str) -> Option<i64>) -> Option<i64> {
    let mut total: i64 = 0;
    let mut rest = text.trim_start();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let (number, after) = rest.split_at(digits);
        let end = after.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(after.len());
        let (name, after) = after.split_at(end);
        total = total.checked_add(scaled(number, unit(name)?)?)?;
        rest = after.trim_start();
    }
    Some(total)
}

fn scaled(number: &str, size: i64) -> Option<i64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole = whole.parse::<i64>().ok()?.checked_mul(size)?;
    if fraction.is_empty() {
        return Some(whole);
    }
    let fraction = format!("0.{fraction}").parse::<f64>().ok()?;
    whole.checked_add((fraction * size as f64).round() as i64)
}
