//! Rows with one primary key are versions of one thing: each is in force from its own feature time until the next.
//!
//! Which version is in force is settled before any join looks at its columns (framework §2: the foreign key itself is
//! read by the point-in-time rule), so a row that moved to another parent no longer counts for the first.

use super::keys::KeyIndex;
use arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use arrow::datatypes::Int64Type;

/// Until when each row is in force, by its original number.
pub struct Versions(Option<Vec<i64>>);

/// Never replaced.
const FOR_EVER: i64 = i64::MAX;
/// Replaced at the very instant at which it became known.
const NEVER: i64 = i64::MIN;

impl Versions {
    /// `times` are feature times in microseconds, all equal for a class without: there the last row of a key stands
    /// (decision 16). Rows without a key stand for themselves.
    pub fn of(key: &[ArrayRef], times: &Int64Array) -> Versions {
        if matches!(key, [only] if are_distinct(only)) {
            return Versions(None);
        }
        let index = KeyIndex::build(key);
        let keyed = (0..times.len()).filter(|row| index.group_of(*row).is_some()).count();
        if index.groups() == keyed {
            return Versions(None);
        }
        let mut rows: Vec<Vec<u32>> = vec![Vec::new(); index.groups()];
        for row in 0..times.len() {
            if let Some(group) = index.group_of(row).filter(|_| times.is_valid(row)) {
                rows[group as usize].push(row as u32);
            }
        }
        let mut until = vec![FOR_EVER; times.len()];
        for versions in &mut rows {
            versions.sort_by_key(|row| times.value(*row as usize));
            for pair in versions.windows(2) {
                let (from, next) = (times.value(pair[0] as usize), times.value(pair[1] as usize));
                until[pair[0] as usize] = if next > from { next } else { NEVER };
            }
        }
        Versions(Some(until))
    }

    /// Of rows that are known to have a key each.
    pub fn single() -> Versions {
        Versions(None)
    }

    /// Whether no key occurs twice.
    pub fn are_single(&self) -> bool {
        self.0.is_none()
    }

    /// Whether no later version has replaced the row at this instant.
    pub fn is_in_force(&self, row: u32, now: i64) -> bool {
        self.0.as_ref().is_none_or(|until| {
            let until = until[row as usize];
            until == FOR_EVER || now < until
        })
    }
}

/// Whether int keys are all different, found without an index of millions of keys.
fn are_distinct(key: &ArrayRef) -> bool {
    let Some(keys) = key.as_primitive_opt::<Int64Type>().filter(|keys| keys.null_count() == 0) else { return false };
    if keys.values().windows(2).all(|pair| pair[0] < pair[1]) {
        return true;
    }
    let mut keys = keys.values().to_vec();
    keys.sort_unstable();
    keys.windows(2).all(|pair| pair[0] != pair[1])
}
