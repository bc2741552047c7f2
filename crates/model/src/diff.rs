//! What a new bundle changes about an old one, for people who are about to apply it.
//!
//! Pure: two bundles in, names and reasons out. What is absent: whether anybody may apply it.

use crate::bundle::{Bundle, Entity, Feature, FeatureKind, NamedQuery, Resolver, ResolverBody, Scalar};
use crate::data_type::DataType;
use crate::errors::{Code, Letter};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All differences between two bundles. Names are sorted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Diff {
    pub features: Changes,
    pub resolvers: Changes,
    pub named_queries: Changes,
    /// Other source files of the project changed: helpers, constants, data that resolvers read.
    pub sources: bool,
}

/// Differences between the definitions of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Changes {
    pub added: Vec<String>,
    pub removed: Vec<String>,
    pub changed: Vec<Change>,
}

/// A definition that both bundles have, and which parts of it differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub name: String,
    pub what: Vec<String>,
}

impl Diff {
    pub fn is_empty(&self) -> bool {
        self == &Diff::default()
    }
}

/// What `new` changes about `old`; without an old bundle everything is added. Moving a definition to another file or
/// line is no change.
pub fn diff(old: Option<&Bundle>, new: &Bundle) -> Diff {
    let old_features = old.map(features).unwrap_or_default();
    let old_resolvers = old.map(resolvers).unwrap_or_default();
    let old_queries = old.map(named_queries).unwrap_or_default();
    Diff {
        features: changes(&old_features, &features(new), feature_change),
        resolvers: changes(&old_resolvers, &resolvers(new), |old, new| resolver_change(old, new)),
        named_queries: changes(&old_queries, &named_queries(new), |old, new| query_change(old, new)),
        sources: old.is_some_and(|old| old.archive != new.archive),
    }
}

/// Letters for stored features whose type would change in a way that their history cannot follow (decision 9).
pub fn type_conflicts(old: &Bundle, new: &Bundle) -> Vec<Letter> {
    let new_features = features(new);
    let conflict = |(name, (_, old)): (&String, &(Role, &Feature))| {
        let (_, new) = new_features.get(name)?;
        let (before, after) = (scalar(old)?, scalar(new)?);
        if !is_stored(before) || before.data_type == after.data_type || widens(&before.data_type, &after.data_type) {
            return None;
        }
        let message = format!("`{name}` is stored as {}; it cannot become {}.", before.data_type, after.data_type);
        let fix = format!(
            "Keep its type (int may become float), give the feature another name or version, or remove what is stored: \
             `creta drop --features {name}`."
        );
        Some(Letter::new(Code::TypeChange, message).at(&new.place).fix(fix).feature(name))
    };
    features(old).iter().filter_map(conflict).collect()
}

/// What a feature means to its class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    PrimaryKey,
    FeatureTime,
    Plain,
}

fn features(bundle: &Bundle) -> BTreeMap<String, (Role, &Feature)> {
    let of_entity = |entity: &Entity, feature: &Feature| match Some(&feature.name) {
        name if name == entity.primary_key.as_ref() => Role::PrimaryKey,
        name if name == entity.feature_time.as_ref() => Role::FeatureTime,
        _ => Role::Plain,
    };
    let mut all = BTreeMap::new();
    for entity in &bundle.entities {
        for feature in &entity.features {
            all.insert(
                format!("{}.{}", entity.namespace, feature.label(&feature.name)),
                (of_entity(entity, feature), feature),
            );
        }
    }
    all
}

fn resolvers(bundle: &Bundle) -> BTreeMap<String, &Resolver> {
    bundle.resolvers.iter().map(|resolver| (resolver.name.clone(), resolver)).collect()
}

fn named_queries(bundle: &Bundle) -> BTreeMap<String, &NamedQuery> {
    let name = |query: &NamedQuery| match &query.version {
        Some(version) => format!("{}@{version}", query.name),
        None => query.name.clone(),
    };
    bundle.named_queries.iter().map(|query| (name(query), query)).collect()
}

fn changes<T>(
    old: &BTreeMap<String, T>,
    new: &BTreeMap<String, T>,
    compare: impl Fn(&T, &T) -> Vec<&'static str>,
) -> Changes {
    let changed = new.iter().filter_map(|(name, after)| {
        let what = compare(old.get(name)?, after);
        let what: Vec<String> = what.into_iter().map(str::to_owned).collect();
        (!what.is_empty()).then(|| Change { name: name.clone(), what })
    });
    Changes {
        added: new.keys().filter(|name| !old.contains_key(*name)).cloned().collect(),
        removed: old.keys().filter(|name| !new.contains_key(*name)).cloned().collect(),
        changed: changed.collect(),
    }
}

/// Collects the names of the parts that differ.
#[derive(Default)]
struct Differences(Vec<&'static str>);

impl Differences {
    fn note<T: PartialEq>(&mut self, what: &'static str, old: &T, new: &T) {
        if old != new {
            self.0.push(what);
        }
    }
}

fn feature_change(old: &(Role, &Feature), new: &(Role, &Feature)) -> Vec<&'static str> {
    let mut found = Differences::default();
    found.note("role", &old.0, &new.0);
    match (&old.1.kind, &new.1.kind) {
        (FeatureKind::Scalar(old), FeatureKind::Scalar(new)) => scalar_change(old, new, &mut found),
        (FeatureKind::Windowed(old), FeatureKind::Windowed(new)) => {
            found.note("windows", &old.windows, &new.windows);
            found.note("groups", &old.group_by, &new.group_by);
            scalar_change(&old.scalar, &new.scalar, &mut found);
        }
        (FeatureKind::HasOne(old), FeatureKind::HasOne(new))
        | (FeatureKind::HasMany(old), FeatureKind::HasMany(new)) => {
            found.note("entity", &old.entity, &new.entity);
            found.note("optional", &old.optional, &new.optional);
            found.note("join", &old.on, &new.on);
        }
        _ => found.0.push("kind"),
    }
    found.note("metadata", &old.1.metadata, &new.1.metadata);
    found.0
}

fn scalar_change(old: &Scalar, new: &Scalar, found: &mut Differences) {
    found.note("type", &old.data_type, &new.data_type);
    found.note("nullable", &old.nullable, &new.nullable);
    found.note("expression", &old.expression, &new.expression);
    found.note("offline_expression", &old.offline_expression, &new.offline_expression);
    found.note("default", &old.default, &new.default);
    found.note("staleness", &old.caching.max_staleness, &new.caching.max_staleness);
    let mut rest = old.caching.clone();
    rest.max_staleness = new.caching.max_staleness;
    found.note("caching", &rest, &new.caching);
}

fn resolver_change(old: &Resolver, new: &Resolver) -> Vec<&'static str> {
    let mut found = Differences::default();
    found.note("kind", &old.kind, &new.kind);
    match (&old.body, &new.body) {
        (ResolverBody::Python(old), ResolverBody::Python(new)) => {
            found.note("entity", &old.entity, &new.entity);
            found.note("outputs", &old.outputs, &new.outputs);
            found.note("parameters", &old.parameters, &new.parameters);
            found.note("frame", &old.frame, &new.frame);
            found.note("max_batch_size", &old.max_batch_size, &new.max_batch_size);
            found.note("output_row_order", &old.one_to_one, &new.one_to_one);
            found.note("code", &old.code, &new.code);
        }
        (ResolverBody::Sql(old), ResolverBody::Sql(new)) => {
            found.note("source", &old.source, &new.source);
            found.note("resolves", &old.resolves, &new.resolves);
            found.note("body", &old.text, &new.text);
            found.note("count", &old.count, &new.count);
            found.note("fields", &old.fields, &new.fields);
            found.note("incremental", &old.incremental, &new.incremental);
        }
        _ => found.0.push("language"),
    }
    found.note("environments", &old.environments, &new.environments);
    found.note("unique_on", &old.unique_on, &new.unique_on);
    found.note("total", &old.total, &new.total);
    found.note("handle_duplicate_outputs", &old.handle_duplicate_outputs, &new.handle_duplicate_outputs);
    found.note("timeout", &old.timeout, &new.timeout);
    found.note("metadata", &old.metadata, &new.metadata);
    found.0
}

fn query_change(old: &NamedQuery, new: &NamedQuery) -> Vec<&'static str> {
    let mut found = Differences::default();
    found.note("input", &old.input, &new.input);
    found.note("output", &old.output, &new.output);
    found.note("staleness", &old.staleness, &new.staleness);
    found.note("metadata", &old.metadata, &new.metadata);
    found.0
}

fn scalar(feature: &Feature) -> Option<&Scalar> {
    match &feature.kind {
        FeatureKind::Scalar(scalar) => Some(scalar),
        FeatureKind::Windowed(windowed) => Some(&windowed.scalar),
        FeatureKind::HasOne(_) | FeatureKind::HasMany(_) => None,
    }
}

fn is_stored(scalar: &Scalar) -> bool {
    let caching = &scalar.caching;
    caching.store_offline || (caching.store_online && caching.max_staleness > 0)
}

fn widens(before: &DataType, after: &DataType) -> bool {
    matches!((before, after), (DataType::Int, DataType::Float))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn bundle(features: serde_json::Value, query_output: &str) -> Bundle {
        let place = json!({"file": "ships.py", "line": 1});
        let features: Vec<serde_json::Value> = features
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, scalar)| json!({"name": name, "kind": {"scalar": scalar}, "place": place}))
            .collect();
        let text = json!({
            "format": 1, "project": "harbour",
            "entities": [{"namespace": "ship", "class": "Ship", "primary_key": "id", "features": features, "place": place}],
            "named_queries": [{"name": "card", "input": ["ship.id"], "output": [query_output], "place": place}],
        });
        serde_json::from_value(text).unwrap()
    }

    #[test]
    fn every_kind_of_difference_is_named() {
        let old = bundle(json!({"id": {"type": "int"}, "teu": {"type": "int"}, "gone": {"type": "str"}}), "ship.teu");
        let caching = json!({"max_staleness": 60_000_000});
        let new = bundle(
            json!({"id": {"type": "int"}, "teu": {"type": "float", "caching": caching}, "fresh": {"type": "str"}}),
            "ship.fresh",
        );
        let found = diff(Some(&old), &new);
        assert_eq!(found.features.added, ["ship.fresh"]);
        assert_eq!(found.features.removed, ["ship.gone"]);
        let what = vec!["type".to_owned(), "staleness".to_owned()];
        assert_eq!(found.features.changed, [Change { name: "ship.teu".to_owned(), what }]);
        assert_eq!(found.named_queries.changed[0].what, ["output"]);
        assert!(diff(Some(&new), &new).is_empty());
        assert_eq!(diff(None, &new).features.added.len(), 3);
    }

    #[test]
    fn only_int_to_float_keeps_history() {
        let typed = |data_type: &str| bundle(json!({"id": {"type": "int"}, "teu": {"type": data_type}}), "ship.teu");
        assert!(type_conflicts(&typed("int"), &typed("float")).is_empty());
        let letters = type_conflicts(&typed("float"), &typed("int"));
        assert_eq!(letters.len(), 1);
        assert_eq!(letters[0].code, Code::TypeChange);
        assert_eq!(letters[0].feature.as_deref(), Some("ship.teu"));
    }
}
