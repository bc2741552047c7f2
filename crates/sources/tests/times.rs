//! Which texts are times, and which instant each is.

use crate::sqlite::{File, scan};
use chrono::DateTime;
use creta_model::{Code, DataType, Value};
use creta_ports::Source;
use creta_ports::arrays::value_at;
use creta_ports::source::Predicate;
use rusqlite::params;

async fn read(text: &str, data_type: DataType) -> Result<Value, Code> {
    let file = File::new("create table t (at)");
    file.connection().execute("insert into t values (?)", params![text]).unwrap();
    let batches = file.source().scan(&scan("select at from t", &[("at", data_type)])).await;
    batches.map(|batches| value_at(batches[0].column(0).as_ref(), 0)).map_err(|letter| letter.code)
}

fn instant(text: &str) -> Value {
    Value::Datetime(DateTime::parse_from_rfc3339(text).unwrap().timestamp_micros())
}

#[tokio::test]
async fn iso_texts_are_instants() {
    for (text, expected) in [
        ("2013-01-01T23:29:00Z", "2013-01-01T23:29:00Z"),
        ("2013-01-01 23:29:00", "2013-01-01T23:29:00Z"),
        ("2013-01-01t23:29:00z", "2013-01-01T23:29:00Z"),
        ("2013-01-01 23:29", "2013-01-01T23:29:00Z"),
        ("2013-01-01T23:29Z", "2013-01-01T23:29:00Z"),
        ("2013-01-01T23:29+02:00", "2013-01-01T21:29:00Z"),
        ("2013-01-01", "2013-01-01T00:00:00Z"),
        ("2013-01-01T23:29:00.5Z", "2013-01-01T23:29:00.5Z"),
        ("2013-01-01T23:29:00.123456789", "2013-01-01T23:29:00.123456Z"),
        ("2013-01-01T23:29:00.123456789+00:00", "2013-01-01T23:29:00.123456Z"),
        ("2013-01-01 23:29:00.25-0330", "2013-01-02T02:59:00.25Z"),
        ("2013-01-01T23:29:00-05", "2013-01-02T04:29:00Z"),
        ("1969-12-31T23:59:59.9999999Z", "1969-12-31T23:59:59.999999Z"),
        ("2000-02-29T00:00:00Z", "2000-02-29T00:00:00Z"),
    ] {
        assert_eq!(read(text, DataType::Datetime).await, Ok(instant(expected)), "{text}");
    }
}

#[tokio::test]
async fn other_texts_are_refused() {
    for text in [
        "",
        "now",
        "2013",
        "2013-1-1",
        "20130101T232900Z",
        "13-01-01 23:29:00",
        " 2013-01-01T23:29:00Z",
        "2013-02-29T00:00:00Z",
        "2013-01-01T24:00:00Z",
        "2013-01-01T23:60:00Z",
        "2013-01-01X23:29:00Z",
        "2013-01-01T23:29:00.Z",
        "2013-01-01T23:29:00ZZ",
        "+2013-01-01T23:29:00Z",
        "2013-01-01T23:29:00 UTC",
        "12013-01-01T23:29:00Z",
        "2013-01-01T",
        "2013-01-01T23",
        "2013-01-0ä",
    ] {
        assert_eq!(read(text, DataType::Datetime).await, Err(Code::ValidationFailed), "{text}");
    }
}

#[tokio::test]
async fn dates_and_times_of_day() {
    assert_eq!(read("1970-01-03", DataType::Date).await, Ok(Value::Date(2)));
    assert_eq!(read("1970-01-03 00:00:00", DataType::Date).await, Err(Code::ValidationFailed));
    assert_eq!(read("00:00:01.5", DataType::Time).await, Ok(Value::Time(1_500_000)));
    assert_eq!(read("23:59", DataType::Time).await, Ok(Value::Time(86_340_000_000)));
    assert_eq!(read("23:59:00Z", DataType::Time).await, Err(Code::ValidationFailed));
}

#[tokio::test]
async fn integer_times_are_refused_whichever_way_they_are_asked_for() {
    let file = File::new("create table t (id integer, at integer); insert into t values (1, null), (2, 1360000000)");
    let source = file.source();
    let early = || Value::Datetime(0);
    for predicates in [
        vec![],
        vec![Predicate::AtMost { column: "at".into(), value: early() }],
        vec![Predicate::AtLeast { column: "at".into(), value: early() }],
    ] {
        let mut asked = scan("select id, at from t", &[("id", DataType::Int), ("at", DataType::Datetime)]);
        asked.predicates = predicates;
        let letter = source.scan(&asked).await.unwrap_err();
        assert_eq!(letter.code, Code::ValidationFailed, "{letter}");
        for word in ["`at`", "INTEGER", "datetime"] {
            assert!(letter.message.contains(word), "{letter}");
        }
    }
}

#[tokio::test]
async fn bounds_beyond_four_digits_of_the_year_lose_nothing() {
    let file =
        File::new("create table t (at text); insert into t values ('0001-01-01T00:00:00Z'), ('9999-12-31T23:59:59Z')");
    let source = file.source();
    for bound in [i64::MIN, i64::MAX, 253_402_300_799_000_000, -62_135_596_800_000_000] {
        for (predicate, expected) in [
            (Predicate::AtMost { column: "at".into(), value: Value::Datetime(bound) }, bound > 0),
            (Predicate::AtLeast { column: "at".into(), value: Value::Datetime(bound) }, bound < 0),
        ] {
            let mut asked = scan("select at from t", &[("at", DataType::Datetime)]);
            asked.predicates = vec![predicate];
            let rows: usize = source.scan(&asked).await.unwrap().iter().map(|batch| batch.num_rows()).sum();
            assert!(!expected || rows == 2, "{bound}");
        }
    }
}
