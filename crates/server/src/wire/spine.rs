//! The input of an offline query: JSON tables or uploaded Parquet files → typed columns and one instant per row.

use super::inputs::{Given, Nulls, arrow_columns, json_columns};
use super::instants::parse_instant;
use arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use arrow::compute::{concat, concat_batches};
use arrow::datatypes::TimestampMicrosecondType;
use arrow::record_batch::RecordBatch;
use creta_jobs::Spine;
use creta_model::{Code, DataType, Graph, Letter};
use creta_ports::arrays::cast;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Map, Value};
use std::fs::File;
use std::path::PathBuf;

/// Columns that say when a row is, under every spelling that callers use.
const TIME_COLUMNS: &[&str] = &["__ts__", "__chalk__.CHALK_TS", "__creta__.CRETA_TS"];

/// Columns that are neither features nor times.
const NOT_FEATURES: &[&str] = &["__index__", "__id__"];

/// A spine whose columns still carry their names.
#[derive(Debug)]
pub struct NamedSpine {
    pub given: Given,
    pub times: Int64Array,
}

impl NamedSpine {
    /// The names of the columns and the spine itself.
    pub fn into_parts(self) -> Result<(Vec<String>, Spine), Letter> {
        let inputs = self.given.batch()?;
        Ok((self.given.names, Spine { inputs, times: self.times }))
    }
}

/// Reads `{"columns": […], "values": [[column] …]}`, or a list of such tables with the same columns, one after the
/// other. Rows without a time are at `now`.
pub fn from_json(graph: &Graph, input: &Value, now: i64) -> Result<NamedSpine, Vec<Letter>> {
    match input {
        Value::Array(tables) => {
            let spines = tables.iter().map(|table| from_table(graph, table, now)).collect::<Result<Vec<_>, _>>()?;
            join(spines).map_err(|letter| vec![letter])
        }
        table => from_table(graph, table, now),
    }
}

/// Reads Parquet files with the same columns, one after the other. Blocks on the file system.
pub fn from_files(graph: &Graph, files: Vec<PathBuf>, now: i64) -> Result<NamedSpine, Vec<Letter>> {
    let mut spines = Vec::new();
    for file in files {
        let batch = read_parquet(file).map_err(|letter| vec![letter])?;
        spines.push(from_batch(graph, &batch, TIME_COLUMNS, now)?);
    }
    join(spines).map_err(|letter| vec![letter])
}

/// Takes the answer of a spine's SQL, whose column of times may also be called `ts`.
pub fn from_sql(graph: &Graph, rows: &RecordBatch, now: i64) -> Result<NamedSpine, Vec<Letter>> {
    from_batch(graph, rows, &[TIME_COLUMNS, &["ts"]].concat(), now)
}

fn from_batch(graph: &Graph, batch: &RecordBatch, times: &[&str], now: i64) -> Result<NamedSpine, Vec<Letter>> {
    let not_feature = |name: &str| times.contains(&name) || NOT_FEATURES.contains(&name);
    let given = arrow_columns(graph, batch, not_feature, Nulls::Pass)?;
    let times = match times.iter().find_map(|name| batch.column_by_name(name)) {
        Some(column) => times_of(column, now).map_err(|letter| vec![letter])?,
        None => Int64Array::from(vec![now; batch.num_rows()]),
    };
    Ok(NamedSpine { given, times })
}

fn from_table(graph: &Graph, table: &Value, now: i64) -> Result<NamedSpine, Vec<Letter>> {
    let names = table.get("columns").and_then(Value::as_array);
    let columns = table.get("values").and_then(Value::as_array);
    let (Some(names), Some(columns)) = (names, columns) else {
        return Err(vec![malformed("an input table has no `columns` and `values`")]);
    };
    if names.len() != columns.len() {
        return Err(vec![malformed("an input table has not as many names as columns")]);
    }
    let mut features = Map::new();
    let mut times = None;
    for (name, column) in names.iter().zip(columns) {
        match name.as_str() {
            Some(name) if TIME_COLUMNS.contains(&name) => times = Some(column),
            Some(name) if NOT_FEATURES.contains(&name) => {}
            Some(name) => {
                features.insert(name.to_owned(), column.clone());
            }
            None => return Err(vec![malformed("a column's name is not text")]),
        }
    }
    let given = json_columns(graph, &features, Nulls::Pass)?;
    let times = match times {
        Some(times) => json_times(times, now).map_err(|letter| vec![letter])?,
        None => Int64Array::from(vec![now; given.rows]),
    };
    if times.len() != given.rows {
        let message = format!("{} times were given for {} rows.", times.len(), given.rows);
        return Err(vec![Letter::new(Code::InvalidQuery, message).fix("Give one time per row, or none at all.")]);
    }
    Ok(NamedSpine { given, times })
}

fn json_times(times: &Value, now: i64) -> Result<Int64Array, Letter> {
    let time = |time: &Value| match time {
        Value::Null => Ok(now),
        Value::String(text) => parse_instant(text).ok_or_else(not_a_time),
        _ => Err(not_a_time()),
    };
    let times = times.as_array().ok_or_else(not_a_time)?;
    Ok(Int64Array::from(times.iter().map(time).collect::<Result<Vec<i64>, _>>()?))
}

fn times_of(column: &ArrayRef, now: i64) -> Result<Int64Array, Letter> {
    let typed = cast(column, &DataType::Datetime).map_err(|_| not_a_time())?;
    let typed = typed.as_primitive::<TimestampMicrosecondType>();
    Ok((0..typed.len()).map(|row| Some(if typed.is_null(row) { now } else { typed.value(row) })).collect())
}

fn join(spines: Vec<NamedSpine>) -> Result<NamedSpine, Letter> {
    let mut spines = spines;
    if spines.len() == 1
        && let Some(only) = spines.pop()
    {
        return Ok(only);
    }
    let Some(first) = spines.first() else { return Err(malformed("the input holds no table")) };
    let names = first.given.names.clone();
    let mut columns = Vec::with_capacity(names.len());
    for name in &names {
        let parts: Option<Vec<&dyn Array>> =
            spines.iter().map(|spine| spine.given.column(name).map(AsRef::as_ref)).collect();
        let parts = parts.filter(|_| spines.iter().all(|spine| spine.given.names.len() == names.len()));
        let parts = parts.ok_or_else(|| malformed("the input's tables do not have the same columns"))?;
        columns.push(concat(&parts).map_err(|error| malformed(&error.to_string()))?);
    }
    let rows = spines.iter().map(|spine| spine.given.rows).sum();
    let times = spines.iter().flat_map(|spine| spine.times.values().iter().copied()).collect::<Vec<i64>>();
    Ok(NamedSpine { given: Given { names, columns, rows }, times: Int64Array::from(times) })
}

/// Reads a file whole. Blocks on the file system.
pub fn read_parquet(path: PathBuf) -> Result<RecordBatch, Letter> {
    let unreadable = |error: &dyn std::fmt::Display| malformed(&format!("an uploaded file cannot be read: {error}"));
    let file = File::open(path).map_err(|error| unreadable(&error))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| unreadable(&error))?;
    let schema = builder.schema().clone();
    let reader = builder.with_batch_size(1 << 16).build().map_err(|error| unreadable(&error))?;
    let batches = reader.collect::<Result<Vec<_>, _>>().map_err(|error| unreadable(&error))?;
    concat_batches(&schema, &batches).map_err(|error| unreadable(&error))
}

fn not_a_time() -> Letter {
    Letter::new(Code::InvalidInput, "The times of the input are not ISO 8601 instants or timestamps.")
        .fix("Give one instant per row; null means the time of submission.")
}

fn malformed(why: &str) -> Letter {
    Letter::new(Code::MalformedRequest, format!("The input of the offline query cannot be read: {why}."))
}
