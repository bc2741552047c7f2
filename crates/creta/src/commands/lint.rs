//! `creta lint`: every fault and every piece of advice about a project, at file and line; no server is asked.

use crate::Failure;
use crate::cli::{Format, Lint};
use crate::export;
use crate::screen;
use console::style;
use creta_control::deployments;
use creta_model::Letter;
use creta_plan::Advice;
use serde_json::json;

pub(crate) async fn run(command: Lint, json: bool) -> Result<(), Failure> {
    let json = json || command.format == Format::Json;
    match findings(&command).await {
        Ok(advice) => {
            if json {
                println!("{}", json!({ "errors": [], "warnings": advice }));
            } else {
                screen::advice(&advice);
                println!("{} {}", style("sound").green().bold(), counted(advice.len()));
            }
            Ok(())
        }
        Err(letters) if json => {
            println!("{}", json!({ "errors": letters, "warnings": [] }));
            letters.first().map_or(Ok(()), |letter| Err(Failure::Shown(letter.code)))
        }
        Err(letters) => Err(Failure::Letters(letters)),
    }
}

/// Advice about a sound project. Errors: all faults of the first step that finds any, the exporter or the check.
async fn findings(command: &Lint) -> Result<Vec<Advice>, Vec<Letter>> {
    let exported = export::export_from(command.python.as_deref(), &command.project).await?;
    // Warnings of the SDK, and what the user's modules print when they are imported.
    eprint!("{}", exported.said);
    let bundle = deployments::read(exported.bundle.as_bytes()).map_err(|letter| vec![letter])?;
    let project = creta_plan::check(&bundle)?;
    Ok(creta_plan::lint(&bundle, &project))
}

fn counted(advice: usize) -> String {
    match advice {
        0 => "no faults, no warnings".to_owned(),
        1 => "no faults, 1 warning".to_owned(),
        more => format!("no faults, {more} warnings"),
    }
}
