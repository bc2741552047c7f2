//! Aggregates that give lists of the values: all, the distinct ones, the first by an order, the most frequent.

use crate::context::internal;
use crate::evaluate::{Keys, Picks};
use arrow::array::{Array, ArrayRef, AsArray};
use creta_model::Letter;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// `array_agg`: every row of the slice in order, nulls too.
pub(super) fn all(values: &ArrayRef, slices: &[Range<usize>]) -> Result<ArrayRef, Letter> {
    let mut picks = Picks::new();
    slices.iter().for_each(|slice| picks.list(slice.clone()));
    picks.lists(values)
}

/// `set_agg`: each value where it first stands, a null as one value.
pub(super) fn distinct(values: &ArrayRef, slices: &[Range<usize>]) -> Result<ArrayRef, Letter> {
    let keys = Keys::of(std::slice::from_ref(values))?;
    let mut picks = Picks::new();
    for slice in slices {
        let mut seen = HashSet::new();
        picks.list(slice.clone().filter(|row| seen.insert(keys.get(0, *row))));
    }
    picks.lists(values)
}

/// `set_union`: each item of the lists where it first stands; null lists are skipped.
pub(super) fn union(values: &ArrayRef, slices: &[Range<usize>]) -> Result<ArrayRef, Letter> {
    let lists = values.as_list_opt::<i64>().ok_or_else(|| internal("set_union wants lists"))?;
    let keys = Keys::of(std::slice::from_ref(lists.values()))?;
    let offsets = lists.value_offsets();
    let mut picks = Picks::new();
    for slice in slices {
        let mut seen = HashSet::new();
        let rows = slice.clone().filter(|row| lists.is_valid(*row));
        let items = rows.flat_map(|row| offsets[row] as usize..offsets[row + 1] as usize);
        picks.list(items.filter(|item| seen.insert(keys.get(0, *item))));
    }
    picks.lists(lists.values())
}

/// The values of the first rows by an order; of equals the first, rows with a null order last. Null without rows.
pub(super) fn ordered(
    values: &ArrayRef,
    by: &ArrayRef,
    slices: &[Range<usize>],
    largest: bool,
    count: usize,
) -> Result<ArrayRef, Letter> {
    let keys = Keys::of(std::slice::from_ref(by))?;
    let mut picks = Picks::new();
    for slice in slices {
        let (mut rows, missing): (Vec<usize>, Vec<usize>) = slice.clone().partition(|row| by.is_valid(*row));
        rows.sort_by(|left, right| {
            let order = keys.get(0, *left).cmp(&keys.get(0, *right));
            if largest { order.reverse() } else { order }
        });
        match slice.is_empty() {
            true => picks.null(),
            false => picks.list(rows.into_iter().chain(missing).take(count)),
        }
    }
    picks.lists(values)
}

/// The most frequent values; of equally frequent ones the first. Null without values.
pub(super) fn most_frequent(values: &ArrayRef, slices: &[Range<usize>], count: usize) -> Result<ArrayRef, Letter> {
    let keys = Keys::of(std::slice::from_ref(values))?;
    let mut picks = Picks::new();
    for slice in slices {
        let mut counts: HashMap<&[u8], (usize, usize)> = HashMap::new();
        for (row, key) in slice.clone().filter_map(|row| keys.get(0, row).map(|key| (row, key))) {
            counts.entry(key).or_insert((row, 0)).1 += 1;
        }
        let mut best: Vec<(usize, usize)> = counts.into_values().collect();
        best.sort_by_key(|(first, count)| (std::cmp::Reverse(*count), *first));
        match best.is_empty() {
            true => picks.null(),
            false => picks.list(best.into_iter().map(|(first, _)| first).take(count)),
        }
    }
    picks.lists(values)
}
