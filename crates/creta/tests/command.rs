//! The command line as a user runs it: the real binary in a folder of its own.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The longest a server may take to start or a command to end.
const LIMIT: Duration = Duration::from_secs(60);

/// A project folder and the commands that run in it.
pub struct Creta {
    folder: TempDir,
}

impl Creta {
    pub fn with_files(files: &[(&str, &str)]) -> Creta {
        let creta = Creta { folder: tempfile::tempdir().unwrap() };
        for (name, text) in files {
            creta.write(name, text);
        }
        creta
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.folder().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_creta"));
        command.args(arguments).current_dir(self.folder()).env("NO_COLOR", "1").stdin(Stdio::null());
        for variable in
            ["CRETA_API_SERVER", "CRETA_CLIENT_ID", "CRETA_CLIENT_SECRET", "CRETA_CREDENTIALS", "VIRTUAL_ENV"]
        {
            command.env_remove(variable);
        }
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs a command that must fail with a letter; answers what it printed on standard error. The exit status must be
    /// the one of the letter's code.
    pub fn fails(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let printed = String::from_utf8(output.stderr).unwrap();
        let name = printed.split_once("error[").and_then(|(_, rest)| rest.split_once(']')).map(|(name, _)| name);
        let name = name.unwrap_or_else(|| panic!("{arguments:?} printed no letter but {printed:?}"));
        let code: creta_model::Code = serde_json::from_value(Value::from(name)).unwrap();
        assert_eq!(output.status.code(), Some(code.exit_status()), "{arguments:?}: {printed}");
        // Folders of the test's own mean nothing to a reader.
        printed.replace(&self.folder().canonicalize().unwrap().display().to_string(), "/home/you/project")
    }

    /// The credentials of the server that runs in this folder.
    pub fn credentials(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.folder().join("ready.json")).unwrap()).unwrap()
    }
}

/// A `creta up` in the background; it does not outlive a test that fails.
pub struct Served {
    child: Child,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Served {
    pub async fn start(creta: &Creta, python: &Path) -> Served {
        Served::start_with(creta, python, &[]).await
    }

    pub async fn start_with(creta: &Creta, python: &Path, more: &[&str]) -> Served {
        let ready: PathBuf = creta.folder().join("ready.json");
        let mut command = creta.command(&["up", "--port", "0", "--workers", "1", "--ready-file", "ready.json"]);
        let mut child = command.args(more).arg("--python").arg(python).stderr(Stdio::null()).spawn().unwrap();
        let begun = Instant::now();
        while !ready.exists() {
            assert!(child.try_wait().unwrap().is_none(), "the server ended before it served");
            assert!(begun.elapsed() < LIMIT, "the server did not start in time");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Served { child }
    }

    /// SIGTERM: drains and ends with status 0.
    pub async fn stop(mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let status = tokio::task::block_in_place(|| self.child.wait().unwrap());
        assert!(status.success(), "{status}");
    }
}
