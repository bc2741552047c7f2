//! The real binary as a child process, and the HTTP calls of the crash test.

use reqwest::Client;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const BINARY: &str = env!("CARGO_BIN_EXE_creta");

/// The longest a start may take.
const START_LIMIT: Duration = Duration::from_secs(60);

pub struct Server {
    child: Child,
    http: Client,
    url: String,
    token: String,
    ready: PathBuf,
}

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/crash/project")
}

impl Server {
    pub async fn start(data: &Path, python: &Path) -> Server {
        let ready = data.join("ready.json");
        let _ = std::fs::remove_file(&ready);
        let mut child = Command::new(BINARY)
            .args(["up", "--port", "0", "--workers", "1"])
            .arg("--project")
            .arg(project())
            .arg("--data")
            .arg(data.join("data"))
            .arg("--ready-file")
            .arg(&ready)
            .arg("--python")
            .arg(python)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let credentials = wait_until_ready(&mut child, &ready).await;
        let http = Client::builder().timeout(Duration::from_secs(30)).build().unwrap();
        let url = credentials["url"].as_str().unwrap().to_owned();
        let mut server = Server { child, http, url, token: String::new(), ready };
        let body = json!({
            "client_id": credentials["client_id"],
            "client_secret": credentials["client_secret"],
            "grant_type": "client_credentials",
        });
        let answer = server.caller().post("/v1/oauth/token", &body).await.unwrap();
        server.token = answer["access_token"].as_str().unwrap().to_owned();
        server
    }

    pub fn caller(&self) -> Caller {
        Caller { http: self.http.clone(), url: self.url.clone(), token: self.token.clone() }
    }

    pub async fn apply(&self, python: &Path) {
        let mut command = tokio::process::Command::new(BINARY);
        command.arg("apply").arg("--project").arg(project()).arg("--python").arg(python);
        let output = command.arg("--credentials").arg(&self.ready).output().await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// SIGKILL: nothing is said goodbye to.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM: drains and ends with status 0.
    pub async fn stop(mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let status = tokio::task::block_in_place(|| self.child.wait().unwrap());
        assert!(status.success(), "{status}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn wait_until_ready(child: &mut Child, ready: &Path) -> Value {
    let begun = Instant::now();
    loop {
        if let Ok(text) = std::fs::read(ready) {
            return serde_json::from_slice(&text).unwrap();
        }
        assert!(child.try_wait().unwrap().is_none(), "the server ended before it served");
        assert!(begun.elapsed() < START_LIMIT, "the server did not start in time");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Makes calls; a clone of its own for every task.
#[derive(Clone)]
pub struct Caller {
    http: Client,
    url: String,
    token: String,
}

impl Caller {
    /// The answer, or None when the connection broke: the server is gone.
    pub async fn post(&self, path: &str, body: &Value) -> Option<Value> {
        let request = self.http.post(format!("{}{path}", self.url)).bearer_auth(&self.token).json(body);
        let response = request.send().await.ok()?;
        let status = response.status();
        let answer: Value = response.json().await.ok()?;
        assert!(status.is_success(), "{path}: {status} {answer}");
        Some(answer)
    }

    pub async fn get_bytes(&self, url: &str) -> Vec<u8> {
        self.http.get(url).send().await.unwrap().bytes().await.unwrap().to_vec()
    }
}
