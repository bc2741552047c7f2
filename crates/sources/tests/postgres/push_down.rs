//! The conformance suite in several styles of table, and which conditions PostgreSQL may and may not be asked for.

use super::{Database, filtered};
use arrow::array::{ArrayRef, Int64Array, LargeStringArray};
use chrono::DateTime;
use creta_model::{DataType, Value};
use creta_ports::Source;
use creta_ports::source::Predicate;
use creta_testkit::conformance::source::{self, Dialect, Table, rows_of};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::task::block_in_place;

/// How an operational system may declare the suite's table.
const STYLES: [(&str, &str); 3] = [
    (
        "suite_usual",
        "create table sightings (id bigint primary key, ship text, draught double precision, seen_at timestamptz,
            seen_on date, laden boolean, shift time);
         create index by_ship on sightings (ship, seen_at)",
    ),
    (
        "suite_unusual",
        "create collation caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
         create table sightings (id numeric(30, 0) primary key, ship varchar(40) collate caseless, draught real,
            seen_at timestamp, seen_on date, laden boolean, shift time)",
    ),
    (
        "suite_domains",
        "create domain number as bigint; create domain word as text; create domain moment as timestamptz;
         create table sightings (id number primary key, ship word, draught numeric, seen_at moment, seen_on date,
            laden boolean, shift time)",
    ),
];

fn literal(value: &Value) -> String {
    match value {
        Value::Int(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        Value::Bool(value) => value.to_string(),
        Value::Str(value) => format!("'{}'", value.replace('\'', "''")),
        Value::Datetime(micros) => {
            format!("'{}'", DateTime::from_timestamp_micros(*micros).unwrap().format("%Y-%m-%d %H:%M:%S%.6f+00"))
        }
        Value::Date(days) => format!("date '1970-01-01' + {days}"),
        Value::Time(micros) => format!("time '00:00' + interval '{micros} microseconds'"),
        _ => "null".to_owned(),
    }
}

async fn filled(name: &str, declaration: &str, table: &Table) -> Database {
    let rows = table.rows.iter().map(|row| format!("({})", row.iter().map(literal).collect::<Vec<_>>().join(", ")));
    let rows = rows.collect::<Vec<_>>().join(", ");
    Database::new(name, &format!("{declaration}; insert into sightings values {rows}")).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_style_of_table_passes_the_suite() {
    let dialect = Dialect { placeholder: |position| format!("${}", position + 1), nul_in_text: false };
    if creta_testkit::postgres::server().is_none() {
        return;
    }
    for (name, declaration) in STYLES {
        source::check_in(&dialect, |table| {
            let database = block_in_place(|| Handle::current().block_on(filled(name, declaration, table)));
            Arc::new(database.source())
        })
        .await;
    }
}

fn texts(column: &str, values: &[&str]) -> Predicate {
    let values: ArrayRef = Arc::new(LargeStringArray::from(values.to_vec()));
    Predicate::In { column: column.to_owned(), values }
}

fn ids(values: &[i64]) -> Predicate {
    Predicate::In { column: "id".to_owned(), values: Arc::new(Int64Array::from(values.to_vec())) }
}

/// The ids of the rows that a scan of table `t` under one condition on a text answers.
async fn found(database: &Database, column: &str, wanted: &[&str]) -> Vec<i64> {
    let columns = [("id", DataType::Int), (column, DataType::Str)];
    let scan = filtered("select * from t order by id", &columns, vec![texts(column, wanted)]);
    let rows = rows_of(&database.source().scan(&scan).await.unwrap());
    rows.iter().map(|row| if let Value::Int(id) = row[0] { id } else { -1 }).collect()
}

#[tokio::test]
async fn texts_of_every_kind_are_found_by_their_bytes() {
    let uuid = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
    let statements = format!(
        "create type mood as enum ('calm', 'stormy');
         create table t (id int, padded char(5), mood mood, number uuid, code name, price numeric, note json);
         insert into t values (1, 'ab', 'calm', '{uuid}', 'x', 1.50, '{{\"a\": 1}}'),
                              (2, 'cd', 'stormy', null, 'y', 2, 'null')"
    );
    let Some(database) = Database::new("kinds_of_text", &statements).await else { return };
    assert_eq!(found(&database, "padded", &["ab   "]).await, [1], "as PostgreSQL yields it");
    assert_eq!(found(&database, "mood", &["calm", "unheard of"]).await, [1]);
    assert_eq!(found(&database, "number", &[uuid, "no uuid", "a0eebc999c0b4ef8bb6d6bb9bd380a11"]).await, [1]);
    assert!(found(&database, "number", &["no uuid"]).await.is_empty());
    assert_eq!(found(&database, "code", &["y", "nul\0"]).await, [2]);
    assert_eq!(found(&database, "price", &["1.50"]).await, [1, 2], "left to the engine: 1.5 equals 1.50 in SQL only");
    assert_eq!(found(&database, "note", &["{\"a\": 1}"]).await, [1]);
}

#[tokio::test]
async fn numbers_of_every_width_are_found() {
    let made = Database::new(
        "kinds_of_number",
        "create table t (id int, small smallint, exact numeric, approximate double precision, narrow real);
         insert into t values (1, 7, 7.0, 7, 7), (2, -7, 9007199254740993, 9007199254740992, 16777216)",
    );
    let Some(database) = made.await else { return };
    let all = [7, -7, 9_007_199_254_740_992, 9_007_199_254_740_993, 16_777_216, i64::MAX, i64::MIN];
    for column in ["small", "exact", "approximate", "narrow"] {
        let columns = [("id", DataType::Int)];
        let statement = format!("select {column} as id from t");
        for predicates in [
            vec![ids(&all)],
            vec![Predicate::AtLeast { column: "id".into(), value: Value::Int(i64::MIN) }],
            vec![Predicate::AtMost { column: "id".into(), value: Value::Int(i64::MAX) }],
            vec![Predicate::AtMost { column: "id".into(), value: Value::Float(9e300) }],
            vec![Predicate::AtLeast { column: "id".into(), value: Value::Float(f64::NAN) }],
        ] {
            let rows = database.source().scan(&filtered(&statement, &columns, predicates.clone())).await.unwrap();
            assert_eq!(rows_of(&rows).len(), 2, "{column} {predicates:?}");
        }
    }
}

/// PostgreSQL counts how often it used an index; it tells when the session ends.
async fn index_is_used(database: &Database, index: &str, statement: &str, predicates: Vec<Predicate>) {
    let admin = super::connect(database.server, &database.name).await;
    let count = async || {
        let text = "select idx_scan from pg_stat_user_indexes where indexrelname = $1";
        admin.query_one(text, &[&index]).await.unwrap().get::<_, i64>(0)
    };
    let before = count().await;
    let columns = [("id", DataType::Int), ("carrier", DataType::Str), ("left_at", DataType::Datetime)];
    let source = database.source();
    let answer = source.scan(&filtered(statement, &columns, predicates)).await.unwrap();
    assert!(!rows_of(&answer).is_empty() && rows_of(&answer).len() < 1_000, "few rows are read");
    drop(source);
    for _ in 0..200 {
        if count().await > before {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{index} was not used for {statement}");
}

#[tokio::test]
async fn conditions_reach_the_indexes() {
    let made = Database::new(
        "indexes",
        "create table t (id int primary key, carrier varchar(5), left_at timestamp);
         insert into t select n, 'C' || n % 500, timestamp '2024-01-01' + n * interval '1 minute'
            from generate_series(1, 50000) n;
         create index by_carrier on t (carrier, left_at); create index by_time on t (left_at);
         analyze t",
    );
    let Some(database) = made.await else { return };
    let until = || Predicate::AtMost { column: "left_at".into(), value: Value::Datetime(1_704_070_000_000_000) };
    let all = "select * from t";
    index_is_used(&database, "t_pkey", all, vec![ids(&[1, 2, 3])]).await;
    index_is_used(&database, "by_carrier", all, vec![texts("carrier", &["C1", "C2"])]).await;
    index_is_used(&database, "by_time", all, vec![until()]).await;
    let grouped = "select max(id) as id, carrier, max(left_at) as left_at from t group by carrier";
    index_is_used(&database, "by_carrier", grouped, vec![texts("carrier", &["C1"])]).await;
}
