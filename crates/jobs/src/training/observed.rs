//! A spine out of history: the entities that were observed within bounds, all of them or a sample.

use super::order::{Order, Spine};
use arrow::array::{Array, ArrayRef, Int64Array, UInt64Array};
use arrow::compute::take;
use arrow::datatypes::{Field, Schema};
use arrow::record_batch::RecordBatch;
use creta_engine::{HistoryBounds, Stores};
use creta_model::{Code, EntityId, FeatureId, Letter};
use creta_ports::arrays::value_at;
use creta_ports::metadata::Revision;
use creta_ports::offline::{HistoryColumn, HistoryRequest};
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// Which rows are taken from history.
#[derive(Debug, Clone)]
pub struct Observed {
    pub entity: EntityId,
    /// Only observations of this feature count.
    pub feature: Option<FeatureId>,
    /// So many rows at most, chosen at random.
    pub most: Option<usize>,
    /// Each entity once, at the time of submission, instead of at the times when it was observed.
    pub once: bool,
}

/// The seed of a revision's random choices.
pub(super) fn seed(revision: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    revision.hash(&mut hasher);
    hasher.finish()
}

pub(super) async fn spine(
    stores: &Stores,
    order: &Order,
    observed: &Observed,
    revision: &Revision,
) -> Result<Spine, Letter> {
    let graph = order.deployment.project.graph();
    let scalar = |feature: Option<FeatureId>| feature.and_then(|feature| Some((feature, graph.scalar(feature)?)));
    let Some((_, key)) = scalar(graph.primary_key(observed.entity)) else {
        return Err(Letter::new(Code::InvalidQuery, "A class without a key cannot be sampled from history."));
    };
    let column = |(feature, scalar): (FeatureId, &creta_model::graph::ScalarNode)| HistoryColumn {
        name: graph.feature(feature).stored.clone(),
        data_type: scalar.data_type.clone(),
    };
    let HistoryBounds { observed_from, observed_until, inserted_from, inserted_until } =
        order.bounds.resolve(&[revision.created_at]);
    let request = HistoryRequest {
        namespace: graph.entity(observed.entity).namespace.clone(),
        key_type: key.data_type.clone(),
        columns: scalar(observed.feature).map(column).into_iter().collect(),
        keys: None,
        observed_from,
        // Nothing that lies in the future at the time of submission.
        observed_until: Some(observed_until.unwrap_or(i64::MAX).min(revision.created_at)),
        inserted_from,
        inserted_until,
    };
    let history = stores.offline.history(&request).await?;
    let counts = |row: usize| history.columns.iter().all(|(_, observed)| observed.value(row));
    let candidates = (0..history.keys.len()).filter(|row| counts(*row));
    let rows = choose(distinct(&history.keys, &history.observed_at, observed.once, candidates), observed, revision);
    let chosen = UInt64Array::from_iter_values(rows.iter().map(|row| *row as u64));
    let keys = take(&history.keys, &chosen, None).map_err(|error| super::run::broken(&error.to_string()))?;
    let time = |row: &usize| if observed.once { revision.created_at } else { history.observed_at.value(*row) };
    Ok(Spine { inputs: inputs(order, keys)?, times: rows.iter().map(|row| Some(time(row))).collect() })
}

/// History is sorted by key and time, so what is equal lies together.
fn distinct(keys: &ArrayRef, times: &Int64Array, once: bool, rows: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut kept: Vec<usize> = Vec::new();
    for row in rows {
        let same = kept.last().is_some_and(|last| {
            (once || times.value(*last) == times.value(row)) && value_at(keys, *last) == value_at(keys, row)
        });
        if !same {
            kept.push(row);
        }
    }
    kept
}

/// So many of the rows at random, in their order.
fn choose(rows: Vec<usize>, observed: &Observed, revision: &Revision) -> Vec<usize> {
    let Some(most) = observed.most.filter(|most| *most < rows.len()) else { return rows };
    let mut random = StdRng::seed_from_u64(seed(&revision.id));
    let mut positions = rand::seq::index::sample(&mut random, rows.len(), most).into_vec();
    positions.sort_unstable();
    positions.into_iter().map(|position| rows[position]).collect()
}

fn inputs(order: &Order, keys: ArrayRef) -> Result<RecordBatch, Letter> {
    let fields = order.question.inputs.iter().map(|name| Field::new(name, keys.data_type().clone(), true));
    let schema = Schema::new(fields.collect::<Vec<_>>());
    RecordBatch::try_new(Arc::new(schema), vec![keys]).map_err(|error| super::run::broken(&error.to_string()))
}
