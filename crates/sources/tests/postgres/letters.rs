//! What can be wrong with a database, its settings or a statement, and what the reader is told.

use super::{Database, open};
use creta_model::{Code, DataType, Letter};
use creta_ports::Source;
use creta_sources::PostgresSource;
use std::collections::HashMap;
use std::time::Duration;

use crate::sqlite::scan;

async fn told(source: &PostgresSource) -> Letter {
    source.columns("select 1 as id").await.unwrap_err()
}

/// The letter says this and what to change, and no letter tells the password.
fn assert_says(letter: &Letter, database: &Database, words: &[&str]) {
    let whole = format!("{} {}", letter.message, letter.fix.as_deref().unwrap_or_default());
    assert_eq!(letter.code, Code::SourceFailed, "{whole}");
    for word in words.iter().chain(&["`harbour`"]) {
        assert!(whole.contains(word), "`{word}` is not in: {whole}");
    }
    assert!(!whole.contains(&database.server.password), "{whole}");
}

#[tokio::test]
async fn every_way_of_not_getting_in_has_its_letter() {
    let Some(database) = Database::new("letters", "").await else { return };
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let stranger = database.server.stranger.as_str();
    for (changes, words) in [
        (vec![("PGPORT", free.as_str())], vec!["nothing listens at localhost:", "`PGHOST`", "`PGPORT`"]),
        (vec![("PGHOST", "no-such-host.invalid")], vec!["no host `no-such-host.invalid`", "`PGHOST`"]),
        (vec![("PGPASSWORD", "hunter2")], vec!["refuses the password of user `app`", "`PGPASSWORD`"]),
        (vec![("PGPASSWORD", "")], vec!["asks for the password of user `app`", "Set `PGPASSWORD`"]),
        (vec![("PGUSER", "nobody")], vec!["turns source", "\"nobody\""]),
        (vec![("PGDATABASE", "nowhere")], vec!["the database `nowhere`", "`PGDATABASE`"]),
        (vec![("PGSSLMODE", "disable")], vec!["turns source", "TLS", "`PGSSLMODE`"]),
        (vec![("PGSSLROOTCERT", stranger)], vec!["not trusted", "`PGSSLROOTCERT`"]),
        (vec![("PGHOST", "127.0.0.1")], vec!["not trusted", "not valid for name"]),
        (vec![("PGSSLMODE", "verify-ca"), ("PGSSLROOTCERT", stranger)], vec!["not trusted"]),
        (vec![("PGSSLMODE", "require"), ("PGSSLROOTCERT", stranger)], vec!["not trusted"]),
        (vec![("PGUSER", "plain")], vec!["turns source", "pg_hba.conf"]),
    ] {
        let source = database.source_with(&changes).unwrap();
        assert_says(&told(&source).await, &database, &words);
    }
}

#[tokio::test]
async fn a_silent_host_is_given_up() {
    let Some(database) = Database::new("silence", "").await else { return };
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let source = database.source_with(&[("PGPORT", &port)]).unwrap();
    assert_says(&told(&source).await, &database, &["did not answer within 5 seconds"]);
}

#[tokio::test]
async fn settings_that_make_no_sense_are_refused_at_once() {
    let Some(database) = Database::new("settings", "").await else { return };
    for (changes, words) in [
        (vec![("PGPORT", "many")], vec!["the port `many`", "`PGPORT`"]),
        (vec![("PGSSLMODE", "sometimes")], vec!["the sslmode `sometimes`", "verify-full", "`PGSSLMODE`"]),
        (vec![("PGSSLROOTCERT", "/nowhere.pem")], vec!["/nowhere.pem", "`PGSSLROOTCERT`"]),
        (vec![("PGHOST", ""), ("PGUSER", "")], vec!["`PGHOST`, `PGUSER`", "creta up"]),
    ] {
        let letter = database.source_with(&changes).err().unwrap();
        assert_says(&letter, &database, &words);
    }
    let letter = open(&HashMap::new()).err().unwrap();
    assert!(letter.message.contains("`PGHOST`, `PGDATABASE`, `PGUSER`"), "{letter}");
}

#[tokio::test]
async fn every_sslmode_that_should_gets_in() {
    let Some(database) = Database::new("sslmodes", "").await else { return };
    let stranger = ("PGSSLROOTCERT", database.server.stranger.as_str());
    for changes in [
        vec![],
        vec![("PGSSLMODE", "")],
        vec![("PGSSLMODE", "prefer"), stranger],
        vec![("PGSSLMODE", "require"), ("PGSSLROOTCERT", "")],
        vec![("PGSSLMODE", "require")],
        vec![("PGSSLMODE", "verify-ca"), ("PGHOST", "127.0.0.1")],
        vec![("PGSSLMODE", "disable"), ("PGUSER", "plain")],
        vec![("PGHOST", database.server.socket.as_str()), ("PGPASSWORD", "")],
    ] {
        let source = database.source_with(&changes).unwrap();
        assert_eq!(source.columns("select 1 as id").await.unwrap(), ["id"], "{changes:?}");
    }
}

#[tokio::test]
async fn encryption_is_what_was_asked_for() {
    let Some(database) = Database::new("encryption", "").await else { return };
    let question = "select ssl as it from pg_stat_ssl where pid = pg_backend_pid()";
    for (mode, user, encrypted) in [("verify-full", "app", true), ("prefer", "app", true), ("disable", "plain", false)]
    {
        let source = database.source_with(&[("PGSSLMODE", mode), ("PGUSER", user)]).unwrap();
        let rows = super::rows(&source, question, &[("it", DataType::Bool)]).await;
        assert_eq!(rows, [[creta_model::Value::Bool(encrypted)]], "{mode}");
    }
}

#[tokio::test]
async fn statements_are_refused_in_postgresqls_own_words() {
    let Some(database) = Database::new("statements", "create table t (id int, code int)").await else { return };
    let source = database.source();
    for (statement, words) in [
        ("selec nothing", "syntax error"),
        ("select ship from t", "column \"ship\" does not exist"),
        ("select * from nowhere", "relation \"nowhere\" does not exist"),
        ("select 1 as id where $1 is null", "could not determine data type"),
    ] {
        let letter = source.columns(statement).await.unwrap_err();
        assert_eq!(letter.code, Code::Sql, "{letter}");
        assert!(letter.message.contains(words) && letter.fix.is_some(), "{letter}");
    }
    let hint = source.columns("select coda from t").await.unwrap_err();
    assert!(hint.fix.unwrap().contains("\"t.code\""));
}

#[tokio::test]
async fn errors_about_data_do_not_quote_it() {
    let Some(database) = Database::new("secrets", "create table t as select 'confidential' as word").await else {
        return;
    };
    let question = scan("select word::int as id from t", &[("id", DataType::Int)]);
    let letter = database.source().scan(&question).await.unwrap_err();
    assert_eq!(letter.code, Code::SourceFailed);
    assert!(letter.message.contains("22P02") && !letter.to_string().contains("confidential"), "{letter}");
}

#[tokio::test]
async fn nothing_is_written_and_nothing_may_be_read_without_the_right() {
    let made = Database::new("rights", "create table t (id int); create sequence numbers").await;
    let Some(database) = made else { return };
    let writing = scan("with w as (insert into t values (1) returning id) select * from w", &[("id", DataType::Int)]);
    let letter = database.source().scan(&writing).await.unwrap_err();
    assert_eq!(letter.code, Code::SourceFailed, "{letter}");
    let counting = scan("select nextval('numbers') as id", &[("id", DataType::Int)]);
    let letter = database.source().scan(&counting).await.unwrap_err();
    assert!(letter.message.contains("read-only transaction"), "{letter}");
    let plain = database.source_with(&[("PGUSER", "plain"), ("PGSSLMODE", "disable")]).unwrap();
    let letter = plain.scan(&scan("select id from t", &[("id", DataType::Int)])).await.unwrap_err();
    assert_says(&letter, &database, &["permission denied for table t", "`plain`"]);
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_ended_by_the_database() {
    let Some(database) = Database::new("slowness", "").await else { return };
    let mut question = scan("select 1 as id from pg_sleep(60)", &[("id", DataType::Int)]);
    question.timeout = Duration::from_millis(200);
    let letter = database.source().scan(&question).await.unwrap_err();
    assert_eq!(letter.code, Code::ResolverTimedOut, "{letter}");
    assert!(letter.message.contains("200ms"), "{letter}");
}
