//! Values that somebody takes back: which they are, checked; then out of both stores.

use crate::deployment::Deployment;
use crate::run::Stores;
use creta_model::errors::nearest;
use creta_model::observation::{Destinations, Removal};
use creta_model::{Code, DataType, EntityId, FeatureId, Letter, Value};

/// What a caller wants removed, in the caller's words. A list that is given must not be empty.
#[derive(Debug, Clone, Default)]
pub struct Unwanted {
    pub namespace: String,
    /// Names, with or without the namespace. Neither these nor tags = every feature.
    pub features: Option<Vec<String>>,
    /// Also the features that carry one of these.
    pub tags: Option<Vec<String>>,
    /// Primary keys as text; None = of all keys.
    pub keys: Option<Vec<String>>,
    pub retain_online: bool,
    pub retain_offline: bool,
}

pub(crate) async fn remove(
    stores: &Stores,
    deployment: &Deployment,
    unwanted: &Unwanted,
) -> Result<Vec<String>, Vec<Letter>> {
    let selection = Selection { deployment, unwanted, entity: entity(deployment, &unwanted.namespace)? };
    let mut faults = Vec::new();
    faults.extend(unwanted.contradiction());
    let features = selection.features(&mut faults);
    let keys = selection.keys(&mut faults);
    if !faults.is_empty() {
        return Err(faults);
    }
    let graph = deployment.project.graph();
    let stored = |found: &Vec<Found>| {
        let ids = found.iter().flat_map(|found| &found.ids);
        ids.map(|id| graph.feature(*id).stored.clone()).collect()
    };
    let removal = Removal {
        namespace: unwanted.namespace.clone(),
        keys,
        features: features.as_ref().map(stored),
        stores: Destinations { online: !unwanted.retain_online, offline: !unwanted.retain_offline },
    };
    stores.forget(removal, stores.clock.now()).await.map_err(|letter| vec![letter])?;
    Ok(features.into_iter().flatten().map(|found| found.name).collect())
}

impl Unwanted {
    /// What is wrong with the request whatever the definitions are.
    fn contradiction(&self) -> Option<Letter> {
        let refused = |message: &str, fix: &str| Some(Letter::new(Code::InvalidQuery, message).fix(fix));
        let is_empty = |list: &Option<Vec<String>>| list.as_ref().is_some_and(Vec::is_empty);
        if self.retain_online && self.retain_offline {
            return refused("Both stores are to retain the values, so nothing is removed.", "Retain one, or neither.");
        }
        if is_empty(&self.keys) {
            return refused("The list of primary keys is empty.", "Name the keys whose values are to go.");
        }
        if is_empty(&self.features) || is_empty(&self.tags) {
            let fix = "Name what is to go; leave the list out to remove every feature of the keys.";
            return refused("A list of features or tags is empty.", fix);
        }
        if self.keys.is_none() && self.features.is_none() && self.tags.is_none() {
            return refused("Neither features nor keys are named.", "Name the features to drop.");
        }
        None
    }
}

fn entity(deployment: &Deployment, namespace: &str) -> Result<EntityId, Vec<Letter>> {
    let graph = deployment.project.graph();
    graph.namespace(namespace).ok_or_else(|| {
        let known = graph.entities.iter().map(|entity| entity.namespace.as_str());
        let letter = Letter::new(Code::UnknownQueryFeature, format!("There is no namespace `{namespace}`."));
        vec![match nearest(namespace, known) {
            Some(near) => letter.fix(format!("Did you mean `{near}`?")),
            None => letter.fix("`creta features` lists what is deployed."),
        }]
    })
}

/// A feature that was named, or all windows of one.
struct Found {
    name: String,
    ids: Vec<FeatureId>,
}

struct Selection<'a> {
    deployment: &'a Deployment,
    unwanted: &'a Unwanted,
    entity: EntityId,
}

impl Selection<'_> {
    /// None = every feature, also those that are no longer defined.
    fn features(&self, faults: &mut Vec<Letter>) -> Option<Vec<Found>> {
        if self.unwanted.features.is_none() && self.unwanted.tags.is_none() {
            return None;
        }
        let mut found = Vec::new();
        for name in self.unwanted.features.iter().flatten() {
            match self.named(name) {
                Ok(feature) => found.push(feature),
                Err(letter) => faults.push(letter),
            }
        }
        for tag in self.unwanted.tags.iter().flatten() {
            match self.tagged(tag) {
                Ok(features) => found.extend(features),
                Err(letter) => faults.push(letter),
            }
        }
        Some(found)
    }

    fn named(&self, name: &str) -> Result<Found, Letter> {
        let graph = self.deployment.project.graph();
        let namespace = &self.unwanted.namespace;
        let (owner, own_name) = name.split_once('.').unwrap_or((namespace, name));
        if owner != namespace {
            return Err(Letter::new(Code::InvalidQuery, format!("`{name}` is not a feature of `{namespace}`."))
                .fix("Remove the features of one class at a time."));
        }
        let fqn = format!("{namespace}.{own_name}");
        let found = self.find(own_name).ok_or_else(|| {
            let letter = graph.path(&fqn).err().unwrap_or_else(|| {
                Letter::new(Code::UnknownQueryFeature, format!("`{fqn}` is not a feature with a value."))
                    .fix("Remove it as a feature of its own class, with that class's keys.")
            });
            Letter { code: Code::UnknownQueryFeature, ..letter }
        })?;
        if found.ids.iter().any(|id| graph.primary_key(self.entity) == Some(*id)) {
            return Err(Letter::new(Code::InvalidQuery, format!("`{fqn}` is the primary key, not a stored value."))
                .fix("Name other features; to remove everything that is stored of some keys, name none."));
        }
        Ok(found)
    }

    fn find(&self, name: &str) -> Option<Found> {
        let graph = self.deployment.project.graph();
        let one = || graph.member(self.entity, name).filter(|id| graph.scalar(*id).is_some()).map(|id| vec![id]);
        let windows = || Some(graph.windows(self.entity, name)?.iter().map(|(_, id)| *id).collect());
        let ids = one().or_else(windows)?;
        Some(Found { name: format!("{}.{name}", self.unwanted.namespace), ids })
    }

    /// The features that carry a tag, or whose class does; the primary key excepted.
    fn tagged(&self, tag: &str) -> Result<Vec<Found>, Letter> {
        let key = self.deployment.project.graph().primary_key(self.entity);
        let (mut found, mut known) = (Vec::new(), Vec::new());
        for entity in self.deployment.bundle.entities.iter().filter(|one| one.namespace == self.unwanted.namespace) {
            for feature in &entity.features {
                let tags = entity.metadata.tags.iter().chain(&feature.metadata.tags).map(String::as_str);
                if tags.clone().any(|known| known == tag) {
                    found.extend(self.find(&feature.label(&feature.name)));
                }
                known.extend(tags);
            }
        }
        found.retain(|found: &Found| found.ids.iter().all(|id| Some(*id) != key));
        if !found.is_empty() {
            return Ok(found);
        }
        let message = format!("No feature of `{}` carries the tag `{tag}`.", self.unwanted.namespace);
        let letter = Letter::new(Code::UnknownQueryFeature, message);
        Err(match nearest(tag, known) {
            Some(near) => letter.fix(format!("Did you mean `{near}`?")),
            None => letter.fix("Name the features themselves."),
        })
    }

    fn keys(&self, faults: &mut Vec<Letter>) -> Option<Vec<Value>> {
        let given = self.unwanted.keys.as_ref()?;
        let graph = self.deployment.project.graph();
        let key = graph.primary_key(self.entity).and_then(|key| graph.scalar(key));
        let Some(key) = key else {
            let message = format!("`{}` has no primary key, so nothing is stored by key.", self.unwanted.namespace);
            faults.push(Letter::new(Code::InvalidQuery, message).fix("There is nothing to remove."));
            return None;
        };
        let parse = |text: &String| match key.data_type {
            DataType::Int => text.trim().parse().ok().map(Value::Int),
            _ => Some(Value::Str(text.clone())),
        };
        let keys: Vec<Value> = given.iter().map_while(parse).collect();
        if let Some(text) = given.get(keys.len()) {
            let (namespace, data_type) = (&self.unwanted.namespace, &key.data_type);
            let message = format!("`{text}` is not a primary key of `{namespace}`: it is not {data_type}.");
            faults
                .push(Letter::new(Code::InvalidInput, message).fix("Nothing was removed; correct the key.").key(text));
        }
        Some(keys)
    }
}
