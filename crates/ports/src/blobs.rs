//! Files that we write once and read by name: dataset revisions, uploaded spines, source archives.

use crate::Result;
use async_trait::async_trait;
use std::path::{Path, PathBuf};

/// Named byte strings. Names are relative paths of `[a-zA-Z0-9._-]` segments.
#[async_trait]
pub trait Blobs: Send + Sync {
    /// Writes atomically: readers see all of it or nothing.
    async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<()>;

    async fn get(&self, name: &str) -> Result<Vec<u8>>;

    /// A local file with the content, for readers that need one.
    async fn local(&self, name: &str) -> Result<PathBuf>;

    /// A path where a file too large for memory may be written piece by piece; unless adopted it is gone after the
    /// next start.
    fn draft(&self) -> PathBuf;

    /// Gives a draft its name, atomically.
    async fn adopt(&self, draft: &Path, name: &str) -> Result<()>;

    /// Removes a blob; one that is not there is no fault.
    async fn remove(&self, name: &str) -> Result<()>;
}
