//! Training sets against an engine without sources: rows in the order of the spine, status and progress on record.

use crate::fakes::{BUNDLE, Memory};
use arrow::array::{Array, AsArray, Int64Array};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use creta_engine::{Deployment, Engine, Stores};
use creta_jobs::{Drain, Effort, KnownTypes, Order, Rows, Spine, Tasks, TrainingSets};
use creta_model::{Bundle, Code};
use creta_plan::{Mode, Question, Recompute};
use creta_ports::metadata::RevisionStatus;
use creta_ports::{Blobs, Metadata};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

fn sets(memory: &Arc<Memory>) -> (TrainingSets, Arc<Tasks>) {
    let stores = Stores {
        online: memory.clone(),
        offline: memory.clone(),
        log: memory.clone(),
        clock: memory.clone(),
        entropy: memory.clone(),
        writing: Arc::default(),
    };
    let types = Arc::new(KnownTypes::new(memory.clone()));
    let drain = Drain::new(memory.clone(), memory.clone(), memory.clone(), types);
    let tasks = Arc::new(Tasks::default());
    let engine = Arc::new(Engine::new(stores));
    (TrainingSets::new(engine, memory.clone(), memory.clone(), drain, tasks.clone()), tasks)
}

fn order(rows: i64, output: &str) -> Order {
    let bundle: Bundle = serde_json::from_str(BUNDLE).unwrap();
    let project = creta_plan::check(&bundle).unwrap();
    let deployment = Arc::new(Deployment::new("d".to_owned(), project, bundle, HashMap::new(), None));
    let mut question = Question::online(vec!["ship.id".to_owned()], vec![output.to_owned()]);
    question.mode = Mode::Offline(Recompute::Everything);
    let keys: Int64Array = (0..rows).rev().collect();
    let inputs = RecordBatch::try_from_iter([("ship.id", Arc::new(keys) as Arc<dyn Array>)]).unwrap();
    let spine = Spine { inputs, times: (0..rows).map(|row| row * 10).collect() };
    Order { dataset_name: Some("spring".to_owned()), ..Order::new(deployment, question, Rows::Given(spine)) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_come_back_in_the_order_of_the_spine() {
    let memory = Arc::new(Memory::default());
    let (sets, _tasks) = sets(&memory);
    let rows = 35_001;
    let started = sets.start(order(rows, "ship.id")).await.unwrap();
    assert_eq!(started.status, RevisionStatus::Pending);
    sets.wait(&started.id, Duration::from_secs(60)).await;
    let revision = memory.revision(&started.id).await.unwrap().unwrap();
    assert_eq!(revision.status, RevisionStatus::Done, "{:?}", revision.errors);
    assert_eq!((revision.rows, revision.outputs.as_slice()), (rows as u64, &["ship.id".to_owned()][..]));
    assert_eq!(sets.progress(&started.id), None);
    let bytes = memory.get(&revision.files[0]).await.unwrap();
    assert_eq!(bytes.len() as u64, revision.bytes);
    let folder = std::env::temp_dir().join(format!("creta-training-{}.parquet", std::process::id()));
    std::fs::write(&folder, bytes).unwrap();
    let file = std::fs::File::open(&folder).unwrap();
    std::fs::remove_file(&folder).unwrap();
    let mut next = 0;
    for batch in ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap() {
        let batch = batch.unwrap();
        let column = |name: &str| batch.column_by_name(name).unwrap();
        for row in 0..batch.num_rows() {
            assert_eq!(column("ship.id").as_primitive::<Int64Type>().value(row), rows - 1 - next);
            assert_eq!(column("__index__").as_primitive::<Int64Type>().value(row), next);
            assert_eq!(column("__ts__").as_primitive::<TimestampMicrosecondType>().value(row), next * 10);
            next += 1;
        }
    }
    assert_eq!(next, rows);
    let again = sets.start(order(0, "ship.id")).await.unwrap();
    assert_eq!(again.dataset_id, revision.dataset_id);
    sets.wait(&again.id, Duration::from_secs(60)).await;
    assert_eq!(memory.revision(&again.id).await.unwrap().unwrap().status, RevisionStatus::Done);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shards_are_files_of_their_own_and_inputs_are_kept() {
    let memory = Arc::new(Memory::default());
    let (sets, _tasks) = sets(&memory);
    let effort = Effort { shards: 3, workers: 2, ..Effort::default() };
    let started = sets.start(Order { effort, ..order(10, "ship.id") }).await.unwrap();
    sets.wait(&started.id, Duration::from_secs(60)).await;
    let revision = memory.revision(&started.id).await.unwrap().unwrap();
    assert_eq!(revision.status, RevisionStatus::Done, "{:?}", revision.errors);
    assert_eq!((revision.shards, revision.rows), (3, 10));
    let mut rows = Vec::new();
    for name in &revision.files {
        rows.push(keys(memory.get(name).await.unwrap()));
    }
    assert_eq!(rows, [vec![9, 8, 7, 6], vec![5, 4, 3], vec![2, 1, 0]]);
    assert_eq!(keys(memory.get(&revision.inputs.unwrap()).await.unwrap()), (0..10).rev().collect::<Vec<i64>>());
}

fn keys(file: Vec<u8>) -> Vec<i64> {
    let mut reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(file)).unwrap().build().unwrap();
    let batch = reader.next().unwrap().unwrap();
    batch.column_by_name("ship.id").unwrap().as_primitive::<Int64Type>().values().to_vec()
}

#[tokio::test]
async fn what_cannot_be_finished_is_failed_on_record() {
    let memory = Arc::new(Memory::default());
    let (sets, tasks) = sets(&memory);
    let left = sets.start(order(1, "ship.id")).await.unwrap();
    memory.revisions.lock().unwrap()[0].status = RevisionStatus::Running;
    tasks.stop().await;
    memory.revisions.lock().unwrap()[0].status = RevisionStatus::Running;
    assert_eq!(sets.fail_unfinished().await.unwrap(), 1);
    let failed = memory.revision(&left.id).await.unwrap().unwrap();
    assert_eq!((failed.status, failed.errors[0].code), (RevisionStatus::Failed, Code::Cancelled));
    assert!(!sets.cancel(&left.id));
}
