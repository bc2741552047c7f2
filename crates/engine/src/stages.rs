//! One module per operator of the plan; each fills its outputs on the rows it is given.

mod default;
pub(crate) mod deliver;
mod expression;
mod has_many;
mod has_one;
mod lookup;
pub(crate) mod python;

use crate::context::Context;
use crate::frame::{Frame, Rows};
use creta_model::Letter;
use creta_plan::{Action, ScopePlan, Stage};

/// Runs one stage on some rows of a frame.
pub(crate) async fn run(
    context: &mut Context<'_>,
    plan: &ScopePlan,
    stage: &Stage,
    frame: &mut Frame,
    rows: &Rows,
) -> Result<(), Letter> {
    match &stage.action {
        Action::Expression(bound) => expression::run(context, plan, stage, bound, frame, rows),
        Action::Default(value) => default::run(plan, stage, value, frame, rows),
        Action::Lookup(lookup) => lookup::run(context, plan, stage, lookup, frame, rows).await,
        Action::Python(call) => python::run(context, plan, stage, call, frame, rows).await,
        Action::HasOne(one) => has_one::run(context, plan, stage, one, frame, rows).await,
        Action::HasMany(many) => has_many::run(context, plan, stage, many, frame, rows).await,
    }
}
