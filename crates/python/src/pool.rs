//! The pool: a fixed number of worker processes, first come, first served.

use crate::breaker::Breaker;
use crate::lease::Lease;
use crate::letters;
use crate::output::{Journal, LogLine};
use crate::process::{Worker, kill_group};
use crate::settings::WorkerSettings;
use async_trait::async_trait;
use creta_model::Letter;
use creta_ports::python::{Answer, Call};
use creta_ports::{Python, Result};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tempfile::TempDir;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout, timeout_at};

/// How often a call that had not begun is given to another process.
const ATTEMPTS: usize = 3;
/// A call waits at least this long for a process, also when its own timeout is shorter: restarts take time.
const WAIT: Duration = Duration::from_secs(30);
/// How long `shutdown` waits for running calls.
const DRAIN: Duration = Duration::from_secs(20);
/// Pauses between attempts to start a process that fails to start.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Socket paths have about a hundred bytes; longer temporary folders are passed over.
const LONGEST_FOLDER: usize = 70;

/// Worker processes of one deployment.
pub struct WorkerPool {
    shared: Arc<Shared>,
}

/// What calls, leases and restarts share.
pub(crate) struct Shared {
    settings: WorkerSettings,
    folder: TempDir,
    journal: Arc<Journal>,
    breaker: Breaker,
    runtime: Handle,
    /// The worker used last is used next: its caches are warm.
    idle: Mutex<Vec<Worker>>,
    /// One permit per idle worker; hands them out in the order of asking.
    free: Semaphore,
    waiting: AtomicUsize,
    lent: watch::Sender<usize>,
    calls: AtomicU64,
    sockets: AtomicU64,
    closed: AtomicBool,
    /// Places in the pool whose process cannot be started, and the last reason.
    broken: Mutex<(usize, Option<Letter>)>,
    /// Process ids that are ours and not reaped.
    alive: Mutex<HashSet<u32>>,
}

impl WorkerPool {
    /// Starts all processes and waits until each has imported the project. Letters: `import_failed`.
    pub async fn start(settings: WorkerSettings) -> Result<WorkerPool> {
        let mut settings = settings;
        settings.processes = settings.processes.max(1);
        settings.root = resolved(&settings.root)?;
        settings.bundle = resolved(&settings.bundle)?;
        let processes = settings.processes;
        let shared = Arc::new(Shared {
            folder: private_folder().map_err(|error| letters::machinery("its temporary folder", error))?,
            journal: Arc::new(Journal::new(settings.log.clone())),
            settings,
            breaker: Breaker::default(),
            runtime: Handle::current(),
            idle: Mutex::new(Vec::with_capacity(processes)),
            free: Semaphore::new(0),
            waiting: AtomicUsize::new(0),
            lent: watch::Sender::new(0),
            calls: AtomicU64::new(0),
            sockets: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            broken: Mutex::new((0, None)),
            alive: Mutex::new(HashSet::with_capacity(processes)),
        });
        let mut starting = JoinSet::new();
        for _ in 0..processes {
            let shared = shared.clone();
            starting.spawn(async move { shared.start_worker().await });
        }
        while let Some(started) = starting.join_next().await {
            shared.put(started.map_err(|error| letters::machinery("its start", error))??);
        }
        Ok(WorkerPool { shared })
    }

    /// The newest lines that the processes printed, oldest first.
    pub fn recent_lines(&self) -> Vec<LogLine> {
        self.shared.journal.lines()
    }

    /// Accepts no more calls, waits a while for those that run, and ends the processes.
    pub async fn shutdown(&self) {
        let shared = &self.shared;
        shared.closed.store(true, Ordering::SeqCst);
        shared.free.close();
        let mut lent = shared.lent.subscribe();
        let _ = timeout(DRAIN, lent.wait_for(|lent| *lent == 0)).await;
        let workers = std::mem::take(&mut *shared.idle.lock().unwrap_or_else(PoisonError::into_inner));
        let mut stopping: JoinSet<()> = workers.into_iter().map(|worker| shared.clone().stop(worker)).collect();
        while stopping.join_next().await.is_some() {}
        let hanging = std::mem::take(&mut *shared.alive.lock().unwrap_or_else(PoisonError::into_inner));
        for process in hanging {
            kill_group(process).await;
        }
    }
}

#[async_trait]
impl Python for WorkerPool {
    async fn call(&self, call: Call) -> Result<Answer> {
        if let Some(rest) = self.shared.breaker.rest(&call.resolver, Instant::now()) {
            return Err(letters::resting(&call.resolver, rest));
        }
        for _ in 0..ATTEMPTS {
            let lease = self.shared.lease(&call).await?;
            if let Some(answer) = lease.run(&call).await? {
                return Ok(answer);
            }
        }
        self.shared.crashed(&call.resolver);
        Err(letters::never_begun(&call.resolver))
    }
}

impl Shared {
    pub fn root(&self) -> &Path {
        &self.settings.root
    }

    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    pub fn next_call(&self) -> u64 {
        self.calls.fetch_add(1, Ordering::Relaxed)
    }

    pub fn crashed(&self, resolver: &str) {
        tracing::warn!(resolver, "a worker process died");
        self.breaker.crashed(resolver, Instant::now());
    }

    /// A living idle worker, when it is this call's turn.
    async fn lease(self: &Arc<Self>, call: &Call) -> Result<Lease> {
        loop {
            let permit = match self.free.try_acquire() {
                Ok(permit) => permit,
                Err(_) => self.wait(call).await?,
            };
            permit.forget();
            let worker = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some(worker) = worker else { continue };
            self.lent.send_modify(|lent| *lent += 1);
            if worker.has_left() {
                self.replace(worker);
                continue;
            }
            return Ok(Lease::new(self.clone(), worker));
        }
    }

    async fn wait(&self, call: &Call) -> Result<tokio::sync::SemaphorePermit<'_>> {
        if self.closed.load(Ordering::SeqCst) {
            return Err(letters::closing(&call.resolver));
        }
        if let (count, Some(letter)) = &*self.broken.lock().unwrap_or_else(PoisonError::into_inner)
            && *count == self.settings.processes
        {
            return Err(letter.clone().resolver(&call.resolver));
        }
        let _waiting = Waiting::enter(&self.waiting, self.settings.waiting)
            .ok_or_else(|| letters::overloaded(&call.resolver, "too many calls are waiting for a worker process"))?;
        match timeout(call.timeout.max(WAIT), self.free.acquire()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) => Err(letters::closing(&call.resolver)),
            Err(_) => Err(letters::overloaded(&call.resolver, "no worker process became free in time")),
        }
    }

    /// A worker that did its work returns.
    pub fn give_back(&self, worker: Worker) {
        self.put(worker);
        self.lent.send_modify(|lent| *lent -= 1);
    }

    fn put(&self, worker: Worker) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
        self.free.add_permits(1);
    }

    /// Ends a worker and puts a new one in its place, behind the caller's back.
    pub fn replace(self: &Arc<Self>, worker: Worker) {
        let shared = self.clone();
        self.runtime.spawn(async move {
            let process = worker.process();
            worker.kill().await;
            shared.forget(process);
            shared.lent.send_modify(|lent| *lent -= 1);
            shared.refill().await;
        });
    }

    /// Waits, in the place of a caller who went away, for the end of his call.
    pub fn finish(self: &Arc<Self>, mut worker: Worker, deadline: Instant) {
        let shared = self.clone();
        self.runtime.spawn(async move {
            match timeout_at(deadline, worker.exchange()).await {
                Ok(Ok(())) => shared.give_back(worker),
                Ok(Err(_)) | Err(_) => shared.replace(worker),
            }
        });
    }

    async fn refill(self: &Arc<Self>) {
        let mut pause = FIRST_PAUSE;
        let mut failed = false;
        while !self.closed.load(Ordering::SeqCst) {
            match self.start_worker().await {
                Ok(worker) => {
                    if failed {
                        self.broken.lock().unwrap_or_else(PoisonError::into_inner).0 -= 1;
                    }
                    return match self.closed.load(Ordering::SeqCst) {
                        true => self.clone().stop(worker).await,
                        false => self.put(worker),
                    };
                }
                Err(letter) => {
                    tracing::warn!(code = letter.code.name(), "a worker process could not be started again");
                    let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
                    broken.0 += usize::from(!failed);
                    broken.1 = Some(letter);
                }
            }
            failed = true;
            sleep(pause).await;
            pause = (2 * pause).min(LONGEST_PAUSE);
        }
    }

    async fn start_worker(&self) -> Result<Worker> {
        let socket = self.folder.path().join(self.sockets.fetch_add(1, Ordering::Relaxed).to_string());
        let worker = Worker::start(&self.settings, &socket, &self.journal).await?;
        self.alive.lock().unwrap_or_else(PoisonError::into_inner).insert(worker.process());
        Ok(worker)
    }

    async fn stop(self: Arc<Self>, worker: Worker) {
        let process = worker.process();
        worker.stop().await;
        self.forget(process);
    }

    fn forget(&self, process: u32) {
        self.alive.lock().unwrap_or_else(PoisonError::into_inner).remove(&process);
    }
}

/// Counts a waiting call for as long as it waits.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn enter(counter: &'a AtomicUsize, limit: usize) -> Option<Waiting<'a>> {
        let before = counter.fetch_add(1, Ordering::Relaxed);
        let waiting = Waiting(counter);
        (before < limit).then_some(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn resolved(path: &Path) -> Result<PathBuf> {
    path.canonicalize().map_err(|error| letters::machinery(&path.display().to_string(), error))
}

/// A folder that only this user can enter, with a name short enough for a socket.
fn private_folder() -> std::io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("creta-");
    match std::env::temp_dir() {
        folder if folder.as_os_str().len() <= LONGEST_FOLDER => builder.tempdir_in(folder),
        _ => builder.tempdir_in("/tmp"),
    }
}
