//! Finds the rows of a SQL resolver by primary key, as of each row's time.

use super::deliver::{Delivery, deliver, fail, ready};
use crate::context::Context;
use crate::duplicates;
use crate::frame::{Frame, Giver, PerRow, Rows};
use crate::scans;
use arrow::array::{Array, ArrayRef, Int64Array, UInt32Array};
use arrow::compute::take;
use creta_model::bundle::Count;
use creta_model::{Code, Letter, Value};
use creta_plan::stages::{Argument, Lookup};
use creta_plan::{ScopePlan, Stage};
use creta_ports::arrays::value_at;
use std::collections::HashMap;
use std::sync::Arc;

pub(super) async fn run(
    context: &mut Context<'_>,
    plan: &ScopePlan,
    stage: &Stage,
    lookup: &Lookup,
    frame: &mut Frame,
    rows: &Rows,
) -> Result<(), Letter> {
    let rows = ready(context, plan, frame, &stage.inputs, &stage.outputs, rows);
    if rows.len(frame.rows) == 0 {
        return Ok(());
    }
    let outcome = match lookup.parameters.is_empty() && plan.key.is_some() {
        true => by_key(context, plan, stage, lookup, frame, &rows).await,
        false => by_parameters(context, plan, stage, lookup, frame, &rows).await,
    };
    if let Err(letter) = outcome {
        let letter = letter.resolver(&context.deployment.project.graph().resolver(lookup.resolver).name);
        for slot in &stage.outputs {
            fail(context, plan, frame, *slot, &rows, &letter);
        }
    }
    Ok(())
}

/// One scan for all keys, then an as-of (or last) match per row.
async fn by_key(
    context: &mut Context<'_>,
    plan: &ScopePlan,
    stage: &Stage,
    lookup: &Lookup,
    frame: &mut Frame,
    rows: &Rows,
) -> Result<(), Letter> {
    let Some(key) = plan.key else { return Ok(()) };
    let keys = rows.select(&frame.columns[key.0].array(&plan.slots[key.0].data_type, frame.rows))?;
    let found = scans::by_column(
        context,
        scans::Wanted {
            resolver: lookup.resolver,
            columns: columns_of(lookup),
            column: lookup.key_column.as_deref().unwrap_or_default(),
            values: &keys,
            time_column: lookup.time_column.as_deref(),
            versions_of: None,
            from: None,
            until: latest(frame, rows),
        },
    )
    .await?;
    let timeline = found.timeline(&[lookup.key_column.as_deref().unwrap_or_default()], None)?;
    let groups = timeline.probe(std::slice::from_ref(&keys));
    let matched = timeline.as_of_rows(&groups, &instants(lookup, frame, rows));
    check_count(lookup, &matched, groups.iter().map(|group| group.map_or(0, |group| timeline.len_of(group))))?;
    fill(context, plan, stage, lookup, frame, rows, &found, &matched)?;
    refuse_duplicates(context, plan, stage, lookup, frame, rows, &found, &matched)
}

#[expect(clippy::too_many_arguments, reason = "a frame, its plan and the match are one thing in three parts")]
fn refuse_duplicates(
    context: &mut Context<'_>,
    plan: &ScopePlan,
    stage: &Stage,
    lookup: &Lookup,
    frame: &mut Frame,
    rows: &Rows,
    found: &scans::Found,
    matched: &UInt32Array,
) -> Result<(), Letter> {
    if !duplicates::are_refused(context.deployment.project.graph(), lookup.resolver) {
        return Ok(());
    }
    let Some(key) = lookup.key_column.as_deref() else {
        let several = found.rows() > 1;
        duplicates::refuse(context, plan, stage, lookup.resolver, frame, rows, |_| several);
        return Ok(());
    };
    let versions = found.versions(&[key])?;
    let is_by_order = |row: usize| matched.is_valid(row) && versions.stands_by_order(matched.value(row));
    duplicates::refuse(context, plan, stage, lookup.resolver, frame, rows, is_by_order);
    Ok(())
}

fn columns_of(lookup: &Lookup) -> Vec<&str> {
    let places = lookup.key_column.iter().chain(&lookup.time_column);
    lookup.columns.iter().chain(places).map(String::as_str).collect()
}

/// `count: one` wants exactly one row, `one_or_none` at most one.
fn check_count(lookup: &Lookup, matched: &UInt32Array, counts: impl Iterator<Item = usize>) -> Result<(), Letter> {
    let most = counts.max().unwrap_or(0);
    match lookup.count {
        Count::One if matched.null_count() > 0 => {
            Err(Letter::new(Code::ResolverFailed, "The statement says `count: one` but returned no row for a key."))
        }
        Count::One | Count::OneOrNone if most > 1 && lookup.time_column.is_none() => Err(Letter::new(
            Code::ResolverFailed,
            "The statement says it returns one row but returned several for a key.",
        )),
        _ => Ok(()),
    }
}

/// One scan per distinct combination of parameters; of a singleton, one for all.
async fn by_parameters(
    context: &mut Context<'_>,
    plan: &ScopePlan,
    stage: &Stage,
    lookup: &Lookup,
    frame: &mut Frame,
    rows: &Rows,
) -> Result<(), Letter> {
    let mut groups: HashMap<String, (Vec<Value>, Vec<u32>)> = HashMap::new();
    for position in 0..rows.len(frame.rows) {
        let row = rows.at(position);
        let parameters: Vec<Value> = lookup.parameters.iter().map(|argument| value_of(argument, frame, row)).collect();
        let group = groups.entry(format!("{parameters:?}")).or_insert_with(|| (parameters, Vec::new()));
        group.1.push(row as u32);
    }
    for (parameters, rows) in groups.into_values() {
        let found = scans::with_parameters(context, lookup.resolver, parameters).await?;
        let rows = Rows::Some(rows);
        let matched: UInt32Array = match (plan.key, lookup.key_column.as_deref()) {
            (Some(key), Some(column)) => {
                let timeline = found.timeline(&[column], None)?;
                let keys = rows.select(&frame.columns[key.0].array(&plan.slots[key.0].data_type, frame.rows))?;
                let groups = timeline.probe(std::slice::from_ref(&keys));
                timeline.as_of_rows(&groups, &instants(lookup, frame, &rows))
            }
            _ => {
                let last = found.rows().checked_sub(1).map(|row| row as u32);
                std::iter::repeat_n(last, rows.len(frame.rows)).collect()
            }
        };
        check_count(lookup, &matched, std::iter::once(found.rows()))?;
        fill(context, plan, stage, lookup, frame, &rows, &found, &matched)?;
        refuse_duplicates(context, plan, stage, lookup, frame, &rows, &found, &matched)?;
    }
    Ok(())
}

fn value_of(argument: &Argument, frame: &Frame, row: usize) -> Value {
    match argument {
        Argument::Now => Value::Datetime(frame.now.get(row)),
        Argument::Absent { default } => default.clone().unwrap_or(Value::Null),
        Argument::Slot { slot, default, .. } => {
            let value =
                frame.columns[slot.0].values.as_ref().map_or(Value::Null, |values| value_at(values.as_ref(), row));
            match default {
                Some(default) if value.is_null() => default.clone(),
                _ => value,
            }
        }
    }
}

/// As of when each row is looked up; without a feature time all is known for ever.
fn instants(lookup: &Lookup, frame: &Frame, rows: &Rows) -> Vec<i64> {
    let is_timed = lookup.time_column.is_some();
    let instant = |position: usize| if is_timed { frame.now.get(rows.at(position)) } else { i64::MAX };
    (0..rows.len(frame.rows)).map(instant).collect()
}

fn latest(frame: &Frame, rows: &Rows) -> Option<i64> {
    (0..rows.len(frame.rows)).map(|position| frame.now.get(rows.at(position))).max()
}

#[expect(clippy::too_many_arguments, reason = "a frame, its plan and the match are one thing in three parts")]
fn fill(
    context: &mut Context<'_>,
    plan: &ScopePlan,
    stage: &Stage,
    lookup: &Lookup,
    frame: &mut Frame,
    rows: &Rows,
    found: &scans::Found,
    matched: &UInt32Array,
) -> Result<(), Letter> {
    let times: Option<Int64Array> = lookup.time_column.as_ref().map(|_| found.times());
    let started_at = context.started_at;
    let observed = |index: Option<u32>| match (&times, index) {
        (Some(times), Some(index)) => times.value(index as usize),
        _ => started_at,
    };
    let observed_at: Vec<i64> = matched.iter().map(observed).collect();
    let is_found: Option<Vec<bool>> =
        (matched.null_count() > 0).then(|| (0..matched.len()).map(|row| matched.is_valid(row)).collect());
    for (column, slot) in lookup.columns.iter().zip(&stage.outputs) {
        let values: ArrayRef = Arc::clone(&found.column(Some(column))?);
        let delivery = Delivery {
            values: take(&values, matched, None).map_err(crate::context::internal)?,
            found: is_found.clone(),
            giver: Giver::resolver(lookup.resolver),
            observed_at: PerRow::Each(observed_at.clone()),
        };
        deliver(context, plan, frame, *slot, rows, delivery)?;
    }
    Ok(())
}
