//! Answers a scope: reads the stores in one go, works out which rows each stage must touch, runs the stages in order.

use crate::context::Context;
use crate::frame::{Column, Frame, Giver, PerRow, Rows, State};
use crate::request::{Request, Times};
use crate::{observe, stages, stores};
use creta_model::{Code, Letter};
use creta_plan::{Action, Plan, ScopePlan, Slot, Stage};
use std::future::Future;
use std::pin::Pin;

/// Answers every root of a plan. Frames come in the order of the roots.
pub(crate) async fn run_roots(context: &mut Context<'_>, plan: &Plan, request: &Request) -> Result<Vec<Frame>, Letter> {
    let rows = request.inputs.num_rows();
    let now = match &request.times {
        Times::Clock | Times::At(_) => PerRow::Same(context.started_at),
        Times::PerRow(times) if times.len() == rows => PerRow::Each(times.values().to_vec()),
        Times::PerRow(times) => {
            let message = format!("{} query times were given for {rows} rows.", times.len());
            return Err(Letter::new(Code::InvalidQuery, message));
        }
    };
    let mut frames = Vec::with_capacity(plan.roots.len());
    for (index, root) in plan.roots.iter().enumerate() {
        let mut frame = Frame::new(rows, now.clone(), root.scope.slots.len());
        for (position, slot) in &root.inputs {
            let values = request.inputs.column(*position).clone();
            frame.give(*slot, values, Giver::INPUT, PerRow::Same(context.started_at));
        }
        let wanted: Vec<Slot> =
            plan.outputs.iter().filter(|output| output.root == index).map(|output| output.slot).collect();
        run_scope(context, &root.scope, &mut frame, &wanted).await?;
        if context.persists {
            observe::inputs(context, root, &frame)?;
            observe::scope(context, &root.scope, &frame)?;
        }
        frames.push(frame);
    }
    Ok(frames)
}

/// Fills the wanted slots of a frame whose key and given columns are there.
pub(crate) fn run_scope<'a>(
    context: &'a mut Context<'_>,
    plan: &'a ScopePlan,
    frame: &'a mut Frame,
    wanted: &'a [Slot],
) -> Pin<Box<dyn Future<Output = Result<(), Letter>> + Send + 'a>> {
    Box::pin(async move {
        if frame.rows == 0 {
            return Ok(());
        }
        stores::read_online(context, plan, frame).await?;
        stores::read_offline(context, plan, frame).await?;
        let work = work_per_stage(plan, frame, wanted);
        for (stage, rows) in plan.stages.iter().zip(work) {
            if let Some(rows) = rows {
                stages::run(context, plan, stage, frame, &rows).await?;
            }
        }
        Ok(())
    })
}

/// Which rows each stage works on, found from the last stage to the first: those that somebody wants and that the
/// stores and the caller have not answered.
fn work_per_stage(plan: &ScopePlan, frame: &mut Frame, wanted: &[Slot]) -> Vec<Option<Rows>> {
    let mut demand: Vec<Option<Rows>> = vec![None; plan.slots.len()];
    for slot in wanted {
        demand[slot.0] = Some(Rows::All);
    }
    let mut work: Vec<Option<Rows>> = vec![None; plan.stages.len()];
    for (index, stage) in plan.stages.iter().enumerate().rev() {
        let mut rows: Option<Rows> = None;
        for slot in &stage.outputs {
            let Some(asked) = &demand[slot.0] else { continue };
            let states = &frame.columns[slot.0].states;
            let open = if states.all(State::Unset) {
                asked.clone()
            } else {
                asked.filter(frame.rows, |position| states.get(asked.at(position)) == State::Unset)
            };
            if open.len(frame.rows) > 0 {
                rows = Some(union(rows, open, frame.rows));
            }
        }
        if let Some(rows) = &rows
            && !matches!(stage.action, Action::Default(_))
        {
            demand_inputs(stage, rows, frame.rows, &mut demand);
        }
        work[index] = rows;
    }
    frame.demanded = demand.iter().map(Option::is_some).collect();
    forget_unasked(plan, frame, &demand);
    work
}

/// Stored values that nobody needs after all make room for newer ones that a resolver may return on the side.
fn forget_unasked(plan: &ScopePlan, frame: &mut Frame, demand: &[Option<Rows>]) {
    for cached in &plan.cached {
        let column = &mut frame.columns[cached.slot.0];
        match &demand[cached.slot.0] {
            None => *column = Column::unset(),
            Some(Rows::All) => {}
            Some(Rows::Some(asked)) => {
                let others = Rows::All.filter(frame.rows, |row| asked.binary_search(&(row as u32)).is_err());
                column.mark(&others, frame.rows, State::Unset);
            }
        }
    }
}

fn demand_inputs(stage: &Stage, rows: &Rows, total: usize, demand: &mut [Option<Rows>]) {
    for slot in &stage.inputs {
        let before = demand[slot.0].take();
        demand[slot.0] = Some(union(before, rows.clone(), total));
    }
}

fn union(left: Option<Rows>, right: Rows, total: usize) -> Rows {
    match (left, right) {
        (None, right) => right,
        (Some(Rows::All), _) | (_, Rows::All) => Rows::All,
        (Some(Rows::Some(left)), Rows::Some(right)) => {
            let mut both = [left, right].concat();
            both.sort_unstable();
            both.dedup();
            if both.len() == total { Rows::All } else { Rows::Some(both) }
        }
    }
}
