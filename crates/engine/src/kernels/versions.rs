//! Rows with one primary key are versions of one thing: each is in force from its own feature time until the next.
//!
//! Which version is in force is settled before any join looks at its columns (framework §2: the foreign key itself is
//! read by the point-in-time rule), so a row that moved to another parent no longer counts for the first.

use super::keys::KeyIndex;
use arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use arrow::datatypes::Int64Type;

/// Until when each row is in force, by its original number. None = no key occurs twice.
pub struct Versions(Option<Replaced>);

struct Replaced {
    until: Vec<i64>,
    /// Rows that stand only because they came after another one of the same key and time, in ascending order.
    by_order: Vec<u32>,
}

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
        let (mut until, mut by_order) = (vec![FOR_EVER; times.len()], Vec::new());
        for versions in &mut rows {
            versions.sort_by_key(|row| times.value(*row as usize));
            for pair in versions.windows(2) {
                let (from, next) = (times.value(pair[0] as usize), times.value(pair[1] as usize));
                until[pair[0] as usize] = if next > from { next } else { NEVER };
                if next == from {
                    by_order.push(pair[1]);
                }
            }
        }
        by_order.sort_unstable();
        Versions(Some(Replaced { until, by_order }))
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
        self.0.as_ref().is_none_or(|replaced| {
            let until = replaced.until[row as usize];
            until == FOR_EVER || now < until
        })
    }

    /// Whether another row has the row's key and time, and only the order of the rows tells which one stands.
    pub fn stands_by_order(&self, row: u32) -> bool {
        self.0.as_ref().is_some_and(|replaced| replaced.by_order.binary_search(&row).is_ok())
    }

    /// Whether there is any such row.
    pub fn any_by_order(&self) -> bool {
        self.0.as_ref().is_some_and(|replaced| !replaced.by_order.is_empty())
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
