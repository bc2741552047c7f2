//! Who is asking: the bearer token and the environment header of every request but a few.

use crate::errors::Failure;
use crate::state::AppState;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use creta_model::{Code, Letter};
use std::sync::Arc;

/// The client on whose behalf a request runs; handlers find it in the request's extensions.
#[derive(Debug, Clone)]
pub(crate) struct Caller(pub(crate) Arc<str>);

/// Lets a request pass when its token is known and its environment is this one.
pub(crate) async fn require_token(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    match caller(&state, request.headers()) {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(letter) => Failure::from(letter).into_response(),
    }
}

fn caller(state: &AppState, headers: &HeaderMap) -> Result<Caller, Letter> {
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(bearer);
    let holder = token.and_then(|token| state.tokens.holder(token));
    let Some(client) = holder else {
        let message = match token {
            Some(_) => "The token is unknown or has expired.",
            None => "The request carries no bearer token.",
        };
        return Err(Letter::new(Code::Unauthenticated, message)
            .fix("Exchange your client id and secret for a token at `POST /v1/oauth/token`."));
    };
    let settings = &state.settings;
    match ours(headers, "env-id") {
        Some(name) if name != settings.environment && name != settings.environment_name => {
            Err(Letter::new(Code::NotFound, "The environment of the request does not exist here.")
                .fix(format!("This server is the environment `{}`.", settings.environment_name)))
        }
        _ => Ok(Caller(client)),
    }
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The value of `X-Creta-<name>`, or of the same header under the prefix that published clients use.
pub(crate) fn ours<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let of_prefix = |prefix: &str| headers.get(format!("x-{prefix}-{name}")).and_then(|value| value.to_str().ok());
    of_prefix("creta").or_else(|| of_prefix("chalk"))
}
