//! Lambdas over lists: the body is evaluated once for all items of a batch, a fold once per place in the lists.

use super::Batch;
use super::cells::{Cells, Lists, Read};
use super::lists::Picks;
use super::widen;
use crate::context::internal;
use arrow::array::{Array, ArrayRef, AsArray, UInt32Array};
use arrow::compute::{interleave, take};
use creta_expr::Node;
use creta_expr::ir::Walk;
use creta_model::{DataType, Letter};
use std::collections::BTreeSet;
use std::ops::Range;

pub(super) fn walk(
    batch: &mut Batch,
    walk: Walk,
    arguments: &[Node],
    lambdas: &[Node],
    data_type: &DataType,
) -> Result<Cells, Letter> {
    let cells = arguments.iter().map(|argument| batch.node(argument)).collect::<Result<Vec<_>, _>>()?;
    let values = match (walk, cells.as_slice(), lambdas) {
        (Walk::Reduce, [list, initial], [body, finish @ ..]) => {
            let total = fold(batch, &list.lists()?, initial, body)?;
            match finish {
                [last] => with_items(batch, &(0..batch.rows as u32).collect::<Vec<_>>(), vec![total], last)?,
                _ => total,
            }
        }
        (_, lists, [body]) => {
            let lists = lists.iter().map(Cells::lists).collect::<Result<Vec<_>, _>>()?;
            over_items(batch, walk, &lists, body)?
        }
        _ => return Err(internal("a lambda is missing")),
    };
    Ok(Cells::column(widen(&values, data_type)?))
}

/// `array_filter`, `array_transform`, `zip_with`.
fn over_items(batch: &mut Batch, walk: Walk, lists: &[Lists], body: &Node) -> Result<ArrayRef, Letter> {
    let rows: Vec<Option<Vec<Range<usize>>>> = (0..batch.rows).map(|row| ranges(batch, lists, row)).collect();
    let parents = rows
        .iter()
        .enumerate()
        .flat_map(|(row, ranges)| std::iter::repeat_n(row as u32, ranges.as_ref().map_or(0, |ranges| ranges[0].len())));
    let parents: Vec<u32> = parents.collect();
    let mut items = Vec::with_capacity(lists.len());
    for (place, list) in lists.iter().enumerate() {
        let places = rows.iter().flatten().flat_map(|ranges| ranges[place].clone()).map(|item| Some(item as u32));
        items.push(take(list.items(), &places.collect::<UInt32Array>(), None).map_err(internal)?);
    }
    let before = batch.failures.len();
    let first = items[0].clone();
    let made = with_items(batch, &parents, items, body)?;
    let failed = failed_since(batch, before);
    let kept = made.as_boolean_opt().filter(|_| walk == Walk::Filter);
    let is_kept = |item: &usize| kept.is_none_or(|kept| kept.is_valid(*item) && kept.value(*item));
    let (mut picks, mut next) = (Picks::new(), 0);
    for (row, ranges) in rows.iter().enumerate() {
        let Some(ranges) = ranges else {
            picks.null();
            continue;
        };
        let own = next..next + ranges[0].len();
        next = own.end;
        match failed.contains(&batch.original(row)) {
            true => picks.null(),
            false => picks.list(own.filter(is_kept)),
        }
    }
    picks.lists(if walk == Walk::Filter { &first } else { &made })
}

/// The items of each list in a row; None where a list is null, or where their lengths differ, which fails.
fn ranges(batch: &mut Batch, lists: &[Lists], row: usize) -> Option<Vec<Range<usize>>> {
    let ranges = lists.iter().map(|list| list.get(row)).collect::<Option<Vec<_>>>()?;
    if ranges.iter().any(|range| range.len() != ranges[0].len()) {
        batch.fail(row, "the lists differ in length");
        return None;
    }
    Some(ranges)
}

/// One place of all lists after the other. A row that fails is null from there on.
fn fold(batch: &mut Batch, lists: &Lists, initial: &Cells, body: &Node) -> Result<ArrayRef, Letter> {
    let mut total = initial.spread(batch.rows)?;
    let before = batch.failures.len();
    let longest = (0..batch.rows).filter_map(|row| lists.get(row)).map(|items| items.len()).max().unwrap_or(0);
    for place in 0..longest {
        let failed = failed_since(batch, before);
        let item = |row: usize| lists.get(row).filter(|items| items.len() > place).map(|items| items.start + place);
        let open = (0..batch.rows).filter(|row| total.is_valid(*row) && !failed.contains(&batch.original(*row)));
        let (rows, places): (Vec<u32>, Vec<Option<u32>>) =
            open.filter_map(|row| item(row).map(|item| (row as u32, Some(item as u32)))).unzip();
        if rows.is_empty() {
            break;
        }
        let items = take(lists.items(), &UInt32Array::from(places), None).map_err(internal)?;
        let so_far = take(&total, &UInt32Array::from(rows.clone()), None).map_err(internal)?;
        let made = with_items(batch, &rows, vec![so_far, items], body)?;
        let mut sources: Vec<(usize, usize)> = (0..batch.rows).map(|row| (0, row)).collect();
        rows.iter().enumerate().for_each(|(position, row)| sources[*row as usize] = (1, position));
        total = interleave(&[total.as_ref(), made.as_ref()], &sources).map_err(internal)?;
    }
    let picks = (0..batch.rows as u32).map(|row| lists.get(row as usize).map(|_| row));
    take(&total, &picks.collect::<UInt32Array>(), None).map_err(internal)
}

/// The body for parameters of these rows.
fn with_items(batch: &mut Batch, rows: &[u32], parameters: Vec<ArrayRef>, body: &Node) -> Result<ArrayRef, Letter> {
    let mut part = batch.gathered(rows)?;
    part.parameters.push(parameters);
    let values = part.node(body)?.spread(part.rows)?;
    let values = widen(&values, &body.data_type)?;
    batch.failures.append(&mut part.failures);
    Ok(values)
}

fn failed_since(batch: &Batch, before: usize) -> BTreeSet<usize> {
    batch.failures[before..].iter().map(|failure| failure.row).collect()
}
