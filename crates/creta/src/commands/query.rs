//! `creta query`: one entity's features, as a table.

use crate::Failure;
use crate::cli::Query;
use crate::client::{Client, letter_of};
use crate::screen;
use creta_model::{Code, Letter};
use serde_json::{Map, Value, json};

pub(crate) async fn run(command: Query, json: bool) -> Result<(), Failure> {
    let body = json!({
        "inputs": inputs(&command.inputs).map_err(|letter| vec![letter])?,
        "outputs": command.outputs,
        "now": command.now,
        "include_meta": true,
        "explain": command.explain,
        "query_name": command.query_name,
    });
    let client = Client::connect(&command.target).await?;
    let answer = client.post("/v1/query/online", &body).await?;
    let letters = failures(&answer);
    if json {
        println!("{answer}");
        return letters.first().map_or(Ok(()), |letter| Err(Failure::Shown(letter.code)));
    }
    if answer["data"].as_array().is_some_and(|cells| !cells.is_empty()) {
        show(&answer);
    }
    if letters.is_empty() { Ok(()) } else { Err(Failure::Letters(letters)) }
}

/// `FEATURE=VALUE` pairs; a value is JSON if it reads as that, and text otherwise.
fn inputs(given: &[String]) -> Result<Map<String, Value>, Letter> {
    let mut inputs = Map::new();
    for pair in given {
        let Some((feature, value)) = pair.split_once('=') else {
            return Err(Letter::new(Code::InvalidInput, format!("`{pair}` is not FEATURE=VALUE."))
                .fix("Write it as --in vessel.id=7."));
        };
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
        if inputs.insert(feature.to_owned(), value).is_some() {
            return Err(Letter::new(Code::InvalidInput, format!("`{feature}` is given twice."))
                .fix("A query is about one row; give each feature once."));
        }
    }
    Ok(inputs)
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

/// Errors of a query, each once.
fn failures(answer: &Value) -> Vec<Letter> {
    let mut letters: Vec<Letter> = Vec::new();
    for letter in answer["errors"].as_array().into_iter().flatten().map(letter_of) {
        if !letters.iter().any(|known| known.code == letter.code && known.message == letter.message) {
            letters.push(letter);
        }
    }
    letters
}
