//! Calls that do not come back: time-outs, deaths, nonsense; and that the pool survives them.

use crate::project::{call, column, eventually, folder, runs, settings, start};
use creta_model::Code;
use creta_ports::Python;
use creta_python::WorkerPool;
use std::time::{Duration, Instant};

#[tokio::test]
async fn a_call_that_takes_too_long_is_ended_with_everything_it_started() {
    let Some(project) = start("a_call_that_takes_too_long_is_ended_with_everything_it_started", 1).await else {
        return;
    };
    let process = project.process().await;
    let begin = Instant::now();
    let mut slow = call("begets_and_waits", &[]);
    slow.timeout = Duration::from_millis(400);
    let letter = project.pool.call(slow).await.unwrap_err();
    println!("a limit of 400 ms was enforced after {:?}", begin.elapsed());
    assert_eq!((letter.code, letter.resolver.as_deref()), (Code::ResolverTimedOut, Some("begets_and_waits")));
    assert!(letter.message.contains("400ms"), "{letter}");
    let lines = project.pool.recent_lines();
    let child = lines.iter().find_map(|line| line.text.strip_prefix("child ")).unwrap().parse().unwrap();
    eventually("the end of the process and its child", || !runs(process) && !runs(child)).await;
    assert_eq!(column(&project.pool.call(call("twice", &[2])).await.unwrap(), "double"), [4], "replaced");
    assert_ne!(project.process().await, process);
}

#[tokio::test]
async fn others_go_on_while_one_is_replaced() {
    let Some(project) = start("others_go_on_while_one_is_replaced", 2).await else { return };
    let endless = "import time\ntime.sleep(600)\n";
    std::fs::write(project.folder.path().join("project.py"), endless).unwrap();
    let mut slow = call("waits", &[60_000]);
    slow.timeout = Duration::from_millis(50);
    project.pool.call(slow).await.unwrap_err();
    assert_eq!(column(&project.pool.call(call("twice", &[1])).await.unwrap(), "double"), [2]);
}

#[tokio::test]
async fn a_death_says_how_and_where() {
    let Some(project) = start("a_death_says_how_and_where", 1).await else { return };
    let letter = project.pool.call(call("leaves", &[])).await.unwrap_err();
    assert_eq!((letter.code, letter.resolver.as_deref()), (Code::WorkerDied, Some("leaves")));
    assert!(letter.message.contains("exited with status 3"), "{letter}");
    let letter = project.pool.call(call("crash", &[])).await.unwrap_err();
    assert!(letter.message.contains("signal 11 (SIGSEGV)"), "{letter}");
    assert_eq!(letter.place.unwrap().to_string(), "project.py:19");
    assert_eq!(column(&project.pool.call(call("twice", &[2])).await.unwrap(), "double"), [4]);
}

#[tokio::test]
async fn nonsense_ends_the_process() {
    let Some(project) = start("nonsense_ends_the_process", 1).await else { return };
    let letter = project.pool.call(call("garbles", &[])).await.unwrap_err();
    assert_eq!(letter.code, Code::WorkerDied);
    assert_eq!(column(&project.pool.call(call("twice", &[2])).await.unwrap(), "double"), [4]);
}

#[tokio::test]
async fn three_crashes_in_a_minute_are_enough() {
    let Some(project) = start("three_crashes_in_a_minute_are_enough", 1).await else { return };
    for _ in 0..3 {
        let letter = project.pool.call(call("leaves", &[])).await.unwrap_err();
        assert!(letter.message.contains("exited"), "{letter}");
    }
    let process = project.process().await;
    let letter = project.pool.call(call("leaves", &[])).await.unwrap_err();
    assert_eq!(letter.code, Code::WorkerDied);
    assert!(letter.message.contains("3 times in a minute"), "{letter}");
    assert_eq!(project.process().await, process, "it was not called");
}

#[tokio::test]
async fn a_worker_that_left_while_idle_costs_nobody_an_answer() {
    let Some(project) = start("a_worker_that_left_while_idle_costs_nobody_an_answer", 1).await else { return };
    let process = project.process().await;
    project.pool.call(call("leaves_when_idle", &[])).await.unwrap();
    eventually("the end of the process", || !runs(process)).await;
    assert_eq!(column(&project.pool.call(call("twice", &[2])).await.unwrap(), "double"), [4]);
    assert_ne!(project.process().await, process);
}

#[tokio::test]
async fn processes_that_cannot_be_restarted_say_why() {
    let Some(python) = crate::project::python("processes_that_cannot_be_restarted_say_why") else { return };
    let folder = folder(include_str!("project.py"));
    let pool = WorkerPool::start(settings(&python, folder.path(), 1)).await.unwrap();
    std::fs::write(folder.path().join("project.py"), "import not_there\n").unwrap();
    pool.call(call("leaves", &[])).await.unwrap_err();
    let mut code = Code::Bug;
    for _ in 0..50 {
        let waiting = tokio::time::timeout(Duration::from_millis(200), pool.call(call("twice", &[1]))).await;
        if let Ok(Err(letter)) = waiting {
            code = letter.code;
            break;
        }
    }
    assert_eq!(code, Code::ImportFailed);
    std::fs::write(folder.path().join("project.py"), include_str!("project.py")).unwrap();
    let answer = loop {
        match pool.call(call("twice", &[1])).await {
            Ok(answer) => break answer,
            Err(letter) => assert_eq!(letter.code, Code::ImportFailed),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(column(&answer, "double"), [2], "and come back when they can");
}

#[tokio::test]
async fn dropping_the_pool_ends_the_processes() {
    let Some(project) = start("dropping_the_pool_ends_the_processes", 1).await else { return };
    let process = project.process().await;
    drop(project.pool);
    eventually("the end of the process", || !runs(process)).await;
    drop(project.folder);
}
