//! Given values → typed columns, named by feature: from one JSON row, from JSON columns, from Arrow.

use super::json_input::value_of;
use super::rows_input::RowsInput;
use arrow::array::{Array, ArrayRef};
use arrow::datatypes::{Field, Schema};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use creta_model::graph::ScalarNode;
use creta_model::{Code, DataType, Graph, Letter, Value};
use creta_ports::arrays::{array_of, cast};
use serde_json::{Map, Value as Json};
use std::sync::Arc;

/// Given columns, typed as their features.
#[derive(Debug, Clone)]
pub struct Given {
    pub names: Vec<String>,
    pub columns: Vec<ArrayRef>,
    pub rows: usize,
}

impl Given {
    pub fn column(&self, name: &str) -> Option<&ArrayRef> {
        let position = self.names.iter().position(|known| known == name)?;
        self.columns.get(position)
    }

    /// The columns as a batch, in order.
    pub fn batch(&self) -> Result<RecordBatch, Letter> {
        let field = |(name, column): (&String, &ArrayRef)| Field::new(name, column.data_type().clone(), true);
        let schema = Schema::new(self.names.iter().zip(&self.columns).map(field).collect::<Vec<_>>());
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        RecordBatch::try_new_with_options(Arc::new(schema), self.columns.clone(), &options)
            .map_err(|error| Letter::new(Code::InvalidQuery, format!("The inputs do not form a table: {error}.")))
    }
}

/// What nulls mean in given values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nulls {
    /// A null for a feature that is not nullable is refused.
    ByFeature,
    /// Judged later, by whoever stores them.
    Pass,
}

/// One row of JSON values: feature → value.
pub fn json_row(graph: &Graph, inputs: &Map<String, Json>, nulls: Nulls) -> Result<Given, Vec<Letter>> {
    gather(inputs.iter().map(|(name, json)| json_input(graph, name, std::slice::from_ref(json), nulls)), 1)
}

/// JSON columns: feature → list of values, all of the same length.
pub fn json_columns(graph: &Graph, columns: &Map<String, Json>, nulls: Nulls) -> Result<Given, Vec<Letter>> {
    let rows = columns.values().filter_map(Json::as_array).map(Vec::len).next().unwrap_or_default();
    let column = |(name, json): (&String, &Json)| match json.as_array() {
        Some(values) if values.len() == rows => json_input(graph, name, values, nulls),
        Some(values) => {
            let message = format!("`{name}` has {} values where the first column has {rows}.", values.len());
            Err(Letter::new(Code::InvalidQuery, message).feature(name).fix("Give every column one value per row."))
        }
        None => Err(Letter::new(Code::InvalidInput, format!("`{name}` should be a list of values.")).feature(name)),
    };
    gather(columns.iter().map(column), rows)
}

/// Columns of an Arrow batch, cast to their features' types; `skip` names columns that are no features.
pub fn arrow_columns(
    graph: &Graph,
    batch: &RecordBatch,
    skip: impl Fn(&str) -> bool,
    nulls: Nulls,
) -> Result<Given, Vec<Letter>> {
    let schema = batch.schema();
    let named = schema.fields().iter().zip(batch.columns()).filter(|(field, _)| !skip(field.name()));
    let column = |(field, column): (&Arc<Field>, &ArrayRef)| {
        let name = field.name();
        match RowsInput::named(graph, name) {
            Some(rows) => rows.read_arrow(column, nulls),
            None => Ok((name.clone(), arrow_column(graph, name, column, nulls)?)),
        }
    };
    gather(named.map(column), batch.num_rows())
}

fn json_input(graph: &Graph, name: &str, values: &[Json], nulls: Nulls) -> Result<(String, ArrayRef), Letter> {
    match RowsInput::named(graph, name) {
        Some(rows) => rows.read_json(values, nulls),
        None => Ok((name.to_owned(), json_column(graph, name, values, nulls)?)),
    }
}

/// A column as its feature's type.
pub(super) fn arrow_column(graph: &Graph, name: &str, column: &ArrayRef, nulls: Nulls) -> Result<ArrayRef, Letter> {
    let scalar = scalar(graph, name)?;
    let typed = cast(column, &scalar.data_type).map_err(|letter| letter.feature(name))?;
    check_nulls(graph, scalar, name, typed, nulls)
}

/// JSON values as their feature's type.
pub(super) fn json_column<'a>(
    graph: &Graph,
    name: &str,
    values: impl IntoIterator<Item = &'a Json, IntoIter: ExactSizeIterator>,
    nulls: Nulls,
) -> Result<ArrayRef, Letter> {
    let scalar = scalar(graph, name)?;
    let values = values.into_iter();
    let total = values.len();
    let mut typed: Vec<Value> = Vec::with_capacity(total);
    for (row, json) in values.enumerate() {
        typed.push(value_of(json, &scalar.data_type).map_err(|why| {
            let place = if total > 1 { format!(" (row {row})") } else { String::new() };
            Letter::new(Code::InvalidInput, format!("The value given for `{name}`{place} does not fit: {why}."))
                .fix(what_fits(name, &scalar.data_type, json))
                .feature(name)
        })?);
    }
    let column = array_of(&scalar.data_type, typed.iter().map(Some)).map_err(|letter| letter.feature(name))?;
    check_nulls(graph, scalar, name, column, nulls)
}

fn check_nulls(
    graph: &Graph,
    scalar: &ScalarNode,
    name: &str,
    column: ArrayRef,
    nulls: Nulls,
) -> Result<ArrayRef, Letter> {
    let is_key = graph.by_fqn(name).is_some_and(|id| graph.primary_key(graph.feature(id).entity) == Some(id));
    if nulls == Nulls::ByFeature && !scalar.nullable && column.null_count() > 0 {
        let row = (0..column.len()).find(|row| column.is_null(*row)).unwrap_or_default();
        let message = format!("`{name}` was given as null (row {row}), but it is not nullable.");
        let fix = match is_key {
            true => "A row is known by its key; give one.".to_owned(),
            false => format!("Leave `{name}` out, give it a value, or declare it `{} | None`.", scalar.data_type),
        };
        return Err(Letter::new(Code::InvalidInput, message).fix(fix).feature(name));
    }
    Ok(column)
}

fn what_fits(name: &str, data_type: &DataType, json: &Json) -> String {
    match (data_type, json) {
        (DataType::Str, Json::Number(number)) => {
            format!("`{name}` is str; write text in quotes, on a command line as '{name}=\"{number}\"'.")
        }
        _ => format!("`{name}` is {data_type}."),
    }
}

/// The feature that an input names.
fn scalar<'a>(graph: &'a Graph, name: &str) -> Result<&'a ScalarNode, Letter> {
    let known = match graph.by_fqn(name) {
        Some(id) => Some(id),
        None => graph.path(name).map_err(|letter| Letter { code: Code::UnknownQueryFeature, ..letter })?.feature,
    };
    known.and_then(|id| graph.scalar(id)).ok_or_else(|| {
        let message = format!("`{name}` is a relationship, whose rows cannot be given here.");
        Letter::new(Code::InvalidInput, message).fix("Give the features that its join compares.").feature(name)
    })
}

/// All columns, or everything that is wrong with them.
fn gather(
    columns: impl Iterator<Item = Result<(String, ArrayRef), Letter>>,
    rows: usize,
) -> Result<Given, Vec<Letter>> {
    let mut given = Given { names: Vec::new(), columns: Vec::new(), rows };
    let mut faults = Vec::new();
    for column in columns {
        match column {
            Ok((name, column)) => {
                given.names.push(name);
                given.columns.push(column);
            }
            Err(letter) => faults.push(letter),
        }
    }
    if faults.is_empty() { Ok(given) } else { Err(faults) }
}
