//! Dates as texts: ISO 8601, and Joda-Time's patterns.

use super::{Moments, NO_ZONE, OUTSIDE, in_calendar, in_utc};
use crate::evaluate::call::{Call, Outcome};
use crate::evaluate::cells::Read;
use arrow::array::{ArrayRef, LargeStringArray};
use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Offset, Timelike, Utc};
use chrono_tz::Tz;
use creta_expr::functions::Date;
use creta_expr::notation::moment_pattern::{DAYS, MONTHS, Reader, Token, parse, reader};
use creta_model::Letter;
use regex::{Captures, Regex};
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::LazyLock;

const NO_PATTERN: &str = "the pattern is not one of dates";
const UNFIT: &str = "the text does not fit the pattern";
const NO_MOMENT: &str = "the text is not a datetime of ISO 8601";
const NO_DATE: &str = "there is no such date or time";

pub(super) fn call(function: Date, call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    match function {
        Date::ToIso => {
            let cells = call.argument(0)?;
            let moments = Moments::of(cells)?;
            let is_time = matches!(moments, Moments::Times(_));
            Ok(call.one::<_, String, LargeStringArray>(&moments, |moment| {
                let instant = moment.and_utc();
                Ok(Some(if is_time { iso_time(instant.timestamp_micros()) } else { moment.date().to_string() }))
            }))
        }
        Date::Format => formatted(call),
        Date::Parse if call.arguments.len() > 1 => read_by_pattern(call),
        _ => {
            let texts = call.texts(0)?;
            in_utc(call, |row| texts.get(row).map_or(Ok(None), from_iso))
        }
    }
}

/// As Python's `datetime.isoformat`: microseconds only where there are some.
pub(in crate::evaluate) fn iso_time(instant: i64) -> String {
    let moment = DateTime::from_timestamp_micros(instant).unwrap_or_default();
    let form = if instant % 1_000_000 == 0 { "%Y-%m-%dT%H:%M:%S+00:00" } else { "%Y-%m-%dT%H:%M:%S%.6f+00:00" };
    moment.format(form).to_string()
}

pub(in crate::evaluate) fn iso_date(days: i32) -> String {
    NaiveDate::from_epoch_days(days).unwrap_or_default().to_string()
}

/// What `datetime.fromisoformat` of Python takes, weeks excepted; without an offset it is UTC.
static ISO: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let clock = r"(?P<h>\d\d)(?::?(?P<m>\d\d)(?::?(?P<s>\d\d)(?:[.,](?P<f>\d+))?)?)?";
    let zone = r"(?P<z>Z|(?P<sign>[+-])(?P<oh>\d\d)(?::?(?P<om>\d\d)(?::?(?P<os>\d\d))?)?)?";
    Regex::new(&format!(r"^(?-u)(?P<y>\d{{4}})-?(?P<mo>\d\d)-?(?P<d>\d\d)(?:(?s-u:[\x00-\x7f]){clock}{zone})?$")).ok()
});

pub(in crate::evaluate) fn from_iso(text: &str) -> Outcome<i64> {
    let found = ISO.as_ref().and_then(|form| form.captures(text)).ok_or(NO_MOMENT)?;
    let number = |name: &str| found.name(name).map_or(Ok(0), |part| part.as_str().parse::<u32>());
    let read = |name: &str| number(name).map_err(|_| NO_MOMENT);
    let day = NaiveDate::from_ymd_opt(read("y")? as i32, read("mo")?, read("d")?).ok_or(NO_DATE)?;
    let fraction = found.name("f").map_or(0, |digits| micros(digits.as_str()));
    let clock = NaiveTime::from_hms_micro_opt(read("h")?, read("m")?, read("s")?, fraction).ok_or(NO_DATE)?;
    let ahead = i64::from(read("oh")? * 3_600 + read("om")? * 60 + read("os")?);
    let ahead = if found.name("sign").is_some_and(|sign| sign.as_str() == "-") { -ahead } else { ahead };
    if ahead.abs() >= 86_400 || day.year() == 0 {
        return Err(NO_DATE);
    }
    in_calendar(day.and_time(clock).and_utc().timestamp_micros() - ahead * 1_000_000)
}

/// Six digits of a fraction; what is finer is dropped.
fn micros(digits: &str) -> u32 {
    let digits = digits.bytes().chain(std::iter::repeat(b'0')).take(6);
    digits.fold(0, |number, digit| number * 10 + u32::from(digit - b'0'))
}

fn formatted(call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    let (moments, patterns) = (Moments::of(call.argument(0)?)?, call.texts(1)?);
    let zones = call.optional(2, Call::texts)?;
    let mut known: HashMap<&str, Option<Vec<Token>>> = HashMap::new();
    Ok(call.each::<String, LargeStringArray>(|row| {
        let zone = zones.as_ref().map_or(Some("UTC"), |zones| zones.get(row));
        let (Some(moment), Some(pattern), Some(zone)) = (moments.get(row), patterns.get(row), zone) else {
            return Ok(None);
        };
        let tokens = known.entry(pattern).or_insert_with(|| parse(pattern).ok());
        let tokens = tokens.as_deref().ok_or(NO_PATTERN)?;
        let offset = match zone {
            "UTC" => Utc.fix(),
            _ => {
                let zone: Tz = zone.parse().map_err(|_| NO_ZONE)?;
                moment.and_utc().with_timezone(&zone).offset().fix()
            }
        };
        Ok(Some(render(moment, offset, tokens)))
    }))
}

fn render(moment: NaiveDateTime, offset: FixedOffset, tokens: &[Token]) -> String {
    let local = moment.and_utc().with_timezone(&offset);
    let mut text = String::new();
    for token in tokens {
        match token {
            Token::Text(own) => text += own,
            Token::Field(letter, count) => field(&mut text, &local, *letter, *count),
        }
    }
    text
}

fn field(text: &mut String, local: &DateTime<FixedOffset>, letter: char, count: usize) {
    let (hour, is_morning) = (local.hour(), local.hour() < 12);
    let number = match letter {
        'y' | 'Y' | 'x' => {
            let year = if letter == 'x' { local.iso_week().year() } else { local.year() };
            if count == 2 { year.rem_euclid(100) as u32 } else { year.unsigned_abs() }
        }
        'M' if count >= 3 => return *text += shortened(MONTHS[local.month0() as usize], count),
        'E' => return *text += shortened(DAYS[local.weekday().num_days_from_monday() as usize], count),
        'a' => return *text += if is_morning { "AM" } else { "PM" },
        'S' => {
            let digits = format!("{:06}", local.nanosecond() / 1_000 % 1_000_000);
            text.extend(digits.chars().chain(std::iter::repeat('0')).take(count));
            return;
        }
        'Z' => return *text += &zone_text(local.offset().local_minus_utc(), count),
        'M' => local.month(),
        'w' => local.iso_week().week(),
        'd' => local.day(),
        'D' => local.ordinal(),
        'e' => local.weekday().number_from_monday(),
        'K' => hour % 12,
        'h' => (hour + 11) % 12 + 1,
        'k' => (hour + 23) % 24 + 1,
        'H' => hour,
        'm' => local.minute(),
        _ => local.second(),
    };
    // Writing to a string cannot fail.
    let _ = write!(text, "{number:0count$}");
}

fn shortened(name: &str, count: usize) -> &str {
    if count > 3 { name } else { &name[..3] }
}

fn zone_text(seconds: i32, count: usize) -> String {
    let minutes = seconds.div_euclid(60);
    let (sign, size) = (if seconds < 0 { '-' } else { '+' }, minutes.abs());
    format!("{sign}{:02}{}{:02}", size / 60, if count == 2 { ":" } else { "" }, size % 60)
}

fn read_by_pattern(call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    let (texts, patterns) = (call.texts(0)?, call.texts(1)?);
    let mut known: HashMap<&str, Option<Reader>> = HashMap::new();
    in_utc(call, |row| {
        let (Some(text), Some(pattern)) = (texts.get(row), patterns.get(row)) else { return Ok(None) };
        let form = known.entry(pattern).or_insert_with(|| parse(pattern).and_then(|tokens| reader(&tokens)).ok());
        let form = form.as_ref().ok_or(NO_PATTERN)?;
        let found = form.expression.captures(text).ok_or(UNFIT)?;
        assembled(&Fields { form, found })
    })
}

/// What was read, by the letters of the pattern.
struct Fields<'a> {
    form: &'a Reader,
    found: Captures<'a>,
}

impl Fields<'_> {
    fn text(&self, letter: char) -> Option<(&str, usize)> {
        let position = self.form.fields.iter().rposition(|(own, _)| *own == letter)?;
        Some((self.found.get(position + 1)?.as_str(), self.form.fields[position].1))
    }

    fn number(&self, letter: char) -> Option<u32> {
        self.text(letter)?.0.parse().ok()
    }
}

/// What is absent is the beginning of 1970, in UTC.
fn assembled(fields: &Fields<'_>) -> Outcome<i64> {
    let month = match fields.text('M') {
        Some((name, 3..)) => {
            let is_month = |month: &&str| name.len() >= 3 && month[..3].eq_ignore_ascii_case(&name[..3]);
            MONTHS.iter().position(is_month).map_or(0, |place| place as u32 + 1)
        }
        _ => fields.number('M').unwrap_or(1),
    };
    let year = fields.number('y').unwrap_or(1970) as i32;
    let day = NaiveDate::from_ymd_opt(year, month, fields.number('d').unwrap_or(1)).filter(|_| year > 0);
    let day = match fields.number('D') {
        Some(number) => NaiveDate::from_yo_opt(year, number),
        None => day,
    };
    let micros = fields.text('S').map_or(0, |(digits, _)| micros(digits));
    let (minute, second) = (fields.number('m').unwrap_or(0), fields.number('s').unwrap_or(0));
    let clock = NaiveTime::from_hms_micro_opt(hour(fields)?, minute, second, micros);
    let (Some(day), Some(clock)) = (day, clock) else { return Err(NO_DATE) };
    let instant = day.and_time(clock).and_utc().timestamp_micros();
    let ahead = fields.text('Z').map_or(Ok(0), |(text, _)| ahead(text).ok_or(NO_DATE))?;
    instant.checked_sub(ahead * 1_000_000).ok_or(OUTSIDE).and_then(in_calendar)
}

/// Seconds ahead of UTC: `+0530` or `-08:00`.
fn ahead(text: &str) -> Option<i64> {
    let (hours, minutes): (i64, i64) = (text.get(1..3)?.parse().ok()?, text.get(text.len() - 2..)?.parse().ok()?);
    let size = hours * 3_600 + minutes * 60;
    (size < 86_400).then_some(if text.starts_with('-') { -size } else { size })
}

fn hour(fields: &Fields<'_>) -> Result<u32, &'static str> {
    let afternoon = if fields.text('a').is_some_and(|(half, _)| half.eq_ignore_ascii_case("pm")) { 12 } else { 0 };
    for (letter, low, high) in [('H', 0, 23), ('k', 1, 24), ('K', 0, 11), ('h', 1, 12)] {
        match fields.number(letter) {
            Some(hour) if !(low..=high).contains(&hour) => return Err(NO_DATE),
            Some(hour) => {
                return Ok(match letter {
                    'H' => hour,
                    'k' => hour % 24,
                    'K' => hour + afternoon,
                    _ => hour % 12 + afternoon,
                });
            }
            None => {}
        }
    }
    Ok(0)
}
