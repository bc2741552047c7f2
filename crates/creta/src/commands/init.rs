//! `creta init`: a small project that can be applied at once.

use crate::cli::Init;
use console::style;
use creta_model::{Code, Letter};
use std::path::Path;

const FILES: [(&str, &str); 3] = [
    ("creta.yaml", include_str!("../../template/creta.yaml")),
    ("features.py", include_str!("../../template/features.py.txt")),
    (".gitignore", include_str!("../../template/gitignore.txt")),
];

pub(crate) fn run(command: &Init) -> Result<(), Vec<Letter>> {
    let taken: Vec<&str> =
        FILES.iter().map(|(name, _)| *name).filter(|name| command.directory.join(name).exists()).collect();
    if !taken.is_empty() {
        let message = format!("{} already holds {}.", command.directory.display(), taken.join(", "));
        return Err(vec![
            Letter::new(Code::InvalidDefinition, message).fix("Choose an empty folder: creta init DIRECTORY."),
        ]);
    }
    write(&command.directory).map_err(|error| {
        let message = format!("{} cannot be written: {error}.", command.directory.display());
        vec![Letter::new(Code::MissingFile, message)]
    })?;
    println!("{} a project in {}", style("made").green().bold(), command.directory.display());
    let folder = command.directory.display();
    println!("next: creta up --project {folder}");
    println!("and in another terminal: creta apply --project {folder}");
    Ok(())
}

fn write(directory: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(directory)?;
    for (name, text) in FILES {
        std::fs::write(directory.join(name), text)?;
    }
    Ok(())
}
