//! What is remembered of resolvers that were run to fill the stores, and how far each of them has come.

use crate::Result;
use async_trait::async_trait;
use creta_model::Letter;
use serde::{Deserialize, Serialize};

/// One run of a resolver whose rows are stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResolverRun {
    pub id: String,
    pub resolver: String,
    pub status: RunStatus,
    /// Microseconds, UTC.
    pub created_at: i64,
    pub finished_at: Option<i64>,
    /// Rows that were stored.
    pub rows: u64,
    pub deployment: String,
    /// The lower bound that the statement was given, microseconds; None = it read everything.
    pub since: Option<i64>,
    pub errors: Vec<Letter>,
    /// Whoever asks again under the same key is answered with the same run.
    pub idempotency_key: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    Received,
    Succeeded,
    Failed,
}

/// How far an incremental resolver has come. Microseconds, UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    pub resolver: String,
    /// The latest feature time that was stored.
    pub ingested_until: Option<i64>,
    /// When the last successful run began.
    pub executed_at: Option<i64>,
}

/// Transactional storage of the above.
#[async_trait]
pub trait RunRecords: Send + Sync {
    /// Records a run. If one with its idempotency key is known, that one is answered and nothing is recorded.
    async fn begin_run(&self, run: ResolverRun) -> Result<ResolverRun>;
    /// Replaces a run by its id, and the cursor of its resolver if one is given, in one transaction.
    async fn end_run(&self, run: ResolverRun, cursor: Option<Cursor>) -> Result<()>;
    async fn run(&self, id: &str) -> Result<Option<ResolverRun>>;
    /// Runs that were received and have not ended; after a restart they are failed by whoever finds them.
    async fn unfinished_runs(&self) -> Result<Vec<ResolverRun>>;

    /// Inserts or replaces by resolver.
    async fn put_cursor(&self, cursor: Cursor) -> Result<()>;
    async fn cursor(&self, resolver: &str) -> Result<Option<Cursor>>;
    /// All cursors, by name of the resolver.
    async fn cursors(&self) -> Result<Vec<Cursor>>;
    /// Forgets a cursor; false when there is none.
    async fn remove_cursor(&self, resolver: &str) -> Result<bool>;
}
