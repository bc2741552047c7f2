//! One stored row: all cells of one key, compact, and readable without decoding the cells that nobody asked for.
//!
//! ```text
//! row  = base time (i64, little endian), cells in ascending order of their feature's number
//! cell = number minus the previous one, observed_at minus base (zigzag), length, value (postcard)
//! ```
//! A cell without value bytes was evicted. All but the base and the value are variable-length integers; cells written together share a time, so most
//! cells carry four bytes beside their value.

use creta_model::{Code, Letter, Value};
use creta_ports::Result;
use creta_ports::online::Cell;
use std::collections::HashSet;

/// Bytes of a row without cells.
const EMPTY: usize = size_of::<i64>();

/// A cell to be merged into a row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Update<'a> {
    pub feature: u32,
    pub observed_at: i64,
    /// None removes what is stored; the instant stays, so that nothing older comes back.
    pub value: Option<&'a Value>,
}

/// The row after the updates, or None when they change nothing. Updates are in ascending order of features, one per
/// feature; an older one than the stored cell is dropped, an equally old one replaces it. Cells under `retired` numbers
/// are left out.
pub(super) fn merge(old: Option<&[u8]>, updates: &[Update<'_>], retired: &HashSet<u32>) -> Result<Option<Vec<u8>>> {
    let mut stored = Cells::of(old)?;
    let mut updates = updates.iter().peekable();
    let Some(base) = old.map_or_else(|| updates.peek().map(|first| first.observed_at), |_| Some(stored.base)) else {
        return Ok(None);
    };
    let mut row = Writer::new(base, old.map_or(64, |old| old.len() + 32));
    let mut changed = false;
    let mut next = stored.next()?;
    loop {
        let order = match (&next, updates.peek()) {
            (None, None) => break,
            (Some(cell), Some(update)) => cell.feature.cmp(&update.feature),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
        };
        let update = if order.is_lt() { None } else { updates.next() };
        let cell = if order.is_gt() { None } else { std::mem::replace(&mut next, stored.next()?) };
        let cell = cell.filter(|cell| !retired.contains(&cell.feature));
        match (cell, update) {
            (Some(cell), Some(update)) if update.observed_at >= cell.observed_at => {
                row.update(update)?;
                changed |= update.observed_at != cell.observed_at || row.value != cell.value;
            }
            (Some(cell), _) => row.cell(cell.feature, cell.observed_at, cell.value),
            (None, Some(update)) => {
                row.update(update)?;
                changed = true;
            }
            (None, None) => {}
        }
    }
    Ok(changed.then_some(row.bytes))
}

/// The row without the cells of some features, or None when it has none of them. Nothing is remembered of a removed
/// cell: whatever is observed next is stored, however old.
pub(super) fn without(row: &[u8], is_removed: impl Fn(u32) -> bool) -> Result<Option<Vec<u8>>> {
    let mut stored = Cells::of(Some(row))?;
    let mut rest = Writer::new(stored.base, row.len());
    let mut changed = false;
    while let Some(cell) = stored.next()? {
        match is_removed(cell.feature) {
            true => changed = true,
            false => rest.cell(cell.feature, cell.observed_at, cell.value),
        }
    }
    Ok(changed.then_some(rest.bytes))
}

/// Whether no cell is left in a row.
pub(super) fn is_empty(row: &[u8]) -> bool {
    row.len() <= EMPTY
}

/// Decodes the wanted cells into `found`. `wanted` = (feature, place in `found`), in ascending order of features.
pub(super) fn read(row: &[u8], wanted: &[(u32, usize)], found: &mut [Option<Cell>]) -> Result<()> {
    let mut cells = Cells::of(Some(row))?;
    let mut wanted = wanted.iter().peekable();
    while let (Some(&&(feature, place)), Some(cell)) = (wanted.peek(), cells.peek()?) {
        if cell.feature < feature {
            cells.skip();
            continue;
        }
        if cell.feature == feature && !cell.value.is_empty() {
            let value = postcard::from_bytes(cell.value).map_err(|_| damaged())?;
            if let Some(slot) = found.get_mut(place) {
                *slot = Some(Cell { observed_at: cell.observed_at, value });
            }
        }
        wanted.next();
    }
    Ok(())
}

fn damaged() -> Letter {
    Letter::new(Code::StoreFailed, "A row of the online store cannot be read.")
        .fix("Stop the server and delete the online store's file; it is filled again from the log and by queries.")
}

#[derive(Clone, Copy)]
struct StoredCell<'a> {
    feature: u32,
    observed_at: i64,
    value: &'a [u8],
}

/// Walks over the cells of a row without decoding their values.
struct Cells<'a> {
    base: i64,
    rest: &'a [u8],
    feature: u32,
    peeked: Option<StoredCell<'a>>,
}

impl<'a> Cells<'a> {
    fn of(row: Option<&'a [u8]>) -> Result<Cells<'a>> {
        let Some(row) = row else { return Ok(Cells { base: 0, rest: &[], feature: 0, peeked: None }) };
        let (base, rest) = row.split_first_chunk::<EMPTY>().ok_or_else(damaged)?;
        Ok(Cells { base: i64::from_le_bytes(*base), rest, feature: 0, peeked: None })
    }

    fn next(&mut self) -> Result<Option<StoredCell<'a>>> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        self.feature = self.feature.wrapping_add(self.varint()? as u32);
        let offset = self.varint()?;
        let observed_at = self.base.wrapping_add((offset >> 1) as i64 ^ -((offset & 1) as i64));
        let length = self.varint()? as usize;
        let (value, rest) = self.rest.split_at_checked(length).ok_or_else(damaged)?;
        self.rest = rest;
        Ok(Some(StoredCell { feature: self.feature, observed_at, value }))
    }

    fn peek(&mut self) -> Result<Option<StoredCell<'a>>> {
        if self.peeked.is_none() {
            self.peeked = self.next()?;
        }
        Ok(self.peeked)
    }

    fn skip(&mut self) {
        self.peeked = None;
    }

    fn varint(&mut self) -> Result<u64> {
        let mut value = 0;
        for (position, byte) in self.rest.iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * position);
            if byte & 0x80 == 0 {
                self.rest = &self.rest[position + 1..];
                return Ok(value);
            }
        }
        Err(damaged())
    }
}

struct Writer {
    bytes: Vec<u8>,
    base: i64,
    feature: u32,
    /// The last updated value, encoded.
    value: Vec<u8>,
}

impl Writer {
    fn new(base: i64, capacity: usize) -> Writer {
        let mut bytes = Vec::with_capacity(capacity);
        bytes.extend(base.to_le_bytes());
        Writer { bytes, base, feature: 0, value: Vec::new() }
    }

    fn update(&mut self, update: &Update<'_>) -> Result<()> {
        let mut value = std::mem::take(&mut self.value);
        value.clear();
        let value = match update.value {
            None => value,
            Some(new) => postcard::to_extend(new, value)
                .map_err(|_| Letter::new(Code::Bug, "A value could not be encoded for the online store."))?,
        };
        self.cell(update.feature, update.observed_at, &value);
        self.value = value;
        Ok(())
    }

    fn cell(&mut self, feature: u32, observed_at: i64, value: &[u8]) {
        self.varint(u64::from(feature.wrapping_sub(self.feature)));
        self.feature = feature;
        let offset = observed_at.wrapping_sub(self.base);
        self.varint(((offset << 1) ^ (offset >> 63)) as u64);
        self.varint(value.len() as u64);
        self.bytes.extend(value);
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(feature: u32, observed_at: i64, value: &Value) -> Update<'_> {
        Update { feature, observed_at, value: Some(value) }
    }

    fn merge(old: Option<&[u8]>, updates: &[Update<'_>]) -> Result<Option<Vec<u8>>> {
        super::merge(old, updates, &HashSet::new())
    }

    fn all(row: &[u8], features: std::ops::Range<u32>) -> Vec<Option<(i64, Value)>> {
        let wanted: Vec<(u32, usize)> = features.clone().zip(0..).collect();
        let mut found = vec![None; wanted.len()];
        read(row, &wanted, &mut found).unwrap();
        found.into_iter().map(|cell| cell.map(|cell| (cell.observed_at, cell.value))).collect()
    }

    #[test]
    fn cells_interleave_and_the_newest_wins() {
        let (one, two, null) = (Value::Int(1), Value::Str("two".into()), Value::Null);
        let row = merge(None, &[update(1, 100, &one), update(3, 100, &two)]).unwrap().unwrap();
        let row =
            merge(Some(&row), &[update(0, 50, &null), update(1, 99, &two), update(3, 100, &one)]).unwrap().unwrap();
        let expected = vec![Some((50, Value::Null)), Some((100, Value::Int(1))), None, Some((100, Value::Int(1)))];
        assert_eq!(all(&row, 0..4), expected);
    }

    #[test]
    fn what_changes_nothing_is_not_written() {
        let value = Value::Float(0.5);
        let row = merge(None, &[update(7, i64::MIN, &value)]).unwrap().unwrap();
        assert_eq!(merge(Some(&row), &[update(7, i64::MIN, &value)]).unwrap(), None);
        assert_eq!(merge(None, &[]).unwrap(), None);
        let row = merge(Some(&row), &[update(7, i64::MAX, &value)]).unwrap().unwrap();
        assert_eq!(all(&row, 7..8), vec![Some((i64::MAX, value.clone()))]);
    }

    #[test]
    fn removed_cells_leave_no_trace() {
        let (one, two) = (Value::Int(1), Value::Int(2));
        let row = merge(None, &[update(1, 100, &one), update(2, 100, &two), update(5, 90, &one)]).unwrap().unwrap();
        assert_eq!(without(&row, |feature| feature == 3).unwrap(), None);
        let rest = without(&row, |feature| feature != 2).unwrap().unwrap();
        assert_eq!(all(&rest, 1..6), vec![None, Some((100, two.clone())), None, None, None]);
        let again = merge(Some(&rest), &[update(1, 3, &two)]).unwrap().unwrap();
        assert_eq!(all(&again, 1..3), vec![Some((3, two.clone())), Some((100, two.clone()))]);
        assert!(is_empty(&without(&row, |_| true).unwrap().unwrap()));
        let retired = HashSet::from([2, 5]);
        let rewritten = super::merge(Some(&row), &[update(3, 101, &two)], &retired).unwrap().unwrap();
        assert_eq!(all(&rewritten, 1..6), vec![Some((100, one)), None, Some((101, two)), None, None]);
    }

    #[test]
    fn a_damaged_row_is_a_letter() {
        let value = Value::Str("text".into());
        let row = merge(None, &[update(1, 1, &value)]).unwrap().unwrap();
        for length in 0..row.len() {
            let mut found = vec![None];
            let outcome = read(&row[..length], &[(1, 0)], &mut found);
            assert!(outcome.is_err() || length == 8, "{length}");
        }
    }
}
