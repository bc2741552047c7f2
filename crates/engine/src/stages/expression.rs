//! Evaluates a `_` expression on a batch.

use super::deliver::{Delivery, deliver, ready, tell};
use crate::context::Context;
use crate::evaluate::evaluate;
use crate::frame::{Frame, Giver, PerRow, Rows, State};
use arrow::array::{ArrayRef, TimestampMicrosecondArray};
use creta_model::{Code, Letter};
use creta_plan::stages::{BoundProgram, ProgramInput};
use creta_plan::{ScopePlan, Slot, Stage};
use std::sync::Arc;

pub(super) fn run(
    context: &mut Context<'_>,
    plan: &ScopePlan,
    stage: &Stage,
    bound: &BoundProgram,
    frame: &mut Frame,
    rows: &Rows,
) -> Result<(), Letter> {
    let [output] = stage.outputs.as_slice() else { return Ok(()) };
    let rows = ready(context, plan, frame, &required(bound), &stage.outputs, rows);
    let count = rows.len(frame.rows);
    if count == 0 {
        return Ok(());
    }
    let mut inputs = Vec::with_capacity(bound.inputs.len());
    for (input, spared) in bound.inputs.iter().zip(&bound.spared) {
        inputs.push(match input {
            ProgramInput::Slot(slot) | ProgramInput::Outer(slot) => {
                let (column, data_type) = (&frame.columns[slot.0], &plan.slots[slot.0].data_type);
                rows.select(&if *spared {
                    column.present(data_type, frame.rows)?
                } else {
                    column.array(data_type, frame.rows)
                })?
            }
            ProgramInput::Now => now_array(&frame.now, &rows, frame.rows),
        });
    }
    let evaluated = evaluate(&bound.program, &inputs, count)?;
    let values = creta_ports::arrays::cast(&evaluated.values, &plan.slots[output.0].data_type)?;
    let delivery =
        Delivery { values, found: None, giver: Giver::EXPRESSION, observed_at: PerRow::Same(context.started_at) };
    let failed: Vec<u32> = evaluated.failures.iter().map(|failure| rows.at(failure.row) as u32).collect();
    let good = rows.filter(frame.rows, |position| !failed.contains(&(rows.at(position) as u32)));
    let delivery = if failed.is_empty() { delivery } else { delivery.only(&rows, &good, frame.rows)? };
    deliver(context, plan, frame, *output, &good, delivery)?;
    for failure in &evaluated.failures {
        let letter =
            Letter::new(Code::ResolverFailed, format!("`{}`: {}.", plan.slots[output.0].label, failure.message));
        tell(context, plan, frame, *output, rows.at(failure.row), letter, State::Failed);
    }
    frame.columns[output.0].mark(&Rows::Some(failed), frame.rows, State::Failed);
    Ok(())
}

/// What a row must have to be evaluated.
fn required(bound: &BoundProgram) -> Vec<Slot> {
    let required = bound.inputs.iter().zip(&bound.spared).filter(|(_, spared)| !**spared);
    required
        .filter_map(|(input, _)| match input {
            ProgramInput::Slot(slot) => Some(*slot),
            ProgramInput::Outer(_) | ProgramInput::Now => None,
        })
        .collect()
}

/// Query times of the selected rows as a timestamp column.
pub(super) fn now_array(now: &PerRow<i64>, rows: &Rows, total: usize) -> ArrayRef {
    let times = (0..rows.len(total)).map(|position| now.get(rows.at(position)));
    Arc::new(TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC"))
}
