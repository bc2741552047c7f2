//! The bytes of a row: its cells one after the other, each skippable without being decoded.
//!
//! A cell is: feature number (u32), observed_at (i64), length (u32), value (postcard). Numbers are little-endian.

use creta_model::{Code, Letter, Value};
use creta_ports::Result;
use creta_ports::online::Cell;

const HEADER: usize = 16;

/// A new value for one feature of a row.
pub(super) struct Update {
    pub feature: u32,
    pub observed_at: i64,
    pub value: Value,
}

/// Rows of one namespace lie together; ints sort by value, strings by bytes.
pub(super) fn row_key(namespace: &str, key: &Value) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(namespace.len() + 32);
    bytes.extend_from_slice(namespace.as_bytes());
    bytes.push(0);
    match key {
        Value::Int(key) => {
            bytes.push(1);
            bytes.extend_from_slice(&(key.cast_unsigned() ^ (1 << 63)).to_be_bytes());
        }
        Value::Str(key) => {
            bytes.push(2);
            bytes.extend_from_slice(key.as_bytes());
        }
        _ => bytes.push(0),
    }
    bytes
}

struct RawCell<'a> {
    feature: u32,
    observed_at: i64,
    value: &'a [u8],
    whole: &'a [u8],
}

struct RawCells<'a>(&'a [u8]);

impl<'a> Iterator for RawCells<'a> {
    type Item = Result<RawCell<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let cell = split(self.0);
        match &cell {
            Some(cell) => self.0 = &self.0[cell.whole.len()..],
            None => self.0 = &[],
        }
        Some(cell.ok_or_else(corrupt))
    }
}

fn split(bytes: &[u8]) -> Option<RawCell<'_>> {
    let feature = u32::from_le_bytes(bytes.get(..4)?.try_into().ok()?);
    let observed_at = i64::from_le_bytes(bytes.get(4..12)?.try_into().ok()?);
    let length = u32::from_le_bytes(bytes.get(12..HEADER)?.try_into().ok()?) as usize;
    let end = HEADER.checked_add(length)?;
    Some(RawCell { feature, observed_at, value: bytes.get(HEADER..end)?, whole: bytes.get(..end)? })
}

fn corrupt() -> Letter {
    Letter::new(Code::StoreFailed, "A row of the online store is corrupt.")
}

/// The cells of the wanted features, None where the row has none.
pub(super) fn read_cells(row: &[u8], wanted: &[Option<u32>]) -> Result<Vec<Option<Cell>>> {
    let mut found: Vec<Option<Cell>> = vec![None; wanted.len()];
    for cell in RawCells(row) {
        let cell = cell?;
        for (position, _) in wanted.iter().enumerate().filter(|(_, feature)| **feature == Some(cell.feature)) {
            let value = postcard::from_bytes(cell.value).map_err(|_| corrupt())?;
            found[position] = Some(Cell { observed_at: cell.observed_at, value });
        }
    }
    Ok(found)
}

/// The row after the updates; None when they change nothing. A newer observation replaces an older one, an equally
/// old one too; an older one is dropped.
pub(super) fn merge(row: &[u8], updates: &[Update]) -> Result<Option<Vec<u8>>> {
    let mut newest: Vec<&Update> = Vec::with_capacity(updates.len());
    for update in updates {
        match newest.iter_mut().find(|other| other.feature == update.feature) {
            Some(other) if update.observed_at >= other.observed_at => *other = update,
            Some(_) => {}
            None => newest.push(update),
        }
    }
    let mut merged = Vec::with_capacity(row.len() + newest.len() * 32);
    for cell in RawCells(row) {
        let cell = cell?;
        match newest.iter().position(|update| update.feature == cell.feature) {
            Some(position) if newest[position].observed_at >= cell.observed_at => {}
            Some(position) => {
                newest.swap_remove(position);
                merged.extend_from_slice(cell.whole);
            }
            None => merged.extend_from_slice(cell.whole),
        }
    }
    if newest.is_empty() {
        return Ok(None);
    }
    for update in newest {
        let value = postcard::to_stdvec(&update.value).map_err(|_| corrupt())?;
        merged.extend_from_slice(&update.feature.to_le_bytes());
        merged.extend_from_slice(&update.observed_at.to_le_bytes());
        merged.extend_from_slice(&(value.len() as u32).to_le_bytes());
        merged.extend_from_slice(&value);
    }
    Ok(Some(merged))
}
