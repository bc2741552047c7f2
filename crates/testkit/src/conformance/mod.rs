//! What every adapter of a port must do, as functions that panic where one does not.
//!
//! Each suite takes a way to open storage by name. Opening a name again, after the value was dropped, is what a process
//! sees that starts after its predecessor was killed: nothing was said goodbye to.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a suite fails by panicking, in the test that called it")]

pub mod blobs;
pub mod log;
pub mod metadata;
pub mod offline;
pub mod online;
pub mod runs;
pub mod source;

use creta_model::Value;
use creta_model::bundle::CachePolicy;
use creta_model::observation::{Destinations, Observations, ObservedFeature, ObservedRow, Removal};

/// Online and offline.
pub const BOTH: Destinations = Destinations { online: true, offline: true };

/// Observations of these features, kept in both stores, in these rows: (key, observed_at, values).
pub fn entry(namespace: &str, features: &[&str], rows: Vec<(Value, i64, Vec<Option<Value>>)>) -> Observations {
    let feature =
        |name: &&str| ObservedFeature { name: (*name).to_owned(), destinations: BOTH, nulls: CachePolicy::Write };
    let row = |(key, observed_at, values)| ObservedRow { key, observed_at, values };
    Observations {
        namespace: namespace.to_owned(),
        resolver: "suite".to_owned(),
        deployment: "deployment".to_owned(),
        inserted_at: 1_000,
        features: features.iter().map(feature).collect(),
        rows: rows.into_iter().map(row).collect(),
    }
}

/// One observation of one integer key: the feature `x` has an integer value.
pub fn small(key: i64, observed_at: i64, value: i64) -> Observations {
    entry("ship", &["x"], vec![(Value::Int(key), observed_at, vec![Some(Value::Int(value))])])
}

/// A removal of these integer keys and features of `ship` from both stores; None = all.
pub fn removal(keys: Option<&[i64]>, features: Option<&[&str]>) -> Removal {
    Removal {
        namespace: "ship".to_owned(),
        keys: keys.map(|keys| keys.iter().copied().map(Value::Int).collect()),
        features: features.map(|features| features.iter().map(|name| (*name).to_owned()).collect()),
        stores: BOTH,
    }
}
