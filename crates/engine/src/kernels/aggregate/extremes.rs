//! Where each slice has its smallest or largest value: by scanning, or by a sparse table when slices overlap much.

use crate::context::internal;
use arrow::array::{Array, ArrayRef};
use arrow::row::{RowConverter, SortField};
use creta_model::Letter;
use std::ops::Range;

/// Slices that together are this many times longer than the column are answered from a sparse table.
const OVERLAP: usize = 8;
const NULL: u32 = u32::MAX;

/// Places of the rows in sorted order: the smaller the better; equal values take the first row.
pub(super) struct Extremes {
    ranks: Vec<u32>,
    /// `levels[k][i]`: the best row among the 2^(k+1) rows from i on.
    levels: Vec<Vec<u32>>,
}

impl Extremes {
    pub fn of(column: &ArrayRef, slices: &[Range<usize>], largest: bool) -> Result<Extremes, Letter> {
        let ranks = ranks(column, largest)?;
        let work: usize = slices.iter().map(ExactSizeIterator::len).sum();
        let levels = if work > OVERLAP * ranks.len() { levels(&ranks) } else { Vec::new() };
        Ok(Extremes { ranks, levels })
    }

    /// The best row of a slice; None when it has only nulls.
    pub fn winner(&self, slice: &Range<usize>) -> Option<usize> {
        let best = match slice.len() {
            0 => return None,
            1 => slice.start as u32,
            length if !self.levels.is_empty() => {
                let level = length.ilog2() as usize - 1;
                let width = 2_usize << level;
                better(&self.ranks, self.levels[level][slice.start], self.levels[level][slice.end - width])
            }
            _ => (slice.start as u32 + 1..slice.end as u32)
                .fold(slice.start as u32, |best, row| better(&self.ranks, best, row)),
        };
        (self.ranks[best as usize] != NULL).then_some(best as usize)
    }
}

fn ranks(column: &ArrayRef, largest: bool) -> Result<Vec<u32>, Letter> {
    let fields = vec![SortField::new(column.data_type().clone())];
    let converter = RowConverter::new(fields).map_err(internal)?;
    let rows = converter.convert_columns(std::slice::from_ref(column)).map_err(internal)?;
    let mut order: Vec<u32> = (0..column.len() as u32).filter(|row| column.is_valid(*row as usize)).collect();
    order.sort_by(|left, right| {
        let order = rows.row(*left as usize).cmp(&rows.row(*right as usize));
        if largest { order.reverse() } else { order }
    });
    let mut ranks = vec![NULL; column.len()];
    for (rank, row) in order.into_iter().enumerate() {
        ranks[row as usize] = rank as u32;
    }
    Ok(ranks)
}

fn levels(ranks: &[u32]) -> Vec<Vec<u32>> {
    let mut levels: Vec<Vec<u32>> = Vec::new();
    let mut width = 2;
    while width <= ranks.len() {
        let half = width / 2;
        let row = |start: usize, levels: &[Vec<u32>]| match levels.last() {
            None => better(ranks, start as u32, (start + half) as u32),
            Some(last) => better(ranks, last[start], last[start + half]),
        };
        let level = (0..=ranks.len() - width).map(|start| row(start, &levels)).collect();
        levels.push(level);
        width *= 2;
    }
    levels
}

fn better(ranks: &[u32], left: u32, right: u32) -> u32 {
    if ranks[right as usize] < ranks[left as usize] { right } else { left }
}
