//! Reads and writes in one process: 100,000 rows, keys drawn uniformly, latencies per call.

use crate::engines::Engine;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const ROWS: u64 = 100_000;
/// 25 cells of a number, a time, a length and nine bytes of value, and the base time.
const ROW_BYTES: usize = 8 + 25 * (1 + 1 + 1 + 9);
/// Small writes per second beside the reads.
const WRITES: u64 = 2_000;
const SECONDS: u64 = 5;

pub const HEADER: &str = "\
| store | read 1 key p50 / p99 µs | under writes p50 / p99 / p99.9 µs | 100 keys p50 µs | under writes p50 / p99 µs | write p50 / p99 / max µs |
|---|---|---|---|---|---|";

pub fn measure(name: &str, engine: &dyn Engine) -> String {
    let keys: Vec<u64> = (0..ROWS).collect();
    let row = |_: Option<&[u8]>| vec![7; ROW_BYTES];
    for (number, chunk) in keys.chunks(1_000).enumerate() {
        engine.write(chunk, number as u64, &row);
    }
    engine.persist();
    let one = reads(engine, 1, Duration::from_secs(SECONDS));
    let hundred = reads(engine, 100, Duration::from_secs(SECONDS));
    let stop = AtomicBool::new(false);
    let (one_busy, hundred_busy, writes) = std::thread::scope(|scope| {
        let writer = scope.spawn(|| writes(engine, &stop));
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_secs(1));
                engine.persist();
            }
        });
        let one = reads(engine, 1, Duration::from_secs(SECONDS));
        let hundred = reads(engine, 100, Duration::from_secs(SECONDS));
        stop.store(true, Ordering::Relaxed);
        (one, hundred, writer.join().unwrap())
    });
    format!(
        "| {name} | {:.1} / {:.1} | {:.1} / {:.1} / {:.1} | {:.0} | {:.0} / {:.0} | {:.1} / {:.1} / {:.0} |",
        one.at(0.5),
        one.at(0.99),
        one_busy.at(0.5),
        one_busy.at(0.99),
        one_busy.at(0.999),
        hundred.at(0.5),
        hundred_busy.at(0.5),
        hundred_busy.at(0.99),
        writes.at(0.5),
        writes.at(0.99),
        writes.at(1.0),
    )
}

fn reads(engine: &dyn Engine, keys: usize, duration: Duration) -> Latencies {
    let mut random = Random(1);
    let mut latencies = Vec::new();
    let end = Instant::now() + duration;
    while Instant::now() < end {
        let keys: Vec<u64> = (0..keys).map(|_| random.below(ROWS)).collect();
        let start = Instant::now();
        let mut bytes = 0;
        engine.read(&keys, &mut |row| bytes += row.iter().map(|byte| u64::from(*byte)).sum::<u64>());
        latencies.push(start.elapsed());
        assert!(black_box(bytes) > 0);
    }
    Latencies::of(latencies)
}

fn writes(engine: &dyn Engine, stop: &AtomicBool) -> Latencies {
    let mut random = Random(2);
    let mut latencies = Vec::new();
    let begin = Instant::now();
    for number in 1.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let due = begin + Duration::from_secs(1) * number / WRITES as u32;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let start = Instant::now();
        engine.write(&[random.below(ROWS)], u64::from(number), &|row| {
            let mut row = row.unwrap_or(&[0; ROW_BYTES]).to_vec();
            row[20] = row[20].wrapping_add(1);
            row
        });
        latencies.push(start.elapsed());
    }
    Latencies::of(latencies)
}

struct Latencies(Vec<Duration>);

impl Latencies {
    fn of(mut latencies: Vec<Duration>) -> Latencies {
        latencies.sort_unstable();
        Latencies(latencies)
    }

    fn at(&self, quantile: f64) -> f64 {
        let place = ((self.0.len() - 1) as f64 * quantile) as usize;
        self.0[place].as_secs_f64() * 1e6
    }
}

/// xorshift: the same keys for everybody.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) % limit
    }
}
