//! Puts PostgreSQL's cells, in their binary form, into columns of the wanted types, and says which cell does not fit.

use super::numeric::Numeric;
use super::sql_type::{Held, SqlType};
use crate::columns::{Column, DAY_MILLISECONDS, Items, Misfit, whole};
use tokio_postgres::types::{FromSql, Type};

/// 2000-01-01, where PostgreSQL's clock starts, on ours.
const EPOCH_DAYS: i32 = 10_957;
const DAY_MICROSECONDS: i64 = 86_400_000_000;
const EPOCH_MICROSECONDS: i64 = EPOCH_DAYS as i64 * DAY_MICROSECONDS;

/// The bytes of a cell as they came.
pub(super) struct Raw<'a>(pub Option<&'a [u8]>);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Raw(Some(raw)))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Raw(None))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

pub(super) fn append(column: &mut Column, held: &Held, Raw(cell): Raw<'_>) -> Result<(), Misfit> {
    let Some(raw) = cell else {
        column.append_null();
        return Ok(());
    };
    match column {
        Column::Int(builder) => builder.append_value(integer(held, raw)?),
        Column::Float(builder) => builder.append_value(float(held, raw)?),
        Column::Bool(builder) => builder.append_value(boolean(held, raw)?),
        Column::Str(builder) => match held.sql {
            SqlType::Numeric => builder.append_value(numeric(held, raw)?.text()),
            SqlType::Uuid => {
                let bytes = fixed::<16>(raw).ok_or_else(|| held.misfit())?;
                builder.append_value(uuid::Uuid::from_bytes(bytes).hyphenated().encode_lower(&mut [0; 36]));
            }
            _ => builder.append_value(text(held, raw)?),
        },
        Column::Bytes(builder) if held.sql == SqlType::Bytea => builder.append_value(raw),
        Column::Datetime(builder) => builder.append_value(instant(held, raw)?),
        Column::Date(builder) => builder.append_value(i64::from(date(held, raw)?) * DAY_MILLISECONDS),
        Column::ShortDate(builder) => builder.append_value(date(held, raw)?),
        Column::Time(builder) => builder.append_value(time(held, raw)?),
        Column::Timedelta(builder) => builder.append_value(interval(held, raw)?),
        Column::List(items) => return list(items, held, raw),
        Column::Bytes(_) | Column::Nothing(..) => return Err(held.misfit()),
    }
    Ok(())
}

fn fixed<const SIZE: usize>(raw: &[u8]) -> Option<[u8; SIZE]> {
    raw.try_into().ok()
}

fn long(raw: &[u8]) -> Option<i64> {
    fixed(raw).map(i64::from_be_bytes)
}

fn int(raw: &[u8]) -> Option<i32> {
    fixed(raw).map(i32::from_be_bytes)
}

fn integer(held: &Held, raw: &[u8]) -> Result<i64, Misfit> {
    let value = match held.sql {
        SqlType::Int8 => long(raw),
        SqlType::Int4 => int(raw).map(i64::from),
        SqlType::Int2 => fixed(raw).map(i16::from_be_bytes).map(i64::from),
        SqlType::Float4 | SqlType::Float8 => {
            let value = float(held, raw)?;
            return whole(value).ok_or_else(|| held.misfit_because("that is not a whole number"));
        }
        SqlType::Numeric => {
            let value = numeric(held, raw)?.integer();
            return value.ok_or_else(|| held.misfit_because("that is not a whole number of 64 bits"));
        }
        _ => None,
    };
    value.ok_or_else(|| held.misfit())
}

fn float(held: &Held, raw: &[u8]) -> Result<f64, Misfit> {
    let value = match held.sql {
        SqlType::Float8 => fixed(raw).map(f64::from_be_bytes),
        SqlType::Float4 => fixed(raw).map(f32::from_be_bytes).map(f64::from),
        SqlType::Numeric => {
            let value = numeric(held, raw)?.float();
            return value.ok_or_else(|| held.misfit_because("beyond what a float can hold"));
        }
        _ => return integer(held, raw).map(|value| value as f64),
    };
    value.ok_or_else(|| held.misfit())
}

fn numeric<'a>(held: &Held, raw: &'a [u8]) -> Result<Numeric<'a>, Misfit> {
    Numeric::read(raw).ok_or_else(|| held.misfit())
}

fn boolean(held: &Held, raw: &[u8]) -> Result<bool, Misfit> {
    match (held.sql, raw) {
        (SqlType::Bool, [value]) => Ok(*value != 0),
        _ => Err(held.misfit()),
    }
}

fn text<'a>(held: &Held, raw: &'a [u8]) -> Result<&'a str, Misfit> {
    let bytes = match held.sql {
        SqlType::Text | SqlType::PlainText | SqlType::PaddedText => raw,
        // The version of the format goes before the text.
        SqlType::Jsonb => raw.strip_prefix(&[1]).ok_or_else(|| held.misfit())?,
        _ => return Err(held.misfit()),
    };
    std::str::from_utf8(bytes).map_err(|_| held.misfit_because("that is not UTF-8"))
}

fn instant(held: &Held, raw: &[u8]) -> Result<i64, Misfit> {
    match held.sql {
        SqlType::Timestamp | SqlType::Timestamptz => {
            let micros = long(raw).ok_or_else(|| held.misfit())?;
            finite(held, micros, i64::MIN, i64::MAX)?;
            micros.checked_add(EPOCH_MICROSECONDS).ok_or_else(|| held.misfit_because("beyond all times of ours"))
        }
        SqlType::Date => Ok(i64::from(date(held, raw)?) * DAY_MICROSECONDS),
        _ => Err(held.misfit()),
    }
}

fn date(held: &Held, raw: &[u8]) -> Result<i32, Misfit> {
    let days = int(raw).filter(|_| held.sql == SqlType::Date).ok_or_else(|| held.misfit())?;
    finite(held, days, i32::MIN, i32::MAX)?;
    Ok(days + EPOCH_DAYS)
}

fn finite<T: PartialEq>(held: &Held, value: T, past: T, future: T) -> Result<(), Misfit> {
    if value == past || value == future { Err(held.misfit_because("that is infinite")) } else { Ok(()) }
}

fn time(held: &Held, raw: &[u8]) -> Result<i64, Misfit> {
    match long(raw).filter(|_| held.sql == SqlType::Time) {
        Some(DAY_MICROSECONDS) => Err(held.misfit_because("of 24:00")),
        Some(micros) => Ok(micros),
        None => Err(held.misfit()),
    }
}

/// Months have no fixed length; a day has 24 hours.
fn interval(held: &Held, raw: &[u8]) -> Result<i64, Misfit> {
    let parts = (held.sql == SqlType::Interval && raw.len() == 16).then(|| raw.split_at(8));
    let Some((micros, rest)) = parts else { return Err(held.misfit()) };
    let (Some(micros), Some(days), Some(months)) = (long(micros), int(&rest[..4]), int(&rest[4..])) else {
        return Err(held.misfit());
    };
    if months != 0 {
        return Err(held.misfit_because("with months or years, which differ in length"));
    }
    let length = i64::from(days).checked_mul(DAY_MICROSECONDS).and_then(|days| days.checked_add(micros));
    length.ok_or_else(|| held.misfit_because("beyond what a timedelta can hold"))
}

/// An array: dimensions, whether there are nulls, type; length and first index of each dimension; then the items.
fn list(items: &mut Items, held: &Held, raw: &[u8]) -> Result<(), Misfit> {
    let Some(item) = &held.item else { return Err(held.misfit()) };
    let unreadable = || held.misfit();
    let mut rest = raw;
    let dimensions = take_int(&mut rest).ok_or_else(unreadable)?;
    take(&mut rest, 8).ok_or_else(unreadable)?;
    if dimensions > 1 {
        return Err(held.misfit_because("of several dimensions"));
    }
    if dimensions == 1 {
        let length = take_int(&mut rest).ok_or_else(unreadable)?;
        take(&mut rest, 4).ok_or_else(unreadable)?;
        for _ in 0..length {
            let size = take_int(&mut rest).ok_or_else(unreadable)?;
            let cell = match usize::try_from(size) {
                Ok(size) => Some(take(&mut rest, size).ok_or_else(unreadable)?),
                Err(_) => None,
            };
            append(items.next(), item, Raw(cell)).map_err(|Misfit(held)| Misfit(format!("items of {held}")))?;
        }
    }
    items.close(true);
    Ok(())
}

fn take<'a>(rest: &mut &'a [u8], size: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(size)?;
    *rest = left;
    Some(taken)
}

fn take_int(rest: &mut &[u8]) -> Option<i32> {
    take(rest, 4).and_then(int)
}
