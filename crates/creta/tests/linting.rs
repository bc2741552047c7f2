//! Looking before applying: `creta lint`, `creta diff`, `creta config`, and the rules of a project for its metadata.

use crate::command::{Creta, Served};
use crate::product;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Output;

const SHIP: &str = "from creta.features import Primary, feature, features


@features(owner=\"harbour@example.org\")
class Ship:
    id: Primary[int] = feature(description=\"The number in the register.\")
    name: str
";

const RULES: &str = "project: harbour
validation:
  feature:
    metadata:
      - {name: owner, missing: error}
      - {name: description, missing: error}
      - {name: tags, missing: info}
";

/// Two classes of rows with a window over each; `at` is what the first one calls its time.
fn calls(at: &str, filters: &str) -> String {
    format!(
        "from datetime import datetime

from creta.features import DataFrame, FeatureTime, Primary, Windowed, _, features, windowed


@features
class Call:
    id: Primary[int]
    ship_id: \"Ship.id\"
    teu: float
    at: {at}


@features
class Ship:
    id: Primary[int]
    calls: \"DataFrame[Call]\"
    teu: Windowed[float] = windowed(\"7d\", \"30d\", expression=_.calls[_.teu, {filters}].sum())
"
    )
}

fn lint(creta: &Creta, python: &Path, more: &[&str]) -> Output {
    let python = python.to_str().unwrap();
    creta.command(&["lint", "--python", python]).args(more).output().unwrap()
}

/// What `creta lint --format json` finds, and its exit status.
fn findings(creta: &Creta, python: &Path) -> (Value, Option<i32>) {
    let output = lint(creta, python, &["--format", "json"]);
    let printed = String::from_utf8(output.stdout).unwrap();
    (serde_json::from_str(&printed).unwrap_or_else(|_| panic!("{printed}")), output.status.code())
}

#[test]
fn a_window_over_an_ordinary_datetime_is_said_to_see_the_future() {
    let Some(python) = product::python() else { return };
    let leak = calls("datetime", "_.at > _.creta_window");
    let creta = Creta::with_files(&[("features.py", &leak)]);
    let (found, status) = findings(&creta, &python);
    assert_eq!((status, &found["errors"]), (Some(0), &json!([])));
    // One declaration, one warning, although it has two windows.
    let warnings = found["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 1, "{found}");
    assert_eq!(warnings[0]["severity"], "warning");
    assert_eq!(warnings[0]["place"], json!({"file": "features.py", "line": 18}));
    assert!(warnings[0]["message"].as_str().unwrap().contains("`ship.calls`"), "{found}");
    let output = lint(&creta, &python, &[]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("warning[expression]") && said.contains("features.py:18"), "{said}");
    assert!(String::from_utf8(output.stdout).unwrap().contains("no faults, 1 warning"));
}

#[test]
fn rows_that_cannot_lie_in_the_future_are_no_warning() {
    let Some(python) = product::python() else { return };
    let bounded = calls("datetime", "_.at > _.creta_window, _.at <= _.creta_now");
    for text in [bounded, calls("FeatureTime", "_.at > _.creta_window")] {
        let creta = Creta::with_files(&[("features.py", &text)]);
        assert_eq!(findings(&creta, &python), (json!({"errors": [], "warnings": []}), Some(0)), "{text}");
    }
}

#[test]
fn lint_tells_every_fault_of_the_check_without_a_server() {
    let Some(python) = product::python() else { return };
    let twice = calls("FeatureTime", "_.at > _.creta_window").replace("[_.teu, ", "[_.teu, _.id, ");
    let source = "from creta.sql import SQLiteSource\n\nSQLiteSource(name=\"harbour\", filename=\"harbour.sqlite\")\n";
    let statement = "-- resolves: Call\n-- source: harbour\nselect id, nothing from calls\n";
    let creta = Creta::with_files(&[("features.py", &twice), ("sources.py", source), ("calls.creta.sql", statement)]);
    let (found, status) = findings(&creta, &python);
    assert_eq!(status, Some(2), "{found}");
    let errors = found["errors"].as_array().unwrap();
    let mut files: Vec<&str> = errors.iter().map(|error| error["place"]["file"].as_str().unwrap()).collect();
    files.sort_unstable();
    assert_eq!(files, ["calls.creta.sql", "features.py"], "{found}");
    let missing = creta.command(&["lint", "nowhere", "--python", python.to_str().unwrap()]).output().unwrap();
    assert_eq!(missing.status.code(), Some(2));
    assert!(String::from_utf8(missing.stderr).unwrap().contains("does not exist"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metadata_that_a_project_asks_for_blocks_lint_and_apply() {
    let Some(python) = product::python() else { return };
    let creta = Creta::with_files(&[("features.py", SHIP), ("creta.yaml", RULES)]);
    let (found, status) = findings(&creta, &python);
    assert_eq!(status, Some(2), "{found}");
    assert_eq!(found["errors"].as_array().unwrap().len(), 1, "{found}");
    assert_eq!(
        found["errors"][0]["message"].as_str().unwrap().split(',').next(),
        Some("`ship.name` has no description")
    );
    assert_eq!(found["errors"][0]["place"], json!({"file": "features.py", "line": 7}));
    let served = Served::start(&creta, &python).await;
    let refused = creta.fails(&["apply", "--python", python.to_str().unwrap()]);
    assert!(refused.contains("`ship.name` has no description"), "{refused}");

    creta.write(
        "creta.yaml",
        &RULES.replace("{name: description, missing: error}", "{name: description, missing: warning}"),
    );
    let output = creta.run(&["apply", "--python", python.to_str().unwrap()]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("warning[invalid_definition]: `ship.name` has no description"), "{said}");
    assert!(said.contains("note[invalid_definition]: `ship.id` has no tags"), "{said}");
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn diff_says_by_its_status_whether_anything_would_change() {
    let Some(python) = product::python() else { return };
    let creta = Creta::with_files(&[("features.py", SHIP)]);
    let served = Served::start(&creta, &python).await;
    let diff = || creta.run(&["diff", "--python", python.to_str().unwrap()]);
    let all = diff();
    let printed = String::from_utf8(all.stdout).unwrap();
    assert_eq!(all.status.code(), Some(10), "{printed}");
    assert!(printed.contains("+ feature ship.name") && printed.contains("2 changes"), "{printed}");
    // Nothing was deployed by looking.
    assert!(creta.fails(&["query", "--in", "ship.id=7"]).contains("Nothing is deployed"));

    assert!(creta.run(&["apply", "--python", python.to_str().unwrap()]).status.success());
    let none = diff();
    assert_eq!(none.status.code(), Some(0));
    assert!(String::from_utf8(none.stdout).unwrap().contains("nothing would change"));
    creta.write("features.py", &SHIP.replace("    name: str\n", "    name: str\n    length: float\n"));
    let output = creta.run(&["diff", "--json", "--python", python.to_str().unwrap()]);
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &answer["diff"]["features"]["added"]), (Some(10), &json!(["ship.length"])));
    creta.write("features.py", &SHIP.replace("name: str", "name: float"));
    assert!(creta.fails(&["diff", "--python", python.to_str().unwrap()]).contains("type_change"));
    served.stop().await;
}

const SPEED: &str = r#"from creta import online
from creta.features import Primary, _, feature, features


@features
class Boat:
    id: Primary[int]
    speed: int = feature(max_staleness="1h")
    knots: int = feature(max_staleness="1d", expression=_.speed * 2)
    live: int = _.knots + 1
    other: int = feature(max_staleness="1d", default=3)


@online
def speed(id: Boat.id) -> Boat.speed:
    return id + 1
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn diff_lists_what_is_stored_as_an_old_definition_computed_it() {
    let Some(python) = product::python() else { return };
    let creta = Creta::with_files(&[("features.py", SPEED)]);
    let served = Served::start(&creta, &python).await;
    assert!(creta.run(&["apply", "--python", python.to_str().unwrap()]).status.success());
    let told = || {
        let output = creta.run(&["diff", "--json", "--python", python.to_str().unwrap()]);
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        let told = answer["warnings"].as_array().unwrap().iter();
        told.map(|letter| letter["feature"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(told().is_empty());
    creta.write("features.py", &SPEED.replace("id + 1", "id + 2"));
    assert_eq!(told(), ["boat.speed", "boat.knots"]);
    creta.write("features.py", &SPEED.replace("_.speed * 2", "_.speed * 3"));
    assert_eq!(told(), ["boat.knots"]);
    let shown = creta.run(&["diff", "--python", python.to_str().unwrap()]);
    let said = String::from_utf8(shown.stderr).unwrap();
    assert!(said.contains("creta drop --features boat.knots"), "{said}");
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn config_says_where_things_are_and_keeps_the_secret() {
    let Some(python) = product::python() else { return };
    let creta = Creta::with_files(&[("features.py", SHIP)]);
    let settings = |arguments: &[&str]| {
        let output = creta.command(&["config", "--json"]).args(arguments).output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let of = |printed: &str, name: &str| {
        let settings: Vec<Value> = serde_json::from_str(printed).unwrap();
        settings.into_iter().find(|setting| setting["name"] == name).unwrap()
    };
    let before = settings(&[]);
    assert_eq!(of(&before, "server")["value"], Value::Null);
    assert_eq!(of(&before, "server")["origin"], "No credentials were found.");
    assert_eq!(of(&before, "python")["value"], Value::Null);

    let served = Served::start(&creta, &python).await;
    let credentials = creta.credentials();
    let found = settings(&["--python", python.to_str().unwrap()]);
    assert_eq!(of(&found, "server")["value"], credentials["url"]);
    assert_eq!(of(&found, "client id")["value"], credentials["client_id"]);
    assert_eq!(of(&found, "python"), json!({"name": "python", "value": python, "origin": "--python"}));
    let nearest = creta.folder().canonicalize().unwrap().join(".creta/credentials.json");
    assert_eq!(of(&found, "credentials file")["value"], json!(nearest));
    assert_eq!(of(&settings(&["--credentials", "ready.json"]), "credentials file")["value"], "ready.json");
    let table = String::from_utf8(creta.run(&["config"]).stdout).unwrap();
    assert!(table.contains(credentials["url"].as_str().unwrap()), "{table}");
    let secret = credentials["client_secret"].as_str().unwrap();
    assert!(!found.contains(secret) && !table.contains(secret));
    served.stop().await;
}
