//! Calling user code: a batch in, a batch out, and what went wrong per row.

use crate::Result;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use creta_model::errors::{Exception, Place};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// One call of one resolver.
#[derive(Debug, Clone)]
pub struct Call {
    pub resolver: String,
    /// The arguments; None for a resolver without parameters.
    pub batch: Option<RecordBatch>,
    pub rows: usize,
    pub timeout: Duration,
    pub query_context: QueryContext,
}

/// What the caller of a query hands down to resolvers: `CretaContext.get(key)`.
pub type QueryContext = Arc<BTreeMap<String, String>>;

/// What the resolver returned: columns named by feature, without the namespace.
#[derive(Debug, Clone)]
pub struct Answer {
    pub batch: RecordBatch,
    pub errors: Vec<RowError>,
    /// Feature → rows in which the function left it unset.
    pub missing: BTreeMap<String, Vec<usize>>,
}

/// An exception, of one row or (None) of the whole call.
#[derive(Debug, Clone)]
pub struct RowError {
    pub row: Option<usize>,
    pub exception: Exception,
    pub place: Option<Place>,
}

/// Runs the Python resolvers of one deployment.
#[async_trait]
pub trait Python: Send + Sync {
    /// Letters: `resolver_timed_out`, `worker_died`, `import_failed`; exceptions of user code are values.
    async fn call(&self, call: Call) -> Result<Answer>;
}
