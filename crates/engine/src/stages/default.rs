//! Gives a declared default to rows that are still unset; failed rows stay failed.

use crate::frame::{Fill, Frame, Giver, PerRow, Rows, State};
use creta_model::{Letter, Value};
use creta_plan::{ScopePlan, Stage};
use creta_ports::arrays::array_of;

pub(super) fn run(
    plan: &ScopePlan,
    stage: &Stage,
    value: &Value,
    frame: &mut Frame,
    rows: &Rows,
) -> Result<(), Letter> {
    let total = frame.rows;
    for slot in &stage.outputs {
        let column = &mut frame.columns[slot.0];
        let open = rows.filter(total, |position| column.states.get(rows.at(position)) == State::Unset);
        let count = open.len(total);
        if count == 0 {
            continue;
        }
        let fill = Fill {
            values: array_of(&plan.slots[slot.0].data_type, std::iter::repeat_n(Some(value), count))?,
            states: PerRow::Same(State::Present),
            givers: PerRow::Same(Giver::DEFAULT),
            observed_at: PerRow::Same(i64::MIN),
        };
        column.fill(&open, total, fill)?;
    }
    Ok(())
}
