//! How far a run is: counters per shard, which the run moves and others read.

use creta_engine::Answer;
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// How far a revision or one of its shards is, in rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    pub total: u64,
    pub computed: u64,
    pub failed: u64,
}

/// The counters of a run.
#[derive(Debug, Default)]
pub(super) struct Progress(Mutex<Vec<Counts>>);

impl Progress {
    /// A shard begins, perhaps not for the first time.
    pub(super) fn expect(&self, shard: usize, rows: u64) {
        self.change(shard, |counts| *counts = Counts { total: rows, ..Counts::default() });
    }

    /// A row has failed when a letter names it; a letter that names no row concerns them all.
    pub(super) fn count(&self, shard: usize, answer: &Answer) {
        let keys: Option<HashSet<&str>> = answer.letters.iter().map(|letter| letter.key.as_deref()).collect();
        let failed = keys.map_or(answer.rows, |keys| keys.len().min(answer.rows));
        self.change(shard, |counts| {
            counts.computed += answer.rows as u64;
            counts.failed += failed as u64;
        });
    }

    pub(super) fn counts(&self) -> Counts {
        let shards = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shards.iter().fold(Counts::default(), |sum, shard| Counts {
            total: sum.total + shard.total,
            computed: sum.computed + shard.computed,
            failed: sum.failed + shard.failed,
        })
    }

    pub(super) fn counts_of(&self, shard: usize) -> Counts {
        let shards = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shards.get(shard).copied().unwrap_or_default()
    }

    fn change(&self, shard: usize, change: impl FnOnce(&mut Counts)) {
        let mut shards = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if shards.len() <= shard {
            shards.resize(shard + 1, Counts::default());
        }
        change(&mut shards[shard]);
    }
}
