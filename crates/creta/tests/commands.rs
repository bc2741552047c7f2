//! The command line from an empty folder to a training set, as a newcomer walks it.

use crate::command::{Creta, Served};
use crate::product;
use arrow::array::AsArray;
use arrow::datatypes::Float64Type;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use rusqlite::Connection;
use serde_json::{Value, json};
use std::fs::File;

const FEATURES: &str = r#"from creta import online
from creta.features import Primary, features
from creta.sql import SQLiteSource

harbour = SQLiteSource(name="harbour", filename="harbour.sqlite")


@features
class Ship:
    id: Primary[int]
    length: float
    beam: float
    area: float


@online
def area(length: Ship.length, beam: Ship.beam) -> Ship.area:
    return length * beam
"#;

const SHIPS: &str = "-- resolves: Ship\n-- source: harbour\nselect id, length, beam from ships\n";

/// Runs a command that must succeed; answers its standard output.
fn succeeds(creta: &Creta, arguments: &[&str]) -> String {
    let output = creta.run(arguments);
    let (printed, complaint) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{arguments:?}: {printed}{complaint}");
    printed.into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_an_empty_folder_to_a_training_set() {
    let Some(python) = product::python() else { return };
    let python = python.to_str().unwrap();
    let creta = Creta::with_files(&[("features.py", FEATURES), ("ships.creta.sql", SHIPS)]);
    let database = Connection::open(creta.folder().join("harbour.sqlite")).unwrap();
    database
        .execute_batch("create table ships (id integer, length real, beam real); insert into ships values (7, 100, 20)")
        .unwrap();
    let served = Served::start(&creta, python.as_ref()).await;

    let first = succeeds(&creta, &["apply", "--python", python]);
    assert!(first.contains("+ feature ship.area") && first.contains("+ resolver features.area"), "{first}");
    let again = succeeds(&creta, &["apply", "--python", python]);
    assert!(again.contains("nothing changed"), "{again}");
    creta.write("features.py", &FEATURES.replace("length * beam", "length * beam * 2"));
    let dry = succeeds(&creta, &["apply", "--dry-run", "--python", python]);
    assert!(dry.contains("~ resolver features.area  code") && dry.contains("nothing was deployed"), "{dry}");

    let table = succeeds(&creta, &["query", "--in", "ship.id=7"]);
    assert!(table.contains("ship.area") && table.contains("2000") && table.contains("features.area"), "{table}");
    succeeds(&creta, &["apply", "--python", python]);
    let answer = succeeds(&creta, &["query", "--in", "ship.id=7", "--out", "ship.area", "--json"]);
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["data"][0]["value"], json!(4000.0));

    let features = succeeds(&creta, &["features"]);
    assert!(features.contains("ship.area") && features.contains("float"), "{features}");
    let resolvers: Value = serde_json::from_str(&succeeds(&creta, &["resolvers", "--json"])).unwrap();
    assert_eq!(resolvers[0]["feature_inputs"], json!(["ship.length", "ship.beam"]));
    let table = succeeds(&creta, &["resolvers"]);
    assert!(table.contains("features.area") && table.contains("ships"), "{table}");

    let plan = succeeds(&creta, &["explain", "--in", "ship.id", "--out", "ship.area"]);
    assert!(plan.contains("sql ships on harbour by id") && plan.contains("python features.area"), "{plan}");

    creta.write("spine.csv", "ship.id,at\n7,2026-01-01T00:00:00Z\n8,2026-01-01T00:00:00Z\n");
    let train = [
        "train",
        "--spine",
        "spine.csv",
        "--times",
        "at",
        "--out",
        "ship.area",
        "--recompute",
        "--output",
        "set.parquet",
    ];
    let done = succeeds(&creta, &train);
    assert!(done.contains("2 rows in set.parquet"), "{done}");
    let file = File::open(creta.folder().join("set.parquet")).unwrap();
    let mut reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    let batch = reader.next().unwrap().unwrap();
    let areas: Vec<Option<f64>> =
        batch.column_by_name("ship.area").unwrap().as_primitive::<Float64Type>().iter().collect();
    assert_eq!(areas, [Some(4000.0), None]);
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn init_makes_a_project_that_can_be_applied() {
    let Some(python) = product::python() else { return };
    let creta = Creta::with_files(&[]);
    succeeds(&creta, &["init"]);
    let served = Served::start(&creta, &python).await;
    let applied = succeeds(&creta, &["apply", "--python", python.to_str().unwrap(), "--json"]);
    let applied: Value = serde_json::from_str(&applied).unwrap();
    assert!(applied["deployment_id"].is_string(), "{applied}");
    served.stop().await;
    let refused = creta.fails(&["init"]);
    assert!(refused.contains("already holds creta.yaml"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn options_without_effect_are_said_by_apply() {
    let Some(python) = product::python() else { return };
    let features = FEATURES.replace("@online\n", "@online(cron=\"1h\")\n");
    let creta = Creta::with_files(&[("features.py", &features), ("ships.creta.sql", SHIPS)]);
    Connection::open(creta.folder().join("harbour.sqlite"))
        .unwrap()
        .execute_batch("create table ships (id, length, beam)")
        .unwrap();
    let served = Served::start(&creta, &python).await;
    let output = creta.run(&["apply", "--python", python.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("`cron` of a resolver has no effect yet"), "{said}");
    served.stop().await;
}
