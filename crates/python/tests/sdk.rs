//! The SDK's own worker with a project as a user writes it, when the interpreter has the SDK.

use crate::project::{call, column, eventually, python};
use arrow::array::{Array, AsArray};
use arrow::datatypes::Float64Type;
use creta_model::Code;
use creta_ports::Python;
use creta_python::{WorkerPool, WorkerSettings, find_python};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The line numbers of `ratio` are named in a test.
const FEATURES: &str = "\
import os
import time
from creta import online
from creta.features import Primary, features

@features
class Call:
    id: Primary[int]
    n: int
    double: int
    ratio: float
    slept: int
    gone: int

@online
def double(n: Call.n) -> Call.double:
    print('doubling', n)
    return 2 * n

@online
def ratio(n: Call.n) -> Call.ratio:
    return 1 / n

@online
def slept(n: Call.n) -> Call.slept:
    time.sleep(n)
    return n

@online
def gone(n: Call.n) -> Call.gone:
    os._exit(n)
";

struct Exported {
    folder: TempDir,
    settings: WorkerSettings,
}

/// The exported project, or a skipped test when the interpreter lacks the SDK.
fn exported(test: &str, features: &str) -> Option<Exported> {
    let python = python(test)?;
    if let Err(letter) = find_python(Some(&python), &PathBuf::from(".")) {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{test}: {letter}");
        eprintln!("SKIP {test}: {letter}");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("project");
    std::fs::create_dir(&project).unwrap();
    std::fs::write(project.join("features.py"), features).unwrap();
    let out = folder.path().join("out");
    let output = std::process::Command::new(&python)
        .args(["-m", "creta.export"])
        .args([&project])
        .arg("--out")
        .arg(&out)
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let mut settings = WorkerSettings::new(python, out.join("bundle.json"), project);
    settings.processes = 1;
    settings.log = Arc::new(|_| {});
    // Where the SDK is not installed but only on the path, its workers need the same path.
    settings.python_path = std::env::var_os("PYTHONPATH").map(PathBuf::from);
    Some(Exported { folder, settings })
}

#[tokio::test]
async fn resolvers_answer_row_by_row() {
    let Some(exported) = exported("resolvers_answer_row_by_row", FEATURES) else { return };
    let pool = WorkerPool::start(exported.settings).await.unwrap();
    let answer = pool.call(call("features.double", &[1, 2, 3])).await.unwrap();
    assert_eq!(column(&answer, "double"), [2, 4, 6]);
    eventually("lines", || pool.recent_lines().len() == 3).await;
    let line = pool.recent_lines().remove(0);
    assert_eq!((line.resolver.as_deref(), line.text.as_str()), (Some("features.double"), "doubling 1"));
    let answer = pool.call(call("features.ratio", &[4, 0])).await.unwrap();
    let ratios = answer.batch.column_by_name("ratio").unwrap();
    assert_eq!(ratios.as_primitive::<Float64Type>().value(0), 0.25);
    assert!(ratios.is_null(1));
    let [error] = &answer.errors[..] else { panic!("{:?}", answer.errors) };
    assert_eq!((error.row, error.exception.kind.as_str()), (Some(1), "ZeroDivisionError"));
    assert_eq!(error.place.as_ref().unwrap().to_string(), "features.py:22");
    pool.shutdown().await;
    drop(exported.folder);
}

#[tokio::test]
async fn resolvers_that_hang_or_die_are_survived() {
    let Some(exported) = exported("resolvers_that_hang_or_die_are_survived", FEATURES) else { return };
    let pool = WorkerPool::start(exported.settings).await.unwrap();
    let mut slow = call("features.slept", &[60]);
    slow.timeout = Duration::from_millis(100);
    assert_eq!(pool.call(slow).await.unwrap_err().code, Code::ResolverTimedOut);
    let letter = pool.call(call("features.gone", &[9])).await.unwrap_err();
    assert!(letter.code == Code::WorkerDied && letter.message.contains("status 9"), "{letter}");
    assert_eq!(column(&pool.call(call("features.double", &[5])).await.unwrap(), "double"), [10]);
}

#[tokio::test]
async fn a_project_that_breaks_after_its_export_is_shown_its_line() {
    let test = "a_project_that_breaks_after_its_export_is_shown_its_line";
    let Some(exported) = exported(test, FEATURES) else { return };
    let broken = format!("import not_there\n{FEATURES}");
    std::fs::write(exported.settings.root.join("features.py"), broken).unwrap();
    let letter = WorkerPool::start(exported.settings).await.err().unwrap();
    assert_eq!(letter.code, Code::ImportFailed);
    assert!(letter.message.contains("not_there"), "{letter}");
}

#[tokio::test]
async fn one_row_costs_little() {
    let Some(exported) = exported("one_row_costs_little", &FEATURES.replace("print('doubling', n)", "pass")) else {
        return;
    };
    let pool = WorkerPool::start(exported.settings).await.unwrap();
    let mut times = Vec::with_capacity(2_000);
    for _ in 0..2_000 {
        let call = call("features.double", &[21]);
        let begin = Instant::now();
        pool.call(call).await.unwrap();
        times.push(begin.elapsed());
    }
    times.sort();
    println!("one row through the SDK's worker and back: p50 {:?}, p99 {:?}", times[1_000], times[1_980]);
}
