//! `creta apply`: export, upload, show the difference, deploy.

use crate::cli::Apply;
use crate::client::{Client, understood};
use crate::commands::difference::Proposed;
use crate::export;
use console::style;
use creta_model::Letter;
use serde_json::Value;

pub async fn run(command: Apply, json: bool) -> Result<(), Vec<Letter>> {
    let exported = export::export_from(command.python.as_deref(), &command.project).await?;
    // Warnings about definitions, and what the user's modules print when they are imported.
    eprint!("{}", exported.said);
    let client = Client::connect_from(&command.target, &command.project).await?;
    if let Some(hash) = archive_hash(&exported.bundle) {
        client.put(&format!("/v1/archives/{hash}"), exported.archive).await?;
    }
    let path = if command.dry_run { "/v1/deployments?dry_run=true" } else { "/v1/deployments" };
    let answer = client.post_text(path, exported.bundle).await?;
    if json {
        println!("{answer}");
        return Ok(());
    }
    let proposed: Proposed = understood(&answer)?;
    let changes = proposed.show();
    match &proposed.deployment_id {
        Some(id) if changes > 0 => println!("{} {changes} changes, deployment {id}", style("applied").green().bold()),
        Some(id) => println!("{} nothing changed, deployment {id}", style("applied").green().bold()),
        None => println!("{} {changes} changes; nothing was deployed", style("checked").bold()),
    }
    Ok(())
}

fn archive_hash(bundle: &str) -> Option<String> {
    let bundle: Value = serde_json::from_str(bundle).ok()?;
    bundle["archive"].as_str().map(str::to_owned)
}
