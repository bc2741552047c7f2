//! One run: the spine in shards, so many at a time, each a file of its own, in the order of the spine.

use super::file::{Draft, instants};
use super::order::{Order, Rows, Spine};
use super::progress::Progress;
use super::{observed, shard};
use arrow::array::{ArrayRef, Int64Array};
use arrow::datatypes::{Field, Schema};
use arrow::record_batch::RecordBatch;
use creta_engine::{Engine, Run};
use creta_model::{Code, Letter};
use creta_ports::Blobs;
use creta_ports::metadata::Revision;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use tokio::task::JoinSet;

/// Letters kept of a run; the same fault tends to hit every row.
pub(super) const MOST_LETTERS: usize = 100;

/// Shards at the same time, whatever is asked: each holds partitions in memory.
const MOST_WORKERS: usize = 8;

/// What a run works with.
#[derive(Clone)]
pub(super) struct Bench {
    pub engine: Arc<Engine>,
    pub blobs: Arc<dyn Blobs>,
    pub progress: Arc<Progress>,
}

/// What a run, or one of its shards, yields.
#[derive(Debug, Default)]
pub(super) struct Finished {
    /// Names of the Parquet files.
    pub files: Vec<String>,
    /// Names of the answered outputs in order.
    pub outputs: Vec<String>,
    pub rows: u64,
    pub bytes: u64,
    /// FIELD letters, the first of them.
    pub letters: Vec<Letter>,
}

/// The spine of an order, and the name under which it is kept.
pub(super) async fn prepare(bench: &Bench, order: &Order, revision: &Revision) -> Result<(Spine, String), Letter> {
    let spine = match &order.rows {
        Rows::Given(spine) => spine.clone(),
        Rows::Observed(observed) => observed::spine(bench.engine.stores(), order, observed, revision).await?,
    };
    let name = format!("datasets/{}/inputs.parquet", revision.id);
    let index = Int64Array::from_iter_values(0..spine.times.len() as i64);
    let own: [(&str, ArrayRef); 2] = [("__ts__", instants(&spine.times)), ("__index__", Arc::new(index))];
    let named = order.question.inputs.iter().map(String::as_str).zip(spine.inputs.columns().iter().cloned());
    let (fields, columns): (Vec<Field>, Vec<ArrayRef>) =
        named.chain(own).map(|(name, column)| (Field::new(name, column.data_type().clone(), true), column)).unzip();
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns);
    let mut draft = Draft::new(bench.blobs.as_ref());
    draft.write(&batch.map_err(|error| broken(&error.to_string()))?)?;
    draft.adopt(bench.blobs.as_ref(), &name).await?;
    Ok((spine, name))
}

pub(super) async fn run(bench: Bench, order: Order, spine: Spine, revision: &str) -> Result<Finished, Vec<Letter>> {
    let deadline = order.effort.deadline;
    let shards = shards(bench, order, spine, revision);
    match deadline {
        None => shards.await,
        Some(limit) => tokio::time::timeout(limit, shards).await.unwrap_or_else(|_| {
            let message = format!("The training set was not finished within {} s.", limit.as_secs());
            Err(vec![Letter::new(Code::DeadlineExceeded, message).fix("Give it a later deadline, or fewer rows.")])
        }),
    }
}

async fn shards(bench: Bench, order: Order, spine: Spine, revision: &str) -> Result<Finished, Vec<Letter>> {
    let workers = order.effort.workers.clamp(1, MOST_WORKERS);
    let ranges = cut(spine.times.len(), order.effort.shards);
    for (number, range) in ranges.iter().enumerate() {
        bench.progress.expect(number, range.len() as u64);
    }
    let (revision, alone) = (revision.to_owned(), ranges.len() == 1);
    let job = Arc::new(shard::Job { bench, order, spine, revision, run: Run::default(), alone });
    let mut waiting = ranges.into_iter().enumerate();
    let mut running = JoinSet::new();
    let mut finished = BTreeMap::new();
    loop {
        while running.len() < workers {
            let Some((number, range)) = waiting.next() else { break };
            let job = job.clone();
            running.spawn(async move { (number, shard::compute(&job, number, range).await) });
        }
        // Leaving this loop early ends the shards that still run.
        let Some(ended) = running.join_next().await else { break };
        let (number, shard) = ended.map_err(|_| vec![broken("a shard broke off")])?;
        finished.insert(number, shard?);
    }
    Ok(finished.into_values().fold(Finished::default(), together))
}

/// Even parts, the first of them perhaps one row longer. A spine without rows still makes a file, because its columns
/// are part of the answer.
fn cut(rows: usize, shards: usize) -> Vec<Range<usize>> {
    let shards = shards.clamp(1, rows.max(1));
    let bound = |number: usize| number * (rows / shards) + number.min(rows % shards);
    (0..shards).map(|number| bound(number)..bound(number + 1)).collect()
}

fn together(mut run: Finished, shard: Finished) -> Finished {
    let room = MOST_LETTERS.saturating_sub(run.letters.len());
    run.letters.extend(shard.letters.into_iter().take(room));
    run.files.extend(shard.files);
    run.outputs = shard.outputs;
    run.rows += shard.rows;
    run.bytes += shard.bytes;
    run
}

pub(super) fn broken(what: &str) -> Letter {
    Letter::new(Code::Bug, format!("The training set could not be written: {what}."))
        .fix("Please report it with the server's log.")
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn shards_are_even_and_hold_every_row_once() {
        assert_eq!(cut(10, 3), [0..4, 4..7, 7..10]);
        assert_eq!(cut(1_000_000, 50).iter().map(|range| range.len()).collect::<Vec<_>>(), [20_000; 50]);
        assert_eq!(cut(2, 5), [0..1, 1..2]);
        assert_eq!((cut(0, 5).len(), cut(0, 5)[0].len()), (1, 0));
    }
}
