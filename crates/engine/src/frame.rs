//! The rows of a scope while it is being answered: one column per slot, each row of it present, unset or failed.

use crate::context::internal;
use arrow::array::{ArrayRef, BooleanArray, UInt32Array, new_null_array};
use arrow::compute::{interleave, nullif, take};
use creta_model::{DataType, Letter};
use std::num::NonZeroU32;

/// What is known of one cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// MISSING: nobody has given a value.
    Unset,
    /// There is a value; null is one.
    Present,
    /// It could not be computed.
    Failed,
    /// It could not be computed, but only because something that it needs is missing.
    Blocked,
}

impl State {
    /// Nobody has a value, and nothing went wrong.
    pub fn is_absent(self) -> bool {
        matches!(self, State::Unset | State::Blocked)
    }
}

/// Who gave a value: a small number, because there is one per row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Giver(pub u32);

impl Giver {
    pub const NOBODY: Giver = Giver(0);
    pub const INPUT: Giver = Giver(1);
    pub const ONLINE_STORE: Giver = Giver(2);
    pub const OFFLINE_STORE: Giver = Giver(3);
    pub const EXPRESSION: Giver = Giver(4);
    pub const DEFAULT: Giver = Giver(5);
    const FIRST_RESOLVER: u32 = 6;

    pub fn resolver(id: creta_model::ResolverId) -> Giver {
        Giver(Self::FIRST_RESOLVER + id.0)
    }

    pub fn as_resolver(self) -> Option<creta_model::ResolverId> {
        self.0.checked_sub(Self::FIRST_RESOLVER).map(creta_model::ResolverId)
    }
}

/// One value per row, or the same for all.
#[derive(Debug, Clone)]
pub(crate) enum PerRow<T> {
    Same(T),
    Each(Vec<T>),
}

impl<T: Copy + PartialEq> PerRow<T> {
    pub fn get(&self, row: usize) -> T {
        match self {
            PerRow::Same(value) => *value,
            PerRow::Each(values) => values[row],
        }
    }

    pub fn all(&self, wanted: T) -> bool {
        match self {
            PerRow::Same(value) => *value == wanted,
            PerRow::Each(values) => values.iter().all(|value| *value == wanted),
        }
    }

    pub fn take(&self, rows: &[u32]) -> PerRow<T> {
        match self {
            PerRow::Same(value) => PerRow::Same(*value),
            PerRow::Each(values) => PerRow::Each(rows.iter().map(|row| values[*row as usize]).collect()),
        }
    }

    /// Overwrites some rows of `total`.
    fn put(&mut self, rows: &Rows, total: usize, new: PerRow<T>) {
        match rows {
            Rows::All => *self = new,
            Rows::Some(rows) => {
                let mut values: Vec<T> = (0..total).map(|row| self.get(row)).collect();
                for (position, row) in rows.iter().enumerate() {
                    values[*row as usize] = new.get(position);
                }
                *self = PerRow::Each(values);
            }
        }
    }
}

/// Rows that a stage works on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Rows {
    All,
    Some(Vec<u32>),
}

impl Rows {
    pub fn len(&self, total: usize) -> usize {
        match self {
            Rows::All => total,
            Rows::Some(rows) => rows.len(),
        }
    }

    /// Row number of the n-th selected row.
    pub fn at(&self, position: usize) -> usize {
        match self {
            Rows::All => position,
            Rows::Some(rows) => rows[position] as usize,
        }
    }

    pub fn select(&self, array: &ArrayRef) -> Result<ArrayRef, Letter> {
        match self {
            Rows::All => Ok(array.clone()),
            Rows::Some(rows) => gather(array, rows),
        }
    }

    /// The selected rows in parts of at most `size`.
    pub fn chunks(&self, total: usize, size: Option<NonZeroU32>) -> Vec<Rows> {
        let count = self.len(total);
        match size.map(|size| size.get() as usize) {
            Some(size) if size < count => {
                let rows: Vec<u32> = (0..count).map(|position| self.at(position) as u32).collect();
                rows.chunks(size).map(|chunk| Rows::Some(chunk.to_vec())).collect()
            }
            _ => vec![self.clone()],
        }
    }

    /// The selected rows for which `keep` holds (asked by position).
    pub fn filter(&self, total: usize, mut keep: impl FnMut(usize) -> bool) -> Rows {
        let count = self.len(total);
        let kept: Vec<u32> =
            (0..count).filter(|position| keep(*position)).map(|position| self.at(position) as u32).collect();
        if kept.len() == total { Rows::All } else { Rows::Some(kept) }
    }
}

/// A slot's cells.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    /// None while every row is unset.
    pub values: Option<ArrayRef>,
    pub states: PerRow<State>,
    pub givers: PerRow<Giver>,
    /// Microseconds; `i64::MIN` where unknown.
    pub observed_at: PerRow<i64>,
}

/// New cells for some rows, in the order of the rows.
pub(crate) struct Fill {
    pub values: ArrayRef,
    pub states: PerRow<State>,
    pub givers: PerRow<Giver>,
    pub observed_at: PerRow<i64>,
}

impl Column {
    pub fn unset() -> Column {
        Column {
            values: None,
            states: PerRow::Same(State::Unset),
            givers: PerRow::Same(Giver::NOBODY),
            observed_at: PerRow::Same(i64::MIN),
        }
    }

    pub fn is_present(&self, row: usize) -> bool {
        self.states.get(row) == State::Present
    }

    /// The values, nulls where unset.
    pub fn array(&self, data_type: &DataType, total: usize) -> ArrayRef {
        self.values.clone().unwrap_or_else(|| new_null_array(&data_type.arrow(), total))
    }

    /// The values, nulls where nothing is present whatever a failure left there.
    pub fn present(&self, data_type: &DataType, total: usize) -> Result<ArrayRef, Letter> {
        let values = self.array(data_type, total);
        if self.states.all(State::Present) {
            return Ok(values);
        }
        let absent: BooleanArray = (0..total).map(|row| Some(!self.is_present(row))).collect();
        nullif(&values, &absent).map_err(internal)
    }

    /// Replaces the cells of `rows`.
    pub fn fill(&mut self, rows: &Rows, total: usize, fill: Fill) -> Result<(), Letter> {
        self.values = Some(match (rows, self.values.take()) {
            (Rows::All, _) => fill.values,
            (Rows::Some(rows), old) => merge(old, rows, total, &fill.values)?,
        });
        self.states.put(rows, total, fill.states);
        self.givers.put(rows, total, fill.givers);
        self.observed_at.put(rows, total, fill.observed_at);
        Ok(())
    }

    /// Marks rows without giving a value.
    pub fn mark(&mut self, rows: &Rows, total: usize, state: State) {
        self.states.put(rows, total, PerRow::Same(state));
    }

    pub fn take(&self, rows: &[u32]) -> Result<Column, Letter> {
        Ok(Column {
            values: self.values.as_ref().map(|values| gather(values, rows)).transpose()?,
            states: self.states.take(rows),
            givers: self.givers.take(rows),
            observed_at: self.observed_at.take(rows),
        })
    }
}

pub(crate) fn gather(array: &ArrayRef, rows: &[u32]) -> Result<ArrayRef, Letter> {
    take(array, &UInt32Array::from(rows.to_vec()), None).map_err(internal)
}

fn merge(old: Option<ArrayRef>, rows: &[u32], total: usize, new: &ArrayRef) -> Result<ArrayRef, Letter> {
    let Some(old) = old else {
        let mut indices: Vec<Option<u32>> = vec![None; total];
        for (position, row) in rows.iter().enumerate() {
            indices[*row as usize] = Some(position as u32);
        }
        return take(new, &UInt32Array::from(indices), None).map_err(internal);
    };
    let mut sources: Vec<(usize, usize)> = (0..total).map(|row| (0, row)).collect();
    for (position, row) in rows.iter().enumerate() {
        sources[*row as usize] = (1, position);
    }
    interleave(&[old.as_ref(), new.as_ref()], &sources).map_err(internal)
}

/// All columns of a scope and the query time of its rows.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub rows: usize,
    pub now: PerRow<i64>,
    pub columns: Vec<Column>,
    /// Per slot: does anybody read it? Statements return more columns than a question needs.
    pub demanded: Vec<bool>,
}

impl Frame {
    pub fn new(rows: usize, now: PerRow<i64>, slots: usize) -> Frame {
        Frame { rows, now, columns: vec![Column::unset(); slots], demanded: vec![true; slots] }
    }

    /// A value column that is known for every row.
    pub fn give(&mut self, slot: creta_plan::Slot, values: ArrayRef, giver: Giver, observed_at: PerRow<i64>) {
        self.columns[slot.0] = Column {
            values: Some(values),
            states: PerRow::Same(State::Present),
            givers: PerRow::Same(giver),
            observed_at,
        };
    }
}
