//! Arrow IPC: files and streams in, whatever their compression and dictionaries; uncompressed files out.

mod guard;

use arrow::compute::concat_batches;
use arrow::error::ArrowError;
use arrow::ipc::reader::{FileReader, StreamReader};
use arrow::ipc::writer::FileWriter;
use arrow::record_batch::RecordBatch;
use creta_model::{Code, Letter};
use guard::FILE_MAGIC;
use std::io::Cursor;
use std::panic::catch_unwind;

/// Reads a file or a stream as one batch.
pub fn read(bytes: &[u8]) -> Result<RecordBatch, Letter> {
    let malformed = |why: &str| Letter::new(Code::MalformedRequest, format!("The Arrow data cannot be read: {why}."));
    if !guard::is_sound(bytes) {
        return Err(malformed("its lengths do not fit its bytes, or it claims too much"));
    }
    // Arrow's reader asserts some of what a writer owes it; a caller's bytes are no bug of ours.
    let read = catch_unwind(|| if bytes.starts_with(FILE_MAGIC) { read_file(bytes) } else { read_stream(bytes) });
    match read {
        Ok(read) => read.map_err(|error| malformed(&error.to_string())),
        Err(_) => Err(malformed("its buffers do not fit its schema")),
    }
}

/// Writes an uncompressed file, which is all that some published clients can read.
pub fn write(batch: &RecordBatch) -> Result<Vec<u8>, Letter> {
    let written = || -> Result<Vec<u8>, ArrowError> {
        let mut writer = FileWriter::try_new(Vec::new(), &batch.schema())?;
        writer.write(batch)?;
        writer.into_inner()
    };
    written().map_err(|error| Letter::new(Code::Bug, format!("An answer cannot be written as Arrow data: {error}.")))
}

fn read_file(bytes: &[u8]) -> Result<RecordBatch, ArrowError> {
    let reader = FileReader::try_new(Cursor::new(bytes), None)?;
    let schema = reader.schema();
    concat_batches(&schema, &reader.collect::<Result<Vec<_>, _>>()?)
}

fn read_stream(bytes: &[u8]) -> Result<RecordBatch, ArrowError> {
    let reader = StreamReader::try_new(Cursor::new(bytes), None)?;
    let schema = reader.schema();
    concat_batches(&schema, &reader.collect::<Result<Vec<_>, _>>()?)
}
