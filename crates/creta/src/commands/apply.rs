//! `creta apply`: export, upload, show the difference, deploy.

use crate::cli::Apply;
use crate::client::Client;
use crate::export;
use console::style;
use creta_model::Letter;
use serde_json::Value;

pub async fn run(command: Apply, json: bool) -> Result<(), Vec<Letter>> {
    let python =
        creta_python::find_python(command.python.as_deref(), &command.project).map_err(|letter| vec![letter])?;
    let exported = export::export(&python, &command.project).await?;
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
    } else {
        show(&answer);
    }
    Ok(())
}

fn archive_hash(bundle: &str) -> Option<String> {
    let bundle: Value = serde_json::from_str(bundle).ok()?;
    bundle["archive"].as_str().map(str::to_owned)
}

fn show(answer: &Value) {
    let mut changes = 0;
    for (kind, title) in [("features", "feature"), ("resolvers", "resolver"), ("named_queries", "named query")] {
        let difference = &answer["diff"][kind];
        changes += lines(&difference["added"], &style("+").green().to_string(), title);
        changes += lines(&difference["changed"], &style("~").yellow().to_string(), title);
        changes += lines(&difference["removed"], &style("-").red().to_string(), title);
    }
    if answer["diff"]["sources"] == Value::Bool(true) && changes == 0 {
        changes += 1;
        println!("  {} source files", style("~").yellow());
    }
    match answer["deployment_id"].as_str() {
        Some(id) if changes > 0 => println!("{} {changes} changes, deployment {id}", style("applied").green().bold()),
        Some(id) => println!("{} nothing changed, deployment {id}", style("applied").green().bold()),
        None => println!("{} {changes} changes; nothing was deployed", style("checked").bold()),
    }
}

fn lines(items: &Value, mark: &str, title: &str) -> usize {
    let items = items.as_array().map(Vec::as_slice).unwrap_or_default();
    for item in items {
        match item {
            Value::String(name) => println!("  {mark} {title} {name}"),
            other => {
                let name = other["name"].as_str().unwrap_or_default();
                let what: Vec<&str> =
                    other["what"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                println!("  {mark} {title} {name}  {}", style(what.join(", ")).dim());
            }
        }
    }
    items.len()
}
