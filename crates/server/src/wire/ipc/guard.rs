//! Arrow data from outside is looked through before it is read: the reader allocates whatever a length claims, so a
//! body of a few bytes could otherwise claim all memory.

use arrow::ipc::{Message, RecordBatch, root_as_footer, root_as_message};

/// What every file begins and ends with.
pub(super) const FILE_MAGIC: &[u8] = b"ARROW1";

/// Marks the length of a message in current streams; older ones have the length alone.
const CONTINUATION: [u8; 4] = [0xff; 4];

/// All compressed buffers of a body together may not claim to hold more than this.
const MOST_DECOMPRESSED: u64 = 1 << 30;

/// Rows (or list elements) of one batch.
const MOST_ROWS: i64 = 1 << 24;

/// Do all lengths lie within the bytes, and all claims within reason?
pub(super) fn is_sound(bytes: &[u8]) -> bool {
    let mut claims = Claims::default();
    let walked = if bytes.starts_with(FILE_MAGIC) { claims.file(bytes) } else { claims.stream(bytes) };
    walked.is_some()
}

/// What the batches claimed so far; methods answer None as soon as something is unsound.
#[derive(Default)]
struct Claims {
    decompressed: u64,
}

impl Claims {
    fn file(&mut self, bytes: &[u8]) -> Option<()> {
        let rest = bytes.strip_suffix(FILE_MAGIC)?;
        let (rest, length) = rest.split_last_chunk::<4>()?;
        let length = usize::try_from(i32::from_le_bytes(*length)).ok()?;
        let footer = root_as_footer(rest.get(rest.len().checked_sub(length)?..)?).ok()?;
        let blocks = [footer.dictionaries(), footer.recordBatches()];
        for block in blocks.into_iter().flatten().flatten() {
            let offset = usize::try_from(block.offset()).ok()?;
            let metadata = usize::try_from(block.metaDataLength()).ok()?;
            let body = usize::try_from(block.bodyLength()).ok()?;
            let rest = bytes.get(offset..)?;
            let (message, rest) = rest.split_at_checked(metadata)?;
            let message = message.strip_prefix(&CONTINUATION).unwrap_or(message).get(4..)?;
            self.message(&root_as_message(message).ok()?, rest.get(..body)?)?;
        }
        Some(())
    }

    fn stream(&mut self, bytes: &[u8]) -> Option<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            rest = rest.strip_prefix(&CONTINUATION).unwrap_or(rest);
            let (length, after) = rest.split_first_chunk::<4>()?;
            let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
            if length == 0 {
                break;
            }
            let (message, after) = after.split_at_checked(length)?;
            let message = root_as_message(message).ok()?;
            let (body, after) = after.split_at_checked(usize::try_from(message.bodyLength()).ok()?)?;
            self.message(&message, body)?;
            rest = after;
        }
        Some(())
    }

    fn message(&mut self, message: &Message<'_>, body: &[u8]) -> Option<()> {
        let batch = message.header_as_record_batch();
        let batch = batch.or_else(|| message.header_as_dictionary_batch()?.data());
        batch.map_or(Some(()), |batch| self.batch(&batch, body))
    }

    fn batch(&mut self, batch: &RecordBatch<'_>, body: &[u8]) -> Option<()> {
        let lengths = batch.nodes().into_iter().flatten().map(|node| node.length());
        if !lengths.chain([batch.length()]).all(|length| (0..=MOST_ROWS).contains(&length)) {
            return None;
        }
        let compressed = batch.compression().is_some();
        for buffer in batch.buffers().into_iter().flatten() {
            let start = usize::try_from(buffer.offset()).ok()?;
            let content = body.get(start..)?.get(..usize::try_from(buffer.length()).ok()?)?;
            if compressed && let Some(claim) = content.first_chunk::<8>() {
                // -1 marks a buffer that was left as it is.
                let claim = i64::from_le_bytes(*claim).max(0);
                self.decompressed = self.decompressed.checked_add(claim.unsigned_abs())?;
            }
        }
        (self.decompressed <= MOST_DECOMPRESSED).then_some(())
    }
}
