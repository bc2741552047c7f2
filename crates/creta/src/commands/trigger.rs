//! `creta trigger`: runs a resolver and waits until its rows are stored.

use crate::Failure;
use crate::cli::Trigger;
use crate::client::{Client, letter_of};
use crate::screen;
use console::style;
use creta_model::{Code, Letter};
use serde_json::{Value, json};
use std::time::Duration;

/// How often an unfinished run is asked about.
const POLL: Duration = Duration::from_millis(500);

pub async fn run(command: Trigger, json: bool) -> Result<(), Failure> {
    let client = Client::connect(&command.target).await?;
    let body = json!({
        "resolver_fqn": command.resolver,
        "lower_bound": command.lower_bound,
        "upper_bound": command.upper_bound,
        "persistence_settings": {
            "persist_online_storage": !command.no_online,
            "persist_offline_storage": !command.no_offline,
        },
        "idempotency_key": command.idempotency_key,
        "wait_seconds": 1,
    });
    let run = wait(&client, client.post("/v1/runs/trigger", &body).await?).await?;
    let letters: Vec<Letter> = run["errors"].as_array().into_iter().flatten().map(letter_of).collect();
    if json {
        println!("{run}");
        return letters.first().map_or(Ok(()), |letter| Err(Failure::Shown(letter.code)));
    }
    if run["status"].as_str() == Some("succeeded") {
        println!("{} {}", style("stored").green().bold(), summary(&run));
    }
    // Values that could not be stored are told of as well; the exit status says that there are some.
    if letters.is_empty() { Ok(()) } else { Err(letters.into()) }
}

/// An interrupt ends the waiting, not the run.
async fn wait(client: &Client, run: Value) -> Result<Value, Vec<Letter>> {
    let id = run["id"].as_str().unwrap_or_default().to_owned();
    tokio::select! {
        ended = ended(client, run, &id) => ended,
        _ = tokio::signal::ctrl_c() => {
            let message = format!("Nobody waits for run {id} any more; the server goes on with it.");
            Err(vec![Letter::new(Code::Cancelled, message).fix(format!("`GET /v1/runs/{id}` says how it ended."))])
        }
    }
}

async fn ended(client: &Client, mut run: Value, id: &str) -> Result<Value, Vec<Letter>> {
    let spinner = screen::spinner("the resolver runs");
    while run["status"].as_str() == Some("received") {
        tokio::time::sleep(POLL).await;
        run = client.get(&format!("/v1/runs/{id}")).await?;
    }
    spinner.finish_and_clear();
    Ok(run)
}

fn summary(run: &Value) -> String {
    let (rows, resolver) = (&run["rows"], run["resolver_fqn"].as_str().unwrap_or_default());
    let since = run["incremental_lower_bound"].as_str().map(|since| format!(" from {since} on")).unwrap_or_default();
    format!("{rows} rows of {resolver}{since}, run {}", run["id"].as_str().unwrap_or_default())
}
