//! Request bodies: read up to the limit, decoded from JSON with letters that say where it went wrong.

use crate::errors::Failure;
use crate::state::AppState;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header;
use creta_model::{Code, Letter};
use futures::StreamExt;
use serde::de::DeserializeOwned;

/// The whole body. Its content type is not looked at, because published clients do not set it reliably.
pub(crate) struct Body(pub(crate) Bytes);

impl FromRequest<AppState> for Body {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &AppState) -> Result<Body, Failure> {
        let limit = state.settings.body_limit;
        let announced =
            request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        if announced.is_some_and(|length: usize| length > limit) {
            return Err(too_large(limit).into());
        }
        let mut bytes = Vec::with_capacity(announced.unwrap_or_default());
        let mut chunks = request.into_body().into_data_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| {
                Letter::new(Code::MalformedRequest, "The body ended before it was complete.").fix("Send it again.")
            })?;
            if bytes.len() + chunk.len() > limit {
                return Err(too_large(limit).into());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Body(bytes.into()))
    }
}

fn too_large(limit: usize) -> Letter {
    Letter::new(Code::BodyTooLarge, format!("The body is larger than {limit} bytes."))
        .fix("Send fewer rows per request, or raise the server's body limit.")
}

/// Decodes JSON; the letter names line and column.
pub(crate) fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Letter> {
    // serde reads an array as an object whose fields are in the order of our own code.
    if let Some(start) =
        bytes.iter().position(|byte| *byte == b'[').filter(|start| bytes[..*start].trim_ascii().is_empty())
    {
        let message = format!("The JSON does not fit this request, line 1, column {}: it is an array.", start + 1);
        return Err(Letter::new(Code::MalformedRequest, message).fix("Send an object with named fields."));
    }
    serde_json::from_slice(bytes).map_err(|error| {
        let what = match error.classify() {
            serde_json::error::Category::Data => "The JSON does not fit this request",
            _ => "The body is not JSON",
        };
        let (line, column) = (error.line(), error.column());
        // serde's text may quote a value of the caller's; it goes back to the caller only, never into a log.
        Letter::new(Code::MalformedRequest, format!("{what}, line {line}, column {column}: {error}."))
            .fix("Compare the body with the wire format of this route.")
    })
}
