//! Puts questions to the engine of a product in this process: typed columns in, cells out.

use arrow::array::{ArrayRef, Int64Array};
use arrow::datatypes::{Field, Schema};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use creta::compose::Product;
use creta_engine::{Deployment, Origin, Request, Times};
use creta_jobs::{Keep, Order, Rows, Spine, Timestamps, Trigger};
use creta_model::data_type::StructField;
use creta_model::{DataType, FeatureId, Graph, Letter, ResolverId, Value};
use creta_plan::{Mode, Question, Recompute as PlanRecompute};
use creta_ports::arrays::{array_of, value_at};
use creta_ports::python::QueryContext;
use creta_testkit::oracle::{Answer, Outcome, Recompute, Terms};
use creta_testkit::scenario::Cell;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// One row's question.
pub struct Asked {
    pub given: BTreeMap<String, Value>,
    pub outputs: Vec<String>,
    pub now: Option<i64>,
    pub terms: Terms,
    pub named_query: Option<String>,
}

fn batch(deployment: &Deployment, columns: &BTreeMap<String, Vec<Value>>) -> RecordBatch {
    let graph = deployment.project.graph();
    let column = |(name, values): (&String, &Vec<Value>)| match graph.by_fqn(name).and_then(|id| graph.scalar(id)) {
        Some(scalar) => (name.clone(), array_of(&scalar.data_type, values.iter().map(Some)).unwrap()),
        None => related_rows(graph, name, values),
    };
    let (names, arrays): (Vec<String>, Vec<ArrayRef>) = columns.iter().map(column).unzip();
    let fields: Vec<Field> =
        names.iter().zip(&arrays).map(|(name, array)| Field::new(name, array.data_type().clone(), true)).collect();
    let rows = columns.values().next().map_or(0, Vec::len);
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options).unwrap()
}

/// Rows of a relationship, each a map from the own names of its features, as lists of structs.
fn related_rows(graph: &Graph, name: &str, parents: &[Value]) -> (String, ArrayRef) {
    let entity = graph.rows_of(&graph.path(name).unwrap()).unwrap();
    let rows = |parent: &Value| match parent {
        Value::List(rows) => rows.clone(),
        other => panic!("{other:?} is no list of rows"),
    };
    let pairs = |row: &Value| match row {
        Value::Map(pairs) => pairs.clone(),
        other => panic!("{other:?} is no row"),
    };
    let own_name = |name: &Value| match name {
        Value::Str(name) => name.clone(),
        other => panic!("{other:?} is no name"),
    };
    let first = parents.iter().find_map(|parent| rows(parent).first().cloned());
    let features: Vec<FeatureId> = match first {
        Some(row) => pairs(&row).iter().map(|(name, _)| graph.member(entity, &own_name(name)).unwrap()).collect(),
        None => graph.scalars(entity).collect(),
    };
    let field = |id: &FeatureId| StructField {
        name: graph.feature(*id).fqn.clone(),
        data_type: graph.scalar(*id).unwrap().data_type.clone(),
        nullable: true,
    };
    let fields: Vec<StructField> = features.iter().map(field).collect();
    let name = format!("{name}[{}]", fields.iter().map(|field| field.name.as_str()).collect::<Vec<_>>().join(","));
    let positional = |row: &Value| Value::Struct(pairs(row).into_iter().map(|(_, value)| value).collect());
    let lists: Vec<Value> =
        parents.iter().map(|parent| Value::List(rows(parent).iter().map(positional).collect())).collect();
    let data_type = DataType::List(Box::new(DataType::Struct(fields)));
    (name, array_of(&data_type, lists.iter().map(Some)).unwrap())
}

fn names_of(batch: &RecordBatch) -> Vec<String> {
    batch.schema().fields().iter().map(|field| field.name().clone()).collect()
}

pub async fn upload(product: &Product, deployment: &Deployment, columns: &BTreeMap<String, Vec<Value>>) {
    product.state.engine.upload(deployment, batch(deployment, columns)).await.unwrap();
}

/// A question that was refused before anything ran: the wire's codes, and the letters for people.
#[derive(Debug)]
pub struct Refused {
    pub codes: Vec<&'static str>,
    pub letters: Vec<Letter>,
}

impl From<Vec<Letter>> for Refused {
    fn from(letters: Vec<Letter>) -> Refused {
        Refused { codes: letters.iter().map(|letter| letter.code.wire().name()).collect(), letters }
    }
}

/// Each output's cell, and whether the online store gave it.
pub async fn ask(product: &Product, deployment: &Deployment, asked: &Asked) -> Result<Vec<(Cell, bool)>, Refused> {
    let columns = asked.given.iter().map(|(name, value)| (name.clone(), vec![value.clone()])).collect();
    let terms = asked.terms.clone();
    let mut staleness = terms.staleness;
    if let Some(name) = &asked.named_query {
        let query = deployment.project.graph().named_query(name, None).unwrap();
        staleness.extend(query.staleness.clone());
        assert_eq!(query.output.iter().collect::<std::collections::BTreeSet<_>>(), asked.outputs.iter().collect());
    }
    let inputs = batch(deployment, &columns);
    let question = Question {
        staleness,
        tags: terms.tags,
        required_resolver_tags: terms.required_resolver_tags,
        ..Question::online(names_of(&inputs), asked.outputs.clone())
    };
    let times = asked.now.map_or(Times::Clock, Times::At);
    let request = Request {
        question,
        inputs,
        times,
        query_id: "scenario".to_owned(),
        run: None,
        query_context: QueryContext::default(),
    };
    let answer = product.state.engine.online(deployment, request).await?;
    Ok(answer
        .outputs
        .iter()
        .map(|output| {
            let failure = answer.letters.iter().find(|letter| letter.feature.as_deref() == Some(&output.name));
            let cell = match (output.valid[0], failure) {
                (true, _) => Cell::Value(value_at(output.values.as_ref(), 0)),
                // Outside of limits that are not strict.
                (false, None) if output.values.is_valid(0) => Cell::Value(value_at(output.values.as_ref(), 0)),
                (false, Some(letter)) => Cell::Failed(letter.code.wire().name().to_owned()),
                (false, None) => Cell::Missing,
            };
            (cell, output.origins[0] == Origin::OnlineStore)
        })
        .collect())
}

/// Runs a resolver into both stores; answers how many rows were stored.
pub async fn run_resolver(product: &Product, deployment: &Arc<Deployment>, resolver: &str) -> u64 {
    let resolvers = &deployment.project.graph().resolvers;
    let number = resolvers.iter().position(|node| node.name == resolver).unwrap_or_else(|| panic!("no {resolver}"));
    let trigger = Trigger {
        deployment: deployment.clone(),
        resolver: ResolverId(number as u32),
        from: None,
        until: None,
        keep: Keep { online: true, offline: true },
        timestamps: Timestamps::FeatureTime,
        idempotency_key: None,
    };
    let runs = &product.state.runs;
    let run = runs.start(trigger).await.unwrap();
    runs.wait(&run, Duration::from_secs(60)).await;
    let run = runs.find(&run.id).await.unwrap().unwrap();
    assert_eq!(run.errors, [], "{resolver}");
    run.rows
}

/// What of a training set comes from history, and which history.
#[derive(Clone, Copy)]
pub struct Sampling<'a> {
    pub recompute: &'a Recompute,
    pub terms: &'a Terms,
    pub as_known: bool,
}

impl<'a> Sampling<'a> {
    pub fn default_of((recompute, terms): (&'a Recompute, &'a Terms)) -> Sampling<'a> {
        Sampling { recompute, terms, as_known: false }
    }
}

/// A training set through the job that users start; one list of cells per output.
pub async fn train(
    product: &Product,
    deployment: &Arc<Deployment>,
    given: &BTreeMap<String, Vec<Value>>,
    times: &[i64],
    outputs: &[String],
    how: Sampling<'_>,
) -> Result<Vec<Vec<Cell>>, Refused> {
    let terms = how.terms;
    let recompute = match how.recompute {
        Recompute::Nothing => PlanRecompute::Nothing,
        Recompute::Everything => PlanRecompute::Everything,
        Recompute::Only(features) => PlanRecompute::Only(features.clone()),
    };
    let inputs = batch(deployment, given);
    let question = Question {
        mode: Mode::Offline(recompute),
        as_known: how.as_known,
        tags: terms.tags.clone(),
        required_resolver_tags: terms.required_resolver_tags.clone(),
        ..Question::online(names_of(&inputs), outputs.to_vec())
    };
    let spine = Spine { inputs, times: Int64Array::from(times.to_vec()) };
    let order = Order::new(deployment.clone(), question, Rows::Given(spine));
    let state = &product.state;
    let revision = state.training.start(order).await.unwrap();
    state.training.wait(&revision.id, Duration::from_secs(60)).await;
    let revision = state.metadata.revision(&revision.id).await.unwrap().unwrap();
    let [file] = revision.files.as_slice() else { return Err(Refused::from(revision.errors)) };
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

/// The oracle's answer as a cell.
pub fn cell_of(answer: &Answer) -> Cell {
    match &answer.outcome {
        Outcome::Value(value) => Cell::Value(value.clone()),
        Outcome::Missing => Cell::Missing,
        Outcome::Blocked => Cell::Failed("UPSTREAM_FAILED".to_owned()),
        Outcome::Failed(code) => Cell::Failed((*code).to_owned()),
    }
}
