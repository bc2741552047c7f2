//! String functions; positions count code points, as in Python.

use super::call::{Call, Outcome};
use super::cells::{Read, Texts};
use super::lists::TextLists;
use arrow::array::{ArrayRef, BooleanArray, Int64Array, LargeStringArray};
use creta_expr::functions::Text;
use creta_model::Letter;
use rust_stemmers::{Algorithm, Stemmer};
use std::borrow::Cow;
use std::sync::LazyLock;
use unicode_normalization::UnicodeNormalization;

/// The longest text that padding may make.
const LONGEST: i64 = 1_000_000;
static STEMMER: LazyLock<Stemmer> = LazyLock::new(|| Stemmer::create(Algorithm::English));

pub(super) fn call(function: Text, call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    if function == Text::Character {
        let codes = call.ints(0)?;
        return Ok(call.one::<_, String, LargeStringArray>(&codes, character));
    }
    let texts = call.texts(0)?;
    Ok(match function {
        Text::Length => call.one::<_, i64, Int64Array>(&texts, |text| Ok(Some(length(text) as i64))),
        Text::StartsWith | Text::EndsWith | Text::Contains => tests(function, call, &texts)?,
        Text::Position | Text::LastPosition => positions(function, call, &texts)?,
        Text::Replace => {
            let (old, new) = (call.texts(1)?, call.texts(2)?);
            call.three::<_, _, _, String, LargeStringArray>((&texts, &old, &new), |text, old, new| {
                Ok(Some(text.replace(old, new)))
            })
        }
        Text::Substring | Text::Slice => slices(function, call, &texts)?,
        Text::Split => splits(call, &texts)?,
        Text::SplitPart => parts(call, &texts)?,
        Text::LeftPad | Text::RightPad => {
            let (lengths, pads) = (call.ints(1)?, call.texts(2)?);
            call.three::<_, _, _, String, LargeStringArray>((&texts, &lengths, &pads), |text, length, pad| {
                padded(text, length, pad, function == Text::LeftPad)
            })
        }
        _ => call.one::<_, Cow<'_, str>, LargeStringArray>(&texts, |text| Ok(Some(changed(function, text)))),
    })
}

/// `+` on strings.
pub(super) fn concatenate(call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    let (left, right) = (call.texts(0)?, call.texts(1)?);
    Ok(call.two::<_, _, String, LargeStringArray>(&left, &right, |left, right| Ok(Some([left, right].concat()))))
}

fn changed(function: Text, text: &str) -> Cow<'_, str> {
    match function {
        Text::Lower => text.to_lowercase().into(),
        Text::Upper => text.to_uppercase().into(),
        Text::Trim => text.trim_matches(is_space).into(),
        Text::LeftTrim => text.trim_start_matches(is_space).into(),
        Text::RightTrim => text.trim_end_matches(is_space).into(),
        Text::Normalize => text.nfkd().collect::<String>().into(),
        Text::ToAscii => any_ascii::any_ascii(text).into(),
        Text::Stem => STEMMER.stem(text),
        _ => text.chars().rev().collect::<String>().into(),
    }
}

/// What Python's `str.isspace` holds for: Unicode's white space and the four separators of ASCII.
fn is_space(letter: char) -> bool {
    letter.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&letter)
}

fn character(code: i64) -> Outcome<String> {
    let letter = u32::try_from(code).ok().and_then(char::from_u32);
    letter.map(|letter| Some(letter.to_string())).ok_or("there is no character of this code")
}

fn length(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().count() }
}

fn tests(function: Text, call: &mut Call<'_>, texts: &Texts<'_>) -> Result<ArrayRef, Letter> {
    let wanted = call.texts(1)?;
    Ok(call.two::<_, _, bool, BooleanArray>(texts, &wanted, |text, wanted| {
        Ok(Some(match function {
            Text::StartsWith => text.starts_with(wanted),
            Text::EndsWith => text.ends_with(wanted),
            _ => text.contains(wanted),
        }))
    }))
}

fn positions(function: Text, call: &mut Call<'_>, texts: &Texts<'_>) -> Result<ArrayRef, Letter> {
    let wanted = call.texts(1)?;
    Ok(call.two::<_, _, i64, Int64Array>(texts, &wanted, |text, wanted| {
        let found = if function == Text::Position { text.find(wanted) } else { text.rfind(wanted) };
        Ok(Some(found.map_or(-1, |place| length(&text[..place]) as i64)))
    }))
}

/// `substr(text, start, length)` and `str_slice(text, start, end)`; negative places count from the end.
fn slices(function: Text, call: &mut Call<'_>, texts: &Texts<'_>) -> Result<ArrayRef, Letter> {
    let starts = call.ints(1)?;
    let ends = call.optional(2, Call::ints)?;
    Ok(call.each::<&str, LargeStringArray>(|row| {
        let (Some(text), Some(start)) = (texts.get(row), starts.get(row)) else { return Ok(None) };
        let total = length(text);
        let start = place(start, total);
        let end = match &ends {
            None => total,
            Some(ends) => match ends.get(row) {
                None => return Ok(None),
                Some(end) if function == Text::Slice => place(end, total),
                Some(length) => start.saturating_add(usize::try_from(length).unwrap_or(0)),
            },
        };
        Ok(Some(part_of(text, start, end.min(total))))
    }))
}

/// A Python index as a place from 0 to the length.
pub(super) fn place(index: i64, length: usize) -> usize {
    let counted = if index < 0 { index.saturating_add(length as i64) } else { index };
    usize::try_from(counted).unwrap_or(0).min(length)
}

/// The characters from one place up to another.
fn part_of(text: &str, start: usize, end: usize) -> &str {
    if start >= end {
        return "";
    }
    let offset = |place: usize| {
        if text.is_ascii() { place } else { text.char_indices().nth(place).map_or(text.len(), |(offset, _)| offset) }
    };
    &text[offset(start)..offset(end)]
}

const NO_DELIMITER: &str = "an empty delimiter splits nothing";

fn splits(call: &mut Call<'_>, texts: &Texts<'_>) -> Result<ArrayRef, Letter> {
    let delimiters = call.texts(1)?;
    let limits = call.optional(2, Call::ints)?;
    let mut lists = TextLists::new();
    for row in 0..call.rows {
        let limit = limits.as_ref().map_or(Some(-1), |limits| limits.get(row));
        let outcome = match (texts.get(row), delimiters.get(row), limit) {
            (Some(_), Some(""), Some(_)) => Err(NO_DELIMITER),
            (Some(text), Some(delimiter), Some(limit)) => {
                let pieces = usize::try_from(limit).map_or(usize::MAX, |limit| limit.saturating_add(1));
                text.splitn(pieces, delimiter).for_each(|piece| lists.push(Some(piece)));
                Ok(Some(()))
            }
            _ => Ok(None),
        };
        let is_there = call.settle(row, outcome).is_some();
        lists.close(is_there);
    }
    lists.finish()
}

/// `split_part(text, delimiter, index)`: negative counts from the end, null outside.
fn parts(call: &mut Call<'_>, texts: &Texts<'_>) -> Result<ArrayRef, Letter> {
    let (delimiters, indices) = (call.texts(1)?, call.ints(2)?);
    Ok(call.three::<_, _, _, &str, LargeStringArray>((texts, &delimiters, &indices), |text, delimiter, index| {
        if delimiter.is_empty() {
            return Err(NO_DELIMITER);
        }
        Ok(match usize::try_from(index) {
            Ok(index) => text.split(delimiter).nth(index),
            // Overlapping delimiters are found from the left, so pieces are not counted from the right.
            Err(_) => {
                let total = text.split(delimiter).count();
                let index = index.checked_add(total as i64).and_then(|index| usize::try_from(index).ok());
                index.and_then(|index| text.split(delimiter).nth(index))
            }
        })
    }))
}

/// The pad repeats from its beginning; longer text loses its end.
fn padded(text: &str, wanted: i64, pad: &str, on_left: bool) -> Outcome<String> {
    if wanted > LONGEST {
        return Err("padding makes texts of at most 1,000,000 characters");
    }
    let (wanted, own) = (usize::try_from(wanted).unwrap_or(0), length(text));
    if own >= wanted {
        return Ok(Some(part_of(text, 0, wanted).to_owned()));
    }
    let filler = pad.chars().cycle().take(wanted - own);
    Ok(Some(match on_left {
        true => filler.chain(text.chars()).collect(),
        false => text.chars().chain(filler).collect(),
    }))
}
