//! What one request carries through all its scopes: who serves it, its clock, its letters, its observations.

use crate::deployment::Deployment;
use crate::run::Stores;
use crate::scans::Run;
use creta_model::observation::Observations;
use creta_model::{Code, Letter};
use creta_ports::python::QueryContext;

/// Letters of one request beyond this number are counted, not kept.
const MAX_LETTERS: usize = 1_000;

pub(crate) struct Context<'a> {
    pub deployment: &'a Deployment,
    pub stores: &'a Stores,
    pub offline: bool,
    /// See [`creta_plan::Question::as_known`].
    pub as_known: bool,
    /// The query time of the request, microseconds; what is computed now is observed now.
    pub started_at: i64,
    /// Whether results are logged and cached.
    pub persists: bool,
    /// Shared by the partitions of one offline run.
    pub run: Option<&'a Run>,
    pub query_context: &'a QueryContext,
    pub letters: Vec<Told>,
    pub entries: Vec<Observations>,
}

/// A letter, and whether it only says that something is missing.
pub(crate) struct Told {
    pub letter: Letter,
    pub is_absence: bool,
}

impl Context<'_> {
    pub fn report(&mut self, told: Told) {
        if self.letters.len() < MAX_LETTERS {
            self.letters.push(told);
        }
    }

    /// Forgets what was told of missing values since there were `mark` letters: behind an optional relationship that is
    /// no failure.
    pub fn forget_absences(&mut self, mark: usize) {
        let mut position = 0;
        self.letters.retain(|told| {
            position += 1;
            position <= mark || !told.is_absence
        });
    }
}

/// A rule of our own was broken; the text is Arrow's or DataFusion's and names types, not values.
pub(crate) fn internal(error: impl std::fmt::Display) -> Letter {
    Letter::new(Code::Bug, format!("A column operation failed: {error}."))
        .fix("This is a fault of Creta. Please report it with the plan that `creta explain` prints.")
}
