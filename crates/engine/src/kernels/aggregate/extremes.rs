//! Where each slice has its smallest or largest value: by scanning, or over blocks of rows when slices overlap much.

use crate::context::internal;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::buffer::NullBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType as ArrowType, Float64Type, Int64Type};
use arrow::row::{RowConverter, SortField};
use creta_model::Letter;
use std::ops::Range;

/// Slices that together are this many times longer than the column are answered from blocks.
const OVERLAP: usize = 8;
/// Rows of one block; a slice scans at most two of them.
const BLOCK: usize = 16;
const NULL: u64 = u64::MAX;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Smallest,
    Largest,
}

/// What a NaN is to the search (decision 14).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nan {
    /// It wins, as it propagates through `min` and `max`.
    Wins,
    /// It sorts last, after infinity.
    Last,
}

/// The rows of a column by how good they are; of equals the first is best, nulls are none.
pub(super) struct Extremes {
    /// The smaller the better; nulls have the largest, which a value can have as well.
    keys: Vec<u64>,
    nulls: Option<NullBuffer>,
    /// `levels[k][i]`: the best row of the 2^k blocks from i on. Empty when slices are scanned.
    levels: Vec<Vec<u32>>,
}

impl Extremes {
    pub fn of(column: &ArrayRef, slices: &[Range<usize>], wanted: Wanted, nan: Nan) -> Result<Extremes, Letter> {
        let keys = keys(column, wanted, nan)?;
        let work: usize = slices.iter().map(ExactSizeIterator::len).sum();
        let longest = slices.iter().map(ExactSizeIterator::len).max().unwrap_or(0);
        let mut extremes = Extremes { keys, nulls: column.logical_nulls(), levels: Vec::new() };
        if work > OVERLAP * extremes.keys.len() && longest > 2 * BLOCK {
            extremes.levels = extremes.levels(longest / BLOCK);
        }
        Ok(extremes)
    }

    /// The best row of a slice; None when it has only nulls.
    pub fn winner(&self, slice: &Range<usize>) -> Option<usize> {
        if slice.is_empty() {
            return None;
        }
        let best = match self.levels.is_empty() || slice.len() <= 2 * BLOCK {
            true => self.scan(slice.clone()),
            false => {
                let (first, end) = (slice.start.div_ceil(BLOCK), slice.end / BLOCK);
                let level = (end - first).ilog2() as usize;
                let (left, right) = (self.levels[level][first], self.levels[level][end - (1 << level)]);
                let inner = self.better(left, right);
                let head = if slice.start < first * BLOCK {
                    self.better(self.scan(slice.start..first * BLOCK), inner)
                } else {
                    inner
                };
                if end * BLOCK < slice.end { self.better(head, self.scan(end * BLOCK..slice.end)) } else { head }
            }
        };
        let is_valid = |row: usize| self.nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
        match self.keys[best as usize] {
            NULL => slice.clone().find(|row| is_valid(*row)),
            _ => Some(best as usize),
        }
    }

    /// Of a slice that is not empty.
    fn scan(&self, slice: Range<usize>) -> u32 {
        let mut best = slice.start;
        for row in slice {
            if self.keys[row] < self.keys[best] {
                best = row;
            }
        }
        best as u32
    }

    /// `left` is the earlier one.
    fn better(&self, left: u32, right: u32) -> u32 {
        if self.keys[right as usize] < self.keys[left as usize] { right } else { left }
    }

    fn levels(&self, longest: usize) -> Vec<Vec<u32>> {
        let blocks = self.keys.len() / BLOCK;
        let mut levels =
            vec![(0..blocks).map(|block| self.scan(block * BLOCK..(block + 1) * BLOCK)).collect::<Vec<u32>>()];
        let mut width = 1;
        while 2 * width <= blocks.min(longest) {
            let last = &levels[levels.len() - 1];
            let level = (0..=blocks - 2 * width).map(|start| self.better(last[start], last[start + width])).collect();
            levels.push(level);
            width *= 2;
        }
        levels
    }
}

/// Numbers that order as the values do, inverted when the largest is wanted.
fn keys(column: &ArrayRef, wanted: Wanted, nan: Nan) -> Result<Vec<u64>, Letter> {
    let directed = |key: u64| if wanted == Wanted::Largest { !key } else { key };
    match column.data_type() {
        ArrowType::Float64 => {
            let key = |value: Option<f64>| match value {
                None => NULL,
                Some(value) if value.is_nan() && nan == Nan::Wins => 0,
                Some(value) => directed(float_key(value)),
            };
            Ok(column.as_primitive::<Float64Type>().iter().map(key).collect())
        }
        ArrowType::Int64
        | ArrowType::Boolean
        | ArrowType::Date32
        | ArrowType::Date64
        | ArrowType::Timestamp(..)
        | ArrowType::Time64(_)
        | ArrowType::Duration(_) => {
            let ints = cast(column, &ArrowType::Int64).map_err(internal)?;
            let key = |value: Option<i64>| value.map_or(NULL, |value| directed(value.cast_unsigned() ^ (1 << 63)));
            Ok(ints.as_primitive::<Int64Type>().iter().map(key).collect())
        }
        _ => ranks(column, wanted),
    }
}

/// Orders as floats do, with one zero and with one NaN above infinity.
fn float_key(value: f64) -> u64 {
    let bits = match value {
        0.0 => 0,
        _ if value.is_nan() => f64::NAN.to_bits() & !(1 << 63),
        _ => value.to_bits(),
    };
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

/// Places in sorted order, for what does not fit a number.
fn ranks(column: &ArrayRef, wanted: Wanted) -> Result<Vec<u64>, Letter> {
    let fields = vec![SortField::new(column.data_type().clone())];
    let converter = RowConverter::new(fields).map_err(internal)?;
    let rows = converter.convert_columns(std::slice::from_ref(column)).map_err(internal)?;
    let mut order: Vec<u32> = (0..column.len() as u32).filter(|row| column.is_valid(*row as usize)).collect();
    order.sort_by(|left, right| {
        let order = rows.row(*left as usize).cmp(&rows.row(*right as usize));
        if wanted == Wanted::Largest { order.reverse() } else { order }
    });
    let mut ranks = vec![NULL; column.len()];
    for (rank, row) in order.into_iter().enumerate() {
        ranks[row as usize] = rank as u64;
    }
    Ok(ranks)
}
