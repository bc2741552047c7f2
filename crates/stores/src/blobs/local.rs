//! Blobs as files of a folder: written beside, synced, renamed into place.

use crate::files::{failed, replace, sync_folder};
use async_trait::async_trait;
use creta_model::{Code, Letter};
use creta_ports::{Blobs, Result};
use std::path::{Path, PathBuf};

/// Half-written files; no name can reach it because names have no segment that begins with a dot.
const WRITING: &str = ".writing";

/// Blobs on the local disk.
#[derive(Debug, Clone)]
pub struct LocalBlobs {
    root: PathBuf,
}

impl LocalBlobs {
    pub fn open(root: &Path) -> Result<LocalBlobs> {
        let writing = root.join(WRITING);
        // What a killed process left half-written is of no use to anybody.
        std::fs::remove_dir_all(&writing).or_else(ignore_absence).map_err(failed("Blobs could not be opened"))?;
        std::fs::create_dir_all(&writing).map_err(failed("Blobs could not be opened"))?;
        Ok(LocalBlobs { root: root.to_owned() })
    }

    fn path(&self, name: &str) -> Result<PathBuf> {
        let is_plain = |segment: &str| {
            let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
            !segment.is_empty() && !segment.starts_with('.') && segment.bytes().all(known)
        };
        if name.split('/').all(is_plain) {
            return Ok(self.root.join(name));
        }
        Err(Letter::new(Code::InvalidQuery, format!("`{name}` cannot be the name of a blob."))
            .fix("Use letters, digits, `.`, `_` and `-` between slashes; no part may begin with a dot."))
    }

    /// The path of a name whose folder is there.
    fn room(&self, name: &str) -> Result<PathBuf> {
        let path = self.path(name)?;
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(failed("A folder for blobs could not be created"))?;
            let made = folder.ancestors().skip(1).take_while(|ancestor| ancestor.starts_with(&self.root));
            made.into_iter().try_for_each(sync_folder)?;
        }
        Ok(path)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        replace(&self.room(name)?, &self.draft(), bytes)
    }

    fn name(&self, draft: &Path, name: &str) -> Result<()> {
        let path = self.room(name)?;
        let synced = std::fs::File::open(draft).and_then(|file| file.sync_all());
        synced.and_then(|()| std::fs::rename(draft, &path)).map_err(failed("A blob could not be written"))?;
        path.parent().map_or(Ok(()), sync_folder)
    }
}

fn ignore_absence(error: std::io::Error) -> std::io::Result<()> {
    if error.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

fn unreadable(name: &str, error: std::io::Error) -> Letter {
    match error.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::IsADirectory => {
            Letter::new(Code::NotFound, format!("There is no blob `{name}`."))
        }
        _ => failed("A blob could not be read")(error),
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(Letter::new(Code::Bug, format!("Work on a blob broke off: {error}."))))
}

#[async_trait]
impl Blobs for LocalBlobs {
    async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<()> {
        let (blobs, name) = (self.clone(), name.to_owned());
        blocking(move || blobs.write(&name, &bytes)).await
    }

    async fn get(&self, name: &str) -> Result<Vec<u8>> {
        let (path, name) = (self.path(name)?, name.to_owned());
        blocking(move || std::fs::read(path).map_err(|error| unreadable(&name, error))).await
    }

    async fn local(&self, name: &str) -> Result<PathBuf> {
        let path = self.path(name)?;
        match path.metadata() {
            Ok(found) if found.is_file() => Ok(path),
            Ok(_) => Err(unreadable(name, std::io::ErrorKind::NotFound.into())),
            Err(error) => Err(unreadable(name, error)),
        }
    }

    fn draft(&self) -> PathBuf {
        self.root.join(WRITING).join(uuid::Uuid::new_v4().to_string())
    }

    async fn adopt(&self, draft: &Path, name: &str) -> Result<()> {
        let (blobs, draft, name) = (self.clone(), draft.to_owned(), name.to_owned());
        blocking(move || blobs.name(&draft, &name)).await
    }

    async fn remove(&self, name: &str) -> Result<()> {
        let path = self.path(name)?;
        let gone = move || std::fs::remove_file(path).or_else(ignore_absence);
        blocking(move || gone().map_err(failed("A blob could not be removed"))).await
    }
}
