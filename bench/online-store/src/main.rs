//! Measures embedded stores with the access pattern of the online store: point reads of 1 and 100 keys, each a row of 25
//! features, alone and under concurrent small writes; and what is there after kill -9.
//!
//! `cargo run --release` measures all; `cargo run --release -- redb` one of them. The table goes to stdout.

mod engines;
mod kill;
mod load;

use engines::{ENGINES, Engine};
use std::path::Path;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [command, engine, folder] = &arguments[..]
        && command == "child"
    {
        engines::with(engine, Path::new(folder), &|engine| kill::write_until_killed(engine));
        return;
    }
    let chosen: Vec<&str> = ENGINES
        .iter()
        .copied()
        .filter(|name| arguments.is_empty() || arguments.iter().any(|wanted| wanted == name))
        .collect();
    println!("{}", load::HEADER);
    for name in &chosen {
        let folder = fresh(name);
        engines::with(name, &folder, &|engine: &dyn Engine| println!("{}", load::measure(name, engine)));
    }
    println!("\n{}", kill::HEADER);
    for name in &chosen {
        println!("{}", kill::measure(name, &fresh(name)));
    }
}

fn fresh(name: &str) -> std::path::PathBuf {
    let folder = Path::new("target/data").join(name);
    std::fs::remove_dir_all(&folder).ok();
    std::fs::create_dir_all(&folder).unwrap();
    folder
}
