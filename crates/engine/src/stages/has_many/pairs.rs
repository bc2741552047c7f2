//! Products over explicit (parent, child) pairs: the general way, for any filter, bound, list or version.

use super::{Children, Made};
use crate::context::{Context, internal};
use crate::evaluate::evaluate;
use crate::frame::{Frame, Giver, PerRow, Rows, gather};
use crate::kernels::aggregate::{Options, aggregate};
use crate::scope;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, LargeListArray, StructArray, TimestampMicrosecondArray};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{concat, filter};
use arrow::datatypes::Field;
use creta_expr::Relation;
use creta_model::{DataType, Letter};
use creta_plan::stages::{BoundProgram, ChildBound, Lister, Product, ProductKind, ProgramInput};
use creta_plan::{ScopePlan, Slot};
use std::ops::Range;
use std::sync::Arc;

/// Pairs that are looked at together; more parents wait for the next batch.
const BATCH: usize = 1_000_000;

/// Makes every product that is still missing in `made`.
pub(super) async fn make(
    context: &mut Context<'_>,
    plan: &ScopePlan,
    children: &Children<'_>,
    frame: &Frame,
    rows: &Rows,
    types: &[DataType],
    made: &mut [Option<Made>],
) -> Result<(), Letter> {
    let missing: Vec<usize> = (0..made.len()).filter(|position| made[*position].is_none()).collect();
    let mut parts: Vec<Vec<Made>> = missing.iter().map(|_| Vec::new()).collect();
    let mut parent = 0;
    while parent < children.groups.len() {
        let first = parent;
        let mut pairs = Pairs { parents: Vec::new(), children: Vec::new(), ends: Vec::new() };
        while parent < children.groups.len() && (pairs.parents.len() < BATCH || parent == first) {
            pairs.add(children, parent);
            parent += 1;
        }
        let related = related_rows(context, children, &pairs, &missing).await?;
        for (part, position) in parts.iter_mut().zip(&missing) {
            let scene = Scene { plan, children, frame, rows, pairs: &pairs, related: &related };
            part.push(scene.product(&children.many.products[*position], &types[*position])?);
        }
    }
    for (part, position) in parts.into_iter().zip(missing) {
        made[position] = Some(join(part)?);
    }
    Ok(())
}

fn join(parts: Vec<Made>) -> Result<Made, Letter> {
    let arrays: Vec<&dyn Array> = parts.iter().map(|part| part.values.as_ref()).collect();
    let values = concat(&arrays).map_err(internal)?;
    let mut failures = Vec::new();
    let mut before = 0;
    for part in &parts {
        failures.extend(part.failures.iter().map(|(row, message)| (before + row, message.clone())));
        before += part.values.len();
    }
    Ok(Made { values, failures })
}

/// (parent, child) pairs of consecutive parents, in parent order and (feature time, key) order within one.
struct Pairs {
    /// Position of the parent among the stage's rows.
    parents: Vec<u32>,
    /// Listed row of the child.
    children: Vec<u32>,
    /// End of each parent's pairs.
    ends: Vec<usize>,
}

impl Pairs {
    fn add(&mut self, children: &Children<'_>, parent: usize) {
        if let Some(group) = children.groups[parent] {
            let now = children.now[parent];
            let upper = children.many.enumerate.time.map(|_| (now, true));
            let listed = &children.timeline.permutation()[children.timeline.range(group, None, upper)];
            self.children.extend(listed.iter().filter(|row| children.versions.is_in_force(**row, now)));
        }
        self.parents.resize(self.children.len(), parent as u32);
        self.ends.push(self.children.len());
    }

    fn slices(&self) -> Vec<Range<usize>> {
        let starts = std::iter::once(&0).chain(&self.ends);
        starts.zip(&self.ends).map(|(start, end)| *start..*end).collect()
    }
}

/// The child scope over the pairs: listed columns given, everything else that the products read computed.
async fn related_rows(
    context: &mut Context<'_>,
    children: &Children<'_>,
    pairs: &Pairs,
    products: &[usize],
) -> Result<Frame, Letter> {
    let many = children.many;
    let now = pairs.parents.iter().map(|parent| children.now[*parent as usize]).collect();
    let mut related = Frame::new(pairs.children.len(), PerRow::Each(now), many.scope.slots.len());
    for (_, slot) in &many.enumerate.columns {
        let values = gather(&children.column(*slot)?, &pairs.children)?;
        let giver = match many.enumerate.lister {
            Lister::Resolver(resolver) => Giver::resolver(resolver),
            Lister::Caller => Giver::INPUT,
        };
        related.give(*slot, values, giver, PerRow::Same(i64::MIN));
    }
    let wanted: Vec<Slot> = products.iter().flat_map(|position| slots_read(&many.products[*position])).collect();
    // What is read for thousands of rows on the way to one aggregate is nobody's answer, so none of it is written down.
    let persists = std::mem::replace(&mut context.persists, false);
    let outcome = scope::run_scope(context, &many.scope, &mut related, &wanted).await;
    context.persists = persists;
    outcome.map(|()| related)
}

fn slots_read(product: &Product) -> Vec<Slot> {
    let (value, by, columns) = match &product.kind {
        ProductKind::Aggregate { value, by, .. } => (value.as_ref(), by.as_ref(), Vec::new()),
        ProductKind::Rows { columns } => (None, None, columns.iter().map(|(_, slot)| *slot).collect()),
        ProductKind::Column(slot) => (None, None, vec![*slot]),
    };
    let programs = product.filters.iter().chain(value).chain(by);
    let inputs = programs.flat_map(|program| &program.inputs).filter_map(|input| match input {
        ProgramInput::Slot(slot) => Some(*slot),
        ProgramInput::Outer(_) | ProgramInput::Now => None,
    });
    inputs.chain(product.bounds.iter().map(|bound| bound.slot)).chain(columns).collect()
}

/// Everything a product of one batch of pairs is made from.
struct Scene<'a> {
    plan: &'a ScopePlan,
    children: &'a Children<'a>,
    frame: &'a Frame,
    rows: &'a Rows,
    pairs: &'a Pairs,
    related: &'a Frame,
}

impl Scene<'_> {
    fn product(&self, product: &Product, data_type: &DataType) -> Result<Made, Letter> {
        let mask = self.mask(product)?;
        let slices = self.kept_slices(&mask);
        match &product.kind {
            ProductKind::Aggregate { function, value, by, quantile, count } => {
                let kept = |program: &BoundProgram| keep(&self.evaluate(program)?, &mask);
                let value = value.as_ref().map(kept).transpose()?;
                let by = by.as_ref().map(kept).transpose()?;
                let options = Options { quantile: *quantile, count: *count };
                let made = aggregate(*function, value.as_ref(), by.as_ref(), &slices, &options, data_type)?;
                Ok(Made { values: made.values, failures: made.failures })
            }
            ProductKind::Column(slot) => self.listed(keep(&self.child_column(*slot)?, &mask)?, &slices, data_type),
            ProductKind::Rows { columns } => {
                let arrays = columns.iter().map(|(_, slot)| keep(&self.child_column(*slot)?, &mask));
                let arrays = arrays.collect::<Result<Vec<ArrayRef>, Letter>>()?;
                let fields = columns.iter().zip(&arrays);
                let fields: Vec<Field> =
                    fields.map(|((name, _), array)| Field::new(name, array.data_type().clone(), true)).collect();
                let count = slices.last().map_or(0, |slice| slice.end);
                let rows = StructArray::try_new_with_length(fields.into(), arrays, None, count).map_err(internal)?;
                self.listed(Arc::new(rows), &slices, data_type)
            }
        }
    }

    /// Which pairs pass bounds, filters and limit. A filter that is null drops the row.
    fn mask(&self, product: &Product) -> Result<BooleanArray, Letter> {
        let mut keep = vec![true; self.pairs.children.len()];
        for bound in &product.bounds {
            self.apply_bound(bound, &mut keep)?;
        }
        for program in &product.filters {
            let mask = self.evaluate(program)?;
            let mask = mask.as_boolean_opt().ok_or_else(|| internal("a filter is not boolean"))?;
            keep.iter_mut().enumerate().for_each(|(row, keep)| *keep &= mask.is_valid(row) && mask.value(row));
        }
        if let Some(limit) = product.limit {
            for slice in self.pairs.slices() {
                let passing = slice.filter(|row| keep[*row]).collect::<Vec<usize>>();
                passing
                    .into_iter()
                    .skip(usize::try_from(limit).unwrap_or(usize::MAX))
                    .for_each(|row| keep[row] = false);
            }
        }
        Ok(BooleanArray::from(keep))
    }

    fn apply_bound(&self, bound: &ChildBound, keep: &mut [bool]) -> Result<(), Letter> {
        let column = self.child_column(bound.slot)?;
        let times = column.as_any().downcast_ref::<TimestampMicrosecondArray>();
        let times = times.ok_or_else(|| internal("a bound is not on a datetime"))?;
        for (row, keep) in keep.iter_mut().enumerate() {
            let edge = self.related.now.get(row).saturating_add(bound.bound.offset);
            *keep &= times.is_valid(row)
                && match bound.bound.relation {
                    Relation::Less => times.value(row) < edge,
                    Relation::LessOrEqual => times.value(row) <= edge,
                    Relation::Greater => times.value(row) > edge,
                    Relation::GreaterOrEqual => times.value(row) >= edge,
                };
        }
        Ok(())
    }

    fn kept_slices(&self, mask: &BooleanArray) -> Vec<Range<usize>> {
        let mut end = 0;
        let slice = |pairs: Range<usize>| {
            let start = end;
            end += pairs.filter(|row| mask.value(*row)).count();
            start..end
        };
        self.pairs.slices().into_iter().map(slice).collect()
    }

    fn child_column(&self, slot: Slot) -> Result<ArrayRef, Letter> {
        let data_type = &self.children.many.scope.slots[slot.0].data_type;
        self.related.columns[slot.0].present(data_type, self.related.rows)
    }

    fn evaluate(&self, bound: &BoundProgram) -> Result<ArrayRef, Letter> {
        let mut inputs = Vec::with_capacity(bound.inputs.len());
        for input in &bound.inputs {
            inputs.push(match input {
                ProgramInput::Slot(slot) => self.child_column(*slot)?,
                ProgramInput::Outer(slot) => {
                    let column = self.frame.columns[slot.0].array(&self.plan.slots[slot.0].data_type, self.frame.rows);
                    let parents: Vec<u32> =
                        self.pairs.parents.iter().map(|parent| self.rows.at(*parent as usize) as u32).collect();
                    gather(&column, &parents)?
                }
                ProgramInput::Now => {
                    super::super::expression::now_array(&self.related.now, &Rows::All, self.related.rows)
                }
            });
        }
        Ok(evaluate(&bound.program, &inputs, self.related.rows)?.values)
    }

    fn listed(&self, items: ArrayRef, slices: &[Range<usize>], data_type: &DataType) -> Result<Made, Letter> {
        let DataType::List(_) = data_type else { return Err(internal("a list of rows is not a list")) };
        let lengths = slices.iter().map(ExactSizeIterator::len);
        let field = Arc::new(Field::new("item", items.data_type().clone(), true));
        let list =
            LargeListArray::try_new(field, OffsetBuffer::from_lengths(lengths), items, None).map_err(internal)?;
        Ok(Made { values: Arc::new(list), failures: Vec::new() })
    }
}

fn keep(values: &ArrayRef, mask: &BooleanArray) -> Result<ArrayRef, Letter> {
    filter(values, mask).map_err(internal)
}
