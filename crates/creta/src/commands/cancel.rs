//! `creta cancel`: ends a training set that is being computed.

use crate::cli::Cancel;
use crate::client::Client;
use console::style;
use creta_model::{Code, Letter};
use serde_json::json;

pub async fn run(command: Cancel, json: bool) -> Result<(), Vec<Letter>> {
    let client = Client::connect(&command.target).await?;
    let id = command.revision;
    let answer = client.delete(&format!("/v4/offline_query/{id}")).await?;
    if answer["cancelled"].as_bool() != Some(true) {
        let letter = Letter::new(Code::InvalidQuery, format!("Revision {id} is not being computed."));
        return Err(vec![letter.fix("It has ended already; what it found can be read as before.")]);
    }
    match json {
        true => println!("{}", json!({ "revision_id": id, "cancelled": true })),
        false => println!("{} revision {id}", style("cancelled").yellow().bold()),
    }
    Ok(())
}
