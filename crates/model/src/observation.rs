//! What the durable log says: observations, and removals of them; and the one function that says where an observation is
//! kept (decision 20).

use crate::bundle::{CachePolicy, Caching};
use crate::value::Value;
use serde::{Deserialize, Serialize};

/// Observations later than this much after now are not written online (decision 2), in microseconds.
pub const FUTURE_TOLERANCE: i64 = 5_000_000;

/// Who produced a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Producer {
    /// Freshly computed while answering an online query.
    OnlineQuery,
    /// Supplied by the caller of an online query.
    Input,
    /// `upload_features` and `multi_upload_features`.
    Upload,
    /// `Dataset.ingest` or an offline query, with its two flags.
    Offline { store_online: bool, store_offline: bool },
    /// A scheduled run of a resolver.
    Scheduled,
}

/// Which stores keep an observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destinations {
    pub online: bool,
    pub offline: bool,
}

/// Framework §8.1 as a function: where a value of a feature with this caching, from this producer, is written.
pub fn destinations(producer: Producer, caching: &Caching) -> Destinations {
    let cacheable = caching.max_staleness > 0 && caching.store_online;
    let (online, offline) = match producer {
        Producer::OnlineQuery | Producer::Upload => (true, true),
        Producer::Input => (false, true),
        Producer::Offline { store_online, store_offline } => (store_online, store_offline),
        Producer::Scheduled => (caching.etl_offline_to_online, true),
    };
    Destinations { online: online && cacheable, offline: offline && caching.store_offline }
}

/// A feature column of [`Observations`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedFeature {
    /// Stored name within the namespace, version included (`x`, `x@2`).
    pub name: String,
    pub destinations: Destinations,
    /// What the online store does with a null; the offline store keeps it always.
    pub nulls: CachePolicy,
}

/// One entry of the durable log. Applying all of the log twice, in its order, changes nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Entry {
    Observed(Observations),
    Removed(Removal),
}

impl From<Observations> for Entry {
    fn from(observations: Observations) -> Entry {
        Entry::Observed(observations)
    }
}

impl From<Removal> for Entry {
    fn from(removal: Removal) -> Entry {
        Entry::Removed(removal)
    }
}

/// Stored values that somebody takes back: everything that stands before it in the log, whenever it was observed. What
/// stands after it stays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Removal {
    pub namespace: String,
    /// None = of every key.
    pub keys: Option<Vec<Value>>,
    /// Stored names within the namespace; None = all that was ever stored, also of features that are no longer defined.
    pub features: Option<Vec<String>>,
    /// The stores that forget.
    pub stores: Destinations,
}

/// Observations written together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observations {
    pub namespace: String,
    /// Name of the resolver; `input` and `upload` for values that callers supplied.
    pub resolver: String,
    pub deployment: String,
    /// Microseconds since the epoch, UTC.
    pub inserted_at: i64,
    pub features: Vec<ObservedFeature>,
    pub rows: Vec<ObservedRow>,
}

/// The observations of one key at one instant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ObservedRow {
    pub key: Value,
    /// Microseconds since the epoch, UTC.
    pub observed_at: i64,
    /// One per feature of the observations; None = not observed, `Some(Null)` = a null was observed.
    pub values: Vec<Option<Value>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caching(max_staleness: i64, store_online: bool, store_offline: bool, etl: bool) -> Caching {
        Caching { max_staleness, store_online, store_offline, etl_offline_to_online: etl, ..Caching::default() }
    }

    #[test]
    fn every_row_of_the_table() {
        let plain = caching(0, true, true, false);
        let cached = caching(1, true, true, false);
        let offline_only = caching(1, false, true, false);
        let etl = caching(1, true, true, true);
        let unlogged = caching(1, true, false, false);
        let flags = |store_online, store_offline| Producer::Offline { store_online, store_offline };
        let rows = [
            (Producer::OnlineQuery, &plain, (false, true)),
            (Producer::OnlineQuery, &cached, (true, true)),
            (Producer::OnlineQuery, &offline_only, (false, true)),
            (Producer::OnlineQuery, &unlogged, (true, false)),
            (Producer::Upload, &cached, (true, true)),
            (Producer::Upload, &plain, (false, true)),
            (Producer::Input, &cached, (false, true)),
            (flags(false, true), &cached, (false, true)),
            (flags(true, false), &cached, (true, false)),
            (flags(true, true), &plain, (false, true)),
            (flags(false, false), &cached, (false, false)),
            (Producer::Scheduled, &cached, (false, true)),
            (Producer::Scheduled, &etl, (true, true)),
        ];
        for (producer, caching, (online, offline)) in rows {
            assert_eq!(destinations(producer, caching), Destinations { online, offline }, "{producer:?} {caching:?}");
        }
    }
}
