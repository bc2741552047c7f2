//! Advice about a sound bundle: what is allowed and probably not meant, each at its place. It never blocks a deployment.

use crate::metadata_rules;
use crate::project::Project;
use creta_expr::{Aggregate, Input, Program, Relation};
use creta_model::bundle::Severity;
use creta_model::graph::NodeKind;
use creta_model::{Bundle, Code, FeatureId, Graph, Letter};
use serde::{Deserialize, Serialize};

/// A letter that is no error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Advice {
    pub severity: Severity,
    #[serde(flatten)]
    pub letter: Letter,
}

/// Everything worth saying about a bundle that passed [`crate::check()`].
pub fn lint(bundle: &Bundle, project: &Project) -> Vec<Advice> {
    let words = metadata_rules::findings(bundle).filter(|(severity, _)| *severity != Severity::Error);
    let mut advice: Vec<Advice> = words.map(|(severity, letter)| Advice { severity, letter }).collect();
    for letter in leaks(project) {
        let leak = Advice { severity: Severity::Warning, letter };
        // Windows share one declaration, and an offline expression is often the online one with a small change.
        if !advice.contains(&leak) {
            advice.push(leak);
        }
    }
    advice
}

/// Aggregates that see rows from after a row's own time when they are computed for a training set.
fn leaks(project: &Project) -> Vec<Letter> {
    let graph = project.graph();
    let mut letters = Vec::new();
    for node in &graph.features {
        let mut found = Vec::new();
        for programs in [&project.programs, &project.offline_programs] {
            if let Some(program) = programs.get(&node.id) {
                collect(graph, program, &mut found);
            }
        }
        letters.extend(found.into_iter().map(|leak| letter(graph, leak).at(&node.place)));
    }
    letters
}

/// A has-many relationship and the ordinary datetime that bounds its rows from below only.
#[derive(Clone, Copy)]
struct Leak {
    rows: FeatureId,
    column: FeatureId,
}

fn collect(graph: &Graph, program: &Program, found: &mut Vec<Leak>) {
    for input in &program.inputs {
        let Input::Aggregate(aggregate) = input else { continue };
        found.extend(leak(graph, aggregate));
        for inner in aggregate.value.iter().chain(&aggregate.by).chain(&aggregate.filters) {
            collect(graph, inner, found);
        }
    }
}

/// A class with a feature time is bounded by it without being asked (framework §2); any other needs an upper bound.
fn leak(graph: &Graph, aggregate: &Aggregate) -> Option<Leak> {
    let NodeKind::HasMany(relationship) = &graph.feature(aggregate.rows).kind else { return None };
    if graph.entity(relationship.entity).feature_time.is_some() {
        return None;
    }
    let is_below = |relation| matches!(relation, Relation::Greater | Relation::GreaterOrEqual);
    if !aggregate.bounds.iter().all(|bound| is_below(bound.relation)) {
        return None;
    }
    aggregate.bounds.first().map(|bound| Leak { rows: aggregate.rows, column: bound.column })
}

fn letter(graph: &Graph, leak: Leak) -> Letter {
    let (rows, column) = (graph.feature(leak.rows), graph.feature(leak.column));
    let class = &graph.entity(column.entity).class;
    let message = format!(
        "The rows of `{}` have a lower bound on `{}` only, and `{class}` has no feature time: in a training set, rows \
         from after a row's own time count too.",
        rows.fqn, column.name
    );
    let fix = format!(
        "Declare `{0}` as the FeatureTime of `{class}`, or add the filter `_.{0} <= _.creta_now`.",
        column.name
    );
    Letter::new(Code::Expression, message).fix(fix)
}
