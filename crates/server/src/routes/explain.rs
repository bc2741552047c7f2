//! `POST /v1/query/explain`: the plan of a query, without running it.

use crate::body::{Body, json};
use crate::errors::Failure;
use crate::query::QueryBody;
use crate::routes::offline::RecomputeField;
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use creta_plan::Mode;
use serde::Deserialize;
use serde_json::{Map, Value, json as object};

/// What an explanation needs beyond the fields of a query. Values do not matter, so inputs may be names alone.
#[derive(Deserialize)]
struct Extra {
    #[serde(default)]
    offline: bool,
    #[serde(default)]
    recompute_features: RecomputeField,
    #[serde(default)]
    inputs: Value,
}

pub(super) async fn explain(State(state): State<AppState>, Body(body): Body) -> Result<Json<Value>, Failure> {
    let mut fields: Map<String, Value> = json(&body)?;
    let extra: Extra = json(&body)?;
    fields.insert("inputs".to_owned(), Value::Object(Map::new()));
    let query: QueryBody = json(Value::Object(fields).to_string().as_bytes())?;
    let inputs = match extra.inputs {
        Value::Object(named) => named.keys().cloned().collect(),
        Value::Array(names) => names.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    let mode = if extra.offline { Mode::Offline(extra.recompute_features.into()) } else { Mode::Online };
    let deployment = state.active()?;
    let question = query.question(deployment.project.graph(), &state.settings, inputs, mode)?;
    let explanation = state.engine.explain(&deployment, &question)?;
    Ok(Json(object!({"text": explanation.text, "plan": explanation.plan})))
}
