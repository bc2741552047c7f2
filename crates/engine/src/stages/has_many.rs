//! Rows related to each row, and what is made of them: aggregates, lists of rows, lists of one column.
//!
//! Two ways give the same answer. Where a product only reads listed columns and bounds only the feature time, all
//! rows share one sorted timeline and each parent is a slice of it (`slices`). Everything else goes through explicit
//! (parent, child) pairs (`pairs`).

mod given;
mod pairs;
mod slices;

use super::deliver::{Delivery, deliver, ready, tell};
use crate::context::Context;
use crate::duplicates;
use crate::frame::{Frame, Giver, PerRow, Rows, State};
use crate::kernels::timeline::Timeline;
use crate::kernels::versions::Versions;
use crate::scans;
use arrow::array::ArrayRef;
use creta_expr::Relation;
use creta_model::{Code, DataType, Letter, ResolverId};
use creta_plan::stages::{Enumerate, HasMany, Lister, Product};
use creta_plan::{ScopePlan, Slot, Stage};
use std::sync::Arc;

/// The listed child rows, and the parents that look at them.
struct Children<'a> {
    many: &'a HasMany,
    found: scans::Found,
    timeline: Arc<Timeline>,
    /// Group of the timeline per parent.
    groups: Vec<Option<u32>>,
    /// Query time per parent.
    now: Vec<i64>,
    versions: Arc<Versions>,
}

/// Values of one product, one per parent, and the parents for which it failed.
struct Made {
    values: ArrayRef,
    failures: Vec<(usize, String)>,
}

pub(super) async fn run(
    context: &mut Context<'_>,
    plan: &ScopePlan,
    stage: &Stage,
    many: &HasMany,
    frame: &mut Frame,
    rows: &Rows,
) -> Result<(), Letter> {
    let rows = ready(context, plan, frame, &stage.inputs, &stage.outputs, rows);
    if rows.len(frame.rows) == 0 {
        return Ok(());
    }
    let children = list(context, plan, stage, many, frame, &rows).await;
    let made = match &children {
        Ok(children) => make(context, plan, stage, children, frame, &rows).await,
        Err(letter) => Err(letter.clone()),
    };
    match (made, children) {
        (Ok(made), Ok(children)) => {
            hand_over(context, plan, stage, frame, &rows, made)?;
            refuse_duplicates(context, plan, stage, &children, frame, &rows);
            Ok(())
        }
        (Err(letter), _) | (_, Err(letter)) => {
            let letter = match many.enumerate.lister {
                Lister::Resolver(id) => letter.resolver(&context.deployment.project.graph().resolver(id).name),
                Lister::Caller => letter,
            };
            for slot in &stage.outputs {
                super::deliver::fail(context, plan, frame, *slot, &rows, &letter);
            }
            Ok(())
        }
    }
}

/// Lists the child rows of all parents and sorts them by (parent, feature time, primary key).
async fn list<'a>(
    context: &Context<'_>,
    plan: &ScopePlan,
    stage: &Stage,
    many: &'a HasMany,
    frame: &Frame,
    rows: &Rows,
) -> Result<Children<'a>, Letter> {
    match many.enumerate.lister {
        Lister::Resolver(resolver) => resolved(context, plan, stage, many, frame, rows, resolver).await,
        Lister::Caller => given::list(plan, stage, many, frame, rows),
    }
}

/// The child rows that a resolver lists.
async fn resolved<'a>(
    context: &Context<'_>,
    plan: &ScopePlan,
    stage: &Stage,
    many: &'a HasMany,
    frame: &Frame,
    rows: &Rows,
    resolver: ResolverId,
) -> Result<Children<'a>, Letter> {
    let enumerate = &many.enumerate;
    let keys = inputs(plan, &stage.inputs[..enumerate.join.len()], frame, rows)?;
    let now = query_times(frame, rows);
    let listed = |slot: &&Slot| enumerate.columns.iter().any(|(_, own)| own == *slot);
    let key_column = many.scope.key.as_ref().filter(listed).map(|slot| column_name(enumerate, Some(slot)));
    let wanted = scans::Wanted {
        resolver,
        columns: enumerate.columns.iter().map(|(name, _)| name.as_str()).collect(),
        column: column_name(enumerate, enumerate.join.first()),
        values: &keys[0],
        time_column: enumerate.time.as_ref().map(|slot| column_name(enumerate, Some(slot))),
        versions_of: key_column,
        from: oldest_needed(many, &now),
        until: enumerate.time.and_then(|_| now.iter().copied().max()),
    };
    let found = scans::by_column(context, wanted).await?;
    let join: Vec<&str> = enumerate.join.iter().map(|slot| column_name(enumerate, Some(slot))).collect();
    let timeline = found.timeline(&join, key_column)?;
    let groups = timeline.probe(&keys);
    let versions = found.versions(&Vec::from_iter(key_column))?;
    Ok(Children { many, found, timeline, groups, now, versions })
}

/// What the parents have in some slots.
fn inputs(plan: &ScopePlan, slots: &[Slot], frame: &Frame, rows: &Rows) -> Result<Vec<ArrayRef>, Letter> {
    let array = |slot: &Slot| frame.columns[slot.0].array(&plan.slots[slot.0].data_type, frame.rows);
    slots.iter().map(|slot| rows.select(&array(slot))).collect()
}

fn query_times(frame: &Frame, rows: &Rows) -> Vec<i64> {
    (0..rows.len(frame.rows)).map(|position| frame.now.get(rows.at(position))).collect()
}

fn column_name<'a>(enumerate: &'a Enumerate, slot: Option<&Slot>) -> &'a str {
    let column = enumerate.columns.iter().find(|(_, own)| Some(own) == slot);
    column.map(|(name, _)| name.as_str()).unwrap_or_default()
}

/// The earliest feature time that any product can see, when every product has such a bound. Bounds on other columns do
/// not count: an old version may still be the one in force.
fn oldest_needed(many: &HasMany, now: &[i64]) -> Option<i64> {
    let earliest = now.iter().copied().min()?;
    let lowest = |product: &Product| {
        let lower = product.bounds.iter().filter(|bound| Some(bound.slot) == many.enumerate.time);
        let lower = lower.filter(|bound| matches!(bound.bound.relation, Relation::Greater | Relation::GreaterOrEqual));
        lower.map(|bound| bound.bound.offset).max()
    };
    let offsets: Option<Vec<i64>> = many.products.iter().map(lowest).collect();
    offsets?.into_iter().min().map(|offset| earliest.saturating_add(offset))
}

async fn make(
    context: &mut Context<'_>,
    plan: &ScopePlan,
    stage: &Stage,
    children: &Children<'_>,
    frame: &Frame,
    rows: &Rows,
) -> Result<Vec<Made>, Letter> {
    let products = &children.many.products;
    let data_type = |position: usize| &plan.slots[stage.outputs[position].0].data_type;
    let sliced: Vec<usize> =
        (0..products.len()).filter(|position| slices::suits(children, &products[*position])).collect();
    let asked: Vec<(&Product, &DataType)> =
        sliced.iter().map(|position| (&products[*position], data_type(*position))).collect();
    let mut made: Vec<Option<Made>> = products.iter().map(|_| None).collect();
    for (position, done) in sliced.iter().zip(slices::make(children, &asked)?) {
        made[*position] = Some(done);
    }
    if made.iter().any(Option::is_none) {
        let types = stage.outputs.iter().map(|slot| plan.slots[slot.0].data_type.clone()).collect::<Vec<_>>();
        pairs::make(context, plan, children, frame, rows, &types, &mut made).await?;
    }
    Ok(made.into_iter().flatten().collect())
}

fn hand_over(
    context: &mut Context<'_>,
    plan: &ScopePlan,
    stage: &Stage,
    frame: &mut Frame,
    rows: &Rows,
    made: Vec<Made>,
) -> Result<(), Letter> {
    let giver = Giver::EXPRESSION;
    for (slot, made) in stage.outputs.iter().zip(made) {
        let delivery =
            Delivery { values: made.values, found: None, giver, observed_at: PerRow::Same(context.started_at) };
        deliver(context, plan, frame, *slot, rows, delivery)?;
        for (position, message) in made.failures {
            let row = rows.at(position);
            let letter = Letter::new(Code::ResolverFailed, format!("`{}`: {message}.", plan.slots[slot.0].label));
            tell(context, plan, frame, *slot, row, letter, State::Failed);
            frame.columns[slot.0].mark(&Rows::Some(vec![row as u32]), frame.rows, State::Failed);
        }
    }
    Ok(())
}

/// Parents that see a row which only its order makes the one that stands.
fn refuse_duplicates(
    context: &mut Context<'_>,
    plan: &ScopePlan,
    stage: &Stage,
    children: &Children<'_>,
    frame: &mut Frame,
    rows: &Rows,
) {
    let Lister::Resolver(resolver) = children.many.enumerate.lister else { return };
    if duplicates::are_refused(context.deployment.project.graph(), resolver) && children.versions.any_by_order() {
        let is_by_order = |parent: usize| children.stand_by_order(parent);
        duplicates::refuse(context, plan, stage, resolver, frame, rows, is_by_order);
    }
}

impl Children<'_> {
    /// Whether there is such a row among those that a parent sees.
    fn stand_by_order(&self, parent: usize) -> bool {
        let Some(group) = self.groups[parent] else { return false };
        let now = self.now[parent];
        let seen = self.timeline.range(group, None, self.many.enumerate.time.map(|_| (now, true)));
        let mut seen = self.timeline.permutation()[seen].iter();
        seen.any(|row| self.versions.stands_by_order(*row) && self.versions.is_in_force(*row, now))
    }

    /// The column of a child slot, in the order the rows were listed.
    fn column(&self, slot: Slot) -> Result<ArrayRef, Letter> {
        self.found.column(Some(column_name(&self.many.enumerate, Some(&slot))))
    }
}
