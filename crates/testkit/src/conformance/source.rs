//! The suite of [`Source`]: a table written by the adapter is asked in many ways, and every answer is compared with
//! filtering the rows in memory.

use arrow::array::{Array, ArrayRef, Int64Array, LargeStringArray, RecordBatch};
use creta_model::{Code, DataType, Value};
use creta_ports::Source;
use creta_ports::arrays::value_at;
use creta_ports::source::{Predicate, Scan, ScanColumn};
use std::sync::Arc;
use std::time::Duration;

const MICROS: i64 = 1_000_000;
const DAY: i64 = 86_400 * MICROS;
/// 2024-02-28, so that days around a leap day occur.
const START: i64 = 19_781 * DAY;
const ROWS: i64 = 400;

/// The rows of one table, to be written by the adapter under its name.
pub struct Table {
    pub name: &'static str,
    pub columns: Vec<(&'static str, DataType)>,
    pub rows: Vec<Vec<Value>>,
}

/// In what databases may differ.
pub struct Dialect {
    /// How a statement writes its parameters.
    pub placeholder: fn(usize) -> String,
    /// Whether a text may hold the character NUL.
    pub nul_in_text: bool,
}

/// Runs the whole suite. `open` writes the table and answers a source that `SELECT … FROM <table name>` reads it from.
pub async fn check(open: impl Fn(&Table) -> Arc<dyn Source>) {
    check_in(&Dialect { placeholder: |position| format!(":p{position}"), nul_in_text: true }, open).await;
}

/// Runs the whole suite in a dialect.
pub async fn check_in(dialect: &Dialect, open: impl Fn(&Table) -> Arc<dyn Source>) {
    let table = world(7, dialect);
    let source = open(&table);
    names_are_listed_without_running(source.as_ref(), &table).await;
    a_scan_yields_every_row_typed(source.as_ref(), &table).await;
    predicates_never_lose_a_row(source.as_ref(), &table).await;
    many_keys_are_no_error(source.as_ref(), &table).await;
    parameters_are_bound(source.as_ref(), &table, dialect).await;
    predicates_stay_outside_of_the_statement(source.as_ref(), &table).await;
    wrong_statements_are_letters(source.as_ref()).await;
}

/// The same numbers in every run.
struct Dice(u64);

impl Dice {
    /// From zero to below `limit` (SplitMix64).
    fn upto(&mut self, limit: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) >> 1) as i64 % limit
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.upto(from.len() as i64) as usize]
    }
}

fn world(seed: u64, dialect: &Dialect) -> Table {
    let mut random = Dice(seed);
    let odd = if dialect.nul_in_text { "nul\0inside" } else { "no nul inside" };
    let text = ["", "a", "A", "aa", "\"quoted\"", "it's", "ä", "😀", odd, "line\nbreak", "%_"];
    let null_or = |null: bool, value: Value| if null { Value::Null } else { value };
    let rows = (0..ROWS).map(|id| {
        let sparse = random.upto(10) == 0;
        vec![
            Value::Int(if id == 0 { i64::MIN } else { id }),
            null_or(sparse, Value::Str((*random.pick(&text)).to_owned())),
            null_or(sparse, Value::Float((random.upto(80) - 40) as f64 / 8.0)),
            null_or(sparse, Value::Datetime(START + random.upto(6 * DAY))),
            null_or(sparse, Value::Date(19_781 + random.upto(6) as i32)),
            null_or(sparse, Value::Bool(random.upto(2) == 0)),
            null_or(sparse, Value::Time(random.upto(DAY))),
        ]
    });
    Table {
        name: "sightings",
        columns: vec![
            ("id", DataType::Int),
            ("ship", DataType::Str),
            ("draught", DataType::Float),
            ("seen_at", DataType::Datetime),
            ("seen_on", DataType::Date),
            ("laden", DataType::Bool),
            ("shift", DataType::Time),
        ],
        rows: rows.collect(),
    }
}

pub fn scan_of(table: &Table, statement: &str, predicates: Vec<Predicate>) -> Scan {
    let column =
        |(name, data_type): &(&str, DataType)| ScanColumn { name: (*name).to_owned(), data_type: data_type.clone() };
    Scan {
        statement: statement.to_owned(),
        parameters: Vec::new(),
        columns: table.columns.iter().map(column).collect(),
        predicates,
        resolver: "sightings".to_owned(),
        timeout: Duration::from_secs(30),
    }
}

fn everything(table: &Table) -> String {
    format!("select * from {}", table.name)
}

pub fn rows_of(batches: &[RecordBatch]) -> Vec<Vec<Value>> {
    let row = |batch: &RecordBatch, row| batch.columns().iter().map(|column| value_at(column.as_ref(), row)).collect();
    batches.iter().flat_map(|batch| (0..batch.num_rows()).map(move |at| row(batch, at))).collect()
}

async fn names_are_listed_without_running(source: &dyn Source, table: &Table) {
    let names = source.columns(&format!("{} -- all of them", everything(table))).await.unwrap();
    let expected: Vec<&str> = table.columns.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, expected);
    assert_eq!(source.columns(&format!("select id as call_id from {}", table.name)).await.unwrap(), ["call_id"]);
}

async fn a_scan_yields_every_row_typed(source: &dyn Source, table: &Table) {
    let statement = format!("{} order by id; ", everything(table));
    let scan = scan_of(table, &statement, Vec::new());
    let batches = source.scan(&scan).await.unwrap();
    for batch in &batches {
        for (column, array) in scan.columns.iter().zip(batch.columns()) {
            assert_eq!(*array.data_type(), column.data_type.arrow(), "{}", column.name);
        }
    }
    assert_eq!(rows_of(&batches), table.rows, "source order is the statement's order");
}

async fn predicates_never_lose_a_row(source: &dyn Source, table: &Table) {
    let mut random = Dice(11);
    for _ in 0..300 {
        let mut predicates = vec![some_predicate(&mut random, table)];
        if random.upto(2) == 0 {
            predicates.push(some_predicate(&mut random, table));
        }
        let answer = rows_of(&source.scan(&scan_of(table, &everything(table), predicates.clone())).await.unwrap());
        for row in &table.rows {
            let wanted = predicates.iter().all(|predicate| passes(table, row, predicate));
            assert!(!wanted || answer.contains(row), "{row:?} passes {predicates:?} and is missing");
        }
        for row in &answer {
            assert!(table.rows.contains(row), "{row:?} is not in the table");
        }
    }
}

fn some_predicate(random: &mut Dice, table: &Table) -> Predicate {
    let column = random.upto(table.columns.len() as i64) as usize;
    let row = random.pick(&table.rows);
    let name = table.columns[column].0.to_owned();
    let value = row[column].clone();
    let values: Option<ArrayRef> = match column {
        0 => Some(Arc::new((0..random.upto(9)).map(|_| Some(random.upto(509) - 9)).collect::<Int64Array>())),
        1 => {
            let picks = random.upto(4);
            let texts = (0..picks).map(|_| random.pick(&table.rows)[1].clone());
            Some(Arc::new(
                texts
                    .filter_map(|text| if let Value::Str(text) = text { Some(Some(text)) } else { None })
                    .collect::<LargeStringArray>(),
            ))
        }
        _ => None,
    };
    match values {
        Some(values) if random.upto(10) < 5 => Predicate::In { column: name, values },
        Some(values) if random.upto(10) < 5 => {
            let key = if name == "id" { "ship" } else { "id" };
            let passing = vec![Predicate::In { column: name, values }, some_predicate(random, table)];
            Predicate::Versions { key: key.to_owned(), passing }
        }
        _ if value.is_null() => Predicate::AtMost { column: "id".to_owned(), value: Value::Int(100) },
        _ if random.upto(2) == 0 => Predicate::AtMost { column: name, value },
        _ => Predicate::AtLeast { column: name, value },
    }
}

fn passes(table: &Table, row: &[Value], predicate: &Predicate) -> bool {
    let cell = |name: &str| {
        let position = table.columns.iter().position(|(column, _)| *column == name).unwrap();
        &row[position]
    };
    match predicate {
        Predicate::Versions { key, passing } => {
            let position = table.columns.iter().position(|(column, _)| column == key).unwrap();
            let all = |other: &&Vec<Value>| passing.iter().all(|predicate| passes(table, other, predicate));
            let mut others = table.rows.iter().filter(all);
            !cell(key).is_null() && others.any(|other| other[position] == *cell(key))
        }
        Predicate::In { column, values } => {
            !cell(column).is_null() && (0..values.len()).any(|at| value_at(values.as_ref(), at) == *cell(column))
        }
        Predicate::AtMost { column, value } => at_most(cell(column), value),
        Predicate::AtLeast { column, value } => at_most(value, cell(column)),
    }
}

fn at_most(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Int(left), Value::Int(right))
        | (Value::Datetime(left), Value::Datetime(right))
        | (Value::Time(left), Value::Time(right)) => left <= right,
        (Value::Float(left), Value::Float(right)) => left <= right,
        (Value::Str(left), Value::Str(right)) => left.as_bytes() <= right.as_bytes(),
        (Value::Date(left), Value::Date(right)) => left <= right,
        (Value::Bool(left), Value::Bool(right)) => left <= right,
        _ => false,
    }
}

async fn many_keys_are_no_error(source: &dyn Source, table: &Table) {
    for count in [10_000, 10_001] {
        let values: ArrayRef = Arc::new((0..count).collect::<Int64Array>());
        let predicate = Predicate::In { column: "id".to_owned(), values };
        let answer = rows_of(&source.scan(&scan_of(table, &everything(table), vec![predicate])).await.unwrap());
        for row in &table.rows[1..] {
            assert!(answer.contains(row), "{count} keys lose {row:?}");
        }
    }
}

async fn parameters_are_bound(source: &dyn Source, table: &Table, dialect: &Dialect) {
    let [first, last, text] = [0, 1, 2].map(dialect.placeholder);
    let condition = format!("id between {first} and {last} and {text} = {text}");
    let statement = format!("select * from {} where {condition} order by id", table.name);
    let mut scan = scan_of(table, &statement, Vec::new());
    scan.parameters = vec![Value::Int(3), Value::Int(5), Value::Str("'; --".to_owned())];
    assert_eq!(rows_of(&source.scan(&scan).await.unwrap()), table.rows[3..=5]);
}

/// `limit` and aggregates see the rows that they would see without predicates.
async fn predicates_stay_outside_of_the_statement(source: &dyn Source, table: &Table) {
    let statement = format!("select id, count(*) over () as rows from {} order by id limit 5 -- few", table.name);
    let mut scan = scan_of(table, &statement, vec![Predicate::AtLeast { column: "id".into(), value: Value::Int(3) }]);
    let column = |name: &str| ScanColumn { name: name.to_owned(), data_type: DataType::Int };
    scan.columns = vec![column("rows"), column("id")];
    let answer = rows_of(&source.scan(&scan).await.unwrap());
    for id in [3, 4] {
        assert!(answer.contains(&vec![Value::Int(ROWS), Value::Int(id)]), "{answer:?}");
    }
    assert!(answer.len() <= 5);
}

async fn wrong_statements_are_letters(source: &dyn Source) {
    assert_eq!(source.columns("selec nothing").await.unwrap_err().code, Code::Sql);
    assert_eq!(source.columns("select * from no_such_table").await.unwrap_err().code, Code::Sql);
    let scan = Scan {
        statement: "select * from no_such_table".to_owned(),
        parameters: Vec::new(),
        columns: vec![ScanColumn { name: "id".to_owned(), data_type: DataType::Int }],
        predicates: Vec::new(),
        resolver: "lost".to_owned(),
        timeout: Duration::from_secs(30),
    };
    let letter = source.scan(&scan).await.unwrap_err();
    assert_eq!((letter.code, letter.resolver.as_deref()), (Code::SourceFailed, Some("lost")));
}
