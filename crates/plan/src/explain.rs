//! A plan in words and as data.

use crate::project::Project;
use crate::question::Mode;
use crate::stages::{Action, Enumerate, HasMany, Lister, Other, Plan, ProductKind, ScopePlan, Slot, Stage};
use creta_model::duration;
use serde::Serialize;

/// A plan for people (`text`) and for programs (`plan`).
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    pub text: String,
    pub plan: ExplainedPlan,
}

#[derive(Debug, Clone, Serialize)]
pub struct ExplainedPlan {
    pub mode: &'static str,
    pub outputs: Vec<String>,
    pub scopes: Vec<ExplainedScope>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// Rows of one entity and their steps in order.
#[derive(Debug, Clone, Serialize)]
pub struct ExplainedScope {
    pub entity: String,
    pub steps: Vec<ExplainedStep>,
}

#[derive(Debug, Clone, Serialize)]
pub struct ExplainedStep {
    pub operator: &'static str,
    pub detail: String,
    pub features: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inside: Option<ExplainedScope>,
}

impl Explanation {
    pub fn of(project: &Project, plan: &Plan) -> Explanation {
        let mode = match plan.question.mode {
            Mode::Online => "online",
            Mode::Offline(_) => "offline",
        };
        let scopes: Vec<ExplainedScope> = plan.roots.iter().map(|root| scope(project, &root.scope)).collect();
        let outputs = plan.outputs.iter().map(|output| output.name.clone()).collect();
        let plan = ExplainedPlan { mode, outputs, scopes, warnings: plan.warnings.clone() };
        Explanation { text: render(&plan), plan }
    }
}

fn scope(project: &Project, scope: &ScopePlan) -> ExplainedScope {
    let mut steps = Vec::new();
    if !scope.cached.is_empty() {
        let features = scope.cached.iter().map(|cached| {
            format!("{} (up to {})", scope.slots[cached.slot.0].label, duration::display(*cached.ages.end()))
        });
        steps.push(step("online store", "newest values by key", features.collect()));
    }
    if !scope.sampled.is_empty() {
        let features = scope.sampled.iter().map(|sampled| scope.slots[sampled.slot.0].label.clone());
        steps.push(step("offline store", "newest observation at or before each row's time", features.collect()));
    }
    steps.extend(scope.stages.iter().map(|stage| explain_stage(project, scope, stage)));
    ExplainedScope { entity: project.graph().entity(scope.entity).namespace.clone(), steps }
}

fn step(operator: &'static str, detail: impl Into<String>, features: Vec<String>) -> ExplainedStep {
    ExplainedStep { operator, detail: detail.into(), features, inside: None }
}

fn explain_stage(project: &Project, own: &ScopePlan, stage: &Stage) -> ExplainedStep {
    let features = labels(own, &stage.outputs);
    match &stage.action {
        Action::Lookup(lookup) => {
            let source = project.sql_body(lookup.resolver).map(|body| body.source.as_str()).unwrap_or_default();
            let name = &project.graph().resolver(lookup.resolver).name;
            let how = match (&lookup.key_column, &lookup.time_column) {
                (Some(key), Some(time)) => format!("by {key}, newest {time} at or before now"),
                (Some(key), None) => format!("by {key}"),
                (None, _) if lookup.parameters.is_empty() => "its last row".to_owned(),
                (None, _) => "by its parameters".to_owned(),
            };
            step("sql", format!("{name} on {source} {how}"), features)
        }
        Action::Python(call) => {
            let name = &project.graph().resolver(call.resolver).name;
            let how = if call.frame { "once per batch" } else { "once per row" };
            step("python", format!("{name} {how}"), features)
        }
        Action::Expression(_) => step("expression", "", features),
        Action::Default(_) => step("default", "where there is no value", features),
        Action::HasOne(one) => {
            let (operator, name) = match one.other {
                Other::Related(relationship) => ("has-one", &project.graph().feature(relationship).fqn),
                Other::Singleton(entity) => ("singleton", &project.graph().entity(entity).namespace),
            };
            let optional = if one.optional { ", may be absent" } else { "" };
            let inside = Some(scope(project, &one.scope));
            ExplainedStep { operator, detail: format!("{name}{optional}"), features: Vec::new(), inside }
        }
        Action::HasMany(many) => explain_rows(project, many, features),
    }
}

fn explain_rows(project: &Project, many: &HasMany, features: Vec<String>) -> ExplainedStep {
    let name = &project.graph().feature(many.relationship).fqn;
    let aggregates =
        many.products.iter().filter(|product| matches!(product.kind, ProductKind::Aggregate { .. })).count();
    let detail = format!("{name}, rows from {}; {aggregates} aggregates", enumerator(project, &many.enumerate));
    let inside = Some(scope(project, &many.scope)).filter(|scope| !scope.steps.is_empty());
    ExplainedStep { operator: "has-many", detail, features, inside }
}

fn enumerator<'a>(project: &'a Project, enumerate: &Enumerate) -> &'a str {
    match enumerate.lister {
        Lister::Resolver(resolver) => &project.graph().resolver(resolver).name,
        Lister::Caller => "the input",
    }
}

fn labels(scope: &ScopePlan, slots: &[Slot]) -> Vec<String> {
    slots.iter().map(|slot| scope.slots[slot.0].label.clone()).collect()
}

fn render(plan: &ExplainedPlan) -> String {
    let mut text = format!("{} plan\n", plan.mode);
    for scope in &plan.scopes {
        render_scope(scope, 1, &mut text);
    }
    for warning in &plan.warnings {
        text.push_str(&format!("note: {warning}\n"));
    }
    text
}

fn render_scope(scope: &ExplainedScope, depth: usize, text: &mut String) {
    let margin = "  ".repeat(depth);
    text.push_str(&format!("{margin}rows of {}\n", scope.entity));
    for step in &scope.steps {
        let features = match step.features.is_empty() {
            true => String::new(),
            false => format!(" → {}", step.features.join(", ")),
        };
        let detail = if step.detail.is_empty() { String::new() } else { format!(" {}", step.detail) };
        text.push_str(&format!("{margin}  {}{detail}{features}\n", step.operator));
        if let Some(inside) = &step.inside {
            render_scope(inside, depth + 2, text);
        }
    }
}
