//! The table of contents of the HTTP door.

mod blobs;
mod deployments;
mod explain;
mod feather;
mod graph;
mod offline;
mod online;
mod removals;
mod runs;
mod token;
mod uploads;

use crate::auth::require_token;
use crate::errors::Failure;
use crate::state::AppState;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use axum::{Json, Router, middleware};
use creta_model::{Code, Letter};
use serde_json::{Value, json};

/// All routes. Everything needs a bearer token, except the exchange for one, the health check and signed links.
pub fn router(state: AppState) -> Router {
    let private = Router::new()
        .route("/v1/who-am-i", get(token::who_am_i))
        .route("/v1/query/online", post(online::query))
        .route("/v1/query/feather", post(feather::query))
        .route("/v1/query/explain", post(explain::explain))
        .route("/v1/upload_features", post(uploads::columns))
        .route("/v1/upload_features/multi", post(uploads::multi))
        .route("/v1/upload/single", post(uploads::single))
        .route("/v1/features/rows", delete(removals::rows))
        .route("/v1/features/columns", delete(removals::columns))
        .route("/v1/runs/trigger", post(runs::trigger))
        .route("/v1/runs/{id}", get(runs::by_id))
        .route("/v1/incremental_progress", get(runs::cursors))
        .route(
            "/v1/resolvers/{resolver}/incremental_progress",
            get(runs::cursor).post(runs::set_cursor).delete(runs::drop_cursor),
        )
        .route("/v1/archives/{sha256}", put(deployments::put_archive))
        .route("/v1/deployments", post(deployments::apply))
        .route("/v1/deployments/active", get(deployments::active))
        .route("/v1/deployments/{id}/graph", get(graph::of_deployment))
        .route("/v1/environment/graph", get(graph::of_environment))
        .route("/v1/offline_query_parquet_upload_url/{count}", get(offline::upload_urls))
        .route("/v4/offline_query", post(offline::submit))
        .route("/v4/offline_query/status", post(offline::job))
        .route("/v4/offline_query/{revision}", get(offline::by_revision).delete(offline::cancel))
        .route("/v4/offline_query/{revision}/status", get(offline::report))
        .route("/v4/offline_query/{revision}/status/{shard}", get(offline::report_of_shard))
        .route("/v1/datasets", get(offline::list))
        .route("/v1/datasets/revisions/{revision}/metadata", put(offline::annotate))
        .route("/v1/datasets/revisions/{revision}/ingest", post(offline::ingest))
        .route("/v3/offline_query/{name}", get(offline::by_name))
        .route("/v2/offline_query/{revision}", get(offline::job_of_revision))
        .route_layer(middleware::from_fn_with_state(state.clone(), require_token));
    let public = Router::new()
        .route("/healthz", get(health))
        .route("/v1/oauth/token", post(token::exchange))
        .route("/uploads/{id}/{signature}/{file}", put(blobs::write))
        .route("/datasets/{id}/{signature}/{file}", get(blobs::read));
    private.merge(public).fallback(unknown_route).method_not_allowed_fallback(unknown_route).with_state(state)
}

async fn health(State(state): State<AppState>) -> Json<Value> {
    let deployment = state.active().ok().map(|active| active.id.clone());
    Json(json!({"status": "ok", "deployment_id": deployment}))
}

async fn unknown_route() -> Response {
    Failure::from(Letter::new(Code::NotFound, "There is no such route.").fix("Look at the path and the method."))
        .into_response()
}
