//! Rows of many keys in time order, for as-of matches and windows by binary search.

use super::keys::KeyIndex;
use arrow::array::{Array, ArrayRef, Int64Array};
use arrow::row::{RowConverter, Rows, SortField};
use std::ops::Range;

/// An instant in microseconds, and whether it belongs to the range.
pub type Edge = (i64, bool);

/// A permutation of the rows, sorted by (group of equal keys, time, tie breakers, original order). Rows with a null
/// key or a null time are not in it.
pub struct Timeline {
    index: KeyIndex,
    permutation: Vec<u32>,
    /// Times in the order of the permutation.
    times: Vec<i64>,
    /// Start of each group in the permutation, and the end of the last.
    offsets: Vec<usize>,
}

impl Timeline {
    pub fn build(keys: &[ArrayRef], times: &Int64Array, tie_breakers: &[ArrayRef]) -> Timeline {
        let index = KeyIndex::build(keys);
        let ties = rows_of(tie_breakers);
        let mut permutation: Vec<u32> = (0..times.len() as u32)
            .filter(|row| times.is_valid(*row as usize) && index.group_of(*row as usize).is_some())
            .collect();
        let place = |row: u32| (index.group_of(row as usize), times.value(row as usize));
        permutation.sort_by(|left, right| {
            place(*left).cmp(&place(*right)).then_with(|| match &ties {
                Some(ties) => ties.row(*left as usize).cmp(&ties.row(*right as usize)),
                None => std::cmp::Ordering::Equal,
            })
        });
        let mut offsets = vec![0; index.groups() + 1];
        for row in &permutation {
            if let Some(group) = index.group_of(*row as usize) {
                offsets[group as usize + 1] += 1;
            }
        }
        for group in 1..offsets.len() {
            offsets[group] += offsets[group - 1];
        }
        let sorted = permutation.iter().map(|row| times.value(*row as usize)).collect();
        Timeline { index, permutation, times: sorted, offsets }
    }

    /// Original row numbers in sorted order; [`Self::range`] answers positions in it.
    pub fn permutation(&self) -> &[u32] {
        &self.permutation
    }

    /// The group of each probe row, None where its key does not occur.
    pub fn probe(&self, keys: &[ArrayRef]) -> Vec<Option<u32>> {
        self.index.probe(keys)
    }

    /// How many rows a group has.
    pub fn len_of(&self, group: u32) -> usize {
        self.group(group).len()
    }

    /// The last row (by its original number) whose time is at or before `time`.
    pub fn as_of(&self, group: u32, time: i64) -> Option<u32> {
        let range = self.range(group, None, Some((time, true)));
        range.last().map(|position| self.permutation[position])
    }

    /// Positions of a group's rows between two edges.
    pub fn range(&self, group: u32, lower: Option<Edge>, upper: Option<Edge>) -> Range<usize> {
        let whole = self.group(group);
        let times = &self.times[whole.clone()];
        let start = lower.map_or(0, |(at, inclusive)| {
            times.partition_point(|time| if inclusive { *time < at } else { *time <= at })
        });
        let end = upper.map_or(times.len(), |(at, inclusive)| {
            times.partition_point(|time| if inclusive { *time <= at } else { *time < at })
        });
        whole.start + start..whole.start + end.max(start)
    }

    fn group(&self, group: u32) -> Range<usize> {
        self.offsets[group as usize]..self.offsets[group as usize + 1]
    }
}

fn rows_of(columns: &[ArrayRef]) -> Option<Rows> {
    if columns.is_empty() {
        return None;
    }
    let fields = columns.iter().map(|column| SortField::new(column.data_type().clone())).collect();
    RowConverter::new(fields).and_then(|converter| converter.convert_columns(columns)).ok()
}
