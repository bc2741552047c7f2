//! Every adapter passes the suite of its port.

use creta_stores::{DeltaOfflineStore, EmbeddedLog, EmbeddedOnlineStore, LocalBlobs, SqliteMetadata};
use creta_testkit::conformance as suites;

macro_rules! suite {
    ($port:ident, $folder:ident, $name:ident, $open:expr; $($check:ident),+ $(,)?) => {
        mod $port {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $check() {
                    let folder = tempfile::tempdir().unwrap();
                    let $folder = folder.path();
                    super::suites::$port::$check(async |$name: &str| $open).await;
                }
            )+
        }
    };
}

suite!(online, folder, name, super::EmbeddedOnlineStore::open(&folder.join(name)).unwrap();
    shape_of_answers, newest_wins, what_is_kept, nulls, removed, dropped, removed_and_killed, every_value, killed, out_of_order, together);

suite!(log, folder, name, super::EmbeddedLog::open(&folder.join(name)).unwrap();
    order, killed, many_writers, waiting, trimmed);

suite!(offline, folder, name, super::DeltaOfflineStore::open(&folder.join(name)).unwrap();
    order, observed_or_not, replayed, repetitions, selection, every_value, widened, removed, dropped,
    removed_and_replayed, many_small_writes);

suite!(metadata, folder, name, super::SqliteMetadata::open(&folder.join(name)).unwrap();
    deployments, dropped, clients, revisions);

suite!(runs, folder, name, super::SqliteMetadata::open(&folder.join(name)).unwrap();
    lives, idempotency, cursors);

suite!(blobs, folder, name, super::LocalBlobs::open(&folder.join(name)).unwrap();
    put_and_get, unknown, bad_names);

/// The same suite over files so small that every append begins a new one.
mod log_of_tiny_files {
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn all() {
        let folder = tempfile::tempdir().unwrap();
        let open =
            async |name: &str| creta_stores::EmbeddedLog::with_segments_of(&folder.path().join(name), 1).unwrap();
        super::suites::log::order(open).await;
        super::suites::log::killed(open).await;
        super::suites::log::many_writers(open).await;
        super::suites::log::waiting(open).await;
        super::suites::log::trimmed(open).await;
    }
}
