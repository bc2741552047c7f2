//! The files of the log: each named by the position of its first entry, the last one open for writing.

use super::group;
use crate::failure::failed;
use creta_model::observation::Entry;
use creta_model::{Code, Letter};
use creta_ports::{Position, Result};
use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A segment that has grown past this many bytes is closed.
const FULL: u64 = 16 * 1024 * 1024;

pub(super) struct Segments {
    folder: PathBuf,
    /// Oldest first; the last one is written to.
    segments: Vec<Segment>,
    end: u64,
}

struct Segment {
    path: PathBuf,
    first: u64,
    file: Arc<File>,
    length: u64,
    /// Position of the first entry and offset of each group.
    groups: Vec<(u64, u64)>,
}

/// Part of a file that holds entries.
pub(super) struct Place {
    file: Arc<File>,
    first: u64,
    offset: u64,
    until: u64,
}

impl Segments {
    pub fn open(folder: &Path) -> Result<Segments> {
        std::fs::create_dir_all(folder).map_err(failed("the log folder could not be made"))?;
        let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
            .map_err(failed("the log folder could not be read"))?
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
            .collect();
        paths.sort();
        let mut log = Segments { folder: folder.to_owned(), segments: Vec::new(), end: 0 };
        let count = paths.len();
        for (index, path) in paths.into_iter().enumerate() {
            log.load(path, index + 1 == count)?;
        }
        if log.segments.is_empty() {
            log.begin_segment()?;
        }
        Ok(log)
    }

    /// Reads a segment. Only the end of the last one may be torn; it is cut off.
    fn load(&mut self, path: PathBuf, is_last: bool) -> Result<()> {
        let name = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse().ok());
        let first: u64 = name.ok_or_else(|| damaged(&path))?;
        if !self.segments.is_empty() && first != self.end {
            return Err(damaged(&path));
        }
        let bytes = std::fs::read(&path).map_err(failed("the log could not be read"))?;
        let (mut offset, mut position, mut groups) = (0, first, Vec::new());
        while let Some((entries, length)) = group::decode(&bytes[offset..]) {
            groups.push((position, offset as u64));
            position += entries.len() as u64;
            offset += length;
        }
        if offset < bytes.len() && !is_last {
            return Err(damaged(&path));
        }
        let mut file = OpenOptions::new().read(true).write(true).open(&path).map_err(failed("the log could not be opened"))?;
        if offset < bytes.len() {
            tracing::warn!(bytes = bytes.len() - offset, "the log ended in the middle of a write; that write is cut off");
            file.set_len(offset as u64).map_err(failed("the log could not be repaired"))?;
        }
        file.seek(SeekFrom::End(0)).map_err(failed("the log could not be opened"))?;
        self.segments.push(Segment { path, first, file: Arc::new(file), length: offset as u64, groups });
        self.end = position;
        Ok(())
    }

    pub fn end(&self) -> u64 {
        self.end
    }

    /// The file that is written to.
    pub fn current(&self) -> Option<Arc<File>> {
        self.segments.last().map(|segment| segment.file.clone())
    }

    /// Appends a group of `count` entries; answers the new end.
    pub fn append(&mut self, bytes: &[u8], count: u64) -> Result<u64> {
        if self.segments.last().is_none_or(|segment| segment.length >= FULL) {
            self.begin_segment()?;
        }
        let Some(segment) = self.segments.last_mut() else {
            return Err(Letter::new(Code::StoreFailed, "The log has no segment."));
        };
        if let Err(error) = (&*segment.file).write_all(bytes) {
            // Half a group must not stay in front of the next one.
            let repaired = segment.file.set_len(segment.length).and_then(|()| (&*segment.file).seek(SeekFrom::End(0)));
            repaired.map_err(failed("the log could not be repaired"))?;
            return Err(failed("the log could not be written")(error));
        }
        segment.groups.push((self.end, segment.length));
        segment.length += bytes.len() as u64;
        self.end += count;
        Ok(self.end)
    }

    fn begin_segment(&mut self) -> Result<()> {
        if let Some(last) = self.segments.last() {
            last.file.sync_data().map_err(failed("the log could not be synced"))?;
        }
        let path = self.folder.join(format!("{:020}.log", self.end));
        let open = OpenOptions::new().read(true).append(true).create_new(true).open(&path);
        let file = open.map_err(failed("a log segment could not be made"))?;
        File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(failed("the log folder could not be synced"))?;
        self.segments.push(Segment { path, first: self.end, file: Arc::new(file), length: 0, groups: Vec::new() });
        Ok(())
    }

    /// Where the entries from `from` on lie.
    pub fn places(&self, from: u64) -> Vec<Place> {
        let mut places = Vec::new();
        for segment in &self.segments {
            let after = segment.groups.partition_point(|(position, _)| *position <= from);
            let start = after.saturating_sub(1);
            let Some((first, offset)) = segment.groups.get(start) else { continue };
            places.push(Place { file: segment.file.clone(), first: *first, offset: *offset, until: segment.length });
        }
        places
    }

    /// Removes whole segments whose entries all lie before `before`; the last one stays.
    pub fn trim(&mut self, before: u64) -> Result<()> {
        while let [first, second, ..] = self.segments.as_slice() {
            if second.first > before {
                break;
            }
            std::fs::remove_file(&first.path).map_err(failed("a log segment could not be removed"))?;
            self.segments.remove(0);
        }
        Ok(())
    }
}

/// Entries from `from` on, at most `limit`.
pub(super) fn read(places: &[Place], from: u64, limit: usize) -> Result<Vec<(Position, Entry)>> {
    let mut found = Vec::new();
    for place in places {
        let mut bytes = vec![0; usize::try_from(place.until - place.offset).unwrap_or(0)];
        place.file.read_exact_at(&mut bytes, place.offset).map_err(failed("the log could not be read"))?;
        let (mut offset, mut position) = (0, place.first);
        while let Some((entries, length)) = group::decode(&bytes[offset..]) {
            for entry in entries {
                if position >= from {
                    found.push((Position(position), entry));
                }
                position += 1;
                if found.len() == limit {
                    return Ok(found);
                }
            }
            offset += length;
        }
    }
    Ok(found)
}

fn damaged(path: &Path) -> Letter {
    Letter::new(Code::StoreFailed, format!("The log segment {} is damaged before its end.", path.display()))
        .fix("Restore the file from a backup; entries after the damage would otherwise be lost.")
}
