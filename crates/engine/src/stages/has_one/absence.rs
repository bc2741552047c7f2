//! Which related rows are not there, and what reading through them yields.
//!
//! A row is absent when its key is null, or when lookups ran for it and neither they nor a store know anything of it.

use crate::context::Context;
use crate::frame::{Column, Frame, Giver, PerRow, State};
use arrow::array::{Array, ArrayRef};
use creta_plan::{Action, ScopePlan, Slot};
use creta_ports::arrays::display_key;
use std::collections::HashSet;

/// Per row of the related frame: is there such a row?
pub(super) fn absent_rows(plan: &ScopePlan, related: &Frame) -> Vec<bool> {
    let lookups = plan.stages.iter().filter(|stage| matches!(stage.action, Action::Lookup(_)));
    let mut looked_up = lookups.flat_map(|stage| &stage.outputs).map(|slot| &related.columns[slot.0]);
    if !looked_up.any(|column| column.values.is_some()) {
        return vec![false; related.rows];
    }
    let is_own = |(number, column): &(usize, &Column)| {
        plan.slots[*number].feature.is_some() && Some(Slot(*number)) != plan.key && column.values.is_some()
    };
    let own: Vec<&Column> = related.columns.iter().enumerate().filter(is_own).map(|(_, column)| column).collect();
    (0..related.rows).map(|row| !own.iter().any(|column| is_known(column, row))).collect()
}

/// Expressions and defaults have values for rows that nobody has seen.
fn is_known(column: &Column, row: usize) -> bool {
    let derived = [Giver::EXPRESSION, Giver::DEFAULT, Giver::NOBODY];
    column.is_present(row) && !derived.contains(&column.givers.get(row))
}

/// Of an optional relationship: what was reported about rows that are not there is no failure.
pub(super) fn forget_letters(context: &mut Context<'_>, mark: usize, keys: &ArrayRef, absent: &[bool]) {
    if context.letters.len() == mark || !absent.contains(&true) {
        return;
    }
    let gone = absent.iter().enumerate().filter(|(_, absent)| **absent);
    let gone: HashSet<String> = gone.map(|(row, _)| display_key(keys.as_ref(), row)).collect();
    let later = context.letters.split_off(mark);
    context
        .letters
        .extend(later.into_iter().filter(|letter| !letter.key.as_ref().is_some_and(|key| gone.contains(key))));
}

/// Cells per row as the outer scope reads them: nothing from an absent row. Through an optional relationship nothing is
/// null.
pub(super) fn seen_from_outside(
    mut cells: Column,
    keys: &ArrayRef,
    absent: &[bool],
    groups: &[u32],
    optional: bool,
) -> Column {
    if keys.null_count() == 0 && !absent.contains(&true) && cells.states.all(State::Present) {
        return cells;
    }
    let nowhere = |row: usize| keys.is_null(row) || absent[groups[row] as usize];
    let state = |row: usize| match cells.states.get(row) {
        _ if nowhere(row) && optional => State::Present,
        _ if nowhere(row) => State::Unset,
        State::Unset if optional => State::Present,
        state => state,
    };
    let states: Vec<State> = (0..keys.len()).map(state).collect();
    if let Some(values) = &cells.values {
        let blank: arrow::array::BooleanArray = (0..keys.len()).map(|row| Some(nowhere(row))).collect();
        // `nullif` fails only for arrays of different lengths, and these are of one frame.
        cells.values = arrow::compute::nullif(values, &blank).ok();
    }
    cells.states = PerRow::Each(states);
    cells
}
