//! The suite of [`OfflineStore`].

use super::{entry, removal, small};
use arrow::array::{Array, ArrayRef, Int64Array, LargeStringArray};
use creta_model::data_type::StructField;
use creta_model::observation::{Destinations, Entry, Observations, Removal};
use creta_model::{DataType, Value};
use creta_ports::arrays::value_at;
use creta_ports::offline::{ColumnTypes, History, HistoryColumn, HistoryRequest};
use creta_ports::{OfflineStore, Position};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Types by name, the same in every namespace.
pub struct Types {
    pub key: DataType,
    pub columns: BTreeMap<String, DataType>,
}

impl ColumnTypes for Types {
    fn key(&self, _namespace: &str) -> Option<DataType> {
        Some(self.key.clone())
    }

    fn column(&self, _namespace: &str, name: &str) -> Option<DataType> {
        self.columns.get(name).cloned()
    }
}

/// Integer keys and these columns.
pub fn types(columns: &[(&str, DataType)]) -> Types {
    let columns = columns.iter().map(|(name, data_type)| ((*name).to_owned(), data_type.clone()));
    Types { key: DataType::Int, columns: columns.collect() }
}

fn ints() -> Types {
    types(&[("x", DataType::Int), ("y", DataType::Int)])
}

/// Everything about some columns of a namespace.
pub fn request(namespace: &str, types: &Types, columns: &[&str]) -> HistoryRequest {
    let column = |name: &&str| HistoryColumn { name: (*name).to_owned(), data_type: types.columns[*name].clone() };
    HistoryRequest {
        namespace: namespace.to_owned(),
        key_type: types.key.clone(),
        columns: columns.iter().map(column).collect(),
        keys: None,
        observed_from: None,
        observed_until: None,
        inserted_from: None,
        inserted_until: None,
    }
}

/// One row of history as plain values; None where a column was not observed.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub key: Value,
    pub observed_at: i64,
    pub inserted_at: i64,
    pub sequence: u64,
    pub values: Vec<Option<Value>>,
}

/// History as rows.
pub fn rows(history: &History) -> Vec<Row> {
    let value = |(values, observed): &(ArrayRef, arrow::array::BooleanArray), row: usize| {
        assert_eq!((values.len(), observed.len()), (history.keys.len(), history.keys.len()));
        observed.value(row).then(|| value_at(values.as_ref(), row))
    };
    let row = |row: usize| Row {
        key: value_at(history.keys.as_ref(), row),
        observed_at: history.observed_at.value(row),
        inserted_at: history.inserted_at.value(row),
        sequence: history.sequence.value(row),
        values: history.columns.iter().map(|column| value(column, row)).collect(),
    };
    (0..history.keys.len()).map(row).collect()
}

async fn all<S: OfflineStore>(store: &S, namespace: &str, types: &Types, columns: &[&str]) -> Vec<Row> {
    rows(&store.history(&request(namespace, types, columns)).await.unwrap())
}

/// (key, observed_at, sequence, x) of every row of the namespace `ship`.
async fn brief<S: OfflineStore>(store: &S) -> Vec<(i64, i64, u64, i64)> {
    let int = |value: &Value| if let Value::Int(value) = value { *value } else { panic!("{value:?} is no int") };
    let found = all(store, "ship", &ints(), &["x"]).await;
    let brief = |row: &Row| (int(&row.key), row.observed_at, row.sequence, int(row.values[0].as_ref().unwrap()));
    found.iter().map(brief).collect()
}

fn positions<E: Into<Entry>>(first: u64, entries: Vec<E>) -> Vec<(Position, Entry)> {
    (first..).map(Position).zip(entries.into_iter().map(Into::into)).collect()
}

/// Rows come in the order of the port whatever the order and the batches of writing.
pub async fn order<S: OfflineStore>(open: impl AsyncFn(&str) -> S) {
    let store = open("order").await;
    assert_eq!(brief(&store).await, vec![]);
    let late = Observations { inserted_at: 2_000, ..small(1, 10, 3) };
    store.write(&positions(0, vec![small(2, 5, 1), small(1, 10, 2)]), Position(2), &ints()).await.unwrap();
    store.write(&positions(2, vec![late, small(1, 9, 4), small(-1, 50, 5)]), Position(5), &ints()).await.unwrap();
    store.write(&positions(5, vec![small(1, 10, 6)]), Position(6), &ints()).await.unwrap();
    let expected = vec![(-1, 50, 4, 5), (1, 9, 3, 4), (1, 10, 1, 2), (1, 10, 5, 6), (1, 10, 2, 3), (2, 5, 0, 1)];
    assert_eq!(brief(&store).await, expected);
    assert_eq!(store.drained().await.unwrap(), Position(6));
}

/// A null is not the same as nothing; only the offline part is stored; columns may appear later.
pub async fn observed_or_not<S: OfflineStore>(open: impl AsyncFn(&str) -> S) {
    let store = open("observed").await;
    let types = ints();
    let int = |value| Some(Value::Int(value));
    let first = entry("ship", &["x"], vec![(Value::Int(1), 1, vec![int(1)]), (Value::Int(2), 1, vec![None])]);
    store.write(&positions(0, vec![first]), Position(1), &types).await.unwrap();
    let mut second = entry("ship", &["y", "x"], vec![(Value::Int(1), 2, vec![Some(Value::Null), int(7)])]);
    second.features[1].destinations.offline = false;
    let third = entry("ship", &["y", "x"], vec![(Value::Int(1), 3, vec![None, Some(Value::Null)])]);
    store.write(&positions(1, vec![second, third]), Position(3), &types).await.unwrap();
    let found = all(&store, "ship", &types, &["x", "y", "x"]).await;
    let values: Vec<_> = found.into_iter().map(|row| (row.observed_at, row.values)).collect();
    let null = || Some(Value::Null);
    let expected =
        vec![(1, vec![int(1), None, int(1)]), (2, vec![None, null(), None]), (3, vec![null(), None, null()])];
    assert_eq!(values, expected);
    let unknown = super::offline::types(&[("z", DataType::Float)]);
    assert!(all(&store, "ship", &unknown, &["z"]).await.iter().all(|row| row.values == vec![None]));
}

/// Entries that come again are skipped, in whatever batches, also after a restart.
pub async fn replayed<S: OfflineStore>(open: impl AsyncFn(&str) -> S) {
    let log: Vec<(Position, Entry)> = positions(0, (0..12).map(|number| small(number % 3, number, number)).collect());
    {
        let store = open("replayed").await;
        store.write(&log[..5], Position(5), &ints()).await.unwrap();
        store.write(&log[..5], Position(5), &ints()).await.unwrap();
        store.write(&log[3..8], Position(8), &ints()).await.unwrap();
    }
    let store = open("replayed").await;
    assert_eq!(store.drained().await.unwrap(), Position(8));
    store.write(&log[..7], Position(7), &ints()).await.unwrap();
    assert_eq!(store.drained().await.unwrap(), Position(8));
    store.write(&log, Position(12), &ints()).await.unwrap();
    let mut found = brief(&store).await;
    found.sort_by_key(|row| row.2);
    assert_eq!(found, (0..12).map(|number| (number % 3, number, number as u64, number)).collect::<Vec<_>>());
    // A batch without anything to store still moves the position.
    store.write(&[], Position(20), &ints()).await.unwrap();
    assert_eq!(store.drained().await.unwrap(), Position(20));
}

/// What repeats the newest observation at the same instant is not stored again (decision 1).
pub async fn repetitions<S: OfflineStore>(open: impl AsyncFn(&str) -> S) {
    let store = open("repetitions").await;
    let log =
        vec![small(1, 10, 1), small(1, 10, 1), small(1, 10, 2), small(1, 10, 1), small(1, 11, 1), small(2, 10, 1)];
    store.write(&positions(0, log), Position(6), &ints()).await.unwrap();
    let expected = vec![(1, 10, 0, 1), (1, 10, 2, 2), (1, 10, 3, 1), (1, 11, 4, 1), (2, 10, 5, 1)];
    assert_eq!(brief(&store).await, expected);
}

/// Keys and times select; bounds are inclusive.
pub async fn selection<S: OfflineStore>(open: impl AsyncFn(&str) -> S) {
    let store = open("selection").await;
    let log = (0..100).map(|number| Observations { inserted_at: 1_000 + number, ..small(number % 10, number, number) });
    store.write(&positions(0, log.collect()), Position(100), &ints()).await.unwrap();
    let whole = request("ship", &ints(), &["x"]);
    let times = async |request: HistoryRequest| -> Vec<i64> {
        let mut times: Vec<i64> = store.history(&request).await.unwrap().observed_at.values().to_vec();
        times.sort_unstable();
        times
    };
    let keys: ArrayRef = Arc::new(Int64Array::from(vec![7, 3, 77]));
    let by_key = HistoryRequest { keys: Some(keys.clone()), ..whole.clone() };
    let expected: Vec<i64> = (0..100).filter(|number| [3, 7].contains(&(number % 10))).collect();
    assert_eq!(times(by_key).await, expected);
    let by_time = HistoryRequest { observed_from: Some(20), observed_until: Some(22), ..whole.clone() };
    assert_eq!(times(by_time).await, vec![20, 21, 22]);
    let known = HistoryRequest { inserted_from: Some(1_097), inserted_until: Some(1_098), ..whole.clone() };
    assert_eq!(times(known).await, vec![97, 98]);
    let together = HistoryRequest { keys: Some(keys), observed_until: Some(13), ..whole.clone() };
    assert_eq!(times(together).await, vec![3, 7, 13]);
    let none: ArrayRef = Arc::new(Int64Array::from(Vec::<i64>::new()));
    assert_eq!(times(HistoryRequest { keys: Some(none), ..whole }).await, Vec::<i64>::new());
}

fn one_of_each() -> Vec<(&'static str, DataType, Value)> {
    let member = |name: &str, data_type| StructField { name: name.to_owned(), data_type, nullable: true };
    let list = |item| DataType::List(Box::new(item));
    let map = DataType::Map(Box::new(DataType::Str), Box::new(DataType::Int));
    let pair = DataType::Struct(vec![member("a", DataType::Time), member("b", list(DataType::Date))]);
    vec![
        ("int", DataType::Int, Value::Int(i64::MIN)),
        ("float", DataType::Float, Value::Float(-0.5)),
        ("bool", DataType::Bool, Value::Bool(false)),
        ("str", DataType::Str, Value::Str("żółw 🐢".into())),
        ("bytes", DataType::Bytes, Value::Bytes(vec![0, 255])),
        ("datetime", DataType::Datetime, Value::Datetime(-1)),
        ("date", DataType::Date, Value::Date(-719_162)),
        ("time", DataType::Time, Value::Time(86_399_999_999)),
        ("timedelta", DataType::Timedelta, Value::Timedelta(-5)),
        ("list", list(DataType::Str), Value::List(vec![Value::Null, Value::Str("a".into())])),
        ("vector", DataType::Vector(2), Value::List(vec![Value::Float(0.5), Value::Float(-2.0)])),
        ("struct", pair, Value::Struct(vec![Value::Time(1), Value::List(vec![Value::Date(3)])])),
        ("map", map, Value::Map(vec![(Value::Str("k".into()), Value::Int(1))])),
        // Names that a table needs for itself, names that differ in case, and versions.
        ("sequence", DataType::Str, Value::Str("own".into())),
        ("Sequence", DataType::Str, Value::Str("other".into())),
        ("x@2", DataType::Int, Value::Int(2)),
        ("count__3600__", DataType::Int, Value::Int(3)),
    ]
}

/// Values of every type come back as they were, and so do their nulls.
pub async fn every_value<S: OfflineStore>(open: impl AsyncFn(&str) -> S) {
    let features = one_of_each();
    let columns: Vec<(&str, DataType)> = features.iter().map(|(name, kind, _)| (*name, kind.clone())).collect();
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let types = Types { key: DataType::Str, ..types(&columns) };
    let values: Vec<Option<Value>> = features.iter().map(|(_, _, value)| Some(value.clone())).collect();
    let nulls = vec![Some(Value::Null); names.len()];
    let key = |key: &str| Value::Str(key.to_owned());
    let row = vec![(key(""), 5, values.clone()), (key("k"), 6, nulls.clone())];
    {
        let store = open("values").await;
        store.write(&positions(0, vec![entry("ship", &names, row)]), Position(1), &types).await.unwrap();
    }
    let store = open("values").await;
    let found = all(&store, "ship", &types, &names).await;
    assert_eq!(found.iter().map(|row| &row.key).collect::<Vec<_>>(), [&key(""), &key("k")]);
    assert_eq!(found[0].values, values);
    assert_eq!(found[1].values, nulls);
    let keys: ArrayRef = Arc::new(LargeStringArray::from(vec!["k"]));
    let one = HistoryRequest { keys: Some(keys), ..request("ship", &types, &["int"]) };
    assert_eq!(rows(&store.history(&one).await.unwrap()).len(), 1);
}

/// An int feature may become a float; what was written before is read as a float.
pub async fn widened<S: OfflineStore>(open: impl AsyncFn(&str) -> S) {
    let store = open("widened").await;
    store.write(&positions(0, vec![small(1, 1, 7)]), Position(1), &ints()).await.unwrap();
    let floats = types(&[("x", DataType::Float)]);
    let float = entry("ship", &["x"], vec![(Value::Int(1), 2, vec![Some(Value::Float(0.5))])]);
    store.write(&positions(1, vec![float, small(1, 3, 9)]), Position(3), &floats).await.unwrap();
    let found = all(&store, "ship", &floats, &["x"]).await;
    let values: Vec<_> = found.into_iter().map(|row| row.values[0].clone()).collect();
    assert_eq!(values, [7.0, 0.5, 9.0].map(|value| Some(Value::Float(value))));
}

/// A removal takes observations away at every time, from the table and from the batch it comes in; later ones stay.
pub async fn removed<S: OfflineStore>(open: impl AsyncFn(&str) -> S) {
    let both = |key: i64, at: i64| {
        entry("ship", &["x", "y"], vec![(Value::Int(key), at, vec![Some(Value::Int(at)), Some(Value::Null)])])
    };
    let elsewhere = Destinations { online: true, offline: false };
    let store = open("removed").await;
    // There is no table yet, and none comes of it.
    store.write(&positions(0, vec![removal(Some(&[1]), None)]), Position(1), &ints()).await.unwrap();
    assert_eq!(store.drained().await.unwrap(), Position(1));
    store.write(&positions(1, vec![both(1, 10), both(2, 11), both(1, 12)]), Position(4), &ints()).await.unwrap();
    store.write(&positions(4, vec![both(3, 13), both(1, 14)]), Position(6), &ints()).await.unwrap();
    let harmless = vec![
        removal(Some(&[9]), Some(&["x"])),
        removal(Some(&[1]), Some(&["nobody"])),
        Removal { namespace: "harbour".to_owned(), ..removal(Some(&[1]), None) },
        Removal { stores: elsewhere, ..removal(Some(&[1]), None) },
    ];
    store.write(&positions(6, harmless), Position(10), &ints()).await.unwrap();
    assert_eq!(all(&store, "ship", &ints(), &["x", "y"]).await.len(), 5);
    let batch: Vec<Entry> = vec![
        both(1, 20).into(),
        removal(Some(&[1]), Some(&["x"])).into(),
        both(1, 5).into(),
        removal(Some(&[3, 4]), None).into(),
    ];
    store.write(&positions(10, batch), Position(14), &ints()).await.unwrap();
    let brief = async |store: &S| {
        let found = all(store, "ship", &ints(), &["x", "y"]).await;
        found.into_iter().map(|row| (row.key, row.observed_at, row.values)).collect::<Vec<_>>()
    };
    let null = || Some(Value::Null);
    let one = |at: i64, x: Option<i64>| (Value::Int(1), at, vec![x.map(Value::Int), null()]);
    let expected = vec![
        one(5, Some(5)),
        one(10, None),
        one(12, None),
        one(14, None),
        one(20, None),
        (Value::Int(2), 11, vec![Some(Value::Int(11)), null()]),
    ];
    assert_eq!(brief(&store).await, expected);
    drop(store);
    let store = open("removed").await;
    assert_eq!(brief(&store).await, expected);
    // All rows of all files may go; the table goes on.
    store.write(&positions(14, vec![removal(None, None)]), Position(15), &ints()).await.unwrap();
    assert_eq!(brief(&store).await, vec![]);
    store.write(&positions(15, vec![both(2, 1)]), Position(16), &ints()).await.unwrap();
    assert_eq!(brief(&store).await, vec![(Value::Int(2), 1, vec![Some(Value::Int(1)), null()])]);
}

/// A dropped feature may have another type; what it was before never comes back as what it is now.
pub async fn dropped<S: OfflineStore>(open: impl AsyncFn(&str) -> S) {
    let store = open("dropped").await;
    let row =
        |value: Value| entry("ship", &["x", "y"], vec![(Value::Int(1), 1, vec![Some(value), Some(Value::Int(7))])]);
    store.write(&positions(0, vec![row(Value::Int(1)), small(2, 5, 1)]), Position(2), &ints()).await.unwrap();
    store.write(&positions(2, vec![removal(None, Some(&["x"]))]), Position(3), &ints()).await.unwrap();
    let found = all(&store, "ship", &ints(), &["x", "y"]).await;
    assert_eq!(found.into_iter().map(|row| row.values).collect::<Vec<_>>(), vec![vec![None, Some(Value::Int(7))]]);
    // Observed under the old type, after the drop: before the new type was known, and after.
    store.write(&positions(3, vec![small(3, 6, 2)]), Position(4), &ints()).await.unwrap();
    let texts = types(&[("x", DataType::Str), ("y", DataType::Int)]);
    let text = entry("ship", &["x"], vec![(Value::Int(1), 2, vec![Some(Value::Str("two".into()))])]);
    store.write(&positions(4, vec![small(3, 7, 3), text, small(4, 8, 4)]), Position(7), &texts).await.unwrap();
    let found = all(&store, "ship", &texts, &["x", "y"]).await;
    let observed = found.into_iter().filter(|row| row.values.iter().any(Option::is_some));
    let observed: Vec<_> = observed.map(|row| (row.key, row.observed_at, row.values)).collect();
    let expected = vec![
        (Value::Int(1), 1, vec![None, Some(Value::Int(7))]),
        (Value::Int(1), 2, vec![Some(Value::Str("two".into())), None]),
    ];
    assert_eq!(observed, expected);
}

/// Killed after any batch, and given the log again in other batches: no removal is undone, nothing after one is lost.
pub async fn removed_and_replayed<S: OfflineStore>(open: impl AsyncFn(&str) -> S) {
    let log: Vec<Entry> = vec![
        small(1, 10, 1).into(),
        small(2, 10, 2).into(),
        removal(Some(&[1]), Some(&["x"])).into(),
        small(1, 5, 3).into(),
        removal(None, Some(&["x"])).into(),
        small(2, 4, 4).into(),
        small(1, 9, 5).into(),
        removal(Some(&[1]), None).into(),
        small(3, 1, 6).into(),
    ];
    let log = positions(0, log);
    let end = log.len();
    for first in 0..=end {
        for again in 0..=first {
            let name = format!("replayed-{first}-{again}");
            {
                let store = open(&name).await;
                store.write(&log[..first], Position(first as u64), &ints()).await.unwrap();
            }
            let store = open(&name).await;
            let middle = (first + end) / 2;
            store.write(&log[again..middle.max(again)], Position(middle as u64), &ints()).await.unwrap();
            store.write(&log[again..], Position(end as u64), &ints()).await.unwrap();
            assert_eq!(brief(&store).await, vec![(2, 4, 5, 4), (3, 1, 8, 6)], "{name}");
        }
    }
}

/// Many small writes over several namespaces stay correct while the store tidies up behind them.
pub async fn many_small_writes<S: OfflineStore>(open: impl AsyncFn(&str) -> S) {
    let ship = |number: i64| small(number % 5, 100 - number, number);
    let harbour = |number: i64| Observations { namespace: "harbour".to_owned(), ..small(number, number, number) };
    let mut end = 0;
    for half in 0..2 {
        let store = open("small").await;
        for number in half * 12..(half + 1) * 12 {
            store
                .write(&positions(end, vec![ship(number), harbour(number)]), Position(end + 2), &ints())
                .await
                .unwrap();
            end += 2;
        }
    }
    let store = open("small").await;
    let found = brief(&store).await;
    let mut expected: Vec<_> = (0..24).map(|number| (number % 5, 100 - number, 2 * number as u64, number)).collect();
    expected.sort_unstable();
    assert_eq!(found, expected);
    assert_eq!(all(&store, "harbour", &ints(), &["x"]).await.len(), 24);
}
