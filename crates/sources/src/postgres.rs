//! PostgreSQL databases as a source: the user's statement, wrapped, read in the binary protocol into typed batches.

mod cells;
mod letters;
mod numeric;
mod parameters;
mod pool;
mod settings;
mod sql_type;
mod statement;
mod tls;

use crate::batches::{self, Batches};
use crate::columns::Misfit;
use crate::wrapping;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use cells::Raw;
use creta_model::bundle::PostgresSettings;
use creta_model::{DataType, Letter};
use creta_ports::source::{Scan, ScanColumn};
use creta_ports::{Result, Source};
use deadpool_postgres::ClientWrapper;
use futures::{TryStreamExt, future, pin_mut};
use pool::Pool;
pub use settings::Environment;
use settings::Settings;
use sql_type::Held;
use statement::{Columns, Wrapped};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres::RowStream;
use tokio_postgres::error::SqlState;

/// The longest limit that PostgreSQL knows, in milliseconds.
const LONGEST_LIMIT: u128 = i32::MAX as u128;

/// One PostgreSQL database, read through a few connections.
pub struct PostgresSource {
    pool: Pool,
    settings: Arc<Settings>,
}

/// Why a scan ended early: what the database said when its answer was over, or a letter of ours in the middle of it.
enum Failure {
    Database(tokio_postgres::Error),
    Letter(Letter),
}

type Outcome<T> = std::result::Result<T, Failure>;

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Failure {
        Failure::Database(error)
    }
}

impl From<Letter> for Failure {
    fn from(letter: Letter) -> Failure {
        Failure::Letter(letter)
    }
}

impl PostgresSource {
    /// The database that the source `name` declares, with `environment` filled in. Connects when it is first asked.
    /// Letters: `source_failed`, when settings are missing or make no sense.
    pub fn open(
        project: &Path,
        declared: &PostgresSettings,
        name: &str,
        environment: Environment<'_>,
    ) -> Result<PostgresSource> {
        let settings = Arc::new(Settings::read(project, declared, name, environment)?);
        Ok(PostgresSource { pool: Pool::new(settings.clone())?, settings })
    }

    /// Reads on a connection that works: one that was used before may be broken, or know tables as they were.
    async fn read(&self, scan: &Scan) -> Result<Vec<RecordBatch>> {
        loop {
            let lease = self.pool.lend().await?;
            match self.read_with(lease.client()?, scan).await {
                Ok(batches) => {
                    lease.give_back();
                    return Ok(batches);
                }
                Err(Failure::Database(error)) if lease.is_used() && may_be_stale(&error) => lease.close(),
                Err(Failure::Database(error)) => {
                    lease.give_back();
                    return Err(letters::failed(&self.settings, &error, scan.timeout));
                }
                // The lease is dropped here, which cancels what still runs.
                Err(Failure::Letter(letter)) => return Err(letter),
            }
        }
    }

    async fn read_with(&self, client: &ClientWrapper, scan: &Scan) -> Outcome<Vec<RecordBatch>> {
        let limit = format!("SET statement_timeout = {}", milliseconds(scan.timeout));
        // Both are sent at once; the database takes them in this order.
        let limited = async { client.batch_execute(&limit).await.map_err(Failure::from) };
        let ((), (held, rows)) = future::try_join(limited, start(client, scan)).await?;
        pin_mut!(rows);
        let mut batches = Batches::new(&scan.columns);
        while let Some(row) = rows.try_next().await? {
            for (position, column) in batches.columns().iter_mut().enumerate() {
                let cell: Raw<'_> = row.try_get(position)?;
                cells::append(column, &held[position], cell)
                    .map_err(|misfit| self.misfit(&scan.columns[position], &misfit))?;
            }
            batches.row_is_complete()?;
        }
        Ok(batches.finish()?)
    }

    fn misfit(&self, column: &ScanColumn, misfit: &Misfit) -> Letter {
        let cast = match column.data_type {
            DataType::Int => "bigint",
            DataType::Float => "double precision",
            DataType::Str => "text",
            DataType::Datetime => "timestamptz",
            _ => return batches::misfit(&self.settings.source, column, misfit).fix(DECLARE),
        };
        let fix = format!("Select `column::{cast}`, or declare the feature with the type that is stored.");
        batches::misfit(&self.settings.source, column, misfit).fix(fix)
    }
}

const DECLARE: &str = "Select what the feature's type can hold, or declare the feature with the type that is stored.";

/// Sends the wrapped statement. Preparing what the connection does not know yet takes one exchange more.
async fn start(client: &ClientWrapper, scan: &Scan) -> Outcome<(Vec<Held>, RowStream)> {
    let columns = match scan.predicates.is_empty() {
        true => Columns::new(),
        false => {
            let inner = client.prepare_cached(wrapping::inner(&scan.statement)).await?;
            inner.columns().iter().map(|column| (column.name().to_owned(), Held::new(column.type_()))).collect()
        }
    };
    let wrapped = Wrapped::new(scan, &columns)?;
    let prepared = client.prepare_cached(&wrapped.text).await?;
    let held = prepared.columns().iter().map(|column| Held::new(column.type_())).collect();
    Ok((held, client.query_raw(&prepared, wrapped.bindings).await?))
}

/// Whether the error may be one of the connection rather than of the statement: it broke, or what was prepared on it
/// speaks of tables that were changed since.
fn may_be_stale(error: &tokio_postgres::Error) -> bool {
    match error.code() {
        None => true,
        Some(code) if *code == SqlState::FEATURE_NOT_SUPPORTED => true,
        Some(code) => ["08", "26", "42", "57P"].iter().any(|class| code.code().starts_with(class)),
    }
}

/// Zero would mean no limit.
fn milliseconds(timeout: Duration) -> u128 {
    timeout.as_millis().clamp(1, LONGEST_LIMIT)
}

#[async_trait]
impl Source for PostgresSource {
    async fn scan(&self, scan: &Scan) -> Result<Vec<RecordBatch>> {
        self.read(scan).await.map_err(|letter| letter.resolver(&scan.resolver))
    }

    async fn columns(&self, statement: &str) -> Result<Vec<String>> {
        let lease = self.pool.lend().await?;
        let prepared = lease.client()?.prepare(wrapping::inner(statement)).await;
        let prepared = prepared.map_err(|error| letters::rejected(&self.settings, &error))?;
        let names = prepared.columns().iter().map(|column| column.name().to_owned()).collect();
        lease.give_back();
        Ok(names)
    }
}
