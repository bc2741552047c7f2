//! What a deployment defines, as data for people and tools that look into it (framework §16).

use crate::project::{Parameter, ParameterOf, Project};
use creta_model::bundle::{FeatureKind, Input, Metadata, PythonBody, Resolver, ResolverBody, ResolverKind};
use creta_model::graph::{FeatureNode, NodeKind, Path, Step};
use creta_model::{Bundle, FeatureId, Graph, ResolverId};
use serde::Serialize;
use std::collections::HashMap;

#[derive(Debug, Clone, Serialize)]
pub struct Description {
    pub features: Vec<DescribedFeature>,
    pub resolvers: Vec<DescribedResolver>,
}

/// A feature; each window of a windowed one stands for itself.
#[derive(Debug, Clone, Serialize)]
pub struct DescribedFeature {
    pub fqn: String,
    pub name: String,
    pub detail: Detail,
    pub tags: Vec<String>,
    pub etl_offline_to_online: bool,
}

#[derive(Debug, Clone, Serialize)]
pub struct Detail {
    /// scalar, has_one or has_many.
    pub kind: &'static str,
    /// The type of a scalar, or the namespace that a relationship leads to.
    #[serde(rename = "type")]
    pub data_type: String,
    pub optional: bool,
    /// Microseconds; 0 = never read from the online store.
    pub max_staleness: i64,
    pub owner: Option<String>,
    pub description: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
pub struct DescribedResolver {
    pub fqn: String,
    pub execution_kind: ResolverKind,
    pub tags: Vec<String>,
    pub feature_inputs: Vec<String>,
    pub feature_outputs: Vec<String>,
}

impl Description {
    /// In the order of the definitions.
    pub fn of(bundle: &Bundle, project: &Project) -> Description {
        let graph = project.graph();
        let words = words(bundle, graph);
        let nothing = Metadata::default();
        let described = |node: &FeatureNode| feature(graph, node, words.get(&node.id).copied().unwrap_or(&nothing));
        Description {
            features: graph.features.iter().map(described).collect(),
            resolvers: Project::resolver_ids(graph).map(|(id, found)| resolver(project, id, found)).collect(),
        }
    }
}

/// The metadata of every numbered feature; windows share what was said about their declaration.
fn words<'a>(bundle: &'a Bundle, graph: &Graph) -> HashMap<FeatureId, &'a Metadata> {
    let mut words = HashMap::new();
    for declared in &bundle.entities {
        let Some(entity) = graph.namespace(&declared.namespace) else { continue };
        for feature in &declared.features {
            match &feature.kind {
                FeatureKind::Windowed(_) => {
                    let windows = graph.windows(entity, &feature.name).unwrap_or_default();
                    words.extend(windows.iter().map(|(_, id)| (*id, &feature.metadata)));
                }
                _ => words.extend(graph.member(entity, &feature.name).map(|id| (id, &feature.metadata))),
            }
        }
    }
    words
}

fn feature(graph: &Graph, node: &FeatureNode, words: &Metadata) -> DescribedFeature {
    let caching = graph.scalar(node.id).map(|scalar| &scalar.caching);
    let (kind, data_type, optional) = match &node.kind {
        NodeKind::Scalar(scalar) => ("scalar", scalar.data_type.to_string(), scalar.nullable),
        NodeKind::HasOne(to) => ("has_one", graph.entity(to.entity).namespace.clone(), to.optional),
        NodeKind::HasMany(to) => ("has_many", graph.entity(to.entity).namespace.clone(), to.optional),
    };
    DescribedFeature {
        fqn: node.fqn.clone(),
        name: node.name.clone(),
        detail: Detail {
            kind,
            data_type,
            optional,
            max_staleness: caching.map_or(0, |caching| caching.max_staleness),
            owner: words.owner.clone(),
            description: words.description.clone(),
        },
        tags: words.tags.clone(),
        etl_offline_to_online: caching.is_some_and(|caching| caching.etl_offline_to_online),
    }
}

fn resolver(project: &Project, id: ResolverId, resolver: &Resolver) -> DescribedResolver {
    let graph = project.graph();
    let feature_inputs = match &resolver.body {
        ResolverBody::Python(body) => python_inputs(body),
        ResolverBody::Sql(_) => {
            let parameters = project.statement(id).map_or(&[][..], |statement| statement.parameters.as_slice());
            let path = |parameter: &Parameter| match &parameter.of {
                ParameterOf::Feature(path) => Some(fqn(graph, path)),
                ParameterOf::Now | ParameterOf::Since => None,
            };
            parameters.iter().filter_map(path).collect()
        }
    };
    let outputs = project.outputs(id).into_iter().map(|(_, feature)| graph.feature(feature).fqn.clone());
    DescribedResolver {
        fqn: resolver.name.clone(),
        execution_kind: resolver.kind,
        tags: resolver.metadata.tags.clone(),
        feature_inputs,
        feature_outputs: outputs.collect(),
    }
}

/// The query time is no feature.
fn python_inputs(body: &PythonBody) -> Vec<String> {
    let of_parameter = |input: &Input| match input {
        Input::Now => Vec::new(),
        Input::Feature { entity, path, .. } | Input::Last { entity, path } | Input::HasMany { entity, path, .. } => {
            vec![format!("{entity}.{path}")]
        }
        Input::Frame { entity, columns } => {
            columns.iter().filter(|path| *path != "now").map(|path| format!("{entity}.{path}")).collect()
        }
    };
    body.parameters.iter().flat_map(|parameter| of_parameter(&parameter.input)).collect()
}

fn fqn(graph: &Graph, path: &Path) -> String {
    let mut text = graph.entity(path.root).namespace.clone();
    let steps = path.steps.iter().map(|step| match step {
        Step::HasOne(feature) | Step::HasMany(feature) => *feature,
    });
    for feature in steps.chain(path.feature) {
        text.push('.');
        text.push_str(&graph.feature(feature).name);
    }
    text
}
