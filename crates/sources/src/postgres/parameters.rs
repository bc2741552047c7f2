//! Values for the placeholders of a statement. They travel as text, from which PostgreSQL reads every type that a
//! placeholder may turn out to have: a `str` is compared with a `uuid` or an `enum` as if it were written there.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta};
use creta_model::{Code, Letter, Value};
use creta_ports::Result;
use std::error::Error;
use std::fmt;
use std::fmt::Write;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};

/// A bound value; what it is, is printed nowhere.
pub(super) struct Parameter(Option<String>);

impl fmt::Debug for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Parameter")
    }
}

impl ToSql for Parameter {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> std::result::Result<IsNull, Box<dyn Error + Sync + Send>> {
        let Some(text) = &self.0 else { return Ok(IsNull::Yes) };
        out.extend_from_slice(text.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

impl Parameter {
    /// A value for the user's own statement.
    pub fn of_statement(value: &Value) -> Result<Parameter> {
        if value.is_null() { Ok(Parameter(None)) } else { Parameter::of(value).ok_or_else(unsuitable) }
    }

    /// A value that is not null; nothing where PostgreSQL has no text for it.
    pub fn of(value: &Value) -> Option<Parameter> {
        let text = match value {
            Value::Bool(value) => value.to_string(),
            Value::Int(value) => value.to_string(),
            Value::Float(value) => format!("{value:?}"),
            Value::Str(value) => value.clone(),
            Value::Bytes(value) => bytes(value),
            Value::Datetime(micros) => instant(*micros)?,
            Value::Date(days) => date(*days)?,
            Value::Time(micros) => time(*micros)?,
            Value::Timedelta(micros) => format!("{micros} microseconds"),
            Value::Null | Value::List(_) | Value::Struct(_) | Value::Map(_) => return None,
        };
        Some(Parameter(Some(text)))
    }
}

fn bytes(value: &[u8]) -> String {
    value.iter().fold("\\x".to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// With an offset of zero, which a time without a zone leaves aside.
fn instant(micros: i64) -> Option<String> {
    let instant = DateTime::from_timestamp_micros(micros)?;
    is_written_plainly(instant.date_naive()).then(|| instant.format("%Y-%m-%d %H:%M:%S%.6f+00").to_string())
}

fn date(days: i32) -> Option<String> {
    let date = NaiveDate::from_ymd_opt(1970, 1, 1)?.checked_add_signed(TimeDelta::try_days(i64::from(days))?)?;
    is_written_plainly(date).then(|| date.format("%Y-%m-%d").to_string())
}

/// Years before the first and after 9999 are written in another way.
fn is_written_plainly(date: NaiveDate) -> bool {
    (1..=9999).contains(&date.year())
}

fn time(micros: i64) -> Option<String> {
    let seconds = u32::try_from(micros / 1_000_000).ok()?;
    let nanos = u32::try_from(micros % 1_000_000).ok()? * 1_000;
    let time = NaiveTime::from_num_seconds_from_midnight_opt(seconds, nanos)?;
    Some(time.format("%H:%M:%S%.6f").to_string())
}

fn unsuitable() -> Letter {
    Letter::new(Code::ValidationFailed, "An input of the statement has a type that PostgreSQL has no parameter for.")
        .fix("Use a feature of type int, float, bool, str, bytes, datetime, date, time or timedelta in `${…}`.")
}
