//! One call of a function on a batch: its arguments by row, its result by row, and the rows that fail.

use super::Batch;
use super::cells::{Booleans, Bytes, Cells, Lists, Numbers, Read, Texts};
use crate::context::internal;
use arrow::array::{Array, ArrayRef};
use arrow::datatypes::{Float64Type, Int64Type};
use creta_model::{DataType, Letter};
use std::sync::Arc;

/// A value, a null, or what Python would have raised.
pub(super) type Outcome<T> = Result<Option<T>, &'static str>;

pub(super) struct Call<'a> {
    pub batch: &'a mut Batch,
    pub arguments: &'a [Cells],
    pub types: &'a [&'a DataType],
    /// One where all arguments are constants.
    pub rows: usize,
    pub data_type: &'a DataType,
}

impl<'a> Call<'a> {
    pub fn argument(&self, position: usize) -> Result<&'a Cells, Letter> {
        self.arguments.get(position).ok_or_else(|| internal(format!("argument {position} is missing")))
    }

    pub fn ints(&self, position: usize) -> Result<Numbers<'a, Int64Type>, Letter> {
        self.argument(position)?.ints()
    }

    pub fn floats(&self, position: usize) -> Result<Numbers<'a, Float64Type>, Letter> {
        self.argument(position)?.floats()
    }

    pub fn texts(&self, position: usize) -> Result<Texts<'a>, Letter> {
        self.argument(position)?.texts()
    }

    pub fn bytes(&self, position: usize) -> Result<Bytes<'a>, Letter> {
        self.argument(position)?.bytes()
    }

    pub fn booleans(&self, position: usize) -> Result<Booleans<'a>, Letter> {
        self.argument(position)?.booleans()
    }

    pub fn lists(&self, position: usize) -> Result<Lists, Letter> {
        self.argument(position)?.lists()
    }

    /// An argument that may be left out.
    pub fn optional<T>(
        &self,
        position: usize,
        read: impl FnOnce(&Self, usize) -> Result<T, Letter>,
    ) -> Result<Option<T>, Letter> {
        (position < self.arguments.len()).then(|| read(self, position)).transpose()
    }

    /// One outcome per row; a failure is a null that is listed.
    pub fn each<T, C>(&mut self, mut outcome: impl FnMut(usize) -> Outcome<T>) -> ArrayRef
    where
        C: FromIterator<Option<T>> + Array + 'static,
    {
        let cells = (0..self.rows).map(|row| self.settle(row, outcome(row)));
        Arc::new(cells.collect::<C>())
    }

    /// The value of an outcome; a failure is told.
    pub fn settle<T>(&mut self, row: usize, outcome: Outcome<T>) -> Option<T> {
        outcome.unwrap_or_else(|message| {
            self.fail(row, message);
            None
        })
    }

    pub fn one<A: Read, T, C>(&mut self, first: &A, mut operate: impl FnMut(A::Value) -> Outcome<T>) -> ArrayRef
    where
        C: FromIterator<Option<T>> + Array + 'static,
    {
        self.each::<T, C>(|row| match first.get(row) {
            Some(first) => operate(first),
            None => Ok(None),
        })
    }

    pub fn two<A: Read, B: Read, T, C>(
        &mut self,
        first: &A,
        second: &B,
        mut operate: impl FnMut(A::Value, B::Value) -> Outcome<T>,
    ) -> ArrayRef
    where
        C: FromIterator<Option<T>> + Array + 'static,
    {
        self.each::<T, C>(|row| match (first.get(row), second.get(row)) {
            (Some(first), Some(second)) => operate(first, second),
            _ => Ok(None),
        })
    }

    pub fn three<A: Read, B: Read, D: Read, T, C>(
        &mut self,
        (first, second, third): (&A, &B, &D),
        mut operate: impl FnMut(A::Value, B::Value, D::Value) -> Outcome<T>,
    ) -> ArrayRef
    where
        C: FromIterator<Option<T>> + Array + 'static,
    {
        self.each::<T, C>(|row| match (first.get(row), second.get(row), third.get(row)) {
            (Some(first), Some(second), Some(third)) => operate(first, second, third),
            _ => Ok(None),
        })
    }

    /// A constant that fails, fails for every row.
    fn fail(&mut self, row: usize, message: &str) {
        let constant = self.arguments.iter().all(Cells::is_scalar) && self.rows < self.batch.rows;
        let rows = if constant { 0..self.batch.rows } else { row..row + 1 };
        for row in rows {
            self.batch.fail(row, message);
        }
    }
}
