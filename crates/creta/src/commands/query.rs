//! `creta query`: one entity's features, as a table.

use crate::cli::Query;
use crate::client::Client;
use crate::screen;
use creta_model::{Code, Letter};
use serde_json::{Map, Value, json};

pub(crate) async fn run(command: Query, json: bool) -> Result<(), Vec<Letter>> {
    let mut inputs = Map::new();
    for given in &command.inputs {
        let Some((feature, value)) = given.split_once('=') else {
            let letter = Letter::new(Code::InvalidInput, format!("`{given}` is not FEATURE=VALUE."));
            return Err(vec![letter.fix("Write it as --in vessel.id=7.")]);
        };
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
        inputs.insert(feature.to_owned(), value);
    }
    let body = json!({
        "inputs": inputs,
        "outputs": command.outputs,
        "now": command.now,
        "include_meta": true,
        "explain": command.explain,
        "query_name": command.query_name,
    });
    let client = Client::connect(&command.target).await?;
    let answer = client.post("/v1/query/online", &body).await?;
    if json {
        println!("{answer}");
        return Ok(());
    }
    show(&answer);
    failures(&answer)
}

fn show(answer: &Value) {
    let mut table = screen::table(&["feature", "value", "source", "observed at"]);
    for cell in answer["data"].as_array().into_iter().flatten() {
        let source = match (&cell["meta"]["cache_hit"], cell["meta"]["chosen_resolver_fqn"].as_str()) {
            (Value::Bool(true), _) => "online store",
            (_, Some(resolver)) => resolver,
            _ => "",
        };
        let value = if cell["error"].is_null() { cell["value"].to_string() } else { "(error)".to_owned() };
        let at = cell["ts"].as_str().unwrap_or_default();
        table.add_row([cell["field"].as_str().unwrap_or_default(), &value, source, at]);
    }
    println!("{table}");
    if let Some(seconds) = answer["meta"]["execution_duration_s"].as_f64() {
        println!("{:.2} ms on the server", seconds * 1_000.0);
    }
    if let Some(plan) = answer["meta"]["explain_output"].as_str() {
        println!("{plan}");
    }
}

/// Errors of a query are told after its values, each once; the exit status is that of the first.
fn failures(answer: &Value) -> Result<(), Vec<Letter>> {
    let mut letters: Vec<Letter> = Vec::new();
    for letter in answer["errors"].as_array().into_iter().flatten().map(letter) {
        if !letters.iter().any(|known| known.code == letter.code && known.message == letter.message) {
            letters.push(letter);
        }
    }
    if letters.is_empty() { Ok(()) } else { Err(letters) }
}

fn letter(error: &Value) -> Letter {
    let code = serde_json::from_value(error["letter"].clone()).unwrap_or(Code::ResolverFailed);
    let letter = Letter::new(code, error["message"].as_str().unwrap_or_default());
    Letter {
        fix: error["fix"].as_str().map(str::to_owned),
        exception: serde_json::from_value(error["exception"].clone()).ok(),
        ..letter
    }
}
