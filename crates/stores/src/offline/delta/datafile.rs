//! One Parquet file of a table: what its footer says, and reading the rows that a request may want.

use super::columns::{INSERTED_AT, KEY, OBSERVED_AT, misfit};
use super::wanted::Wanted;
use crate::files::failed;
use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;
use creta_model::Letter;
use creta_ports::Result;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowPredicateFn, ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowFilter,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::statistics::Statistics;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const BATCH_ROWS: usize = 64 * 1024;

/// A file that belongs to a table. Its footer is read once.
pub(super) struct DataFile {
    /// As the table spells it.
    pub path: String,
    pub bytes: u64,
    pub rows: usize,
    location: PathBuf,
    footer: ArrowReaderMetadata,
}

impl DataFile {
    pub fn open(folder: &Path, path: String) -> Result<DataFile> {
        let location = folder.join(&path);
        let file = File::open(&location).map_err(unopened)?;
        let bytes = file.metadata().map_err(unopened)?.len();
        let footer = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()).map_err(unread)?;
        let rows = footer.metadata().file_metadata().num_rows() as usize;
        Ok(DataFile { path, bytes, rows, location, footer })
    }

    /// Rows that are wanted, with the named columns that the file has.
    pub fn read(&self, columns: &[&str], wanted: &Arc<Wanted>) -> Result<Vec<RecordBatch>> {
        let groups: Vec<usize> = (0..self.footer.metadata().num_row_groups())
            .filter(|group| self.may_hold(self.footer.metadata().row_group(*group), wanted))
            .collect();
        if groups.is_empty() {
            return Ok(Vec::new());
        }
        let file = File::open(&self.location).map_err(unopened)?;
        let mut reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.footer.clone())
            .with_batch_size(BATCH_ROWS)
            .with_row_groups(groups)
            .with_projection(self.projection(columns));
        if wanted.is_selective() {
            let wanted = wanted.clone();
            let own = self.projection(&[KEY, OBSERVED_AT, INSERTED_AT]);
            let filter = ArrowPredicateFn::new(own, move |batch| Ok(mask(&batch, &wanted)));
            reader = reader.with_row_filter(RowFilter::new(vec![Box::new(filter)]));
        }
        reader.build().map_err(unread)?.map(|batch| batch.map_err(misfit)).collect()
    }

    fn projection(&self, columns: &[&str]) -> ProjectionMask {
        let schema = self.footer.schema();
        let roots = columns.iter().filter_map(|column| schema.index_of(column).ok());
        ProjectionMask::roots(self.footer.parquet_schema(), roots)
    }

    fn may_hold(&self, group: &RowGroupMetaData, wanted: &Wanted) -> bool {
        let statistics = |name: &str| {
            let column = group.columns().iter().find(|column| column.column_path().parts() == [name]);
            column.and_then(|column| column.statistics())
        };
        let range = |name: &str| match statistics(name) {
            Some(Statistics::Int64(range)) => Some((*range.min_opt()?, *range.max_opt()?)),
            _ => None,
        };
        let keys = match statistics(KEY) {
            Some(Statistics::Int64(range)) => {
                range.min_opt().zip(range.max_opt()).is_none_or(|(min, max)| wanted.any_int_key(*min, *max))
            }
            Some(Statistics::ByteArray(range)) => {
                let bounds = range.min_opt().zip(range.max_opt());
                bounds.is_none_or(|(min, max)| wanted.any_str_key(min.data(), max.data()))
            }
            _ => true,
        };
        keys && range(OBSERVED_AT).is_none_or(|(min, max)| wanted.observed.meets(min, max))
            && range(INSERTED_AT).is_none_or(|(min, max)| wanted.inserted.meets(min, max))
    }
}

fn mask(batch: &RecordBatch, wanted: &Wanted) -> BooleanArray {
    let time = |name: &str| {
        batch.column_by_name(name).and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>())
    };
    let Some(keys) = batch.column_by_name(KEY) else { return BooleanArray::from(vec![false; batch.num_rows()]) };
    let (observed, inserted) = (time(OBSERVED_AT), time(INSERTED_AT));
    let in_time = |row: usize| {
        observed.is_none_or(|times| wanted.observed.holds(times.value(row)))
            && inserted.is_none_or(|times| wanted.inserted.holds(times.value(row)))
    };
    let is_key = wanted.key_test(keys);
    (0..batch.num_rows()).map(|row| Some(in_time(row) && is_key(row))).collect()
}

fn unopened(error: std::io::Error) -> Letter {
    failed("A file of the offline store could not be opened")(error)
}

fn unread(error: ParquetError) -> Letter {
    failed("A file of the offline store could not be read")(error)
}
