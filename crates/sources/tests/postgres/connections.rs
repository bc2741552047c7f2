//! Connections that break, statements that nobody waits for, tables that change, and the session's settings.

use super::{Database, connect, rows};
use creta_model::{DataType, Value};
use creta_ports::Source;
use std::sync::Arc;
use std::time::Duration;

use crate::sqlite::scan;

const ID: &[(&str, DataType)] = &[("id", DataType::Int)];

#[tokio::test]
async fn broken_connections_are_replaced() {
    let Some(database) = Database::new("breakage", "create table t as select 1 as id").await else { return };
    let source = database.source();
    let admin = connect(database.server, &database.server.database).await;
    for _ in 0..5 {
        assert_eq!(rows(&source, "select id from t", ID).await, [[Value::Int(1)]]);
        let text = "select pg_terminate_backend(pid) from pg_stat_activity
             where application_name = 'creta' and datname = 'breakage'";
        assert_eq!(admin.query(text, &[]).await.unwrap().len(), 1, "one connection is used again and again");
    }
}

#[tokio::test]
async fn tables_may_change_under_prepared_statements() {
    let Some(database) = Database::new("change", "create table t as select 1 as id").await else { return };
    let source = database.source();
    assert_eq!(rows(&source, "select * from t", ID).await, [[Value::Int(1)]]);
    database.run("alter table t add column ship text; alter table t alter column id type numeric").await;
    assert_eq!(rows(&source, "select * from t", ID).await, [[Value::Int(1)]]);
    database.run("drop table t; create table t as select 2 as id").await;
    assert_eq!(rows(&source, "select * from t", ID).await, [[Value::Int(2)]]);
}

async fn running(admin: &tokio_postgres::Client, database: &str) -> i64 {
    let text = "select count(*) from pg_stat_activity where datname = $1 and state = 'active'";
    admin.query_one(text, &[&database]).await.unwrap().get(0)
}

/// A statement that would run for long ends when nobody waits for it, so the connections do not run out.
#[tokio::test]
async fn abandoned_scans_are_cancelled() {
    let Some(database) = Database::new("abandoned", "create table t as select 1 as id").await else { return };
    let source = Arc::new(database.source());
    let admin = connect(database.server, &database.server.database).await;
    for _ in 0..12 {
        let endless = scan("select 1 as id from pg_sleep(600)", ID);
        let waited = tokio::time::timeout(Duration::from_millis(150), source.scan(&endless)).await;
        assert!(waited.is_err());
    }
    assert_eq!(rows(&source, "select id from t", ID).await, [[Value::Int(1)]]);
    for _ in 0..100 {
        if running(&admin, "abandoned").await == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("statements still run");
}

#[tokio::test]
async fn a_scan_that_ends_in_the_middle_leaves_no_rows_to_the_next() {
    let Some(database) = Database::new("middle", "create table t as select 1 as id").await else { return };
    let source = database.source();
    for _ in 0..3 {
        let text = "select case when n = 70000 then 0.5 else n end as id from generate_series(1, 1000000) n";
        assert!(source.scan(&scan(text, ID)).await.is_err());
        assert_eq!(rows(&source, "select id from t", ID).await, [[Value::Int(1)]]);
    }
}

#[tokio::test]
async fn many_scans_share_a_few_connections() {
    let Some(database) = Database::new("crowd", "create table t as select 1 as id").await else { return };
    let source = Arc::new(database.source());
    let scans = (0..60).map(|_| {
        let source = source.clone();
        tokio::spawn(async move { rows(&source, "select id from t, pg_sleep(0.01)", ID).await })
    });
    for scan in scans.collect::<Vec<_>>() {
        assert_eq!(scan.await.unwrap(), [[Value::Int(1)]]);
    }
    let admin = connect(database.server, &database.server.database).await;
    let text = "select count(*) from pg_stat_activity where application_name = 'creta' and datname = 'crowd'";
    assert!(admin.query_one(text, &[]).await.unwrap().get::<_, i64>(0) <= 8);
}

#[tokio::test]
async fn sessions_are_in_utc_and_read_only() {
    let Some(database) = Database::new("sessions", "").await else { return };
    let text = "select current_setting('TimeZone') as zone, current_setting('transaction_read_only') as read_only,
                       timestamptz '2024-01-01 00:00' as at";
    let columns = [("zone", DataType::Str), ("read_only", DataType::Str), ("at", DataType::Datetime)];
    let found = rows(&database.source(), text, &columns).await;
    let expected = [Value::Str("UTC".into()), Value::Str("on".into()), Value::Datetime(1_704_067_200_000_000)];
    assert_eq!(found, [expected]);
}
