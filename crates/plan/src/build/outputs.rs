//! What a question's output names stand for: paths, whole namespaces, all windows of a windowed feature.

use super::unknown;
use crate::project::Project;
use crate::question::Question;
use creta_model::graph::{NodeKind, Path};
use creta_model::{Code, EntityId, FeatureId, Letter};

/// One output column to plan.
pub(super) struct Wanted {
    pub name: String,
    pub path: Path,
    /// The features of rows that are listed in brackets.
    pub columns: Option<Vec<FeatureId>>,
    /// Named by the caller; otherwise part of an expansion, and left out when it cannot be planned.
    pub explicit: bool,
}

/// Expands the output names in order; none at all stands for all values of the input namespaces.
pub(super) fn wanted_outputs(project: &Project, question: &Question) -> Result<Vec<Wanted>, Vec<Letter>> {
    let mut wanted = Vec::new();
    let mut faults = Vec::new();
    if question.outputs.is_empty() {
        let mut namespaces: Vec<&str> = question.inputs.iter().filter_map(|name| name.split('.').next()).collect();
        namespaces.dedup();
        for namespace in namespaces {
            wanted.extend(project.graph().namespace(namespace).into_iter().flat_map(|entity| whole(project, entity)));
        }
        if wanted.is_empty() {
            return Err(vec![Letter::new(Code::InvalidQuery, "The query names neither inputs nor outputs.")]);
        }
    }
    for name in &question.outputs {
        match expand(project, name) {
            Ok(found) => wanted.extend(found),
            Err(letter) => faults.push(unknown(letter, name, "output")),
        }
    }
    if faults.is_empty() { Ok(wanted) } else { Err(faults) }
}

fn expand(project: &Project, name: &str) -> Result<Vec<Wanted>, Letter> {
    let graph = project.graph();
    if let Some(entity) = graph.namespace(name) {
        return Ok(whole(project, entity));
    }
    // `root.has_one.windowed` without a window means all windows.
    if let Some((parent, last)) = name.rsplit_once('.').filter(|_| !name.ends_with(']')) {
        let parent_path = match graph.namespace(parent) {
            Some(entity) => Some((Path { root: entity, steps: Vec::new(), feature: None }, entity)),
            None => graph.path(parent).ok().and_then(|path| end_entity(project, &path).map(|entity| (path, entity))),
        };
        if let Some((path, entity)) = parent_path
            && let Some(windows) = graph.windows(entity, last)
        {
            let named = |(_, feature): &(i64, creta_model::FeatureId)| Wanted {
                name: format!("{parent}.{}", graph.feature(*feature).name),
                path: Path { feature: Some(*feature), ..path.clone() },
                columns: None,
                explicit: true,
            };
            return Ok(windows.iter().map(named).collect());
        }
    }
    let (path, columns) = graph.projection(name)?;
    Ok(vec![Wanted { name: name.to_owned(), path, columns, explicit: true }])
}

fn end_entity(project: &Project, path: &Path) -> Option<EntityId> {
    use creta_model::graph::Step;
    let Some(Step::HasOne(last) | Step::HasMany(last)) = path.steps.last() else { return Some(path.root) };
    match &project.graph().feature(*last).kind {
        NodeKind::HasOne(relationship) | NodeKind::HasMany(relationship) => Some(relationship.entity),
        NodeKind::Scalar(_) => None,
    }
}

fn whole(project: &Project, entity: EntityId) -> Vec<Wanted> {
    let graph = project.graph();
    let path = |feature| Path { root: entity, steps: Vec::new(), feature: Some(feature) };
    let wanted = |feature| Wanted {
        name: graph.feature(feature).fqn.clone(),
        path: path(feature),
        columns: None,
        explicit: false,
    };
    graph.scalars(entity).map(wanted).collect()
}
