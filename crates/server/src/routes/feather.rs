//! `POST /v1/query/feather`: one or several bulk queries over Arrow data.

use super::online::{deadline, within};
use crate::body::{Body, json};
use crate::errors::Failure;
use crate::query::{QueryBody, hash_of};
use crate::state::AppState;
use crate::wire::bulk::{self, Part};
use crate::wire::byte_model::ByteModel;
use crate::wire::inputs::{Nulls, arrow_columns};
use crate::wire::ipc;
use crate::wire::json_answer::Meta;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use creta_engine::{Deployment, Request};
use creta_model::Letter;
use creta_plan::Mode;
use std::time::{Duration, Instant};

/// Columns that published clients add to the inputs and that are no features.
const NOT_FEATURES: &[&str] = &["__ts__", "__index__", "__id__"];

pub(super) async fn query(
    State(state): State<AppState>,
    headers: HeaderMap,
    Body(body): Body,
) -> Result<Response, Failure> {
    let deployment = state.active()?;
    let mut results = Vec::new();
    for part in bulk::parts(&body)? {
        let header: QueryBody = json(part.header)?;
        results.push(result(&state, &deployment, &headers, &header, part).await);
    }
    let mut response = bulk::response(results).into_response();
    let binary = HeaderValue::from_static("application/octet-stream");
    response.headers_mut().insert(header::CONTENT_TYPE, binary);
    Ok(response)
}

async fn result(
    state: &AppState,
    deployment: &Deployment,
    headers: &HeaderMap,
    body: &QueryBody,
    part: Part<'_>,
) -> ByteModel {
    let begun = Instant::now();
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
        per_value: false,
    };
    let answered = answer(state, deployment, headers, body, part, begun, &mut meta).await;
    answered.unwrap_or_else(|letters| {
        meta.duration = begun.elapsed();
        bulk::refusal(&letters, &meta)
    })
}

async fn answer(
    state: &AppState,
    deployment: &Deployment,
    headers: &HeaderMap,
    body: &QueryBody,
    part: Part<'_>,
    begun: Instant,
    meta: &mut Meta<'_>,
) -> Result<ByteModel, Vec<Letter>> {
    let one = |letter| vec![letter];
    let graph = deployment.project.graph();
    let batch = ipc::read(part.inputs).map_err(one)?;
    let given = arrow_columns(graph, &batch, |name| NOT_FEATURES.contains(&name), Nulls::ByFeature)?;
    let question = body.question(graph, &state.settings, given.names.clone(), Mode::Online).map_err(one)?;
    meta.query_hash = Some(hash_of(&question));
    if body.explains() {
        meta.explanation = Some(state.engine.explain(deployment, &question)?.text);
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
    meta.started_at = answer.started_at;
    meta.duration = begun.elapsed();
    bulk::result(graph, &answer, meta, body.packing()).map_err(one)
}
