//! Who is asking: a client's secret for a bearer token, and a token's holder.

use crate::auth::Caller;
use crate::body::{Body, json};
use crate::errors::Failure;
use crate::routes::blobs::base_url;
use crate::state::AppState;
use crate::wire::instants::instant_text;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::{Extension, Json};
use creta_model::{Code, Letter};
use serde::Deserialize;
use serde_json::{Value, json};

/// Published clients also send a scope, which means nothing here.
#[derive(Deserialize)]
struct Exchange {
    client_id: String,
    client_secret: String,
    #[serde(default)]
    grant_type: Option<String>,
}

/// `POST /v1/oauth/token`
pub(super) async fn exchange(
    State(state): State<AppState>,
    headers: HeaderMap,
    Body(body): Body,
) -> Result<Json<Value>, Failure> {
    let exchange: Exchange = json(&body)?;
    if exchange.grant_type.as_deref().is_some_and(|kind| kind != "client_credentials") {
        return Err(Letter::new(Code::MalformedRequest, "The only grant type is `client_credentials`.").into());
    }
    if !state.clients.verify(&exchange.client_id, &exchange.client_secret).await? {
        return Err(Letter::new(Code::Unauthenticated, "The client id or the client secret is wrong.")
            .fix("`creta up` writes valid ones to credentials.json in its data directory.")
            .into());
    }
    let issued = state.tokens.issue(&exchange.client_id);
    let (environment, url) = (&state.settings.environment, base_url(&headers));
    Ok(Json(json!({
        "access_token": issued.token,
        "token_type": "Bearer",
        "expires_in": issued.expires_in_seconds,
        "expires_at": instant_text(issued.expires_at),
        "api_server": url,
        "primary_environment": environment,
        "engines": {environment: url},
        "grpc_engines": {environment: url},
        "environment_id_to_name": {environment: state.settings.environment_name},
    })))
}

/// `GET /v1/who-am-i`
pub(super) async fn who_am_i(State(state): State<AppState>, Extension(caller): Extension<Caller>) -> Json<Value> {
    Json(json!({"user": &*caller.0, "environment_id": state.settings.environment, "team_id": "default"}))
}
