//! The whole product inside the test process: real stores, real workers, real HTTP, and a clock that the test moves.

use creta::cli::{Apply, Target};
use creta::compose::{Configuration, Product};
use creta::credentials::Credentials;
use creta_control::Clients;
use creta_engine::Deployment;
use creta_model::Letter;
use creta_ports::Clock;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A clock that stands still until it is moved.
#[derive(Default)]
pub struct StandingClock(AtomicI64);

impl StandingClock {
    pub fn move_to(&self, now: i64) {
        self.0.store(now, Ordering::SeqCst);
    }
}

impl Clock for StandingClock {
    fn now(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// A running product and the folder it lives in.
pub struct Running {
    pub product: Product,
    pub clock: Arc<StandingClock>,
    credentials: PathBuf,
    project: PathBuf,
    python: PathBuf,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
    _folder: TempDir,
}

impl Running {
    /// Serves the project in `project` on a free port; nothing is applied yet.
    pub async fn start(project: &Path, python: &Path) -> Running {
        let folder = tempfile::tempdir().unwrap();
        let configuration = Configuration {
            project: project.to_owned(),
            data: folder.path().to_owned(),
            python: Some(python.to_owned()),
            workers: 1,
            body_limit: 16 << 20,
        };
        let clock = Arc::new(StandingClock::default());
        let product = Product::open_with(&configuration, clock.clone()).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let client = Clients::new(product.metadata.clone(), product.entropy.clone()).create().await.unwrap();
        let credentials = folder.path().join("ready.json");
        Credentials { url, client_id: client.id, client_secret: client.secret, pid: 0 }.write(&credentials).unwrap();
        let (stop, stopped) = oneshot::channel();
        let state = product.state.clone();
        let serving = tokio::spawn(async move {
            let stopped = async { drop(stopped.await) };
            creta_server::serve(state, listener, stopped).await.unwrap();
        });
        let (project, python) = (project.to_owned(), python.to_owned());
        Running { product, clock, credentials, project, python, stop, serving, _folder: folder }
    }

    /// What `creta apply` does, over HTTP.
    pub async fn apply(&self) -> Result<Arc<Deployment>, Vec<Letter>> {
        let command = Apply {
            project: self.project.clone(),
            python: Some(self.python.clone()),
            dry_run: false,
            target: Target { credentials: Some(self.credentials.clone()) },
        };
        creta::commands::apply::run(command, true).await?;
        self.product.state.active().map_err(|letter| vec![letter])
    }

    pub async fn stop(self) {
        let _ = self.stop.send(());
        self.serving.await.unwrap();
        self.product.close().await.unwrap();
    }
}

/// The interpreter with the SDK that `make test` names. Without one a test says so and is skipped, which continuous
/// integration counts as a failure.
pub fn python() -> Option<PathBuf> {
    let python = std::env::var_os("CRETA_TEST_PYTHON").filter(|python| !python.is_empty()).map(PathBuf::from);
    if python.is_none() {
        let reason = "CRETA_TEST_PYTHON does not name a Python with the SDK; `make test` sets it";
        assert!(std::env::var_os("CI").is_none(), "{reason}");
        eprintln!("SKIP: {reason}");
    }
    python
}
