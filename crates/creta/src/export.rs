//! Turns a project's Python definitions into a bundle, by running the SDK's exporter in the project's own Python.

use creta_model::{Code, Letter};
use serde::Deserialize;
use std::path::Path;
use tokio::process::Command;

/// A bundle as canonical JSON and the archive of the sources it was made from.
pub(crate) struct Exported {
    pub bundle: String,
    pub archive: Vec<u8>,
    /// Standard error of the exporter.
    pub said: String,
}

#[derive(Deserialize)]
struct Faults {
    errors: Vec<Letter>,
}

/// Exports the project with the Python that was asked for or, without one, its own.
pub(crate) async fn export_from(python: Option<&Path>, project: &Path) -> Result<Exported, Vec<Letter>> {
    let python = creta_python::find_python(python, project).map_err(|letter| vec![letter])?;
    export(&python, project).await
}

/// Imports the project and exports it. Errors: every fault of the definitions, each at its file and line.
async fn export(python: &Path, project: &Path) -> Result<Exported, Vec<Letter>> {
    let folder = tempfile::tempdir().map_err(|error| failed(&format!("no temporary folder: {error}")))?;
    let output = Command::new(python)
        .args(["-m", "creta.export"])
        .arg(project)
        .arg("--out")
        .arg(folder.path())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|error| failed(&format!("{} cannot be started: {error}", python.display())))?;
    if !output.status.success() {
        return Err(match serde_json::from_slice::<Faults>(&output.stdout) {
            Ok(faults) if !faults.errors.is_empty() => faults.errors,
            _ => failed(String::from_utf8_lossy(&output.stderr).trim()),
        });
    }
    let read = |name: &str| {
        let path = folder.path().join(name);
        std::fs::read(&path).map_err(|error| failed(&format!("the exporter left no {name}: {error}")))
    };
    let bundle = String::from_utf8(read("bundle.json")?).map_err(|_| failed("the bundle is not UTF-8"))?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Ok(Exported { bundle, archive: read("source.tar")?, said })
}

fn failed(reason: &str) -> Vec<Letter> {
    vec![
        Letter::new(Code::ImportFailed, format!("The project could not be exported: {reason}."))
            .fix("Run `python -m creta.export PROJECT --out FOLDER` to see it happen."),
    ]
}
