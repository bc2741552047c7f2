//! Metadata in one SQLite file: every change is one transaction that is on disk when it returns.

mod runs;

use crate::directory::newer;
use crate::files::failed;
use async_trait::async_trait;
use creta_model::{Code, Letter};
use creta_ports::metadata::{Client, Deployment, Revision, RevisionStatus};
use creta_ports::{Metadata, Result};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The schema that this build reads and writes; it brings older ones up to it.
const VERSION: u32 = 3;

const SCHEMA: &str = "
    CREATE TABLE schema (version INTEGER NOT NULL);
    CREATE TABLE deployments (id TEXT PRIMARY KEY, created_at INTEGER NOT NULL, bundle TEXT NOT NULL);
    CREATE TABLE active (only_row INTEGER PRIMARY KEY CHECK (only_row = 0), deployment TEXT NOT NULL
        REFERENCES deployments (id));
    CREATE TABLE clients (id TEXT PRIMARY KEY, secret_hash TEXT NOT NULL);
    CREATE TABLE revisions (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, dataset_id TEXT NOT NULL,
        dataset_name TEXT, created_at INTEGER NOT NULL, finished INTEGER NOT NULL, body TEXT NOT NULL);
    CREATE INDEX revisions_by_dataset ON revisions (dataset_id);
    CREATE INDEX revisions_by_name ON revisions (dataset_name);
    CREATE INDEX revisions_unfinished ON revisions (finished) WHERE finished = 0;
";

/// What version 2 added.
const DROPPED: &str = "CREATE TABLE dropped (feature TEXT PRIMARY KEY);";

/// What each version added to the one before it; the first stands in [`SCHEMA`].
const ADDED: [&str; 2] = [DROPPED, runs::TABLES];

/// Metadata on the local disk. Calls are short; they run where they are made.
pub struct SqliteMetadata {
    connection: Mutex<Connection>,
}

impl SqliteMetadata {
    /// Letters: `data_directory_newer`.
    pub fn open(path: &Path) -> Result<SqliteMetadata> {
        let mut connection = Connection::open(path).map_err(failed("The metadata could not be opened"))?;
        prepare(&mut connection)?;
        Ok(SqliteMetadata { connection: Mutex::new(connection) })
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        // A panic elsewhere rolled its transaction back; the connection itself is sound.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn prepare(connection: &mut Connection) -> Result<()> {
    let opened =
        connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;");
    opened.map_err(failed("The metadata could not be opened"))?;
    let transaction = connection.transaction().map_err(unread)?;
    let known = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema'";
    if transaction.query_row(known, [], |_| Ok(())).optional().map_err(unread)?.is_none() {
        transaction.execute_batch(SCHEMA).map_err(unwritten)?;
        transaction.execute("INSERT INTO schema VALUES (1)", []).map_err(unwritten)?;
    }
    let version: u32 =
        transaction.query_row("SELECT max(version) FROM schema", [], |row| row.get(0)).map_err(unread)?;
    if version > VERSION {
        return Err(newer("The metadata", version, VERSION));
    }
    for added in ADDED.iter().skip(version.saturating_sub(1) as usize) {
        transaction.execute_batch(added).map_err(unwritten)?;
    }
    if version < VERSION {
        transaction.execute("UPDATE schema SET version = ?1", [VERSION]).map_err(unwritten)?;
    }
    transaction.commit().map_err(unwritten)
}

fn unread(error: rusqlite::Error) -> Letter {
    failed("Metadata could not be read")(error)
}

fn unwritten(error: rusqlite::Error) -> Letter {
    failed("Metadata could not be written")(error)
}

fn deployment(row: &Row<'_>) -> rusqlite::Result<Deployment> {
    Ok(Deployment { id: row.get(0)?, created_at: row.get(1)?, bundle: row.get(2)? })
}

fn revisions(connection: &Connection, condition: &str, parameters: impl rusqlite::Params) -> Result<Vec<Revision>> {
    let statement = format!("SELECT body FROM revisions WHERE {condition} ORDER BY created_at, number");
    let mut statement = connection.prepare_cached(&statement).map_err(unread)?;
    let bodies = statement.query_map(parameters, |row| row.get::<_, String>(0)).map_err(unread)?;
    bodies.map(|body| parse(&body.map_err(unread)?)).collect()
}

fn parse(body: &str) -> Result<Revision> {
    serde_json::from_str(body).map_err(failed("A recorded revision cannot be read"))
}

#[async_trait]
impl Metadata for SqliteMetadata {
    async fn activate(&self, deployment: Deployment) -> Result<()> {
        let mut connection = self.connection();
        let transaction = connection.transaction().map_err(unwritten)?;
        let record = "INSERT INTO deployments (id, created_at, bundle) VALUES (?1, ?2, ?3)
            ON CONFLICT (id) DO UPDATE SET created_at = excluded.created_at, bundle = excluded.bundle";
        let point =
            "INSERT INTO active VALUES (0, ?1) ON CONFLICT (only_row) DO UPDATE SET deployment = excluded.deployment";
        let row = params![deployment.id, deployment.created_at, deployment.bundle];
        transaction.execute(record, row).map_err(unwritten)?;
        transaction.execute(point, [&deployment.id]).map_err(unwritten)?;
        transaction.execute("DELETE FROM dropped", []).map_err(unwritten)?;
        transaction.commit().map_err(unwritten)
    }

    async fn active(&self) -> Result<Option<Deployment>> {
        let statement = "SELECT id, created_at, bundle FROM deployments JOIN active ON id = deployment";
        self.connection().query_row(statement, [], deployment).optional().map_err(unread)
    }

    async fn deployment(&self, id: &str) -> Result<Option<Deployment>> {
        let statement = "SELECT id, created_at, bundle FROM deployments WHERE id = ?1";
        self.connection().query_row(statement, [id], deployment).optional().map_err(unread)
    }

    async fn put_dropped(&self, features: &[String]) -> Result<()> {
        let mut connection = self.connection();
        let transaction = connection.transaction().map_err(unwritten)?;
        for feature in features {
            transaction.execute("INSERT OR IGNORE INTO dropped VALUES (?1)", [feature]).map_err(unwritten)?;
        }
        transaction.commit().map_err(unwritten)
    }

    async fn dropped(&self) -> Result<BTreeSet<String>> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached("SELECT feature FROM dropped").map_err(unread)?;
        let features = statement.query_map([], |row| row.get(0)).map_err(unread)?;
        features.map(|feature| feature.map_err(unread)).collect()
    }

    async fn put_client(&self, client: Client) -> Result<()> {
        let statement = "INSERT INTO clients VALUES (?1, ?2)
            ON CONFLICT (id) DO UPDATE SET secret_hash = excluded.secret_hash";
        let row = params![client.id, client.secret_hash];
        self.connection().execute(statement, row).map_err(unwritten).map(drop)
    }

    async fn client(&self, id: &str) -> Result<Option<Client>> {
        let statement = "SELECT id, secret_hash FROM clients WHERE id = ?1";
        let client = |row: &Row<'_>| Ok(Client { id: row.get(0)?, secret_hash: row.get(1)? });
        self.connection().query_row(statement, [id], client).optional().map_err(unread)
    }

    async fn put_revision(&self, revision: Revision) -> Result<()> {
        let body = serde_json::to_string(&revision)
            .map_err(|error| Letter::new(Code::Bug, format!("A revision could not be recorded: {error}.")))?;
        let finished = !matches!(revision.status, RevisionStatus::Pending | RevisionStatus::Running);
        let statement = "INSERT INTO revisions (id, dataset_id, dataset_name, created_at, finished, body)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6)
            ON CONFLICT (id) DO UPDATE SET dataset_id = excluded.dataset_id, dataset_name = excluded.dataset_name,
                created_at = excluded.created_at, finished = excluded.finished, body = excluded.body";
        let row = params![revision.id, revision.dataset_id, revision.dataset_name, revision.created_at, finished, body];
        self.connection().execute(statement, row).map_err(unwritten).map(drop)
    }

    async fn revision(&self, id: &str) -> Result<Option<Revision>> {
        Ok(revisions(&self.connection(), "id = ?1", [id])?.into_iter().next())
    }

    async fn dataset(&self, name_or_id: &str) -> Result<Vec<Revision>> {
        revisions(&self.connection(), "dataset_id = ?1 OR dataset_name = ?1", [name_or_id])
    }

    async fn datasets(&self, limit: usize) -> Result<Vec<Revision>> {
        let newest = "number IN (SELECT max(number) FROM revisions WHERE dataset_name IS NOT NULL GROUP BY dataset_id
            ORDER BY max(number) DESC LIMIT ?1)";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut newest = revisions(&self.connection(), newest, [limit])?;
        newest.reverse();
        Ok(newest)
    }

    async fn unfinished(&self) -> Result<Vec<Revision>> {
        revisions(&self.connection(), "finished = 0", [])
    }
}
