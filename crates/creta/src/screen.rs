//! What people see: tables, letters, a difference, a progress bar. Scripts get JSON.

use comfy_table::{ContentArrangement, Table, presets};
use console::style;
use creta_model::Letter;
use creta_model::bundle::Severity;
use creta_plan::Advice;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::time::Duration;

/// A table that fits the terminal.
pub(crate) fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_BORDERS_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(header.iter().map(|name| style(name).bold().to_string()));
    table
}

/// Letters on standard error, each with its code, place and remedy; one JSON object when a script asked.
pub(crate) fn letters(letters: &[Letter], json: bool) {
    if json {
        let text = serde_json::json!({ "errors": letters });
        println!("{text}");
        return;
    }
    for letter in letters {
        let mark = style(format!("error[{}]:", letter.code.name())).red().bold();
        show(letter, &mark.to_string());
    }
}

/// Warnings and notes on standard error.
pub(crate) fn advice(advice: &[Advice]) {
    for Advice { severity, letter } in advice {
        let code = letter.code.name();
        let mark = match severity {
            Severity::Error => style(format!("error[{code}]:")).red().bold(),
            Severity::Warning => style(format!("warning[{code}]:")).yellow().bold(),
            Severity::Info => style(format!("note[{code}]:")).blue().bold(),
        };
        show(letter, &mark.to_string());
    }
}

fn show(letter: &Letter, mark: &str) {
    eprintln!("{mark} {}", letter.message);
    if let Some(place) = &letter.place {
        eprintln!("  {} {place}", style("at").dim());
    }
    if let Some(exception) = &letter.exception {
        for line in exception.stacktrace.lines() {
            eprintln!("  {} {line}", style("│").dim());
        }
    }
    if let Some(fix) = &letter.fix {
        eprintln!("  {} {fix}", style("fix:").green());
    }
}

pub(crate) fn error_line(message: &str) {
    eprintln!("{} {message}", style("error:").red().bold());
}

/// A sign of life on standard error while something of unknown size happens; nothing when it is not a terminal.
pub(crate) fn spinner(what: &'static str) -> ProgressBar {
    let spinner = ProgressBar::with_draw_target(None, people()).with_message(what);
    spinner.enable_steady_tick(Duration::from_millis(120));
    spinner
}

fn people() -> ProgressDrawTarget {
    if std::io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() }
}

/// A bar on standard error; nothing when it is not a terminal.
pub(crate) fn progress(total: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total), people());
    let shape = ProgressStyle::with_template("{elapsed_precise} {bar:40} {human_pos}/{human_len} rows ({percent} %)");
    bar.with_style(shape.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
