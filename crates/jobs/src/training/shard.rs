//! One shard of a run: its rows in partitions through the engine into one file, and again when a failure may pass.

use super::file::{Draft, answered};
use super::keep;
use super::order::{Order, Spine};
use super::run::{Bench, Finished, MOST_LETTERS, broken};
use creta_engine::{Answer, Request, Run, Times};
use creta_model::{Code, Letter};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use tokio::task::JoinSet;

/// Rows of a partition: at least so many that its fixed costs do not count, at most so many that its columns stay small
/// beside the sources; in between, a shard has several partitions, so that it shows progress and uses its threads.
const SMALLEST: usize = 10_000;
const LARGEST: usize = 131_072;
const WANTED: usize = 8;

fn partition_of(rows: usize) -> usize {
    rows.div_ceil(WANTED).clamp(SMALLEST, LARGEST)
}

/// Partitions that are computed, or wait for an earlier one to be written, at the same time when there is one shard.
const CONCURRENCY: usize = 2;

/// What the shards of a run share.
pub(super) struct Job {
    pub bench: Bench,
    pub order: Order,
    pub spine: Spine,
    pub revision: String,
    /// What its shards share.
    pub run: Run,
    /// The run has one shard only.
    pub alone: bool,
}

/// The name of a shard's file.
pub(super) fn file_name(revision: &str, number: usize) -> String {
    format!("datasets/{revision}/part-{number}.parquet")
}

/// Computes a shard, at most so often as the order says.
pub(super) async fn compute(job: &Arc<Job>, number: usize, rows: Range<usize>) -> Result<Finished, Vec<Letter>> {
    let effort = job.order.effort;
    let mut attempt = 0;
    loop {
        job.bench.progress.expect(number, rows.len() as u64);
        let once = tokio::time::timeout(effort.shard_deadline, once(job, number, rows.clone())).await;
        let outcome = match once {
            Ok(outcome) => outcome,
            Err(_) if effort.retry_on_deadline && attempt < effort.retries => Err(Vec::new()),
            Err(_) => return Err(vec![too_late(number, effort.shard_deadline.as_secs())]),
        };
        if attempt == effort.retries || !may_pass(&outcome) {
            return outcome;
        }
        attempt += 1;
        tracing::warn!(revision = job.revision, shard = number, attempt, "a shard is tried again");
    }
}

/// Whether another attempt may end better: something outside of the definitions failed.
fn may_pass(outcome: &Result<Finished, Vec<Letter>>) -> bool {
    let passing = |letter: &Letter| {
        let outside = [Code::SourceFailed, Code::WorkerDied, Code::StoreFailed, Code::Unreachable, Code::Overloaded];
        outside.contains(&letter.code)
    };
    match outcome {
        Ok(finished) => finished.letters.iter().any(passing),
        Err(letters) => letters.iter().all(passing),
    }
}

fn too_late(number: usize, seconds: u64) -> Letter {
    Letter::new(Code::DeadlineExceeded, format!("Shard {number} was not finished within {seconds} s."))
        .fix("Ask for more shards, or give each a later deadline.")
}

async fn once(job: &Arc<Job>, number: usize, rows: Range<usize>) -> Result<Finished, Vec<Letter>> {
    let ahead = if job.alone { CONCURRENCY } else { 1 };
    let times = &job.spine.times.values()[rows.clone()];
    let run = Arc::new(job.run.within(job.order.bounds.resolve(times)));
    let partition = partition_of(rows.len());
    let mut waiting = (0..rows.len().div_ceil(partition).max(1)).map(|part| rows.start + part * partition).enumerate();
    let mut partitions = JoinSet::new();
    let mut ready = BTreeMap::new();
    let mut output = Output::new(job);
    let mut written = 0;
    loop {
        while partitions.len() + ready.len() < ahead {
            let Some((part, first)) = waiting.next() else { break };
            let request = request(job, &run, first, partition.min(rows.end - first));
            let job = job.clone();
            partitions.spawn(async move { (part, job.bench.engine.offline(&job.order.deployment, request).await) });
        }
        let Some(finished) = partitions.join_next().await else { break };
        let (part, answer) = finished.map_err(|_| vec![broken("a partition broke off")])?;
        ready.insert(part, answer?);
        while let Some(answer) = ready.remove(&written) {
            output.take(number, &answer, rows.start + written * partition).await.map_err(|letter| vec![letter])?;
            written += 1;
        }
    }
    output.finish(number).await.map_err(|letter| vec![letter])
}

fn request(job: &Job, run: &Arc<Run>, first: usize, count: usize) -> Request {
    let spine = job.spine.slice(first, count);
    Request {
        question: job.order.question.clone(),
        inputs: spine.inputs,
        times: Times::PerRow(spine.times),
        query_id: job.revision.clone(),
        run: Some(run.clone()),
        query_context: job.order.query_context.clone(),
    }
}

/// Where the answers of a shard go.
struct Output<'a> {
    job: &'a Job,
    draft: Draft,
    finished: Finished,
}

impl<'a> Output<'a> {
    fn new(job: &'a Job) -> Output<'a> {
        Output { job, draft: Draft::new(job.bench.blobs.as_ref()), finished: Finished::default() }
    }

    /// Takes a partition whose first row is row `first` of the spine.
    async fn take(&mut self, number: usize, answer: &Answer, first: usize) -> Result<(), Letter> {
        let (job, order) = (self.job, &self.job.order);
        let times = job.spine.times.slice(first, answer.rows);
        self.draft.write(&answered(answer, &times, first, &order.required)?)?;
        keep::answer(job.bench.engine.stores(), order, answer, &times).await?;
        job.bench.progress.count(number, answer);
        let room = MOST_LETTERS.saturating_sub(self.finished.letters.len());
        self.finished.letters.extend(answer.letters.iter().take(room).cloned());
        self.finished.outputs = answer.outputs.iter().map(|output| output.name.clone()).collect();
        Ok(())
    }

    async fn finish(mut self, number: usize) -> Result<Finished, Letter> {
        let name = file_name(&self.job.revision, number);
        self.finished.rows = self.draft.rows();
        self.finished.bytes = self.draft.adopt(self.job.bench.blobs.as_ref(), &name).await?;
        self.finished.files = vec![name];
        Ok(self.finished)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let failed = |code| Err(vec![Letter::new(code, "no")]);
        let told = |code| Ok(Finished { letters: vec![Letter::new(code, "no")], ..Finished::default() });
        assert!(may_pass(&failed(Code::SourceFailed)) && may_pass(&told(Code::WorkerDied)));
        assert!(!may_pass(&failed(Code::Bug)) && !may_pass(&told(Code::ResolverFailed)));
        assert!(!may_pass(&Ok(Finished::default())));
    }
}
