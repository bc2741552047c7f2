//! The pages of `docs/reference/errors`, made of the table of codes and of what was seen.

use super::Shown;
use creta_model::Code;
use std::fmt::Write;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/errors")
}

pub fn write_or_compare(code: Code, excuse: Option<&str>, shown: &[Shown]) {
    let mut text = format!("# `{}`\n\n{}\n\n", code.name(), code.meaning());
    text.push_str("| on the wire | category | HTTP status | exit status |\n|---|---|---|---|\n");
    let (wire, category) = (code.wire().name(), code.wire().category());
    let _ = writeln!(text, "| `{wire}` | {category} | {} | {} |", code.http_status(), code.exit_status());
    if let Some(excuse) = excuse {
        let _ = writeln!(text, "\n{excuse}");
    }
    for one in shown {
        let _ = writeln!(text, "\n{}\n\n```text\n{}\n```", one.deed.trim_end(), one.answer.trim_end());
    }
    settle(&format!("{}.md", code.name()), &text);
}

pub fn write_or_compare_index() {
    let mut text = String::from("# Errors\n\n");
    text.push_str("Every error is a letter: a code, what happened, where in your file, and what to do about it. ");
    text.push_str("The examples on the pages are real output; a test provokes each of them.\n\n");
    text.push_str("| code | meaning |\n|---|---|\n");
    for code in Code::ALL {
        let _ = writeln!(text, "| [`{0}`]({0}.md) | {1} |", code.name(), code.meaning());
    }
    let _ = write!(text, "\n## The example project\n\n{}", super::queries::definitions());
    settle("README.md", &text);
}

fn settle(name: &str, text: &str) {
    let path = folder().join(name);
    if std::env::var_os("CRETA_GENERATE").is_some() {
        std::fs::create_dir_all(folder()).unwrap();
        std::fs::write(path, text).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(kept, text, "docs/reference/errors/{name} is not what the product says now; `make gen` writes it");
}
