//! Observations: what was seen, of which key, when; and the one function that says where each is kept (decision 20).

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

/// A feature column of an [`Entry`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedFeature {
    /// Stored name within the namespace, version included (`x`, `x@2`).
    pub name: String,
    pub destinations: Destinations,
    /// What the online store does with a null; the offline store keeps it always.
    pub nulls: CachePolicy,
}

/// Observations written together: one entry of the durable log. Applying an entry twice changes nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
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
    /// One per feature of the entry; None = not observed, `Some(Null)` = a null was observed.
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
