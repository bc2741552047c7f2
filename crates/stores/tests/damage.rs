//! What crashes and broken disks leave behind: torn tails, damaged middles, directories copied while they are written.

use creta_model::Code;
use creta_model::DataType;
use creta_model::observation::{Entry, Observations};
use creta_ports::{Log, OfflineStore, OnlineStore, Position, Sync};
use creta_stores::{DeltaOfflineStore, EmbeddedLog, EmbeddedOnlineStore};
use creta_testkit::conformance::{offline, small};
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

fn entries(range: std::ops::Range<i64>) -> Vec<Entry> {
    range.map(|number| small(number, number, number).into()).collect()
}

async fn log_of(folder: &Path, appends: i64) -> PathBuf {
    let log = EmbeddedLog::open(folder).unwrap();
    for number in 0..appends {
        log.append(&entries(number * 3..number * 3 + 3), Sync::Disk).await.unwrap();
    }
    folder.join(format!("{:020}.log", 0))
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let path = file.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else if let Err(error) = std::fs::copy(&path, &target) {
            // A temporary file may have been renamed in the meantime.
            assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
        }
    }
}

#[tokio::test]
async fn a_torn_tail_is_cut_off_whole_appends_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let file = log_of(folder.path(), 4).await;
    let whole = std::fs::read(&file).unwrap();
    for length in 0..=whole.len() {
        std::fs::write(&file, &whole[..length]).unwrap();
        let log = EmbeddedLog::open(folder.path()).unwrap();
        let end = log.end();
        assert_eq!(end.0 % 3, 0);
        assert_eq!(end.0 == 12, length == whole.len());
        assert_eq!(log.append(&entries(0..1), Sync::Process).await.unwrap(), Position(end.0 + 1));
        assert_eq!(log.read(Position(0), 100).await.unwrap().len() as u64, end.0 + 1);
    }
}

#[tokio::test]
async fn zeros_and_noise_after_the_end_are_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let file = log_of(folder.path(), 2).await;
    for tail in [vec![0; 5_000], b"clog".repeat(100), vec![0xff; 31]] {
        OpenOptions::new().append(true).open(&file).unwrap().write_all(&tail).unwrap();
        let log = EmbeddedLog::open(folder.path()).unwrap();
        assert_eq!(log.end(), Position(6));
    }
}

#[tokio::test]
async fn damage_to_what_was_safe_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = log_of(folder.path(), 5).await;
    let size = file.metadata().unwrap().len();
    let record = size / 5;
    for at in [5, record / 2, record + 6, 2 * record + 40] {
        let damaged = OpenOptions::new().read(true).write(true).open(&file).unwrap();
        let mut byte = [0];
        damaged.read_exact_at(&mut byte, at).unwrap();
        damaged.write_all_at(&[byte[0] ^ 0x40], at).unwrap();
        let letter = EmbeddedLog::open(folder.path()).err().unwrap();
        assert_eq!(letter.code, Code::StoreFailed);
        assert!(letter.message.contains("damaged"), "{letter}");
        assert_eq!(file.metadata().unwrap().len(), size, "nothing may be cut off");
        damaged.write_all_at(&byte, at).unwrap();
    }
    assert_eq!(EmbeddedLog::open(folder.path()).unwrap().end(), Position(15));
}

#[tokio::test]
async fn a_missing_file_in_the_middle_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    {
        let log = EmbeddedLog::with_segments_of(folder.path(), 1).unwrap();
        for number in 0..4 {
            log.append(&entries(number..number + 1), Sync::Process).await.unwrap();
        }
    }
    std::fs::remove_file(folder.path().join(format!("{:020}.log", 2))).unwrap();
    assert_eq!(EmbeddedLog::open(folder.path()).err().unwrap().code, Code::StoreFailed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_copied_while_it_is_written_holds_what_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::with_segments_of(&folder.path().join("log"), 20_000).unwrap();
    let writer = {
        let log = log.clone();
        tokio::spawn(async move {
            for number in 0..2_000 {
                log.append(&entries(number..number + 1), Sync::Process).await.unwrap();
            }
        })
    };
    for round in 0..10 {
        let acknowledged = log.end();
        let copied = folder.path().join(format!("copy-{round}"));
        // File by file, the last file first: a later file without an earlier one's end would be no crash.
        copy(&folder.path().join("log"), &copied);
        if let Ok(recovered) = EmbeddedLog::with_segments_of(&copied, 20_000) {
            assert!(recovered.end() >= acknowledged);
            let read = recovered.read(Position(0), usize::MAX).await.unwrap();
            assert_eq!(read.len() as u64, recovered.end().0);
        }
        tokio::task::yield_now().await;
    }
    writer.await.unwrap();
}

#[tokio::test]
async fn an_online_store_that_never_persisted_starts_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("online.redb");
    {
        let store = EmbeddedOnlineStore::open(&path).unwrap();
        store.write(&entries(0..5), Position(5), 100).await.unwrap();
    }
    assert_eq!(EmbeddedOnlineStore::open(&path).unwrap().applied().await.unwrap(), Position(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_online_store_copied_at_any_moment_opens_at_its_position() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("online.redb");
    let store = EmbeddedOnlineStore::open(&path).unwrap();
    for round in 0..10 {
        let start = round * 50;
        store.write(&entries(start..start + 50), Position(start as u64 + 50), 1_000).await.unwrap();
        let persisted = store.applied().await.unwrap();
        let copied = folder.path().join(format!("copy-{round}.redb"));
        std::fs::copy(&path, &copied).unwrap();
        store.persist().await.unwrap();
        let recovered = EmbeddedOnlineStore::open(&copied).unwrap();
        assert_eq!(recovered.applied().await.unwrap(), persisted);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_between_two_tables_neither_loses_nor_repeats() {
    let folder = tempfile::tempdir().unwrap();
    let types = offline::types(&[("x", DataType::Int)]);
    let entry = |number: i64| {
        let namespace = if number % 2 == 0 { "ship" } else { "harbour" };
        Observations { namespace: namespace.to_owned(), ..small(number, number, number) }.into()
    };
    let log: Vec<(Position, Entry)> = (0..10).map(|number| (Position(number as u64), entry(number))).collect();
    let root = folder.path().join("offline");
    {
        let store = DeltaOfflineStore::open(&root).unwrap();
        store.write(&log[..4], Position(4), &types).await.unwrap();
    }
    let before = folder.path().join("before");
    copy(&root, &before);
    {
        let store = DeltaOfflineStore::open(&root).unwrap();
        store.write(&log[4..8], Position(8), &types).await.unwrap();
    }
    // As if the process had died after the first of the two tables was committed.
    std::fs::remove_dir_all(root.join("ship")).unwrap();
    copy(&before.join("ship"), &root.join("ship"));
    std::fs::copy(before.join("drained"), root.join("drained")).unwrap();
    // And as if the power had failed during the second.
    std::fs::write(root.join("ship/_delta_log").join(next_commit(&root.join("ship/_delta_log"))), "{\"add\":").unwrap();
    let store = DeltaOfflineStore::open(&root).unwrap();
    assert_eq!(store.drained().await.unwrap(), Position(4));
    store.write(&log[4..10], Position(10), &types).await.unwrap();
    for (namespace, parity) in [("ship", 0), ("harbour", 1)] {
        let history = store.history(&offline::request(namespace, &types, &["x"])).await.unwrap();
        let expected: Vec<u64> = (0..10).filter(|number| number % 2 == parity).collect();
        assert_eq!(history.sequence.values().to_vec(), expected, "{namespace}");
    }
}

fn next_commit(log: &Path) -> String {
    let commits = std::fs::read_dir(log)
        .unwrap()
        .filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|extension| extension == "json"));
    format!("{:020}.json", commits.count())
}
