//! Deploying: source archives in, bundles checked, compared, built and put in place.

use crate::body::Body;
use crate::errors::Failure;
use crate::state::AppState;
use axum::Json;
use axum::extract::{Path, Query, State};
use creta_model::{Code, Letter};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
pub(super) struct Options {
    /// Check and compare only.
    #[serde(default)]
    dry_run: bool,
}

/// `PUT /v1/archives/{sha256}`
pub(super) async fn put_archive(
    State(state): State<AppState>,
    Path(sha256): Path<String>,
    Body(body): Body,
) -> Result<Json<Value>, Failure> {
    let archives = state.archives.clone();
    let name = sha256.clone();
    let stored = tokio::task::spawn_blocking(move || archives.store(&name, &body)).await;
    stored.map_err(|_| Letter::new(Code::Bug, "Unpacking the archive broke off."))??;
    Ok(Json(json!({"sha256": sha256})))
}

/// `POST /v1/deployments`
pub(super) async fn apply(
    State(state): State<AppState>,
    Query(options): Query<Options>,
    Body(body): Body,
) -> Result<Json<Value>, Failure> {
    let _applying = state.applying().await;
    let proposal = state.deployments.propose(&body, creta_plan::check).await.map_err(Failure::definitions)?;
    let (bundle, project) = (&proposal.bundle, &proposal.checked);
    state.activator.check_sources(bundle, project).await.map_err(Failure::definitions)?;
    let mut warnings = creta_plan::lint(bundle, project);
    warnings.extend(creta_plan::outdated(project, &proposal.diff));
    if options.dry_run {
        return Ok(Json(json!({"deployment_id": null, "diff": proposal.diff, "warnings": warnings})));
    }
    let bundle = proposal.bundle.clone();
    let built = state.build(proposal.id.clone(), bundle, proposal.checked).await.map_err(Failure::definitions)?;
    state.deployments.record(&proposal.id, &proposal.bundle).await?;
    state.switch_to(built);
    Ok(Json(json!({"deployment_id": proposal.id, "diff": proposal.diff, "warnings": warnings})))
}

/// `GET /v1/deployments/active`
pub(super) async fn active(State(state): State<AppState>) -> Result<Json<Value>, Failure> {
    let active = state.active()?;
    Ok(Json(json!({"deployment_id": active.id, "bundle": active.bundle})))
}
