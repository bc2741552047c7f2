//! Runs of resolvers and their cursors, in the same file as the rest of the metadata.

use super::{SqliteMetadata, failed, unread, unwritten};
use async_trait::async_trait;
use creta_model::{Code, Letter};
use creta_ports::Result;
use creta_ports::runs::{Cursor, ResolverRun, RunRecords, RunStatus};
use rusqlite::{Connection, OptionalExtension, Row, params};

/// What version 3 added.
pub(super) const TABLES: &str = "
    CREATE TABLE runs (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, idempotency_key TEXT UNIQUE,
        finished INTEGER NOT NULL, body TEXT NOT NULL);
    CREATE INDEX runs_unfinished ON runs (finished) WHERE finished = 0;
    CREATE TABLE cursors (resolver TEXT PRIMARY KEY, ingested_until INTEGER, executed_at INTEGER);
";

const CURSORS: &str = "SELECT resolver, ingested_until, executed_at FROM cursors";

fn runs(connection: &Connection, condition: &str, parameters: impl rusqlite::Params) -> Result<Vec<ResolverRun>> {
    let statement = format!("SELECT body FROM runs WHERE {condition} ORDER BY number");
    let mut statement = connection.prepare_cached(&statement).map_err(unread)?;
    let bodies = statement.query_map(parameters, |row| row.get::<_, String>(0)).map_err(unread)?;
    let parse = |body: String| serde_json::from_str(&body).map_err(failed("A recorded run cannot be read"));
    bodies.map(|body| parse(body.map_err(unread)?)).collect()
}

fn put_run(connection: &Connection, run: &ResolverRun) -> Result<()> {
    let body = serde_json::to_string(run)
        .map_err(|error| Letter::new(Code::Bug, format!("A run could not be recorded: {error}.")))?;
    let statement = "INSERT INTO runs (id, idempotency_key, finished, body) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (id) DO UPDATE SET finished = excluded.finished, body = excluded.body";
    let row = params![run.id, run.idempotency_key, run.status != RunStatus::Received, body];
    connection.execute(statement, row).map_err(unwritten).map(drop)
}

fn put_cursor(connection: &Connection, cursor: &Cursor) -> Result<()> {
    let statement = "INSERT INTO cursors VALUES (?1, ?2, ?3)
        ON CONFLICT (resolver) DO UPDATE SET ingested_until = excluded.ingested_until, executed_at = excluded.executed_at";
    let row = params![cursor.resolver, cursor.ingested_until, cursor.executed_at];
    connection.execute(statement, row).map_err(unwritten).map(drop)
}

fn cursor(row: &Row<'_>) -> rusqlite::Result<Cursor> {
    Ok(Cursor { resolver: row.get(0)?, ingested_until: row.get(1)?, executed_at: row.get(2)? })
}

#[async_trait]
impl RunRecords for SqliteMetadata {
    async fn begin_run(&self, run: ResolverRun) -> Result<ResolverRun> {
        let connection = self.connection();
        let known = match &run.idempotency_key {
            Some(key) => runs(&connection, "idempotency_key = ?1", [key])?.pop(),
            None => None,
        };
        match known {
            Some(known) => Ok(known),
            None => put_run(&connection, &run).map(|()| run),
        }
    }

    async fn end_run(&self, run: ResolverRun, cursor: Option<Cursor>) -> Result<()> {
        let mut connection = self.connection();
        let transaction = connection.transaction().map_err(unwritten)?;
        put_run(&transaction, &run)?;
        if let Some(cursor) = &cursor {
            put_cursor(&transaction, cursor)?;
        }
        transaction.commit().map_err(unwritten)
    }

    async fn run(&self, id: &str) -> Result<Option<ResolverRun>> {
        Ok(runs(&self.connection(), "id = ?1", [id])?.pop())
    }

    async fn unfinished_runs(&self) -> Result<Vec<ResolverRun>> {
        runs(&self.connection(), "finished = 0", [])
    }

    async fn put_cursor(&self, cursor: Cursor) -> Result<()> {
        put_cursor(&self.connection(), &cursor)
    }

    async fn cursor(&self, resolver: &str) -> Result<Option<Cursor>> {
        let statement = format!("{CURSORS} WHERE resolver = ?1");
        self.connection().query_row(&statement, [resolver], cursor).optional().map_err(unread)
    }

    async fn cursors(&self) -> Result<Vec<Cursor>> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(&format!("{CURSORS} ORDER BY resolver")).map_err(unread)?;
        let cursors = statement.query_map([], cursor).map_err(unread)?;
        cursors.map(|cursor| cursor.map_err(unread)).collect()
    }

    async fn remove_cursor(&self, resolver: &str) -> Result<bool> {
        let removed = self.connection().execute("DELETE FROM cursors WHERE resolver = ?1", [resolver]);
        removed.map(|count| count > 0).map_err(unwritten)
    }
}
