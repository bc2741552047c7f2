//! What a pool of workers needs to know before it starts.

use crate::output::{LogLine, trace};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Receives every line that resolvers print. Called from the runtime's threads; it must not block.
pub type LogSink = Arc<dyn Fn(&LogLine) + Send + Sync>;

/// Which project, in which Python, with how much of the machine.
#[derive(Clone)]
pub struct WorkerSettings {
    /// The interpreter of the project's environment, as [`crate::find_python`] finds it.
    pub python: PathBuf,
    pub bundle: PathBuf,
    /// The unpacked source archive; also the working directory of the processes.
    pub root: PathBuf,
    /// Processes, each of which runs one call at a time.
    pub processes: usize,
    /// Names of environment variables that the processes see beyond the usual ones (decision 29).
    pub environment: Vec<String>,
    /// PYTHONPATH of the processes.
    pub python_path: Option<PathBuf>,
    pub log: LogSink,
    /// How long a process may take to import the project.
    pub start_up: Duration,
    /// Calls that may wait for a process; more are refused.
    pub waiting: usize,
}

impl WorkerSettings {
    /// Settings with one process per core, and lines of resolvers as `tracing` events.
    pub fn new(python: impl Into<PathBuf>, bundle: impl Into<PathBuf>, root: impl Into<PathBuf>) -> WorkerSettings {
        WorkerSettings {
            python: python.into(),
            bundle: bundle.into(),
            root: root.into(),
            processes: std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
            environment: Vec::new(),
            python_path: None,
            log: Arc::new(trace),
            start_up: Duration::from_secs(60),
            waiting: 4_096,
        }
    }
}
