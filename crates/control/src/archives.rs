//! Source archives: tar files named by their SHA-256, unpacked into folders of that name.

use crate::secret::{digest, hex};
use creta_model::{Code, Letter};
use creta_ports::Entropy;
use std::fs;
use std::io::{self, Cursor};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use tar::{Archive, EntryType};

/// The largest archive that is accepted unless told otherwise: 64 MiB.
pub const DEFAULT_LIMIT: u64 = 64 << 20;

/// No project has more files than this; a tar of empty files may not fill the file system.
const MOST_FILES: usize = 20_000;

const PARTIAL: &str = ".partial-";

/// Keeps unpacked archives. All calls block on the file system.
pub struct Archives {
    root: PathBuf,
    limit: u64,
    entropy: Arc<dyn Entropy>,
}

impl Archives {
    /// Opens the folder and removes what an interrupted unpacking left behind.
    pub fn open(root: PathBuf, limit: u64, entropy: Arc<dyn Entropy>) -> Result<Archives, Letter> {
        fs::create_dir_all(&root).map_err(|error| failed("make the folder of archives", &error))?;
        let entries = fs::read_dir(&root).map_err(|error| failed("read the folder of archives", &error))?;
        for entry in entries.flatten() {
            if entry.file_name().to_string_lossy().starts_with(PARTIAL) {
                fs::remove_dir_all(entry.path()).map_err(|error| failed("clear an unfinished archive", &error))?;
            }
        }
        Ok(Archives { root, limit, entropy })
    }

    /// The folder of an archive that was stored before.
    pub fn find(&self, sha256: &str) -> Option<PathBuf> {
        let folder = self.root.join(sha256);
        (is_hash(sha256) && folder.is_dir()).then_some(folder)
    }

    /// Verifies and unpacks an archive; a folder of that name is complete whenever it exists.
    pub fn store(&self, sha256: &str, bytes: &[u8]) -> Result<PathBuf, Letter> {
        if bytes.len() as u64 > self.limit {
            let message = format!("The archive has {} bytes; at most {} are accepted.", bytes.len(), self.limit);
            return Err(Letter::new(Code::BodyTooLarge, message).fix("Keep data files out of the project's folder."));
        }
        if !is_hash(sha256) || hex(&digest(&[bytes])) != sha256 {
            return Err(Letter::new(
                Code::MalformedRequest,
                "The archive's bytes do not have the SHA-256 in its name.",
            )
            .fix("Send the archive again; it was changed or cut on its way."));
        }
        if let Some(folder) = self.find(sha256) {
            return Ok(folder);
        }
        let partial = self.root.join(format!("{PARTIAL}{}", self.entropy.id()));
        let unpacked = unpack(bytes, &partial).and_then(|()| self.publish(&partial, sha256));
        if unpacked.is_err() {
            // The failure that matters is already a letter; leftovers are cleared at the next start at the latest.
            fs::remove_dir_all(&partial).ok();
        }
        unpacked
    }

    fn publish(&self, partial: &Path, sha256: &str) -> Result<PathBuf, Letter> {
        let folder = self.root.join(sha256);
        match fs::rename(partial, &folder) {
            Ok(()) => Ok(folder),
            // Somebody else stored the same archive in the meantime; equal names mean equal content.
            Err(_) if folder.is_dir() => {
                fs::remove_dir_all(partial).ok();
                Ok(folder)
            }
            Err(error) => Err(failed("put an archive in place", &error)),
        }
    }
}

fn unpack(bytes: &[u8], folder: &Path) -> Result<(), Letter> {
    fs::create_dir_all(folder).map_err(|error| failed("make a folder for an archive", &error))?;
    let mut archive = Archive::new(Cursor::new(bytes));
    let entries = archive.entries().map_err(|error| not_a_tar(&error))?;
    for (position, entry) in entries.enumerate() {
        let mut entry = entry.map_err(|error| not_a_tar(&error))?;
        if position >= MOST_FILES {
            return Err(refused(&format!("it has more than {MOST_FILES} files")));
        }
        let path = entry.path().map_err(|error| not_a_tar(&error))?.into_owned();
        let target = folder.join(inside(&path)?);
        match entry.header().entry_type() {
            EntryType::Directory => fs::create_dir_all(&target),
            EntryType::Regular => write_file(&mut entry, &target),
            _ => return Err(refused(&format!("`{}` is neither a file nor a folder", path.display()))),
        }
        .map_err(|error| failed("unpack an archive", &error))?;
    }
    Ok(())
}

fn write_file(content: &mut impl io::Read, target: &Path) -> io::Result<()> {
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent)?;
    }
    // `create_new` refuses a second file of the same name instead of overwriting the first.
    let mut file = fs::File::options().write(true).create_new(true).open(target)?;
    io::copy(content, &mut file)?;
    file.sync_all()
}

/// The path when all of it lies below the folder it is unpacked into.
fn inside(path: &Path) -> Result<&Path, Letter> {
    let plain = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if plain { Ok(path) } else { Err(refused(&format!("`{}` leads out of the project", path.display()))) }
}

fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

fn not_a_tar(error: &io::Error) -> Letter {
    refused(&format!("it is not a tar file ({error})"))
}

fn refused(why: &str) -> Letter {
    Letter::new(Code::MalformedRequest, format!("The archive is refused: {why}."))
        .fix("Send what `python -m creta.export` writes as source.tar.")
}

fn failed(what: &str, error: &io::Error) -> Letter {
    Letter::new(Code::StoreFailed, format!("Creta could not {what}: {error}."))
        .fix("Look at the free space and the permissions of the data directory.")
}
