//! What the control plane remembers: deployments, the active one, clients, dataset revisions.

use crate::Result;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A recorded deployment. `bundle` is its canonical JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    pub id: String,
    /// Microseconds, UTC.
    pub created_at: i64,
    pub bundle: String,
}

/// A service token. Only a salted hash of the secret is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    pub id: String,
    pub secret_hash: String,
}

/// One immutable revision of a dataset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Revision {
    pub id: String,
    pub dataset_id: String,
    pub dataset_name: Option<String>,
    /// pending, running, failed, cancelled, done.
    pub status: RevisionStatus,
    /// Output columns in order.
    pub outputs: Vec<String>,
    /// Names of result blobs, in row order.
    pub files: Vec<String>,
    pub rows: u64,
    pub bytes: u64,
    pub created_at: i64,
    pub finished_at: Option<i64>,
    pub deployment: String,
    /// Letters, as JSON.
    pub errors: Vec<creta_model::Letter>,
    /// Name of the blob with the rows it was asked for; None until they are kept.
    #[serde(default)]
    pub inputs: Option<String>,
    /// Parts that are computed apart, each a file of its own.
    #[serde(default = "one")]
    pub shards: usize,
    /// What people note about it; the one thing that may change after the end.
    #[serde(default)]
    pub notes: BTreeMap<String, String>,
}

fn one() -> usize {
    1
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevisionStatus {
    Pending,
    Running,
    Failed,
    Cancelled,
    Done,
}

/// Transactional storage of the above.
#[async_trait]
pub trait Metadata: Send + Sync {
    /// Records a deployment and makes it the active one, in one transaction.
    async fn activate(&self, deployment: Deployment) -> Result<()>;
    async fn active(&self) -> Result<Option<Deployment>>;
    async fn deployment(&self, id: &str) -> Result<Option<Deployment>>;

    /// Notes features, by `namespace.name`, that were dropped under the active deployment; activating one forgets them.
    async fn put_dropped(&self, features: &[String]) -> Result<()>;
    async fn dropped(&self) -> Result<BTreeSet<String>>;

    async fn put_client(&self, client: Client) -> Result<()>;
    async fn client(&self, id: &str) -> Result<Option<Client>>;

    /// Inserts or replaces by id.
    async fn put_revision(&self, revision: Revision) -> Result<()>;
    async fn revision(&self, id: &str) -> Result<Option<Revision>>;
    /// All revisions of a dataset (by name or id), oldest first.
    async fn dataset(&self, name_or_id: &str) -> Result<Vec<Revision>>;
    /// The newest revision of each named dataset, newest first, at most `limit`.
    async fn datasets(&self, limit: usize) -> Result<Vec<Revision>>;
    /// Revisions still pending or running; after a restart they are failed by whoever finds them.
    async fn unfinished(&self) -> Result<Vec<Revision>>;
}
