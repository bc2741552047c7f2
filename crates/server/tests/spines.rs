//! Spines of offline queries, as JSON tables and as uploaded files.

use crate::fakes::graph;
use arrow::array::{ArrayRef, AsArray, Int32Array, StringArray, TimestampMillisecondArray};
use arrow::datatypes::Int64Type;
use arrow::record_batch::RecordBatch;
use creta_model::Code;
use creta_server::wire::spine::{from_files, from_json};
use parquet::arrow::ArrowWriter;
use serde_json::json;
use std::sync::Arc;

#[test]
fn tables_are_read_one_after_the_other() {
    let first =
        json!({"columns": ["ship.id", "__chalk__.CHALK_TS"], "values": [[7, 9], ["1970-01-01T00:00:01Z", null]]});
    let second = json!({"columns": ["ship.id"], "values": [[11]]});
    let spine = from_json(&graph(), &json!([first, second]), 5).unwrap();
    assert_eq!(spine.times.values(), &[1_000_000, 5, 5]);
    assert_eq!(spine.given.rows, 3);
    let (names, spine) = spine.into_parts().unwrap();
    assert_eq!(names, ["ship.id"]);
    assert_eq!(spine.inputs.column(0).as_primitive::<Int64Type>().values(), &[7, 9, 11]);
}

#[test]
fn tables_that_do_not_fit_are_refused() {
    let code = |input| from_json(&graph(), &input, 0).unwrap_err()[0].code;
    assert_eq!(code(json!({"columns": ["ship.id"]})), Code::MalformedRequest);
    assert_eq!(code(json!({"columns": ["ship.id"], "values": []})), Code::MalformedRequest);
    assert_eq!(code(json!([])), Code::MalformedRequest);
    let times = json!({"columns": ["ship.id", "__ts__"], "values": [[1, 2], ["1970-01-01"]]});
    assert_eq!(code(times), Code::InvalidQuery);
    let other = json!([{"columns": ["ship.id"], "values": [[1]]}, {"columns": ["ship.teu"], "values": [[1.0]]}]);
    assert_eq!(code(other), Code::MalformedRequest);
}

#[test]
fn uploaded_files_are_cast_and_their_helper_columns_understood() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("0.parquet");
    let batch = RecordBatch::try_from_iter([
        ("ship.id", Arc::new(Int32Array::from(vec![7, 9])) as ArrayRef),
        ("ship.name", Arc::new(StringArray::from(vec!["a", "b"])) as ArrayRef),
        ("__ts__", Arc::new(TimestampMillisecondArray::from(vec![Some(1), None]).with_timezone("UTC")) as ArrayRef),
        ("__index__", Arc::new(Int32Array::from(vec![0, 1])) as ArrayRef),
    ])
    .unwrap();
    let mut writer = ArrowWriter::try_new(std::fs::File::create(&file).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let spine = from_files(&graph(), vec![file.clone(), file], 5).unwrap();
    assert_eq!(spine.given.names, ["ship.id", "ship.name"]);
    assert_eq!(spine.times.values(), &[1000, 5, 1000, 5]);
    assert_eq!(spine.given.column("ship.id").unwrap().as_primitive::<Int64Type>().values(), &[7, 9, 7, 9]);
}
