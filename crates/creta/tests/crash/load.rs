//! The load: uploads of new keys and queries of keys that were uploaded, as fast as the server answers.

use super::ledger::Ledger;
use super::server::{Caller, Server};
use serde_json::json;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use tokio::task::JoinSet;

/// Rows of one upload.
pub const ROWS: i64 = 3;

/// Tasks of each kind.
const TASKS: usize = 3;

/// What the value of a key is; nobody else writes it.
pub fn value_of(key: i64) -> i64 {
    key * 7 % 1_000
}

/// What one life of the server left behind.
#[derive(Default)]
pub struct Outcome {
    /// First keys of uploads that were acknowledged.
    pub uploaded: Vec<i64>,
    /// First keys of uploads that were sent and not acknowledged.
    pub unknown: Vec<i64>,
    /// Keys whose query was answered.
    pub queried: Vec<i64>,
    /// Requests in flight when the server died.
    pub open_writes: usize,
    /// The first key that was never used.
    pub next: i64,
}

struct Shared {
    next: AtomicI64,
    to_query: Mutex<VecDeque<i64>>,
    outcome: Mutex<Outcome>,
}

pub struct Load {
    shared: Arc<Shared>,
    tasks: JoinSet<()>,
}

impl Load {
    pub fn start(server: &Server, ledger: &Ledger) -> Load {
        let shared = Arc::new(Shared {
            next: AtomicI64::new(ledger.next()),
            to_query: Mutex::new(ledger.not_queried()),
            outcome: Mutex::default(),
        });
        let mut tasks = JoinSet::new();
        for _ in 0..TASKS {
            tasks.spawn(upload(server.caller(), shared.clone()));
            tasks.spawn(query(server.caller(), shared.clone()));
        }
        Load { shared, tasks }
    }

    /// Waits until every task has noticed that the server is gone.
    pub async fn stop(mut self) -> Outcome {
        while let Some(ended) = self.tasks.join_next().await {
            ended.unwrap();
        }
        let mut outcome = std::mem::take(&mut *self.shared.outcome.lock().unwrap());
        outcome.next = self.shared.next.load(Ordering::SeqCst);
        outcome
    }
}

async fn upload(caller: Caller, shared: Arc<Shared>) {
    loop {
        let first = shared.next.fetch_add(ROWS, Ordering::SeqCst);
        let keys: Vec<i64> = (first..first + ROWS).collect();
        let values: Vec<i64> = keys.iter().map(|key| value_of(*key)).collect();
        let body = json!({"input": {"probe.id": keys, "probe.value": values}});
        let answer = caller.post("/v1/upload_features", &body).await;
        let mut outcome = shared.outcome.lock().unwrap();
        let Some(answer) = answer else {
            outcome.unknown.push(first);
            outcome.open_writes += 1;
            return;
        };
        assert_eq!(answer["errors"], json!([]));
        outcome.uploaded.push(first);
        drop(outcome);
        shared.to_query.lock().unwrap().extend(keys);
    }
}

async fn query(caller: Caller, shared: Arc<Shared>) {
    loop {
        let key = shared.to_query.lock().unwrap().pop_front();
        let Some(key) = key else {
            // Nothing to ask about yet, or never again.
            if shared.outcome.lock().unwrap().open_writes > 0 {
                return;
            }
            tokio::task::yield_now().await;
            continue;
        };
        let body = json!({"inputs": {"probe.id": key}, "outputs": ["probe.doubled"]});
        let answer = caller.post("/v1/query/online", &body).await;
        let mut outcome = shared.outcome.lock().unwrap();
        let Some(answer) = answer else {
            outcome.open_writes += 1;
            return;
        };
        assert_eq!(answer["data"][0]["value"], json!(2 * value_of(key)), "{answer}");
        outcome.queried.push(key);
    }
}
