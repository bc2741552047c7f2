//! The commit files of a table: onto the disk after writing, repaired after a power cut.

use crate::files::{failed, sync_folder};
use creta_ports::Result;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use std::fs::File;
use std::path::{Path, PathBuf};

/// Where a table says which checkpoint is the newest; a hint that may be absent.
const NEWEST_CHECKPOINT: &str = "_last_checkpoint";

/// Makes a commit, and a checkpoint that came with it, survive a power cut.
pub(super) fn sync_commit(log: &Path, version: u64) -> Result<()> {
    let prefix = format!("{version:020}.");
    let mut has_checkpoint = false;
    for path in files(log)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(&prefix) {
            has_checkpoint |= name.ends_with(".parquet");
            sync_file(&path)?;
        }
    }
    let newest = log.join(NEWEST_CHECKPOINT);
    if has_checkpoint && newest.exists() {
        sync_file(&newest)?;
    }
    sync_folder(log)
}

/// Answers whether there is a table. A last commit that a power cut tore was never acknowledged: its entries are still
/// in the log, and it goes. A torn checkpoint only repeats what the commits say, and goes too.
pub(super) fn repair(log: &Path) -> Result<bool> {
    if !log.exists() {
        return Ok(false);
    }
    let mut commits = with_extension(log, "json")?;
    let mut checkpoints = with_extension(log, "parquet")?;
    if let Some(last) = checkpoints.pop_if(|last| !is_whole_parquet(last)) {
        remove(&last)?;
        let newest = log.join(NEWEST_CHECKPOINT);
        if newest.exists() {
            remove(&newest)?;
        }
    }
    if let Some(last) = commits.last()
        && !is_whole_json(&std::fs::read(last).map_err(failed("A commit could not be read"))?)
    {
        remove(last)?;
        commits.pop();
    }
    Ok(!commits.is_empty() || !checkpoints.is_empty())
}

fn is_whole_json(commit: &[u8]) -> bool {
    let mut lines = commit.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).peekable();
    lines.peek().is_some() && lines.all(|line| serde_json::from_slice::<serde_json::Value>(line).is_ok())
}

fn is_whole_parquet(checkpoint: &Path) -> bool {
    let footer = |file: File| ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()).is_ok();
    File::open(checkpoint).is_ok_and(footer)
}

/// In the order of versions.
fn with_extension(log: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let mut found = files(log)?;
    found.retain(|path| path.extension().is_some_and(|own| own == extension));
    found.sort_unstable();
    Ok(found)
}

fn files(log: &Path) -> Result<Vec<PathBuf>> {
    let unreadable = failed("A table's folder could not be read");
    std::fs::read_dir(log).map_err(&unreadable)?.map(|file| Ok(file.map_err(&unreadable)?.path())).collect()
}

fn remove(path: &Path) -> Result<()> {
    std::fs::remove_file(path).map_err(failed("A file torn by a crash could not be removed"))?;
    path.parent().map_or(Ok(()), sync_folder)
}

pub(super) fn sync_file(path: &Path) -> Result<()> {
    let synced = File::open(path).and_then(|file| file.sync_all());
    synced.map_err(failed("A file of the offline store could not be synced"))
}
