//! One run: the spine in partitions through the engine, two at a time, the results in the order of the spine.

use super::file::ResultFile;
use super::{Counts, Order};
use creta_engine::{Answer, Engine, Request, Run, Times};
use creta_model::{Code, Letter};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::task::JoinSet;

/// Rows of a partition: at least so many that its fixed costs do not count, at most so many that its columns stay small
/// beside the sources; in between, a run has several partitions, so that it shows progress and uses its threads.
const SMALLEST: usize = 10_000;
const LARGEST: usize = 131_072;
const WANTED: usize = 8;

fn partition_of(rows: usize) -> usize {
    rows.div_ceil(WANTED).clamp(SMALLEST, LARGEST)
}

/// Partitions that are computed, or wait for an earlier one to be written, at the same time.
const CONCURRENCY: usize = 2;

/// Letters kept of a run; the same fault tends to hit every row.
const MOST_LETTERS: usize = 100;

/// Counters that the run moves and others read.
pub(super) struct Progress {
    total: u64,
    computed: AtomicU64,
    failed: AtomicU64,
}

impl Progress {
    pub(super) fn new(total: u64) -> Progress {
        Progress { total, computed: AtomicU64::new(0), failed: AtomicU64::new(0) }
    }

    pub(super) fn counts(&self) -> Counts {
        Counts {
            total: self.total,
            computed: self.computed.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
        }
    }
}

/// What a run yields.
pub(super) struct Finished {
    /// The Parquet file.
    pub(super) file: Vec<u8>,
    /// Names of the answered outputs in order.
    pub(super) outputs: Vec<String>,
    /// FIELD letters, the first of them.
    pub(super) letters: Vec<Letter>,
}

pub(super) async fn run(
    engine: Arc<Engine>,
    order: Order,
    revision: &str,
    progress: Arc<Progress>,
) -> Result<Finished, Vec<Letter>> {
    let order = Arc::new(order);
    let shared = Arc::new(Run::default());
    let rows = order.spine.times.len();
    let partition = partition_of(rows);
    // A spine without rows still makes a file, because its columns are part of the answer.
    let mut waiting = (0..rows.div_ceil(partition).max(1)).map(|number| number * partition).enumerate();
    let mut partitions = JoinSet::new();
    let mut ready = BTreeMap::new();
    let mut file = ResultFile::default();
    let mut letters = Vec::new();
    let mut written = 0;
    loop {
        while partitions.len() + ready.len() < CONCURRENCY {
            let Some((number, first)) = waiting.next() else { break };
            let request = request(&order, revision, first, partition.min(rows - first), &shared);
            let (engine, order) = (engine.clone(), order.clone());
            partitions.spawn(async move { (number, engine.offline(&order.deployment, request).await) });
        }
        let Some(finished) = partitions.join_next().await else { break };
        let (number, answer) = finished.map_err(|_| vec![broken("a partition broke off")])?;
        ready.insert(number, answer?);
        while let Some(answer) = ready.remove(&written) {
            let first = written * partition;
            let times = order.spine.times.slice(first, answer.rows.min(rows - first));
            count(&progress, &answer);
            let room = MOST_LETTERS.saturating_sub(letters.len());
            letters.extend(answer.letters.iter().take(room).cloned());
            file.write(&answer, &times, first).map_err(|letter| vec![letter])?;
            written += 1;
        }
    }
    let (file, outputs) = file.finish().map_err(|letter| vec![letter])?;
    Ok(Finished { file, outputs, letters })
}

fn request(order: &Order, revision: &str, first: usize, count: usize, run: &Arc<Run>) -> Request {
    Request {
        question: order.question.clone(),
        inputs: order.spine.inputs.slice(first, count),
        times: Times::PerRow(order.spine.times.slice(first, count)),
        query_id: revision.to_owned(),
        run: Some(run.clone()),
        query_context: order.query_context.clone(),
    }
}

/// A row has failed when a letter names it; a letter that names no row concerns them all.
fn count(progress: &Progress, answer: &Answer) {
    let keys: Option<HashSet<&str>> = answer.letters.iter().map(|letter| letter.key.as_deref()).collect();
    let failed = keys.map_or(answer.rows, |keys| keys.len().min(answer.rows));
    progress.computed.fetch_add(answer.rows as u64, Ordering::Relaxed);
    progress.failed.fetch_add(failed as u64, Ordering::Relaxed);
}

pub(super) fn broken(what: &str) -> Letter {
    Letter::new(Code::Bug, format!("The training set could not be written: {what}."))
        .fix("Please report it with the server's log.")
}
