//! Features of the related row: distinct foreign keys become the rows of the related scope, answers fan out again.

use super::deliver::{fail, ready, tell};
use crate::context::{Context, internal};
use crate::frame::{Column, Fill, Frame, Giver, PerRow, Rows, State, gather};
use crate::kernels::keys::distinct;
use crate::{duplicates, observe, scans, scope};
use arrow::array::{Array, ArrayRef, BooleanArray, Int64Array, UInt32Array};
use arrow::compute::{filter, take};
use creta_model::{Code, Letter};
use creta_plan::stages::{Enumerate, HasOne, Lister};
use creta_plan::{ScopePlan, Slot, Stage};
use std::collections::HashSet;
use std::sync::Arc;

pub(super) async fn run(
    context: &mut Context<'_>,
    plan: &ScopePlan,
    stage: &Stage,
    one: &HasOne,
    frame: &mut Frame,
    rows: &Rows,
) -> Result<(), Letter> {
    let rows = ready(context, plan, frame, &stage.inputs, &stage.outputs, rows);
    let count = rows.len(frame.rows);
    if count == 0 {
        return Ok(());
    }
    let Foreign { mut keys, by_order } = match foreign_keys(context, plan, stage, one, frame, &rows).await {
        Ok(foreign) => foreign,
        Err(letter) => {
            stage.outputs.iter().for_each(|slot| fail(context, plan, frame, *slot, &rows, &letter));
            return Ok(());
        }
    };
    let mut rows = rows;
    if let Some(Lister::Resolver(resolver)) = one.find.as_ref().map(|find| find.lister)
        && !by_order.is_empty()
    {
        duplicates::refuse(context, plan, stage, resolver, frame, &rows, |row| by_order.contains(&row));
        (rows, keys) = those(&rows, frame.rows, &keys, |row| !by_order.contains(&row))?;
    }
    if keys.null_count() > 0 {
        let nowhere = rows.filter(frame.rows, |position| keys.is_null(position));
        for output in &stage.outputs {
            receive(context, plan, frame, *output, &nowhere, Column::unset(), one.optional)?;
        }
        (rows, keys) = those(&rows, frame.rows, &keys, |position| keys.is_valid(position))?;
    }
    if keys.is_empty() {
        return Ok(());
    }
    let times = times(one, frame, &rows);
    let groups = distinct(std::slice::from_ref(&keys), times.as_ref());
    let mut related = related_rows(one, frame, &rows, &keys, &groups.representatives)?;
    let mark = context.letters.len();
    scope::run_scope(context, &one.scope, &mut related, &one.exports).await?;
    if one.optional {
        context.forget_absences(mark);
    }
    if context.persists {
        observe::scope(context, &one.scope, &related)?;
    }
    for (export, output) in one.exports.iter().zip(&stage.outputs) {
        let cells = related.columns[export.0].take(&groups.group_of_row)?;
        receive(context, plan, frame, *output, &rows, cells, one.optional)?;
    }
    Ok(())
}

/// The rows, and their keys, that a test by position leaves.
fn those(rows: &Rows, total: usize, keys: &ArrayRef, keep: impl Fn(usize) -> bool) -> Result<(Rows, ArrayRef), Letter> {
    let kept: BooleanArray = (0..keys.len()).map(|position| Some(keep(position))).collect();
    Ok((rows.filter(total, &keep), filter(keys, &kept).map_err(internal)?))
}

/// Whom the rows are related to.
struct Foreign {
    /// The related primary key per row; null where there is none.
    keys: ArrayRef,
    /// Positions of rows for which only the order of the listed rows told, where that is refused.
    by_order: HashSet<usize>,
}

async fn foreign_keys(
    context: &Context<'_>,
    plan: &ScopePlan,
    stage: &Stage,
    one: &HasOne,
    frame: &Frame,
    rows: &Rows,
) -> Result<Foreign, Letter> {
    let columns = stage.inputs.iter();
    let columns =
        columns.map(|slot| rows.select(&frame.columns[slot.0].array(&plan.slots[slot.0].data_type, frame.rows)));
    let columns = columns.collect::<Result<Vec<ArrayRef>, Letter>>()?;
    match &one.find {
        // A singleton has one row, whatever its key would be.
        None => {
            let only = || -> ArrayRef { Arc::new(Int64Array::from_value(0, rows.len(frame.rows))) };
            Ok(Foreign { keys: columns.into_iter().next().unwrap_or_else(only), by_order: HashSet::new() })
        }
        Some(find) => found_keys(context, find, &columns, frame, rows).await,
    }
}

/// Joins that are not on the primary key: the newest listed row at or before the row's time, and its key.
async fn found_keys(
    context: &Context<'_>,
    find: &Enumerate,
    columns: &[ArrayRef],
    frame: &Frame,
    rows: &Rows,
) -> Result<Foreign, Letter> {
    let name_of = |slot: &Slot| find.columns.iter().find(|(_, own)| own == slot).map(|(name, _)| name.as_str());
    let time_column = find.time.as_ref().and_then(name_of);
    let first = find.join.first().and_then(name_of).unwrap_or_default();
    let until = (0..rows.len(frame.rows)).map(|position| frame.now.get(rows.at(position))).max();
    // The planner asks for the primary key before any other column.
    let key_column = find.columns.first().map(|(name, _)| name.as_str());
    let Lister::Resolver(resolver) = find.lister else { return Err(internal("only resolvers find a row")) };
    let wanted = scans::Wanted {
        resolver,
        columns: find.columns.iter().map(|(name, _)| name.as_str()).collect(),
        column: first,
        values: &columns[0],
        time_column,
        versions_of: key_column,
        from: None,
        until,
    };
    let found = scans::by_column(context, wanted).await?;
    let join: Vec<&str> = find.join.iter().map(|slot| name_of(slot).unwrap_or_default()).collect();
    let versions = found.versions(&Vec::from_iter(key_column))?;
    let timeline = found.timeline(&join, None)?;
    let groups = timeline.probe(columns);
    let as_of = |(position, group): (usize, &Option<u32>)| {
        let now = if time_column.is_some() { frame.now.get(rows.at(position)) } else { i64::MAX };
        let known = &timeline.permutation()[timeline.range((*group)?, None, Some((now, true)))];
        known.iter().rev().find(|row| versions.is_in_force(**row, now)).copied()
    };
    let matched: UInt32Array = groups.iter().enumerate().map(as_of).collect();
    let mut by_order = HashSet::new();
    if duplicates::are_refused(context.deployment.project.graph(), resolver) {
        let stands_by_order = |row: &usize| matched.is_valid(*row) && versions.stands_by_order(matched.value(*row));
        by_order.extend((0..matched.len()).filter(stands_by_order));
    }
    Ok(Foreign { keys: take(&found.column(key_column)?, &matched, None).map_err(internal)?, by_order })
}

/// Query times per row when the related values depend on them and they differ.
fn times(one: &HasOne, frame: &Frame, rows: &Rows) -> Option<Int64Array> {
    match &frame.now {
        PerRow::Each(_) if one.scope.uses_time => {
            Some((0..rows.len(frame.rows)).map(|position| Some(frame.now.get(rows.at(position)))).collect())
        }
        _ => None,
    }
}

fn related_rows(
    one: &HasOne,
    frame: &Frame,
    rows: &Rows,
    keys: &ArrayRef,
    representatives: &UInt32Array,
) -> Result<Frame, Letter> {
    let positions: Vec<u32> = representatives.values().to_vec();
    let now = match &frame.now {
        PerRow::Same(now) => PerRow::Same(*now),
        PerRow::Each(_) => {
            PerRow::Each(positions.iter().map(|position| frame.now.get(rows.at(*position as usize))).collect())
        }
    };
    let mut related = Frame::new(positions.len(), now, one.scope.slots.len());
    if let Some(key) = one.scope.key {
        related.give(key, gather(keys, &positions)?, Giver::INPUT, PerRow::Same(i64::MIN));
    }
    Ok(related)
}

/// Takes over cells of the related rows, one per row. What is absent there is null through an optional relationship and
/// a failure of whatever reads it through a required one.
fn receive(
    context: &mut Context<'_>,
    plan: &ScopePlan,
    frame: &mut Frame,
    output: Slot,
    rows: &Rows,
    cells: Column,
    optional: bool,
) -> Result<(), Letter> {
    let (total, count) = (frame.rows, rows.len(frame.rows));
    if count == 0 {
        return Ok(());
    }
    if cells.states.all(State::Present) {
        let values = cells.array(&plan.slots[output.0].data_type, count);
        let (states, givers, observed_at) = (cells.states, cells.givers, cells.observed_at);
        return frame.columns[output.0].fill(rows, total, Fill { values, states, givers, observed_at });
    }
    let label = &plan.slots[output.0].label;
    let mut states = Vec::with_capacity(count);
    for position in 0..count {
        let state = match cells.states.get(position) {
            state if state.is_absent() && optional => State::Present,
            state if state.is_absent() => State::Blocked,
            state => state,
        };
        states.push(state);
        let message = match state {
            State::Blocked if !context.offline => format!("`{label}` has no related row, or no value in it."),
            State::Failed => format!("`{label}` could not be computed for the related row."),
            _ => continue,
        };
        let letter = Letter::new(Code::UpstreamFailed, message);
        tell(context, plan, frame, output, rows.at(position), letter, state);
    }
    let values = cells.present(&plan.slots[output.0].data_type, count)?;
    let fill = Fill { values, states: PerRow::Each(states), givers: cells.givers, observed_at: cells.observed_at };
    frame.columns[output.0].fill(rows, total, fill)
}
