//! What the adapters share about files: letters for failures, and writes that a power cut cannot tear.

use creta_model::{Code, Letter};
use creta_ports::Result;
use std::fmt::Display;
use std::fs::File;
use std::io::Write;
use std::path::Path;

/// A letter for a library's error: `what` says what could not be done.
pub(crate) fn failed<E: Display>(what: &str) -> impl Fn(E) -> Letter {
    let what = what.to_owned();
    move |error| {
        Letter::new(Code::StoreFailed, format!("{what}: {error}."))
            .fix("Check that the disk has room and that the data directory can be read and written.")
    }
}

/// Makes names created, renamed or deleted in a folder survive a power cut.
pub(crate) fn sync_folder(folder: &Path) -> Result<()> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(failed("A folder of the data directory could not be synced"))
}

/// Replaces a file's content: readers, also after a power cut, see the old content or the new, never a mixture.
pub(crate) fn replace(path: &Path, temporary: &Path, content: &[u8]) -> Result<()> {
    let write = || {
        let mut file = File::create(temporary)?;
        file.write_all(content)?;
        file.sync_all()?;
        std::fs::rename(temporary, path)
    };
    if let Err(error) = write() {
        // Nobody looks at the temporary file; the error that matters is the first.
        std::fs::remove_file(temporary).ok();
        return Err(failed("A file of the data directory could not be written")(error));
    }
    path.parent().map_or(Ok(()), sync_folder)
}
