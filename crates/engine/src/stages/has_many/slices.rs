//! Products whose rows are a slice of the timeline: windows over the feature time, filtered by listed columns only.

use super::{Children, Made};
use crate::context::internal;
use crate::evaluate::evaluate;
use crate::frame::gather;
use crate::kernels::aggregate::{Options, aggregate};
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::concat;
use creta_expr::Relation;
use creta_model::{DataType, Letter};
use creta_plan::stages::{BoundProgram, Product, ProductKind, ProgramInput};
use std::ops::Range;

/// Whether slicing answers this product: aggregates of listed columns, bounded by the feature time alone.
pub(super) fn suits(children: &Children<'_>, product: &Product) -> bool {
    let many = children.many;
    let listed = |bound: &BoundProgram| {
        bound.inputs.iter().all(|input| match input {
            ProgramInput::Slot(slot) => many.enumerate.columns.iter().any(|(_, own)| own == slot),
            ProgramInput::Outer(_) | ProgramInput::Now => false,
        })
    };
    let ProductKind::Aggregate { value, by, .. } = &product.kind else { return false };
    children.versions.are_single()
        && product.limit.is_none()
        && product.bounds.iter().all(|bound| Some(bound.slot) == many.enumerate.time)
        && product.filters.iter().chain(value).chain(by).all(listed)
}

/// Child rows that are aggregated together; a group with more stands alone.
const BLOCK: usize = 131_072;

/// Group by group, so that what is touched are the rows of the parents at hand and not the whole listing.
pub(super) fn make(children: &Children<'_>, product: &Product, data_type: &DataType) -> Result<Made, Letter> {
    let ProductKind::Aggregate { function, value, by, quantile, count } = &product.kind else {
        return Err(internal("only aggregates are sliced"));
    };
    let options = Options { quantile: *quantile, count: *count };
    let parents = in_group_order(children);
    let mut parts = Vec::new();
    let mut failures = Vec::new();
    let mut first = 0;
    while first < parents.len() || parts.is_empty() {
        let block = Block::starting_at(children, &parents, first);
        let rows = Sorted::of(children, product, block.order)?;
        let value = value.as_ref().map(|program| rows.evaluate(children, program)).transpose()?;
        let by = by.as_ref().map(|program| rows.evaluate(children, program)).transpose()?;
        let slice = |position: usize| match block.starts[position - first] {
            None => 0..0,
            Some((group, start)) => rows.range(within(children, product, parents[position] as usize, group, start)),
        };
        let slices: Vec<Range<usize>> = (first..block.end).map(slice).collect();
        let made = aggregate(*function, value.as_ref(), by.as_ref(), &slices, &options, data_type)?;
        failures.extend(made.failures.into_iter().map(|(row, message)| (parents[first + row] as usize, message)));
        parts.push(made.values);
        first = block.end;
        if parents.is_empty() {
            break;
        }
    }
    let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
    let values = concat(&parts).map_err(internal)?;
    let mut places = vec![0_u32; parents.len()];
    parents.iter().enumerate().for_each(|(place, parent)| places[*parent as usize] = place as u32);
    Ok(Made { values: gather(&values, &places)?, failures })
}

/// Parents by the group of their children; those without any come first.
fn in_group_order(children: &Children<'_>) -> Vec<u32> {
    let mut parents: Vec<u32> = (0..children.groups.len() as u32).collect();
    parents.sort_by_key(|parent| children.groups[*parent as usize]);
    parents
}

/// Consecutive parents, and the rows of their groups one after the other.
struct Block {
    /// Rows as they were listed.
    order: Vec<u32>,
    /// Per parent its group, and where the group's rows start in `order`.
    starts: Vec<Option<(u32, usize)>>,
    /// The first parent of the next block.
    end: usize,
}

impl Block {
    fn starting_at(children: &Children<'_>, parents: &[u32], first: usize) -> Block {
        let mut block = Block { order: Vec::new(), starts: Vec::new(), end: first };
        let mut last: Option<(u32, usize)> = None;
        for parent in &parents[first..] {
            let group = children.groups[*parent as usize];
            if let Some(group) = group.filter(|group| last.is_none_or(|(last, _)| last != *group)) {
                let rows = children.timeline.group(group);
                if !block.order.is_empty() && block.order.len() + rows.len() > BLOCK {
                    break;
                }
                last = Some((group, block.order.len()));
                block.order.extend_from_slice(&children.timeline.permutation()[rows]);
            }
            block.starts.push(group.and(last));
            block.end += 1;
        }
        block
    }
}

/// The rows that a parent sees, as positions in its block; its group's rows start at `start` there.
fn within(children: &Children<'_>, product: &Product, parent: usize, group: u32, start: usize) -> Range<usize> {
    let (lower, upper) = bounds(children, product, children.now[parent]);
    let seen = children.timeline.range(group, lower, upper);
    let before = children.timeline.group(group).start;
    seen.start - before + start..seen.end - before + start
}

/// Child rows of a block that pass the filters, in timeline order.
struct Sorted {
    /// Rows as they were listed.
    order: Vec<u32>,
    /// How many of the block's rows before each position pass; one longer than they are.
    kept_before: Option<Vec<u32>>,
}

impl Sorted {
    fn of(children: &Children<'_>, product: &Product, order: Vec<u32>) -> Result<Sorted, Letter> {
        let all = Sorted { order, kept_before: None };
        if product.filters.is_empty() {
            return Ok(all);
        }
        let mut keep = vec![true; all.order.len()];
        for program in &product.filters {
            let mask = all.evaluate(children, program)?;
            let mask = mask.as_boolean_opt().ok_or_else(|| internal("a filter is not boolean"))?;
            keep.iter_mut().enumerate().for_each(|(row, keep)| *keep &= mask.is_valid(row) && mask.value(row));
        }
        let mut kept_before = Vec::with_capacity(keep.len() + 1);
        let mut count = 0;
        kept_before.push(0);
        for keep in &keep {
            count += u32::from(*keep);
            kept_before.push(count);
        }
        let order = all.order.iter().zip(&keep).filter(|(_, keep)| **keep).map(|(row, _)| *row).collect();
        Ok(Sorted { order, kept_before: Some(kept_before) })
    }

    fn evaluate(&self, children: &Children<'_>, bound: &BoundProgram) -> Result<ArrayRef, Letter> {
        let mut inputs = Vec::with_capacity(bound.inputs.len());
        for input in &bound.inputs {
            let ProgramInput::Slot(slot) = input else { return Err(internal("only listed columns are sliced")) };
            inputs.push(gather(&children.column(*slot)?, &self.order)?);
        }
        Ok(evaluate(&bound.program, &inputs, self.order.len())?.values)
    }

    fn range(&self, whole: Range<usize>) -> Range<usize> {
        match &self.kept_before {
            None => whole,
            Some(before) => before[whole.start] as usize..before[whole.end] as usize,
        }
    }
}

type Edge = Option<(i64, bool)>;

/// The tightest edges as (instant, inclusive). Rows of a class with feature time never lie after now.
fn bounds(children: &Children<'_>, product: &Product, now: i64) -> (Edge, Edge) {
    let mut lower: Edge = None;
    let mut upper: Edge = children.many.enumerate.time.map(|_| (now, true));
    for bound in product.bounds.iter().filter(|bound| Some(bound.slot) == children.many.enumerate.time) {
        let at = now.saturating_add(bound.bound.offset);
        match bound.bound.relation {
            Relation::Greater => lower = tighter(lower, (at, false), |new, old| new > old),
            Relation::GreaterOrEqual => lower = tighter(lower, (at, true), |new, old| new > old),
            Relation::Less => upper = tighter(upper, (at, false), |new, old| new < old),
            Relation::LessOrEqual => upper = tighter(upper, (at, true), |new, old| new < old),
        }
    }
    (lower, upper)
}

fn tighter(old: Edge, new: (i64, bool), is_tighter: impl Fn(i64, i64) -> bool) -> Edge {
    match old {
        None => Some(new),
        Some((at, inclusive)) if at == new.0 => Some((at, inclusive && new.1)),
        Some((at, _)) if is_tighter(new.0, at) => Some(new),
        kept => kept,
    }
}
