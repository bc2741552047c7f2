//! Which database is meant, and how to get in: the declared settings with what the server's environment says.

use creta_model::bundle::{PostgresSettings, Setting};
use creta_model::{Code, Letter};
use creta_ports::Result;
use std::path::{Path, PathBuf};

/// Values of the server's environment variables.
pub type Environment<'a> = &'a (dyn Fn(&str) -> Option<String> + Send + Sync);

const DEFAULT_PORT: u16 = 5_432;

/// How much encryption is asked for, in libpq's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encryption {
    Disable,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// Everything that a connection needs. Has no `Debug`, so that the password cannot be printed by accident.
pub(super) struct Settings {
    pub source: String,
    pub host: String,
    pub port: u16,
    pub database: String,
    pub user: String,
    pub password: Option<String>,
    pub encryption: Encryption,
    pub root_certificates: Option<PathBuf>,
    declared: PostgresSettings,
}

impl Settings {
    pub fn read(project: &Path, declared: &PostgresSettings, name: &str, environment: Environment<'_>) -> Result<Self> {
        let found = |setting: &Setting| match setting {
            Setting::Value(value) => Some(value.clone()),
            Setting::Variable(name) => environment(name),
        };
        let found = |setting: &Setting| found(setting).filter(|value| !value.is_empty());
        let needed = [&declared.host, &declared.database, &declared.user];
        let [Some(host), Some(database), Some(user)] = needed.map(found) else {
            return Err(missing(name, needed.into_iter().filter(|setting| found(setting).is_none())));
        };
        let certificates = found(&declared.sslrootcert).filter(|path| path != "system");
        Ok(Settings {
            port: port(name, &declared.port, found(&declared.port))?,
            encryption: encryption(name, &declared.sslmode, found(&declared.sslmode))?,
            password: found(&Setting::Variable(declared.password.variable.clone())),
            root_certificates: certificates.map(|path| project.join(path)),
            source: name.to_owned(),
            declared: declared.clone(),
            host,
            database,
            user,
        })
    }

    /// Whether the host is the folder of a Unix socket, over which nothing is encrypted.
    pub fn is_local(&self) -> bool {
        self.host.starts_with('/')
    }

    /// Where the database is, for letters.
    pub fn address(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// What a reader changes to name another host or port, database, user, password or encryption.
    pub fn host_and_port(&self) -> String {
        format!("{} and {}", origin(&self.declared.host, "host"), origin(&self.declared.port, "port"))
    }

    pub fn database_setting(&self) -> String {
        origin(&self.declared.database, "db")
    }

    pub fn user_setting(&self) -> String {
        origin(&self.declared.user, "user")
    }

    pub fn password_setting(&self) -> &str {
        &self.declared.password.variable
    }

    pub fn encryption_setting(&self) -> String {
        origin(&self.declared.sslmode, "sslmode")
    }

    pub fn certificates_setting(&self) -> String {
        origin(&self.declared.sslrootcert, "sslrootcert")
    }
}

fn origin(setting: &Setting, argument: &str) -> String {
    match setting {
        Setting::Value(_) => format!("`{argument}=` of the source"),
        Setting::Variable(name) => format!("`{name}` in the server's environment"),
    }
}

fn missing<'a>(source: &str, settings: impl Iterator<Item = &'a Setting>) -> Letter {
    let names = settings.map(|setting| match setting {
        Setting::Variable(name) | Setting::Value(name) => format!("`{name}`"),
    });
    let names = names.collect::<Vec<_>>().join(", ");
    Letter::new(Code::SourceFailed, format!("Source `{source}` needs {names}, which the server's environment lacks."))
        .fix("Set them where `creta up` runs and start it again, or give `host=`, `db=` and `user=` to the source.")
}

fn port(source: &str, declared: &Setting, found: Option<String>) -> Result<u16> {
    let Some(text) = found else { return Ok(DEFAULT_PORT) };
    text.trim().parse().map_err(|_| {
        let message = format!("Source `{source}` has the port `{text}`, which is no number from 1 to 65535.");
        Letter::new(Code::SourceFailed, message).fix(format!("Correct {}.", origin(declared, "port")))
    })
}

fn encryption(source: &str, declared: &Setting, found: Option<String>) -> Result<Encryption> {
    Ok(match found.as_deref().unwrap_or("prefer") {
        "disable" => Encryption::Disable,
        "prefer" => Encryption::Prefer,
        "require" => Encryption::Require,
        "verify-ca" => Encryption::VerifyCa,
        "verify-full" => Encryption::VerifyFull,
        other => {
            let message = format!("Source `{source}` has the sslmode `{other}`, which does not exist.");
            let known = "disable, prefer, require, verify-ca or verify-full";
            return Err(Letter::new(Code::SourceFailed, message)
                .fix(format!("Correct {}: it is {known}.", origin(declared, "sslmode"))));
        }
    })
}
