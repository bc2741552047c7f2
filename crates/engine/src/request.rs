//! What comes in at the engine's front door and what leaves it.

use arrow::array::{ArrayRef, Int64Array};
use arrow::record_batch::RecordBatch;
use creta_model::Letter;
use creta_plan::Question;
use creta_ports::python::QueryContext;

/// A question with its values.
#[derive(Debug, Clone)]
pub struct Request {
    pub question: Question,
    /// One column per `question.inputs`, same order, typed as the features (see `creta_ports::arrays::cast`).
    pub inputs: RecordBatch,
    pub times: Times,
    pub query_id: String,
    /// Shared by the partitions of one offline run, so that a source is scanned once for all of them.
    pub run: Option<std::sync::Arc<crate::scans::Run>>,
    /// Handed to Python resolvers as it is.
    pub query_context: QueryContext,
}

/// What each row treats as the present. Microseconds, UTC.
#[derive(Debug, Clone)]
pub enum Times {
    /// The wall clock; the only form whose results are persisted.
    Clock,
    /// An explicit `now`: persists nothing (decision 3).
    At(i64),
    /// One per row.
    PerRow(Int64Array),
}

/// One answered output over all rows.
#[derive(Debug, Clone)]
pub struct Output {
    /// As the caller wrote it; a bare windowed feature yields one output per window.
    pub name: String,
    /// Root namespace of the path.
    pub namespace: String,
    pub values: ArrayRef,
    /// Per row: is there a value (null included) that passes the feature's validations? `values` holds those that do
    /// not pass as well; where a value is missing or failed it holds null.
    pub valid: Vec<bool>,
    /// Per row, where it came from; one element when all rows agree.
    pub origins: Vec<Origin>,
    /// Per row, microseconds; null where nothing is known.
    pub observed_at: Int64Array,
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Input,
    OnlineStore,
    OfflineStore,
    /// Name of the resolver.
    Resolver(String),
    Expression,
    Default,
    /// Nothing: missing or failed.
    None,
}

/// The answer: outputs in the order asked, and what went wrong.
#[derive(Debug, Clone)]
pub struct Answer {
    pub outputs: Vec<Output>,
    pub rows: usize,
    /// FIELD letters; `letter.feature` names the output or intermediate, `letter.key` the row.
    pub letters: Vec<Letter>,
    /// The query time of the call, microseconds.
    pub started_at: i64,
    /// Display form of the primary key per row, for the namespace of the first input.
    pub keys: Option<ArrayRef>,
}
