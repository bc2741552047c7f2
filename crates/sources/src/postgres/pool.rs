//! A few connections to one database, lent one scan at a time and cancelled when nobody waits for the scan any more.

use super::letters;
use super::settings::{Encryption, Settings};
use super::tls::Encryptor;
use creta_model::{Code, Letter};
use creta_ports::Result;
use deadpool_postgres::{ClientWrapper, Hook, HookError, Manager, ManagerConfig, Object, RecyclingMethod, Runtime};
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres::config::SslMode;

/// Scans of one database that may run at once.
pub(super) const CONNECTIONS: usize = 8;
/// From the first packet to a session that is ready for statements.
pub(super) const CONNECT_WAIT: Duration = Duration::from_secs(5);
/// How long a scan waits for a connection that others use. The engine's limit is usually shorter.
pub(super) const BUSY_WAIT: Duration = Duration::from_secs(30);
/// A connection is dead when sent bytes are not acknowledged for so long.
const SILENCE: Duration = Duration::from_secs(30);

/// Times have no zone of the server's, and nothing can be written.
const SESSION: &str = "SET TimeZone = 'UTC'; SET default_transaction_read_only = on";

pub(super) struct Pool {
    pool: deadpool_postgres::Pool,
    encryptor: Encryptor,
    settings: Arc<Settings>,
}

impl Pool {
    /// Connects to nothing yet.
    pub fn new(settings: Arc<Settings>) -> Result<Pool> {
        let encryptor = Encryptor::new(&settings)?;
        let manager = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(configuration(&settings), encryptor.clone(), manager);
        let prepared = Hook::async_fn(|client: &mut ClientWrapper, _| {
            Box::pin(async move { client.batch_execute(SESSION).await.map_err(HookError::Backend) })
        });
        let pool = deadpool_postgres::Pool::builder(manager)
            .max_size(CONNECTIONS)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(BUSY_WAIT))
            .create_timeout(Some(CONNECT_WAIT))
            .recycle_timeout(Some(CONNECT_WAIT))
            .post_create(prepared)
            .build()
            .map_err(|error| Letter::new(Code::Bug, format!("A pool of connections could not be built: {error}.")))?;
        Ok(Pool { pool, encryptor, settings })
    }

    pub async fn lend(&self) -> Result<Lease> {
        let object = self.pool.get().await.map_err(|error| letters::unreachable(&self.settings, &error))?;
        Ok(Lease { object: Some(object), encryptor: self.encryptor.clone() })
    }
}

fn configuration(settings: &Settings) -> tokio_postgres::Config {
    let mut configuration = tokio_postgres::Config::new();
    configuration
        .host(&settings.host)
        .port(settings.port)
        .dbname(&settings.database)
        .user(&settings.user)
        .application_name("creta")
        .connect_timeout(CONNECT_WAIT)
        .tcp_user_timeout(SILENCE)
        .keepalives_idle(SILENCE)
        .ssl_mode(match settings.encryption {
            _ if settings.is_local() => SslMode::Disable,
            Encryption::Disable => SslMode::Disable,
            Encryption::Prefer => SslMode::Prefer,
            Encryption::Require | Encryption::VerifyCa | Encryption::VerifyFull => SslMode::Require,
        });
    if let Some(password) = &settings.password {
        configuration.password(password);
    }
    configuration
}

/// A lent connection. Dropped without being given back, its statement is cancelled and it is closed.
pub(super) struct Lease {
    object: Option<Object>,
    encryptor: Encryptor,
}

impl Lease {
    pub fn client(&self) -> Result<&ClientWrapper> {
        let client = self.object.as_deref();
        client.ok_or_else(|| Letter::new(Code::Bug, "A connection was used after it was given back."))
    }

    /// Whether it was used before: it may be broken, or know statements as they were.
    pub fn is_used(&self) -> bool {
        self.object.as_ref().is_some_and(|object| Object::metrics(object).recycle_count > 0)
    }

    pub fn give_back(mut self) {
        self.object = None;
    }

    /// Closes the connection, on which nothing runs.
    pub fn close(mut self) {
        drop(self.object.take().map(Object::take));
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(client) = self.object.take().map(Object::take) else { return };
        let (token, encryptor) = (client.cancel_token(), self.encryptor.clone());
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                // When this fails the database finds out by itself that nobody reads its answer.
                let _ = tokio::time::timeout(CONNECT_WAIT, token.cancel_query(encryptor)).await;
                drop(client);
            });
        }
    }
}
