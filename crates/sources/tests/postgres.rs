//! PostgreSQL databases on a real server: the conformance suite in several styles, types, letters, broken connections.

mod connections;
mod letters;
mod push_down;
mod speed;
mod values;

use creta_model::bundle::{PostgresSettings, Setting, Variable};
use creta_model::{DataType, Letter};
use creta_ports::Source;
use creta_ports::source::{Predicate, Scan};
use creta_sources::PostgresSource;
use creta_testkit::conformance::source::rows_of;
use creta_testkit::postgres::{Server, server};
use std::collections::HashMap;
use std::path::Path;
use tokio_postgres::{Client, NoTls};

use crate::sqlite::scan;

/// A database of one test.
pub struct Database {
    pub server: &'static Server,
    pub name: String,
}

impl Database {
    /// Makes the database and runs the statements in it; nothing without a server.
    pub async fn new(name: &str, statements: &str) -> Option<Database> {
        let server = server()?;
        let admin = connect(server, &server.database).await;
        admin.batch_execute(&format!("create database {name}")).await.unwrap();
        let database = Database { server, name: name.to_owned() };
        database.run(statements).await;
        Some(database)
    }

    pub async fn run(&self, statements: &str) {
        connect(self.server, &self.name).await.batch_execute(statements).await.unwrap();
    }

    /// The environment of a server that may get in, with full verification.
    pub fn environment(&self) -> HashMap<&'static str, String> {
        let Server { host, port, user, password, certificate, .. } = self.server;
        HashMap::from([
            ("PGHOST", host.clone()),
            ("PGPORT", port.to_string()),
            ("PGDATABASE", self.name.clone()),
            ("PGUSER", user.clone()),
            ("PGPASSWORD", password.clone()),
            ("PGSSLMODE", "verify-full".to_owned()),
            ("PGSSLROOTCERT", certificate.clone()),
        ])
    }

    pub fn source(&self) -> PostgresSource {
        open(&self.environment()).unwrap()
    }

    /// A source whose environment differs.
    pub fn source_with(&self, changes: &[(&'static str, &str)]) -> Result<PostgresSource, Letter> {
        let mut environment = self.environment();
        environment.extend(changes.iter().map(|(name, value)| (*name, (*value).to_owned())));
        open(&environment)
    }
}

pub fn open(environment: &HashMap<&'static str, String>) -> Result<PostgresSource, Letter> {
    let setting = |name: &str| Setting::Variable(name.to_owned());
    let declared = PostgresSettings {
        host: setting("PGHOST"),
        port: setting("PGPORT"),
        database: setting("PGDATABASE"),
        user: setting("PGUSER"),
        password: Variable { variable: "PGPASSWORD".to_owned() },
        sslmode: setting("PGSSLMODE"),
        sslrootcert: setting("PGSSLROOTCERT"),
    };
    PostgresSource::open(Path::new("/"), &declared, "harbour", &|name| environment.get(name).cloned())
}

/// As an administrator, over the socket.
async fn connect(server: &Server, database: &str) -> Client {
    let mut configuration = tokio_postgres::Config::new();
    configuration.host(&server.socket).port(server.port).user(&server.user).dbname(database);
    let (client, connection) = configuration.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

pub async fn rows(
    source: &PostgresSource,
    statement: &str,
    columns: &[(&str, DataType)],
) -> Vec<Vec<creta_model::Value>> {
    rows_of(&source.scan(&scan(statement, columns)).await.unwrap())
}

pub fn filtered(statement: &str, columns: &[(&str, DataType)], predicates: Vec<Predicate>) -> Scan {
    Scan { predicates, ..scan(statement, columns) }
}
