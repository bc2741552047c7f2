//! Starting: what the author of a project is told when it does not work, and which Python is taken.

use crate::project::{folder, python, settings};
use creta_model::{Code, Letter};
use creta_python::{WorkerPool, find_python};
use std::path::Path;
use std::time::Duration;

async fn refused(python: &Path, source: &str) -> Letter {
    let folder = folder(source);
    WorkerPool::start(settings(python, folder.path(), 2)).await.err().unwrap()
}

#[tokio::test]
async fn a_project_that_cannot_be_imported_is_shown_its_line() {
    let Some(python) = python("a_project_that_cannot_be_imported_is_shown_its_line") else { return };
    let letter = refused(&python, "import os\nimport not_there\n").await;
    assert_eq!(letter.code, Code::ImportFailed);
    assert_eq!(letter.place.as_ref().unwrap().to_string(), "project.py:2");
    assert!(letter.message.contains("not_there"), "{letter}");
}

#[tokio::test]
async fn a_process_that_ends_at_once_is_quoted() {
    let Some(python) = python("a_process_that_ends_at_once_is_quoted") else { return };
    let letter = refused(&python, "import os, sys\nprint('no licence', file=sys.stderr)\nos._exit(7)\n").await;
    assert_eq!(letter.code, Code::ImportFailed);
    assert!(letter.message.contains("status 7") && letter.message.contains("no licence"), "{letter}");
}

#[tokio::test]
async fn a_start_has_a_limit() {
    let Some(python) = python("a_start_has_a_limit") else { return };
    let folder = folder("import time\ntime.sleep(600)\n");
    let mut settings = settings(&python, folder.path(), 2);
    settings.start_up = Duration::from_secs(1);
    let letter = WorkerPool::start(settings).await.err().unwrap();
    assert!(letter.code == Code::ImportFailed && letter.message.contains("1s"), "{letter}");
}

#[tokio::test]
async fn what_is_no_interpreter_is_a_letter() {
    for python in ["/nowhere/python", "/bin/true"] {
        let letter = refused(Path::new(python), "").await;
        assert!(letter.code == Code::ImportFailed && letter.message.contains(python), "{letter}");
    }
}

#[test]
fn an_interpreter_is_found_and_checked() {
    let Some(python) = python("an_interpreter_is_found_and_checked") else { return };
    let empty = tempfile::tempdir().unwrap();
    match find_python(Some(&python), empty.path()) {
        Ok(found) => assert_eq!(found, python),
        Err(letter) => assert!(letter.fix.unwrap().contains("pip install creta"), "the SDK may not be installed there"),
    }
    let bare = empty.path().join("bare");
    let made = std::process::Command::new(&python).args(["-m", "venv", "--without-pip"]).arg(&bare).status().unwrap();
    assert!(made.success());
    let letter = find_python(Some(&bare.join("bin/python")), empty.path()).unwrap_err();
    assert_eq!(letter.code, Code::PythonNotFound);
    assert!(letter.message.contains("cannot import `creta`: ModuleNotFoundError"), "{letter}");
}
