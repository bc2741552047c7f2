//! How an append looks on disk: one record, so that all of it survives a crash or nothing does.
//!
//! ```text
//! magic (4) · length of the payload (u32) · checksum (u32) · first position (u64) · entries (u32) · synced (u64) · payload
//! ```
//! Integers are little endian; the payload is the entries in postcard; the checksum covers what comes after it.
//! `synced` is the position up to which the log was known to be on disk when the record was written: with it, recovery
//! can tell a tail that a power cut tore from a record that was safe once and is damaged now.

use creta_model::observation::{Entry, Observations};
use creta_model::{Code, Letter};
use creta_ports::Result;

/// Begins every record that is written.
const MAGIC: [u8; 4] = *b"clo2";
/// Begins records of the time before removals: their payload is observations alone.
const FIRST_MAGIC: [u8; 4] = *b"clog";
pub(super) const HEADER: usize = 32;

/// An encoded append that does not yet know its position.
pub(super) struct Draft {
    bytes: Vec<u8>,
    pub entries: u32,
}

/// What the header of an intact record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record<'a> {
    pub first: u64,
    pub entries: u32,
    pub synced: u64,
    form: Form,
    pub payload: &'a [u8],
}

/// What a payload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Entries,
    Observations,
}

impl Form {
    fn of(magic: [u8; 4]) -> Option<Form> {
        match magic {
            MAGIC => Some(Form::Entries),
            FIRST_MAGIC => Some(Form::Observations),
            _ => None,
        }
    }
}

/// What stands at the beginning of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Parsed<'a> {
    Record(Record<'a>),
    /// More bytes are needed: the record's whole length.
    Longer(usize),
    Damaged,
}

impl Draft {
    pub fn encode(entries: &[Entry]) -> Result<Draft> {
        let unusable = |what: &str| Letter::new(Code::Bug, format!("Log entries could not be encoded: {what}."));
        let bytes = postcard::to_extend(entries, vec![0; HEADER]).map_err(|error| unusable(&error.to_string()))?;
        let too_large = || unusable("together they are larger than 4 GiB");
        let length = u32::try_from(bytes.len() - HEADER).map_err(|_| too_large())?;
        let count = u32::try_from(entries.len()).map_err(|_| too_large())?;
        let mut draft = Draft { bytes, entries: count };
        draft.put(0, &MAGIC);
        draft.put(4, &length.to_le_bytes());
        draft.put(20, &count.to_le_bytes());
        Ok(draft)
    }

    /// The record at its place in the log.
    pub fn finish(mut self, first: u64, synced: u64) -> Vec<u8> {
        self.put(12, &first.to_le_bytes());
        self.put(24, &synced.to_le_bytes());
        let checksum = crc32fast::hash(&self.bytes[12..]);
        self.put(8, &checksum.to_le_bytes());
        self.bytes
    }

    fn put(&mut self, at: usize, field: &[u8]) {
        self.bytes[at..at + field.len()].copy_from_slice(field);
    }
}

/// Reads the record at the beginning of `bytes`.
pub(super) fn parse(bytes: &[u8]) -> Parsed<'_> {
    let (Some(magic), Some(length)) = (field::<4>(bytes, 0), field::<4>(bytes, 4)) else {
        return Parsed::Longer(HEADER);
    };
    let Some(form) = Form::of(magic) else { return Parsed::Damaged };
    let whole = HEADER + u32::from_le_bytes(length) as usize;
    let (Some(body), Some(checksum)) = (bytes.get(12..whole), field::<4>(bytes, 8)) else {
        return Parsed::Longer(whole);
    };
    if crc32fast::hash(body) != u32::from_le_bytes(checksum) {
        return Parsed::Damaged;
    }
    match (field::<8>(bytes, 12), field::<4>(bytes, 20), field::<8>(bytes, 24)) {
        (Some(first), Some(entries), Some(synced)) => Parsed::Record(Record {
            first: u64::from_le_bytes(first),
            entries: u32::from_le_bytes(entries),
            synced: u64::from_le_bytes(synced),
            form,
            payload: &bytes[HEADER..whole],
        }),
        _ => Parsed::Damaged,
    }
}

/// Where the next thing that looks like a record begins.
pub(super) fn find_magic(bytes: &[u8]) -> Option<usize> {
    bytes.windows(MAGIC.len()).position(|window| window == MAGIC || window == FIRST_MAGIC)
}

fn field<const SIZE: usize>(bytes: &[u8], at: usize) -> Option<[u8; SIZE]> {
    bytes.get(at..)?.first_chunk::<SIZE>().copied()
}

impl Record<'_> {
    pub fn whole(&self) -> usize {
        HEADER + self.payload.len()
    }

    /// The position after the record.
    pub fn end(&self) -> u64 {
        self.first + u64::from(self.entries)
    }

    pub fn decode(&self) -> Result<Vec<Entry>> {
        let entries = match self.form {
            Form::Entries => postcard::from_bytes(self.payload),
            Form::Observations => postcard::from_bytes::<Vec<Observations>>(self.payload)
                .map(|observations| observations.into_iter().map(Entry::Observed).collect()),
        };
        entries.map_err(|error| {
            let message = format!("Entries of the log at position {} cannot be read: {error}.", self.first);
            Letter::new(Code::StoreFailed, message).fix("Was the data directory written by another version of Creta?")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_the_time_before_removals_are_read() {
        let observations = Observations {
            namespace: "ship".to_owned(),
            resolver: "upload".to_owned(),
            deployment: "first".to_owned(),
            inserted_at: 7,
            features: Vec::new(),
            rows: Vec::new(),
        };
        let payload = postcard::to_stdvec([&observations].as_slice()).unwrap();
        let mut draft = Draft { bytes: [vec![0; HEADER], payload.clone()].concat(), entries: 1 };
        draft.put(0, b"clog");
        draft.put(4, &(payload.len() as u32).to_le_bytes());
        draft.put(20, &1_u32.to_le_bytes());
        let bytes = draft.finish(3, 0);
        let Parsed::Record(record) = parse(&bytes) else { panic!("no record") };
        assert_eq!((record.first, record.end()), (3, 4));
        assert_eq!(record.decode().unwrap(), vec![Entry::Observed(observations)]);
        assert_eq!(find_magic(&[&b"x"[..], &bytes].concat()), Some(1));
    }
}
