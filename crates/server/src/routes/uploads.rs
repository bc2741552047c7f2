//! Uploads: values that callers observed, as JSON columns, as one JSON row, or as Arrow tables.

use crate::body::{Body, json};
use crate::errors::{Failure, wire_error};
use crate::query::null_as_default;
use crate::state::AppState;
use crate::wire::byte_model::ByteModel;
use crate::wire::inputs::{Given, Nulls, arrow_columns, json_columns, json_row};
use crate::wire::ipc;
use axum::Json;
use axum::extract::State;
use creta_engine::Deployment;
use creta_model::{Code, Letter};
use serde::Deserialize;
use serde_json::{Map, Value, json as object};

#[derive(Deserialize)]
struct Columns {
    input: Map<String, Value>,
}

#[derive(Deserialize)]
struct Row {
    #[serde(deserialize_with = "null_as_default")]
    inputs: Map<String, Value>,
}

/// `POST /v1/upload_features`: columns of lists.
pub(super) async fn columns(State(state): State<AppState>, Body(body): Body) -> Result<Json<Value>, Failure> {
    let body: Columns = json(&body)?;
    let deployment = state.active()?;
    let given = json_columns(deployment.project.graph(), &body.input, Nulls::Pass);
    let errors = upload(&state, &deployment, given).await?;
    Ok(Json(object!({"errors": errors, "trace_id": null})))
}

/// `POST /v1/upload/single`: one row.
pub(super) async fn single(State(state): State<AppState>, Body(body): Body) -> Result<Json<Value>, Failure> {
    let body: Row = json(&body)?;
    let deployment = state.active()?;
    let given = json_row(deployment.project.graph(), &body.inputs, Nulls::Pass);
    let errors = upload(&state, &deployment, given).await?;
    let errors = if errors.is_empty() { Value::Null } else { Value::from(errors) };
    Ok(Json(object!({"data": [], "errors": errors})))
}

/// `POST /v1/upload_features/multi`: a byte model with an Arrow table.
pub(super) async fn multi(State(state): State<AppState>, Body(body): Body) -> Result<Json<Value>, Failure> {
    let mut model = ByteModel::decode(&body)?;
    let table = model.take("table_bytes").ok_or_else(|| {
        Letter::new(Code::MalformedRequest, "The upload has no `table_bytes`.").fix("Send the table under that name.")
    })?;
    let batch = ipc::read(&table)?;
    let deployment = state.active()?;
    let given = arrow_columns(deployment.project.graph(), &batch, |_| false, Nulls::Pass);
    let errors = upload(&state, &deployment, given).await?;
    Ok(Json(object!({"operation_id": state.engine.stores().entropy.id(), "errors": errors})))
}

/// Stores the values; the faults of the values are part of the answer, those of the stores are not.
async fn upload(
    state: &AppState,
    deployment: &Deployment,
    given: Result<Given, Vec<Letter>>,
) -> Result<Vec<Value>, Failure> {
    let batch = given.and_then(|given| given.batch().map_err(|letter| vec![letter]));
    let stored = match batch {
        Ok(batch) => state.engine.upload(deployment, batch).await,
        Err(letters) => Err(letters),
    };
    match stored {
        Ok(()) => Ok(Vec::new()),
        Err(letters) if letters.iter().any(|letter| letter.code.http_status() >= 500) => Err(letters.into()),
        Err(letters) => {
            let graph = deployment.project.graph();
            Ok(letters.iter().map(|letter| wire_error(letter, Some(graph))).collect())
        }
    }
}
