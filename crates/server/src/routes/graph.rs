//! What is deployed, as data: the features and resolvers of the active deployment or of an older one.

use crate::errors::Failure;
use crate::state::AppState;
use axum::Json;
use axum::extract::{Path, State};
use creta_plan::Description;
use serde_json::{Value, json};

/// `GET /v1/environment/graph`
pub(super) async fn of_environment(State(state): State<AppState>) -> Result<Json<Value>, Failure> {
    let active = state.active()?;
    Ok(answer(&active.id, &Description::of(&active.bundle, &active.project)))
}

/// `GET /v1/deployments/{id}/graph`
pub(super) async fn of_deployment(
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Failure> {
    let bundle = state.deployments.bundle(&id).await?;
    let project = creta_plan::check(&bundle).map_err(Failure::definitions)?;
    Ok(answer(&id, &Description::of(&bundle, &project)))
}

fn answer(id: &str, description: &Description) -> Json<Value> {
    Json(json!({
        "deployment_id": id,
        "features": description.features,
        "resolvers": description.resolvers,
    }))
}
