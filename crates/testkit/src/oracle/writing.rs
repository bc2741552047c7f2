//! What an answer leaves behind: history and the online store, as far as framework §8 sends it there.

use super::{Mode, Observation, Oracle, Row, Rule, Stored};
use creta_model::bundle::CachePolicy;
use creta_model::observation::{FUTURE_TOLERANCE, Producer, destinations};
use creta_model::{FeatureId, Value};

/// A value computed while answering, to be written down afterwards.
pub(super) struct Write {
    pub feature: FeatureId,
    pub key: Value,
    pub observed_at: i64,
    pub value: Value,
    pub is_default: bool,
}

impl Oracle<'_> {
    /// Writes what the caller gave besides the key (decision 4).
    pub(super) fn write_given(&mut self, row: &Row, clock: i64) {
        let Some(key) = &row.key else { return };
        let primary = self.graph.primary_key(row.entity);
        for (feature, value) in row.given.iter().filter(|(feature, _)| Some(**feature) != primary) {
            if self.graph.scalar(*feature).is_none() {
                continue;
            }
            let (feature, key, value) = (*feature, key.clone(), value.clone());
            let write = Write { feature, key, observed_at: clock, value, is_default: false };
            self.write(Producer::Input, &write, clock, false);
        }
    }

    /// Writes what was computed for a row and those behind it; of a SQL resolver that was asked, also the columns that
    /// nobody wanted.
    pub(super) fn write_fresh(&mut self, mode: &Mode, row: &Row, clock: i64, is_root: bool) {
        for write in &row.fresh {
            let tainted = is_root && self.is_tainted(mode, row, write.feature);
            self.write(Producer::OnlineQuery, write, clock, tainted);
        }
        for write in self.unwanted_columns(row) {
            self.write(Producer::OnlineQuery, &write, clock, false);
        }
        for related in row.related.values() {
            self.write_fresh(mode, related, clock, false);
        }
    }

    /// Into history and the online store, as far as framework §8 sends it there. A default is nobody's observation: it
    /// never enters history.
    pub(super) fn write(&mut self, producer: Producer, write: &Write, now: i64, tainted: bool) {
        let Some(scalar) = self.graph.scalar(write.feature) else { return };
        let caching = scalar.caching.clone();
        let kept = destinations(producer, &caching);
        let place = self.place(write.feature, &write.key);
        let (observed_at, value) = (write.observed_at, write.value.clone());
        if kept.offline && !write.is_default {
            self.history.push(Observation { place: place.clone(), observed_at, value: value.clone() });
        }
        let is_newest = self.online.get(&place).is_none_or(|stored| observed_at >= stored.observed_at)
            || !self.follows(Rule::NewestWins);
        let is_future = observed_at > now + FUTURE_TOLERANCE;
        if kept.online && !tainted && is_newest && !is_future {
            let policy = match (write.is_default, value.is_null()) {
                (true, _) => caching.defaults,
                (false, true) => caching.nulls,
                (false, false) => CachePolicy::Write,
            };
            let is_default = write.is_default;
            let stored = |value| Stored { observed_at, written_at: now, value, is_default };
            match policy {
                CachePolicy::Skip => {}
                CachePolicy::Evict => drop(self.online.insert(place, stored(None))),
                CachePolicy::Write => drop(self.online.insert(place, stored(Some(value)))),
            }
        }
    }
}
