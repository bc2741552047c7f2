//! One run: rows out of the resolver and into the stores, and where the next run starts.

use super::{Timestamps, Trigger};
use crate::observe::{Place, Seen, store};
use arrow::array::{Array, Int64Array};
use creta_engine::{Engine, Extent, Listed};
use creta_model::Letter;
use creta_model::bundle::{CursorOf, Incremental};
use creta_ports::Result;
use creta_ports::runs::{Cursor, ResolverRun};

/// Rows of one entry of the log.
const BATCH: usize = 10_000;

/// What a run stored.
pub(super) struct Loaded {
    pub rows: u64,
    /// The latest feature time among the rows; None when no row has one.
    pub latest: Latest,
    pub letters: Vec<Letter>,
}

/// How far the rows of a run reach.
pub(super) enum Latest {
    /// The latest feature time; None when nothing was returned.
    Of(Option<i64>),
    /// Rows of the resolver have no feature time.
    Timeless,
}

pub(super) async fn load(engine: &Engine, trigger: &Trigger, run: &ResolverRun) -> Result<Loaded> {
    let extent = Extent { since: run.since, from: trigger.from, until: trigger.until };
    let listed = engine.list(&trigger.deployment, trigger.resolver, extent, run.created_at).await?;
    let latest = match &listed.times {
        Some(times) => Latest::Of(arrow::compute::max(times)),
        None => Latest::Timeless,
    };
    let place = Place {
        graph: trigger.deployment.project.graph(),
        deployment: &run.deployment,
        resolver: &run.resolver,
        entity: listed.entity,
        keep: trigger.keep,
    };
    let times = match (&listed.times, trigger.timestamps) {
        (Some(times), Timestamps::FeatureTime) => times.clone(),
        _ => Int64Array::from_value(run.created_at, listed.keys.len()),
    };
    let mut rows = 0;
    for first in (0..times.len()).step_by(BATCH) {
        let count = BATCH.min(times.len() - first);
        let seen = seen(&listed, &times, first, count);
        let (keys, times) = (listed.keys.slice(first, count), times.slice(first, count));
        rows += store(engine.stores(), &place, &keys, &times, &seen).await?;
    }
    Ok(Loaded { rows, latest, letters: listed.letters })
}

/// The accepted values of some rows; a row without an instant has none.
fn seen(listed: &Listed, times: &Int64Array, first: usize, count: usize) -> Vec<Seen> {
    let of = |column: &creta_engine::ListedColumn| Seen {
        feature: column.feature,
        values: column.values.slice(first, count),
        rows: (first..first + count).map(|row| column.accepted[row] && times.is_valid(row)).collect(),
    };
    listed.columns.iter().map(of).collect()
}

/// The lower bound of a run: behind the cursor by the lookback. Nothing for whoever reads everything.
pub(super) fn since(trigger: &Trigger, cursor: Option<&Cursor>) -> Option<i64> {
    let incremental = incremental(trigger)?;
    let cursor = cursor?;
    let at = match incremental.cursor {
        CursorOf::FeatureTime => cursor.ingested_until,
        CursorOf::ResolverExecutionTime => cursor.executed_at,
    };
    at.map(|at| at.saturating_sub(incremental.lookback))
}

/// The cursor after a successful run; None when the run does not move it. It never moves back, and never past the start
/// of the run: a feature time in the future would hide every row before it.
pub(super) fn cursor(trigger: &Trigger, run: &ResolverRun, known: Option<Cursor>, latest: Latest) -> Option<Cursor> {
    incremental(trigger)?;
    let reached = match latest {
        Latest::Of(latest) => latest.map(|latest| latest.min(run.created_at)),
        Latest::Timeless => Some(run.created_at),
    };
    let before = known.and_then(|known| known.ingested_until);
    Some(Cursor {
        resolver: run.resolver.clone(),
        ingested_until: before.max(reached),
        executed_at: Some(run.created_at),
    })
}

/// How the resolver is read bit by bit; nothing when the run has bounds of its own.
fn incremental(trigger: &Trigger) -> Option<&Incremental> {
    let is_bounded = trigger.from.is_some() || trigger.until.is_some();
    trigger.deployment.project.sql_body(trigger.resolver)?.incremental.as_ref().filter(|_| !is_bounded)
}
