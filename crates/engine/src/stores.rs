//! The two reads that come before any stage: newest values online, observations as of each row's time offline.

use crate::context::{Context, internal};
use crate::frame::{Column, Fill, Frame, Giver, PerRow, Rows, State};
use crate::kernels::timeline::Timeline;
use arrow::array::{Array, ArrayRef, AsArray, Int64Array, TimestampMicrosecondArray, UInt32Array};
use arrow::compute::{filter, take};
use arrow::datatypes::Int64Type;
use creta_model::{Letter, Value};
use creta_plan::ScopePlan;
use creta_plan::stages::SampledSlot;
use creta_ports::arrays::{array_of, fits, value_at};
use creta_ports::offline::{History, HistoryColumn, HistoryRequest};
use creta_ports::online::{Cell, Read};
use std::sync::Arc;

/// Fills what the online store holds and is fresh enough (framework §8).
pub(crate) async fn read_online(context: &Context<'_>, plan: &ScopePlan, frame: &mut Frame) -> Result<(), Letter> {
    let Some(key) = plan.key.filter(|_| !plan.cached.is_empty()) else { return Ok(()) };
    let graph = context.deployment.project.graph();
    let Some(keys) = frame.columns[key.0].values.clone() else { return Ok(()) };
    let keys: Vec<Value> = (0..frame.rows).map(|row| value_at(keys.as_ref(), row)).collect();
    let read = Read { namespace: &graph.entity(plan.entity).namespace, features: &plan.cached_names, keys: &keys };
    let mut found = context.stores.online.read(read).await?;
    for (position, cached) in plan.cached.iter().enumerate() {
        let data_type = &plan.slots[cached.slot.0].data_type;
        let mut stored: Vec<(u32, Cell)> = Vec::new();
        for (row, cells) in found.iter_mut().enumerate() {
            let now = frame.now.get(row);
            let fresh = |age: i64| cached.ages.contains(&age);
            if frame.columns[cached.slot.0].is_present(row) {
                continue;
            }
            if let Some(cell) = cells[position].take_if(|cell| fresh(now.saturating_sub(cell.observed_at))) {
                stored.push((row as u32, cell));
            }
        }
        let column = |stored: &[(u32, Cell)]| array_of(data_type, stored.iter().map(|(_, cell)| Some(&cell.value)));
        let values = match column(&stored) {
            Ok(values) => values,
            // Stored under a type that the feature had before it was dropped: as good as nothing.
            Err(_) => {
                stored.retain(|(_, cell)| fits(data_type, &cell.value));
                column(&stored)?
            }
        };
        if stored.is_empty() {
            continue;
        }
        let rows: Vec<u32> = stored.iter().map(|(row, _)| *row).collect();
        let fill = Fill {
            values,
            states: PerRow::Same(State::Present),
            givers: PerRow::Same(Giver::ONLINE_STORE),
            observed_at: PerRow::Each(stored.into_iter().map(|(_, cell)| cell.observed_at).collect()),
        };
        let rows = if rows.len() == frame.rows { Rows::All } else { Rows::Some(rows) };
        let total = frame.rows;
        frame.columns[cached.slot.0].fill(&rows, total, fill)?;
    }
    Ok(())
}

/// Fills what was observed at or before each row's time: per feature, newest first (framework §2).
pub(crate) async fn read_offline(context: &Context<'_>, plan: &ScopePlan, frame: &mut Frame) -> Result<(), Letter> {
    let Some(key) = plan.key.filter(|_| !plan.sampled.is_empty()) else { return Ok(()) };
    let graph = context.deployment.project.graph();
    let key_type = plan.slots[key.0].data_type.clone();
    let keys = frame.columns[key.0].array(&key_type, frame.rows);
    let columns = plan.sampled.iter().filter(|sampled| !sampled.is_feature_time);
    let columns: Vec<HistoryColumn> = columns
        .map(|sampled| HistoryColumn {
            name: sampled.name.clone(),
            data_type: plan.slots[sampled.slot.0].data_type.clone(),
        })
        .collect();
    let bounds = context.run.map(|run| run.history).unwrap_or_default();
    let latest = (0..frame.rows).map(|row| frame.now.get(row)).max();
    let request = HistoryRequest {
        namespace: graph.entity(plan.entity).namespace.clone(),
        key_type,
        columns,
        keys: Some(keys.clone()),
        observed_from: bounds.observed_from,
        observed_until: latest.into_iter().chain(bounds.observed_until).min(),
        inserted_from: bounds.inserted_from,
        inserted_until: bounds.inserted_until,
    };
    let history = context.stores.offline.history(&request).await?;
    let history = Sampling { history, as_known: context.as_known };
    let mut newest = vec![i64::MIN; frame.rows];
    let values = plan.sampled.iter().filter(|sampled| !sampled.is_feature_time);
    for (position, sampled) in values.enumerate() {
        history.sample(position, sampled, &keys, frame, &mut newest)?;
    }
    for sampled in plan.sampled.iter().filter(|sampled| sampled.is_feature_time) {
        let times = newest.iter().map(|time| (*time != i64::MIN).then_some(*time));
        let values: ArrayRef = Arc::new(times.collect::<TimestampMicrosecondArray>().with_timezone("UTC"));
        fill_sampled(&mut frame.columns[sampled.slot.0], frame.rows, values, newest.clone())?;
    }
    Ok(())
}

/// Observations, and what of them a row may see.
struct Sampling {
    history: History,
    as_known: bool,
}

/// The observations of one feature.
struct Observed {
    values: ArrayRef,
    observed_at: Int64Array,
    inserted_at: Int64Array,
    timeline: Timeline,
}

impl Observed {
    /// The newest observation at or before `now`; of those written by then, if that is asked.
    fn as_of(&self, group: u32, now: i64, as_known: bool) -> Option<u32> {
        if !as_known {
            return self.timeline.as_of(group, now);
        }
        let seen = &self.timeline.permutation()[self.timeline.range(group, None, Some((now, true)))];
        seen.iter().rev().find(|row| self.inserted_at.value(**row as usize) <= now).copied()
    }
}

impl Sampling {
    fn observed(&self, position: usize) -> Result<Observed, Letter> {
        let (values, mask) = &self.history.columns[position];
        let keep = |array: &dyn Array| filter(array, mask).map_err(internal);
        let instants = |array: &Int64Array| keep(array).map(|kept| kept.as_primitive::<Int64Type>().clone());
        let (observed_at, inserted_at) = (instants(&self.history.observed_at)?, instants(&self.history.inserted_at)?);
        // The store sorts by (key, observed_at, inserted_at, sequence), and the timeline keeps the order of equals.
        let timeline = Timeline::build(&[keep(&self.history.keys)?], &observed_at, &[]);
        Ok(Observed { values: keep(values)?, observed_at, inserted_at, timeline })
    }

    fn sample(
        &self,
        position: usize,
        sampled: &SampledSlot,
        keys: &ArrayRef,
        frame: &mut Frame,
        newest: &mut [i64],
    ) -> Result<(), Letter> {
        let observed = self.observed(position)?;
        let groups = observed.timeline.probe(std::slice::from_ref(keys));
        let mut indices: Vec<Option<u32>> = Vec::with_capacity(frame.rows);
        let mut times = vec![i64::MIN; frame.rows];
        for (row, group) in groups.iter().enumerate() {
            let now = frame.now.get(row);
            let until = now.saturating_sub(i64::from(sampled.earlier));
            let found = group.and_then(|group| observed.as_of(group, until, self.as_known)).filter(|index| {
                let at = observed.observed_at.value(*index as usize);
                sampled.time_to_live.is_none_or(|life| now <= at.saturating_add(life))
            });
            if let Some(index) = found {
                times[row] = observed.observed_at.value(index as usize);
                if !sampled.earlier {
                    newest[row] = newest[row].max(times[row]);
                }
            }
            indices.push(found);
        }
        let values = take(&observed.values, &UInt32Array::from(indices), None).map_err(internal)?;
        fill_sampled(&mut frame.columns[sampled.slot.0], frame.rows, values, times)
    }
}

fn fill_sampled(column: &mut Column, total: usize, values: ArrayRef, times: Vec<i64>) -> Result<(), Letter> {
    let state = |time: &i64| if *time == i64::MIN { State::Unset } else { State::Present };
    let giver = |time: &i64| if *time == i64::MIN { Giver::NOBODY } else { Giver::OFFLINE_STORE };
    let fill = Fill {
        values,
        states: PerRow::Each(times.iter().map(state).collect()),
        givers: PerRow::Each(times.iter().map(giver).collect()),
        observed_at: PerRow::Each(times),
    };
    column.fill(&Rows::All, total, fill)
}
