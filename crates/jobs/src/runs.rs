//! Runs of resolvers: all rows of one, or those that are new since its last run, become observations.

mod load;

use crate::observe::Keep;
use crate::task::{Outcome, Task, Tasks};
use creta_engine::{Deployment, Engine};
use creta_model::{Code, Letter, ResolverId};
use creta_ports::Result;
use creta_ports::runs::{Cursor, ResolverRun, RunRecords, RunStatus};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, watch};

/// Runs at the same time: each holds the rows of a resolver in memory.
const MOST_RUNS: usize = 2;

/// A run that somebody asks for.
#[derive(Clone)]
pub struct Trigger {
    pub deployment: Arc<Deployment>,
    pub resolver: ResolverId,
    /// Bounds of the feature time, microseconds, inclusive. With any of them the cursor is neither used nor moved.
    pub from: Option<i64>,
    pub until: Option<i64>,
    pub keep: Keep,
    pub timestamps: Timestamps,
    pub idempotency_key: Option<String>,
}

/// At which instant rows are observed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Timestamps {
    /// At their feature time; where they have none, when the run began.
    #[default]
    FeatureTime,
    /// When the run began.
    RunStart,
}

/// Starts and follows runs, and keeps their cursors.
#[derive(Clone)]
pub struct ResolverRuns(Arc<Shared>);

struct Shared {
    engine: Arc<Engine>,
    records: Arc<dyn RunRecords>,
    tasks: Arc<Tasks>,
    /// By name of the resolver: one run at a time, since each moves the cursor.
    running: Mutex<HashMap<String, Running>>,
    /// Held while a run is recorded or a cursor is set, so that neither comes between the other's steps.
    changing: tokio::sync::Mutex<()>,
    room: Semaphore,
}

struct Running {
    run: ResolverRun,
    finished: watch::Receiver<bool>,
}

impl ResolverRuns {
    pub fn new(engine: Arc<Engine>, records: Arc<dyn RunRecords>, tasks: Arc<Tasks>) -> ResolverRuns {
        let (running, changing, room) = (Mutex::default(), tokio::sync::Mutex::default(), Semaphore::new(MOST_RUNS));
        ResolverRuns(Arc::new(Shared { engine, records, tasks, running, changing, room }))
    }

    /// Records a run and starts it. Whoever repeats an idempotency key is answered with the run that has it.
    /// Letters: `invalid_query` when the bounds contradict each other, or when the resolver is running.
    pub async fn start(&self, trigger: Trigger) -> Result<ResolverRun> {
        check_bounds(&trigger)?;
        let _changing = self.0.changing.lock().await;
        let wanted = self.describe(&trigger).await?;
        if let Some(running) = self.running().get(&wanted.resolver) {
            return match &running.run.idempotency_key {
                Some(key) if wanted.idempotency_key.as_ref() == Some(key) => Ok(running.run.clone()),
                _ => Err(already_running(&running.run)),
            };
        }
        let run = self.0.records.begin_run(wanted.clone()).await?;
        if run.id == wanted.id {
            self.spawn(trigger, run.clone());
        }
        Ok(run)
    }

    pub async fn find(&self, id: &str) -> Result<Option<ResolverRun>> {
        self.0.records.run(id).await
    }

    /// Waits until a run has ended, but no longer than `limit`.
    pub async fn wait(&self, run: &ResolverRun, limit: Duration) {
        let finished = self
            .running()
            .get(&run.resolver)
            .filter(|running| running.run.id == run.id)
            .map(|running| running.finished.clone());
        if let Some(mut finished) = finished {
            tokio::time::timeout(limit, finished.wait_for(|finished| *finished)).await.ok();
        }
    }

    pub async fn cursors(&self) -> Result<Vec<Cursor>> {
        self.0.records.cursors().await
    }

    pub async fn cursor(&self, resolver: &str) -> Result<Option<Cursor>> {
        self.0.records.cursor(resolver).await
    }

    /// Letters: `invalid_query` for an instant in the future, or while the resolver is running.
    pub async fn set_cursor(&self, cursor: Cursor) -> Result<()> {
        let now = self.0.engine.stores().clock.now();
        if [cursor.ingested_until, cursor.executed_at].into_iter().flatten().any(|at| at > now) {
            return Err(Letter::new(
                Code::CursorInFuture,
                "A cursor cannot lie in the future: rows would be passed over.",
            )
            .fix("Set it to the latest instant up to which everything was loaded."));
        }
        let _changing = self.still(&cursor.resolver).await?;
        self.0.records.put_cursor(cursor).await
    }

    /// The next run reads everything. False when there is no cursor. Letters: `invalid_query` while it is running.
    pub async fn remove_cursor(&self, resolver: &str) -> Result<bool> {
        let _changing = self.still(resolver).await?;
        self.0.records.remove_cursor(resolver).await
    }

    /// After a start: runs that an earlier process left behind have failed; answers how many.
    pub async fn fail_unfinished(&self) -> Result<usize> {
        let left = self.0.records.unfinished_runs().await?;
        let count = left.len();
        for run in left {
            self.0.records.end_run(self.failed(run, vec![interrupted()]), None).await?;
        }
        Ok(count)
    }

    async fn still(&self, resolver: &str) -> Result<tokio::sync::MutexGuard<'_, ()>> {
        let changing = self.0.changing.lock().await;
        match self.running().get(resolver) {
            Some(running) => Err(already_running(&running.run)),
            None => Ok(changing),
        }
    }

    async fn describe(&self, trigger: &Trigger) -> Result<ResolverRun> {
        let stores = self.0.engine.stores();
        let resolver = trigger.deployment.project.graph().resolver(trigger.resolver).name.clone();
        Ok(ResolverRun {
            id: stores.entropy.id(),
            status: RunStatus::Received,
            created_at: stores.clock.now(),
            finished_at: None,
            rows: 0,
            deployment: trigger.deployment.id.clone(),
            since: load::since(trigger, self.0.records.cursor(&resolver).await?.as_ref()),
            errors: Vec::new(),
            idempotency_key: trigger.idempotency_key.clone(),
            resolver,
        })
    }

    fn spawn(&self, trigger: Trigger, run: ResolverRun) {
        let (finish, finished) = watch::channel(false);
        let work = {
            let (runs, run) = (self.clone(), run.clone());
            async move { runs.carry_out(trigger, run).await.map_err(|letter| vec![letter]) }
        };
        let settle = {
            let (runs, run) = (self.clone(), run.clone());
            move |outcome| async move {
                runs.settle(run, outcome).await;
                finish.send_replace(true);
            }
        };
        // Locked over the start, so that a run that ends at once is forgotten after it was remembered.
        let mut running = self.running();
        self.0.tasks.once(Task::ResolverRun { run: run.id.clone() }, work, settle);
        running.insert(run.resolver.clone(), Running { run, finished });
    }

    async fn carry_out(&self, trigger: Trigger, mut run: ResolverRun) -> Result<()> {
        let _room = self.0.room.acquire().await;
        let loaded = load::load(&self.0.engine, &trigger, &run).await?;
        let known = self.0.records.cursor(&run.resolver).await?;
        let cursor = load::cursor(&trigger, &run, known, loaded.latest);
        run.rows = loaded.rows;
        run.errors = loaded.letters;
        run.status = RunStatus::Succeeded;
        run.finished_at = Some(self.0.engine.stores().clock.now());
        // What was loaded is on disk; only now does the cursor pass it.
        self.0.records.end_run(run, cursor).await
    }

    async fn settle(&self, run: ResolverRun, outcome: Outcome) {
        let (id, resolver) = (run.id.clone(), run.resolver.clone());
        let recorded = match outcome {
            Outcome::Done => Ok(()),
            Outcome::Failed(letters) => self.0.records.end_run(self.failed(run, letters), None).await,
            Outcome::Cancelled | Outcome::Interrupted => {
                self.0.records.end_run(self.failed(run, vec![interrupted()]), None).await
            }
        };
        if let Err(letter) = recorded {
            // The run stays unfinished and is failed at the next start.
            tracing::error!(run = id, code = letter.code.name(), message = letter.message, "run of a resolver");
        }
        self.running().remove(&resolver);
    }

    fn failed(&self, run: ResolverRun, errors: Vec<Letter>) -> ResolverRun {
        let finished_at = Some(self.0.engine.stores().clock.now());
        ResolverRun { status: RunStatus::Failed, errors, finished_at, ..run }
    }

    fn running(&self) -> std::sync::MutexGuard<'_, HashMap<String, Running>> {
        self.0.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn check_bounds(trigger: &Trigger) -> Result<()> {
    match (trigger.from, trigger.until) {
        (Some(from), Some(until)) if from > until => {
            Err(Letter::new(Code::InvalidQuery, "The lower bound is later than the upper one.").fix("Exchange them."))
        }
        _ => Ok(()),
    }
}

fn already_running(run: &ResolverRun) -> Letter {
    Letter::new(Code::AlreadyRunning, format!("`{}` is running, as {}.", run.resolver, run.id))
        .fix("Wait until that run has ended.")
}

fn interrupted() -> Letter {
    Letter::new(Code::Cancelled, "The server stopped before the run was finished.").fix("Trigger it again.")
}
