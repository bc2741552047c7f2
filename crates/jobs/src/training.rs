//! Training sets: a spine and outputs become one immutable revision of a dataset.

mod file;
mod ingest;
mod keep;
mod observed;
mod order;
mod progress;
mod run;
mod shard;

pub use observed::Observed;
pub use order::{Bound, Bounds, Effort, Order, Rows, Spine};
pub use progress::Counts;

use crate::drain::Drain;
use crate::observe::Keep;
use crate::task::{Cancel, Outcome, Task, Tasks};
use creta_engine::{Deployment, Engine};
use creta_model::{Code, Letter};
use creta_ports::metadata::{Revision, RevisionStatus};
use creta_ports::{Blobs, Metadata, Position, Result};
use progress::Progress;
use run::Bench;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

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
        let progress = Arc::new(Progress::default());
        progress.expect(0, order.rows.known());
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

    /// How far one shard of a running revision is.
    pub fn progress_of(&self, revision: &str, shard: usize) -> Option<Counts> {
        self.running().get(revision).map(|running| running.progress.counts_of(shard))
    }

    /// Notes of people about a revision; keys that are given replace those that were there.
    pub async fn annotate(&self, mut revision: Revision, notes: BTreeMap<String, String>) -> Result<Revision> {
        revision.notes.extend(notes);
        self.0.metadata.put_revision(revision.clone()).await?;
        Ok(revision)
    }

    /// Stores the values of a finished revision as observations at their rows' times; answers how many were stored.
    pub async fn ingest(&self, deployment: &Deployment, revision: &Revision, keep: Keep) -> Result<u64> {
        ingest::ingest(self.0.engine.stores(), self.0.blobs.as_ref(), deployment, revision, keep).await
    }

    /// Returns when the offline store has everything that was observed before this call.
    pub async fn settle_log(&self) -> Result<()> {
        self.0.drain.drain_up_to(self.0.engine.stores().log.end()).await
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
        let id = stores.entropy.id();
        let revision = Revision {
            dataset_id: earlier.first().map_or_else(|| stores.entropy.id(), |first| first.dataset_id.clone()),
            dataset_name: order.dataset_name.clone(),
            status: RevisionStatus::Pending,
            outputs: order.question.outputs.clone(),
            files: Vec::new(),
            rows: order.rows.known(),
            bytes: 0,
            created_at: stores.clock.now(),
            finished_at: None,
            deployment: order.deployment.id.clone(),
            errors: Vec::new(),
            inputs: None,
            shards: order.effort.shards.max(1),
            notes: order.rows.notes(&id),
            id,
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
        let bench = Bench { engine: self.0.engine.clone(), blobs: self.0.blobs.clone(), progress: progress.clone() };
        let (spine, inputs) = run::prepare(&bench, &order, &revision).await.map_err(one)?;
        // Kept at once, so that what was asked can be read of a run that failed.
        revision.inputs = Some(inputs);
        self.0.metadata.put_revision(revision.clone()).await.map_err(one)?;
        let result = run::run(bench, order, spine, &revision.id).await?;
        revision.bytes = result.bytes;
        revision.rows = result.rows;
        revision.shards = result.files.len();
        revision.files = result.files;
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
        if status != RevisionStatus::Done {
            self.discard(&revision).await;
        }
        revision.status = status;
        revision.errors = errors;
        revision.finished_at = Some(self.0.engine.stores().clock.now());
        self.0.metadata.put_revision(revision).await
    }

    /// Shards that were finished are of no use without the others.
    async fn discard(&self, revision: &Revision) {
        for number in 0..revision.shards {
            if let Err(letter) = self.0.blobs.remove(&shard::file_name(&revision.id, number)).await {
                tracing::warn!(revision = revision.id, number, message = letter.message, "a shard was left behind");
            }
        }
    }

    fn running(&self) -> std::sync::MutexGuard<'_, HashMap<String, Running>> {
        self.0.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn interrupted() -> Letter {
    Letter::new(Code::Cancelled, "The server stopped before the training set was finished.").fix("Ask for it again.")
}
