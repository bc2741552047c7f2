//! Computed outputs of a training set as observations at their rows' times, where decision 20 says so.

use super::Order;
use crate::observe::{Keep, Place, Seen, store};
use arrow::array::Int64Array;
use creta_engine::{Answer, Origin, Stores};
use creta_model::{EntityId, FeatureId, Graph};
use creta_ports::Result;

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
    store(
        stores,
        &Place { graph, deployment: &order.deployment.id, resolver: "offline", entity, keep },
        keys,
        times,
        &seen,
    )
    .await
    .map(drop)
}

/// A feature with values of the entity itself, its key excepted.
pub(super) fn member(graph: &Graph, entity: EntityId, name: &str) -> Option<FeatureId> {
    let feature = graph.by_fqn(name)?;
    let own = graph.feature(feature).entity == entity && graph.primary_key(entity) != Some(feature);
    (own && graph.scalar(feature).is_some()).then_some(feature)
}
