//! The suite of [`Log`].

use super::{removal, small};
use creta_model::Value;
use creta_model::observation::Entry;
use creta_ports::{Log, Position, Sync};
use std::sync::Arc;
use std::time::Duration;

fn numbered(range: std::ops::Range<i64>) -> Vec<Entry> {
    // Every fourth entry takes something back.
    let entry = |number: i64| match number % 4 {
        3 => removal(Some(&[number]), (number % 8 == 3).then_some(&["x"][..])).into(),
        _ => small(number, number, number).into(),
    };
    range.map(entry).collect()
}

async fn expect<L: Log>(log: &L, from: u64, until: i64) {
    let read = log.read(Position(from), usize::MAX).await.unwrap();
    let expected: Vec<(Position, Entry)> = (from..).map(Position).zip(numbered(from as i64..until)).collect();
    assert_eq!(read, expected);
}

/// Entries come back in order, each once, with their positions.
pub async fn order<L: Log>(open: impl AsyncFn(&str) -> L) {
    let log = open("order").await;
    assert_eq!(log.end(), Position(0));
    assert_eq!(log.read(Position(0), 10).await.unwrap(), vec![]);
    assert_eq!(log.append(&numbered(0..3), Sync::Process).await.unwrap(), Position(3));
    assert_eq!(log.append(&numbered(3..4), Sync::Disk).await.unwrap(), Position(4));
    assert_eq!(log.append(&[], Sync::Disk).await.unwrap(), Position(4));
    assert_eq!(log.append(&numbered(4..9), Sync::Process).await.unwrap(), Position(9));
    assert_eq!(log.end(), Position(9));
    for from in 0..10 {
        expect(&log, from, 9).await;
    }
    let some = log.read(Position(2), 3).await.unwrap();
    assert_eq!(some.iter().map(|(position, _)| position.0).collect::<Vec<_>>(), vec![2, 3, 4]);
    assert_eq!(log.read(Position(20), 3).await.unwrap(), vec![]);
}

/// What was appended survives the process, and the next one goes on where it ended.
pub async fn killed<L: Log>(open: impl AsyncFn(&str) -> L) {
    for round in 0..4 {
        let log = open("killed").await;
        assert_eq!(log.end(), Position(round * 5));
        expect(&log, 0, round as i64 * 5).await;
        let start = round as i64 * 5;
        let sync = if round % 2 == 0 { Sync::Process } else { Sync::Disk };
        log.append(&numbered(start..start + 5), sync).await.unwrap();
    }
    expect(&open("killed").await, 3, 20).await;
}

fn writer_of(entry: &Entry) -> &Value {
    match entry {
        Entry::Observed(observations) => &observations.rows[0].key,
        Entry::Removed(_) => panic!("nobody removed anything"),
    }
}

/// Many writers at once: every append is whole, and its position is its own.
pub async fn many_writers<L: Log + 'static>(open: impl AsyncFn(&str) -> L) {
    let log = Arc::new(open("many").await);
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let log = log.clone();
            tokio::spawn(async move {
                for number in 0..25 {
                    let sync = if number % 5 == 0 { Sync::Disk } else { Sync::Process };
                    let entries = [small(writer, number, 0).into(), small(writer, number, 1).into()];
                    let end = log.append(&entries, sync).await.unwrap();
                    let read = log.read(Position(end.0 - 2), 2).await.unwrap();
                    assert_eq!(read.into_iter().map(|(_, entry)| entry).collect::<Vec<_>>(), entries);
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(log.end(), Position(400));
    let read = log.read(Position(0), usize::MAX).await.unwrap();
    assert!(read.iter().zip(0..).all(|((position, _), number)| position.0 == number));
    for pair in read.chunks(2) {
        assert_eq!(writer_of(&pair[0].1), writer_of(&pair[1].1));
    }
}

/// Readers are woken by growth, and at once if it is behind them.
pub async fn waiting<L: Log + 'static>(open: impl AsyncFn(&str) -> L) {
    let log = Arc::new(open("waiting").await);
    let waiter = {
        let log = log.clone();
        tokio::spawn(async move { log.grown(Position(2)).await })
    };
    log.append(&numbered(0..2), Sync::Process).await.unwrap();
    tokio::task::yield_now().await;
    assert!(!waiter.is_finished());
    log.append(&numbered(2..3), Sync::Process).await.unwrap();
    tokio::time::timeout(Duration::from_secs(10), waiter).await.unwrap().unwrap();
    tokio::time::timeout(Duration::from_secs(10), log.grown(Position(0))).await.unwrap();
}

/// Trimming never touches what comes after it, and positions go on, also after a restart.
pub async fn trimmed<L: Log>(open: impl AsyncFn(&str) -> L) {
    {
        let log = open("trimmed").await;
        for start in 0..50 {
            log.append(&numbered(start..start + 1), Sync::Process).await.unwrap();
        }
        log.trim(Position(30)).await.unwrap();
        expect(&log, 30, 50).await;
        log.trim(Position(50)).await.unwrap();
        assert_eq!(log.end(), Position(50));
    }
    let log = open("trimmed").await;
    assert_eq!(log.end(), Position(50));
    assert_eq!(log.append(&numbered(50..51), Sync::Disk).await.unwrap(), Position(51));
    expect(&log, 50, 51).await;
}
