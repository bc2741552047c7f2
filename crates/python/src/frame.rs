//! The frames of the socket: two lengths, a JSON header, and an Arrow IPC stream as the body.
//!
//! An [`Exchange`] holds one call on its way out and the answer on its way in. It keeps its place when the future that
//! drives it is dropped, so that a call whose caller went away can be finished by somebody else.

use arrow::array::RecordBatch;
use arrow::buffer::Buffer;
use arrow::compute::concat_batches;
use arrow::datatypes::Schema;
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamDecoder;
use arrow::ipc::writer::StreamWriter;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

/// Bytes of both lengths: 32 bits for the header, 64 for the body, little-endian.
const LENGTHS: usize = 12;
/// A small answer arrives with one read of this size.
const FIRST_READ: usize = 64 * 1_024;
/// Memory is reserved in steps of this size, whatever length a frame claims to have.
const RESERVE: usize = 64 * 1_024 * 1_024;
/// A buffer that grew beyond this is not kept for the next call.
const KEEP: usize = 4 * 1_024 * 1_024;
const MAX_HEADER: usize = 1_024 * 1_024 * 1_024;

#[derive(Serialize)]
struct CallHeader<'a> {
    kind: &'static str,
    id: u64,
    resolver: &'a str,
    rows: usize,
    context: &'a BTreeMap<String, String>,
}

/// What a worker says.
#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Header {
    Ready {
        python: String,
        pid: u32,
    },
    Failed {
        error: Failure,
    },
    Result {
        id: u64,
        #[serde(default)]
        errors: Vec<Failure>,
        #[serde(default)]
        missing: BTreeMap<String, Vec<usize>>,
    },
}

/// An exception of the user's code.
#[derive(Debug, Deserialize)]
pub(crate) struct Failure {
    #[serde(default)]
    pub row: Option<usize>,
    pub kind: String,
    pub message: String,
    #[serde(default)]
    pub stacktrace: String,
    #[serde(default)]
    pub file: Option<String>,
    #[serde(default)]
    pub line: Option<u32>,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Lost {
    /// The process ended before it had read the whole call; another can have it.
    NotBegun,
    Died,
    /// What came is not the protocol.
    Garbled(String),
}

/// One call and its answer, on their way.
#[derive(Default)]
pub(crate) struct Exchange {
    outgoing: Vec<u8>,
    sent: usize,
    head: Vec<u8>,
    body: Option<Vec<u8>>,
    waiting: bool,
}

impl Exchange {
    /// Puts a call into the outgoing buffer.
    pub fn call(
        &mut self,
        id: u64,
        resolver: &str,
        rows: usize,
        batch: Option<&RecordBatch>,
        context: &BTreeMap<String, String>,
    ) -> Result<(), ArrowError> {
        self.outgoing.clear();
        self.outgoing.shrink_to(KEEP);
        self.outgoing.resize(LENGTHS, 0);
        self.sent = 0;
        let header = CallHeader { kind: "call", id, resolver, rows, context };
        serde_json::to_writer(&mut self.outgoing, &header).map_err(|error| ArrowError::JsonError(error.to_string()))?;
        let body_at = self.outgoing.len();
        if let Some(batch) = batch {
            let mut writer = StreamWriter::try_new(&mut self.outgoing, &batch.schema())?;
            writer.write(batch)?;
            writer.finish()?;
        }
        let header_length = u32::try_from(body_at - LENGTHS).map_err(|_| ArrowError::IpcError("too long".into()))?;
        let body_length = (self.outgoing.len() - body_at) as u64;
        self.outgoing[..4].copy_from_slice(&header_length.to_le_bytes());
        self.outgoing[4..LENGTHS].copy_from_slice(&body_length.to_le_bytes());
        self.expect();
        Ok(())
    }

    /// Waits for a frame without having asked.
    pub fn expect(&mut self) {
        self.head.clear();
        self.head.shrink_to(FIRST_READ);
        self.body = None;
        self.waiting = true;
    }

    /// An answer is still to come.
    pub fn is_waiting(&self) -> bool {
        self.waiting
    }

    /// Sends what is left to send and reads until the answer is whole. May be dropped and driven again.
    pub async fn drive(&mut self, stream: &mut UnixStream) -> Result<(), Lost> {
        while self.sent < self.outgoing.len() {
            match stream.write(&self.outgoing[self.sent..]).await {
                Ok(0) | Err(_) => return Err(Lost::NotBegun),
                Ok(count) => self.sent += count,
            }
        }
        while self.waiting {
            self.head.reserve(FIRST_READ);
            let read = match &mut self.body {
                None => stream.read_buf(&mut self.head).await,
                Some(body) => {
                    let left = body_length(&self.head).unwrap_or(0).saturating_sub(body.len());
                    body.reserve(left.min(RESERVE));
                    (&mut *stream).take(left as u64).read_buf(body).await
                }
            };
            match read {
                Ok(0) => return Err(Lost::Died),
                // The kernel resets instead of closing when data of ours was left unread.
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return Err(Lost::NotBegun),
                Err(_) => return Err(Lost::Died),
                Ok(_) => self.arrived()?,
            }
        }
        Ok(())
    }

    fn arrived(&mut self) -> Result<(), Lost> {
        let (Some(header), Some(body)) = (header_length(&self.head), body_length(&self.head)) else { return Ok(()) };
        if header > MAX_HEADER {
            return Err(Lost::Garbled("a header of more than a gigabyte".to_owned()));
        }
        let body_at = LENGTHS + header;
        if self.body.is_none() && self.head.len() >= body_at {
            self.body = Some(self.head.split_off(body_at));
        }
        match &self.body {
            Some(arrived) if arrived.len() > body => Err(Lost::Garbled("more bytes than announced".to_owned())),
            Some(arrived) if arrived.len() == body => {
                self.waiting = false;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The answer that has arrived.
    pub fn take(&mut self) -> Result<(Header, Vec<u8>), Lost> {
        let header = self.head.get(LENGTHS..).unwrap_or_default();
        let header = serde_json::from_slice(header).map_err(|error| Lost::Garbled(error.to_string()))?;
        Ok((header, self.body.take().unwrap_or_default()))
    }
}

fn header_length(head: &[u8]) -> Option<usize> {
    let bytes = head.get(..4)?.try_into().ok()?;
    usize::try_from(u32::from_le_bytes(bytes)).ok()
}

fn body_length(head: &[u8]) -> Option<usize> {
    let bytes = head.get(4..LENGTHS)?.try_into().ok()?;
    usize::try_from(u64::from_le_bytes(bytes)).ok()
}

/// The batch of a body; columns share the body's memory.
pub(crate) fn batch(body: Vec<u8>) -> Result<RecordBatch, Lost> {
    let garbled = |error: ArrowError| Lost::Garbled(error.to_string());
    let mut buffer = Buffer::from_vec(body);
    let mut decoder = StreamDecoder::new();
    let mut batches = Vec::new();
    while !buffer.is_empty() {
        batches.extend(decoder.decode(&mut buffer).map_err(garbled)?);
    }
    match batches.len() {
        1 => batches.pop().ok_or_else(|| Lost::Garbled("no batch".to_owned())),
        _ => {
            let schema = decoder.schema().unwrap_or_else(|| Arc::new(Schema::empty()));
            concat_batches(&schema, &batches).map_err(garbled)
        }
    }
}
