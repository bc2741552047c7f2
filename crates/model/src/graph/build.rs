//! From bundle to graph: numbering, and the checks that need names only.

use super::{EntityId, EntityNode, FeatureId, FeatureNode, Graph, NodeKind, RelationshipNode, ScalarNode};
use crate::bundle::{Bundle, Entity, FORMAT, Feature, FeatureKind, Relationship, Scalar};
use crate::data_type::DataType;
use crate::duration;
use crate::errors::{Code, Letter, Place, nearest};
use std::collections::HashMap;

pub(super) fn build(bundle: &Bundle) -> Result<Graph, Vec<Letter>> {
    if bundle.format != FORMAT {
        let message = format!("The bundle is of format {}; this build reads format {FORMAT}.", bundle.format);
        return Err(vec![
            Letter::new(Code::BundleFormat, message)
                .fix("Install the creta package of the server's version, then apply again."),
        ]);
    }
    let mut builder = Builder::new(bundle);
    builder.number_entities();
    builder.link_relationships();
    builder.check_keys();
    builder.check_duplicates();
    if builder.faults.is_empty() { Ok(builder.graph) } else { Err(builder.faults) }
}

struct Builder<'a> {
    bundle: &'a Bundle,
    graph: Graph,
    faults: Vec<Letter>,
}

impl<'a> Builder<'a> {
    fn new(bundle: &'a Bundle) -> Self {
        let graph = Graph {
            project: bundle.project.clone(),
            entities: Vec::new(),
            features: Vec::new(),
            resolvers: bundle.resolvers.clone(),
            sources: bundle.sources.clone(),
            named_queries: bundle.named_queries.clone(),
            by_namespace: HashMap::new(),
            by_fqn: HashMap::new(),
            windows: HashMap::new(),
        };
        Builder { bundle, graph, faults: Vec::new() }
    }

    fn fault(&mut self, code: Code, message: String, place: &Place) {
        self.faults.push(Letter::new(code, message).at(place));
    }

    fn number_entities(&mut self) {
        for (position, entity) in self.bundle.entities.iter().enumerate() {
            let id = EntityId(u32::try_from(position).unwrap_or(u32::MAX));
            if self.graph.by_namespace.insert(entity.namespace.clone(), id).is_some() {
                let message = format!("Two feature classes have the namespace `{}`.", entity.namespace);
                self.fault(Code::DuplicateDefinition, message, &entity.place);
            }
            self.graph.entities.push(EntityNode {
                namespace: entity.namespace.clone(),
                class: entity.class.clone(),
                singleton: entity.singleton,
                primary_key: None,
                feature_time: None,
                features: Vec::new(),
                place: entity.place.clone(),
            });
            for feature in &entity.features {
                self.number_feature(id, entity, feature);
            }
        }
    }

    fn number_feature(&mut self, id: EntityId, entity: &Entity, feature: &Feature) {
        match &feature.kind {
            FeatureKind::Scalar(scalar) => {
                self.add(id, entity, &feature.name, feature, NodeKind::Scalar(scalar_node(scalar, None, &[])));
            }
            FeatureKind::Windowed(windowed) => {
                let mut windows = Vec::with_capacity(windowed.windows.len());
                for window in &windowed.windows {
                    let name = duration::window_name(&feature.name, *window);
                    let kind = NodeKind::Scalar(scalar_node(&windowed.scalar, Some(*window), &windowed.group_by));
                    windows.push((*window, self.add(id, entity, &name, feature, kind)));
                }
                self.graph.windows.insert(format!("{}.{}", entity.namespace, feature.label(&feature.name)), windows);
            }
            FeatureKind::HasOne(relationship) => {
                self.add(id, entity, &feature.name, feature, NodeKind::HasOne(unlinked(relationship)));
            }
            FeatureKind::HasMany(relationship) => {
                self.add(id, entity, &feature.name, feature, NodeKind::HasMany(unlinked(relationship)));
            }
        }
    }

    fn add(
        &mut self,
        entity_id: EntityId,
        entity: &Entity,
        name: &str,
        feature: &Feature,
        kind: NodeKind,
    ) -> FeatureId {
        let id = FeatureId(u32::try_from(self.graph.features.len()).unwrap_or(u32::MAX));
        let stored = feature.stored_name(name);
        let label = feature.label(name);
        let fqn = format!("{}.{label}", entity.namespace);
        if self.graph.by_fqn.insert(fqn.clone(), id).is_some() {
            self.fault(Code::DuplicateDefinition, format!("`{fqn}` is declared twice."), &feature.place);
        }
        // The default version goes by its number too.
        if let Some(version) = feature.version {
            self.graph.by_fqn.insert(format!("{}.{name}@{version}", entity.namespace), id);
        }
        self.graph.entities[entity_id.0 as usize].features.push(id);
        let place = feature.place.clone();
        self.graph.features.push(FeatureNode { id, entity: entity_id, name: label, stored, fqn, kind, place });
        id
    }

    fn link_relationships(&mut self) {
        let bundle = self.bundle;
        for entity in &bundle.entities {
            let Some(id) = self.graph.namespace(&entity.namespace) else { continue };
            for feature in &entity.features {
                let (FeatureKind::HasOne(relationship) | FeatureKind::HasMany(relationship)) = &feature.kind else {
                    continue;
                };
                let Some(linked) = self.link(id, feature, relationship) else { continue };
                let Some(member) = self.graph.member(id, &feature.name) else { continue };
                let node = &mut self.graph.features[member.0 as usize];
                node.kind = match &node.kind {
                    NodeKind::HasOne(_) => NodeKind::HasOne(linked),
                    _ => NodeKind::HasMany(linked),
                };
            }
        }
    }

    fn link(&mut self, local: EntityId, feature: &Feature, relationship: &Relationship) -> Option<RelationshipNode> {
        let Some(foreign) = self.graph.namespace(&relationship.entity) else {
            let known = self.graph.entities.iter().map(|entity| entity.namespace.as_str());
            let hint =
                nearest(&relationship.entity, known).map(|near| format!(" Did you mean `{near}`?")).unwrap_or_default();
            let message =
                format!("`{}` refers to the unknown namespace `{}`.{hint}", feature.name, relationship.entity);
            self.fault(Code::UnknownFeature, message, &feature.place);
            return None;
        };
        let mut on = Vec::with_capacity(relationship.on.len());
        for pair in &relationship.on {
            let ours = self.join_column(local, &pair.local, feature)?;
            let theirs = self.join_column(foreign, &pair.foreign, feature)?;
            let (left, right) = (self.type_of(ours), self.type_of(theirs));
            if left != right {
                let message = format!(
                    "The join `{}` compares {} ({}) with {} ({}); both sides must have the same type.",
                    feature.name,
                    self.graph.feature(ours).fqn,
                    display(left.as_ref()),
                    self.graph.feature(theirs).fqn,
                    display(right.as_ref()),
                );
                self.fault(Code::TypeMismatch, message, &feature.place);
            }
            on.push((ours, theirs));
        }
        if on.is_empty() {
            self.fault(
                Code::AmbiguousJoin,
                format!("The relationship `{}` has no join.", feature.name),
                &feature.place,
            );
        }
        Some(RelationshipNode { entity: foreign, optional: relationship.optional, on })
    }

    fn join_column(&mut self, entity: EntityId, name: &str, feature: &Feature) -> Option<FeatureId> {
        let found = self.graph.member(entity, name).filter(|id| self.graph.scalar(*id).is_some());
        if found.is_none() {
            let namespace = &self.graph.entity(entity).namespace;
            let message =
                format!("The join `{}` uses `{namespace}.{name}`, which is not a feature with a value.", feature.name);
            self.fault(Code::UnknownFeature, message, &feature.place);
        }
        found
    }

    fn type_of(&self, id: FeatureId) -> Option<DataType> {
        self.graph.scalar(id).map(|scalar| scalar.data_type.clone())
    }

    fn check_keys(&mut self) {
        let bundle = self.bundle;
        for entity in &bundle.entities {
            let Some(id) = self.graph.namespace(&entity.namespace) else { continue };
            self.check_primary_key(id, entity);
            let Some(name) = &entity.feature_time else { continue };
            match self.graph.member(id, name) {
                Some(time) if self.type_of(time) == Some(DataType::Datetime) => {
                    self.graph.entities[id.0 as usize].feature_time = Some(time);
                }
                _ => {
                    let message = format!("The feature time `{}.{name}` must be a datetime feature.", entity.namespace);
                    self.fault(Code::FeatureTime, message, &entity.place);
                }
            }
        }
    }

    fn check_primary_key(&mut self, id: EntityId, entity: &Entity) {
        let key = entity.primary_key.as_deref().and_then(|name| self.graph.member(id, name));
        match key {
            Some(key) if matches!(self.type_of(key), Some(DataType::Int | DataType::Str)) => {
                self.graph.entities[id.0 as usize].primary_key = Some(key);
            }
            Some(key) => {
                let message = format!("The primary key `{}` must be an int or a str.", self.graph.feature(key).fqn);
                self.fault(Code::PrimaryKey, message, &entity.place);
            }
            None if entity.singleton => {}
            None => {
                let message = format!("The feature class `{}` has no primary key.", entity.class);
                self.fault(Code::PrimaryKey, message, &entity.place);
            }
        }
    }

    fn check_duplicates(&mut self) {
        let bundle = self.bundle;
        let resolvers = bundle.resolvers.iter().map(|resolver| (resolver.name.clone(), &resolver.place, "resolvers"));
        let sources = bundle.sources.iter().map(|source| (source.name.clone(), &source.place, "sources"));
        let queries = bundle.named_queries.iter().map(|query| {
            (format!("{} {}", query.name, query.version.as_deref().unwrap_or("")), &query.place, "named queries")
        });
        let mut seen: HashMap<(String, &str), &Place> = HashMap::new();
        for (name, place, kind) in resolvers.chain(sources).chain(queries) {
            if let Some(first) = seen.insert((name.clone(), kind), place) {
                let message = format!("Two {kind} are called `{}`; the first is at {first}.", name.trim_end());
                self.faults.push(Letter::new(Code::DuplicateDefinition, message).at(place));
            }
        }
    }
}

fn display(data_type: Option<&DataType>) -> String {
    data_type.map_or_else(|| "a relationship".to_owned(), ToString::to_string)
}

fn scalar_node(scalar: &Scalar, window: Option<i64>, group_by: &[String]) -> ScalarNode {
    ScalarNode {
        data_type: scalar.data_type.clone(),
        nullable: scalar.nullable,
        expression: scalar.expression.clone(),
        offline_expression: scalar.offline_expression.clone(),
        default: scalar.default.clone(),
        caching: scalar.caching.clone(),
        validations: scalar.validations.clone(),
        window,
        group_by: group_by.to_vec(),
    }
}

/// A relationship before its names are resolved; replaced by `link_relationships`, or a fault is reported.
fn unlinked(relationship: &Relationship) -> RelationshipNode {
    RelationshipNode { entity: EntityId(u32::MAX), optional: relationship.optional, on: Vec::new() }
}
