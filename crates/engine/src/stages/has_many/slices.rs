//! Products whose rows are a slice of the timeline: windows over the feature time, filtered by listed columns only.

use super::{Children, Made};
use crate::context::internal;
use crate::evaluate::evaluate;
use crate::frame::gather;
use crate::kernels::aggregate::{Options, aggregate};
use arrow::array::{Array, ArrayRef, AsArray};
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

pub(super) fn make(children: &Children<'_>, product: &Product, data_type: &DataType) -> Result<Made, Letter> {
    let ProductKind::Aggregate { function, value, by, quantile, count } = &product.kind else {
        return Err(internal("only aggregates are sliced"));
    };
    let rows = Sorted::of(children, product)?;
    let value = value.as_ref().map(|program| rows.evaluate(children, program)).transpose()?;
    let by = by.as_ref().map(|program| rows.evaluate(children, program)).transpose()?;
    let slices = slices(children, product, &rows);
    let options = Options { quantile: *quantile, count: *count };
    let aggregated = aggregate(*function, value.as_ref(), by.as_ref(), &slices, &options, data_type)?;
    Ok(Made { values: aggregated.values, failures: aggregated.failures })
}

/// Child rows that pass the filters, in timeline order.
struct Sorted {
    /// Rows as they were listed.
    order: Vec<u32>,
    /// Position in `order` of each position of the whole timeline; one longer than it.
    kept_before: Option<Vec<u32>>,
}

impl Sorted {
    fn of(children: &Children<'_>, product: &Product) -> Result<Sorted, Letter> {
        let whole = children.timeline.permutation();
        if product.filters.is_empty() {
            return Ok(Sorted { order: whole.to_vec(), kept_before: None });
        }
        let all = Sorted { order: whole.to_vec(), kept_before: None };
        let mut keep = vec![true; whole.len()];
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
        let order = whole.iter().zip(&keep).filter(|(_, keep)| **keep).map(|(row, _)| *row).collect();
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

fn slices(children: &Children<'_>, product: &Product, rows: &Sorted) -> Vec<Range<usize>> {
    let slice = |(group, now): (&Option<u32>, &i64)| {
        let Some(group) = group else { return 0..0 };
        let (lower, upper) = bounds(children, product, *now);
        rows.range(children.timeline.range(*group, lower, upper))
    };
    children.groups.iter().zip(&children.now).map(slice).collect()
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
