//! `creta features` and `creta resolvers`: what the active deployment defines, as tables.

use crate::cli::Listing;
use crate::client::Client;
use crate::screen;
use creta_model::{Letter, duration};
use serde_json::{Value, json};

pub(crate) async fn features(command: Listing, json: bool) -> Result<(), Vec<Letter>> {
    let Some(features) = listed(&command, "features", json).await? else { return Ok(()) };
    let mut table = screen::table(&["feature", "type", "fresh for", "owner", "tags"]);
    for feature in &features {
        let detail = &feature["detail"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let kind = match detail["kind"].as_str() {
            Some("scalar") | None => text(&detail["type"]),
            Some(kind) => format!("{kind} {}", text(&detail["type"])),
        };
        let optional = if detail["optional"] == json!(true) { " | None" } else { "" };
        let staleness = detail["max_staleness"].as_i64().filter(|staleness| *staleness > 0);
        let fresh = staleness.map(duration::display).unwrap_or_default();
        let owner = text(&detail["owner"]);
        table.add_row([text(&feature["fqn"]), format!("{kind}{optional}"), fresh, owner, joined(&feature["tags"])]);
    }
    println!("{table}");
    Ok(())
}

pub(crate) async fn resolvers(command: Listing, json: bool) -> Result<(), Vec<Letter>> {
    let Some(resolvers) = listed(&command, "resolvers", json).await? else { return Ok(()) };
    let mut table = screen::table(&["resolver", "kind", "takes", "gives", "tags"]);
    for resolver in &resolvers {
        let text = |name: &str| resolver[name].as_str().unwrap_or_default().to_owned();
        let (takes, gives) = (joined(&resolver["feature_inputs"]), joined(&resolver["feature_outputs"]));
        table.add_row([text("fqn"), text("execution_kind"), takes, gives, joined(&resolver["tags"])]);
    }
    println!("{table}");
    Ok(())
}

/// One part of the graph; None when it was printed as JSON already.
async fn listed(command: &Listing, part: &str, json: bool) -> Result<Option<Vec<Value>>, Vec<Letter>> {
    let client = Client::connect(&command.target).await?;
    let mut graph = client.get("/v1/environment/graph").await?;
    let found = graph[part].take();
    if json {
        println!("{found}");
        return Ok(None);
    }
    Ok(Some(found.as_array().cloned().unwrap_or_default()))
}

fn joined(names: &Value) -> String {
    let names: Vec<&str> = names.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    names.join(", ")
}
