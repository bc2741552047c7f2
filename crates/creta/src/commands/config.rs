//! `creta config`: where the command line looks for the project, its Python and its server, and what it found there.

use crate::cli::Config;
use crate::credentials::{Credentials, Origin};
use crate::screen;
use serde::Serialize;

/// One value that other verbs would use. None = nothing was found; `origin` says where it was looked for.
#[derive(Serialize)]
struct Setting {
    name: &'static str,
    value: Option<String>,
    origin: String,
}

pub(crate) fn run(command: &Config, json: bool) {
    let mut settings = vec![project(command), python(command)];
    settings.extend(server(command));
    if json {
        println!("{}", serde_json::json!(settings));
        return;
    }
    let mut table = screen::table(&["setting", "value", "origin"]);
    for setting in &settings {
        table.add_row([setting.name, setting.value.as_deref().unwrap_or("(none)"), &setting.origin]);
    }
    println!("{table}");
}

fn project(command: &Config) -> Setting {
    let folder = command.project.canonicalize().ok().map(|folder| folder.display().to_string());
    let origin = if folder.is_some() { "--project" } else { "--project names no folder" };
    Setting { name: "project", value: folder, origin: origin.to_owned() }
}

fn python(command: &Config) -> Setting {
    let explicit = command.python.as_deref();
    let is_active = std::env::var_os("VIRTUAL_ENV").is_some_and(|folder| !folder.is_empty());
    let (value, origin) = match creta_python::find_python(explicit, &command.project) {
        Ok(python) if explicit.is_some() => (Some(python), "--python".to_owned()),
        Ok(python) if is_active => (Some(python), "VIRTUAL_ENV".to_owned()),
        Ok(python) => (Some(python), "the project's .venv".to_owned()),
        Err(letter) => (None, letter.message),
    };
    Setting { name: "python", value: value.map(|python| python.display().to_string()), origin }
}

/// Where the server is and who signs in; the secret stays where it is.
fn server(command: &Config) -> [Setting; 3] {
    let found = Credentials::locate(command.target.credentials.as_deref(), &command.project);
    let file = found.as_ref().ok().and_then(|found| found.origin.file()).map(|file| file.display().to_string());
    let (server, client, origin) = match found {
        Ok(found) => {
            let origin = match found.origin {
                Origin::Named(_) => "--credentials or CRETA_CREDENTIALS",
                Origin::Environment => "CRETA_API_SERVER, CRETA_CLIENT_ID and CRETA_CLIENT_SECRET",
                Origin::Nearest(_) => "the nearest .creta folder, from the project upwards",
            };
            (Some(found.credentials.url), Some(found.credentials.client_id), origin.to_owned())
        }
        Err(letter) => (None, None, letter.message),
    };
    [
        Setting { name: "credentials file", value: file, origin: origin.clone() },
        Setting { name: "server", value: server, origin: origin.clone() },
        Setting { name: "client id", value: client, origin },
    ]
}
