//! Which SQL type becomes which feature type, and which values fit into none.

use super::{Database, open, rows};
use creta_model::{Code, DataType, Letter, Value};
use creta_ports::Source;
use creta_sources::PostgresSource;
use creta_testkit::postgres::server;

use crate::sqlite::scan;

/// A source on the database that every server has.
fn source() -> Option<PostgresSource> {
    let server = server()?;
    let database = Database { server, name: server.database.clone() };
    open(&database.environment()).ok()
}

async fn read(source: &PostgresSource, expression: &str, data_type: DataType) -> Value {
    let statement = format!("select {expression} as it");
    rows(source, &statement, &[("it", data_type)]).await.remove(0).remove(0)
}

fn list(item: DataType) -> DataType {
    DataType::List(Box::new(item))
}

fn text(value: &str) -> Value {
    Value::Str(value.to_owned())
}

#[tokio::test]
async fn every_type_is_read() {
    use DataType::{Bool, Bytes, Date, Datetime, Float, Int, Str, Time, Timedelta};
    let Some(source) = source() else { return };
    let uuid = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
    let uuid_expression = format!("'{uuid}'::uuid");
    for (expression, data_type, expected) in [
        ("true", Bool, Value::Bool(true)),
        ("7::int2", Int, Value::Int(7)),
        ("-7::int4", Int, Value::Int(-7)),
        ("(-9223372036854775808)::int8", Int, Value::Int(i64::MIN)),
        ("7.0::float8", Int, Value::Int(7)),
        ("7.00::numeric", Int, Value::Int(7)),
        ("70000::numeric", Int, Value::Int(70_000)),
        ("9223372036854775807::numeric", Int, Value::Int(i64::MAX)),
        ("0::numeric", Int, Value::Int(0)),
        ("0.5::float4", Float, Value::Float(0.5)),
        ("0.1::float8", Float, Value::Float(0.1)),
        ("7::int4", Float, Value::Float(7.0)),
        ("-1234567.125::numeric", Float, Value::Float(-1_234_567.125)),
        ("0.1::numeric", Float, Value::Float(0.1)),
        ("0.000000000000000000000000000001::numeric", Float, Value::Float(1e-30)),
        ("1e300::numeric", Float, Value::Float(1e300)),
        ("123456789012345678901234567890.123456789::numeric", Float, Value::Float(1.234_567_890_123_456_8e29)),
        ("'Infinity'::numeric", Float, Value::Float(f64::INFINITY)),
        ("'-Infinity'::float8", Float, Value::Float(f64::NEG_INFINITY)),
        ("'x'::text", Str, text("x")),
        ("'x'::varchar(3)", Str, text("x")),
        ("'x'::char(3)", Str, text("x  ")),
        ("'x'::name", Str, text("x")),
        ("'x'", Str, text("x")),
        (uuid_expression.as_str(), Str, text(uuid)),
        ("1.50::numeric", Str, text("1.50")),
        ("-12345678.000009::numeric", Str, text("-12345678.000009")),
        ("0.00001234::numeric", Str, text("0.00001234")),
        ("100000000::numeric", Str, text("100000000")),
        ("'NaN'::numeric", Str, text("NaN")),
        ("'{\"a\": 1}'::json", Str, text("{\"a\": 1}")),
        ("'{\"a\":1}'::jsonb", Str, text("{\"a\": 1}")),
        ("'\\x00ff'::bytea", Bytes, Value::Bytes(vec![0, 255])),
        ("'1970-01-03'::date", Date, Value::Date(2)),
        ("'1969-12-31'::date", Date, Value::Date(-1)),
        ("'00:00:01.5'::time", Time, Value::Time(1_500_000)),
        ("'1970-01-01 00:00:01'::timestamp", Datetime, Value::Datetime(1_000_000)),
        ("'1970-01-01 02:00:01.000001+02'::timestamptz", Datetime, Value::Datetime(1_000_001)),
        ("'1969-12-31 23:59:59.999999'::timestamp::timestamptz", Datetime, Value::Datetime(-1)),
        ("'1970-01-02'::date", Datetime, Value::Datetime(86_400_000_000)),
        ("'1 day 00:00:00.000001'::interval", Timedelta, Value::Timedelta(86_400_000_001)),
        ("'-2 days 1 hour'::interval", Timedelta, Value::Timedelta(-169_200_000_000)),
        ("array[1, null, 3]::int4[]", list(Int), Value::List(vec![Value::Int(1), Value::Null, Value::Int(3)])),
        ("array[]::text[]", list(Str), Value::List(vec![])),
        ("array['a', 'ä']", list(Str), Value::List(vec![text("a"), text("ä")])),
        ("array['1970-01-02'::date]", list(Date), Value::List(vec![Value::Date(1)])),
        ("array[1.5, 2]::numeric[]", list(Float), Value::List(vec![Value::Float(1.5), Value::Float(2.0)])),
    ] {
        assert_eq!(read(&source, expression, data_type.clone()).await, expected, "{expression} as {data_type}");
        let null = format!("nullif({expression}, {expression})");
        if !expression.contains("json") {
            assert_eq!(read(&source, &null, data_type.clone()).await, Value::Null, "{null} as {data_type}");
        }
    }
    assert!(matches!(read(&source, "'NaN'::numeric", Float).await, Value::Float(value) if value.is_nan()));
}

async fn misfit(source: &PostgresSource, expression: &str, data_type: DataType) -> Letter {
    let statement = format!("select {expression} as berth");
    source.scan(&scan(&statement, &[("berth", data_type)])).await.unwrap_err()
}

#[tokio::test]
async fn a_value_that_does_not_fit_names_column_and_both_types() {
    use DataType::{Bool, Bytes, Date, Datetime, Float, Int, Str, Time, Timedelta};
    let Some(source) = source() else { return };
    for (expression, data_type, held) in [
        ("7.5::float8", Int, "float8 that is not a whole number"),
        ("7.5::numeric", Int, "numeric that is not a whole number"),
        ("9223372036854775808::numeric", Int, "numeric that is not a whole number of 64 bits"),
        ("'NaN'::numeric", Int, "numeric"),
        ("1e400::numeric", Float, "numeric beyond"),
        ("'7'::text", Int, "text"),
        ("true", Int, "bool"),
        ("1", Bool, "int4"),
        ("7", Str, "int4"),
        ("true", Str, "bool"),
        ("'x'::text", Bytes, "text"),
        ("now()", Date, "timestamptz"),
        ("'infinity'::timestamptz", Datetime, "timestamptz that is infinite"),
        ("'-infinity'::timestamp", Datetime, "timestamp that is infinite"),
        ("'infinity'::date", Date, "date that is infinite"),
        ("1360000000", Datetime, "int4"),
        ("'24:00'::time", Time, "time of 24:00"),
        ("'10:00+02'::timetz", Time, "timetz"),
        ("'1 month'::interval", Timedelta, "interval with months"),
        ("60", Timedelta, "int4"),
        ("array[[1], [2]]", list(Int), "int4[] of several dimensions"),
        ("array['x']", list(Int), "items of text"),
        ("1", list(Int), "int4"),
        ("row(1, 'x')", Str, "record"),
        ("'127.0.0.1'::inet", Str, "inet"),
        ("'[1,2]'::int4range", Str, "int4range"),
    ] {
        let letter = misfit(&source, expression, data_type.clone()).await;
        assert_eq!(letter.code, Code::ValidationFailed, "{expression} as {data_type}: {letter}");
        assert_eq!(letter.resolver.as_deref(), Some("calls"));
        for word in ["`berth`", held, &data_type.to_string()] {
            assert!(letter.message.contains(word), "{expression} as {data_type}: {letter}");
        }
        assert!(letter.fix.is_some());
    }
}

#[tokio::test]
async fn types_of_the_users_own() {
    let made = Database::new(
        "own_types",
        "create type mood as enum ('calm', 'stormy'); create type place as (x int, y int);
         create domain tonnage as numeric check (value > 0); create domain tag as text[];
         create table t (mood mood, moods mood[], place place, tonnage tonnage, tags tag);
         insert into t values ('calm', '{calm,stormy}', row(1, 2), 7.5, '{a,b}')",
    );
    let Some(database) = made.await else { return };
    let source = database.source();
    let columns = [
        ("mood", DataType::Str),
        ("moods", list(DataType::Str)),
        ("tonnage", DataType::Float),
        ("tags", list(DataType::Str)),
    ];
    let found = rows(&source, "select * from t", &columns).await;
    let moods = Value::List(vec![text("calm"), text("stormy")]);
    let tags = Value::List(vec![text("a"), text("b")]);
    assert_eq!(found, [[text("calm"), moods, Value::Float(7.5), tags]]);
    let letter = source.scan(&scan("select place from t", &[("place", DataType::Str)])).await.unwrap_err();
    assert_eq!(letter.code, Code::ValidationFailed);
    assert!(letter.message.contains("holds place") && letter.fix.is_some(), "{letter}");
}

#[tokio::test]
async fn values_of_every_type_are_bound() {
    let Some(source) = source() else { return };
    let uuid = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
    for (expression, value) in [
        ("$1::int2 = 7", Value::Int(7)),
        ("$1 = 7::int8", Value::Int(7)),
        ("$1 = 7::numeric", Value::Int(7)),
        ("$1 = 0.1::float8", Value::Float(0.1)),
        ("$1 = 1e300::float8", Value::Float(1e300)),
        ("$1 = 'it''s'", text("it's")),
        ("$1 = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid", text(uuid)),
        ("$1 = true", Value::Bool(true)),
        ("$1 = '\\x00ff'::bytea", Value::Bytes(vec![0, 255])),
        ("$1 = '1970-01-01 00:00:01+00'::timestamptz", Value::Datetime(1_000_000)),
        ("$1 = '1970-01-01 00:00:01'::timestamp", Value::Datetime(1_000_000)),
        ("$1 = '1970-01-03'::date", Value::Date(2)),
        ("$1 = '00:00:01.5'::time", Value::Time(1_500_000)),
        ("$1 = '1 second'::interval", Value::Timedelta(1_000_000)),
        ("$1::text is null", Value::Null),
    ] {
        let mut question = scan(&format!("select {expression} as it"), &[("it", DataType::Bool)]);
        question.parameters = vec![value];
        let answer = source.scan(&question).await.unwrap();
        assert_eq!(creta_testkit::conformance::source::rows_of(&answer), [[Value::Bool(true)]], "{expression}");
    }
    let mut question = scan("select $1::text as it", &[("it", DataType::Str)]);
    question.parameters = vec![Value::List(vec![])];
    assert_eq!(source.scan(&question).await.unwrap_err().code, Code::ValidationFailed);
}

#[tokio::test]
async fn rows_come_in_bounded_batches_and_columns_may_have_any_name() {
    let Some(source) = source() else { return };
    let numbers = scan("select generate_series(1, 150000) as id", &[("id", DataType::Int)]);
    let batches = source.scan(&numbers).await.unwrap();
    let sizes: Vec<usize> = batches.iter().map(arrow::array::RecordBatch::num_rows).collect();
    assert_eq!(sizes, [65_536, 65_536, 18_928]);
    let names = rows(&source, "select 1 as \"the \"\"id\"\"\"", &[("the \"id\"", DataType::Int)]).await;
    assert_eq!(names, [[Value::Int(1)]]);
    let counted = source.scan(&scan("select 1 as id union all select 2", &[])).await.unwrap();
    assert_eq!(counted.iter().map(arrow::array::RecordBatch::num_rows).sum::<usize>(), 2);
}
