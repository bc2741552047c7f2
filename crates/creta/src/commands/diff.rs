//! `creta diff`: what applying the project would change about the active deployment.

use crate::Failure;
use crate::cli::Diff;
use crate::client::{Client, understood};
use crate::commands::difference::Proposed;
use crate::export;
use console::style;

/// The exit status that tells a script that there are changes (decision 32).
const CHANGES: u8 = 10;

pub(crate) async fn run(command: Diff, json: bool) -> Result<(), Failure> {
    let exported = export::export_from(command.python.as_deref(), &command.project).await?;
    eprint!("{}", exported.said);
    let client = Client::connect_from(&command.target, &command.project).await?;
    let answer = client.post_text("/v1/deployments?dry_run=true", exported.bundle).await?;
    let proposed: Proposed = understood(&answer)?;
    if json {
        println!("{answer}");
    } else {
        match proposed.show() {
            0 => println!("{} nothing would change", style("equal").bold()),
            1 => println!("{} 1 change", style("differs").bold()),
            changes => println!("{} {changes} changes", style("differs").bold()),
        }
    }
    if proposed.diff.is_empty() { Ok(()) } else { Err(Failure::Status(CHANGES)) }
}
