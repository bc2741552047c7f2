//! Rows of many keys in time order, for as-of matches and windows by binary search.

use super::keys::{KeyIndex, rows_of};
use arrow::array::{Array, ArrayRef, Int64Array};
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
        let mut index = KeyIndex::build(keys);
        let (mut permutation, offsets) = grouped(&index, times);
        index.forget_rows();
        let mut has_ties = false;
        for group in offsets.windows(2) {
            let rows = &mut permutation[group[0]..group[1]];
            // Stable, and linear when the rows come in time order, as they mostly do.
            rows.sort_by_key(|row| times.value(*row as usize));
            has_ties |= rows.windows(2).any(|pair| times.value(pair[0] as usize) == times.value(pair[1] as usize));
        }
        if has_ties && !tie_breakers.is_empty() {
            break_ties(&mut permutation, &offsets, times, tie_breakers);
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

    /// [`Self::as_of`] for many probes. Those of one group find each other's place, so probes in time order cost the
    /// distance between them and not a search of the whole group.
    pub fn as_of_rows(&self, groups: &[Option<u32>], times: &[i64]) -> Vec<Option<u32>> {
        // How many rows of a group were at or before its last probe.
        let mut passed = vec![0_u32; self.index.groups()];
        let one = |(group, time): (&Option<u32>, &i64)| {
            let group = (*group)?;
            let whole = self.group(group);
            let here = &mut passed[group as usize];
            *here = gallop(&self.times[whole.clone()], *here as usize, *time) as u32;
            here.checked_sub(1).map(|last| self.permutation[whole.start + last as usize])
        };
        groups.iter().zip(times).map(one).collect()
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

    /// Positions of all rows of a group.
    pub fn group(&self, group: u32) -> Range<usize> {
        self.offsets[group as usize]..self.offsets[group as usize + 1]
    }
}

/// Rows with key and time, group by group in their original order, and where each group starts.
fn grouped(index: &KeyIndex, times: &Int64Array) -> (Vec<u32>, Vec<usize>) {
    let placed = |row: usize| index.group_of(row).filter(|_| times.is_valid(row));
    let mut offsets = vec![0; index.groups() + 1];
    for group in (0..times.len()).filter_map(placed) {
        offsets[group as usize + 1] += 1;
    }
    for group in 1..offsets.len() {
        offsets[group] += offsets[group - 1];
    }
    let mut next = offsets.clone();
    let mut permutation = vec![0; offsets[index.groups()]];
    for row in 0..times.len() {
        if let Some(group) = placed(row) {
            permutation[next[group as usize]] = row as u32;
            next[group as usize] += 1;
        }
    }
    (permutation, offsets)
}

/// Sorts what has the same group and time by the tie breakers; without an order of theirs, source order stands.
fn break_ties(permutation: &mut [u32], offsets: &[usize], times: &Int64Array, tie_breakers: &[ArrayRef]) {
    let Some(ties) = rows_of(tie_breakers) else { return };
    for group in offsets.windows(2) {
        let equal_times = permutation[group[0]..group[1]]
            .chunk_by_mut(|left, right| times.value(*left as usize) == times.value(*right as usize));
        for rows in equal_times.filter(|rows| rows.len() > 1) {
            rows.sort_by(|left, right| ties.row(*left as usize).cmp(&ties.row(*right as usize)));
        }
    }
}

/// How many of the sorted times are at or before `time`, looking first near `from`.
fn gallop(times: &[i64], from: usize, time: i64) -> usize {
    let mut step = 1;
    if times.get(from).is_some_and(|at| *at <= time) {
        let mut low = from;
        while times.get(low + step).is_some_and(|at| *at <= time) {
            low += step;
            step *= 2;
        }
        let high = (low + step).min(times.len());
        return low + times[low..high].partition_point(|at| *at <= time);
    }
    let mut high = from;
    while high > 0 && times[high.saturating_sub(step)] > time {
        high = high.saturating_sub(step);
        step *= 2;
    }
    let low = high.saturating_sub(step);
    low + times[low..high].partition_point(|at| *at <= time)
}
