//! Removals: stored values of some keys, or of whole features.

use crate::body::{Body, json};
use crate::errors::Failure;
use crate::query::null_as_default;
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use creta_engine::Unwanted;
use serde::Deserialize;
use serde_json::{Value, json as object};

#[derive(Deserialize)]
struct Rows {
    namespace: String,
    features: Option<Vec<String>>,
    tags: Option<Vec<String>>,
    primary_keys: Vec<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    retain_online: bool,
    #[serde(default, deserialize_with = "null_as_default")]
    retain_offline: bool,
}

#[derive(Deserialize)]
struct Columns {
    namespace: String,
    features: Vec<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    retain_online: bool,
    #[serde(default, deserialize_with = "null_as_default")]
    retain_offline: bool,
}

/// `DELETE /v1/features/rows`: values of some primary keys.
pub(super) async fn rows(State(state): State<AppState>, Body(body): Body) -> Result<Json<Value>, Failure> {
    let Rows { namespace, features, tags, primary_keys, retain_online, retain_offline } = json(&body)?;
    let unwanted = Unwanted { namespace, features, tags, keys: Some(primary_keys), retain_online, retain_offline };
    state.engine.remove(&*state.active()?, &unwanted).await?;
    Ok(Json(object!({"errors": null})))
}

/// `DELETE /v1/features/columns`: all values of some features. What both stores have forgotten may change its type.
pub(super) async fn columns(State(state): State<AppState>, Body(body): Body) -> Result<Json<Value>, Failure> {
    let Columns { namespace, features, retain_online, retain_offline } = json(&body)?;
    let unwanted =
        Unwanted { namespace, features: Some(features), retain_online, retain_offline, ..Unwanted::default() };
    // A drop counts for the deployment that is active now, so none may come in between.
    let _applying = state.applying().await;
    let dropped = state.engine.remove(&*state.active()?, &unwanted).await?;
    if !retain_online && !retain_offline {
        state.deployments.note_dropped(&dropped).await?;
    }
    Ok(Json(object!({"errors": null})))
}
