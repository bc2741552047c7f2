//! Lists. Most functions pick items of their arguments; what is equal or larger is asked of comparable keys.

mod build;
mod keys;
mod statistics;

pub(crate) use build::Picks;
pub(super) use build::TextLists;
pub(crate) use keys::{Keys, one_zero};

use super::call::{Call, Outcome};
use super::cells::Read;
use super::texts::place;
use crate::context::internal;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, LargeListArray, LargeStringArray, UInt32Array};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::{concat, interleave, take};
use arrow::datatypes::{DataType as ArrowType, Field, Int64Type};
use creta_expr::functions::List;
use creta_model::Letter;
use rand::seq::SliceRandom;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

/// The longest list that `sequence` makes.
const LONGEST: i128 = 1_000_000;

pub(super) fn call(function: List, call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    use List as L;
    match function {
        L::Array => array(call),
        L::Concat => concatenated(call),
        L::Sequence => sequence(call),
        L::Contains | L::IsIn | L::CountValue | L::Position | L::Remove => wanted(function, call),
        L::ElementAt => element(call),
        L::Slice => slices(call),
        L::Cardinality => {
            let lists = call.lists(0)?;
            Ok(call.one::<_, i64, Int64Array>(&lists, |items| Ok(Some(items.len() as i64))))
        }
        L::Intersect | L::Except | L::Overlap => sets(function, call),
        L::Flatten => flattened(call),
        L::RemoveNulls | L::Shuffle => plain_picks(function, call),
        L::Distinct | L::Duplicates | L::HasDuplicates => repetitions(function, call),
        L::Sort => sorted(call),
        L::Max | L::Min => extremes(function, call),
        L::Mode => modes(call),
        L::Join => joined(call),
        L::Sum
        | L::Average
        | L::Median
        | L::Deviation
        | L::SampleDeviation
        | L::CumulativeSum
        | L::AdjacentDifference => statistics::call(function, call),
    }
}

/// `array(a, b, …)`.
fn array(call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    let columns = call.arguments.iter().map(|cells| cells.spread(call.rows)).collect::<Result<Vec<_>, _>>()?;
    let columns: Vec<&dyn Array> = columns.iter().map(AsRef::as_ref).collect();
    let places = (0..call.rows).flat_map(|row| (0..columns.len()).map(move |column| (column, row)));
    let items = interleave(&columns, &places.collect::<Vec<_>>()).map_err(internal)?;
    // Dates at the top are of another width than inside lists.
    let items = match call.data_type.arrow() {
        ArrowType::LargeList(field) => arrow::compute::cast(&items, field.data_type()).map_err(internal)?,
        _ => items,
    };
    let lengths = OffsetBuffer::from_repeated_length(columns.len(), call.rows);
    let field = Arc::new(Field::new("item", items.data_type().clone(), true));
    Ok(Arc::new(LargeListArray::try_new(field, lengths, items, None).map_err(internal)?))
}

fn concatenated(call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    let (left, right) = (call.lists(0)?, call.lists(1)?);
    let items = concat(&[left.items().as_ref(), right.items().as_ref()]).map_err(internal)?;
    let shift = left.items().len();
    let mut picks = Picks::new();
    for row in 0..call.rows {
        match (left.get(row), right.get(row)) {
            (Some(left), Some(right)) => picks.list(left.chain(right.start + shift..right.end + shift)),
            _ => picks.null(),
        }
    }
    picks.lists(&items)
}

/// From a to b, both included.
fn sequence(call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    let (firsts, lasts, steps) = (call.ints(0)?, call.ints(1)?, call.optional(2, Call::ints)?);
    let (mut items, mut lengths, mut present) = (Vec::new(), Vec::new(), Vec::new());
    for row in 0..call.rows {
        let step = steps.as_ref().map_or(Some(1), |steps| steps.get(row));
        let outcome = match (firsts.get(row), lasts.get(row), step) {
            (Some(first), Some(last), Some(step)) => numbers(first, last, step).map(Some),
            _ => Ok(None),
        };
        let found = call.settle(row, outcome);
        present.push(found.is_some());
        let before = items.len();
        items.extend(found.into_iter().flatten());
        lengths.push(items.len() - before);
    }
    let items: ArrayRef = Arc::new(Int64Array::from(items));
    let field = Arc::new(Field::new("item", ArrowType::Int64, true));
    let lengths = OffsetBuffer::from_lengths(lengths);
    let list = LargeListArray::try_new(field, lengths, items, Some(NullBuffer::from(present)));
    Ok(Arc::new(list.map_err(internal)?))
}

fn numbers(first: i64, last: i64, step: i64) -> Result<impl Iterator<Item = i64>, &'static str> {
    if step == 0 {
        return Err("a step of 0 leads nowhere");
    }
    let count = (i128::from(last) - i128::from(first)) / i128::from(step) + 1;
    let leads_away = (last > first && step < 0) || (last < first && step > 0);
    let count = if leads_away { 0 } else { count };
    if count > LONGEST {
        return Err("a sequence has at most 1,000,000 items");
    }
    Ok((0..count as i64).map(move |place| first + place * step))
}

/// Functions of a list and one item that is looked for; a null is never found.
fn wanted(function: List, call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    let (at, other) = if function == List::IsIn { (1, 0) } else { (0, 1) };
    let (lists, cells) = (call.lists(at)?, call.argument(other)?);
    let keys = Keys::of(&[lists.items().clone(), cells.array().clone()])?;
    let key = |row: usize| keys.get(1, if cells.is_scalar() { 0 } else { row });
    let is_hit = |item: usize, row: usize| keys.get(0, item).is_some_and(|item| Some(item) == key(row));
    let found = |row: usize| lists.get(row).filter(|_| key(row).is_some());
    Ok(match function {
        List::Remove => {
            let mut picks = Picks::new();
            for row in 0..call.rows {
                match found(row) {
                    Some(items) => picks.list(items.filter(|item| !is_hit(*item, row))),
                    None => picks.null(),
                }
            }
            picks.lists(lists.items())?
        }
        List::CountValue => call.each::<i64, Int64Array>(|row| {
            Ok(found(row).map(|items| items.filter(|item| is_hit(*item, row)).count() as i64))
        }),
        List::Position => call.each::<i64, Int64Array>(|row| {
            let place =
                |mut items: Range<usize>| items.position(|item| is_hit(item, row)).map_or(0, |place| place as i64 + 1);
            Ok(found(row).map(place))
        }),
        _ => call.each::<bool, BooleanArray>(|row| Ok(found(row).map(|mut items| items.any(|item| is_hit(item, row))))),
    })
}

/// The item at a place, negative from the end; null outside.
fn element(call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    let (lists, places) = (call.lists(0)?, call.ints(1)?);
    let pick = |row: usize| {
        let (items, place) = (lists.get(row)?, places.get(row)?);
        let counted = if place < 0 { place.saturating_add(items.len() as i64) } else { place };
        usize::try_from(counted).ok().filter(|place| *place < items.len()).map(|place| (items.start + place) as u32)
    };
    let picks: UInt32Array = (0..call.rows).map(pick).collect();
    take(lists.items(), &picks, None).map_err(internal)
}

fn slices(call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    let (lists, offsets, lengths) = (call.lists(0)?, call.ints(1)?, call.ints(2)?);
    let mut picks = Picks::new();
    for row in 0..call.rows {
        match (lists.get(row), offsets.get(row), lengths.get(row)) {
            (Some(items), Some(offset), Some(length)) => {
                let start = items.start + place(offset, items.len());
                let length = usize::try_from(length).unwrap_or(0);
                picks.list(start..start.saturating_add(length).min(items.end));
            }
            _ => picks.null(),
        }
    }
    picks.lists(lists.items())
}

/// Each item of the first list once, if it is (or is not) in the second; a null is one value.
fn sets(function: List, call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    let (left, right) = (call.lists(0)?, call.lists(1)?);
    let keys = Keys::of(&[left.items().clone(), right.items().clone()])?;
    let known = |items: Range<usize>| items.map(|item| keys.get(1, item)).collect::<HashSet<_>>();
    if function == List::Overlap {
        return Ok(call.two::<_, _, bool, BooleanArray>(&left, &right, |mut left, right| {
            let known = known(right);
            Ok(Some(left.any(|item| keys.get(0, item).is_some_and(|item| known.contains(&Some(item))))))
        }));
    }
    let mut picks = Picks::new();
    for row in 0..call.rows {
        let (Some(left), Some(right)) = (left.get(row), right.get(row)) else {
            picks.null();
            continue;
        };
        let (known, mut seen) = (known(right), HashSet::new());
        picks.list(left.filter(|item| {
            let key = keys.get(0, *item);
            known.contains(&key) == (function == List::Intersect) && seen.insert(key)
        }));
    }
    picks.lists(left.items())
}

/// One level; inner lists that are null are left out.
fn flattened(call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    let lists = call.lists(0)?;
    let inner = lists.items().as_list_opt::<i64>().ok_or_else(|| internal("not a list of lists"))?;
    let offsets = inner.value_offsets();
    let mut picks = Picks::new();
    for row in 0..call.rows {
        match lists.get(row) {
            Some(parts) => {
                let parts = parts.filter(|part| inner.is_valid(*part));
                picks.list(parts.flat_map(|part| offsets[part] as usize..offsets[part + 1] as usize));
            }
            None => picks.null(),
        }
    }
    picks.lists(inner.values())
}

fn plain_picks(function: List, call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    let lists = call.lists(0)?;
    let (items, mut source, mut picks) = (lists.items(), rand::rng(), Picks::new());
    for row in 0..call.rows {
        match lists.get(row) {
            Some(range) if function == List::RemoveNulls => picks.list(range.filter(|item| items.is_valid(*item))),
            Some(range) => {
                let mut order: Vec<usize> = range.collect();
                order.shuffle(&mut source);
                picks.list(order.into_iter());
            }
            None => picks.null(),
        }
    }
    picks.lists(items)
}

fn repetitions(function: List, call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    let lists = call.lists(0)?;
    let keys = Keys::of(&[lists.items().clone()])?;
    if function == List::HasDuplicates {
        return Ok(call.one::<_, bool, BooleanArray>(&lists, |mut items| {
            let mut seen = HashSet::new();
            Ok(Some(items.any(|item| !seen.insert(keys.get(0, item)))))
        }));
    }
    let mut picks = Picks::new();
    for row in 0..call.rows {
        let Some(items) = lists.get(row) else {
            picks.null();
            continue;
        };
        let counts = counted(&keys, items.clone());
        let is_wanted = |item: &usize| {
            let (first, count) = counts[&keys.get(0, *item)];
            first == *item && (function == List::Distinct || count > 1)
        };
        picks.list(items.filter(is_wanted));
    }
    picks.lists(lists.items())
}

/// Where each value first stands and how often it is there.
fn counted(keys: &Keys, items: impl Iterator<Item = usize>) -> HashMap<Option<&[u8]>, (usize, usize)> {
    let mut counts = HashMap::new();
    for item in items {
        counts.entry(keys.get(0, item)).or_insert((item, 0)).1 += 1;
    }
    counts
}

/// Nulls stay last in either direction.
fn sorted(call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    let (lists, directions) = (call.lists(0)?, call.optional(1, Call::booleans)?);
    let keys = Keys::of(&[lists.items().clone()])?;
    let mut picks = Picks::new();
    for row in 0..call.rows {
        let descending = directions.as_ref().map_or(Some(false), |directions| directions.get(row));
        let (Some(items), Some(descending)) = (lists.get(row), descending) else {
            picks.null();
            continue;
        };
        let (mut present, missing): (Vec<usize>, Vec<usize>) = items.partition(|item| keys.get(0, *item).is_some());
        present.sort_by(|left, right| {
            let order = keys.get(0, *left).cmp(&keys.get(0, *right));
            if descending { order.reverse() } else { order }
        });
        picks.list(present.into_iter().chain(missing));
    }
    picks.lists(lists.items())
}

/// Nulls are skipped; NaN wins in either direction.
fn extremes(function: List, call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    let lists = call.lists(0)?;
    let keys = Keys::of(&[lists.items().clone()])?;
    let best = |items: Range<usize>| {
        let mut present = items.filter(|item| keys.get(0, *item).is_some());
        let first = present.next()?;
        let better = |best: usize, next: usize| {
            let order = keys.get(0, next).cmp(&keys.get(0, best));
            let is_better = if function == List::Max { order.is_gt() } else { order.is_lt() };
            if !keys.is_nan(best) && (keys.is_nan(next) || is_better) { next } else { best }
        };
        Some(present.fold(first, better) as u32)
    };
    let picks: UInt32Array = (0..call.rows).map(|row| lists.get(row).and_then(best)).collect();
    take(lists.items(), &picks, None).map_err(internal)
}

/// The most frequent value; of several the first, the smallest or the largest.
fn modes(call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    let (lists, tiebreaks) = (call.lists(0)?, call.optional(1, Call::texts)?);
    let keys = Keys::of(&[lists.items().clone()])?;
    let mode = |items: Range<usize>, tiebreak: &str| -> Outcome<u32> {
        if !matches!(tiebreak, "FIRST" | "MIN" | "MAX") {
            return Err("the tiebreak is FIRST, MIN or MAX");
        }
        let counts = counted(&keys, items.filter(|item| keys.get(0, *item).is_some()));
        let most = counts.values().map(|(_, count)| *count).max();
        let best = counts.values().filter(|(_, count)| Some(*count) == most).map(|(first, _)| *first);
        let chosen = match tiebreak {
            "FIRST" => best.min(),
            "MIN" => best.min_by_key(|item| keys.get(0, *item)),
            _ => best.max_by_key(|item| keys.get(0, *item)),
        };
        Ok(chosen.map(|item| item as u32))
    };
    let mut picks = Vec::with_capacity(call.rows);
    for row in 0..call.rows {
        let tiebreak = tiebreaks.as_ref().map_or(Some("FIRST"), |tiebreaks| tiebreaks.get(row));
        let outcome = match (lists.get(row), tiebreak) {
            (Some(items), Some(tiebreak)) => mode(items, tiebreak),
            _ => Ok(None),
        };
        picks.push(call.settle(row, outcome));
    }
    take(lists.items(), &UInt32Array::from(picks), None).map_err(internal)
}

fn joined(call: &mut Call<'_>) -> Result<ArrayRef, Letter> {
    let (lists, delimiters) = (call.lists(0)?, call.texts(1)?);
    let items = lists.items().clone();
    let texts = items.as_string_opt::<i64>();
    let ints = items.as_primitive_opt::<Int64Type>();
    Ok(call.two::<_, _, String, LargeStringArray>(&lists, &delimiters, |range, delimiter| {
        let mut joined = String::new();
        for (position, item) in range.filter(|item| items.is_valid(*item)).enumerate() {
            if position > 0 {
                joined += delimiter;
            }
            match (texts, ints) {
                (Some(texts), _) => joined += texts.value(item),
                (None, Some(ints)) => joined += &ints.value(item).to_string(),
                (None, None) => return Err("only strings and ints are joined"),
            }
        }
        Ok(Some(joined))
    }))
}
