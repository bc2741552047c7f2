//! One file of the log: recovery when it is opened, and reading from any position.

use super::record::{self, HEADER, Parsed};
use crate::files::{failed, sync_folder};
use creta_model::observation::Entry;
use creta_model::{Code, Letter};
use creta_ports::{Position, Result};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes between two entries of the index.
const INDEX_STRIDE: u64 = 64 << 10;

/// Bytes fetched at once.
const CHUNK: usize = 1 << 20;

/// A file and what it holds. `first` and the index never change; `end` and `bytes` grow in the last segment only.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    pub path: PathBuf,
    pub file: Arc<File>,
    pub first: u64,
    /// The position after the last entry.
    pub end: u64,
    pub bytes: u64,
    /// (first position, offset) of some records, ascending.
    index: Vec<(u64, u64)>,
}

impl Segment {
    pub fn create(folder: &Path, first: u64) -> Result<Segment> {
        let path = folder.join(format!("{first:020}.log"));
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&path);
        let file = file.map_err(failed("A file of the log could not be created"))?;
        sync_folder(folder)?;
        Ok(Segment { path, file: Arc::new(file), first, end: first, bytes: 0, index: Vec::new() })
    }

    /// Opens a segment and checks every record. What a crash left unfinished at the end of the last one is cut off.
    pub fn recover(path: PathBuf, first: u64, is_last: bool) -> Result<Segment> {
        let file = OpenOptions::new().read(true).write(true).open(&path).map_err(unread)?;
        let mut segment = Segment { path, file: Arc::new(file), first, end: first, bytes: 0, index: Vec::new() };
        let size = segment.file.metadata().map_err(unread)?.len();
        let mut window = Window::new(segment.file.clone(), 0, size);
        while let Some(record) = window.next(segment.end)? {
            let (end, whole) = (record.end(), record.whole());
            segment.grow(end, whole);
        }
        if segment.bytes < size {
            if !is_last || was_safe(&segment, size)? {
                return Err(segment.damaged());
            }
            let cut = || segment.file.set_len(segment.bytes).and_then(|()| segment.file.sync_all());
            cut().map_err(failed("The torn end of the log could not be cut off"))?;
            tracing::warn!(bytes = size - segment.bytes, "the log's end was torn by a crash and is cut off");
        }
        Ok(segment)
    }

    /// Notes a record that was written at the end.
    pub fn grow(&mut self, end: u64, bytes: usize) {
        if self.index.last().is_none_or(|(_, offset)| self.bytes >= offset + INDEX_STRIDE) {
            self.index.push((self.end, self.bytes));
        }
        self.end = end;
        self.bytes += bytes as u64;
    }

    /// Appends entries from `from` on to `found` until it holds `limit`.
    pub fn read(&self, from: u64, limit: usize, found: &mut Vec<(Position, Entry)>) -> Result<()> {
        let known = self.index.partition_point(|(first, _)| *first <= from);
        let (mut position, offset) = match known.checked_sub(1).and_then(|known| self.index.get(known)) {
            Some(known) => *known,
            None => (self.first, 0),
        };
        let mut window = Window::new(self.file.clone(), offset, self.bytes);
        while position < self.end && found.len() < limit {
            let Some(record) = window.next(position)? else { return Err(self.damaged()) };
            position = record.end();
            if position <= from {
                continue;
            }
            let entries = (record.first..).map(Position).zip(record.decode()?);
            found.extend(entries.skip_while(|(position, _)| position.0 < from).take(limit - found.len()));
        }
        Ok(())
    }

    fn damaged(&self) -> Letter {
        let file = self.path.file_name().unwrap_or_default().to_string_lossy();
        let message = format!("The log is damaged: {file} cannot be read from byte {} on.", self.bytes);
        Letter::new(Code::StoreFailed, message)
            .fix("Restore the data directory from a backup. Entries after that place cannot be trusted.")
    }
}

/// Whether the damage after the segment's intact part is in a record that had already been on disk: a later record that
/// knows it to be synced proves it. Without such a record, the bytes were never promised to anybody.
fn was_safe(segment: &Segment, size: u64) -> Result<bool> {
    let mut rest = vec![0; (size - segment.bytes) as usize];
    segment.file.read_exact_at(&mut rest, segment.bytes).map_err(unread)?;
    let mut at = 1;
    while let Some(found) = rest.get(at..).and_then(record::find_magic) {
        at += found;
        if let Parsed::Record(record) = record::parse(&rest[at..])
            && record.first >= segment.end
            && record.synced > segment.end
        {
            return Ok(true);
        }
        at += 1;
    }
    Ok(false)
}

fn unread(error: std::io::Error) -> Letter {
    failed("The log could not be read")(error)
}

/// A stretch of a file, fetched in chunks, read record by record.
struct Window {
    file: Arc<File>,
    /// Where in the file the unread bytes begin, and where reading stops.
    offset: u64,
    until: u64,
    chunk: Vec<u8>,
    /// Where in the chunk the unread bytes begin.
    start: usize,
}

impl Window {
    fn new(file: Arc<File>, offset: u64, until: u64) -> Window {
        Window { file, offset, until, chunk: Vec::new(), start: 0 }
    }

    /// The record here if it is intact and begins at `position`; None at the end and where there is no such record.
    fn next(&mut self, position: u64) -> Result<Option<record::Record<'_>>> {
        let mut wanted = HEADER;
        loop {
            if self.chunk.len() - self.start < wanted && !self.fetch(wanted)? {
                return Ok(None);
            }
            match record::parse(&self.chunk[self.start..]) {
                Parsed::Longer(whole) => wanted = whole,
                Parsed::Record(record) if record.first == position && record.entries > 0 => break,
                Parsed::Record(_) | Parsed::Damaged => return Ok(None),
            }
        }
        let at = self.start;
        let Parsed::Record(record) = record::parse(&self.chunk[at..]) else { return Ok(None) };
        self.start += record.whole();
        self.offset += record.whole() as u64;
        Ok(Some(record))
    }

    /// Makes at least `wanted` unread bytes available; answers false if the file does not have them.
    fn fetch(&mut self, wanted: usize) -> Result<bool> {
        let available = self.until - self.offset;
        if (wanted as u64) > available {
            return Ok(false);
        }
        let length = (wanted.max(CHUNK) as u64).min(available) as usize;
        self.chunk.resize(length, 0);
        self.start = 0;
        self.file.read_exact_at(&mut self.chunk, self.offset).map_err(unread)?;
        Ok(true)
    }
}
