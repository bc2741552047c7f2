//! Kills a loaded server with SIGKILL at random moments, over and over on the same data directory, and proves that
//! every acknowledged upload and every answered query is found afterwards.
//!
//! `CRETA_CRASH_KILLS` and `CRETA_CRASH_SEED` choose how many and which moments; `make crash` runs 200.

mod ledger;
mod load;
mod server;

use crate::product;
use ledger::Ledger;
use load::Load;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use server::Server;
use std::time::{Duration, Instant};

/// The shortest and the longest life of a server under load.
const LIFE: std::ops::Range<u64> = 20..300;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crash() {
    let Some(python) = product::python() else { return };
    let (kills, seed) = (setting("CRETA_CRASH_KILLS", 12), setting("CRETA_CRASH_SEED", 1));
    let data = tempfile::tempdir().unwrap();
    let mut random = StdRng::seed_from_u64(seed);
    let mut ledger = Ledger::default();
    let begun = Instant::now();
    let mut server = Server::start(data.path(), &python).await;
    server.apply(&python).await;
    let (mut hits, mut slowest) = (0, Duration::ZERO);
    for kill in 1..=kills {
        let load = Load::start(&server, &ledger);
        tokio::time::sleep(Duration::from_millis(random.random_range(LIFE))).await;
        server.kill();
        let outcome = load.stop().await;
        hits += u64::from(outcome.open_writes > 0);
        let restarted = Instant::now();
        server = Server::start(data.path(), &python).await;
        slowest = slowest.max(restarted.elapsed());
        ledger.check_uploads(&server, &outcome).await;
        ledger.take(outcome);
        if kill % 10 == 0 || kill == kills {
            ledger.check_history(&server).await;
        }
    }
    server.stop().await;
    println!(
        "{kills} kills (seed {seed}) in {:.0} s, {hits} of them hit an open write; {} uploads of {} rows and {} queries \
         were acknowledged, none was lost; the slowest restart took {} ms",
        begun.elapsed().as_secs_f64(),
        ledger.uploads(),
        load::ROWS,
        ledger.queries(),
        slowest.as_millis(),
    );
    assert!(hits > 0, "no kill hit an open write: the load is too light to prove anything");
}
