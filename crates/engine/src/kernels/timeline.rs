//! Rows of many keys in time order, for as-of matches and windows by binary search.

use super::keys::{KeyIndex, rows_of};
use arrow::array::{Array, ArrayRef, Int64Array, UInt32Array};
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
        let offsets = offsets(&index, times);
        let mut permutation = vec![0; offsets[index.groups()]];
        let mut sorted = vec![0; permutation.len()];
        let has_ties = sort(&index, times, &offsets, &mut permutation, &mut sorted);
        index.forget_rows();
        if has_ties && !tie_breakers.is_empty() {
            break_ties(&mut permutation, &offsets, times, tie_breakers);
        }
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

    /// [`Self::as_of`] for many probes, group by group: what lies together in memory is looked at together, and probes in
    /// time order cost the distance between them and not a search of the whole group.
    pub fn as_of_rows(&self, groups: &[Option<u32>], times: &[i64]) -> UInt32Array {
        let mut order: Vec<u32> = (0..groups.len() as u32).filter(|probe| groups[*probe as usize].is_some()).collect();
        order.sort_unstable_by_key(|probe| (groups[*probe as usize], *probe));
        let mut found: Vec<Option<u32>> = vec![None; groups.len()];
        for probes in order.chunk_by(|left, right| groups[*left as usize] == groups[*right as usize]) {
            let Some(group) = groups[probes[0] as usize] else { continue };
            let whole = self.group(group);
            // How many rows of the group were at or before its last probe.
            let mut passed = 0;
            for probe in probes {
                passed = gallop(&self.times[whole.clone()], passed, times[*probe as usize]);
                found[*probe as usize] = passed.checked_sub(1).map(|last| self.permutation[whole.start + last]);
            }
        }
        found.into_iter().collect()
    }

    /// Positions of a group's rows between two edges.
    pub fn range(&self, group: u32, lower: Option<Edge>, upper: Option<Edge>) -> Range<usize> {
        let end = self.end(group, upper);
        self.start(group, lower, end)..end
    }

    /// The position after the group's last row within an upper edge.
    pub fn end(&self, group: u32, upper: Option<Edge>) -> usize {
        let whole = self.group(group);
        upper.map_or(whole.end, |(at, inclusive)| {
            let times = &self.times[whole.clone()];
            whole.start + times.partition_point(|time| if inclusive { *time <= at } else { *time < at })
        })
    }

    /// The position of the group's first row within a lower edge, `end` if all before it are outside.
    pub fn start(&self, group: u32, lower: Option<Edge>, end: usize) -> usize {
        let first = self.group(group).start;
        lower.map_or(first, |(at, inclusive)| {
            let times = &self.times[first..end];
            first + times.partition_point(|time| if inclusive { *time < at } else { *time <= at })
        })
    }

    /// Positions of all rows of a group.
    pub fn group(&self, group: u32) -> Range<usize> {
        self.offsets[group as usize]..self.offsets[group as usize + 1]
    }
}

fn placed(index: &KeyIndex, times: &Int64Array, row: usize) -> Option<usize> {
    index.group_of(row).filter(|_| times.is_valid(row)).map(|group| group as usize)
}

/// Where each group starts when rows with key and time stand group by group, and the end of the last.
fn offsets(index: &KeyIndex, times: &Int64Array) -> Vec<usize> {
    let mut offsets = vec![0; index.groups() + 1];
    for group in (0..times.len()).filter_map(|row| placed(index, times, row)) {
        offsets[group + 1] += 1;
    }
    for group in 1..offsets.len() {
        offsets[group] += offsets[group - 1];
    }
    offsets
}

/// Fewer rows are not worth a thread.
const ROWS_OF_A_THREAD: usize = 500_000;

/// Fills the permutation and the times in its order; answers whether two rows of a group have the same time. Each
/// thread has some of the groups.
fn sort(
    index: &KeyIndex,
    times: &Int64Array,
    offsets: &[usize],
    mut permutation: &mut [u32],
    mut sorted: &mut [i64],
) -> bool {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = (permutation.len() / ROWS_OF_A_THREAD).clamp(1, cores);
    let bounds: Vec<usize> = (0..=threads)
        .map(|thread| offsets.partition_point(|offset| *offset < permutation.len() * thread / threads))
        .collect();
    let (mut parts, mut first) = (Vec::with_capacity(threads), 0);
    for thread in 0..threads {
        let last = if thread + 1 == threads { offsets.len() - 1 } else { bounds[thread + 1].max(first) };
        let rows = offsets[last] - offsets[first];
        let (rows_here, rows_after) = permutation.split_at_mut(rows);
        let (times_here, times_after) = sorted.split_at_mut(rows);
        (permutation, sorted) = (rows_after, times_after);
        parts.push(Part {
            groups: first..last,
            offsets: &offsets[first..=last],
            permutation: rows_here,
            sorted: times_here,
        });
        first = last;
    }
    std::thread::scope(|scope| {
        let others: Vec<_> = parts.drain(1..).map(|part| scope.spawn(|| part.fill(index, times))).collect();
        let own = parts.pop().is_some_and(|part| part.fill(index, times));
        others
            .into_iter()
            .fold(own, |any, other| other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)) || any)
    })
}

/// Some of the groups, and their part of the timeline.
struct Part<'a> {
    groups: Range<usize>,
    offsets: &'a [usize],
    permutation: &'a mut [u32],
    sorted: &'a mut [i64],
}

impl Part<'_> {
    fn fill(self, index: &KeyIndex, times: &Int64Array) -> bool {
        let base = self.offsets[0];
        let mut next: Vec<usize> = self.offsets.iter().map(|offset| offset - base).collect();
        for row in 0..times.len() {
            let group = placed(index, times, row).and_then(|group| group.checked_sub(self.groups.start));
            if let Some(group) = group.filter(|group| *group < self.groups.len()) {
                self.permutation[next[group]] = row as u32;
                self.sorted[next[group]] = times.value(row);
                next[group] += 1;
            }
        }
        let mut has_ties = false;
        let mut pairs: Vec<(i64, u32)> = Vec::new();
        for group in self.offsets.windows(2) {
            let place = group[0] - base..group[1] - base;
            let (rows, times) = (&mut self.permutation[place.clone()], &mut self.sorted[place]);
            if !times.is_sorted() {
                pairs.clear();
                pairs.extend(times.iter().copied().zip(rows.iter().copied()));
                // Rows count up, so equal times stay in their order.
                pairs.sort_unstable();
                pairs.iter().enumerate().for_each(|(place, (time, row))| (times[place], rows[place]) = (*time, *row));
            }
            has_ties |= times.windows(2).any(|pair| pair[0] == pair[1]);
        }
        has_ties
    }
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
