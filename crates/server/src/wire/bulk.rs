//! Bulk queries: bodies of several queries in, one result model per query out (wire format §4.1, §4.3, §4.4).

use super::byte_model::{ByteModel, Reader};
use super::ipc;
use super::json_answer::{Meta, is_rows, meta_object};
use crate::errors::wire_error;
use arrow::array::{Array, ArrayRef, AsArray, LargeListArray, StructArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType as ArrowType, Field, Schema};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use creta_engine::Answer;
use creta_model::{Code, Graph, Letter};
use serde_json::{Value, json};
use std::sync::Arc;

/// The first bytes of a request.
pub const MAGIC: &[u8] = b"chal1";

/// One query of a body: its header and its inputs, still bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part<'a> {
    pub header: &'a [u8],
    pub inputs: &'a [u8],
}

/// How has-many outputs are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Packing {
    /// As a column of the scalar table instead of a table of their own.
    pub into_structs: bool,
    /// Lists with 32-bit offsets, for readers that know no others.
    pub small_lists: bool,
}

/// Takes a body apart into its queries.
pub fn parts(body: &[u8]) -> Result<Vec<Part<'_>>, Letter> {
    let Some(rest) = body.strip_prefix(MAGIC) else {
        return Err(Letter::new(Code::MalformedRequest, "The body does not begin with `chal1`."));
    };
    let mut reader = Reader { rest };
    let mut parts = Vec::new();
    while !reader.rest.is_empty() {
        parts.push(Part { header: reader.part()?, inputs: reader.part()? });
    }
    match parts.is_empty() {
        true => Err(Letter::new(Code::MalformedRequest, "The body holds no query.")),
        false => Ok(parts),
    }
}

/// The whole response: one result per query, under keys that sort as text in the order of the queries.
pub fn response(results: Vec<ByteModel>) -> Vec<u8> {
    let width = results.len().saturating_sub(1).to_string().len();
    let keyed = results.into_iter().enumerate().map(|(number, model)| (format!("{number:0width$}"), model.encode()));
    let inner = ByteModel { bytes: keyed.collect(), ..ByteModel::default() };
    let nested = vec![("query_results_bytes".to_owned(), inner)];
    ByteModel { nested, ..ByteModel::default() }.encode()
}

/// The result of an answered query.
pub fn result(graph: &Graph, answer: &Answer, meta: &Meta<'_>, packing: Packing) -> Result<ByteModel, Letter> {
    let mut fields = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    let mut groups = Vec::new();
    for output in &answer.outputs {
        if !packing.into_structs && is_rows(graph, output) {
            groups.push((output.name.clone(), ipc::write(&children(&output.values, packing)?)?));
            continue;
        }
        let values = if packing.small_lists { shrink(&output.values)? } else { output.values.clone() };
        fields.push(Field::new(&output.name, values.data_type().clone(), true));
        columns.push(values);
    }
    let scalars = ipc::write(&table(fields, columns, answer.rows)?)?;
    let errors: Vec<String> = answer.letters.iter().map(|letter| wire_error(letter, Some(graph)).to_string()).collect();
    Ok(model(true, &errors, meta, scalars, groups))
}

/// The result of a query that was refused before any resolver ran.
pub fn refusal(letters: &[Letter], meta: &Meta<'_>) -> ByteModel {
    let errors: Vec<String> = letters.iter().map(|letter| wire_error(letter, None).to_string()).collect();
    model(false, &errors, meta, Vec::new(), Vec::new())
}

fn model(
    has_data: bool,
    errors: &[String],
    meta: &Meta<'_>,
    scalars: Vec<u8>,
    groups: Vec<(String, Vec<u8>)>,
) -> ByteModel {
    let errors = if errors.is_empty() { Value::Null } else { json!(errors) };
    let attributes = [
        ("has_data".to_owned(), json!(has_data)),
        ("errors".to_owned(), errors),
        ("meta".to_owned(), json!(meta_object(meta).to_string())),
    ];
    let groups = ByteModel { bytes: groups, ..ByteModel::default() };
    ByteModel {
        attributes: attributes.into_iter().collect(),
        bytes: vec![("scalar_data".to_owned(), scalars)],
        nested: vec![("groups_data".to_owned(), groups)],
    }
}

/// One row per child over all parents; the join column among them tells whose child it is.
fn children(values: &ArrayRef, packing: Packing) -> Result<RecordBatch, Letter> {
    let lists: &LargeListArray = values.as_list();
    // Only the children of our rows: a sliced column still carries its neighbours' children, and a null parent's
    // may be anything.
    let all = lists.values();
    let indices: Vec<u64> = (0..lists.len())
        .filter(|row| lists.is_valid(*row))
        .flat_map(|row| lists.value_offsets()[row] as u64..lists.value_offsets()[row + 1] as u64)
        .collect();
    let taken = arrow::compute::take(all.as_ref(), &arrow::array::UInt64Array::from(indices), None).map_err(bug)?;
    let rows: &StructArray = taken.as_struct();
    let mut fields = Vec::new();
    let mut columns = Vec::new();
    for (field, column) in rows.fields().iter().zip(rows.columns()) {
        let column = if packing.small_lists { shrink(column)? } else { column.clone() };
        fields.push(Field::new(field.name(), column.data_type().clone(), true));
        columns.push(column);
    }
    table(fields, columns, rows.len())
}

fn table(fields: Vec<Field>, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch, Letter> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options).map_err(bug)
}

/// The column with 32-bit list offsets throughout.
fn shrink(column: &ArrayRef) -> Result<ArrayRef, Letter> {
    let small = small_type(column.data_type());
    if small == *column.data_type() { Ok(column.clone()) } else { cast(column, &small).map_err(bug) }
}

fn small_type(data_type: &ArrowType) -> ArrowType {
    let small_field =
        |field: &Arc<Field>| Arc::new(Field::new(field.name(), small_type(field.data_type()), field.is_nullable()));
    match data_type {
        ArrowType::LargeList(item) => ArrowType::List(small_field(item)),
        ArrowType::Struct(fields) => ArrowType::Struct(fields.iter().map(small_field).collect()),
        other => other.clone(),
    }
}

fn bug(error: arrow::error::ArrowError) -> Letter {
    Letter::new(Code::Bug, format!("An answer cannot be laid out for the wire: {error}."))
}
