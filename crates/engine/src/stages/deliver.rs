//! What every stage does with its results: the null rules of framework §1, failures, and inputs that are not there.

use crate::context::{Context, Told, internal};
use crate::frame::{Column, Fill, Frame, Giver, PerRow, Rows, State};
use crate::validation::failing;
use arrow::array::{Array, ArrayRef, BooleanArray};
use arrow::compute::nullif;
use creta_model::{Code, Letter};
use creta_plan::{ScopePlan, Slot};
use creta_ports::arrays::display_key;

/// Values for the rows that a stage worked on.
pub(super) struct Delivery {
    pub values: ArrayRef,
    /// Where the producer had something to say; all rows when None.
    pub found: Option<Vec<bool>>,
    pub giver: Giver,
    pub observed_at: PerRow<i64>,
}

/// Fills a slot. A null in a feature that cannot be null is left to its default, or fails.
pub(super) fn deliver(
    context: &mut Context<'_>,
    plan: &ScopePlan,
    frame: &mut Frame,
    slot: Slot,
    rows: &Rows,
    delivery: Delivery,
) -> Result<(), Letter> {
    let total = frame.rows;
    // What the caller gave and what a store answered stays, although the producer has it too.
    let column = &frame.columns[slot.0];
    let open;
    let (rows, delivery) = if column.states.all(State::Unset) {
        (rows, delivery)
    } else {
        open = rows.filter(total, |position| column.states.get(rows.at(position)) == State::Unset);
        (&open, delivery.only(rows, &open, total)?)
    };
    let count = rows.len(total);
    if count == 0 {
        return Ok(());
    }
    let info = &plan.slots[slot.0];
    let everything_found = delivery.found.is_none();
    let nulls_matter = !info.nullable && info.feature.is_some() && delivery.values.null_count() > 0;
    let refused = refused(context, plan, slot, &delivery.values);
    let (states, givers) = if everything_found && !nulls_matter && refused.is_none() {
        (PerRow::Same(State::Present), PerRow::Same(delivery.giver))
    } else {
        let state = |position: usize| match &delivery.found {
            Some(found) if !found[position] => State::Unset,
            _ if nulls_matter && delivery.values.is_null(position) => forbidden_null(context, plan, slot),
            _ if refused.as_ref().is_some_and(|refused| refused[position]) => State::Failed,
            _ => State::Present,
        };
        let states: Vec<State> = (0..count).map(state).collect();
        for position in (0..count).filter(|position| states[*position] == State::Failed) {
            let letter = match delivery.values.is_null(position) {
                true => null_refused(&info.label),
                false => value_refused(&info.label),
            };
            tell(context, plan, frame, slot, rows.at(position), letter, State::Failed);
        }
        let giver = |state: &State| if *state == State::Unset { Giver::NOBODY } else { delivery.giver };
        let givers = states.iter().map(giver).collect();
        (PerRow::Each(states), PerRow::Each(givers))
    };
    // What does not count is nowhere to be seen, also not by a resolver that can do without it.
    let values = match refused {
        Some(refused) => nullif(&delivery.values, &BooleanArray::from(refused)).map_err(internal)?,
        None => delivery.values,
    };
    let fill = Fill { values, states, givers, observed_at: delivery.observed_at };
    frame.columns[slot.0].fill(rows, total, fill)
}

/// Values outside of strict limits.
fn refused(context: &Context<'_>, plan: &ScopePlan, slot: Slot, values: &ArrayRef) -> Option<Vec<bool>> {
    let graph = context.deployment.project.graph();
    let scalar = plan.slots[slot.0].feature.and_then(|feature| graph.scalar(feature))?;
    failing(scalar.validations.iter().filter(|validation| validation.strict), values)
}

fn null_refused(label: &str) -> Letter {
    let message = format!("`{label}` cannot be null, but its producer gave no value and it has no default.");
    Letter::new(Code::ValidationFailed, message).fix("Declare it `| None`, or give it a default.")
}

fn value_refused(label: &str) -> Letter {
    let message = format!("`{label}` was given a value outside of its strict limits.");
    Letter::new(Code::ValidationFailed, message)
        .fix("Correct the producer, or leave out `strict` to be given such values marked as not valid.")
}

fn forbidden_null(context: &Context<'_>, plan: &ScopePlan, slot: Slot) -> State {
    let graph = context.deployment.project.graph();
    let scalar = plan.slots[slot.0].feature.and_then(|feature| graph.scalar(feature));
    match scalar {
        Some(scalar) if scalar.default.is_some() => State::Unset,
        _ => State::Failed,
    }
}

/// The rows on which all required inputs are present; the outputs of the others are marked failed.
pub(super) fn ready(
    context: &mut Context<'_>,
    plan: &ScopePlan,
    frame: &mut Frame,
    required: &[Slot],
    outputs: &[Slot],
    rows: &Rows,
) -> Rows {
    let columns: Vec<&Column> = required.iter().map(|slot| &frame.columns[slot.0]).collect();
    if columns.iter().all(|column| column.states.all(State::Present)) {
        return rows.clone();
    }
    let is_ready = |position: usize| columns.iter().all(|column| column.is_present(rows.at(position)));
    let ready = rows.filter(frame.rows, is_ready);
    let blocked = rows.filter(frame.rows, |position| !is_ready(position));
    fail_blocked(context, plan, frame, required, outputs, &blocked);
    ready
}

fn fail_blocked(
    context: &mut Context<'_>,
    plan: &ScopePlan,
    frame: &mut Frame,
    required: &[Slot],
    outputs: &[Slot],
    blocked: &Rows,
) {
    let total = frame.rows;
    for position in 0..blocked.len(total) {
        let row = blocked.at(position);
        let culprit = required.iter().find(|slot| !frame.columns[slot.0].is_present(row));
        let Some(culprit) = culprit else { continue };
        // A failed input weighs more than a missing one.
        let failed = required.iter().find(|slot| frame.columns[slot.0].states.get(row) == State::Failed);
        let state = if failed.is_some() { State::Failed } else { State::Blocked };
        for slot in outputs {
            if frame.columns[slot.0].states.get(row) != State::Unset {
                continue;
            }
            let (label, cause) = (&plan.slots[slot.0].label, &plan.slots[failed.unwrap_or(culprit).0].label);
            let message = format!("`{label}` could not be computed because `{cause}` has no value.");
            // Offline a row without history is an ordinary null (framework §6.1); a failure is told in both modes.
            if state == State::Failed || !context.offline {
                tell(context, plan, frame, *slot, row, Letter::new(Code::UpstreamFailed, message), state);
            }
            frame.columns[slot.0].mark(&Rows::Some(vec![row as u32]), total, state);
        }
    }
}

/// Marks rows of a slot failed and tells why.
pub(crate) fn fail(
    context: &mut Context<'_>,
    plan: &ScopePlan,
    frame: &mut Frame,
    slot: Slot,
    rows: &Rows,
    letter: &Letter,
) {
    let total = frame.rows;
    for position in 0..rows.len(total) {
        tell(context, plan, frame, slot, rows.at(position), letter.clone(), State::Failed);
    }
    frame.columns[slot.0].mark(rows, total, State::Failed);
}

/// Reports a letter about a cell that somebody reads, with the feature and the row's key.
pub(super) fn tell(
    context: &mut Context<'_>,
    plan: &ScopePlan,
    frame: &Frame,
    slot: Slot,
    row: usize,
    letter: Letter,
    state: State,
) {
    if !frame.demanded[slot.0] {
        return;
    }
    let letter = letter.feature(&plan.slots[slot.0].label);
    let keys = plan.key.and_then(|key| frame.columns[key.0].values.as_ref());
    let letter = match keys {
        Some(keys) => letter.key(display_key(keys.as_ref(), row)),
        None => letter,
    };
    context.report(Told { letter, is_absence: state == State::Blocked });
}

impl Delivery {
    /// The part of a delivery for `rows` that concerns `good`, a subset of them.
    pub(super) fn only(self, rows: &Rows, good: &Rows, total: usize) -> Result<Delivery, Letter> {
        let mut positions = Vec::with_capacity(good.len(total));
        let mut next = 0;
        for position in 0..rows.len(total) {
            if next < good.len(total) && good.at(next) == rows.at(position) {
                positions.push(position as u32);
                next += 1;
            }
        }
        Ok(Delivery {
            values: crate::frame::gather(&self.values, &positions)?,
            found: self.found.map(|found| positions.iter().map(|position| found[*position as usize]).collect()),
            giver: self.giver,
            observed_at: self.observed_at.take(&positions),
        })
    }
}
