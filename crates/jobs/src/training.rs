//! Training sets: a spine and outputs become one immutable revision of a dataset.

mod file;
mod run;

use crate::drain::Drain;
use crate::task::{Cancel, Outcome, Task, Tasks};
use arrow::array::Int64Array;
use arrow::record_batch::RecordBatch;
use creta_engine::{Deployment, Engine};
use creta_model::{Code, Letter};
use creta_plan::Question;
use creta_ports::metadata::{Revision, RevisionStatus};
use creta_ports::python::QueryContext;
use creta_ports::{Blobs, Metadata, Position, Result};
use run::Progress;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// What a training set is computed from.
#[derive(Clone)]
pub struct Order {
    pub deployment: Arc<Deployment>,
    pub question: Question,
    pub spine: Spine,
    pub dataset_name: Option<String>,
    pub query_context: QueryContext,
}

/// Keys (and other given values) with the instant that each row treats as the present.
#[derive(Debug, Clone)]
pub struct Spine {
    /// One column per input of the question, same order, typed as the features.
    pub inputs: RecordBatch,
    /// Microseconds, UTC; one per row, none null.
    pub times: Int64Array,
}

/// How far a revision is, in rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    pub total: u64,
    pub computed: u64,
    pub failed: u64,
}

/// Starts, follows and cancels training sets.
#[derive(Clone)]
pub struct TrainingSets(Arc<Shared>);

struct Shared {
    engine: Arc<Engine>,
    metadata: Arc<dyn Metadata>,
    blobs: Arc<dyn Blobs>,
    drain: Drain,
    tasks: Arc<Tasks>,
    running: Mutex<HashMap<String, Running>>,
    /// Held while a revision is given its dataset, so that one name never gets two ids.
    naming: tokio::sync::Mutex<()>,
}

struct Running {
    progress: Arc<Progress>,
    cancel: Cancel,
    finished: watch::Receiver<bool>,
}

impl TrainingSets {
    pub fn new(
        engine: Arc<Engine>,
        metadata: Arc<dyn Metadata>,
        blobs: Arc<dyn Blobs>,
        drain: Drain,
        tasks: Arc<Tasks>,
    ) -> TrainingSets {
        let (running, naming) = Default::default();
        TrainingSets(Arc::new(Shared { engine, metadata, blobs, drain, tasks, running, naming }))
    }

    /// Records a new revision and starts computing it. It sees everything that was observed before this call.
    pub async fn start(&self, order: Order) -> Result<Revision> {
        let submitted = self.0.engine.stores().log.end();
        let revision = self.record(&order).await?;
        let progress = Arc::new(Progress::new(order.spine.times.len() as u64));
        let (finish, finished) = watch::channel(false);
        let work = {
            let (sets, progress, revision) = (self.clone(), progress.clone(), revision.clone());
            async move { sets.compute(order, revision, submitted, &progress).await }
        };
        let settle = {
            let (sets, revision) = (self.clone(), revision.clone());
            move |outcome| async move {
                sets.settle(revision, outcome).await;
                finish.send_replace(true);
            }
        };
        // Locked over the start, so that a revision that ends at once is forgotten after it was remembered.
        let mut running = self.running();
        let cancel = self.0.tasks.once(Task::TrainingSet { revision: revision.id.clone() }, work, settle);
        running.insert(revision.id.clone(), Running { progress, cancel, finished });
        Ok(revision)
    }

    /// Cancels a revision; false when it is not running.
    pub fn cancel(&self, revision: &str) -> bool {
        let running = self.running();
        running.get(revision).map(|running| running.cancel.cancel()).is_some()
    }

    /// How far a running revision is; None when it is not running.
    pub fn progress(&self, revision: &str) -> Option<Counts> {
        self.running().get(revision).map(|running| running.progress.counts())
    }

    /// Waits until a revision has ended, but no longer than `limit`.
    pub async fn wait(&self, revision: &str, limit: Duration) {
        let finished = self.running().get(revision).map(|running| running.finished.clone());
        if let Some(mut finished) = finished {
            tokio::time::timeout(limit, finished.wait_for(|finished| *finished)).await.ok();
        }
    }

    /// After a start: revisions that an earlier process left behind have failed; answers how many.
    pub async fn fail_unfinished(&self) -> Result<usize> {
        let left = self.0.metadata.unfinished().await?;
        let count = left.len();
        for revision in left {
            self.end(revision, RevisionStatus::Failed, vec![interrupted()]).await?;
        }
        Ok(count)
    }

    async fn record(&self, order: &Order) -> Result<Revision> {
        let stores = self.0.engine.stores();
        let _naming = self.0.naming.lock().await;
        let earlier = match &order.dataset_name {
            Some(name) => self.0.metadata.dataset(name).await?,
            None => Vec::new(),
        };
        let revision = Revision {
            id: stores.entropy.id(),
            dataset_id: earlier.first().map_or_else(|| stores.entropy.id(), |first| first.dataset_id.clone()),
            dataset_name: order.dataset_name.clone(),
            status: RevisionStatus::Pending,
            outputs: order.question.outputs.clone(),
            files: Vec::new(),
            rows: order.spine.times.len() as u64,
            bytes: 0,
            created_at: stores.clock.now(),
            finished_at: None,
            deployment: order.deployment.id.clone(),
            errors: Vec::new(),
        };
        self.0.metadata.put_revision(revision.clone()).await?;
        Ok(revision)
    }

    async fn compute(
        &self,
        order: Order,
        mut revision: Revision,
        submitted: Position,
        progress: &Arc<Progress>,
    ) -> std::result::Result<(), Vec<Letter>> {
        let one = |letter| vec![letter];
        revision.status = RevisionStatus::Running;
        self.0.metadata.put_revision(revision.clone()).await.map_err(one)?;
        self.0.drain.drain_up_to(submitted).await.map_err(one)?;
        let result = run::run(self.0.engine.clone(), order, &revision.id, progress.clone()).await?;
        let name = format!("datasets/{}/part-0.parquet", revision.id);
        revision.bytes = result.file.len() as u64;
        self.0.blobs.put(&name, result.file).await.map_err(one)?;
        revision.files = vec![name];
        revision.outputs = result.outputs;
        self.end(revision, RevisionStatus::Done, result.letters).await.map_err(one)
    }

    async fn settle(&self, revision: Revision, outcome: Outcome) {
        let id = revision.id.clone();
        let recorded = match outcome {
            Outcome::Done => Ok(()),
            Outcome::Failed(letters) => self.end(revision, RevisionStatus::Failed, letters).await,
            Outcome::Cancelled => {
                let letter = Letter::new(Code::Cancelled, "The training set was cancelled.");
                self.end(revision, RevisionStatus::Cancelled, vec![letter]).await
            }
            Outcome::Interrupted => self.end(revision, RevisionStatus::Failed, vec![interrupted()]).await,
        };
        if let Err(letter) = recorded {
            // The revision stays unfinished in the metadata and is failed at the next start.
            tracing::error!(revision = id, code = letter.code.name(), message = letter.message, "training set");
        }
        self.running().remove(&id);
    }

    async fn end(&self, mut revision: Revision, status: RevisionStatus, errors: Vec<Letter>) -> Result<()> {
        revision.status = status;
        revision.errors = errors;
        revision.finished_at = Some(self.0.engine.stores().clock.now());
        self.0.metadata.put_revision(revision).await
    }

    fn running(&self) -> std::sync::MutexGuard<'_, HashMap<String, Running>> {
        self.0.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn interrupted() -> Letter {
    Letter::new(Code::Cancelled, "The server stopped before the training set was finished.").fix("Ask for it again.")
}
