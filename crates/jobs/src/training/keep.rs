//! Computed outputs as observations at their rows' times: into the log, and online where decision 20 says so.

use super::Order;
use arrow::array::{Array, ArrayRef, Int64Array};
use creta_engine::{Answer, Origin, Stores};
use creta_model::observation::{Observations, ObservedFeature, ObservedRow, Producer, destinations};
use creta_model::{EntityId, FeatureId, Graph};
use creta_ports::arrays::value_at;
use creta_ports::{Result, Sync};

/// Which stores keep the outputs of a training set.
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
pub(super) struct Seen {
    pub feature: FeatureId,
    pub values: ArrayRef,
    pub rows: Vec<bool>,
}

/// The entity that the question is about, when its key is given or computed.
pub(super) fn entity_of(graph: &Graph, inputs: &[String]) -> Option<EntityId> {
    graph.namespace(inputs.first()?.split('.').next()?)
}

/// Stores what resolvers and expressions gave in a partition. Samples were stored before, and a default is nobody's
/// observation.
pub(super) async fn answer(stores: &Stores, order: &Order, answer: &Answer, times: &Int64Array) -> Result<()> {
    let graph = order.deployment.project.graph();
    let inputs = &order.question.inputs;
    let (Some(keys), Some(entity)) = (&answer.keys, entity_of(graph, inputs)) else { return Ok(()) };
    if order.keep == Keep::default() {
        return Ok(());
    }
    let is_fresh = |origin: &Origin| matches!(origin, Origin::Resolver(_) | Origin::Expression);
    let mut seen = Vec::new();
    for output in &answer.outputs {
        let Some(feature) = member(graph, entity, &output.name) else { continue };
        let fresh = |row: usize| output.origins.get(row).or_else(|| output.origins.first()).is_some_and(is_fresh);
        let rows = (0..answer.rows).map(|row| output.valid[row] && fresh(row)).collect();
        seen.push(Seen { feature, values: output.values.clone(), rows });
    }
    // What follows from values that a caller made up is never cached (decision 4).
    let made_up = inputs.iter().any(|name| graph.by_fqn(name) != graph.primary_key(entity));
    let keep = Keep { online: order.keep.online && !made_up, ..order.keep };
    store(stores, &Place { graph, deployment: &order.deployment.id, entity, keep }, keys, times, &seen).await.map(drop)
}

/// A feature with values of the entity itself, its key excepted.
pub(super) fn member(graph: &Graph, entity: EntityId, name: &str) -> Option<FeatureId> {
    let feature = graph.by_fqn(name)?;
    let own = graph.feature(feature).entity == entity && graph.primary_key(entity) != Some(feature);
    (own && graph.scalar(feature).is_some()).then_some(feature)
}

/// What observations are of, and where they go.
pub(super) struct Place<'a> {
    pub graph: &'a Graph,
    pub deployment: &'a str,
    pub entity: EntityId,
    pub keep: Keep,
}

/// Appends one entry to the log and shows it online; answers how many rows it has.
pub(super) async fn store(
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
        resolver: "offline".to_owned(),
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
        name: place.graph.feature(feature).name.clone(),
        destinations: destinations(place.keep.producer(), caching),
        nulls: caching.nulls,
    })
}
