//! `creta incremental`: how far incremental resolvers have come, and setting them back.

use crate::cli::{DropCursor, Incremental, Listing, SetCursor};
use crate::client::Client;
use crate::screen;
use console::style;
use creta_model::Letter;
use serde_json::{Value, json};

pub async fn run(command: Incremental, json: bool) -> Result<(), Vec<Letter>> {
    match command {
        Incremental::Status(command) => status(&command, json).await,
        Incremental::Set(command) => set(&command, json).await,
        Incremental::Drop(command) => forget(&command, json).await,
    }
}

async fn status(command: &Listing, json: bool) -> Result<(), Vec<Letter>> {
    let client = Client::connect(&command.target).await?;
    let answer = client.get("/v1/incremental_progress").await?;
    if json {
        println!("{}", answer["cursors"]);
        return Ok(());
    }
    let mut table = screen::table(&["resolver", "loaded up to", "last run"]);
    for cursor in answer["cursors"].as_array().into_iter().flatten() {
        let text = |name: &str| cursor[name].as_str().unwrap_or("never").to_owned();
        table.add_row([text("resolver_fqn"), text("max_ingested_timestamp"), text("last_execution_timestamp")]);
    }
    println!("{table}");
    Ok(())
}

async fn set(command: &SetCursor, json: bool) -> Result<(), Vec<Letter>> {
    let client = Client::connect(&command.target).await?;
    let body = json!({
        "max_ingested_timestamp": command.max_ingested_timestamp,
        "last_execution_timestamp": command.last_execution_timestamp,
    });
    let cursor = client.post(&path(&command.resolver), &body).await?;
    say(json, &cursor, "set", &format!("the cursor of {}", command.resolver));
    Ok(())
}

async fn forget(command: &DropCursor, json: bool) -> Result<(), Vec<Letter>> {
    let client = Client::connect(&command.target).await?;
    let answer = client.delete(&path(&command.resolver)).await?;
    let note = format!("the cursor of {}; its next run loads everything", command.resolver);
    say(json, &answer, "dropped", &note);
    Ok(())
}

fn path(resolver: &str) -> String {
    format!("/v1/resolvers/{resolver}/incremental_progress")
}

fn say(json: bool, answer: &Value, done: &str, what: &str) {
    match json {
        true => println!("{answer}"),
        false => println!("{} {what}", style(done).green().bold()),
    }
}
