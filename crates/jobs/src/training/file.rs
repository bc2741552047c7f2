//! The Parquet file of a revision: outputs by name, then the columns that say which row of the spine each row is.

use super::run::broken;
use arrow::array::{ArrayRef, Int64Array, TimestampMicrosecondArray};
use arrow::datatypes::{Field, Schema};
use arrow::record_batch::RecordBatch;
use creta_engine::Answer;
use creta_model::Letter;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use std::sync::Arc;

/// Writes answers one after another; the first one decides the columns.
#[derive(Default)]
pub(super) struct ResultFile {
    writer: Option<ArrowWriter<Vec<u8>>>,
    outputs: Vec<String>,
}

impl ResultFile {
    /// Appends a partition whose first row is row `first` of the spine.
    pub(super) fn write(&mut self, answer: &Answer, times: &Int64Array, first: usize) -> Result<(), Letter> {
        let batch = batch(answer, times, first).map_err(|error| broken(&error.to_string()))?;
        if self.writer.is_none() {
            let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
            let writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties));
            self.writer = Some(writer.map_err(|error| broken(&error.to_string()))?);
            self.outputs = answer.outputs.iter().map(|output| output.name.clone()).collect();
        }
        match &mut self.writer {
            Some(writer) => writer.write(&batch).map_err(|error| broken(&error.to_string())),
            None => Ok(()),
        }
    }

    /// The bytes of the file and the names of its outputs.
    pub(super) fn finish(self) -> Result<(Vec<u8>, Vec<String>), Letter> {
        let writer = self.writer.ok_or_else(|| broken("it has no partition"))?;
        let bytes = writer.into_inner().map_err(|error| broken(&error.to_string()))?;
        Ok((bytes, self.outputs))
    }
}

fn batch(answer: &Answer, times: &Int64Array, first: usize) -> Result<RecordBatch, arrow::error::ArrowError> {
    let mut fields = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    let mut add = |name: &str, column: ArrayRef| {
        fields.push(Field::new(name, column.data_type().clone(), true));
        columns.push(column);
    };
    for output in &answer.outputs {
        add(&output.name, output.values.clone());
    }
    let times = TimestampMicrosecondArray::new(times.values().clone(), None).with_timezone("UTC");
    add("__ts__", Arc::new(times));
    let first = first as i64;
    add("__index__", Arc::new(Int64Array::from_iter_values(first..first + answer.rows as i64)));
    if let Some(keys) = &answer.keys {
        add("__id__", keys.clone());
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}
