//! Turns answered frames into the outputs that the caller asked for.

use crate::context::Context;
use crate::frame::{Frame, Giver, PerRow, State};
use crate::request::{Answer, Origin, Output};
use crate::validation::failing;
use arrow::array::Int64Array;
use creta_model::{Graph, Letter};
use creta_plan::Plan;
use creta_plan::stages::PlannedOutput;

pub(crate) fn assemble(context: Context<'_>, plan: &Plan, frames: Vec<Frame>) -> Result<Answer, Vec<Letter>> {
    let graph = context.deployment.project.graph();
    let rows = frames.first().map_or(0, |frame| frame.rows);
    let mut outputs = Vec::with_capacity(plan.outputs.len());
    for output in &plan.outputs {
        let scope = plan.root_of(output);
        let frame = &frames[output.root];
        let column = &frame.columns[output.slot.0];
        let info = &scope.slots[output.slot.0];
        let values = column.present(&info.data_type, frame.rows).map_err(|letter| vec![letter])?;
        let validations = output.feature.and_then(|feature| graph.scalar(feature)).map(|scalar| &scalar.validations);
        let failing = failing(validations.into_iter().flatten(), &values);
        let is_valid = |row: usize| failing.as_ref().is_none_or(|failing| !failing[row]);
        let valid = (0..rows).map(|row| column.states.get(row) == State::Present && is_valid(row)).collect();
        let observed = |row: usize| Some(column.observed_at.get(row)).filter(|time| *time != i64::MIN);
        outputs.push(Output {
            name: output.name.clone(),
            namespace: graph.entity(scope.entity).namespace.clone(),
            values,
            valid,
            origins: origins(graph, &column.givers),
            observed_at: (0..rows).map(observed).collect::<Int64Array>(),
        });
    }
    let mut letters: Vec<Letter> = context.letters.into_iter().map(|told| told.letter).collect();
    name_as_asked(plan, &mut letters);
    let first = plan.roots.first().zip(frames.first());
    let keys = first.and_then(|(root, frame)| frame.columns[root.scope.key?.0].values.clone());
    Ok(Answer { outputs, rows, letters, started_at: context.started_at, keys })
}

/// A caller may ask for a version by its number although it is the default, or by both names: a letter then names it
/// as asked, once per name.
fn name_as_asked(plan: &Plan, letters: &mut Vec<Letter>) {
    let label = |output: &PlannedOutput| &plan.root_of(output).slots[output.slot.0].label;
    if plan.outputs.iter().all(|output| output.name == *label(output)) {
        return;
    }
    *letters = std::mem::take(letters)
        .into_iter()
        .flat_map(|letter| {
            let asked = plan.outputs.iter().filter(|output| letter.feature.as_ref() == Some(label(output)));
            let named: Vec<Letter> =
                asked.map(|output| Letter { feature: Some(output.name.clone()), ..letter.clone() }).collect();
            if named.is_empty() { vec![letter] } else { named }
        })
        .collect();
}

fn origins(graph: &Graph, givers: &PerRow<Giver>) -> Vec<Origin> {
    match givers {
        PerRow::Same(giver) => vec![origin(graph, *giver)],
        PerRow::Each(givers) => givers.iter().map(|giver| origin(graph, *giver)).collect(),
    }
}

fn origin(graph: &Graph, giver: Giver) -> Origin {
    match giver {
        Giver::NOBODY => Origin::None,
        Giver::INPUT => Origin::Input,
        Giver::ONLINE_STORE => Origin::OnlineStore,
        Giver::OFFLINE_STORE => Origin::OfflineStore,
        Giver::DEFAULT => Origin::Default,
        other => match other.as_resolver() {
            Some(id) => Origin::Resolver(graph.resolver(id).name.clone()),
            None => Origin::Expression,
        },
    }
}
