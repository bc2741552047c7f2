//! Reads observations back: projected, filtered by key and time, in the order that point-in-time reads want.

use super::columns::{INSERTED_AT, KEY, OBSERVED, OBSERVED_AT, SEQUENCE, feature_column, from_stored};
use crate::failure::failed;
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, UInt64Array, new_empty_array, new_null_array,
};
use arrow::compute::{SortColumn, cast, concat, filter_record_batch, lexsort_to_indices, take};
use arrow::datatypes::{DataType as ArrowType, Field, Int64Type, Schema};
use arrow::record_batch::RecordBatch;
use creta_ports::Result;
use creta_ports::offline::{History, HistoryRequest};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::HashSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Column positions of a read part: key, observed_at, inserted_at, sequence, then (values, observed) per feature.
const FIXED: usize = 4;

pub(super) fn read(files: &[PathBuf], request: &HistoryRequest) -> Result<History> {
    let keys = request.keys.as_ref().map(Keys::of).transpose()?;
    let mut parts = Vec::new();
    for file in files {
        read_file(file, request, keys.as_ref(), &mut parts)?;
    }
    sorted(&parts, request)
}

fn read_file(path: &Path, request: &HistoryRequest, keys: Option<&Keys>, parts: &mut Vec<RecordBatch>) -> Result<()> {
    let wrong = || failed("a file of the history could not be read");
    let file = File::open(path).map_err(wrong())?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(failed("a file of the history could not be read"))?;
    let mut wanted: HashSet<String> = [KEY, OBSERVED_AT, INSERTED_AT, SEQUENCE, OBSERVED].map(str::to_owned).into();
    wanted.extend(request.columns.iter().map(|column| feature_column(&column.name)));
    let schema = builder.schema().clone();
    let roots = schema.fields().iter().enumerate().filter(|(_, field)| wanted.contains(field.name()));
    let mask = ProjectionMask::roots(builder.parquet_schema(), roots.map(|(position, _)| position));
    let reader = builder.with_projection(mask).build().map_err(failed("a file of the history could not be read"))?;
    for batch in reader {
        let batch = batch.map_err(failed("a file of the history could not be read"))?;
        let part = part(&batch, request)?;
        let kept = filter_record_batch(&part, &mask_of(&part, request, keys)).map_err(failed("the history could not be filtered"))?;
        if kept.num_rows() > 0 {
            parts.push(kept);
        }
    }
    Ok(())
}

fn part(batch: &RecordBatch, request: &HistoryRequest) -> Result<RecordBatch> {
    let column = |name: &str, data_type: &ArrowType| match batch.column_by_name(name) {
        Some(array) => cast(array, data_type).map_err(failed("a stored column has an unexpected type")),
        None => Ok(new_null_array(data_type, batch.num_rows())),
    };
    let mut arrays = vec![column(KEY, &request.key_type.arrow())?];
    for name in [OBSERVED_AT, INSERTED_AT, SEQUENCE] {
        arrays.push(column(name, &ArrowType::Int64)?);
    }
    for wanted in &request.columns {
        arrays.push(match batch.column_by_name(&feature_column(&wanted.name)) {
            Some(array) => from_stored(array, &wanted.data_type)?,
            None => new_null_array(&wanted.data_type.arrow(), batch.num_rows()),
        });
        arrays.push(Arc::new(observes(batch, &wanted.name)?));
    }
    RecordBatch::try_new(schema(request), arrays).map_err(failed("the history could not be read"))
}

fn schema(request: &HistoryRequest) -> Arc<Schema> {
    let mut fields = vec![Field::new("key", request.key_type.arrow(), true)];
    fields.extend([OBSERVED_AT, INSERTED_AT, SEQUENCE].map(|name| Field::new(name, ArrowType::Int64, true)));
    for (position, column) in request.columns.iter().enumerate() {
        fields.push(Field::new(format!("value {position}"), column.data_type.arrow(), true));
        fields.push(Field::new(format!("observed {position}"), ArrowType::Boolean, true));
    }
    Arc::new(Schema::new(fields))
}

/// Whether each row observes the feature: its name is in the row's list.
fn observes(batch: &RecordBatch, name: &str) -> Result<BooleanArray> {
    let wrong = || failed("a stored column has an unexpected type");
    let Some(lists) = batch.column_by_name(OBSERVED) else { return Ok(vec![false; batch.num_rows()].into()) };
    let item = Arc::new(Field::new("item", ArrowType::LargeUtf8, true));
    let lists = cast(lists, &ArrowType::LargeList(item)).map_err(wrong())?;
    let lists = lists.as_list::<i64>();
    let names = lists.values().as_string::<i64>();
    let offsets = lists.value_offsets();
    let within = |row: usize| {
        let range = offsets[row] as usize..offsets[row + 1] as usize;
        Some(lists.is_valid(row) && range.into_iter().any(|place| names.value(place) == name))
    };
    Ok((0..batch.num_rows()).map(within).collect())
}

/// The wanted keys as a set.
enum Keys {
    Ints(HashSet<i64>),
    Texts(HashSet<String>),
}

impl Keys {
    fn of(keys: &ArrayRef) -> Result<Keys> {
        match keys.data_type() {
            ArrowType::Int64 => Ok(Keys::Ints(keys.as_primitive::<Int64Type>().iter().flatten().collect())),
            ArrowType::LargeUtf8 => {
                Ok(Keys::Texts(keys.as_string::<i64>().iter().flatten().map(str::to_owned).collect()))
            }
            other => Err(failed("keys are ints or strings")(other)),
        }
    }

    fn contains(&self, keys: &ArrayRef, row: usize) -> bool {
        match self {
            Keys::Ints(wanted) => wanted.contains(&keys.as_primitive::<Int64Type>().value(row)),
            Keys::Texts(wanted) => wanted.contains(keys.as_string::<i64>().value(row)),
        }
    }
}

fn mask_of(part: &RecordBatch, request: &HistoryRequest, keys: Option<&Keys>) -> BooleanArray {
    let stored = part.column(0);
    let observed_at = part.column(1).as_primitive::<Int64Type>();
    let inserted_at = part.column(2).as_primitive::<Int64Type>();
    let within = |at: i64, from: Option<i64>, until: Option<i64>| {
        from.is_none_or(|from| at >= from) && until.is_none_or(|until| at <= until)
    };
    let keep = |row: usize| {
        Some(
            stored.is_valid(row)
                && within(observed_at.value(row), request.observed_from, request.observed_until)
                && within(inserted_at.value(row), request.inserted_from, request.inserted_until)
                && keys.is_none_or(|keys| keys.contains(stored, row)),
        )
    };
    (0..part.num_rows()).map(keep).collect()
}

/// All parts in one order: (key, observed_at, inserted_at, sequence).
fn sorted(parts: &[RecordBatch], request: &HistoryRequest) -> Result<History> {
    let wrong = || failed("the history could not be sorted");
    let schema = schema(request);
    let mut columns = Vec::with_capacity(schema.fields().len());
    for (position, field) in schema.fields().iter().enumerate() {
        let arrays: Vec<&dyn Array> = parts.iter().map(|part| part.column(position).as_ref()).collect();
        columns.push(match arrays.is_empty() {
            true => new_empty_array(field.data_type()),
            false => concat(&arrays).map_err(wrong())?,
        });
    }
    let order: Vec<SortColumn> =
        columns[..FIXED].iter().map(|values| SortColumn { values: values.clone(), options: None }).collect();
    let order = lexsort_to_indices(&order, None).map_err(wrong())?;
    let columns =
        columns.iter().map(|column| take(column, &order, None)).collect::<std::result::Result<Vec<_>, _>>().map_err(wrong())?;
    let ints = |position: usize| columns[position].as_primitive::<Int64Type>().clone();
    let sequence: Int64Array = ints(3);
    let features = columns[FIXED..].chunks_exact(2);
    Ok(History {
        keys: columns[0].clone(),
        observed_at: ints(1),
        inserted_at: ints(2),
        sequence: sequence.iter().map(|position| position.and_then(|position| u64::try_from(position).ok())).collect::<UInt64Array>(),
        columns: features.map(|pair| (pair[0].clone(), pair[1].as_boolean().clone())).collect(),
    })
}
