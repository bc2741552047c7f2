//! Calls a Python resolver on the rows whose arguments are there.

use super::deliver::{Delivery, deliver, fail, ready, tell};
use super::expression::now_array;
use crate::context::{Context, internal};
use crate::duplicates;
use crate::frame::{Frame, Giver, PerRow, Rows, State};
use crate::kernels::timeline::Timeline;
use crate::kernels::versions::Versions;
use crate::scans;
use arrow::array::{Array, ArrayRef, BooleanArray, Int64Array, TimestampMicrosecondArray, UInt32Array};
use arrow::compute::{kernels::zip::zip, take};
use arrow::datatypes::{Field, Schema};
use arrow::record_batch::RecordBatch;
use creta_model::{Code, Letter, ResolverId};
use creta_plan::stages::{Argument, PythonCall};
use creta_plan::{ScopePlan, Slot, Stage};
use creta_ports::arrays::{array_of, cast};
use creta_ports::python::{Answer, Call, RowError};
use std::sync::Arc;

pub(super) async fn run(
    context: &mut Context<'_>,
    plan: &ScopePlan,
    stage: &Stage,
    call: &PythonCall,
    frame: &mut Frame,
    rows: &Rows,
) -> Result<(), Letter> {
    let rows = ready(context, plan, frame, &required(call), &stage.outputs, rows);
    if rows.len(frame.rows) == 0 {
        return Ok(());
    }
    for rows in rows.chunks(frame.rows, call.max_batch_size) {
        let outcome = match ask(context, plan, call, frame, &rows).await {
            Ok(answer) if call.frame => spread(context, plan, stage, call, frame, &rows, answer),
            Ok(answer) => line_up(context, plan, stage, call, frame, &rows, answer),
            Err(letter) => Err(letter),
        };
        if let Err(letter) = outcome {
            let resolver = context.deployment.project.graph().resolver(call.resolver);
            let letter = letter.resolver(&resolver.name);
            let letter = if letter.place.is_none() { letter.at(&resolver.place) } else { letter };
            for slot in &stage.outputs {
                fail(context, plan, frame, *slot, &rows, &letter);
            }
        }
    }
    Ok(())
}

fn required(call: &PythonCall) -> Vec<Slot> {
    let slot = |(_, argument): &(String, Argument)| match argument {
        Argument::Slot { slot, optional: false, .. } => Some(*slot),
        _ => None,
    };
    call.arguments.iter().filter_map(slot).collect()
}

async fn ask(
    context: &Context<'_>,
    plan: &ScopePlan,
    call: &PythonCall,
    frame: &Frame,
    rows: &Rows,
) -> Result<Answer, Letter> {
    let python = context.deployment.python.as_ref().ok_or_else(|| internal("no Python workers"))?;
    let batch = arguments(plan, call, frame, rows)?;
    let resolver = context.deployment.project.graph().resolver(call.resolver).name.clone();
    let timeout = scans::limit(context, call.resolver);
    python
        .call(Call {
            resolver,
            batch,
            rows: rows.len(frame.rows),
            timeout,
            query_context: context.query_context.clone(),
        })
        .await
}

fn arguments(plan: &ScopePlan, call: &PythonCall, frame: &Frame, rows: &Rows) -> Result<Option<RecordBatch>, Letter> {
    if call.arguments.is_empty() {
        return Ok(None);
    }
    let mut fields = Vec::with_capacity(call.arguments.len());
    let mut columns = Vec::with_capacity(call.arguments.len());
    for (name, argument) in &call.arguments {
        let column = match argument {
            Argument::Now => now_array(&frame.now, rows, frame.rows),
            Argument::Slot { slot, .. } => given(plan, *slot, argument, frame, rows)?,
            Argument::Absent { default } => {
                let count = rows.len(frame.rows);
                let data_type = default.as_ref().map_or(creta_model::DataType::Bool, type_of);
                array_of(&data_type, std::iter::repeat_n(default.as_ref(), count))?
            }
        };
        fields.push(Field::new(name, column.data_type().clone(), true));
        columns.push(column);
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map(Some).map_err(internal)
}

/// A slot as an argument: rows without a value get the parameter's default, or None.
fn given(plan: &ScopePlan, slot: Slot, argument: &Argument, frame: &Frame, rows: &Rows) -> Result<ArrayRef, Letter> {
    let data_type = &plan.slots[slot.0].data_type;
    let column = &frame.columns[slot.0];
    let values = rows.select(&column.present(data_type, frame.rows)?)?;
    let Argument::Slot { default: Some(default), .. } = argument else { return Ok(values) };
    if column.states.all(State::Present) {
        return Ok(values);
    }
    let present: BooleanArray = (0..values.len()).map(|position| Some(column.is_present(rows.at(position)))).collect();
    let defaults = array_of(data_type, std::iter::repeat_n(Some(default), values.len()))?;
    zip(&present, &values, &defaults).map_err(internal)
}

fn type_of(value: &creta_model::Value) -> creta_model::DataType {
    use creta_model::{DataType, Value};
    match value {
        Value::Int(_) => DataType::Int,
        Value::Float(_) => DataType::Float,
        Value::Str(_) => DataType::Str,
        Value::Bytes(_) => DataType::Bytes,
        Value::Datetime(_) => DataType::Datetime,
        Value::Date(_) => DataType::Date,
        Value::Time(_) => DataType::Time,
        Value::Timedelta(_) => DataType::Timedelta,
        _ => DataType::Bool,
    }
}

/// A scalar resolver answers row by row.
fn line_up(
    context: &mut Context<'_>,
    plan: &ScopePlan,
    stage: &Stage,
    call: &PythonCall,
    frame: &mut Frame,
    rows: &Rows,
    answer: Answer,
) -> Result<(), Letter> {
    let count = rows.len(frame.rows);
    if let Some(error) = answer.errors.iter().find(|error| error.row.is_none()) {
        return Err(raised(context, call.resolver, error));
    }
    if answer.batch.num_columns() > 0 && answer.batch.num_rows() != count {
        return Err(internal("a scalar resolver answered another number of rows"));
    }
    for (name, slot) in call.outputs.iter().zip(&stage.outputs) {
        let mut found = vec![true; count];
        for row in answer.missing.get(name).into_iter().flatten() {
            found[*row] = false;
        }
        for error in &answer.errors {
            found[error.row.unwrap_or_default()] = false;
        }
        let data_type = &plan.slots[slot.0].data_type;
        let values = match answer.batch.column_by_name(name) {
            Some(column) => cast(column, data_type)?,
            None => array_of(data_type, std::iter::repeat_n(None, count))?,
        };
        let delivery = Delivery {
            values,
            found: (!found.iter().all(|found| *found)).then_some(found),
            giver: Giver::resolver(call.resolver),
            observed_at: PerRow::Same(context.started_at),
        };
        deliver(context, plan, frame, *slot, rows, delivery)?;
        for error in &answer.errors {
            let row = rows.at(error.row.unwrap_or_default());
            let letter = raised(context, call.resolver, error);
            tell(context, plan, frame, *slot, row, letter, State::Failed);
            frame.columns[slot.0].mark(&Rows::Some(vec![row as u32]), frame.rows, State::Failed);
        }
    }
    Ok(())
}

/// A DataFrame resolver answers with rows of its own, matched by key; the newest at or before the row's time counts.
fn spread(
    context: &mut Context<'_>,
    plan: &ScopePlan,
    stage: &Stage,
    call: &PythonCall,
    frame: &mut Frame,
    rows: &Rows,
    answer: Answer,
) -> Result<(), Letter> {
    if let Some(error) = answer.errors.first() {
        return Err(raised(context, call.resolver, error));
    }
    let Matched { rows: matched, versions } = match_rows(plan, call, frame, rows, &answer.batch)?;
    let found: Vec<bool> = (0..matched.len()).map(|row| matched.is_valid(row)).collect();
    for (name, slot) in call.outputs.iter().zip(&stage.outputs) {
        let data_type = &plan.slots[slot.0].data_type;
        let Some(column) = answer.batch.column_by_name(name) else { continue };
        let values = take(&cast(column, data_type)?, &matched, None).map_err(internal)?;
        let delivery = Delivery {
            values,
            found: Some(found.clone()),
            giver: Giver::resolver(call.resolver),
            observed_at: PerRow::Same(context.started_at),
        };
        deliver(context, plan, frame, *slot, rows, delivery)?;
    }
    if duplicates::are_refused(context.deployment.project.graph(), call.resolver) {
        let is_by_order = |row: usize| matched.is_valid(row) && versions.stands_by_order(matched.value(row));
        duplicates::refuse(context, plan, stage, call.resolver, frame, rows, is_by_order);
    }
    Ok(())
}

/// The row of a frame's answer per row, and which of its rows are versions of one another.
struct Matched {
    rows: UInt32Array,
    versions: Versions,
}

fn match_rows(
    plan: &ScopePlan,
    call: &PythonCall,
    frame: &Frame,
    rows: &Rows,
    batch: &RecordBatch,
) -> Result<Matched, Letter> {
    let count = rows.len(frame.rows);
    if call.one_to_one && batch.num_rows() != count {
        let message = format!("It promises one row per row, but returned {} for {count}.", batch.num_rows());
        return Err(Letter::new(Code::ResolverFailed, message)
            .fix("Return a row for each row that it gets, or leave out `output_row_order`."));
    }
    let keys = batch.column_by_name(&call.key).filter(|_| !call.one_to_one);
    let (Some(key), Some(keys)) = (plan.key, keys) else {
        if batch.num_rows() == count {
            return Ok(Matched { rows: (0..count as u32).collect::<Vec<_>>().into(), versions: Versions::single() });
        }
        let message = format!("The returned frame has no column `{}` and not one row per input row.", call.key);
        return Err(Letter::new(Code::ResolverFailed, message).fix("Return the primary key with every row."));
    };
    let key_type = &plan.slots[key.0].data_type;
    let times = call.time.as_ref().and_then(|name| batch.column_by_name(name));
    let times = times.and_then(|column| column.as_any().downcast_ref::<TimestampMicrosecondArray>());
    let timed = times.is_some() && call.arguments.is_empty();
    let times: Int64Array = match times {
        Some(times) if timed => times.iter().collect(),
        _ => Int64Array::from_value(0, batch.num_rows()),
    };
    let keys = [cast(keys, key_type)?];
    let timeline = Timeline::build(&keys, &times, &[]);
    let wanted = rows.select(&frame.columns[key.0].array(key_type, frame.rows))?;
    let groups = timeline.probe(&[wanted]);
    let instant = |position: usize| if timed { frame.now.get(rows.at(position)) } else { i64::MAX };
    let instants: Vec<i64> = (0..groups.len()).map(instant).collect();
    let matched = timeline.as_of_rows(&groups, &instants);
    Ok(Matched { rows: matched, versions: Versions::of(&keys, &times) })
}

/// What the worker calls a value that does not have its feature's type.
const WRONG_VALUE: &str = "WrongValue";
/// What the worker calls a row that took longer than the resolver's timeout.
const TIMED_OUT: &str = "ResolverTimedOut";

/// What an exception of a resolver means to whoever asked.
pub(crate) fn raised(context: &Context<'_>, resolver: ResolverId, error: &RowError) -> Letter {
    let resolver = context.deployment.project.graph().resolver(resolver);
    if error.exception.kind == TIMED_OUT {
        let message = format!("`{}` took too long: {}.", resolver.name, error.exception.message);
        return Letter::new(Code::ResolverTimedOut, message).resolver(&resolver.name).at(&resolver.place);
    }
    if error.exception.kind == WRONG_VALUE {
        let message = format!("`{}` returned a wrong value: {}.", resolver.name, error.exception.message);
        let letter = Letter::new(Code::ValidationFailed, message).resolver(&resolver.name).at(&resolver.place);
        return letter.fix("Return a value of the feature's type, or change the type that the feature declares.");
    }
    let message = format!("`{}` raised {}: {}", resolver.name, error.exception.kind, error.exception.message);
    let letter = Letter::new(Code::ResolverFailed, message).resolver(&resolver.name).exception(error.exception.clone());
    letter.at(error.place.as_ref().unwrap_or(&resolver.place))
}
