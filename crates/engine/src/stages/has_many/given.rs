//! Child rows that the caller gave: lists of rows, one per parent, instead of what a resolver would list.

use super::{Children, column_name, inputs, query_times};
use crate::context::internal;
use crate::frame::{Frame, Rows, gather};
use crate::scans::Found;
use arrow::array::{Array, ArrayRef, AsArray, Int64Array, LargeListArray};
use arrow::datatypes::{Field, Schema};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use creta_model::Letter;
use creta_plan::stages::HasMany;
use creta_plan::{ScopePlan, Stage};
use std::sync::Arc;

/// The column that says whose row it is, by the parent's position. No feature has a name without a dot.
const PARENT: &str = "parent";

/// A row belongs to the parent it was given for; as for any other row, its feature time bounds it, and of several rows
/// of one key the newest stands.
pub(super) fn list<'a>(
    plan: &ScopePlan,
    stage: &Stage,
    many: &'a HasMany,
    frame: &Frame,
    rows: &Rows,
) -> Result<Children<'a>, Letter> {
    let enumerate = &many.enumerate;
    let given = inputs(plan, &stage.inputs[..=enumerate.join.len()], frame, rows)?;
    let listing = listing(many, &given)?;
    let found = Found::new(listing, enumerate.time.as_ref().map(|slot| column_name(enumerate, Some(slot)).to_owned()));
    let key = many.scope.key.as_ref().map(|slot| column_name(enumerate, Some(slot)));
    let timeline = found.timeline(&[PARENT], key)?;
    let parents: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows.len(frame.rows) as i64));
    let groups = timeline.probe(&[parents]);
    let versions = found.versions(&match key {
        Some(key) => vec![PARENT, key],
        None => Vec::new(),
    })?;
    Ok(Children { many, found, timeline, groups, now: query_times(frame, rows), versions })
}

/// The rows of all parents below each other: what was given of them, and what their parents say of them.
fn listing(many: &HasMany, given: &[ArrayRef]) -> Result<RecordBatch, Letter> {
    let lists = given.first().and_then(|rows| rows.as_list_opt::<i64>());
    let lists = lists.ok_or_else(|| internal("given rows are not lists"))?;
    let parents = parents_of(lists);
    let first = usize::try_from(lists.value_offsets()[0]).map_err(internal)?;
    let items = lists.values().slice(first, parents.len());
    let rows = items.as_struct_opt().ok_or_else(|| internal("given rows are not structs"))?;
    let enumerate = &many.enumerate;
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(enumerate.columns.len() + 1);
    for (name, slot) in &enumerate.columns {
        let implied = enumerate.join.iter().position(|own| own == slot);
        columns.push(match (implied, rows.column_by_name(name)) {
            (Some(position), _) => gather(&given[position + 1], &parents)?,
            (None, Some(column)) => column.clone(),
            (None, None) => return Err(internal("a given row lacks a column")),
        });
    }
    columns.push(Arc::new(parents.iter().map(|parent| Some(i64::from(*parent))).collect::<Int64Array>()));
    let names = enumerate.columns.iter().map(|(name, _)| name.as_str()).chain([PARENT]);
    let fields: Vec<Field> =
        names.zip(&columns).map(|(name, column)| Field::new(name, column.data_type().clone(), true)).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(parents.len()));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options).map_err(internal)
}

/// The position of the parent, per row. A null is no rows.
fn parents_of(lists: &LargeListArray) -> Vec<u32> {
    let mut parents = Vec::new();
    for (parent, length) in lists.offsets().lengths().enumerate() {
        parents.resize(parents.len() + length, parent as u32);
    }
    parents
}
