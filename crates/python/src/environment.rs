//! The environment variables that a worker process sees: an allow-list, so that secrets of the server stay there.

use crate::settings::WorkerSettings;
use std::ffi::OsString;

const NAMES: &[&str] = &["PATH", "HOME", "LANG", "LANGUAGE", "TZ", "VIRTUAL_ENV", "TMPDIR", "CRETA_ENVIRONMENT"];
const PREFIXES: &[&str] = &["LC_", "SSL_CERT_"];

/// The variables of this process that pass, and ours.
pub(crate) fn variables(settings: &WorkerSettings) -> Vec<(OsString, OsString)> {
    let passes = |name: &OsString| {
        let Some(name) = name.to_str() else { return false };
        NAMES.contains(&name)
            || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
            || settings.environment.iter().any(|extra| extra == name)
    };
    let mut variables: Vec<(OsString, OsString)> = std::env::vars_os().filter(|(name, _)| passes(name)).collect();
    variables.push(("PYTHONUNBUFFERED".into(), "1".into()));
    // A crash in native code then prints the Python line at which it happened.
    variables.push(("PYTHONFAULTHANDLER".into(), "1".into()));
    if let Some(path) = &settings.python_path {
        variables.push(("PYTHONPATH".into(), path.into()));
    }
    variables
}
