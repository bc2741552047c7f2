//! Finds the Python of a project and makes sure that it can run it (decision 29).

use creta_model::{Code, Letter};
use creta_ports::Result;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The oldest Python that the SDK supports.
const OLDEST: (u32, u32) = (3, 11);
/// Prints the version, then the SDK's version. The working directory is taken off the path, because a folder that
/// happens to be called `creta` would pass for the package.
const PROBE: &str = "import sys
print(*sys.version_info[:2])
sys.path[:] = [folder for folder in sys.path if folder]
import creta
print(creta.__version__)
";

/// The interpreter to use: the one asked for, else the active virtual environment's, else the one in the project's
/// `.venv`. Letters: `python_not_found`.
pub fn find_python(explicit: Option<&Path>, project: &Path) -> Result<PathBuf> {
    let active = std::env::var_os("VIRTUAL_ENV").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let python = choose(explicit, active.as_deref(), project)?;
    check(&python)?;
    Ok(python)
}

fn choose(explicit: Option<&Path>, active: Option<&Path>, project: &Path) -> Result<PathBuf> {
    if let Some(python) = explicit {
        return Ok(python.to_owned());
    }
    if let Some(folder) = active {
        return present(folder.join("bin/python")).ok_or_else(|| {
            Letter::new(
                Code::PythonNotFound,
                format!("The active virtual environment {} has no bin/python.", folder.display()),
            )
            .fix("Activate an environment that exists, unset VIRTUAL_ENV, or name an interpreter with --python.")
        });
    }
    let own =
        std::path::absolute(project.join(".venv/bin/python")).unwrap_or_else(|_| project.join(".venv/bin/python"));
    present(own).ok_or_else(|| {
        let message = format!("No virtual environment is active and {} has none in `.venv`.", project.display());
        Letter::new(Code::PythonNotFound, message).fix(
            "Create one with `python3 -m venv .venv && .venv/bin/pip install creta`, activate another, or name an \
             interpreter with --python.",
        )
    })
}

fn present(python: PathBuf) -> Option<PathBuf> {
    python.exists().then_some(python)
}

fn check(python: &Path) -> Result<()> {
    let shown = python.display();
    let output = Command::new(python).args(["-c", PROBE]).stdin(Stdio::null()).output().map_err(|error| {
        Letter::new(Code::PythonNotFound, format!("{shown} cannot be started: {error}."))
            .fix("Name a Python interpreter, for example `--python .venv/bin/python`.")
    })?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut lines = text.lines();
    let Some(version) = lines.next().and_then(version) else {
        return Err(Letter::new(
            Code::PythonNotFound,
            format!("{shown} does not behave like Python: {}.", complaint(&output)),
        )
        .fix("Name a Python interpreter, for example `--python .venv/bin/python`."));
    };
    if version < OLDEST {
        let message =
            format!("{shown} is Python {}.{}; Creta needs {}.{} or newer.", version.0, version.1, OLDEST.0, OLDEST.1);
        return Err(
            Letter::new(Code::PythonNotFound, message).fix("Create the project's environment with a newer Python.")
        );
    }
    if !output.status.success() || lines.next().is_none() {
        let message = format!("{shown} cannot import `creta`: {}.", complaint(&output));
        return Err(Letter::new(Code::PythonNotFound, message)
            .fix(format!("Install the SDK there: `{shown} -m pip install creta`.")));
    }
    Ok(())
}

fn version(line: &str) -> Option<(u32, u32)> {
    let (major, minor) = line.split_once(' ')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// The last line of a traceback says it all.
fn complaint(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let last = text.lines().rev().find(|line| !line.trim().is_empty());
    last.unwrap_or("it said nothing").trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_found_says_what_to_do() {
        let letter = choose(None, None, Path::new("/nowhere")).unwrap_err();
        assert_eq!(letter.code, Code::PythonNotFound);
        assert!(letter.fix.unwrap_or_default().contains("--python"));
    }

    #[test]
    fn an_active_environment_is_not_passed_over() {
        let letter = choose(None, Some(Path::new("/nowhere")), Path::new(".")).unwrap_err();
        assert!(letter.message.contains("/nowhere"), "{letter}");
    }

    #[test]
    fn what_is_no_python_is_refused() {
        assert_eq!(find_python(Some(Path::new("/bin/true")), Path::new(".")).unwrap_err().code, Code::PythonNotFound);
        let letter = find_python(Some(Path::new("/nowhere/python")), Path::new(".")).unwrap_err();
        assert!(letter.message.contains("/nowhere/python"), "{letter}");
    }
}
