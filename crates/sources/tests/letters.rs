//! What can be wrong with a file or its contents, and what its reader is told.

use crate::sqlite::{File, scan};
use creta_model::{Code, DataType, Letter};
use creta_ports::Source;
use creta_sources::SqliteSource;
use std::path::Path;

#[test]
fn a_missing_file_is_named_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let letter = SqliteSource::open(folder.path(), "data/harbour.sqlite", "harbour").err().unwrap();
    assert_eq!(letter.code, Code::MissingFile);
    assert!(letter.message.contains("`data/harbour.sqlite`"), "{letter}");
    assert!(!letter.message.contains(&folder.path().display().to_string()), "{letter}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is created");
}

#[tokio::test]
async fn a_file_that_vanishes_is_missing_then() {
    let file = File::new("create table t (id)");
    let source = file.source();
    std::fs::remove_file(file.path()).unwrap();
    assert_eq!(source.columns("select id from t").await.unwrap_err().code, Code::MissingFile);
}

#[test]
fn what_is_no_database_cannot_be_opened() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(
        file.path(),
        "this is plain text, and long enough to be read as the header of a database file; it is none.",
    )
    .unwrap();
    let letter = SqliteSource::open(Path::new("/"), &file.path().display().to_string(), "harbour").err().unwrap();
    assert_eq!(letter.code, Code::SourceFailed);
    assert!(letter.message.contains("`harbour`"), "{letter}");
}

async fn misfit(value: &str, data_type: DataType) -> Letter {
    let file = File::new(&format!("create table t (berth); insert into t values ({value})"));
    file.source().scan(&scan("select berth from t", &[("berth", data_type)])).await.unwrap_err()
}

#[tokio::test]
async fn a_value_that_does_not_fit_names_column_and_both_types() {
    for (value, data_type, held) in [
        ("7.5", DataType::Int, "REAL"),
        ("'7'", DataType::Int, "TEXT"),
        ("9.3e18", DataType::Int, "REAL"),
        ("'7'", DataType::Float, "TEXT"),
        ("2", DataType::Bool, "INTEGER"),
        ("7", DataType::Str, "INTEGER"),
        ("x'ff'", DataType::Str, "BLOB"),
        ("cast(x'ff' as text)", DataType::Str, "TEXT that is not UTF-8"),
        ("'x'", DataType::Bytes, "TEXT"),
        ("1360000000", DataType::Datetime, "INTEGER"),
        ("2456293.5", DataType::Datetime, "REAL"),
        ("20130101", DataType::Date, "INTEGER"),
        ("60", DataType::Timedelta, "INTEGER"),
        ("'[1]'", DataType::List(Box::new(DataType::Int)), "TEXT"),
    ] {
        let letter = misfit(value, data_type.clone()).await;
        assert_eq!(letter.code, Code::ValidationFailed, "{value} as {data_type}");
        assert_eq!(letter.resolver.as_deref(), Some("calls"));
        for word in ["`berth`", held, &data_type.to_string()] {
            assert!(letter.message.contains(word), "{value} as {data_type}: {letter}");
        }
        assert!(letter.fix.is_some());
    }
}

#[tokio::test]
async fn sqls_own_words_are_passed_on() {
    let file = File::new("create table t (id)");
    let letter = file.source().columns("select ship from t").await.unwrap_err();
    assert_eq!(letter.code, Code::Sql);
    assert!(letter.message.contains("no such column: ship"), "{letter}");
}

#[tokio::test]
async fn a_locked_file_is_a_failed_source() {
    let file = File::new("create table t (id)");
    let source = file.source();
    let writer = file.connection();
    writer.execute_batch("begin exclusive").unwrap();
    let letter = source.scan(&scan("select id from t", &[("id", DataType::Int)])).await.unwrap_err();
    assert_eq!(letter.code, Code::SourceFailed);
    assert!(letter.fix.is_some_and(|fix| fix.contains("locked")));
}
