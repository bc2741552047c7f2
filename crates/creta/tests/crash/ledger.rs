//! What the server acknowledged in all its lives, and whether it is still there.

use super::load::{Outcome, ROWS, value_of};
use super::server::Server;
use arrow::array::{Array, AsArray};
use arrow::datatypes::Int64Type;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

#[derive(Default)]
pub struct Ledger {
    /// First keys of acknowledged uploads.
    uploaded: Vec<i64>,
    queried: BTreeSet<i64>,
    next: i64,
}

impl Ledger {
    pub fn next(&self) -> i64 {
        self.next
    }

    pub fn uploads(&self) -> usize {
        self.uploaded.len()
    }

    pub fn queries(&self) -> usize {
        self.queried.len()
    }

    /// Uploaded keys that no query was answered about, a few of them.
    pub fn not_queried(&self) -> VecDeque<i64> {
        let keys = self.uploaded.iter().rev().flat_map(|first| *first..first + ROWS);
        keys.filter(|key| !self.queried.contains(key)).take(50).collect()
    }

    pub fn take(&mut self, outcome: Outcome) {
        self.uploaded.extend(outcome.uploaded);
        self.queried.extend(outcome.queried);
        self.next = outcome.next;
    }

    /// The online store shows every acknowledged upload of the last life, and of the others all rows or none.
    pub async fn check_uploads(&self, server: &Server, outcome: &Outcome) {
        for first in &outcome.uploaded {
            for key in *first..first + ROWS {
                assert_eq!(stored(server, key).await, json!(value_of(key)), "acknowledged key {key} is lost");
            }
        }
        for first in &outcome.unknown {
            let mut found = 0;
            for key in *first..first + ROWS {
                found += i64::from(!stored(server, key).await.is_null());
            }
            assert!(found == 0 || found == ROWS, "upload {first} is stored in part: {found} rows");
        }
    }

    /// History holds every acknowledged upload and every answered query of all lives.
    pub async fn check_history(&self, server: &Server) {
        let keys: Vec<i64> = self.uploaded.iter().flat_map(|first| *first..first + ROWS).collect();
        let found = history(server, &keys, "probe.value").await;
        for (key, found) in keys.iter().zip(found) {
            assert_eq!(found, Some(value_of(*key)), "acknowledged key {key} is not in history");
        }
        let keys: Vec<i64> = self.queried.iter().copied().collect();
        let found = history(server, &keys, "probe.doubled").await;
        for (key, found) in keys.iter().zip(found) {
            assert_eq!(found, Some(2 * value_of(*key)), "the answered query of key {key} is not in history");
        }
    }
}

async fn stored(server: &Server, key: i64) -> Value {
    let body = json!({"inputs": {"probe.id": key}, "outputs": ["probe.value"]});
    let answer = server.caller().post("/v1/query/online", &body).await.unwrap();
    answer["data"][0]["value"].clone()
}

async fn history(server: &Server, keys: &[i64], feature: &str) -> Vec<Option<i64>> {
    let caller = server.caller();
    let body = json!({
        "input": {"columns": ["probe.id"], "values": [keys]},
        "output": [feature],
        "recompute_features": false,
    });
    let dataset = caller.post("/v4/offline_query", &body).await.unwrap();
    let revision = dataset["revisions"][0]["revision_id"].clone();
    let url = loop {
        let status = caller.post("/v4/offline_query/status", &json!({"job_id": revision})).await.unwrap();
        if status["is_finished"] == json!(true) {
            break status["urls"][0].as_str().unwrap_or_else(|| panic!("{status}")).to_owned();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let file = bytes::Bytes::from(caller.get_bytes(&url).await);
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    let mut found = Vec::with_capacity(keys.len());
    for batch in reader {
        let batch = batch.unwrap();
        let column = batch.column_by_name(feature).unwrap().as_primitive::<Int64Type>();
        found.extend((0..column.len()).map(|row| column.is_valid(row).then(|| column.value(row))));
    }
    assert_eq!(found.len(), keys.len());
    found
}
