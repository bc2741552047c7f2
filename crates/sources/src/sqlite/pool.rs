//! A few read-only connections to one file, lent to blocking threads one piece of work at a time.

use super::failed;
use creta_model::{Code, Letter};
use creta_ports::Result;
use rusqlite::{Connection, InterruptHandle, OpenFlags};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// Scans of one file that may run at once.
const CONNECTIONS: usize = 4;
/// Statements that each connection keeps prepared: shapes of predicates times resolvers.
const PREPARED_STATEMENTS: usize = 64;
/// How long a read waits for a writer that holds the file's lock.
const LOCK_WAIT: Duration = Duration::from_secs(5);

pub(super) struct Pool {
    file: Arc<File>,
    idle: Mutex<Vec<Opened>>,
    permits: Arc<Semaphore>,
}

/// Which file, by its path and by the names that letters use.
struct File {
    path: PathBuf,
    written: String,
    source: String,
}

/// Device and inode: a file that was replaced by another has others.
type Identity = (u64, u64);

struct Opened {
    connection: Connection,
    identity: Identity,
}

impl Pool {
    pub fn open(project: &Path, written: &str, source: &str) -> Result<Pool> {
        let joined = project.join(written);
        // An absolute path is never taken for a URI by SQLite.
        let path = std::path::absolute(&joined).unwrap_or(joined);
        let file = File { path, written: written.to_owned(), source: source.to_owned() };
        let first = file.open()?;
        Ok(Pool { file: Arc::new(file), idle: Mutex::new(vec![first]), permits: Arc::new(Semaphore::new(CONNECTIONS)) })
    }

    /// Runs `work` on a blocking thread with a connection of its own. When the caller goes away, the work is
    /// interrupted and its connection closed.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let permit = self.permits.clone().acquire_owned().await.map_err(broken)?;
        let opened = self.take().await?;
        let guard = InterruptOnDrop(Some(opened.connection.get_interrupt_handle()));
        // The permit travels with the work: work that nobody awaits any more still counts while it runs.
        let working = spawn_blocking(move || {
            let outcome = work(&opened.connection);
            (outcome, opened, permit)
        });
        let (outcome, opened, permit) = working.await.map_err(broken)?;
        guard.disarm();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(opened);
        drop(permit);
        outcome
    }

    async fn take(&self) -> Result<Opened> {
        let identity = self.file.identity()?;
        while let Some(opened) = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop() {
            if opened.identity == identity {
                return Ok(opened);
            }
        }
        let file = self.file.clone();
        spawn_blocking(move || file.open()).await.map_err(broken)?
    }
}

impl File {
    fn open(&self) -> Result<Opened> {
        let identity = self.identity()?;
        let connection = self.connect().map_err(|error| failed(&self.source, &error))?;
        Ok(Opened { connection, identity })
    }

    fn connect(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(LOCK_WAIT)?;
        connection.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
        connection.pragma_update(None, "query_only", true)?;
        // The first read of the file finds out whether it is a database at all.
        connection.pragma_query_value(None, "schema_version", |_| Ok(()))?;
        Ok(connection)
    }

    fn identity(&self) -> Result<Identity> {
        let metadata = std::fs::metadata(&self.path).map_err(|error| self.missing(&error))?;
        Ok((metadata.dev(), metadata.ino()))
    }

    fn missing(&self, error: &std::io::Error) -> Letter {
        let File { written, source, .. } = self;
        let message = match error.kind() {
            std::io::ErrorKind::NotFound => format!("Source `{source}` reads `{written}`, which does not exist."),
            _ => format!("Source `{source}` reads `{written}`, which cannot be opened: {error}."),
        };
        Letter::new(Code::MissingFile, message)
            .fix("Create the file or correct the source's path; relative paths start at the project's folder.")
    }
}

/// Stops a statement that nobody waits for any longer.
struct InterruptOnDrop(Option<InterruptHandle>);

impl InterruptOnDrop {
    fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for InterruptOnDrop {
    fn drop(&mut self) {
        if let Some(handle) = &self.0 {
            handle.interrupt();
        }
    }
}

fn broken(error: impl std::fmt::Display) -> Letter {
    Letter::new(Code::Bug, format!("A read of a SQLite source did not end properly: {error}."))
}
