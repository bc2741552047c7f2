//! Bearer tokens: opaque, short-lived, kept in memory as hashes.

use crate::secret::{digest, random_text};
use creta_model::duration::{HOUR, SECOND};
use creta_ports::Clock;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// How long a token is good for, in microseconds.
pub const LIFETIME: i64 = HOUR;

/// How many tokens may live at once; beyond that the ones that end first give way.
const CAPACITY: usize = 10_000;

/// Issues tokens and recognises them.
pub struct Tokens {
    clock: Arc<dyn Clock>,
    capacity: usize,
    by_hash: Mutex<HashMap<[u8; 32], Grant>>,
}

struct Grant {
    client: Arc<str>,
    expires_at: i64,
}

/// A token at the only moment at which it is known.
#[derive(Clone)]
pub struct Issued {
    pub token: String,
    /// Microseconds, UTC.
    pub expires_at: i64,
    pub expires_in_seconds: i64,
}

impl Tokens {
    pub fn new(clock: Arc<dyn Clock>) -> Tokens {
        Tokens::with_capacity(clock, CAPACITY)
    }

    pub fn with_capacity(clock: Arc<dyn Clock>, capacity: usize) -> Tokens {
        Tokens { clock, capacity, by_hash: Mutex::default() }
    }

    /// A new token for a client whose secret was just verified.
    pub fn issue(&self, client: &str) -> Issued {
        let token = random_text();
        let now = self.clock.now();
        let expires_at = now + LIFETIME;
        let mut grants = self.by_hash.lock().unwrap_or_else(PoisonError::into_inner);
        if grants.len() >= self.capacity {
            grants.retain(|_, grant| grant.expires_at > now);
        }
        if grants.len() >= self.capacity {
            drop_oldest(&mut grants, self.capacity);
        }
        grants.insert(digest(&[token.as_bytes()]), Grant { client: client.into(), expires_at });
        Issued { token, expires_at, expires_in_seconds: LIFETIME / SECOND }
    }

    /// The client that holds this token, unless it is unknown or has expired.
    pub fn holder(&self, token: &str) -> Option<Arc<str>> {
        let now = self.clock.now();
        let grants = self.by_hash.lock().unwrap_or_else(PoisonError::into_inner);
        let grant = grants.get(&digest(&[token.as_bytes()]))?;
        (grant.expires_at > now).then(|| grant.client.clone())
    }
}

/// Makes room for a tenth of the capacity at once, so that a full table is not sorted on every call.
fn drop_oldest(grants: &mut HashMap<[u8; 32], Grant>, capacity: usize) {
    let mut ends: Vec<i64> = grants.values().map(|grant| grant.expires_at).collect();
    ends.sort_unstable();
    let Some(limit) = ends.get(capacity / 10).copied() else { return };
    grants.retain(|_, grant| grant.expires_at > limit);
}
