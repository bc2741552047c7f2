//! What an online query writes down: every freshly computed feature, and what the caller supplied.

use crate::context::Context;
use crate::frame::{Frame, Giver, State};
use arrow::array::Array;
use creta_model::bundle::CachePolicy;
use creta_model::observation::{Destinations, Observations, ObservedFeature, ObservedRow, Producer, destinations};
use creta_model::{FeatureId, Letter, Value};
use creta_plan::stages::Root;
use creta_plan::{ScopePlan, Slot};
use creta_ports::Sync;
use creta_ports::arrays::value_at;
use std::collections::BTreeMap;

/// Notes values that the caller gave besides the keys (decision 4).
pub(crate) fn inputs(context: &mut Context<'_>, root: &Root, frame: &Frame) -> Result<(), Letter> {
    let given: Vec<Slot> =
        root.inputs.iter().map(|(_, slot)| *slot).filter(|slot| is_observation(&root.scope, *slot)).collect();
    if given.is_empty() || root.scope.key.is_none() {
        return Ok(());
    }
    let cells = Cells { plan: &root.scope, frame, slots: given, giver: Giver::INPUT };
    cells.note(context, "input", Producer::Input);
    Ok(())
}

/// Neither the key nor the rows of a relationship.
fn is_observation(plan: &ScopePlan, slot: Slot) -> bool {
    Some(slot) != plan.key && plan.slots[slot.0].feature.is_some()
}

/// Notes what was computed in a scope, one entry per resolver.
pub(crate) fn scope(context: &mut Context<'_>, plan: &ScopePlan, frame: &Frame) -> Result<(), Letter> {
    if plan.key.is_none() {
        return Ok(());
    }
    let mut by_giver: BTreeMap<u32, Vec<Slot>> = BTreeMap::new();
    for (position, info) in plan.slots.iter().enumerate() {
        let column = &frame.columns[position];
        if info.feature.is_none() || Some(Slot(position)) == plan.key || column.values.is_none() {
            continue;
        }
        for giver in givers_of(frame, position) {
            if giver == Giver::EXPRESSION || giver == Giver::DEFAULT || giver.as_resolver().is_some() {
                by_giver.entry(giver.0).or_default().push(Slot(position));
            }
        }
    }
    for (giver, slots) in by_giver {
        let giver = Giver(giver);
        let name = match giver.as_resolver() {
            Some(id) => context.deployment.project.graph().resolver(id).name.clone(),
            None if giver == Giver::DEFAULT => "default".to_owned(),
            None => "expression".to_owned(),
        };
        Cells { plan, frame, slots, giver }.note(context, &name, Producer::OnlineQuery);
    }
    Ok(())
}

fn givers_of(frame: &Frame, slot: usize) -> Vec<Giver> {
    let mut givers: Vec<Giver> = match &frame.columns[slot].givers {
        crate::frame::PerRow::Same(giver) => vec![*giver],
        crate::frame::PerRow::Each(givers) => givers.clone(),
    };
    givers.sort_by_key(|giver| giver.0);
    givers.dedup();
    givers
}

/// Appends the noted entries to the log and shows them in the online store, before the answer leaves (decision 19).
pub(crate) async fn persist(context: &mut Context<'_>) -> Result<(), Letter> {
    if context.entries.is_empty() {
        return Ok(());
    }
    let entries = std::mem::take(&mut context.entries);
    context.stores.record(entries, Sync::Process, context.started_at).await
}

/// Cells of some slots that one producer gave.
struct Cells<'a> {
    plan: &'a ScopePlan,
    frame: &'a Frame,
    slots: Vec<Slot>,
    giver: Giver,
}

impl Cells<'_> {
    fn note(&self, context: &mut Context<'_>, resolver: &str, producer: Producer) {
        let graph = context.deployment.project.graph();
        let Some(keys) = self.plan.key.and_then(|key| self.frame.columns[key.0].values.as_ref()) else { return };
        let features: Vec<(Slot, FeatureId)> =
            self.slots.iter().filter_map(|slot| Some((*slot, self.plan.slots[slot.0].feature?))).collect();
        let columns: Vec<ObservedFeature> =
            features.iter().map(|(slot, feature)| self.observed_feature(graph, *slot, *feature, producer)).collect();
        if !columns.iter().any(|column| column.destinations.online || column.destinations.offline) {
            return;
        }
        let mut rows = Vec::with_capacity(self.frame.rows);
        for row in 0..self.frame.rows {
            if keys.is_null(row) {
                continue;
            }
            let mut observed_at = i64::MIN;
            let mut values = Vec::with_capacity(features.len());
            for (slot, feature) in &features {
                let value = self.value(graph, *slot, *feature, row);
                if value.is_some() {
                    observed_at = observed_at.max(self.frame.columns[slot.0].observed_at.get(row));
                }
                values.push(value);
            }
            if values.iter().any(Option::is_some) {
                let observed_at = if observed_at == i64::MIN { context.started_at } else { observed_at };
                rows.push(ObservedRow { key: value_at(keys.as_ref(), row), observed_at, values });
            }
        }
        if !rows.is_empty() {
            context.entries.push(Observations {
                namespace: graph.entity(self.plan.entity).namespace.clone(),
                resolver: resolver.to_owned(),
                deployment: context.deployment.id.clone(),
                inserted_at: context.stores.clock.now(),
                features: columns,
                rows,
            });
        }
    }

    fn observed_feature(
        &self,
        graph: &creta_model::Graph,
        slot: Slot,
        feature: FeatureId,
        producer: Producer,
    ) -> ObservedFeature {
        let caching = graph.scalar(feature).map(|scalar| &scalar.caching);
        let nowhere = Destinations { online: false, offline: false };
        let mut kept = caching.map_or(nowhere, |caching| destinations(producer, caching));
        kept.online &= !self.plan.slots[slot.0].tainted;
        // A default is nobody's observation: history would otherwise claim that somebody saw it.
        kept.offline &= self.giver != Giver::DEFAULT;
        let nulls = match caching {
            // A default that evicts travels as a null that evicts.
            Some(caching) if self.giver == Giver::DEFAULT => caching.defaults,
            Some(caching) => caching.nulls,
            None => CachePolicy::Skip,
        };
        ObservedFeature { name: graph.feature(feature).stored.clone(), destinations: kept, nulls }
    }

    fn value(&self, graph: &creta_model::Graph, slot: Slot, feature: FeatureId, row: usize) -> Option<Value> {
        let column = &self.frame.columns[slot.0];
        if column.states.get(row) != State::Present || column.givers.get(row) != self.giver {
            return None;
        }
        let value = value_at(column.values.as_ref()?.as_ref(), row);
        match graph.scalar(feature)?.caching.defaults {
            CachePolicy::Skip if self.giver == Giver::DEFAULT => None,
            CachePolicy::Evict if self.giver == Giver::DEFAULT => Some(Value::Null),
            _ => Some(value),
        }
    }
}
