//! Entries of the log reach both stores: drained behind the caller's back, on demand, and replayed after a start.

use crate::fakes::{Memory, entry, graph};
use creta_jobs::{Drain, KnownTypes, Tasks, replay, start_persisting};
use creta_model::DataType;
use creta_ports::{Log, Position, Sync};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

fn drain(memory: &Arc<Memory>) -> Drain {
    let types = Arc::new(KnownTypes::new(memory.clone()));
    Drain::new(memory.clone(), memory.clone(), memory.clone(), types)
}

async fn append(memory: &Memory, count: i64) -> Position {
    let entries: Vec<_> = (0..count).map(entry).collect();
    memory.append(&entries, Sync::Process).await.unwrap()
}

#[tokio::test]
async fn draining_on_demand_stores_each_entry_once_and_in_order() {
    let memory = Arc::new(Memory::default());
    let end = append(&memory, 25_000).await;
    let drain = drain(&memory);
    tokio::join!(async { drain.drain_up_to(end).await.unwrap() }, async { drain.drain_up_to(end).await.unwrap() });
    drain.drain_up_to(Position(end.0 + 100)).await.unwrap();
    let stored = memory.stored.lock().unwrap();
    let positions: Vec<u64> = stored.iter().map(|(position, _)| position.0).collect();
    assert_eq!(positions, (0..25_000).collect::<Vec<_>>());
    assert_eq!(memory.through.load(Ordering::SeqCst), 25_000);
    assert_eq!(memory.types_seen.lock().unwrap()[0], (Some(DataType::Int), Some(DataType::Int)));
    assert_eq!(memory.lookups.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn the_serving_deployment_decides_a_type_that_was_widened() {
    let memory = Arc::new(Memory::default());
    let types = Arc::new(KnownTypes::new(memory.clone()));
    let mut newer = graph();
    for feature in &mut newer.features {
        if let creta_model::graph::NodeKind::Scalar(scalar) = &mut feature.kind
            && feature.name == "teu"
        {
            scalar.data_type = DataType::Float;
        }
    }
    types.learn("now", &newer);
    let end = append(&memory, 1).await;
    Drain::new(memory.clone(), memory.clone(), memory.clone(), types).drain_up_to(end).await.unwrap();
    assert_eq!(memory.types_seen.lock().unwrap()[0], (Some(DataType::Int), Some(DataType::Float)));
}

#[tokio::test(start_paused = true)]
async fn the_background_drain_waits_a_little_survives_a_failure_and_finishes() {
    let memory = Arc::new(Memory::default());
    memory.applied.store(7, Ordering::SeqCst);
    memory.offline_fails.store(true, Ordering::SeqCst);
    let tasks = Tasks::default();
    drain(&memory).start(&tasks);
    append(&memory, 10).await;
    tokio::time::sleep(Duration::from_millis(1_900)).await;
    assert_eq!(memory.stored.lock().unwrap().len(), 0);
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(memory.stored.lock().unwrap().len(), 10);
    assert_eq!(memory.trimmed.load(Ordering::SeqCst), 7);
    append(&memory, 3).await;
    tasks.stop().await;
    assert_eq!(memory.stored.lock().unwrap().len(), 13);
}

#[tokio::test(start_paused = true)]
async fn a_full_batch_does_not_wait() {
    let memory = Arc::new(Memory::default());
    let tasks = Tasks::default();
    drain(&memory).start(&tasks);
    append(&memory, 10_000).await;
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert_eq!(memory.stored.lock().unwrap().len(), 10_000);
    tasks.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_online_store_is_persisted_every_second_and_at_the_end() {
    let memory = Arc::new(Memory::default());
    let tasks = Tasks::default();
    start_persisting(memory.clone(), &tasks);
    tokio::time::sleep(Duration::from_millis(3_500)).await;
    assert_eq!(memory.persisted.load(Ordering::SeqCst), 3);
    tasks.stop().await;
    assert!(memory.persisted.load(Ordering::SeqCst) > 3);
}

#[tokio::test]
async fn a_start_applies_what_the_online_store_lost() {
    let memory = Memory::default();
    append(&memory, 12_000).await;
    memory.applied.store(500, Ordering::SeqCst);
    assert_eq!(replay(&memory, &memory, &memory).await.unwrap(), 11_500);
    let shown = memory.shown.lock().unwrap();
    assert_eq!((shown.len(), &shown[0]), (11_500, &entry(500)));
    assert_eq!(memory.applied.load(Ordering::SeqCst), 12_000);
    assert_eq!(memory.persisted.load(Ordering::SeqCst), 1);
}
