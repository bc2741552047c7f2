//! Calls that come back: values, exceptions, output, many at once.

use crate::project::{call, column, eventually, folder, python, settings, start};
use arrow::array::AsArray;
use creta_model::Code;
use creta_ports::Python;
use creta_python::{Stream, WorkerPool};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

#[tokio::test]
async fn batches_go_in_and_come_out() {
    let Some(project) = start("batches_go_in_and_come_out", 1).await else { return };
    let answer = project.pool.call(call("twice", &[1, 2, 3])).await.unwrap();
    assert_eq!(column(&answer, "double"), [2, 4, 6]);
    let many: Vec<i64> = (0..3_000_000).collect();
    let answer = project.pool.call(call("twice", &many)).await.unwrap();
    assert!(column(&answer, "double").iter().zip(&many).all(|(double, number)| *double == 2 * number));
    let answer = project.pool.call(call("twice", &[4])).await.unwrap();
    assert_eq!(column(&answer, "double"), [8], "a small call after a large one");
}

#[tokio::test]
async fn exceptions_are_values() {
    let Some(project) = start("exceptions_are_values", 1).await else { return };
    let answer = project.pool.call(call("fails", &[])).await.unwrap();
    let [error] = &answer.errors[..] else { panic!("{:?}", answer.errors) };
    assert_eq!((error.row, error.exception.kind.as_str()), (None, "ValueError"));
    assert_eq!(error.exception.message, "no such berth");
    assert_eq!(error.place.as_ref().unwrap().to_string(), "project.py:23");
    let answer = project.pool.call(call("reports_rows", &[1, 2])).await.unwrap();
    assert_eq!((answer.errors[0].row, answer.missing["double"].as_slice()), (Some(1), &[0][..]));
    let letter = project.pool.call(call("reports_strange_rows", &[1, 2])).await.unwrap_err();
    assert_eq!(letter.code, Code::WorkerDied, "{letter}");
}

#[tokio::test]
async fn lines_belong_to_their_resolver_and_are_bounded() {
    let Some(project) = start("lines_belong_to_their_resolver_and_are_bounded", 1).await else { return };
    project.pool.call(call("speaks", &[])).await.unwrap();
    eventually("lines", || project.pool.recent_lines().len() == 4).await;
    let lines = project.pool.recent_lines();
    assert!(lines.iter().all(|line| line.resolver.as_deref() == Some("speaks")));
    let of = |stream| lines.iter().filter(move |line| line.stream == stream).collect::<Vec<_>>();
    assert_eq!(of(Stream::Stderr)[0].text, "careful");
    let printed = of(Stream::Stdout);
    assert_eq!((printed[0].text.as_str(), printed[1].text.as_str()), ("one", "two"));
    assert_eq!(printed[2].text.len(), 8_192);
    for _ in 0..400 {
        project.pool.call(call("speaks", &[])).await.unwrap();
    }
    assert!(project.pool.recent_lines().len() <= 1_000);
}

#[tokio::test]
async fn the_environment_is_an_allow_list() {
    let Some(project) = start("the_environment_is_an_allow_list", 1).await else { return };
    let answer = project.pool.call(call("environment", &[])).await.unwrap();
    let names: HashSet<&str> = answer.batch.column(0).as_string::<i32>().iter().flatten().collect();
    assert!(names.contains("PATH") && names.contains("PYTHONUNBUFFERED"), "{names:?}");
    assert!(!names.contains("CARGO_MANIFEST_DIR") && !names.contains("CRETA_TEST_PYTHON"), "{names:?}");
}

#[tokio::test]
async fn processes_work_at_the_same_time() {
    let Some(project) = start("processes_work_at_the_same_time", 2).await else { return };
    let (first, second) = tokio::join!(project.pool.call(call("meets", &[0])), project.pool.call(call("meets", &[1])));
    assert_eq!((column(&first.unwrap(), "n"), column(&second.unwrap(), "n")), (vec![0], vec![1]));
}

#[tokio::test]
async fn calls_are_served_in_the_order_of_asking() {
    let Some(project) = start("calls_are_served_in_the_order_of_asking", 1).await else { return };
    let pool = Arc::new(project.pool);
    let ask = |_| {
        let pool = pool.clone();
        tokio::spawn(async move { column(&pool.call(call("counts", &[])).await.unwrap(), "count")[0] })
    };
    let mut counts = Vec::new();
    for asked in (0..50).map(ask).collect::<Vec<_>>() {
        counts.push(asked.await.unwrap());
    }
    assert_eq!(counts, (1..=50).collect::<Vec<i64>>());
}

#[tokio::test]
async fn too_many_waiting_calls_are_refused() {
    let Some(python) = python("too_many_waiting_calls_are_refused") else { return };
    let folder = folder(include_str!("project.py"));
    let mut settings = settings(&python, folder.path(), 1);
    settings.waiting = 1;
    let pool = WorkerPool::start(settings).await.unwrap();
    let wait = || pool.call(call("waits", &[300]));
    let (first, second, third) = tokio::join!(wait(), wait(), wait());
    assert!(first.is_ok() && second.is_ok());
    assert_eq!(third.unwrap_err().code, Code::Overloaded);
}

#[tokio::test]
async fn a_caller_who_goes_away_leaves_the_worker_usable() {
    let Some(project) = start("a_caller_who_goes_away_leaves_the_worker_usable", 1).await else { return };
    let process = project.process().await;
    let gone = tokio::time::timeout(Duration::from_millis(20), project.pool.call(call("waits", &[200]))).await;
    assert!(gone.is_err());
    assert_eq!(column(&project.pool.call(call("twice", &[5])).await.unwrap(), "double"), [10]);
    assert_eq!(project.process().await, process, "the call was finished, not the process");
}

#[tokio::test]
async fn shutdown_waits_for_running_calls_and_refuses_new_ones() {
    let Some(project) = start("shutdown_waits_for_running_calls_and_refuses_new_ones", 2).await else { return };
    let process = project.process().await;
    let pool = Arc::new(project.pool);
    let running = tokio::spawn({
        let pool = pool.clone();
        async move { pool.call(call("waits", &[300])).await }
    });
    // One turn of the scheduler and the call has its worker.
    tokio::task::yield_now().await;
    pool.shutdown().await;
    assert_eq!(column(&running.await.unwrap().unwrap(), "n"), [300]);
    assert_eq!(pool.call(call("twice", &[1])).await.unwrap_err().code, Code::Cancelled);
    assert!(!crate::project::runs(process));
}
