//! Products whose rows are a slice of the timeline: windows over the feature time, filtered by listed columns only.

use super::{Children, Made};
use crate::context::internal;
use crate::evaluate::evaluate;
use crate::frame::gather;
use crate::kernels::aggregate::{Aggregated, Options, aggregate};
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::concat;
use creta_expr::Relation;
use creta_model::{DataType, Letter};
use creta_plan::Slot;
use creta_plan::stages::{BoundProgram, ChildBound, Product, ProductKind, ProgramInput};
use std::borrow::Cow;
use std::collections::HashMap;
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

/// Makes all these products, block by block, so that what is touched are the rows that the parents at hand see and not
/// the whole listing. What products have in common, edges, filters and columns, is worked out once per block.
pub(super) fn make(children: &Children<'_>, products: &[(&Product, &DataType)]) -> Result<Vec<Made>, Letter> {
    if products.is_empty() {
        return Ok(Vec::new());
    }
    let views = Views::of(products);
    let lists = lists(products);
    let parents = in_group_order(children);
    let mut parts: Vec<Vec<ArrayRef>> = vec![Vec::new(); products.len()];
    let mut failures: Vec<Vec<(usize, String)>> = vec![Vec::new(); products.len()];
    let mut first = 0;
    while first < parents.len() || parts.iter().any(Vec::is_empty) {
        let block = Block::starting_at(children, &views, &parents, first);
        for (filters, own) in &lists {
            let mut rows = Sorted::of(children, filters, &block.order)?;
            for number in own {
                let (product, data_type) = products[*number];
                let slices = &block.slices[views.of_product[*number]];
                let slices: Vec<Range<usize>> = slices.iter().map(|slice| rows.range(slice)).collect();
                let made = rows.aggregate(product, &slices, data_type)?;
                let parent = |row: usize| parents[first + row] as usize;
                failures[*number].extend(made.failures.into_iter().map(|(row, message)| (parent(row), message)));
                parts[*number].push(made.values);
            }
        }
        first = block.end;
    }
    let mut places = vec![0_u32; parents.len()];
    parents.iter().enumerate().for_each(|(place, parent)| places[*parent as usize] = place as u32);
    let join = |(parts, failures): (Vec<ArrayRef>, Vec<(usize, String)>)| {
        let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
        Ok(Made { values: gather(&concat(&parts).map_err(internal)?, &places)?, failures })
    };
    parts.into_iter().zip(failures).map(join).collect()
}

/// Parents by the group of their children; those without any come first.
fn in_group_order(children: &Children<'_>) -> Vec<u32> {
    let mut parents: Vec<u32> = (0..children.groups.len() as u32).collect();
    parents.sort_by_key(|parent| children.groups[*parent as usize]);
    parents
}

/// The different bounds among products.
struct Views<'a> {
    bounds: Vec<&'a [ChildBound]>,
    /// Per product its place in `bounds`.
    of_product: Vec<usize>,
}

impl<'a> Views<'a> {
    fn of(products: &[(&'a Product, &DataType)]) -> Views<'a> {
        let mut views = Views { bounds: Vec::new(), of_product: Vec::new() };
        for (product, _) in products {
            let known = views.bounds.iter().position(|bounds| *bounds == product.bounds);
            views.of_product.push(known.unwrap_or(views.bounds.len()));
            if known.is_none() {
                views.bounds.push(&product.bounds);
            }
        }
        views
    }

    /// What a parent sees of a group through each view, as positions of the timeline.
    fn seen(&self, children: &Children<'_>, parent: usize, group: u32, seen: &mut Vec<Range<usize>>) {
        seen.clear();
        let mut last = None;
        for bounds in &self.bounds {
            let (lower, upper) = edges(children, bounds, children.now[parent]);
            let end = match last {
                Some((known, end)) if known == upper => end,
                _ => children.timeline.end(group, upper),
            };
            last = Some((upper, end));
            seen.push(children.timeline.start(group, lower, end)..end);
        }
    }
}

/// Products by their filters.
fn lists<'a>(products: &[(&'a Product, &DataType)]) -> Vec<(&'a [BoundProgram], Vec<usize>)> {
    let mut lists: Vec<(&[BoundProgram], Vec<usize>)> = Vec::new();
    for (number, (product, _)) in products.iter().enumerate() {
        match lists.iter_mut().find(|(filters, _)| *filters == product.filters) {
            Some((_, own)) => own.push(number),
            None => lists.push((&product.filters, vec![number])),
        }
    }
    lists
}

/// Consecutive parents, and the child rows that they see.
struct Block {
    /// Rows as they were listed.
    order: Vec<u32>,
    /// Per view what each parent sees, as positions in `order`.
    slices: Vec<Vec<Range<usize>>>,
    /// The first parent of the next block.
    end: usize,
}

impl Block {
    fn starting_at(children: &Children<'_>, views: &Views<'_>, parents: &[u32], first: usize) -> Block {
        let slices = vec![Vec::new(); views.bounds.len()];
        let mut block = Block { order: Vec::new(), slices, end: first };
        let group_of = |parent: &u32| children.groups[*parent as usize];
        for family in parents[first..].chunk_by(|left, right| group_of(left) == group_of(right)) {
            let view = group_of(&family[0]).map(|group| Family::of(children, views, family, group));
            if let Some(view) = &view
                && !block.order.is_empty()
                && block.order.len() + view.rows() > BLOCK
            {
                break;
            }
            match view {
                Some(view) => view.enter(children, &mut block),
                None => block.slices.iter_mut().for_each(|slices| slices.resize(slices.len() + family.len(), 0..0)),
            }
            block.end += family.len();
        }
        block
    }
}

/// Parents of one group, and what they see of it.
struct Family {
    /// Per parent, per view.
    seen: Vec<Vec<Range<usize>>>,
    /// Per parent the range that holds all that it sees.
    widest: Vec<Range<usize>>,
    /// The range that holds what any of them sees.
    all: Range<usize>,
    /// Parents that see much of the same share its rows; others have rows of their own.
    shares: bool,
}

impl Family {
    fn of(children: &Children<'_>, views: &Views<'_>, parents: &[u32], group: u32) -> Family {
        let mut seen = vec![Vec::new(); parents.len()];
        for (parent, seen) in parents.iter().zip(&mut seen) {
            views.seen(children, *parent as usize, group, seen);
        }
        let widest: Vec<Range<usize>> = seen.iter().map(|seen| hull(seen)).collect();
        let all = hull(&widest);
        let shares = widest.iter().map(ExactSizeIterator::len).sum::<usize>() > all.len();
        Family { seen, widest, all, shares }
    }

    fn rows(&self) -> usize {
        match self.shares {
            true => self.all.len(),
            false => self.widest.iter().map(ExactSizeIterator::len).sum(),
        }
    }

    /// Appends the rows to a block, and what each parent sees of them.
    fn enter(self, children: &Children<'_>, block: &mut Block) {
        let rows = children.timeline.permutation();
        let mut base = block.order.len();
        if self.shares {
            block.order.extend_from_slice(&rows[self.all.clone()]);
        }
        for (seen, widest) in self.seen.iter().zip(self.widest) {
            let from = if self.shares { self.all.start } else { widest.start };
            if !self.shares {
                base = block.order.len();
                block.order.extend_from_slice(&rows[widest]);
            }
            for (slices, seen) in block.slices.iter_mut().zip(seen) {
                slices.push(if seen.is_empty() { 0..0 } else { seen.start - from + base..seen.end - from + base });
            }
        }
    }
}

/// The range that holds all of these, without regard to empty ones.
fn hull(ranges: &[Range<usize>]) -> Range<usize> {
    let ranges = || ranges.iter().filter(|range| !range.is_empty());
    let start = ranges().map(|range| range.start).min().unwrap_or(0);
    start..ranges().map(|range| range.end).max().unwrap_or(start)
}

/// Child rows of a block that pass some filters, in timeline order.
struct Sorted<'a> {
    children: &'a Children<'a>,
    /// Rows as they were listed.
    order: Cow<'a, [u32]>,
    /// How many of the block's rows before each position pass; one longer than they are.
    kept_before: Option<Vec<u32>>,
    /// Listed columns of these rows, so far as they were needed.
    columns: HashMap<Slot, ArrayRef>,
}

impl<'a> Sorted<'a> {
    fn of(children: &'a Children<'a>, filters: &[BoundProgram], order: &'a [u32]) -> Result<Sorted<'a>, Letter> {
        let mut all = Sorted { children, order: Cow::Borrowed(order), kept_before: None, columns: HashMap::new() };
        if filters.is_empty() {
            return Ok(all);
        }
        let mut keep = vec![true; order.len()];
        for program in filters {
            let mask = all.evaluate(program)?;
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
        let order = order.iter().zip(&keep).filter(|(_, keep)| **keep).map(|(row, _)| *row).collect();
        Ok(Sorted { children, order: Cow::Owned(order), kept_before: Some(kept_before), columns: HashMap::new() })
    }

    fn aggregate(
        &mut self,
        product: &Product,
        slices: &[Range<usize>],
        data_type: &DataType,
    ) -> Result<Aggregated, Letter> {
        let ProductKind::Aggregate { function, value, by, quantile, count } = &product.kind else {
            return Err(internal("only aggregates are sliced"));
        };
        let value = value.as_ref().map(|program| self.evaluate(program)).transpose()?;
        let by = by.as_ref().map(|program| self.evaluate(program)).transpose()?;
        let options = Options { quantile: *quantile, count: *count };
        aggregate(*function, value.as_ref(), by.as_ref(), slices, &options, data_type)
    }

    fn evaluate(&mut self, bound: &BoundProgram) -> Result<ArrayRef, Letter> {
        let mut inputs = Vec::with_capacity(bound.inputs.len());
        for input in &bound.inputs {
            let ProgramInput::Slot(slot) = input else { return Err(internal("only listed columns are sliced")) };
            inputs.push(match self.columns.get(slot) {
                Some(column) => column.clone(),
                None => {
                    let column = gather(&self.children.column(*slot)?, &self.order)?;
                    self.columns.entry(*slot).or_insert(column).clone()
                }
            });
        }
        Ok(evaluate(&bound.program, &inputs, self.order.len())?.values)
    }

    fn range(&self, whole: &Range<usize>) -> Range<usize> {
        match &self.kept_before {
            None => whole.clone(),
            Some(before) => before[whole.start] as usize..before[whole.end] as usize,
        }
    }
}

type Edge = Option<(i64, bool)>;

/// The tightest edges as (instant, inclusive). Rows of a class with feature time never lie after now.
fn edges(children: &Children<'_>, bounds: &[ChildBound], now: i64) -> (Edge, Edge) {
    let mut lower: Edge = None;
    let mut upper: Edge = children.many.enumerate.time.map(|_| (now, true));
    for bound in bounds.iter().filter(|bound| Some(bound.slot) == children.many.enumerate.time) {
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
