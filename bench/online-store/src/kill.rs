//! kill -9 during writes: how long opening takes, and whether the position says exactly what is there.

use crate::engines::{self, Engine};
use crate::load::Random;
use std::cell::Cell;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ROUNDS: u64 = 12;
/// The writes go round over these keys; the row of a key holds the number of its last write.
const KEYS: u64 = 20_000;
/// Rows that are only there to make the file large.
const BALLAST: u64 = 200_000;

pub const HEADER: &str = "\
| store | opening after kill -9, median / max ms | file MB | acknowledged persists lost | position and rows disagree |
|---|---|---|---|---|";

/// The child: writes for ever, saying on stdout what it has persisted.
pub fn write_until_killed(engine: &dyn Engine) {
    let mut position = engine.position();
    if position == 0 {
        let keys: Vec<u64> = (KEYS..KEYS + BALLAST).collect();
        keys.chunks(5_000).for_each(|keys| engine.write(keys, 0, &|_| vec![7; 300]));
        engine.persist();
    }
    println!("0");
    let mut last = Instant::now();
    loop {
        position += 1;
        let row = position.to_be_bytes().repeat(40);
        engine.write(&[position % KEYS], position, &|_| row.clone());
        if last.elapsed() > Duration::from_millis(50) {
            engine.persist();
            println!("{position}");
            std::io::stdout().flush().ok();
            last = Instant::now();
        }
    }
}

pub fn measure(name: &str, folder: &Path) -> String {
    let mut random = Random(3);
    let (openings, mut lost, mut wrong) = (Cell::new(Vec::new()), 0, 0);
    for _ in 0..ROUNDS {
        let persisted = run_child(name, folder, Duration::from_millis(200 + random.below(600)));
        let start = Instant::now();
        let found = Cell::new((0, 0));
        engines::with(name, folder, &|engine| {
            let mut times = openings.take();
            times.push(start.elapsed());
            openings.set(times);
            found.set((engine.position(), disagreements(engine)));
        });
        lost += u64::from(found.get().0 < persisted);
        wrong += found.get().1;
    }
    let mut times = openings.take();
    times.sort_unstable();
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    format!(
        "| {name} | {:.0} / {:.0} | {} | {lost} | {wrong} |",
        milliseconds(times[times.len() / 2]),
        milliseconds(times[times.len() - 1]),
        size(folder) >> 20,
    )
}

fn run_child(name: &str, folder: &Path, life: Duration) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["child", name])
        .arg(folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut persisted = lines.next().unwrap().unwrap().parse().unwrap();
    std::thread::sleep(life);
    // SIGKILL.
    child.kill().unwrap();
    child.wait().unwrap();
    for line in lines.map_while(Result::ok) {
        persisted = line.parse().unwrap_or(persisted);
    }
    persisted
}

/// Every key's row must be that of its last write at or before the position.
fn disagreements(engine: &dyn Engine) -> u64 {
    let position = engine.position();
    let mut wrong = 0;
    for key in 0..KEYS {
        let behind = (position % KEYS + KEYS - key) % KEYS;
        let expected = position.checked_sub(behind).filter(|number| *number > 0);
        let mut found = None;
        engine.read(&[key], &mut |row| found = Some(u64::from_be_bytes(row[..8].try_into().unwrap())));
        wrong += u64::from(found != expected);
    }
    wrong
}

fn size(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap());
    files.map(|file| if file.path().is_dir() { size(&file.path()) } else { file.metadata().unwrap().len() }).sum()
}
