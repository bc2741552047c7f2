//! What can go wrong between us and a database, told without anybody's values: never a password, and no message of
//! PostgreSQL that quotes data.

use super::pool::{BUSY_WAIT, CONNECT_WAIT, CONNECTIONS};
use super::settings::{Encryption, Settings};
use creta_model::{Code, Letter};
use deadpool_postgres::{HookError, PoolError, TimeoutType};
use std::error::Error;
use std::io;
use std::time::Duration;
use tokio_postgres::error::{DbError, SqlState};

/// No connection was to be had.
pub(super) fn unreachable(settings: &Settings, error: &PoolError) -> Letter {
    match error {
        PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => refused(settings, error),
        PoolError::Timeout(TimeoutType::Wait) => {
            let seconds = BUSY_WAIT.as_secs();
            let message = format!(
                "All {CONNECTIONS} connections of source `{}` were busy for {seconds} seconds.",
                settings.source
            );
            Letter::new(Code::SourceFailed, message).fix("Ask fewer questions at once, or make the statements faster.")
        }
        PoolError::Timeout(_) => silent(settings),
        other => Letter::new(Code::SourceFailed, format!("Source `{}` has no connection: {other}.", settings.source)),
    }
}

fn refused(settings: &Settings, error: &tokio_postgres::Error) -> Letter {
    if let Some(error) = error.as_db_error() {
        return turned_away(settings, error);
    }
    match cause::<io::Error>(error) {
        Some(error) if error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) => distrusted(settings, error),
        Some(error) if error.kind() == io::ErrorKind::TimedOut => silent(settings),
        Some(error) => unanswered(settings, error),
        None => other_refusal(settings, error),
    }
}

fn cause<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    std::iter::successors(Some(error), |error| (**error).source()).find_map(|error| error.downcast_ref())
}

/// The database answered, and let nobody in.
fn turned_away(settings: &Settings, error: &DbError) -> Letter {
    let Settings { source, user, database, .. } = settings;
    let address = settings.address();
    match *error.code() {
        SqlState::INVALID_PASSWORD => {
            let message = format!("{address} refuses the password of user `{user}` for source `{source}`.");
            let (password, user) = (settings.password_setting(), settings.user_setting());
            letter(message, format!("Correct `{password}` in the server's environment, or {user}."))
        }
        SqlState::INVALID_CATALOG_NAME => {
            let message = format!("Source `{source}` reads the database `{database}`, which {address} does not have.");
            letter(message, format!("Create the database, or correct {}.", settings.database_setting()))
        }
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            let message = format!("{address} turns source `{source}` away: {}.", error.message());
            let setting = settings.encryption_setting();
            letter(
                message,
                match settings.encryption {
                    Encryption::Disable => {
                        format!("If the database wants TLS, let {setting} be `require` or stricter.")
                    }
                    _ => "Let the database's pg_hba.conf admit this user from here.".to_owned(),
                },
            )
        }
        SqlState::TOO_MANY_CONNECTIONS => {
            let message = format!("{address} has no connection left for source `{source}`.");
            letter(message, format!("Each server uses up to {CONNECTIONS}; raise the database's max_connections."))
        }
        _ => Letter::new(
            Code::SourceFailed,
            format!("{address} turns source `{source}` away: {}.", error.message().trim_end_matches('.')),
        ),
    }
}

fn unanswered(settings: &Settings, error: &io::Error) -> Letter {
    let (source, address) = (&settings.source, settings.address());
    let setting = settings.host_and_port();
    match error.kind() {
        io::ErrorKind::ConnectionRefused => {
            let message = format!("Source `{source}` cannot be reached: nothing listens at {address}.");
            letter(message, format!("Start the database, or correct {setting}."))
        }
        // The resolver of names has no error number of its own.
        _ if error.raw_os_error().is_none() && error.to_string().contains("lookup") => {
            let message = format!("Source `{source}` cannot be reached: there is no host `{}`.", settings.host);
            letter(message, format!("Correct {setting}."))
        }
        _ => letter(
            format!("Source `{source}` cannot be reached at {address}: {error}."),
            format!("Look at the database's log, and at {setting}."),
        ),
    }
}

fn silent(settings: &Settings) -> Letter {
    let (source, address, seconds) = (&settings.source, settings.address(), CONNECT_WAIT.as_secs());
    let message = format!("Source `{source}` cannot be reached: {address} did not answer within {seconds} seconds.");
    letter(message, format!("Look for a firewall in between, or correct {}.", settings.host_and_port()))
}

fn distrusted(settings: &Settings, error: &io::Error) -> Letter {
    let message =
        format!("The certificate of {} is not trusted for source `{}`: {error}.", settings.address(), settings.source);
    let setting = settings.certificates_setting();
    let fix = match settings.encryption {
        Encryption::VerifyFull => "and the host be one that the certificate names",
        _ => "and the certificate be valid today",
    };
    letter(message, format!("Let {setting} name the authority that signed it, {fix}."))
}

/// What the driver finds out by itself.
fn other_refusal(settings: &Settings, error: &tokio_postgres::Error) -> Letter {
    let Settings { source, user, .. } = settings;
    let (address, said) = (settings.address(), error.source().map(ToString::to_string).unwrap_or_default());
    match said.as_str() {
        "password missing" => {
            let message = format!("{address} asks for the password of user `{user}`, and source `{source}` has none.");
            letter(message, format!("Set `{}` in the server's environment.", settings.password_setting()))
        }
        "server does not support TLS" => {
            let message = format!("{address} does not speak TLS, which source `{source}` asks for.");
            letter(message, format!("Switch on `ssl` in the database, or correct {}.", settings.encryption_setting()))
        }
        _ => Letter::new(Code::SourceFailed, format!("Source `{source}` cannot use {address}: {error} {said}.")),
    }
}

fn letter(message: String, fix: String) -> Letter {
    Letter::new(Code::SourceFailed, message).fix(fix)
}

/// A statement was not accepted when it was prepared.
pub(super) fn rejected(settings: &Settings, error: &tokio_postgres::Error) -> Letter {
    let Some(error) = error.as_db_error() else { return lost(settings, error) };
    let said = error.message();
    let message = format!("Source `{}` does not accept the statement: {said}.", settings.source);
    Letter::new(Code::Sql, message).fix(match *error.code() {
        SqlState::INDETERMINATE_DATATYPE => "Say the type of the input: `${…}::text`, `${…}::bigint`, ….".to_owned(),
        _ => error.hint().map_or_else(
            || format!("Correct the statement; `psql {}` shows what exists with `\\d`.", settings.database),
            ToOwned::to_owned,
        ),
    })
}

/// A scan did not come to its end.
pub(super) fn failed(settings: &Settings, error: &tokio_postgres::Error, timeout: Duration) -> Letter {
    let Some(error) = error.as_db_error() else { return lost(settings, error) };
    let (source, state) = (&settings.source, error.code().code());
    match *error.code() {
        SqlState::QUERY_CANCELED => {
            let limit = creta_model::duration::display(i64::try_from(timeout.as_micros()).unwrap_or(i64::MAX));
            let message = format!("Source `{source}` cancelled the statement, which may take {limit}.");
            Letter::new(Code::ResolverTimedOut, message).fix("Let an index serve the statement, or raise `timeout:`.")
        }
        SqlState::INSUFFICIENT_PRIVILEGE => {
            let message = format!("Source `{source}` cannot be read: {}.", error.message());
            letter(message, format!("Grant the privilege to user `{}`.", settings.user))
        }
        // Errors about data quote it.
        _ if state.starts_with("22") => {
            let message = format!("Source `{source}` cannot compute a value of the statement (SQLSTATE {state}).");
            letter(message, "Run the statement in psql, and cast or filter what it stumbles over.".to_owned())
        }
        _ => Letter::new(Code::SourceFailed, format!("Source `{source}` cannot be read: {}.", error.message())),
    }
}

fn lost(settings: &Settings, error: &tokio_postgres::Error) -> Letter {
    let (source, address) = (&settings.source, settings.address());
    let said = error.source().map(|source| format!(", {source}")).unwrap_or_default();
    Letter::new(Code::SourceFailed, format!("Source `{source}` lost its connection to {address}: {error}{said}."))
        .fix("Look at the database's log; the next question connects again.")
}
