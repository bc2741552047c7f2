//! `creta explain`: the plan of a question, in words or as JSON.

use crate::cli::Explain;
use crate::client::Client;
use creta_model::Letter;
use serde_json::json;

pub(crate) async fn run(command: Explain, json: bool) -> Result<(), Vec<Letter>> {
    let inputs: serde_json::Map<_, _> =
        command.inputs.iter().map(|feature| (feature.clone(), serde_json::Value::Null)).collect();
    let body = json!({ "inputs": inputs, "outputs": command.outputs, "offline": command.offline });
    let client = Client::connect(&command.target).await?;
    let answer = client.post("/v1/query/explain", &body).await?;
    match (json, answer["text"].as_str()) {
        (false, Some(text)) => println!("{text}"),
        _ => println!("{answer}"),
    }
    Ok(())
}
