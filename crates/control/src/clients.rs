//! Service tokens: who may ask for a bearer token.

use crate::secret::{decode, digest, encode, random_text, same};
use creta_ports::metadata::Client;
use creta_ports::{Entropy, Metadata, Result};
use std::sync::Arc;

/// How a secret is kept. Secrets are 256 random bits, so a slow password hash would add nothing.
const SCHEME: &str = "sha256";

/// Creates clients and checks their secrets.
pub struct Clients {
    metadata: Arc<dyn Metadata>,
    entropy: Arc<dyn Entropy>,
}

/// A client at the only moment at which its secret is known.
#[derive(Clone)]
pub struct NewClient {
    pub id: String,
    pub secret: String,
}

impl Clients {
    pub fn new(metadata: Arc<dyn Metadata>, entropy: Arc<dyn Entropy>) -> Clients {
        Clients { metadata, entropy }
    }

    /// Makes a client; only a salted hash of the secret is remembered.
    pub async fn create(&self) -> Result<NewClient> {
        let client = NewClient { id: format!("client-{}", self.entropy.id()), secret: random_text() };
        let secret_hash = hash(&client.secret, &rand::random::<[u8; 16]>());
        self.metadata.put_client(Client { id: client.id.clone(), secret_hash }).await?;
        Ok(client)
    }

    /// Is this the secret of that client? An unknown client costs as much time as a wrong secret.
    pub async fn verify(&self, id: &str, secret: &str) -> Result<bool> {
        let known = self.metadata.client(id).await?;
        let kept = known.as_ref().map_or("", |client| client.secret_hash.as_str());
        let salt = kept.split(':').nth(1).and_then(decode).unwrap_or_else(|| vec![0; 16]);
        Ok(same(hash(secret, &salt).as_bytes(), kept.as_bytes()))
    }
}

fn hash(secret: &str, salt: &[u8]) -> String {
    format!("{SCHEME}:{}:{}", encode(salt), encode(&digest(&[salt, secret.as_bytes()])))
}
