//! Stored values that a deployment would leave behind although it computes them differently (decision 8).

use crate::lint::Advice;
use crate::project::{ParameterOf, Project};
use creta_expr::{Input, Program};
use creta_model::bundle::{Input as Argument, ResolverBody, Severity};
use creta_model::diff::{Change, Diff};
use creta_model::graph::{Path, Step};
use creta_model::{Code, FeatureId, Letter, ResolverId};
use std::collections::HashSet;

/// What a feature's definition says about how it is computed; other changes leave its value as it is.
const OF_FEATURES: [&str; 6] = ["expression", "offline_expression", "default", "windows", "groups", "kind"];
/// What a resolver may change without answering anything else.
const HARMLESS: [&str; 3] = ["metadata", "timeout", "unique_on"];

/// A note per feature that queries may read from the online store as the old definition computed it: its own
/// definition changes, or that of something it is computed from.
pub fn outdated(project: &Project, diff: &Diff) -> Vec<Advice> {
    let graph = project.graph();
    let is_stored = |feature: &FeatureId| {
        graph.scalar(*feature).is_some_and(|scalar| scalar.caching.max_staleness > 0 && scalar.caching.store_online)
    };
    let is_new = |feature: &FeatureId| diff.features.added.contains(&graph.feature(*feature).fqn);
    let mut outdated: Vec<FeatureId> = changed(project, diff).into_iter().collect();
    outdated.retain(|feature| is_stored(feature) && !is_new(feature));
    outdated.sort_unstable();
    outdated.into_iter().map(|feature| note(project, feature)).collect()
}

fn note(project: &Project, feature: FeatureId) -> Advice {
    let node = project.graph().feature(feature);
    let message = format!("`{}` will be computed differently; values that are stored stay as they were.", node.fqn);
    let fix = format!("Give it a new version, or remove what is stored: `creta drop --features {}`.", node.fqn);
    let letter = Letter::new(Code::InvalidDefinition, message).feature(&node.fqn).at(&node.place).fix(fix);
    Advice { severity: Severity::Info, letter }
}

/// The features whose own definition changes, and all that is computed from them.
fn changed(project: &Project, diff: &Diff) -> HashSet<FeatureId> {
    let graph = project.graph();
    let is_computed = |change: &&Change| change.what.iter().any(|what| OF_FEATURES.contains(&what.as_str()));
    let mut found: HashSet<FeatureId> = HashSet::new();
    for change in diff.features.changed.iter().filter(is_computed) {
        let windows = change
            .name
            .split_once('.')
            .and_then(|(namespace, name)| graph.namespace(namespace).and_then(|entity| graph.windows(entity, name)));
        found.extend(windows.into_iter().flatten().map(|(_, window)| *window));
        found.extend(graph.by_fqn(&change.name));
    }
    let answers_else = |change: &&Change| change.what.iter().any(|what| !HARMLESS.contains(&what.as_str()));
    let resolvers = diff.resolvers.changed.iter().filter(answers_else).map(|change| &change.name);
    let resolvers: HashSet<&String> = resolvers.chain(&diff.resolvers.added).collect();
    for (id, _) in Project::resolver_ids(graph).filter(|(_, resolver)| resolvers.contains(&resolver.name)) {
        found.extend(project.outputs(id).into_iter().map(|(_, feature)| feature));
    }
    loop {
        let before = found.len();
        for node in &graph.features {
            if inputs(project, node.id).iter().any(|input| found.contains(input)) {
                found.insert(node.id);
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

/// What a feature is computed from, directly.
fn inputs(project: &Project, feature: FeatureId) -> Vec<FeatureId> {
    let mut found = Vec::new();
    for program in [project.program(feature, false), project.program(feature, true)].into_iter().flatten() {
        of_program(project, program, &mut found);
    }
    for producer in project.producers(feature) {
        of_resolver(project, *producer, &mut found);
    }
    found
}

fn of_program(project: &Project, program: &Program, found: &mut Vec<FeatureId>) {
    for input in &program.inputs {
        match input {
            Input::Feature(path) | Input::Outer(path) => of_path(project, path, found),
            Input::Aggregate(aggregate) => {
                aggregate.through.iter().chain([&aggregate.rows]).for_each(|step| of_join(project, *step, found));
                let programs = aggregate.value.iter().chain(&aggregate.by).chain(&aggregate.filters);
                programs.for_each(|program| of_program(project, program, found));
            }
            Input::Now => {}
        }
    }
}

fn of_path(project: &Project, path: &Path, found: &mut Vec<FeatureId>) {
    for Step::HasOne(step) | Step::HasMany(step) in &path.steps {
        of_join(project, *step, found);
    }
    found.extend(path.feature);
}

fn of_join(project: &Project, relationship: FeatureId, found: &mut Vec<FeatureId>) {
    use creta_model::graph::NodeKind::{HasMany, HasOne, Scalar};
    match &project.graph().feature(relationship).kind {
        HasOne(related) | HasMany(related) => {
            found.extend(related.on.iter().flat_map(|(local, foreign)| [*local, *foreign]));
        }
        Scalar(_) => {}
    }
}

fn of_resolver(project: &Project, id: ResolverId, found: &mut Vec<FeatureId>) {
    let graph = project.graph();
    let mut path = |entity: &str, path: &str| {
        if let Ok(path) = graph.path(&format!("{entity}.{path}")) {
            of_path(project, &path, found);
        }
    };
    match &graph.resolver(id).body {
        ResolverBody::Sql(_) => {
            let parameters = project.statement(id).map_or(&[][..], |statement| statement.parameters.as_slice());
            for parameter in parameters {
                if let ParameterOf::Feature(path) = &parameter.of {
                    of_path(project, path, found);
                }
            }
        }
        ResolverBody::Python(body) => {
            for parameter in &body.parameters {
                match &parameter.input {
                    Argument::Now | Argument::Last { .. } => {}
                    Argument::Feature { entity, path: name, .. } => path(entity, name),
                    Argument::HasMany { entity, path: name, .. } => path(entity, name),
                    Argument::Frame { entity, columns } => columns.iter().for_each(|name| path(entity, name)),
                }
            }
        }
    }
}
