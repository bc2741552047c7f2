//! Draws the rows of the SQL resolvers, as a SQLite script and as facts for the oracle.

use super::Dice;
use super::definitions::{Column, Project};
use crate::oracle::{Facts, Listing};
use chrono::DateTime;
use creta_model::{DataType, Value};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Keys of every entity; rows refer to one more that no row has.
pub const KEYS: i64 = 4;

pub fn draw(dice: &mut Dice, project: &Project, most_rows: usize) -> (String, Facts) {
    let (mut script, mut facts) = (String::new(), Facts::new());
    for (number, drawn) in project.entities.iter().enumerate() {
        if drawn.columns.is_empty() {
            continue;
        }
        let columns = columns_of(project, number);
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let _ = writeln!(script, "create table t{number} (position integer primary key, {});", names.join(", "));
        let rows: Vec<BTreeMap<String, Value>> =
            (0..dice.below(most_rows + 1)).map(|_| row(dice, project, &columns)).collect();
        for (position, row) in rows.iter().enumerate() {
            let cells: Vec<String> = columns.iter().map(|column| literal(&row[&column.name])).collect();
            let _ = writeln!(script, "insert into t{number} values ({position}, {});", cells.join(", "));
        }
        let columns = columns.into_iter().map(|column| column.name).collect();
        facts.insert(format!("list_e{number}"), Listing { columns, rows });
    }
    (script, facts)
}

/// What an entity's rows have: the key, the columns, the feature time.
fn columns_of(project: &Project, number: usize) -> Vec<Column> {
    let drawn = &project.entities[number];
    let column = |name: &str, data_type: &DataType, refers_to: Option<usize>| Column {
        name: name.to_owned(),
        data_type: data_type.clone(),
        nullable: false,
        refers_to,
    };
    let key = column("id", &drawn.key_type, Some(number));
    let time = drawn.has_time.then(|| column("at", &DataType::Datetime, None));
    std::iter::once(key).chain(drawn.columns.iter().cloned()).chain(time).collect()
}

/// Lists of rows as a caller may give them, one list per parent: all with the same columns, but not with all of them.
/// Several parents have rows each: what the columns are is known of all their lists together.
pub fn given_rows(dice: &mut Dice, project: &Project, number: usize, parents: usize) -> Vec<Value> {
    let mut columns = columns_of(project, number);
    columns.retain(|_| dice.chance(80));
    let counts = if parents == 1 { [*dice.pick(&[0, 1, 2]); 4] } else { [2, 1, 3, 1] };
    let text = |name: &str| Value::Str(name.to_owned());
    let mut one = |columns: &[Column]| {
        Value::Map(columns.iter().map(|column| (text(&column.name), cell(dice, project, column))).collect())
    };
    let list = |parent: usize| if columns.is_empty() { 0 } else { counts[parent % counts.len()] };
    (0..parents).map(|parent| Value::List((0..list(parent)).map(|_| one(&columns)).collect())).collect()
}

fn row(dice: &mut Dice, project: &Project, columns: &[Column]) -> BTreeMap<String, Value> {
    columns.iter().map(|column| (column.name.clone(), cell(dice, project, column))).collect()
}

fn cell(dice: &mut Dice, project: &Project, column: &Column) -> Value {
    if column.nullable && dice.chance(25) {
        return Value::Null;
    }
    match column.refers_to {
        Some(entity) if column.name == "id" => key(dice, &project.entities[entity].key_type, KEYS),
        Some(entity) => key(dice, &project.entities[entity].key_type, KEYS + 1),
        None => value(dice, &column.data_type),
    }
}

/// One of the first so many keys.
pub fn key(dice: &mut Dice, data_type: &DataType, count: i64) -> Value {
    let number = dice.between(1, count);
    match data_type {
        DataType::Str => Value::Str(format!("k{number}")),
        _ => Value::Int(number),
    }
}

pub fn value(dice: &mut Dice, data_type: &DataType) -> Value {
    match data_type {
        DataType::Float => Value::Float(dice.between(-8, 8) as f64 / 4.0),
        DataType::Str => Value::Str((*dice.pick(&["", "x", "Ümlaut", "x "])).to_owned()),
        DataType::Bool => Value::Bool(dice.chance(50)),
        DataType::Datetime => Value::Datetime(dice.instant()),
        _ => Value::Int(dice.between(-3, 6)),
    }
}

fn literal(value: &Value) -> String {
    match value {
        Value::Int(value) => value.to_string(),
        Value::Float(value) => format!("{value:?}"),
        Value::Bool(value) => i64::from(*value).to_string(),
        Value::Str(text) => format!("'{}'", text.replace('\'', "''")),
        Value::Datetime(at) => {
            let at = DateTime::from_timestamp_micros(*at).unwrap_or_default();
            format!("'{}'", at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true))
        }
        _ => "null".to_owned(),
    }
}
