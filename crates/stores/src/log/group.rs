//! The bytes of a group: length and checksum of the body (u32 little-endian each), then the entries in postcard.

use crate::failure::failed;
use creta_model::observation::Entry;
use creta_ports::Result;

pub(super) const HEADER: usize = 8;

pub(super) fn encode(entries: &[Entry]) -> Result<Vec<u8>> {
    let bytes = vec![0; HEADER];
    let mut bytes = postcard::to_extend(entries, bytes).map_err(failed("the entries could not be encoded"))?;
    let length = u32::try_from(bytes.len() - HEADER).map_err(failed("the entries are larger than a group can be"))?;
    let checksum = crc32fast::hash(&bytes[HEADER..]);
    bytes[..4].copy_from_slice(&length.to_le_bytes());
    bytes[4..HEADER].copy_from_slice(&checksum.to_le_bytes());
    Ok(bytes)
}

/// The first group of some bytes and its whole length; None when it is torn or damaged.
pub(super) fn decode(bytes: &[u8]) -> Option<(Vec<Entry>, usize)> {
    let length = u32::from_le_bytes(bytes.get(..4)?.try_into().ok()?) as usize;
    let checksum = u32::from_le_bytes(bytes.get(4..HEADER)?.try_into().ok()?);
    let body = bytes.get(HEADER..HEADER.checked_add(length)?)?;
    if crc32fast::hash(body) != checksum {
        return None;
    }
    Some((postcard::from_bytes(body).ok()?, HEADER + length))
}
