//! Signed links: addresses of blobs that carry their own permission, because readers of blobs send no credentials.

use crate::secret::{decode, encode, keyed_digest, same};
use creta_ports::Clock;
use std::sync::Arc;

/// What a link allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Read,
    Write,
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Purpose::Read => "read",
            Purpose::Write => "write",
        }
    }
}

/// Signs blob names. The key lives as long as the process: after a restart clients ask for new links.
pub struct Links {
    clock: Arc<dyn Clock>,
    key: [u8; 32],
}

impl Links {
    pub fn new(clock: Arc<dyn Clock>) -> Links {
        Links { clock, key: rand::random() }
    }

    /// A text that allows `purpose` on the blob `name` for `lifetime` microseconds.
    pub fn sign(&self, purpose: Purpose, name: &str, lifetime: i64) -> String {
        let expires_at = self.clock.now() + lifetime;
        format!("{expires_at}.{}", encode(&self.signature(purpose, name, expires_at)))
    }

    /// Does this text allow `purpose` on the blob `name` now?
    pub fn allows(&self, purpose: Purpose, name: &str, text: &str) -> bool {
        let Some((expires_at, signature)) = text.split_once('.') else { return false };
        let (Ok(expires_at), Some(signature)) = (expires_at.parse(), decode(signature)) else { return false };
        expires_at > self.clock.now() && same(&self.signature(purpose, name, expires_at), &signature)
    }

    fn signature(&self, purpose: Purpose, name: &str, expires_at: i64) -> [u8; 32] {
        keyed_digest(&self.key, format!("{}\n{expires_at}\n{name}", purpose.name()).as_bytes())
    }
}
