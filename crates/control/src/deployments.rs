//! What is deployed: reading a proposed bundle, comparing it with the active one, recording it.

use creta_model::bundle::FORMAT;
use creta_model::diff::{Diff, diff, type_conflicts};
use creta_model::{Bundle, Code, Letter};
use creta_ports::metadata::Deployment;
use creta_ports::{Clock, Entropy, Metadata};
use serde_json::Value;
use std::sync::Arc;

/// Records deployments and remembers the active one.
pub struct Deployments {
    metadata: Arc<dyn Metadata>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

/// A bundle that passed every check, with what it would change and whatever the check made of it.
#[derive(Debug)]
pub struct Proposal<T> {
    /// The id under which it will be recorded.
    pub id: String,
    pub bundle: Bundle,
    pub diff: Diff,
    pub checked: T,
}

impl Deployments {
    pub fn new(metadata: Arc<dyn Metadata>, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Deployments {
        Deployments { metadata, clock, entropy }
    }

    /// Reads a bundle, checks it with `check` and compares it with the active deployment. Nothing is recorded.
    pub async fn propose<T>(
        &self,
        text: &[u8],
        check: impl FnOnce(&Bundle) -> Result<T, Vec<Letter>>,
    ) -> Result<Proposal<T>, Vec<Letter>> {
        let bundle = read(text).map_err(|letter| vec![letter])?;
        let checked = check(&bundle)?;
        let active = self.active().await.map_err(|letter| vec![letter])?;
        let active = active.as_ref().map(|(_, bundle)| bundle);
        let mut conflicts = active.map(|active| type_conflicts(active, &bundle)).unwrap_or_default();
        if !conflicts.is_empty() {
            let dropped = self.metadata.dropped().await.map_err(|letter| vec![letter])?;
            conflicts.retain(|letter| letter.feature.as_ref().is_none_or(|feature| !dropped.contains(feature)));
        }
        if !conflicts.is_empty() {
            return Err(conflicts);
        }
        let diff = diff(active, &bundle);
        Ok(Proposal { id: self.entropy.id(), bundle, diff, checked })
    }

    /// Records a bundle under its id and makes it the active one.
    pub async fn record(&self, id: &str, bundle: &Bundle) -> Result<(), Letter> {
        let bundle = canonical(bundle)?;
        self.metadata.activate(Deployment { id: id.to_owned(), created_at: self.clock.now(), bundle }).await
    }

    /// Notes features of which nothing is stored any more: the next deployment may give them other types (decision 9).
    pub async fn note_dropped(&self, features: &[String]) -> Result<(), Letter> {
        self.metadata.put_dropped(features).await
    }

    /// The bundle of a deployment, active or not.
    pub async fn bundle(&self, id: &str) -> Result<Bundle, Letter> {
        let deployment = self.metadata.deployment(id).await?.ok_or_else(|| {
            Letter::new(Code::NotFound, format!("There is no deployment `{id}`."))
                .fix("`creta apply` prints the id of each deployment.")
        })?;
        read(deployment.bundle.as_bytes())
    }

    /// The active deployment's id and bundle.
    pub async fn active(&self) -> Result<Option<(String, Bundle)>, Letter> {
        let Some(deployment) = self.metadata.active().await? else { return Ok(None) };
        Ok(Some((deployment.id, read(deployment.bundle.as_bytes())?)))
    }
}

/// Reads a bundle; its format is looked at before anything else is believed.
pub fn read(text: &[u8]) -> Result<Bundle, Letter> {
    let malformed = |error: serde_json::Error| {
        Letter::new(Code::MalformedRequest, format!("The bundle cannot be read: {error}."))
            .fix("Export the project again with the same version of Creta as the server's.")
    };
    let value: Value = serde_json::from_slice(text).map_err(malformed)?;
    match value.get("format").and_then(Value::as_u64) {
        Some(format) if format == u64::from(FORMAT) => serde_json::from_value(value).map_err(malformed),
        Some(format) => Err(Letter::new(
            Code::BundleFormat,
            format!("The bundle has format {format}; this server reads format {FORMAT}."),
        )
        .fix("Install the same version of Creta on both sides and apply again.")),
        None => Err(Letter::new(Code::BundleFormat, "The body is not a bundle: it names no format.")
            .fix("Send what `python -m creta.export` writes as bundle.json.")),
    }
}

/// Canonical JSON: keys sorted, no spaces, so that equal bundles are equal text.
fn canonical(bundle: &Bundle) -> Result<String, Letter> {
    let failed = |error: serde_json::Error| Letter::new(Code::Bug, format!("A bundle cannot be written: {error}."));
    let mut value = serde_json::to_value(bundle).map_err(failed)?;
    value.sort_all_objects();
    serde_json::to_string(&value).map_err(failed)
}
