//! `POST /v1/query/online`: one row of JSON in, one row of JSON out.

use crate::auth::ours;
use crate::body::{Body, json};
use crate::errors::Failure;
use crate::query::{QueryBody, hash_of};
use crate::state::AppState;
use crate::wire::inputs::{Nulls, json_row};
use crate::wire::json_answer::{Meta, write_answer, write_refusal};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use creta_engine::{Answer, Deployment, Request};
use creta_model::{Code, Letter};
use creta_plan::Mode;
use std::time::{Duration, Instant};

pub(super) async fn query(
    State(state): State<AppState>,
    headers: HeaderMap,
    Body(body): Body,
) -> Result<Response, Failure> {
    let begun = Instant::now();
    let body: QueryBody = json(&body)?;
    let deployment = state.active()?;
    let query_id = state.engine.stores().entropy.id();
    let mut meta = Meta {
        duration: Duration::ZERO,
        deployment: &deployment.id,
        environment: &state.settings.environment,
        environment_name: &state.settings.environment_name,
        query_id: &query_id,
        started_at: state.engine.stores().clock.now(),
        query_hash: None,
        explanation: None,
        per_value: body.per_value_meta(),
    };
    let mut out = Vec::with_capacity(1 << 12);
    if let Err(letters) = answer(&state, &deployment, &headers, &body, begun, &mut meta, &mut out).await {
        meta.duration = begun.elapsed();
        write_refusal(&mut out, &letters, &meta);
    }
    Ok(json_response(out))
}

async fn answer(
    state: &AppState,
    deployment: &Deployment,
    headers: &HeaderMap,
    body: &QueryBody,
    begun: Instant,
    meta: &mut Meta<'_>,
    out: &mut Vec<u8>,
) -> Result<(), Vec<Letter>> {
    let one = |letter| vec![letter];
    let graph = deployment.project.graph();
    let given = json_row(graph, &body.inputs, Nulls::ByFeature)?;
    let question = body.question(graph, &state.settings, given.names.clone(), Mode::Online).map_err(one)?;
    meta.query_hash = Some(hash_of(&question));
    if body.explains() {
        meta.explanation = Some(state.engine.explain(deployment, &question)?.text);
    }
    if body.explains_only() {
        meta.duration = begun.elapsed();
        write_refusal(out, &[], meta);
        return Ok(());
    }
    let times = body.times(given.rows).map_err(one)?;
    let inputs = given.batch().map_err(one)?;
    let request = Request {
        question,
        inputs,
        times,
        query_id: meta.query_id.to_owned(),
        run: None,
        query_context: body.query_context(),
    };
    let answer = within(deadline(headers), state.engine.online(deployment, request)).await?;
    if answer.rows > 1 {
        return Err(several_rows(&answer));
    }
    meta.started_at = answer.started_at;
    meta.duration = begun.elapsed();
    write_answer(out, graph, &given, &answer, meta, body.style());
    Ok(())
}

fn several_rows(answer: &Answer) -> Vec<Letter> {
    let message = format!("The query yields {} rows, but this route answers one.", answer.rows);
    vec![Letter::new(Code::InvalidQuery, message).fix("Give the primary key, or use a bulk query.")]
}

/// How long the caller is willing to wait, if it says so.
pub(super) fn deadline(headers: &HeaderMap) -> Option<Duration> {
    ours(headers, "timeout")?.parse().ok().filter(|millis| *millis > 0).map(Duration::from_millis)
}

/// The answer, unless the deadline passes first.
pub(super) async fn within<T>(
    deadline: Option<Duration>,
    work: impl Future<Output = Result<T, Vec<Letter>>>,
) -> Result<T, Vec<Letter>> {
    let Some(deadline) = deadline else { return work.await };
    tokio::time::timeout(deadline, work).await.unwrap_or_else(|_| {
        let message = format!("The answer was not ready within the caller's {} ms.", deadline.as_millis());
        Err(vec![Letter::new(Code::DeadlineExceeded, message).fix("Allow more time, or ask for fewer outputs.")])
    })
}

pub(super) fn json_response(body: Vec<u8>) -> Response {
    let mut response = body.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
