//! What a training set is computed from, and how much effort may go into it.

use super::Observed;
use crate::observe::Keep;
use arrow::array::Int64Array;
use arrow::record_batch::RecordBatch;
use creta_engine::{Deployment, HistoryBounds};
use creta_plan::Question;
use creta_ports::python::QueryContext;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A training set that somebody asks for.
#[derive(Clone)]
pub struct Order {
    pub deployment: Arc<Deployment>,
    pub question: Question,
    pub rows: Rows,
    pub dataset_name: Option<String>,
    pub query_context: QueryContext,
    /// Rows in which one of these outputs was never observed are left out.
    pub required: Vec<String>,
    pub bounds: Bounds,
    /// Where freshly computed outputs are stored besides the result.
    pub keep: Keep,
    pub effort: Effort,
}

impl Order {
    /// An order without conditions, computed in one shard.
    pub fn new(deployment: Arc<Deployment>, question: Question, rows: Rows) -> Order {
        Order {
            deployment,
            question,
            rows,
            dataset_name: None,
            query_context: QueryContext::default(),
            required: Vec::new(),
            bounds: Bounds::default(),
            keep: Keep::default(),
            effort: Effort::default(),
        }
    }
}

/// The rows of a training set.
#[derive(Debug, Clone)]
pub enum Rows {
    Given(Spine),
    /// Taken from history when the run begins.
    Observed(Observed),
}

impl Rows {
    /// How many there are, as far as it is known before the run.
    pub(super) fn known(&self) -> u64 {
        match self {
            Rows::Given(spine) => spine.times.len() as u64,
            Rows::Observed(_) => 0,
        }
    }

    /// A random choice says what it was made with (decision 22).
    pub(super) fn notes(&self, revision: &str) -> BTreeMap<String, String> {
        match self {
            Rows::Observed(Observed { most: Some(most), .. }) => {
                let seed = super::observed::seed(revision).to_string();
                [("max_samples".to_owned(), most.to_string()), ("seed".to_owned(), seed)].into()
            }
            Rows::Observed(_) | Rows::Given(_) => BTreeMap::new(),
        }
    }
}

/// Keys (and other given values) with the instant that each row treats as the present.
#[derive(Debug, Clone)]
pub struct Spine {
    /// One column per input of the question, same order, typed as the features.
    pub inputs: RecordBatch,
    /// Microseconds, UTC; one per row, none null.
    pub times: Int64Array,
}

impl Spine {
    pub(super) fn slice(&self, first: usize, count: usize) -> Spine {
        Spine { inputs: self.inputs.slice(first, count), times: self.times.slice(first, count) }
    }
}

/// An end of a range of times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// Microseconds, UTC.
    At(i64),
    /// Microseconds after the earliest time of a shard (a lower bound) or after its latest (an upper one).
    Relative(i64),
}

/// Which stored observations count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bounds {
    pub observed_from: Option<Bound>,
    pub observed_until: Option<Bound>,
    pub inserted_from: Option<Bound>,
    pub inserted_until: Option<Bound>,
}

impl Bounds {
    /// The bounds as instants, for rows at these times.
    pub(super) fn resolve(&self, times: &[i64]) -> HistoryBounds {
        let resolve = |bound: Option<Bound>, edge: Option<&i64>| match (bound?, edge) {
            (Bound::At(at), _) => Some(at),
            (Bound::Relative(after), Some(edge)) => Some(edge.saturating_add(after)),
            (Bound::Relative(_), None) => None,
        };
        let (first, last) = (times.iter().min(), times.iter().max());
        HistoryBounds {
            observed_from: resolve(self.observed_from, first),
            observed_until: resolve(self.observed_until, last),
            inserted_from: resolve(self.inserted_from, first),
            inserted_until: resolve(self.inserted_until, last),
        }
    }
}

/// How a run is cut up and how often its parts are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    pub shards: usize,
    /// Shards that are computed at the same time, at most.
    pub workers: usize,
    /// Further attempts at a shard whose failure may pass.
    pub retries: u32,
    pub shard_deadline: Duration,
    pub retry_on_deadline: bool,
    /// For the whole run.
    pub deadline: Option<Duration>,
}

impl Default for Effort {
    fn default() -> Effort {
        let shard_deadline = Duration::from_secs(18 * 3_600);
        Effort { shards: 1, workers: 2, retries: 2, shard_deadline, retry_on_deadline: false, deadline: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_bounds_start_at_the_edges_of_the_rows() {
        let bounds = Bounds {
            observed_from: Some(Bound::Relative(-5)),
            observed_until: Some(Bound::Relative(5)),
            inserted_from: Some(Bound::At(7)),
            inserted_until: None,
        };
        let resolved = bounds.resolve(&[30, 10, 20]);
        assert_eq!((resolved.observed_from, resolved.observed_until), (Some(5), Some(35)));
        assert_eq!((resolved.inserted_from, resolved.inserted_until), (Some(7), None));
        assert_eq!(bounds.resolve(&[]).observed_from, None);
    }
}
