//! `handle_duplicate_outputs="error"`: where only the order of a resolver's rows would decide an answer, there is none.

use crate::context::Context;
use crate::frame::{Frame, Rows};
use crate::stages::deliver::fail;
use creta_model::bundle::DuplicateOutputs;
use creta_model::{Code, Graph, Letter, ResolverId};
use creta_plan::{ScopePlan, Stage};

/// Whether the resolver promises that no key comes twice at one feature time.
pub(crate) fn are_refused(graph: &Graph, resolver: ResolverId) -> bool {
    graph.resolver(resolver).handle_duplicate_outputs == DuplicateOutputs::Error
}

/// The letter about a resolver that broke its promise.
pub(crate) fn letter(graph: &Graph, resolver: ResolverId) -> Letter {
    let resolver = graph.resolver(resolver);
    let message = format!("`{}` returned several rows for one key at one feature time.", resolver.name);
    Letter::new(Code::ValidationFailed, message)
        .resolver(&resolver.name)
        .at(&resolver.place)
        .fix("Return each key once, or leave out `handle_duplicate_outputs` to let the last row stand.")
}

/// Fails the outputs of a stage for the rows (asked by position) whose answer the order decided.
pub(crate) fn refuse(
    context: &mut Context<'_>,
    plan: &ScopePlan,
    stage: &Stage,
    resolver: ResolverId,
    frame: &mut Frame,
    rows: &Rows,
    is_by_order: impl FnMut(usize) -> bool,
) {
    let doubtful = rows.filter(frame.rows, is_by_order);
    if doubtful.len(frame.rows) == 0 {
        return;
    }
    let letter = letter(context.deployment.project.graph(), resolver);
    for slot in &stage.outputs {
        fail(context, plan, frame, *slot, &doubtful, &letter);
    }
}
