//! The bundle, made navigable: every feature has a number, every name resolves, windows are features of their own.
//!
//! Building a graph checks what can be checked without looking into expressions or SQL; all faults come at once.

mod build;
mod paths;

use crate::bundle::{Bundle, Caching, NamedQuery, Resolver, Source, Validation};
use crate::data_type::DataType;
use crate::errors::{Letter, Place};
use crate::expression::Expression;
use crate::value::Value;
use std::collections::HashMap;

pub use paths::{Path, Step};

/// Index of an entity in [`Graph::entities`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntityId(pub u32);

/// Index of a feature in the graph, over all entities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FeatureId(pub u32);

/// Index of a resolver in [`Graph::resolvers`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResolverId(pub u32);

/// An entity with its features numbered.
#[derive(Debug, Clone)]
pub struct EntityNode {
    pub namespace: String,
    pub class: String,
    pub singleton: bool,
    pub primary_key: Option<FeatureId>,
    pub feature_time: Option<FeatureId>,
    /// In declaration order, windows expanded in place.
    pub features: Vec<FeatureId>,
    pub place: Place,
}

/// A feature, one window of a windowed feature, or a relationship.
#[derive(Debug, Clone)]
pub struct FeatureNode {
    pub id: FeatureId,
    pub entity: EntityId,
    /// Name within the namespace: `x`, or `x@2` for a version that is not the default.
    pub name: String,
    /// The name that the stores know it by.
    pub stored: String,
    /// `namespace.name`.
    pub fqn: String,
    pub kind: NodeKind,
    pub place: Place,
}

/// What a node is.
#[derive(Debug, Clone)]
pub enum NodeKind {
    Scalar(ScalarNode),
    HasOne(RelationshipNode),
    HasMany(RelationshipNode),
}

/// A feature with one value per row.
#[derive(Debug, Clone)]
pub struct ScalarNode {
    pub data_type: DataType,
    pub nullable: bool,
    pub expression: Option<Expression>,
    pub offline_expression: Option<Expression>,
    pub default: Option<Value>,
    pub caching: Caching,
    pub validations: Vec<Validation>,
    /// Set on each window of a windowed feature, in microseconds.
    pub window: Option<i64>,
    /// Columns of the aggregated rows that the values are grouped by; a group must then be chosen to read one.
    pub group_by: Vec<String>,
}

/// A relationship with its columns resolved.
#[derive(Debug, Clone)]
pub struct RelationshipNode {
    pub entity: EntityId,
    pub optional: bool,
    /// (our feature, their feature).
    pub on: Vec<(FeatureId, FeatureId)>,
}

/// The whole project. Immutable once built.
#[derive(Debug, Clone)]
pub struct Graph {
    pub project: String,
    pub entities: Vec<EntityNode>,
    pub features: Vec<FeatureNode>,
    pub resolvers: Vec<Resolver>,
    pub sources: Vec<Source>,
    pub named_queries: Vec<NamedQuery>,
    by_namespace: HashMap<String, EntityId>,
    by_fqn: HashMap<String, FeatureId>,
    /// Windowed features by `namespace.name` → (window, feature) in declaration order.
    windows: HashMap<String, Vec<(i64, FeatureId)>>,
}

impl Graph {
    /// Numbers everything and checks names, keys, joins and references. Errors: every fault, each with its place.
    pub fn build(bundle: &Bundle) -> Result<Graph, Vec<Letter>> {
        build::build(bundle)
    }

    pub fn entity(&self, id: EntityId) -> &EntityNode {
        &self.entities[id.0 as usize]
    }

    pub fn feature(&self, id: FeatureId) -> &FeatureNode {
        &self.features[id.0 as usize]
    }

    pub fn resolver(&self, id: ResolverId) -> &Resolver {
        &self.resolvers[id.0 as usize]
    }

    /// The scalar behind a feature; None for relationships.
    pub fn scalar(&self, id: FeatureId) -> Option<&ScalarNode> {
        match &self.feature(id).kind {
            NodeKind::Scalar(scalar) => Some(scalar),
            NodeKind::HasOne(_) | NodeKind::HasMany(_) => None,
        }
    }

    pub fn namespace(&self, namespace: &str) -> Option<EntityId> {
        self.by_namespace.get(namespace).copied()
    }

    /// A feature by `namespace.name`, or by `namespace.name@version`.
    pub fn by_fqn(&self, fqn: &str) -> Option<FeatureId> {
        self.by_fqn.get(fqn).copied()
    }

    /// A feature of an entity by its name.
    pub fn member(&self, entity: EntityId, name: &str) -> Option<FeatureId> {
        self.by_fqn(&format!("{}.{name}", self.entity(entity).namespace))
    }

    /// The windows of a windowed feature, by the name it was declared with.
    pub fn windows(&self, entity: EntityId, name: &str) -> Option<&[(i64, FeatureId)]> {
        self.windows.get(&format!("{}.{name}", self.entity(entity).namespace)).map(Vec::as_slice)
    }

    pub fn primary_key(&self, entity: EntityId) -> Option<FeatureId> {
        self.entity(entity).primary_key
    }

    /// The source of that name.
    pub fn source(&self, name: &str) -> Option<&Source> {
        self.sources.iter().find(|source| source.name == name)
    }

    /// Named query by name and version; both must match exactly.
    pub fn named_query(&self, name: &str, version: Option<&str>) -> Option<&NamedQuery> {
        self.named_queries.iter().find(|query| query.name == name && query.version.as_deref() == version)
    }

    /// Features of an entity with one value per row, in declaration order.
    pub fn scalars(&self, entity: EntityId) -> impl Iterator<Item = FeatureId> + '_ {
        self.entity(entity)
            .features
            .iter()
            .copied()
            .filter(|id| self.scalar(*id).is_some_and(|scalar| scalar.group_by.is_empty()))
    }
}
