//! The credentials file: written by `creta up`, found by the command line and the SDK.

use creta_model::{Code, Letter};
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Where a server is and how to sign in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Credentials {
    pub url: String,
    pub client_id: String,
    pub client_secret: String,
    #[serde(default)]
    pub pid: u32,
}

impl Credentials {
    /// Writes the file readable by its owner only, and all at once.
    pub fn write(&self, path: &Path) -> Result<(), Letter> {
        let failed = |error: std::io::Error| {
            Letter::new(Code::MissingFile, format!("The file {} cannot be written: {error}.", path.display()))
        };
        let text = serde_json::to_vec_pretty(self)
            .map_err(|error| Letter::new(Code::Bug, format!("Credentials cannot be serialised: {error}.")))?;
        let mut temporary = path.as_os_str().to_owned();
        temporary.push(".part");
        let temporary = PathBuf::from(temporary);
        let _ = std::fs::remove_file(&temporary);
        let mut file =
            std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary).map_err(failed)?;
        file.write_all(&text).map_err(failed)?;
        std::fs::rename(&temporary, path).map_err(failed)
    }

    /// The named file, environment variables, or `.creta/credentials.json` in this folder or one above it.
    pub fn find(explicit: Option<&Path>, folder: &Path) -> Result<Credentials, Letter> {
        Credentials::locate(explicit, folder).map(|found| found.credentials)
    }

    /// As [`Credentials::find`], with the place where they were found.
    pub fn locate(explicit: Option<&Path>, folder: &Path) -> Result<Found, Letter> {
        if let Some(path) = explicit {
            return Ok(Found { credentials: read(path)?, origin: Origin::Named(path.to_owned()) });
        }
        if let Some(credentials) = from_environment() {
            return Ok(Found { credentials, origin: Origin::Environment });
        }
        let folder = folder.canonicalize().unwrap_or_default();
        let nearest =
            folder.ancestors().map(|folder| folder.join(".creta/credentials.json")).find(|path| path.exists());
        match nearest {
            Some(path) => Ok(Found { credentials: read(&path)?, origin: Origin::Nearest(path) }),
            None => Err(Letter::new(Code::Unauthenticated, "No credentials were found.")
                .fix("Start `creta up` in this project, or name a file with --credentials.")),
        }
    }
}

/// Credentials and where they come from.
pub struct Found {
    pub credentials: Credentials,
    pub origin: Origin,
}

/// The places where credentials are looked for, in this order.
pub enum Origin {
    /// The file that the caller named.
    Named(PathBuf),
    /// Environment variables.
    Environment,
    /// The file in the nearest `.creta` folder.
    Nearest(PathBuf),
}

impl Origin {
    pub fn file(&self) -> Option<&Path> {
        match self {
            Origin::Named(path) | Origin::Nearest(path) => Some(path),
            Origin::Environment => None,
        }
    }
}

fn from_environment() -> Option<Credentials> {
    let variable = |name| std::env::var(name).ok();
    Some(Credentials {
        url: variable("CRETA_API_SERVER")?,
        client_id: variable("CRETA_CLIENT_ID")?,
        client_secret: variable("CRETA_CLIENT_SECRET")?,
        pid: 0,
    })
}

fn read(path: &Path) -> Result<Credentials, Letter> {
    let text = std::fs::read(path).map_err(|error| {
        Letter::new(Code::MissingFile, format!("The credentials file {} cannot be read: {error}.", path.display()))
            .fix("Start `creta up`, which writes it.")
    })?;
    serde_json::from_slice(&text).map_err(|error| {
        Letter::new(Code::MissingFile, format!("{} is not a credentials file: {error}.", path.display()))
    })
}
