//! A real PostgreSQL server for the tests of one process, which ends with it.

use serde::Deserialize;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// How `scripts/private_postgres.py` ends when there is no PostgreSQL to run.
const NOT_INSTALLED: i32 = 3;

/// Where the server is, and how to get in. Users `app` (with TLS) and `plain` (without) have the same password.
#[derive(Debug, Deserialize)]
pub struct Server {
    pub host: String,
    pub port: u16,
    pub user: String,
    pub password: String,
    pub database: String,
    /// Certificate of the authority that signed the server's.
    pub certificate: String,
    /// Certificate of an authority that did not.
    pub stranger: String,
    /// A folder with the server's socket, where `app` needs no password.
    pub socket: String,
}

/// A running server, whose standard input keeps it running.
struct Running(Server, #[expect(dead_code, reason = "its end of the pipe is closed when this process ends")] Child);

/// The server of this process. Without an installation a test says so and is skipped, which continuous integration
/// counts as a failure.
pub fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Running>> = OnceLock::new();
    let running = SERVER.get_or_init(|| match start() {
        Ok(running) => Some(running),
        Err(reason) => {
            assert!(std::env::var_os("CI").is_none(), "{reason}");
            eprintln!("SKIP: {reason}");
            None
        }
    });
    running.as_ref().map(|Running(server, _)| server)
}

/// Errors: why there is no server to be had. Whatever else goes wrong is a failed test.
fn start() -> Result<Running, String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/private_postgres.py");
    let python = std::env::var("CRETA_TEST_PYTHON").ok().filter(|python| !python.is_empty());
    let mut command = Command::new(python.as_deref().unwrap_or("python3"));
    command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut child = command.spawn().map_err(|error| format!("python3 cannot be run: {error}"))?;
    let mut line = String::new();
    if let Some(output) = child.stdout.take() {
        let _ = BufReader::new(output).read_line(&mut line);
    }
    match serde_json::from_str(&line) {
        Ok(server) => Ok(Running(server, child)),
        Err(_) => match child.wait().map(|status| status.code()) {
            Ok(Some(NOT_INSTALLED)) => Err("PostgreSQL is not installed; `scripts/setup_system.sh` does it".to_owned()),
            other => Err(format!("the PostgreSQL server did not start: {other:?}")),
        },
    }
}
