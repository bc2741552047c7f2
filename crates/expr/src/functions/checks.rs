//! Constants that can never be right: found when the expression is deployed, not row by row.

use crate::notation::{json_path, moment_pattern};
use creta_model::Value;
use regex::Regex;

type Outcome = Result<(), String>;
type Constants<'a, 'v> = &'a [Option<&'v Value>];

fn text<'v>(constants: Constants<'_, 'v>, position: usize) -> Option<&'v str> {
    match constants.get(position) {
        Some(Some(Value::Str(text))) => Some(text),
        _ => None,
    }
}

fn int(constants: Constants<'_, '_>, position: usize) -> Option<i64> {
    match constants.get(position) {
        Some(Some(Value::Int(number))) => Some(*number),
        _ => None,
    }
}

fn one_of(what: &str, given: Option<&str>, known: &[&str]) -> Outcome {
    match given {
        Some(given) if !known.contains(&given) => {
            Err(format!("there is no {what} `{given}`; it is one of {}", known.join(", ")))
        }
        _ => Ok(()),
    }
}

fn within(what: &str, given: Option<i64>, low: i64, high: i64) -> Outcome {
    match given {
        Some(given) if !(low..=high).contains(&given) => Err(format!("{what} is {low} to {high}, not {given}")),
        _ => Ok(()),
    }
}

/// A regular expression, and the group that is asked of it.
pub(super) fn expression(constants: Constants<'_, '_>) -> Outcome {
    let Some(pattern) = text(constants, 1) else { return Ok(()) };
    let expression = Regex::new(pattern).map_err(|_| format!("`{pattern}` is not a regular expression"))?;
    let groups = expression.captures_len() as i64 - 1;
    within("the group", int(constants, 2), 0, groups)
}

pub(super) fn encoding(constants: Constants<'_, '_>) -> Outcome {
    one_of("encoding", text(constants, 1), &["utf-8", "hex", "base64"])
}

pub(super) fn base(constants: Constants<'_, '_>) -> Outcome {
    within("the base", int(constants, 1), 2, 36)
}

pub(super) fn path(constants: Constants<'_, '_>) -> Outcome {
    match text(constants, 1).map(json_path::parse) {
        Some(None) => Err("the path is not one of names, places and `*`, such as `$.a.b[0]`".to_owned()),
        _ => Ok(()),
    }
}

pub(super) fn weekday(constants: Constants<'_, '_>) -> Outcome {
    within("the first day of the week", int(constants, 1), 1, 7)
}

fn zone(name: Option<&str>) -> Outcome {
    match name.map(|name| name.parse::<chrono_tz::Tz>().is_ok()) {
        Some(false) => Err(format!("there is no time zone `{}`", name.unwrap_or_default())),
        _ => Ok(()),
    }
}

pub(super) fn zone_second(constants: Constants<'_, '_>) -> Outcome {
    zone(text(constants, 1))
}

pub(super) fn unit(constants: Constants<'_, '_>) -> Outcome {
    one_of("unit", text(constants, 1), &["second", "minute", "hour", "day", "week", "month", "quarter", "year"])
}

pub(super) fn format(constants: Constants<'_, '_>) -> Outcome {
    text(constants, 1).map_or(Ok(()), |pattern| moment_pattern::parse(pattern).map(|_| ()))?;
    zone(text(constants, 2))
}

pub(super) fn readable(constants: Constants<'_, '_>) -> Outcome {
    let Some(pattern) = text(constants, 1) else { return Ok(()) };
    moment_pattern::reader(&moment_pattern::parse(pattern)?).map(|_| ())
}

pub(super) fn length(constants: Constants<'_, '_>) -> Outcome {
    match constants.get(1) {
        Some(Some(Value::Timedelta(length))) if *length <= 0 => Err("a bucket must be longer than nothing".to_owned()),
        _ => Ok(()),
    }
}

pub(super) fn tiebreak(constants: Constants<'_, '_>) -> Outcome {
    one_of("tiebreak", text(constants, 1), &["FIRST", "MIN", "MAX"])
}

pub(super) fn step(constants: Constants<'_, '_>) -> Outcome {
    match int(constants, 2) {
        Some(0) => Err("a step of 0 leads nowhere".to_owned()),
        _ => Ok(()),
    }
}
