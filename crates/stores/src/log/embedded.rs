//! The log in a folder of append-only files.
//!
//! An append is one `write(2)` of one checksummed record, so it survives the death of the process the moment it returns;
//! a thread moves it on to the disk. When a file is full it is synced and the next one begun, so only the last file can
//! ever be torn. Invariant: positions on disk have no gap; a file is named by the position of its first entry.

mod record;
mod segment;
mod sync;

use crate::files::{failed, sync_folder};
use async_trait::async_trait;
use creta_model::observation::Entry;
use creta_model::{Code, Letter};
use creta_ports::{Log, Position, Result, Sync};
use record::Draft;
use segment::Segment;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use sync::Syncer;
use tokio::sync::watch;

/// A file of more bytes than this is full.
const SEGMENT_BYTES: u64 = 64 << 20;

/// The embedded log.
#[derive(Clone)]
pub struct EmbeddedLog(Arc<Shared>);

struct Shared {
    folder: PathBuf,
    segments: Mutex<Segments>,
    end: watch::Sender<u64>,
    syncer: Syncer,
    segment_bytes: u64,
}

/// The files in order; there is always a last one, which is written to.
struct Segments {
    full: Vec<Segment>,
    last: Segment,
    /// A failed write left bytes behind that could not be removed.
    broken: Option<Letter>,
}

impl EmbeddedLog {
    /// Letters: `store_failed` when a record that was safe once is damaged.
    pub fn open(folder: &Path) -> Result<EmbeddedLog> {
        EmbeddedLog::with_segments_of(folder, SEGMENT_BYTES)
    }

    /// As [`EmbeddedLog::open`], with files of another size.
    pub fn with_segments_of(folder: &Path, segment_bytes: u64) -> Result<EmbeddedLog> {
        std::fs::create_dir_all(folder).map_err(failed("The log's folder could not be created"))?;
        let mut full = recover(folder)?;
        let last = match full.pop() {
            Some(last) => last,
            None => Segment::create(folder, 0)?,
        };
        let end = last.end;
        let syncer = Syncer::start(last.file.clone(), end)?;
        let segments = Mutex::new(Segments { full, last, broken: None });
        let end = watch::Sender::new(end);
        Ok(EmbeddedLog(Arc::new(Shared { folder: folder.to_owned(), segments, end, syncer, segment_bytes })))
    }
}

fn recover(folder: &Path) -> Result<Vec<Segment>> {
    let mut found = Vec::new();
    let unread = failed("The log's folder could not be read");
    for file in std::fs::read_dir(folder).map_err(&unread)? {
        let path = file.map_err(&unread)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".log"));
        if let Some(first) = name.and_then(|name| name.parse::<u64>().ok()) {
            found.push((first, path));
        }
    }
    found.sort_unstable();
    let mut segments: Vec<Segment> = Vec::with_capacity(found.len());
    let count = found.len();
    for (number, (first, path)) in found.into_iter().enumerate() {
        if segments.last().is_some_and(|previous| previous.end != first) {
            let message = format!("The log is damaged: the entries before position {first} are missing.");
            return Err(Letter::new(Code::StoreFailed, message).fix("Restore the data directory from a backup."));
        }
        segments.push(Segment::recover(path, first, number + 1 == count)?);
    }
    if let Some(last) = segments.last() {
        // What the last process wrote may still be on its way to the disk, and is read from now on.
        last.file.sync_all().map_err(failed("The log could not be synced to disk"))?;
    }
    Ok(segments)
}

impl Shared {
    fn segments(&self) -> MutexGuard<'_, Segments> {
        self.segments.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the record and answers the position after it.
    fn append(&self, draft: Draft, sync: Sync) -> Result<u64> {
        let mut segments = self.segments();
        if let Some(letter) = &segments.broken {
            return Err(letter.clone());
        }
        self.syncer.check()?;
        if segments.last.bytes >= self.segment_bytes {
            self.rotate(&mut segments)?;
        }
        let end = segments.last.end + u64::from(draft.entries);
        let record = draft.finish(segments.last.end, self.syncer.synced());
        if let Err(error) = segments.last.file.write_all_at(&record, segments.last.bytes) {
            let letter = failed("The log could not be written")(error);
            if segments.last.file.set_len(segments.last.bytes).is_err() {
                segments.broken = Some(letter.clone());
            }
            return Err(letter);
        }
        segments.last.grow(end, record.len());
        self.syncer.written(&segments.last.file, end, sync == Sync::Disk);
        self.end.send_replace(end);
        Ok(end)
    }

    fn rotate(&self, segments: &mut Segments) -> Result<()> {
        segments.last.file.sync_data().map_err(failed("The log could not be synced to disk"))?;
        let next = Segment::create(&self.folder, segments.last.end)?;
        segments.full.push(std::mem::replace(&mut segments.last, next));
        Ok(())
    }

    fn read(&self, from: u64, limit: usize) -> Result<Vec<(Position, Entry)>> {
        let segments: Vec<Segment> = {
            let segments = self.segments();
            let all = segments.full.iter().chain(std::iter::once(&segments.last));
            all.filter(|segment| segment.end > from).cloned().collect()
        };
        let mut found = Vec::new();
        for segment in segments {
            if found.len() >= limit {
                break;
            }
            segment.read(from, limit, &mut found)?;
        }
        Ok(found)
    }

    fn trim(&self, before: u64) -> Result<()> {
        let mut segments = self.segments();
        let gone = segments.full.iter().take_while(|segment| segment.end <= before).count();
        if gone == 0 {
            return Ok(());
        }
        // In order, so that a crash in between leaves no gap.
        for segment in segments.full.drain(..gone) {
            std::fs::remove_file(&segment.path).map_err(failed("A file of the log could not be deleted"))?;
        }
        sync_folder(&self.folder)
    }
}

#[async_trait]
impl Log for EmbeddedLog {
    async fn append(&self, entries: &[Entry], sync: Sync) -> Result<Position> {
        let end = if entries.is_empty() { self.end().0 } else { self.0.append(Draft::encode(entries)?, sync)? };
        if sync == Sync::Disk {
            self.0.syncer.wait(end).await?;
        }
        Ok(Position(end))
    }

    async fn read(&self, from: Position, limit: usize) -> Result<Vec<(Position, Entry)>> {
        let shared = self.0.clone();
        let read = tokio::task::spawn_blocking(move || shared.read(from.0, limit)).await;
        read.unwrap_or_else(|error| Err(Letter::new(Code::Bug, format!("Reading the log broke off: {error}."))))
    }

    fn end(&self) -> Position {
        Position(*self.0.end.borrow())
    }

    async fn grown(&self, after: Position) {
        // An error would mean that the sender is gone, which `self` holds.
        self.0.end.subscribe().wait_for(|end| *end > after.0).await.ok();
    }

    async fn trim(&self, before: Position) -> Result<()> {
        self.0.trim(before.0)
    }
}
