//! SQLite files: the conformance suite in every style of time, indexes, and files that change under our feet.

use chrono::{DateTime, FixedOffset, NaiveTime};
use creta_model::{DataType, Value};
use creta_ports::Source;
use creta_ports::source::{Scan, ScanColumn};
use creta_sources::SqliteSource;
use creta_testkit::conformance::source::{self, Table, rows_of, scan_of};
use rusqlite::Connection;
use rusqlite::types::Value as Cell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// A folder with `data.sqlite` in it, made by statements.
pub struct File {
    pub folder: TempDir,
}

impl File {
    pub fn new(statements: &str) -> File {
        let file = File { folder: tempfile::tempdir().unwrap() };
        file.connection().execute_batch(statements).unwrap();
        file
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("data.sqlite")
    }

    pub fn connection(&self) -> Connection {
        Connection::open(self.path()).unwrap()
    }

    pub fn source(&self) -> SqliteSource {
        SqliteSource::open(self.folder.path(), "data.sqlite", "harbour").unwrap()
    }
}

/// A scan of a few columns.
pub fn scan(statement: &str, columns: &[(&str, DataType)]) -> Scan {
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

/// How an operational system may write an instant.
type Style = fn(i64) -> String;

fn shifted(micros: i64, hours: i32) -> DateTime<FixedOffset> {
    DateTime::from_timestamp_micros(micros).unwrap().with_timezone(&FixedOffset::east_opt(hours * 3_600).unwrap())
}

const STYLES: &[(&str, Style)] = &[
    ("utc", |micros| shifted(micros, 0).format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()),
    ("python", |micros| shifted(micros, 0).format("%Y-%m-%d %H:%M:%S%.6f").to_string()),
    ("east", |micros| shifted(micros, 14).format("%Y-%m-%dT%H:%M:%S%.6f%:z").to_string()),
    ("west", |micros| shifted(micros, -12).format("%Y-%m-%d %H:%M:%S%.9f%z").to_string()),
];

fn cell(value: &Value, style: Style) -> Cell {
    match value {
        Value::Int(value) => Cell::Integer(*value),
        Value::Float(value) => Cell::Real(*value),
        Value::Bool(value) => Cell::Integer(i64::from(*value)),
        Value::Str(value) => Cell::Text(value.clone()),
        Value::Datetime(micros) => Cell::Text(style(*micros)),
        Value::Date(days) => Cell::Text(shifted(i64::from(*days) * 86_400_000_000, 0).format("%Y-%m-%d").to_string()),
        Value::Time(micros) => {
            let (seconds, rest) = (micros / 1_000_000, micros % 1_000_000);
            let time = NaiveTime::from_num_seconds_from_midnight_opt(seconds as u32, rest as u32 * 1_000).unwrap();
            Cell::Text(time.format("%H:%M:%S%.f").to_string())
        }
        _ => Cell::Null,
    }
}

/// Writes the table with indexes and with a collation that knows fewer differences than bytes do.
fn write(path: &Path, table: &Table, style: Style) {
    let mut connection = Connection::open(path).unwrap();
    connection
        .execute_batch(
            "create table sightings (id integer primary key, ship text collate nocase, draught real, seen_at datetime,
                seen_on date, laden boolean, shift text);
             create index by_ship on sightings (ship, seen_at);
             create index by_day on sightings (seen_on)",
        )
        .unwrap();
    let transaction = connection.transaction().unwrap();
    for row in &table.rows {
        let cells: Vec<Cell> = row.iter().map(|value| cell(value, style)).collect();
        let text = "insert into sightings values (?, ?, ?, ?, ?, ?, ?)";
        transaction.execute(text, rusqlite::params_from_iter(cells)).unwrap();
    }
    transaction.commit().unwrap();
}

#[tokio::test]
async fn every_style_of_time_passes_the_suite() {
    for (name, style) in STYLES {
        let folder = tempfile::tempdir().unwrap();
        let file = format!("{name}.sqlite");
        source::check(|table| {
            write(&folder.path().join(&file), table, *style);
            Arc::new(SqliteSource::open(folder.path(), &file, "harbour").unwrap())
        })
        .await;
    }
}

#[tokio::test]
async fn rows_come_in_bounded_batches() {
    let file = File::new(
        "create table n as with recursive n (id) as (select 1 union all select id + 1 from n where id < 150000)
         select id from n",
    );
    let batches = file.source().scan(&scan("select id from n", &[("id", DataType::Int)])).await.unwrap();
    let sizes: Vec<usize> = batches.iter().map(arrow::array::RecordBatch::num_rows).collect();
    assert_eq!(sizes, [65_536, 65_536, 18_928]);
}

#[tokio::test]
async fn a_statement_without_columns_still_counts_rows() {
    let file = File::new("create table t (id); insert into t values (1), (2)");
    let batches = file.source().scan(&scan("select id from t", &[])).await.unwrap();
    assert_eq!(batches.iter().map(arrow::array::RecordBatch::num_rows).sum::<usize>(), 2);
    assert!(file.source().scan(&scan("select id from t where id > 2", &[])).await.unwrap().is_empty());
}

#[tokio::test]
async fn columns_with_any_name_are_read() {
    let file = File::new("create table t (\"the \"\"id\"\"\" integer, \"select\" text); insert into t values (1, 'x')");
    let columns = [("the \"id\"", DataType::Int), ("SELECT", DataType::Str)];
    let rows = rows_of(&file.source().scan(&scan("select * from t", &columns)).await.unwrap());
    assert_eq!(rows, [[Value::Int(1), Value::Str("x".into())]]);
    let letter = file.source().scan(&scan("select * from t", &[("no such", DataType::Str)])).await.unwrap_err();
    assert!(letter.message.contains("no such column"), "a name that is unknown is no string: {letter}");
}

#[tokio::test]
async fn numbers_fit_when_nothing_is_lost() {
    let file =
        File::new("create table t (a, b, c, d); insert into t values (7.0, 7, 1, x'00ff'), (null, null, null, null)");
    let columns = [("a", DataType::Int), ("b", DataType::Float), ("c", DataType::Bool), ("d", DataType::Bytes)];
    let rows = rows_of(&file.source().scan(&scan("select * from t", &columns)).await.unwrap());
    assert_eq!(rows[0], [Value::Int(7), Value::Float(7.0), Value::Bool(true), Value::Bytes(vec![0, 255])]);
    assert_eq!(rows[1], [Value::Null, Value::Null, Value::Null, Value::Null]);
}

#[tokio::test]
async fn types_without_a_sqlite_value_may_be_null() {
    let file = File::new("create table t (a); insert into t values (null)");
    let wait = scan("select a from t", &[("a", DataType::Timedelta)]);
    assert_eq!(rows_of(&file.source().scan(&wait).await.unwrap()), [[Value::Null]]);
}

#[tokio::test]
async fn a_file_that_was_replaced_is_read_anew() {
    let file = File::new("create table t (id); insert into t values (1)");
    let source = file.source();
    let ids = scan("select id from t", &[("id", DataType::Int)]);
    assert_eq!(rows_of(&source.scan(&ids).await.unwrap()), [[Value::Int(1)]]);
    let next = File::new("create table t (id); insert into t values (2)");
    std::fs::rename(next.path(), file.path()).unwrap();
    assert_eq!(rows_of(&source.scan(&ids).await.unwrap()), [[Value::Int(2)]]);
}

#[tokio::test]
async fn writers_are_seen_and_never_stopped() {
    let file = File::new("pragma journal_mode = wal; create table t (id); insert into t values (1)");
    let source = file.source();
    let ids = scan("select id from t", &[("id", DataType::Int)]);
    assert_eq!(source.scan(&ids).await.unwrap()[0].num_rows(), 1);
    let writer = file.connection();
    writer.execute("insert into t values (2)", []).unwrap();
    assert_eq!(source.scan(&ids).await.unwrap()[0].num_rows(), 2);
    let added = scan("select id from t", &[("id", DataType::Int)]);
    writer.execute_batch("alter table t add column ship text").unwrap();
    assert_eq!(source.scan(&added).await.unwrap()[0].num_rows(), 2, "prepared statements survive new columns");
}

#[tokio::test]
async fn the_file_cannot_be_written_through_a_source() {
    let file = File::new("create table t (id)");
    let letter = file.source().columns("insert into t values (1) returning id").await;
    assert!(letter.is_ok(), "preparing is allowed");
    let writing = scan("insert into t values (1) returning id", &[("id", DataType::Int)]);
    assert!(file.source().scan(&writing).await.is_err());
    assert_eq!(file.connection().query_row("select count(*) from t", [], |row| row.get::<_, i64>(0)).unwrap(), 0);
}

/// A statement that would run for ever ends when nobody waits for it, so the connections do not run out.
#[tokio::test]
async fn abandoned_scans_are_interrupted() {
    let file = File::new("create table t (id); insert into t values (1)");
    let source = file.source();
    let endless = scan(
        "with recursive n (id) as (select 1 union all select id + 1 from n) select count(*) as id from n",
        &[("id", DataType::Int)],
    );
    for _ in 0..8 {
        let waited = tokio::time::timeout(Duration::from_millis(20), source.scan(&endless)).await;
        assert!(waited.is_err());
    }
    let ids = scan("select id from t", &[("id", DataType::Int)]);
    let answer = tokio::time::timeout(Duration::from_secs(20), source.scan(&ids)).await.unwrap();
    assert_eq!(rows_of(&answer.unwrap()), [[Value::Int(1)]]);
}

#[tokio::test]
async fn the_suites_table_can_be_read_without_predicates_too() {
    let file = File::new("create table sightings (id integer)");
    let empty = Table { name: "sightings", columns: vec![("id", DataType::Int)], rows: Vec::new() };
    assert!(file.source().scan(&scan_of(&empty, "select * from sightings", Vec::new())).await.unwrap().is_empty());
}
