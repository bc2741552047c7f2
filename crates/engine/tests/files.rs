//! SQL over files that the tests write.

use arrow::array::*;
use arrow::datatypes::{DataType as ArrowType, Field, Schema};
use arrow::record_batch::RecordBatch;
use creta_engine::files::{FileFormat, FileSource};
use creta_model::{Code, DataType, Letter, Value};
use creta_ports::Source;
use creta_ports::arrays::{array_of, value_at};
use creta_ports::source::{Predicate, Scan, ScanColumn};
use creta_testkit::conformance::source as suite;
use parquet::arrow::ArrowWriter;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

fn write(path: &Path, columns: Vec<(&str, ArrayRef)>) {
    let fields: Vec<Field> =
        columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap();
    let mut writer = ArrowWriter::try_new(std::fs::File::create(path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

fn calls(path: &Path, first: i64) {
    let ids = Int32Array::from(vec![first as i32, first as i32 + 1, first as i32 + 2]);
    let at = TimestampNanosecondArray::from(vec![-1_500, 999, 2_000]);
    let zoned = TimestampMillisecondArray::from(vec![1, 2, 3]).with_timezone("UTC");
    write(
        path,
        vec![
            ("callNo", Arc::new(ids)),
            ("berth", Arc::new(StringArray::from(vec![Some("A"), Some("B"), None]))),
            ("at", Arc::new(at)),
            ("seen", Arc::new(zoned)),
            ("teu", Arc::new(Float64Array::from(vec![1.5, 2.0, f64::NAN]))),
        ],
    );
}

fn open(project: &Path, path: &str, format: FileFormat) -> Result<FileSource, Letter> {
    FileSource::open(project, &BTreeMap::from([("calls".to_owned(), path.to_owned())]), format)
}

fn scan(statement: &str, columns: &[(&str, DataType)]) -> Scan {
    let column =
        |(name, data_type): &(&str, DataType)| ScanColumn { name: (*name).to_owned(), data_type: data_type.clone() };
    Scan {
        statement: statement.to_owned(),
        parameters: Vec::new(),
        columns: columns.iter().map(column).collect(),
        predicates: Vec::new(),
        resolver: "calls".to_owned(),
        timeout: Duration::from_secs(30),
    }
}

async fn rows(source: &FileSource, scan: &Scan) -> Vec<Vec<Value>> {
    let mut rows = Vec::new();
    for batch in source.scan(scan).await.unwrap_or_else(|letter| panic!("{letter}")) {
        for (column, wanted) in batch.columns().iter().zip(&scan.columns) {
            assert_eq!(*column.data_type(), wanted.data_type.arrow());
        }
        rows.extend(
            (0..batch.num_rows())
                .map(|row| batch.columns().iter().map(|column| value_at(column.as_ref(), row)).collect::<Vec<Value>>()),
        );
    }
    rows
}

async fn ids(source: &FileSource, scan: &Scan) -> Vec<i64> {
    let first = |row: Vec<Value>| match row.first() {
        Some(Value::Int(id)) => *id,
        other => panic!("{other:?} is not an id"),
    };
    rows(source, scan).await.into_iter().map(first).collect()
}

fn text(value: &str) -> Value {
    Value::Str(value.to_owned())
}

#[tokio::test]
async fn rows_come_in_source_order_and_in_the_features_types() {
    let folder = tempfile::tempdir().unwrap();
    calls(&folder.path().join("calls.data"), 1);
    let source = open(folder.path(), "calls.data", FileFormat::Parquet).unwrap();
    let statement = "select callNo as callId, berth, at from calls";
    let columns = [("callId", DataType::Int), ("at", DataType::Datetime), ("berth", DataType::Str)];
    assert_eq!(source.columns(statement).await.unwrap(), ["callId", "berth", "at"]);
    assert_eq!(
        rows(&source, &scan(statement, &columns)).await,
        [
            [Value::Int(1), Value::Datetime(-1), text("A")],
            [Value::Int(2), Value::Datetime(0), text("B")],
            [Value::Int(3), Value::Datetime(2), Value::Null],
        ]
    );
}

#[tokio::test]
async fn files_that_arrive_in_a_folder_are_seen() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("calls")).unwrap();
    calls(&folder.path().join("calls/a.parquet"), 1);
    std::fs::write(folder.path().join("calls/notes.txt"), "not a table").unwrap();
    let source = open(folder.path(), "calls", FileFormat::Parquet).unwrap();
    let all = scan("select callNo as id from calls", &[("id", DataType::Int)]);
    assert_eq!(ids(&source, &all).await, [1, 2, 3]);
    calls(&folder.path().join("calls/b.parquet"), 4);
    assert_eq!(ids(&source, &all).await, [1, 2, 3, 4, 5, 6]);
    calls(&folder.path().join("calls/a.parquet"), 7);
    assert_eq!(ids(&source, &all).await, [7, 8, 9, 4, 5, 6]);
}

#[tokio::test]
async fn predicates_never_leave_out_a_row_that_passes() {
    let folder = tempfile::tempdir().unwrap();
    calls(&folder.path().join("calls.parquet"), 1);
    let source = open(folder.path(), "calls.parquet", FileFormat::Parquet).unwrap();
    let mut asked = scan("select callNo as id, berth, at, seen, teu from calls", &[("id", DataType::Int)]);
    let keys = |keys: Vec<i64>| Predicate::In { column: "id".into(), values: Arc::new(Int64Array::from(keys)) };
    let until = |column: &str, at| Predicate::AtMost { column: column.into(), value: Value::Datetime(at) };
    let from = |column: &str, at| Predicate::AtLeast { column: column.into(), value: Value::Datetime(at) };
    let berths = Arc::new(LargeStringArray::from(vec!["B"]));
    let numbers = Predicate::AtMost { column: "teu".into(), value: Value::Int(1) };
    // Nanoseconds are truncated when they are read: the second row's time reads as 0, the first's as -1.
    for (predicate, wanted) in [
        (keys(vec![2, 3, 99]), vec![2, 3]),
        (keys(vec![]), vec![]),
        (keys((0..10_001).collect()), vec![1, 2, 3]),
        (Predicate::In { column: "berth".into(), values: berths }, vec![2]),
        (until("at", 0), vec![1, 2]),
        (from("at", -1), vec![1, 2, 3]),
        (from("at", 2), vec![3]),
        (until("at", i64::MAX), vec![1, 2, 3]),
        (until("seen", 2_999), vec![1, 2]),
        (from("seen", 2_001), vec![3]),
        (from("seen", 2_000), vec![2, 3]),
        (Predicate::AtLeast { column: "berth".into(), value: Value::Int(7) }, vec![1, 2, 3]),
        (numbers, vec![]),
    ] {
        let shown = format!("{predicate:?}");
        asked.predicates = vec![predicate];
        assert_eq!(ids(&source, &asked).await, wanted, "{shown}");
    }
    asked.predicates = vec![keys(vec![2, 3]), until("at", 0)];
    assert_eq!(ids(&source, &asked).await, [2]);
}

#[tokio::test]
async fn predicates_stay_outside_of_limits_and_groups() {
    let folder = tempfile::tempdir().unwrap();
    calls(&folder.path().join("calls.parquet"), 1);
    let source = open(folder.path(), "calls.parquet", FileFormat::Parquet).unwrap();
    let keys = Predicate::In { column: "id".into(), values: Arc::new(Int64Array::from(vec![2])) };
    let mut limited = scan("select callNo as id from calls limit 1", &[("id", DataType::Int)]);
    limited.predicates = vec![keys.clone()];
    assert_eq!(ids(&source, &limited).await, Vec::<i64>::new());
    let mut counted = scan("select count(*) as id from calls", &[("id", DataType::Int)]);
    counted.predicates = vec![keys];
    assert_eq!(ids(&source, &counted).await, Vec::<i64>::new());
}

#[tokio::test]
async fn parameters_are_bound_and_quoted_text_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    calls(&folder.path().join("calls.parquet"), 1);
    let source = open(folder.path(), "calls.parquet", FileFormat::Parquet).unwrap();
    let mut asked = scan(
        "select callNo as id, ':p0' as note from calls where callNo >= :p0 and at <= :p1 and seen >= :p2 and coalesce(berth, '') <> :p3",
        &[("id", DataType::Int), ("note", DataType::Str)],
    );
    asked.parameters = vec![Value::Int(1), Value::Datetime(2), Value::Datetime(1_000), text("' or 1 = 1 --")];
    let note = || text(":p0");
    assert_eq!(
        rows(&source, &asked).await,
        [[Value::Int(1), note()], [Value::Int(2), note()], [Value::Int(3), note()]]
    );
    asked.parameters = vec![Value::Int(1), Value::Datetime(-1), Value::Datetime(1_000), text("x")];
    assert_eq!(rows(&source, &asked).await, [[Value::Int(1), note()]]);
    asked.parameters[0] = Value::Null;
    assert!(rows(&source, &asked).await.is_empty());
    asked.parameters.pop();
    assert_eq!(source.scan(&asked).await.unwrap_err().code, Code::SourceFailed);
}

#[tokio::test]
async fn csv_files_are_tables_too() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("calls.csv"), "id,berth,at\n1,A,2020-01-01T12:00:00Z\n2,,2020-01-02T00:00:00Z\n")
        .unwrap();
    let source = open(folder.path(), "calls.csv", FileFormat::Csv).unwrap();
    let columns = [("id", DataType::Int), ("berth", DataType::Str), ("at", DataType::Datetime)];
    let mut asked = scan("select * from calls", &columns);
    let noon = Value::Datetime(1_577_880_000_000_000);
    asked.predicates = vec![Predicate::AtMost { column: "at".into(), value: noon.clone() }];
    assert_eq!(rows(&source, &asked).await, [[Value::Int(1), text("A"), noon]]);
}

#[tokio::test]
async fn letters() {
    let folder = tempfile::tempdir().unwrap();
    let missing = open(folder.path(), "data/calls.parquet", FileFormat::Parquet).err().unwrap();
    assert_eq!(missing.code, Code::MissingFile);
    assert!(missing.message.contains("`data/calls.parquet`"), "{missing}");
    calls(&folder.path().join("calls.parquet"), 1);
    let source = open(folder.path(), "calls.parquet", FileFormat::Parquet).unwrap();
    for statement in ["select nothing from calls", "select id from elsewhere", "selec", "drop table calls", "set x = 1"]
    {
        assert_eq!(source.columns(statement).await.unwrap_err().code, Code::Sql, "{statement}");
    }
    let copy = format!("copy calls to '{}'", folder.path().join("copy.parquet").display());
    assert_eq!(source.columns(&copy).await.unwrap_err().code, Code::Sql);
    let misfit = source.scan(&scan("select teu from calls", &[("teu", DataType::Int)])).await.unwrap_err();
    assert_eq!(misfit.code, Code::ValidationFailed);
    for part in ["`teu`", &ArrowType::Float64.to_string(), "int"] {
        assert!(misfit.message.contains(part), "{misfit}");
    }
    let unlisted = source.scan(&scan("select teu from calls", &[("tue", DataType::Float)])).await.unwrap_err();
    assert_eq!(unlisted.code, Code::SourceFailed);
    std::fs::remove_file(folder.path().join("calls.parquet")).unwrap();
    assert_eq!(source.columns("select teu from calls").await.unwrap_err().code, Code::MissingFile);
}

/// The suite of the port over a Parquet file.
#[tokio::test]
async fn parquet_passes_the_suite_of_sources() {
    let folder = tempfile::tempdir().unwrap();
    let open = |table: &suite::Table| -> Arc<dyn Source> {
        let column = |(position, (name, data_type)): (usize, &(&'static str, DataType))| {
            (*name, array_of(data_type, table.rows.iter().map(|row| Some(&row[position]))).unwrap())
        };
        write(&folder.path().join("table.parquet"), table.columns.iter().enumerate().map(column).collect());
        let tables = BTreeMap::from([(table.name.to_owned(), "table.parquet".to_owned())]);
        Arc::new(FileSource::open(folder.path(), &tables, FileFormat::Parquet).unwrap())
    };
    suite::check(open).await;
}
