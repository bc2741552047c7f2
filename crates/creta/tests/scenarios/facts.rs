//! The facts of a scenario: the SQLite file that the project reads, and the same rows for the oracle.

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use creta_engine::Deployment;
use creta_model::bundle::ResolverBody;
use creta_model::{DataType, Graph, Value};
use creta_testkit::oracle::{Facts, Listing};
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use std::collections::BTreeMap;
use std::path::Path;

/// Copies the definitions and fills `facts.db`.
pub fn prepare(folder: &Path, project: &Path) {
    copy(folder, project);
    let script = folder.join("facts.sql");
    if script.exists() {
        let database = Connection::open(project.join("facts.db")).unwrap();
        database.execute_batch(&std::fs::read_to_string(&script).unwrap()).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy(&entry.path(), &target);
        } else if !entry.path().ends_with("scenario.json") {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// What every SQL resolver's statement returns as it stands.
pub fn read(deployment: &Deployment, project: &Path) -> Facts {
    let graph = deployment.project.graph();
    let file = project.join("facts.db");
    let mut facts = Facts::new();
    for resolver in &graph.resolvers {
        let ResolverBody::Sql(body) = &resolver.body else { continue };
        let entity = graph.entities.iter().find(|entity| entity.class.eq_ignore_ascii_case(&body.resolves)).unwrap();
        let listing = listing(graph, &entity.namespace, &body.text, &Connection::open(&file).unwrap());
        facts.insert(resolver.name.clone(), listing);
    }
    facts
}

fn listing(graph: &Graph, namespace: &str, text: &str, database: &Connection) -> Listing {
    let mut statement = database.prepare(text).unwrap();
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut found = Vec::new();
    let mut rows = statement.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let mut fact = BTreeMap::new();
        for (index, column) in columns.iter().enumerate() {
            let feature = graph.by_fqn(&format!("{namespace}.{column}")).unwrap_or_else(|| panic!("column {column}"));
            let data_type = &graph.scalar(feature).unwrap().data_type;
            fact.insert(column.clone(), value(data_type, row.get_ref(index).unwrap()));
        }
        found.push(fact);
    }
    Listing { columns, rows: found }
}

fn value(data_type: &DataType, cell: ValueRef<'_>) -> Value {
    match (data_type, cell) {
        (_, ValueRef::Null) => Value::Null,
        (DataType::Int, ValueRef::Integer(value)) => Value::Int(value),
        (DataType::Bool, ValueRef::Integer(value)) => Value::Bool(value != 0),
        (DataType::Float, ValueRef::Real(value)) => Value::Float(value),
        (DataType::Float, ValueRef::Integer(value)) => Value::Float(value as f64),
        (DataType::Str, ValueRef::Text(text)) => Value::Str(String::from_utf8(text.to_vec()).unwrap()),
        (DataType::Datetime, ValueRef::Text(text)) => Value::Datetime(instant(std::str::from_utf8(text).unwrap())),
        (DataType::Date, ValueRef::Text(text)) => {
            let date: NaiveDate = std::str::from_utf8(text).unwrap().parse().unwrap();
            Value::Date(i32::try_from((date - NaiveDate::default()).num_days()).unwrap())
        }
        (data_type, cell) => panic!("{cell:?} is not of type {data_type}"),
    }
}

/// Microseconds since the epoch; text without a zone is UTC (decision 5).
fn instant(text: &str) -> i64 {
    match DateTime::parse_from_rfc3339(text) {
        Ok(at) => at.timestamp_micros(),
        Err(_) => text.parse::<NaiveDateTime>().unwrap().and_utc().timestamp_micros(),
    }
}
