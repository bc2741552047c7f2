//! The planner's front door: question in, plan out.

mod has_many;
mod has_one;
mod outputs;
mod resolvers;
mod scope;

use crate::project::Project;
use crate::question::Question;
use crate::stages::{Plan, PlannedOutput, Root, Slot};
use creta_model::graph::{Path, Step};
use creta_model::{Code, EntityId, FeatureId, Letter};
use outputs::{Wanted, wanted_outputs};
pub(crate) use resolvers::row_of;
use scope::ScopeBuilder;

/// Plans a question. Errors: every REQUEST letter; nothing has run when they are returned.
pub fn plan(project: &Project, question: &Question) -> Result<Plan, Vec<Letter>> {
    let mut roots = roots(project, question)?;
    let mut warnings = Vec::new();
    let mut outputs = Vec::new();
    let mut faults = Vec::new();
    for wanted in wanted_outputs(project, question)? {
        if project.graph().entity(wanted.path.root).singleton {
            root_of(&mut roots, project, question, wanted.path.root);
        }
        match place(&mut roots, &wanted) {
            Ok((root, slot)) => {
                outputs.push(PlannedOutput { name: wanted.name, root, slot, feature: wanted.path.feature });
            }
            Err(letter) if wanted.explicit => faults.push(describe(letter, &wanted.name)),
            Err(letter) => warnings.push(format!("{} is left out: {}", wanted.name, letter.message)),
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let roots = roots.into_iter().map(|(builder, inputs)| Root { scope: builder.finish(), inputs }).collect();
    Ok(Plan { question: question.clone(), roots, outputs, warnings })
}

type RootBuilder<'a> = (ScopeBuilder<'a>, Vec<(usize, Slot)>);

/// One builder per namespace among the inputs and outputs, with the inputs given.
fn roots<'a>(project: &'a Project, question: &'a Question) -> Result<Vec<RootBuilder<'a>>, Vec<Letter>> {
    let mut roots: Vec<RootBuilder<'a>> = Vec::new();
    let mut faults = Vec::new();
    for (position, input) in question.inputs.iter().enumerate() {
        match project.graph().projection(input) {
            Ok((path, columns)) => {
                let root = root_of(&mut roots, project, question, path.root);
                match give(&mut roots[root].0, &path, columns) {
                    Some(slot) => roots[root].1.push((position, slot)),
                    None => faults.push(not_an_input(input)),
                }
            }
            Err(letter) => faults.push(unknown(letter, input, "input")),
        }
    }
    faults.extend(supposed_singleton(project, question, &roots));
    if faults.is_empty() { Ok(roots) } else { Err(faults) }
}

/// Rows of other classes read a singleton as it is, not as the caller gives it.
fn supposed_singleton(project: &Project, question: &Question, roots: &[RootBuilder<'_>]) -> Option<Letter> {
    let is_singleton = |root: &&RootBuilder<'_>| project.graph().entity(root.0.entity()).singleton;
    let (_, inputs) = roots.iter().filter(|_| roots.len() > 1).find(is_singleton)?;
    let name = inputs.first().map(|(position, _)| &question.inputs[*position])?;
    let message = format!("`{name}` cannot be given beside another class: it belongs to a singleton.");
    Some(Letter::new(Code::InvalidQuery, message).feature(name).fix("Give the features that are computed from it."))
}

/// The slot of an input: a feature of the entity itself, or the rows of one of its has-many relationships.
fn give(scope: &mut ScopeBuilder<'_>, path: &Path, columns: Option<Vec<FeatureId>>) -> Option<Slot> {
    match (path.steps.as_slice(), path.feature) {
        ([], Some(feature)) => Some(scope.give(feature)),
        ([Step::HasMany(relationship)], None) => {
            let entity = scope.graph().rows_of(path)?;
            let columns = columns.unwrap_or_else(|| scope.graph().scalars(entity).collect());
            Some(scope.give_rows(*relationship, columns))
        }
        _ => None,
    }
}

fn not_an_input(input: &str) -> Letter {
    let message =
        format!("`{input}` cannot be given: inputs are features of the entity itself, or rows related to it.");
    Letter::new(Code::InvalidQuery, message).feature(input)
}

fn root_of<'a>(
    roots: &mut Vec<RootBuilder<'a>>,
    project: &'a Project,
    question: &'a Question,
    entity: EntityId,
) -> usize {
    roots.iter().position(|(builder, _)| builder.entity() == entity).unwrap_or_else(|| {
        roots.push((ScopeBuilder::new(project, question, entity, 0), Vec::new()));
        roots.len() - 1
    })
}

fn place(roots: &mut [RootBuilder<'_>], wanted: &Wanted) -> Result<(usize, Slot), Letter> {
    let Some(root) = roots.iter().position(|(builder, _)| builder.entity() == wanted.path.root) else {
        let message =
            format!("Nothing of the namespace of `{}` is given, so there is no row to answer for.", wanted.name);
        return Err(Letter::new(Code::InvalidQuery, message).fix("Give its primary key among the inputs."));
    };
    let slot = match &wanted.columns {
        Some(columns) => roots[root].0.need_listed_rows(&wanted.path.steps, columns)?,
        None => roots[root].0.need_path(&wanted.path.steps, wanted.path.feature)?,
    };
    Ok((root, slot))
}

fn describe(letter: Letter, output: &str) -> Letter {
    match &letter.feature {
        Some(feature) if feature != output => {
            let message = format!("{} It is needed for `{output}`.", letter.message);
            Letter { message, ..letter }
        }
        _ => letter.feature(output),
    }
}

/// A feature that the caller misspelt is the caller's mistake, not the project's.
fn unknown(letter: Letter, name: &str, role: &str) -> Letter {
    let message = format!("Query {role} referenced undefined feature '{name}'");
    let fix = match letter.message.contains("windowed") {
        true => letter.fix,
        false => letter.fix.filter(|fix| fix.starts_with("Did")),
    };
    Letter { code: Code::UnknownQueryFeature, message, fix, feature: Some(name.to_owned()), ..letter }
}
