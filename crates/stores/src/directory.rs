//! The data directory: made on first use, held by one process at a time, of a version that this build knows.

use crate::files::{failed, replace};
use creta_model::{Code, Letter};
use creta_ports::Result;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

/// The layout of the directory that this build writes. It reads 1 too, whose log knows no removals.
const VERSION: u32 = 2;

/// A data directory that this process holds until the value is dropped.
#[derive(Debug)]
pub struct DataDirectory {
    path: PathBuf,
    /// The lock lives as long as this file is open.
    _lock: File,
}

impl DataDirectory {
    /// Letters: `data_directory_locked`, `data_directory_newer`.
    pub fn open(path: &Path) -> Result<DataDirectory> {
        std::fs::create_dir_all(path).map_err(failed("The data directory could not be created"))?;
        let lock = lock(path)?;
        check_version(path)?;
        let directory = DataDirectory { path: path.to_owned(), _lock: lock };
        for folder in [directory.log(), directory.offline(), directory.blobs()] {
            std::fs::create_dir_all(folder).map_err(failed("The data directory could not be created"))?;
        }
        Ok(directory)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file of the embedded online store.
    pub fn online(&self) -> PathBuf {
        self.path.join("online.redb")
    }

    /// The folder of the embedded log.
    pub fn log(&self) -> PathBuf {
        self.path.join("log")
    }

    /// The folder of the Delta tables.
    pub fn offline(&self) -> PathBuf {
        self.path.join("offline")
    }

    /// The file of the SQLite metadata.
    pub fn metadata(&self) -> PathBuf {
        self.path.join("metadata.sqlite")
    }

    /// The folder of blobs.
    pub fn blobs(&self) -> PathBuf {
        self.path.join("blobs")
    }
}

fn lock(path: &Path) -> Result<File> {
    let unusable = failed("The lock of the data directory could not be taken");
    let file = path.join("lock");
    let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(file);
    let mut lock = open.map_err(&unusable)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(locked(path, &mut lock)),
        Err(TryLockError::Error(error)) => return Err(unusable(error)),
    }
    let sign = |lock: &mut File| {
        lock.set_len(0)?;
        lock.rewind()?;
        write!(lock, "{}", std::process::id())
    };
    sign(&mut lock).map_err(&unusable)?;
    Ok(lock)
}

fn locked(path: &Path, lock: &mut File) -> Letter {
    let mut holder = String::new();
    // The holder may be about to write its number; the letter is useful without it.
    lock.read_to_string(&mut holder).ok();
    let holder = match holder.trim().parse::<u32>() {
        Ok(process) => format!("process {process}"),
        Err(_) => "another process".to_owned(),
    };
    Letter::new(Code::DataDirectoryLocked, format!("The data directory {} is in use by {holder}.", path.display()))
        .fix("Stop that process, or choose another directory with `--data`.")
}

fn check_version(path: &Path) -> Result<()> {
    let file = path.join("version");
    let found = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return write_version(&file);
        }
        Err(error) => return Err(failed("The version of the data directory could not be read")(error)),
    };
    match found.trim().parse::<u32>() {
        Ok(VERSION) => Ok(()),
        // Before anything is written that an older build would misread.
        Ok(found) if found < VERSION => write_version(&file),
        Ok(found) => Err(newer("The data directory", found, VERSION)),
        Err(_) => Err(Letter::new(Code::StoreFailed, format!("{} does not hold a version.", file.display()))
            .fix("Restore the directory from a backup, or choose another one with `--data`.")),
    }
}

fn write_version(file: &Path) -> Result<()> {
    replace(file, &file.with_extension("writing"), format!("{VERSION}\n").as_bytes())
}

/// The letter for anything on disk that was written by a later build.
pub(crate) fn newer(what: &str, found: u32, known: u32) -> Letter {
    let message = format!("{what} was written by a newer Creta (format {found}; this build knows {known}).");
    Letter::new(Code::DataDirectoryNewer, message).fix("Upgrade Creta, or choose another directory with `--data`.")
}
