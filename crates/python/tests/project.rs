//! A project for the stand-in worker, and a pool that runs it.

use arrow::array::AsArray;
use arrow::array::{Int64Array, RecordBatch};
use arrow::datatypes::Int64Type;
use creta_ports::Python;
use creta_ports::python::{Answer, Call};
use creta_python::{WorkerPool, WorkerSettings};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// The interpreter to test with. Without one a test is skipped; in continuous integration that is a failure.
pub fn python(test: &str) -> Option<PathBuf> {
    let python = std::env::var_os("CRETA_TEST_PYTHON").filter(|python| !python.is_empty()).map(PathBuf::from);
    if python.is_none() {
        let reason = "CRETA_TEST_PYTHON does not name a Python with pyarrow";
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{test}: {reason}");
        eprintln!("SKIP {test}: {reason}");
    }
    python
}

/// The folder of a project and the pool that runs it.
pub struct Project {
    pub pool: WorkerPool,
    pub folder: TempDir,
}

pub fn folder(source: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("project.py"), source).unwrap();
    std::fs::write(folder.path().join("bundle.json"), "{}").unwrap();
    folder
}

pub fn settings(python: &Path, folder: &Path, processes: usize) -> WorkerSettings {
    let stand_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stand_in");
    let settings = WorkerSettings::new(python, folder.join("bundle.json"), folder);
    WorkerSettings { processes, python_path: Some(stand_in), log: Arc::new(|_| {}), ..settings }
}

/// Starts the tests' project, or skips the test.
pub async fn start(test: &str, processes: usize) -> Option<Project> {
    let python = python(test)?;
    let folder = folder(include_str!("project.py"));
    let pool = WorkerPool::start(settings(&python, folder.path(), processes)).await.unwrap();
    Some(Project { pool, folder })
}

pub fn numbers(values: &[i64]) -> RecordBatch {
    RecordBatch::try_from_iter([("n", Arc::new(Int64Array::from(values.to_vec())) as _)]).unwrap()
}

pub fn call(resolver: &str, values: &[i64]) -> Call {
    let batch = (!values.is_empty()).then(|| numbers(values));
    Call {
        resolver: resolver.to_owned(),
        batch,
        rows: values.len(),
        timeout: Duration::from_secs(30),
        query_context: Default::default(),
    }
}

pub fn column(answer: &Answer, name: &str) -> Vec<i64> {
    answer.batch.column_by_name(name).unwrap().as_primitive::<Int64Type>().values().to_vec()
}

impl Project {
    pub async fn process(&self) -> i64 {
        column(&self.pool.call(call("process_id", &[])).await.unwrap(), "pid")[0]
    }
}

/// Waits for what a process does in its own time.
pub async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..500 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what}: waited for five seconds");
}

/// A process that runs, and is not only waiting to be reaped.
pub fn runs(process: i64) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    state.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
}
