//! History out of data files: read what may be wanted, put it in order, say where each feature was observed.

use super::columns::{
    INSERTED_AT, KEY, OBSERVED, OBSERVED_AT, SEQUENCE, columns_of, combine, convert, every_column_of, misfit,
};
use super::datafile::DataFile;
use super::table::Contents;
use super::wanted::Wanted;
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, StringArray, UInt32Array, UInt64Array,
    new_empty_array, new_null_array,
};
use arrow::compute::{and, concat, is_null, take};
use arrow::datatypes::{DataType as ArrowType, Int64Type, Schema, SchemaRef};
use creta_model::{Code, Letter};
use creta_ports::Result;
use creta_ports::offline::{History, HistoryRequest};
use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

/// History of a namespace that nothing was ever written to.
pub(super) fn nothing(request: &HistoryRequest) -> History {
    let empty = |data_type: &ArrowType| new_empty_array(data_type);
    let column = |column: &creta_ports::offline::HistoryColumn| {
        (empty(&column.data_type.arrow()), BooleanArray::from(Vec::<bool>::new()))
    };
    History {
        keys: empty(&request.key_type.arrow()),
        observed_at: Int64Array::from(Vec::<i64>::new()),
        inserted_at: Int64Array::from(Vec::<i64>::new()),
        sequence: UInt64Array::from(Vec::<u64>::new()),
        columns: request.columns.iter().map(column).collect(),
    }
}

/// What the files hold for a request.
pub(super) fn read(contents: &Contents, request: &HistoryRequest) -> Result<History> {
    let schema = &contents.schema;
    let mut names = vec![KEY, OBSERVED_AT, INSERTED_AT, SEQUENCE, OBSERVED];
    let sources: Vec<Vec<usize>> =
        request.columns.iter().map(|column| columns_of(schema, &column.name, &column.data_type)).collect();
    let others: Vec<Vec<usize>> = request
        .columns
        .iter()
        .zip(&sources)
        .map(|(column, sources)| {
            every_column_of(schema, &column.name).filter(|place| !sources.contains(place)).collect()
        })
        .collect();
    names.extend(sources.iter().chain(&others).flatten().map(|column| schema.field(*column).name().as_str()));
    names.sort_unstable();
    names.dedup();
    let rows = sorted_rows(&contents.files, schema, &names, &Arc::new(Wanted::of(request)))?;
    let Some(rows) = rows else { return Ok(nothing(request)) };
    let integers = |name: &str| convert(column(&rows, name)?, &ArrowType::Int64);
    let requested: Vec<&str> = request.columns.iter().map(|column| column.name.as_str()).collect();
    let mut masks = observations(&rows, &requested)?.into_iter();
    let mut columns = Vec::with_capacity(request.columns.len());
    for ((wanted, sources), others) in request.columns.iter().zip(&sources).zip(&others) {
        let parts = sources.iter().map(|source| column(&rows, schema.field(*source).name()).cloned());
        let values = combine(&parts.collect::<Result<Vec<_>>>()?, &wanted.data_type, rows.num_rows())?;
        // A value of a type that the feature had before it was dropped is no observation of what it is now.
        let observed = others.iter().try_fold(masks.next().ok_or_else(unexpected)?, |observed, other| {
            let is_other = is_null(column(&rows, schema.field(*other).name())?).map_err(misfit)?;
            and(&observed, &is_other).map_err(misfit)
        })?;
        columns.push((values, observed));
    }
    let sequence = integers(SEQUENCE)?;
    Ok(History {
        keys: convert(column(&rows, KEY)?, &request.key_type.arrow())?,
        observed_at: integers(OBSERVED_AT)?.as_primitive::<Int64Type>().clone(),
        inserted_at: integers(INSERTED_AT)?.as_primitive::<Int64Type>().clone(),
        sequence: sequence.as_primitive::<Int64Type>().values().iter().map(|position| *position as u64).collect(),
        columns,
    })
}

/// All rows of the files as one batch of the table's schema, in order.
pub(super) fn read_all(files: &[Arc<DataFile>], schema: &SchemaRef) -> Result<Option<RecordBatch>> {
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    sorted_rows(files, schema, &names, &Arc::new(Wanted::everything()))
}

/// Wanted rows of all files in the order of the port; None when there are none. Columns that a file lacks are null.
fn sorted_rows(
    files: &[Arc<DataFile>],
    schema: &Schema,
    names: &[&str],
    wanted: &Arc<Wanted>,
) -> Result<Option<RecordBatch>> {
    let mut batches = Vec::new();
    for file in files {
        batches.extend(file.read(names, wanted)?);
    }
    if batches.iter().all(|batch| batch.num_rows() == 0) {
        return Ok(None);
    }
    let fields =
        names.iter().map(|name| schema.field_with_name(name).cloned()).collect::<std::result::Result<Vec<_>, _>>();
    let fields = Arc::new(Schema::new(fields.map_err(misfit)?));
    let whole = fields.fields().iter().map(|field| {
        let parts = batches.iter().map(|batch| match batch.column_by_name(field.name()) {
            Some(column) => convert(column, field.data_type()),
            None => Ok(new_null_array(field.data_type(), batch.num_rows())),
        });
        let parts = parts.collect::<Result<Vec<_>>>()?;
        let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
        concat(&parts).map_err(misfit)
    });
    let rows = RecordBatch::try_new(fields.clone(), whole.collect::<Result<Vec<_>>>()?).map_err(misfit)?;
    match order(&rows)? {
        None => Ok(Some(rows)),
        Some(order) => {
            let columns = rows.columns().iter().map(|column| take(column, &order, None).map_err(misfit));
            let columns = columns.collect::<Result<Vec<_>>>()?;
            RecordBatch::try_new(fields, columns).map(Some).map_err(misfit)
        }
    }
}

/// The order by (key, observed_at, inserted_at, sequence); None when the rows stand in it. Rows of one write keep
/// theirs.
fn order(rows: &RecordBatch) -> Result<Option<UInt32Array>> {
    let integers = |name: &str| convert(column(rows, name)?, &ArrowType::Int64);
    let (observed_at, inserted_at) = (integers(OBSERVED_AT)?, integers(INSERTED_AT)?);
    let sequence = integers(SEQUENCE)?;
    let times = [&observed_at, &inserted_at, &sequence].map(|times| times.as_primitive::<Int64Type>().values());
    let keys = column(rows, KEY)?;
    let time = |row: u32| times.map(|times| times[row as usize]);
    let sorted = match keys.data_type() {
        ArrowType::Int64 => {
            let keys = keys.as_primitive::<Int64Type>().values();
            let key = |row: u32| keys[row as usize];
            sort(rows.num_rows(), |left, right| key(left).cmp(&key(right)).then_with(|| time(left).cmp(&time(right))))
        }
        ArrowType::Utf8 => {
            let keys = keys.as_string::<i32>();
            let key = |row: u32| keys.value(row as usize);
            sort(rows.num_rows(), |left, right| key(left).cmp(key(right)).then_with(|| time(left).cmp(&time(right))))
        }
        _ => return Err(unexpected()),
    };
    Ok(sorted.map(UInt32Array::from))
}

fn sort(rows: usize, compare: impl Fn(u32, u32) -> Ordering) -> Option<Vec<u32>> {
    let mut order: Vec<u32> = (0..rows as u32).collect();
    if order.is_sorted_by(|left, right| compare(*left, *right).is_le()) {
        return None;
    }
    order.sort_by(|left, right| compare(*left, *right));
    Some(order)
}

/// Per requested feature, the rows that observe it. Neighbouring rows mostly observe the same features, so a row's list
/// is first compared with the one before.
fn observations(rows: &RecordBatch, requested: &[&str]) -> Result<Vec<BooleanArray>> {
    let (names, offsets) = observed_names(rows)?;
    let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
    for (place, name) in requested.iter().enumerate() {
        places.entry(name).or_default().push(place);
    }
    let mut masks = vec![vec![false; rows.num_rows()]; requested.len()];
    let mut previous: std::ops::Range<usize> = 0..0;
    let mut seen = vec![false; requested.len()];
    for row in 0..rows.num_rows() {
        let range = offsets[row] as usize..offsets[row + 1] as usize;
        let is_same = range.clone().map(|item| names.value(item)).eq(previous.map(|item| names.value(item)));
        if !is_same {
            seen.fill(false);
            for place in range.clone().filter_map(|item| places.get(names.value(item))).flatten() {
                seen[*place] = true;
            }
        }
        for (mask, seen) in masks.iter_mut().zip(&seen) {
            mask[row] = *seen;
        }
        previous = range;
    }
    Ok(masks.into_iter().map(BooleanArray::from).collect())
}

/// The names of all rows' observed features, and where those of each row begin and end.
pub(super) fn observed_names(rows: &RecordBatch) -> Result<(&StringArray, &[i32])> {
    let observed = column(rows, OBSERVED)?.as_list_opt::<i32>().ok_or_else(unexpected)?;
    Ok((observed.values().as_string_opt::<i32>().ok_or_else(unexpected)?, observed.value_offsets()))
}

pub(super) fn column<'a>(rows: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef> {
    rows.column_by_name(name).ok_or_else(unexpected)
}

fn unexpected() -> Letter {
    Letter::new(Code::StoreFailed, "A table of the offline store has unexpected columns.")
        .fix("Was the table changed by another program?")
}
