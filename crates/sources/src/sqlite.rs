//! SQLite files as a source: the user's statement, wrapped, read into typed batches.

mod calendar;
mod cells;
mod pool;
mod read;
mod statement;

use async_trait::async_trait;
use creta_model::{Code, Letter};
use creta_ports::source::Scan;
use creta_ports::{Result, Source};
use pool::Pool;
use read::Reader;
use statement::Wrapped;
use std::path::Path;
use std::sync::Arc;

/// One SQLite file, read through a few read-only connections.
pub struct SqliteSource {
    pool: Pool,
    reader: Arc<Reader>,
}

impl SqliteSource {
    /// Opens the file that the source `name` declares as `path`; a relative path starts at the project's folder.
    /// Letters: `missing_file` (with the path as written), `source_failed` when it is no SQLite database.
    pub fn open(project: &Path, path: &str, name: &str) -> Result<SqliteSource> {
        let pool = Pool::open(project, path, name)?;
        Ok(SqliteSource { pool, reader: Arc::new(Reader::new(name)) })
    }
}

#[async_trait]
impl Source for SqliteSource {
    async fn scan(&self, scan: &Scan) -> Result<Vec<arrow::record_batch::RecordBatch>> {
        let wrapped = Wrapped::new(scan)?;
        let reader = self.reader.clone();
        let columns = scan.columns.clone();
        let answer = self.pool.run(move |connection| reader.read(connection, &wrapped, &columns)).await;
        answer.map_err(|letter| letter.resolver(&scan.resolver))
    }

    async fn columns(&self, statement: &str) -> Result<Vec<String>> {
        let statement = statement.to_owned();
        let source = self.reader.clone();
        self.pool
            .run(move |connection| {
                let prepared = connection.prepare(&statement).map_err(|error| refused(source.name(), &error))?;
                Ok(prepared.column_names().map(str::to_owned).collect())
            })
            .await
    }
}

fn refused(source: &str, error: &rusqlite::Error) -> Letter {
    Letter::new(Code::Sql, format!("Source `{source}` does not accept the statement: {}.", said(error)))
        .fix("Correct the statement; `sqlite3 FILE` shows the tables and columns that exist with `.schema`.")
}

fn failed(source: &str, error: &rusqlite::Error) -> Letter {
    let letter = Letter::new(Code::SourceFailed, format!("Source `{source}` cannot be read: {}.", said(error)));
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => {
            letter.fix("Another process keeps the file locked; let it commit, or switch the file to WAL mode.")
        }
        Some(rusqlite::ErrorCode::NotADatabase) => letter.fix("Let the source name a SQLite 3 file."),
        Some(rusqlite::ErrorCode::CannotOpen | rusqlite::ErrorCode::PermissionDenied) => {
            letter.fix("Allow the server's user to read the file and its folder.")
        }
        _ => letter,
    }
}

/// What SQLite itself says, without the text of the statement.
fn said(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    }
}
