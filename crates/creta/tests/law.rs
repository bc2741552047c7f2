//! The law of the house as a test: `house.toml` against what Cargo and the source files say.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

#[derive(Deserialize)]
struct House {
    edges: BTreeMap<String, BTreeSet<String>>,
    dev: Crates,
    fences: BTreeMap<String, BTreeSet<String>>,
    pure: Pure,
    names: Names,
    size: Size,
    exceptions: BTreeMap<String, Exception>,
}

#[derive(Deserialize)]
struct Crates {
    crates: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Pure {
    crates: BTreeSet<String>,
    refused: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Names {
    refused: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Size {
    file: usize,
    function: usize,
}

#[derive(Deserialize)]
struct Exception {
    limit: usize,
    reason: String,
    since: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn house() -> House {
    toml::from_str(&std::fs::read_to_string(root().join("house.toml")).unwrap()).unwrap()
}

/// (crate folder name, dependency name, is it a dev-dependency) for every direct dependency of the workspace.
fn dependencies() -> Vec<(String, String, bool)> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut found = Vec::new();
    for package in metadata["packages"].as_array().unwrap() {
        let name = room(package["name"].as_str().unwrap());
        for dependency in package["dependencies"].as_array().unwrap() {
            let is_dev = dependency["kind"].as_str() == Some("dev");
            found.push((name.clone(), dependency["name"].as_str().unwrap().to_owned(), is_dev));
        }
    }
    found
}

/// `creta-plan` lives in the room `plan`.
fn room(package: &str) -> String {
    package.strip_prefix("creta-").unwrap_or(package).to_owned()
}

#[test]
fn crates_depend_only_on_those_they_may() {
    let house = house();
    let rooms: BTreeSet<String> = house.edges.keys().cloned().collect();
    let mut broken = Vec::new();
    for (from, to, is_dev) in dependencies() {
        let to_room = room(&to);
        if !rooms.contains(&to_room) || (!to.starts_with("creta-") && to != "creta") {
            continue;
        }
        let allowed = house.edges.get(&from).is_some_and(|edges| edges.contains(&to_room));
        let for_tests = is_dev && (house.dev.crates.contains(&to_room) || allowed);
        if !(for_tests || (allowed && !house.dev.crates.contains(&to_room))) {
            broken.push(format!("{from} may not depend on {to_room}"));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_crate_stands_in_the_law() {
    let house = house();
    for entry in std::fs::read_dir(root().join("crates")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(house.edges.contains_key(&name), "crates/{name} has no row under [edges]");
    }
}

#[test]
fn third_party_crates_stay_behind_their_fences() {
    let house = house();
    let mut broken = Vec::new();
    for (from, to, is_dev) in dependencies() {
        if is_dev {
            continue;
        }
        if house.fences.get(&to).is_some_and(|rooms| !rooms.contains(&from)) {
            broken.push(format!("{from} may not name {to}"));
        }
        if house.pure.crates.contains(&from) && house.pure.refused.contains(&to) {
            broken.push(format!("{from} is pure and may not name {to}"));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

fn sources(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            let skipped = ["target", "tests", "node_modules", "__pycache__", "template", "examples"];
            if !name.starts_with('.') && !skipped.contains(&name.as_str()) {
                sources(&path, extension, found);
            }
        } else if path.extension().is_some_and(|own| own == extension) {
            found.push(path);
        }
    }
}

fn production_files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    sources(&root().join("crates"), "rs", &mut found);
    sources(&root().join("sdk/python/creta"), "py", &mut found);
    found
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned()
}

/// The oracle shares no mistake with the engine because it shares no code with it.
#[test]
fn the_oracle_names_only_the_model() {
    let folder = root().join("crates/testkit/src");
    let mut files = vec![folder.join("oracle.rs")];
    sources(&folder.join("oracle"), "rs", &mut files);
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        for line in text.lines().filter(|line| line.trim_start().starts_with("use ")) {
            let own = ["use creta_model", "use std", "use super", "use crate::oracle"];
            assert!(own.iter().any(|start| line.trim_start().starts_with(start)), "{}: {line}", relative(&path));
        }
    }
}

#[test]
fn no_module_is_a_junk_drawer() {
    let refused = house().names.refused;
    for path in production_files() {
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let folder = path.parent().unwrap().file_name().unwrap().to_str().unwrap();
        assert!(!refused.contains(stem) && !refused.contains(folder), "{} has a refused name", relative(&path));
    }
}

#[test]
fn every_file_opens_with_a_sentence() {
    for path in production_files() {
        let text = std::fs::read_to_string(&path).unwrap();
        let first = text.lines().next().unwrap_or_default();
        let opens = first.starts_with("//!") || first.starts_with("\"\"\"");
        assert!(opens, "{} does not open with what it is for", relative(&path));
    }
}

#[test]
fn files_and_functions_are_short() {
    let house = house();
    let mut broken = Vec::new();
    for path in production_files() {
        let name = relative(&path);
        let text = std::fs::read_to_string(&path).unwrap();
        let production = text.split("#[cfg(test)]").next().unwrap();
        let exception = house.exceptions.get(&name);
        let limit = exception.map_or(house.size.file, |exception| exception.limit);
        let lines = production.lines().count();
        if lines > limit {
            broken.push(format!("{name} has {lines} lines; the limit is {limit}"));
        }
        if name.ends_with(".rs") {
            broken.extend(long_functions(production, house.size.function).map(|fault| format!("{name}: {fault}")));
        }
    }
    for (path, exception) in &house.exceptions {
        assert!(root().join(path).exists(), "the exception for {path} is no longer needed");
        assert!(
            !exception.reason.is_empty() && exception.since.len() == 10,
            "the exception for {path} says too little"
        );
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// Functions by the indentation that rustfmt guarantees: from `fn` to the closing brace in the same column.
fn long_functions(text: &str, limit: usize) -> impl Iterator<Item = String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let is_function = [
            "fn ",
            "pub fn ",
            "async fn ",
            "pub async fn ",
            "pub(crate) fn ",
            "pub(super) fn ",
            "pub(crate) async fn ",
            "pub(super) async fn ",
        ]
        .iter()
        .any(|prefix| code.starts_with(prefix));
        if !is_function {
            continue;
        }
        let closing = format!("{}}}", " ".repeat(line.len() - code.len()));
        let end = lines[start..].iter().position(|line| *line == closing).unwrap_or(0);
        if end > limit {
            found.push(format!("line {}: a function of {end} lines; the limit is {limit}", start + 1));
        }
    }
    found.into_iter()
}

#[test]
fn paths_named_in_markdown_exist() {
    let mut pages = Vec::new();
    sources(&root(), "md", &mut pages);
    let mut broken = Vec::new();
    for page in pages {
        let text = std::fs::read_to_string(&page).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = target.split('#').next().unwrap();
            if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            if !page.parent().unwrap().join(target).exists() {
                broken.push(format!("{} names {target}, which does not exist", relative(&page)));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
