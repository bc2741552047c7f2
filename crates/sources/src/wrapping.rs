//! Wraps the user's statement in one of ours that selects the wanted columns and carries the predicates.
//!
//! `SELECT … FROM (statement) AS creta_statement WHERE …` means filtering afterwards whatever the statement does; the
//! database itself moves the conditions inwards where that is the same. Each source renders the conditions in its own
//! dialect and leaves one out wherever the database's comparison could refuse a row that ours would accept.

use creta_model::{DataType, Value};
use creta_ports::source::{Predicate, Scan, ScanColumn};

/// More values than this are read by scanning (decision 23).
pub(crate) const MAX_VALUES: usize = 10_000;
/// Up to here every whole number is a float of its own, so that comparing before or after widening is the same.
const EXACT_FLOAT: f64 = 9_007_199_254_740_992.0;

/// The user's statement without what would end it inside of ours.
pub(crate) fn inner(statement: &str) -> &str {
    statement.trim().trim_end_matches(';')
}

/// The statement around `scan.statement`, under the conditions that `condition` renders; nothing means that the
/// predicate is left to the engine. Versions of rows are found here, by the statement once more.
pub(crate) fn wrapped(scan: &Scan, mut condition: impl FnMut(&Predicate) -> Option<String>) -> String {
    let columns: Vec<String> = scan.columns.iter().map(|column| quoted(&column.name)).collect();
    // A statement that reads no column is still asked for its rows.
    let columns = if columns.is_empty() { "NULL".to_owned() } else { columns.join(", ") };
    // The line break ends a comment at the end of the user's statement.
    let from = format!("FROM ({}\n) AS creta_statement", inner(&scan.statement));
    let conditions = conditions(&from, &scan.predicates, &mut condition);
    format!("SELECT {columns} {from}{conditions}")
}

fn conditions(
    from: &str,
    predicates: &[Predicate],
    condition: &mut impl FnMut(&Predicate) -> Option<String>,
) -> String {
    let mut rendered = Vec::with_capacity(predicates.len());
    for predicate in predicates {
        let Predicate::Versions { key, passing } = predicate else {
            rendered.extend(condition(predicate));
            continue;
        };
        let passing = conditions(from, passing, condition);
        if !passing.is_empty() {
            let key = quoted(key);
            rendered.push(format!("{key} IN (SELECT {key} {from}{passing})"));
        }
    }
    if rendered.is_empty() { String::new() } else { format!(" WHERE {}", rendered.join(" AND ")) }
}

/// A column of the user's statement. Qualified, because SQLite takes an unknown quoted name alone for a string.
pub(crate) fn quoted(column: &str) -> String {
    format!("creta_statement.\"{}\"", column.replace('"', "\"\""))
}

pub(crate) fn type_of<'a>(columns: &'a [ScanColumn], name: &str) -> Option<&'a DataType> {
    columns.iter().find(|column| column.name == name).map(|column| &column.data_type)
}

/// A bound of a column of numbers, where widening one side to a float changes no comparison.
pub(crate) fn number<'a>(value: &'a Value, data_type: &DataType) -> Option<&'a Value> {
    let comparable = match (value, data_type) {
        (Value::Int(_), DataType::Int) => true,
        (Value::Int(value), DataType::Float) => (*value as f64).abs() < EXACT_FLOAT,
        (Value::Float(value), DataType::Float | DataType::Int) => value.abs() < EXACT_FLOAT,
        _ => false,
    };
    comparable.then_some(value)
}
