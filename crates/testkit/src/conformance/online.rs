//! The suite of [`OnlineStore`].

use super::{entry, removal, small};
use creta_model::Value;
use creta_model::bundle::CachePolicy;
use creta_model::observation::{Destinations, Entry, Observations, Removal};
use creta_ports::online::{Cell, Read};
use creta_ports::{OnlineStore, Position};

const NOW: i64 = 1_000_000_000;

async fn read_one<S: OnlineStore>(store: &S, key: Value, features: &[&str]) -> Vec<Option<(i64, Value)>> {
    let features: Vec<String> = features.iter().map(|feature| (*feature).to_owned()).collect();
    let found = store.read(Read { namespace: "ship", features: &features, keys: &[key] }).await.unwrap();
    assert_eq!(found.len(), 1);
    found[0].iter().map(|cell| cell.clone().map(|Cell { observed_at, value }| (observed_at, value))).collect()
}

async fn write<S: OnlineStore, E: Into<Entry> + Clone>(store: &S, entries: &[E], through: u64) {
    let entries: Vec<Entry> = entries.iter().cloned().map(Into::into).collect();
    store.write(&entries, Position(through), NOW).await.unwrap();
}

/// Rows come in the order of the keys, cells in the order of the features; what is not stored is None.
pub async fn shape_of_answers<S: OnlineStore>(open: impl AsyncFn(&str) -> S) {
    let store = open("shape").await;
    let row = |key, value| (Value::Int(key), 5, vec![Some(Value::Int(value)), Some(Value::Null), None]);
    write(&store, &[entry("ship", &["x", "y", "z"], vec![row(-1, 10), row(2, 20)])], 1).await;
    let features: Vec<String> = ["z", "y", "nobody", "x", "y"].map(str::to_owned).to_vec();
    let keys = [Value::Int(2), Value::Int(7), Value::Int(-1), Value::Int(2)];
    let found = store.read(Read { namespace: "ship", features: &features, keys: &keys }).await.unwrap();
    let cell = |value| Some(Cell { observed_at: 5, value });
    let row = |value| vec![None, cell(Value::Null), None, cell(Value::Int(value)), cell(Value::Null)];
    assert_eq!(found, vec![row(20), vec![None; 5], row(10), row(20)]);
    let other = Read { namespace: "harbour", features: &features, keys: &keys };
    assert_eq!(store.read(other).await.unwrap(), vec![vec![None; 5]; 4]);
    let nothing = Read { namespace: "ship", features: &features, keys: &[] };
    assert_eq!(store.read(nothing).await.unwrap(), Vec::<Vec<Option<Cell>>>::new());
}

/// Per feature: an older write is dropped, an equally old one replaces, what is not observed stays.
pub async fn newest_wins<S: OnlineStore>(open: impl AsyncFn(&str) -> S) {
    let store = open("newest").await;
    let both = |at, x: Option<i64>, y: Option<i64>| {
        entry("ship", &["x", "y"], vec![(Value::Int(1), at, vec![x.map(Value::Int), y.map(Value::Int)])])
    };
    let cells = async || read_one(&store, Value::Int(1), &["x", "y"]).await;
    write(&store, &[both(10, Some(1), Some(1))], 1).await;
    write(&store, &[both(9, Some(2), Some(2))], 2).await;
    assert_eq!(cells().await, vec![Some((10, Value::Int(1))), Some((10, Value::Int(1)))]);
    write(&store, &[both(10, Some(3), None), both(11, None, Some(4))], 4).await;
    assert_eq!(cells().await, vec![Some((10, Value::Int(3))), Some((11, Value::Int(4)))]);
    // Several writes of one key in one call count in their order.
    write(&store, &[both(12, Some(5), None), both(12, Some(6), None), both(11, Some(7), None)], 7).await;
    assert_eq!(cells().await, vec![Some((12, Value::Int(6))), Some((11, Value::Int(4)))]);
    // A null is a value like any other.
    write(&store, &[entry("ship", &["x"], vec![(Value::Int(1), 13, vec![Some(Value::Null)])])], 8).await;
    assert_eq!(cells().await[0], Some((13, Value::Null)));
}

/// Only the online part is kept, and nothing from the future (decision 2).
pub async fn what_is_kept<S: OnlineStore>(open: impl AsyncFn(&str) -> S) {
    let store = open("kept").await;
    let mut offline = small(1, 1, 1);
    offline.features[0].destinations = Destinations { online: false, offline: true };
    write(&store, &[offline, small(2, NOW + 5_000_000, 2), small(3, NOW + 5_000_001, 3)], 3).await;
    assert_eq!(read_one(&store, Value::Int(1), &["x"]).await, vec![None]);
    assert_eq!(read_one(&store, Value::Int(2), &["x"]).await, vec![Some((NOW + 5_000_000, Value::Int(2)))]);
    assert_eq!(read_one(&store, Value::Int(3), &["x"]).await, vec![None]);
}

/// Framework §8: a null is stored, leaves the older value, or removes it for good.
pub async fn nulls<S: OnlineStore>(open: impl AsyncFn(&str) -> S) {
    let store = open("nulls").await;
    let features = ["kept", "skipped", "evicted"];
    let row = |at, value: &Value| {
        let mut entry = entry("ship", &features, vec![(Value::Int(1), at, vec![Some(value.clone()); 3])]);
        entry.features[1].nulls = CachePolicy::Skip;
        entry.features[2].nulls = CachePolicy::Evict;
        entry
    };
    write(&store, &[row(10, &Value::Int(1))], 1).await;
    write(&store, &[row(20, &Value::Null)], 2).await;
    let expected = vec![Some((20, Value::Null)), Some((10, Value::Int(1))), None];
    assert_eq!(read_one(&store, Value::Int(1), &features).await, expected);
    // An older value does not come back after an eviction.
    write(&store, &[row(15, &Value::Int(2))], 3).await;
    let expected = vec![Some((20, Value::Null)), Some((15, Value::Int(2))), None];
    assert_eq!(read_one(&store, Value::Int(1), &features).await, expected);
    write(&store, &[row(30, &Value::Int(3))], 4).await;
    assert_eq!(read_one(&store, Value::Int(1), &features).await, vec![Some((30, Value::Int(3))); 3]);
}

/// A removal takes cells away whatever their time; what comes after it is stored, however old. Others stay.
pub async fn removed<S: OnlineStore>(open: impl AsyncFn(&str) -> S) {
    let both = |key: i64, at: i64, value: i64| {
        entry("ship", &["x", "y"], vec![(Value::Int(key), at, vec![Some(Value::Int(value)); 2])])
    };
    let at = |at: i64, value: i64| Some((at, Value::Int(value)));
    let store = open("removed").await;
    write(&store, &[both(1, 10, 1), both(2, 10, 2), both(3, 10, 3)], 3).await;
    let elsewhere = Destinations { online: false, offline: true };
    let harmless = [
        removal(Some(&[9]), Some(&["x"])),
        removal(Some(&[1]), Some(&["nobody"])),
        Removal { namespace: "harbour".to_owned(), ..removal(Some(&[1]), None) },
        Removal { stores: elsewhere, ..removal(Some(&[1]), None) },
        Removal { stores: elsewhere, ..removal(None, Some(&["x"])) },
    ];
    write(&store, &harmless, 8).await;
    let cells = async |store: &S, key: i64| read_one(store, Value::Int(key), &["x", "y"]).await;
    assert_eq!(cells(&store, 1).await, vec![at(10, 1); 2]);
    write(&store, &[removal(Some(&[1, 3]), Some(&["x"])), removal(Some(&[2]), None)], 10).await;
    assert_eq!(cells(&store, 1).await, vec![None, at(10, 1)]);
    assert_eq!(cells(&store, 2).await, vec![None; 2]);
    store.persist().await.unwrap();
    // In one call, in its order: nothing of key 3 before the removal, one observation after it.
    let entries: [Entry; 3] = [both(3, 20, 4).into(), removal(Some(&[3]), None).into(), small(3, 1, 5).into()];
    write(&store, &entries, 13).await;
    write(&store, &[small(1, 2, 6), small(2, 3, 7)], 15).await;
    store.persist().await.unwrap();
    drop(store);
    let store = open("removed").await;
    assert_eq!(cells(&store, 1).await, vec![at(2, 6), at(10, 1)]);
    assert_eq!(cells(&store, 2).await, vec![at(3, 7), None]);
    assert_eq!(cells(&store, 3).await, vec![at(1, 5), None]);
}

/// The same for whole features.
pub async fn dropped<S: OnlineStore>(open: impl AsyncFn(&str) -> S) {
    let both =
        |key: i64, at: i64| entry("ship", &["x", "y"], vec![(Value::Int(key), at, vec![Some(Value::Int(at)); 2])]);
    let at = |at: i64| Some((at, Value::Int(at)));
    let store = open("dropped").await;
    write(&store, &[both(1, 10), both(2, 10)], 2).await;
    store.persist().await.unwrap();
    let entries: [Entry; 3] = [both(3, 10).into(), removal(None, Some(&["x", "nobody"])).into(), both(2, 4).into()];
    write(&store, &entries, 5).await;
    let expected = [(1, vec![None, at(10)]), (2, vec![at(4), at(10)]), (3, vec![None, at(10)])];
    for (key, cells) in &expected {
        assert_eq!(read_one(&store, Value::Int(*key), &["x", "y"]).await, *cells, "{key}");
    }
    store.persist().await.unwrap();
    drop(store);
    let store = open("dropped").await;
    for (key, cells) in &expected {
        assert_eq!(read_one(&store, Value::Int(*key), &["x", "y"]).await, *cells, "{key} after a restart");
    }
    write(&store, &[Entry::from(removal(None, None)), small(1, 1, 1).into()], 7).await;
    assert_eq!(read_one(&store, Value::Int(1), &["x", "y"]).await, vec![at(1), None]);
    assert_eq!(read_one(&store, Value::Int(2), &["x", "y"]).await, vec![None; 2]);
}

/// Killed anywhere, and given the log again from `applied()` on: no removal is undone, nothing after one is lost.
pub async fn removed_and_killed<S: OnlineStore>(open: impl AsyncFn(&str) -> S) {
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
    for persisted in 0..=log.len() {
        for written in persisted..=log.len() {
            let name = format!("killed-{persisted}-{written}");
            {
                let store = open(&name).await;
                write(&store, &log[..persisted], persisted as u64).await;
                store.persist().await.unwrap();
                write(&store, &log[persisted..written], written as u64).await;
            }
            let store = open(&name).await;
            let applied = store.applied().await.unwrap().0 as usize;
            write(&store, &log[applied.min(persisted)..], log.len() as u64).await;
            let cell = async |key: i64| read_one(&store, Value::Int(key), &["x"]).await;
            assert_eq!(cell(1).await, vec![None], "{name}");
            assert_eq!(cell(2).await, vec![Some((4, Value::Int(4)))], "{name}");
            assert_eq!(cell(3).await, vec![Some((1, Value::Int(6)))], "{name}");
        }
    }
}

/// Values of every type and keys of every kind come back as they were.
pub async fn every_value<S: OnlineStore>(open: impl AsyncFn(&str) -> S) {
    let values = || {
        let list = Value::List(vec![Value::Null, Value::Str("a".into())]);
        [
            Value::Bool(true),
            Value::Int(i64::MIN),
            Value::Float(-0.5),
            Value::Str("żółw 🐢".into()),
            Value::Bytes(vec![0, 255]),
            Value::Datetime(-1),
            Value::Date(-719_162),
            Value::Time(86_399_999_999),
            Value::Timedelta(i64::MAX),
            list.clone(),
            Value::Struct(vec![list, Value::Null]),
            Value::Map(vec![(Value::Str("k".into()), Value::Float(1.0))]),
        ]
    };
    let keys = [Value::Int(i64::MIN), Value::Int(0), Value::Str(String::new()), Value::Str("k".repeat(1024))];
    let names: Vec<String> = (0..values().len()).map(|number| format!("feature_{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let row = |key: &Value| (key.clone(), 7, values().map(Some).to_vec());
    {
        let store = open("values").await;
        write(&store, &[entry("ship", &names, keys.iter().map(row).collect())], 1).await;
        store.persist().await.unwrap();
    }
    let store = open("values").await;
    for key in keys {
        let found = read_one(&store, key, &names).await;
        assert_eq!(found, values().map(|value| Some((7, value))).to_vec());
    }
    assert_eq!(read_one(&store, Value::Str("0".into()), &["feature_0"]).await, vec![None]);
}

/// `applied()` says exactly what a killed process leaves behind, and applying the rest again completes it.
pub async fn killed<S: OnlineStore>(open: impl AsyncFn(&str) -> S) {
    let log: Vec<Observations> = (0..20).map(|number| small(number % 7, number, number * 10)).collect();
    {
        let store = open("killed").await;
        assert_eq!(store.applied().await.unwrap(), Position(0));
        write(&store, &log[..8], 8).await;
        store.persist().await.unwrap();
        assert_eq!(store.applied().await.unwrap(), Position(8));
        write(&store, &log[8..], 20).await;
    }
    let store = open("killed").await;
    let applied = store.applied().await.unwrap();
    assert!(applied >= Position(8), "{applied:?}");
    // What was applied is there; going over some of it again changes nothing.
    let applied = applied.0 as usize;
    for number in 1..applied.min(8) {
        assert!(read_one(&store, Value::Int(number as i64 % 7), &["x"]).await[0].is_some());
    }
    write(&store, &log[5..12], 12).await;
    write(&store, &log[12..], 20).await;
    store.persist().await.unwrap();
    assert_eq!(store.applied().await.unwrap(), Position(20));
    for number in 13..20 {
        let found = read_one(&store, Value::Int(number % 7), &["x"]).await;
        assert_eq!(found, vec![Some((number, Value::Int(number * 10)))]);
    }
}

/// Writers may finish in another order than they were logged; a position is not applied while one before it is missing.
pub async fn out_of_order<S: OnlineStore>(open: impl AsyncFn(&str) -> S) {
    {
        let store = open("order").await;
        write(&store, &[small(1, 1, 1)], 1).await;
        write(&store, &[small(3, 3, 3), small(4, 4, 4)], 4).await;
        store.persist().await.unwrap();
        assert_eq!(store.applied().await.unwrap(), Position(1));
    }
    let store = open("order").await;
    assert_eq!(store.applied().await.unwrap(), Position(1));
    write(&store, &[small(2, 2, 2)], 2).await;
    write(&store, &[small(3, 3, 3), small(4, 4, 4)], 4).await;
    store.persist().await.unwrap();
    assert_eq!(store.applied().await.unwrap(), Position(4));
    // Entries that keep nothing online are applied like all others.
    let mut offline = small(1, 9, 9);
    offline.features[0].destinations.online = false;
    write(&store, &[offline], 5).await;
    store.persist().await.unwrap();
    assert_eq!(store.applied().await.unwrap(), Position(5));
}

/// Readers and writers at once: a row is never seen half-written, also while it is being persisted.
pub async fn together<S: OnlineStore + 'static>(open: impl AsyncFn(&str) -> S) {
    let store = std::sync::Arc::new(open("together").await);
    let pair = |number: i64| {
        let value = Some(Value::Int(number));
        entry("ship", &["x", "y"], vec![(Value::Int(1), number, vec![value.clone(), value])])
    };
    write(store.as_ref(), &[pair(0)], 1).await;
    let writer = {
        let store = store.clone();
        tokio::spawn(async move {
            for number in 1..200 {
                write(store.as_ref(), &[pair(number)], number as u64 + 1).await;
                if number % 20 == 0 {
                    store.persist().await.unwrap();
                }
            }
        })
    };
    let mut newest = 0;
    while !writer.is_finished() {
        let cells = read_one(store.as_ref(), Value::Int(1), &["x", "y"]).await;
        assert_eq!(cells[0], cells[1]);
        let at = cells[0].as_ref().map_or(0, |cell| cell.0);
        assert!(at >= newest, "a read went back in time");
        newest = at;
        tokio::task::yield_now().await;
    }
    writer.await.unwrap();
    assert_eq!(read_one(store.as_ref(), Value::Int(1), &["x"]).await, vec![Some((199, Value::Int(199)))]);
}
