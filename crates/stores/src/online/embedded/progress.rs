//! Up to where the log has been applied, when writers finish in another order than they were logged.

use std::collections::BTreeMap;

/// Which positions of the log have been applied.
#[derive(Debug)]
pub(super) struct Progress {
    /// Everything before it is applied.
    complete: u64,
    /// Start → end of applied stretches after a gap.
    ahead: BTreeMap<u64, u64>,
}

impl Progress {
    pub fn from(complete: u64) -> Progress {
        Progress { complete, ahead: BTreeMap::new() }
    }

    pub fn complete(&self) -> u64 {
        self.complete
    }

    /// Notes that the entries from `start` up to `end` are applied.
    pub fn note(&mut self, start: u64, end: u64) {
        if start > self.complete {
            let known = self.ahead.entry(start).or_insert(end);
            *known = (*known).max(end);
            return;
        }
        self.complete = self.complete.max(end);
        while let Some(stretch) = self.ahead.first_entry() {
            if *stretch.key() > self.complete {
                break;
            }
            self.complete = self.complete.max(stretch.remove());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_holds_back_what_comes_after_it() {
        let mut progress = Progress::from(3);
        progress.note(5, 7);
        progress.note(8, 9);
        progress.note(7, 8);
        assert_eq!(progress.complete(), 3);
        progress.note(3, 5);
        assert_eq!(progress.complete(), 9);
        progress.note(0, 4);
        assert_eq!(progress.complete(), 9);
    }
}
