//! Columns of values as observations: into the log, and online where decision 20 says so.

use arrow::array::{Array, ArrayRef, Int64Array};
use creta_engine::Stores;
use creta_model::observation::{Observations, ObservedFeature, ObservedRow, Producer, destinations};
use creta_model::{EntityId, FeatureId, Graph};
use creta_ports::arrays::value_at;
use creta_ports::{Result, Sync};

/// Which stores keep what a job computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Keep {
    pub online: bool,
    pub offline: bool,
}

impl Keep {
    fn producer(self) -> Producer {
        Producer::Offline { store_online: self.online, store_offline: self.offline }
    }
}

/// Values of one feature, and in which rows it was observed.
pub(crate) struct Seen {
    pub feature: FeatureId,
    pub values: ArrayRef,
    pub rows: Vec<bool>,
}

/// What observations are of, and where they go.
pub(crate) struct Place<'a> {
    pub graph: &'a Graph,
    pub deployment: &'a str,
    /// Who produced them.
    pub resolver: &'a str,
    pub entity: EntityId,
    pub keep: Keep,
}

/// Appends one entry to the log and shows it online; answers how many rows it has.
pub(crate) async fn store(
    stores: &Stores,
    place: &Place<'_>,
    keys: &ArrayRef,
    times: &Int64Array,
    seen: &[Seen],
) -> Result<u64> {
    let now = stores.clock.now();
    let features: Vec<ObservedFeature> = seen.iter().filter_map(|seen| observed(place, seen.feature)).collect();
    let anywhere = features.iter().any(|feature| feature.destinations.online || feature.destinations.offline);
    let row = |row: usize| {
        let value = |seen: &Seen| seen.rows[row].then(|| value_at(seen.values.as_ref(), row));
        let values: Vec<_> = seen.iter().map(value).collect();
        let any = keys.is_valid(row) && values.iter().any(Option::is_some);
        any.then(|| ObservedRow { key: value_at(keys.as_ref(), row), observed_at: times.value(row), values })
    };
    let rows: Vec<ObservedRow> = (0..times.len()).filter_map(row).collect();
    if rows.is_empty() || !anywhere {
        return Ok(0);
    }
    let stored = rows.len() as u64;
    let observations = Observations {
        namespace: place.graph.entity(place.entity).namespace.clone(),
        resolver: place.resolver.to_owned(),
        deployment: place.deployment.to_owned(),
        inserted_at: now,
        features,
        rows,
    };
    stores.record(vec![observations], Sync::Disk, now).await?;
    Ok(stored)
}

fn observed(place: &Place<'_>, feature: FeatureId) -> Option<ObservedFeature> {
    let caching = &place.graph.scalar(feature)?.caching;
    Some(ObservedFeature {
        name: place.graph.feature(feature).stored.clone(),
        destinations: destinations(place.keep.producer(), caching),
        nulls: caching.nulls,
    })
}
