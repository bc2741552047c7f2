//! Puts a scenario's questions to the engine: typed columns in, cells out.

use super::wire_name;
use crate::product::Running;
use arrow::array::{ArrayRef, Int64Array};
use arrow::datatypes::{Field, Schema};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use creta_engine::{Deployment, Origin, Request, Times};
use creta_jobs::{Order, Spine};
use creta_model::Value;
use creta_plan::{Mode, Question, Recompute as PlanRecompute};
use creta_ports::arrays::{array_of, value_at};
use creta_ports::python::QueryContext;
use creta_testkit::oracle::Recompute;
use creta_testkit::scenario::{Cell, Columns, value};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// One row's question.
pub struct Asked {
    pub given: BTreeMap<String, Value>,
    pub outputs: Vec<String>,
    pub now: Option<i64>,
    /// Microseconds by feature.
    pub staleness: BTreeMap<String, i64>,
    pub named_query: Option<String>,
}

pub fn typed_row(deployment: &Deployment, row: &BTreeMap<String, Json>) -> BTreeMap<String, Value> {
    row.iter().map(|(name, json)| (name.clone(), typed(deployment, name, json))).collect()
}

pub fn typed_columns(deployment: &Deployment, columns: &Columns) -> BTreeMap<String, Vec<Value>> {
    let column = |name: &String, cells: &Vec<Json>| cells.iter().map(|json| typed(deployment, name, json)).collect();
    columns.iter().map(|(name, cells)| (name.clone(), column(name, cells))).collect()
}

fn typed(deployment: &Deployment, name: &str, json: &Json) -> Value {
    let graph = deployment.project.graph();
    let feature = graph.by_fqn(name).unwrap_or_else(|| panic!("{name} is unknown"));
    value(&graph.scalar(feature).unwrap().data_type, json).unwrap()
}

fn batch(deployment: &Deployment, columns: &BTreeMap<String, Vec<Value>>) -> RecordBatch {
    let graph = deployment.project.graph();
    let array = |name: &String, values: &Vec<Value>| -> ArrayRef {
        let data_type = &graph.scalar(graph.by_fqn(name).unwrap()).unwrap().data_type;
        array_of(data_type, values.iter().map(Some)).unwrap()
    };
    let arrays: Vec<ArrayRef> = columns.iter().map(|(name, values)| array(name, values)).collect();
    let fields: Vec<Field> =
        columns.keys().zip(&arrays).map(|(name, array)| Field::new(name, array.data_type().clone(), true)).collect();
    let rows = columns.values().next().map_or(0, Vec::len);
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options).unwrap()
}

pub async fn upload(running: &Running, deployment: &Deployment, columns: &BTreeMap<String, Vec<Value>>) {
    running.product.state.engine.upload(deployment, batch(deployment, columns)).await.unwrap();
}

/// Each output's cell, and whether the online store gave it.
pub async fn ask(running: &Running, deployment: &Deployment, asked: &Asked) -> Result<Vec<(Cell, bool)>, String> {
    let columns = asked.given.iter().map(|(name, value)| (name.clone(), vec![value.clone()])).collect();
    let mut staleness = asked.staleness.clone();
    if let Some(name) = &asked.named_query {
        let query = deployment.project.graph().named_query(name, None).unwrap();
        staleness.extend(query.staleness.clone());
        assert_eq!(query.output.iter().collect::<std::collections::BTreeSet<_>>(), asked.outputs.iter().collect());
    }
    let question =
        Question { staleness, ..Question::online(asked.given.keys().cloned().collect(), asked.outputs.clone()) };
    let times = asked.now.map_or(Times::Clock, Times::At);
    let inputs = batch(deployment, &columns);
    let request = Request {
        question,
        inputs,
        times,
        query_id: "scenario".to_owned(),
        run: None,
        query_context: QueryContext::default(),
    };
    let answer =
        running.product.state.engine.online(deployment, request).await.map_err(|letters| format!("{letters:#?}"))?;
    Ok(answer
        .outputs
        .iter()
        .map(|output| {
            let failure = answer.letters.iter().find(|letter| letter.feature.as_deref() == Some(&output.name));
            let cell = match (output.valid[0], failure) {
                (true, _) => Cell::Value(value_at(output.values.as_ref(), 0)),
                (false, Some(letter)) => Cell::Failed(wire_name(letter.code)),
                (false, None) => Cell::Missing,
            };
            (cell, output.origins[0] == Origin::OnlineStore)
        })
        .collect())
}

/// A training set through the job that users start; one list of cells per output.
pub async fn train(
    running: &Running,
    deployment: &Arc<Deployment>,
    given: &BTreeMap<String, Vec<Value>>,
    times: &[i64],
    outputs: &[String],
    recompute: &Recompute,
) -> Result<Vec<Vec<Cell>>, String> {
    let recompute = match recompute {
        Recompute::Nothing => PlanRecompute::Nothing,
        Recompute::Everything => PlanRecompute::Everything,
        Recompute::Only(features) => PlanRecompute::Only(features.clone()),
    };
    let question = Question {
        mode: Mode::Offline(recompute),
        ..Question::online(given.keys().cloned().collect(), outputs.to_vec())
    };
    let spine = Spine { inputs: batch(deployment, given), times: Int64Array::from(times.to_vec()) };
    let order = Order {
        deployment: deployment.clone(),
        question,
        spine,
        dataset_name: None,
        query_context: QueryContext::default(),
    };
    let state = &running.product.state;
    let revision = state.training.start(order).await.unwrap();
    state.training.wait(&revision.id, Duration::from_secs(60)).await;
    let revision = state.metadata.revision(&revision.id).await.unwrap().unwrap();
    let [file] = revision.files.as_slice() else { return Err(format!("{outputs:?}: {:#?}", revision.errors)) };
    let file = std::fs::File::open(state.blobs.local(file).await.unwrap()).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    let batches: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
    let cells = |output: &String| {
        let mut cells = Vec::new();
        for batch in &batches {
            let column = batch.column_by_name(output).unwrap_or_else(|| panic!("no column {output}"));
            cells.extend((0..column.len()).map(|row| Cell::Value(value_at(column.as_ref(), row))));
        }
        cells
    };
    Ok(outputs.iter().map(cells).collect())
}
