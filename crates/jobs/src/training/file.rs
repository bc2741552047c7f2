//! The Parquet files of a revision: outputs by name, then the columns that say which row of the spine each row is.
//! They are written piece by piece to a draft, which gets its name when it is whole.

use super::run::broken;
use arrow::array::{ArrayRef, BooleanArray, Int64Array, TimestampMicrosecondArray};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;
use creta_engine::Answer;
use creta_ports::{Blobs, Result};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding};
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

/// Rows of one row group, which is as much as is held in memory.
const ROW_GROUP: usize = 50_000;

/// A file being written; dropped before it is adopted, it is gone.
pub(super) struct Draft {
    path: PathBuf,
    writer: Option<ArrowWriter<File>>,
    rows: u64,
}

impl Draft {
    pub(super) fn new(blobs: &dyn Blobs) -> Draft {
        Draft { path: blobs.draft(), writer: None, rows: 0 }
    }

    /// Appends rows; the first batch decides the columns.
    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let writer = match &mut self.writer {
            Some(writer) => writer,
            none => {
                let file = File::create(&self.path).map_err(|error| broken(&error.to_string()))?;
                let writer = ArrowWriter::try_new(file, batch.schema(), Some(properties(&batch.schema())));
                none.insert(writer.map_err(|error| broken(&error.to_string()))?)
            }
        };
        writer.write(batch).map_err(|error| broken(&error.to_string()))?;
        if writer.in_progress_rows() >= ROW_GROUP {
            writer.flush().map_err(|error| broken(&error.to_string()))?;
        }
        self.rows += batch.num_rows() as u64;
        Ok(())
    }

    /// Gives the file its name; answers its size in bytes.
    pub(super) async fn adopt(mut self, blobs: &dyn Blobs, name: &str) -> Result<u64> {
        let writer = self.writer.take().ok_or_else(|| broken("it has no partition"))?;
        writer.close().map_err(|error| broken(&error.to_string()))?;
        let size = std::fs::metadata(&self.path).map_err(|error| broken(&error.to_string()))?.len();
        blobs.adopt(&self.path, name).await?;
        Ok(size)
    }

    pub(super) fn rows(&self) -> u64 {
        self.rows
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // An adopted draft is not there any more; one that cannot be removed goes at the next start.
        std::fs::remove_file(&self.path).ok();
    }
}

/// Numbers and instants seldom repeat, so a dictionary of them would cost more than it saves.
fn properties(schema: &Schema) -> WriterProperties {
    let mut properties = WriterProperties::builder().set_compression(Compression::SNAPPY);
    for field in schema.fields() {
        let encoding = match field.data_type() {
            DataType::Int64 | DataType::Timestamp(..) => Encoding::DELTA_BINARY_PACKED,
            DataType::Float64 => Encoding::PLAIN,
            _ => continue,
        };
        let column = ColumnPath::new(vec![field.name().clone()]);
        properties = properties.set_column_dictionary_enabled(column.clone(), false);
        properties = properties.set_column_encoding(column, encoding);
    }
    properties.build()
}

/// The rows of an answer whose first row is row `first` of the spine, without those that lack a required output.
pub(super) fn answered(answer: &Answer, times: &Int64Array, first: usize, required: &[String]) -> Result<RecordBatch> {
    let mut fields = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    let mut add = |name: &str, column: ArrayRef| {
        fields.push(Field::new(name, column.data_type().clone(), true));
        columns.push(column);
    };
    for output in &answer.outputs {
        add(&output.name, output.values.clone());
    }
    add("__ts__", instants(times));
    let first = first as i64;
    add("__index__", Arc::new(Int64Array::from_iter_values(first..first + answer.rows as i64)));
    if let Some(keys) = &answer.keys {
        add("__id__", keys.clone());
    }
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns);
    let batch = batch.map_err(|error| broken(&error.to_string()))?;
    if required.is_empty() {
        return Ok(batch);
    }
    let complete: BooleanArray = (0..answer.rows).map(|row| Some(is_complete(answer, required, row))).collect();
    filter_record_batch(&batch, &complete).map_err(|error| broken(&error.to_string()))
}

/// A stored null is an observation; what was never stored is not.
fn is_complete(answer: &Answer, required: &[String], row: usize) -> bool {
    answer.outputs.iter().filter(|output| is_required(&output.name, required)).all(|output| output.valid[row])
}

/// A class or a windowed feature stands for all the outputs that it became.
fn is_required(output: &str, required: &[String]) -> bool {
    required.iter().any(|name| {
        let rest = output.strip_prefix(name.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.') || rest.starts_with("__"))
    })
}

pub(super) fn instants(times: &Int64Array) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::new(times.values().clone(), None).with_timezone("UTC"))
}

#[cfg(test)]
mod tests {
    use super::is_required;

    #[test]
    fn a_required_class_or_window_stands_for_its_outputs() {
        let required = ["ship".to_owned(), "berth.teu".to_owned()];
        for output in ["ship.name", "berth.teu", "berth.teu__7d__"] {
            assert!(is_required(output, &required), "{output}");
        }
        for output in ["shipyard.name", "berth.teus", "berth.name"] {
            assert!(!is_required(output, &required), "{output}");
        }
    }
}
