//! Collects the cells of a scan in typed batches of bounded size.

use crate::columns::{Column, Misfit};
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use creta_model::{Code, Letter};
use creta_ports::Result;
use creta_ports::source::ScanColumn;
use std::sync::Arc;

/// Rows of one batch at most.
const BATCH_ROWS: usize = 65_536;

/// The batches of one scan while they are filled.
pub(crate) struct Batches {
    schema: SchemaRef,
    columns: Vec<Column>,
    pending: usize,
    full: Vec<RecordBatch>,
}

impl Batches {
    pub fn new(columns: &[ScanColumn]) -> Batches {
        let field = |column: &ScanColumn| Field::new(&column.name, column.data_type.arrow(), true);
        Batches {
            schema: Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<Field>>())),
            columns: columns.iter().map(|column| Column::new(&column.data_type)).collect(),
            pending: 0,
            full: Vec::new(),
        }
    }

    /// The columns that the next row goes into.
    pub fn columns(&mut self) -> &mut [Column] {
        &mut self.columns
    }

    /// Says that every column got the cell of a row.
    pub fn row_is_complete(&mut self) -> Result<()> {
        self.pending += 1;
        if self.pending == BATCH_ROWS { self.close() } else { Ok(()) }
    }

    pub fn finish(mut self) -> Result<Vec<RecordBatch>> {
        if self.pending > 0 {
            self.close()?;
        }
        Ok(self.full)
    }

    fn close(&mut self) -> Result<()> {
        let columns = self.columns.iter_mut().map(Column::finish).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(std::mem::take(&mut self.pending)));
        let batch = RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)
            .map_err(|error| Letter::new(Code::Bug, format!("A batch of a source could not be built: {error}.")))?;
        self.full.push(batch);
        Ok(())
    }
}

/// The letter about a cell that does not fit; the caller adds what to do.
pub(crate) fn misfit(source: &str, column: &ScanColumn, Misfit(held): &Misfit) -> Letter {
    let ScanColumn { name, data_type } = column;
    let message = format!("Column `{name}` of source `{source}` holds {held}, but its feature is {data_type}.");
    Letter::new(Code::ValidationFailed, message)
}
