//! One worker in the hands of one call, and what becomes of it afterwards.

use crate::frame::{Failure, Header, Lost, batch};
use crate::letters;
use crate::pool::Shared;
use crate::process::Worker;
use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use creta_ports::Result;
use creta_ports::python::{Answer, Call, RowError};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// The deadline of calls whose timeout no clock can hold.
const FAR: Duration = Duration::from_secs(365 * 24 * 3_600);

/// Gives the worker back when it is dropped: idle, or, when the caller went away during a call, once that has ended.
pub(crate) struct Lease {
    shared: Arc<Shared>,
    worker: Option<Worker>,
    deadline: Instant,
}

impl Lease {
    pub fn new(shared: Arc<Shared>, worker: Worker) -> Lease {
        Lease { shared, worker: Some(worker), deadline: Instant::now() }
    }

    /// Runs the call. `None` when the process ended before the call had begun.
    pub async fn run(mut self, call: &Call) -> Result<Option<Answer>> {
        let Some(worker) = &mut self.worker else { return Ok(None) };
        let id = self.shared.next_call();
        worker.begin(id, call)?;
        let now = Instant::now();
        let deadline = now.checked_add(call.timeout).unwrap_or(now + FAR);
        self.deadline = deadline;
        let lost = match timeout_at(deadline, worker.exchange()).await {
            Err(_) => {
                self.replace();
                return Err(letters::timed_out(&call.resolver, call.timeout));
            }
            Ok(Err(lost)) => lost,
            Ok(Ok(())) => match worker.answer() {
                Ok((header, body)) => {
                    drop(self);
                    return read(id, call, header, body).map(Some);
                }
                Err(lost) => lost,
            },
        };
        self.lost(call, lost).await.map(|()| None)
    }

    async fn lost(mut self, call: &Call, lost: Lost) -> Result<()> {
        let letter = match (lost, &mut self.worker) {
            (Lost::NotBegun, _) | (_, None) => None,
            (Lost::Garbled(why), _) => Some(letters::garbled(&call.resolver, &why)),
            (Lost::Died, Some(worker)) => {
                let end = worker.end().await;
                let place = worker.crash_place(self.shared.root(), self.shared.journal());
                self.shared.crashed(&call.resolver);
                Some(letters::died(&call.resolver, end, place.as_ref()))
            }
        };
        self.replace();
        letter.map_or(Ok(()), Err)
    }

    fn replace(&mut self) {
        if let Some(worker) = self.worker.take() {
            self.shared.replace(worker);
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        match self.worker.take() {
            None => {}
            Some(worker) if worker.is_busy() => self.shared.finish(worker, self.deadline),
            Some(worker) => self.shared.give_back(worker),
        }
    }
}

fn read(expected: u64, call: &Call, header: Header, body: Vec<u8>) -> Result<Answer> {
    let unreadable = |lost: Lost| match lost {
        Lost::Garbled(why) => letters::garbled(&call.resolver, &why),
        Lost::NotBegun | Lost::Died => letters::garbled(&call.resolver, "half an answer"),
    };
    let Header::Result { id, errors, missing } = header else {
        return Err(letters::garbled(&call.resolver, "not a result"));
    };
    if id != expected {
        return Err(letters::garbled(&call.resolver, "the answer to another call"));
    }
    let batch = match body.is_empty() {
        true => RecordBatch::new_empty(Arc::new(Schema::empty())),
        false => batch(body).map_err(unreadable)?,
    };
    let rows = call.rows.max(batch.num_rows());
    check_rows(rows, &errors, &missing).map_err(unreadable)?;
    Ok(Answer { batch, errors: errors.into_iter().map(row_error).collect(), missing })
}

/// Nobody behind this point needs to doubt a row number.
fn check_rows(
    rows: usize,
    errors: &[Failure],
    missing: &BTreeMap<String, Vec<usize>>,
) -> std::result::Result<(), Lost> {
    let named = errors.iter().filter_map(|error| error.row).chain(missing.values().flatten().copied());
    match named.max() {
        Some(row) if row >= rows => Err(Lost::Garbled("a row that was not asked for".to_owned())),
        _ => Ok(()),
    }
}

fn row_error(failure: Failure) -> RowError {
    let place = letters::place(&failure);
    RowError { row: failure.row, exception: letters::exception(&failure), place }
}
