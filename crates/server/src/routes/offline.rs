//! Offline queries: runs started and followed, datasets, their revisions and their files out.

mod options;
mod rows;
mod submit;

pub(super) use options::RecomputeField;
pub(super) use submit::submit;

use crate::body::{Body, json};
use crate::errors::Failure;
use crate::query::null_as_default;
use crate::routes::blobs::link;
use crate::state::AppState;
use crate::wire::dataset::{dataset, inputs as inputs_object, job as job_object, report as report_object};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use creta_control::Purpose;
use creta_jobs::Keep;
use creta_model::{Code, Letter};
use creta_ports::metadata::Revision;
use serde::Deserialize;
use serde_json::{Value, json as object};
use std::collections::BTreeMap;
use std::time::Duration;

/// A run that ends within this is answered as finished, which saves its caller the polling.
const PATIENCE: Duration = Duration::from_millis(500);

/// Upload links handed out at once.
const MOST_LINKS: usize = 1_000;

/// Datasets listed at once.
const MOST_DATASETS: usize = 1_000;

/// Notes of one revision, and characters of one note.
const MOST_NOTES: usize = 100;
const LONGEST_NOTE: usize = 10_000;

/// `POST /v4/offline_query/status`
#[derive(Deserialize)]
struct JobBody {
    #[serde(default)]
    job_id: Option<String>,
    #[serde(default)]
    dataset_id: Option<String>,
    #[serde(default)]
    dataset_name: Option<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    ignore_errors: bool,
    #[serde(default, deserialize_with = "null_as_default")]
    query_inputs: bool,
}

/// `GET /v1/offline_query_parquet_upload_url/{count}`
pub(super) async fn upload_urls(
    State(state): State<AppState>,
    Path(count): Path<usize>,
    headers: HeaderMap,
) -> Result<Json<Value>, Failure> {
    if count > MOST_LINKS {
        let message = format!("At most {MOST_LINKS} upload links are handed out at once.");
        return Err(Letter::new(Code::InvalidQuery, message).into());
    }
    let id = state.engine.stores().entropy.id();
    let urls = (0..count).filter_map(|number| {
        let name = format!("uploads/{id}/{number}.parquet");
        let url = link(&state, &headers, Purpose::Write, &name)?;
        Some(object!({"signed_url": url, "filename": name}))
    });
    Ok(Json(object!({"urls": urls.collect::<Vec<_>>()})))
}

/// `GET /v4/offline_query/{revision}`: the revision's dataset, with it as the last.
pub(super) async fn by_revision(
    State(state): State<AppState>,
    Path(revision): Path<String>,
) -> Result<Json<Value>, Failure> {
    whole_dataset(&state, &revision).await
}

/// `GET /v3/offline_query/{name or id}`
pub(super) async fn by_name(State(state): State<AppState>, Path(name): Path<String>) -> Result<Json<Value>, Failure> {
    let revisions = state.metadata.dataset(&name).await?;
    if revisions.is_empty() {
        return Err(unknown("dataset").into());
    }
    Ok(Json(dataset(&revisions, &state.settings.environment)))
}

/// `POST /v4/offline_query/status`
pub(super) async fn job(
    State(state): State<AppState>,
    headers: HeaderMap,
    Body(body): Body,
) -> Result<Json<Value>, Failure> {
    let body: JobBody = json(&body)?;
    let revision = match (&body.job_id, body.dataset_id.as_ref().or(body.dataset_name.as_ref())) {
        (Some(id), _) => find(&state, id).await?,
        (None, Some(name)) => state.metadata.dataset(name).await?.pop().ok_or_else(|| unknown("dataset"))?,
        (None, None) => {
            return Err(Letter::new(Code::MalformedRequest, "The request names neither job nor dataset.").into());
        }
    };
    if body.query_inputs {
        let inputs = revision.inputs.iter().filter_map(|file| link(&state, &headers, Purpose::Read, file)).collect();
        return Ok(Json(inputs_object(&revision, inputs)));
    }
    Ok(Json(job_object(&revision, &urls(&state, &headers, &revision), body.ignore_errors)))
}

/// `GET /v2/offline_query/{revision}`
pub(super) async fn job_of_revision(
    State(state): State<AppState>,
    Path(revision): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, Failure> {
    let revision = find(&state, &revision).await?;
    Ok(Json(job_object(&revision, &urls(&state, &headers, &revision), false)))
}

/// `GET /v4/offline_query/{revision}/status`
pub(super) async fn report(
    State(state): State<AppState>,
    Path(revision): Path<String>,
) -> Result<Json<Value>, Failure> {
    let counts = state.training.progress(&revision);
    let revision = find(&state, &revision).await?;
    let now = state.engine.stores().clock.now();
    Ok(Json(report_object(&revision, counts, &state.settings.environment, now)))
}

/// `GET /v4/offline_query/{revision}/status/{shard}`
pub(super) async fn report_of_shard(
    State(state): State<AppState>,
    Path((revision, shard)): Path<(String, usize)>,
) -> Result<Json<Value>, Failure> {
    let counts = state.training.progress_of(&revision, shard);
    let revision = find(&state, &revision).await?;
    let now = state.engine.stores().clock.now();
    Ok(Json(report_object(&revision, counts, &state.settings.environment, now)))
}

/// `GET /v1/datasets`: the newest revision of each named dataset.
pub(super) async fn list(State(state): State<AppState>) -> Result<Json<Value>, Failure> {
    let newest = state.metadata.datasets(MOST_DATASETS).await?;
    let one = |revision: &Revision| dataset(std::slice::from_ref(revision), &state.settings.environment);
    Ok(Json(object!({"datasets": newest.iter().map(one).collect::<Vec<_>>()})))
}

/// `PUT /v1/datasets/revisions/{revision}/metadata`: notes of people, text by name.
pub(super) async fn annotate(
    State(state): State<AppState>,
    Path(revision): Path<String>,
    Body(body): Body,
) -> Result<Json<Value>, Failure> {
    let notes: BTreeMap<String, String> = json(&body)?;
    let revision = find(&state, &revision).await?;
    if notes.len() + revision.notes.len() > MOST_NOTES || notes.values().any(|note| note.len() > LONGEST_NOTE) {
        let message = format!("A revision has at most {MOST_NOTES} notes of {LONGEST_NOTE} characters each.");
        return Err(Letter::new(Code::InvalidQuery, message).into());
    }
    if state.training.progress(&revision.id).is_some() {
        let letter = Letter::new(Code::InvalidQuery, "The revision is still being computed.");
        return Err(letter.fix("Wait until it is done; what is noted meanwhile would be lost.").into());
    }
    let noted = state.training.annotate(revision, notes).await?;
    whole_dataset(&state, &noted.id).await
}

/// Where the values of a revision go.
#[derive(Deserialize)]
struct IngestBody {
    #[serde(default)]
    store_online: bool,
    #[serde(default = "yes")]
    store_offline: bool,
}

fn yes() -> bool {
    true
}

/// `POST /v1/datasets/revisions/{revision}/ingest`: its values become observations.
pub(super) async fn ingest(
    State(state): State<AppState>,
    Path(revision): Path<String>,
    Body(body): Body,
) -> Result<Json<Value>, Failure> {
    let body: IngestBody = json(&body)?;
    let keep = Keep { online: body.store_online, offline: body.store_offline };
    let (deployment, revision) = (state.active()?, find(&state, &revision).await?);
    let rows = state.training.ingest(&deployment, &revision, keep).await?;
    Ok(Json(object!({"revision_id": revision.id, "rows": rows})))
}

/// `DELETE /v4/offline_query/{revision}`
pub(super) async fn cancel(
    State(state): State<AppState>,
    Path(revision): Path<String>,
) -> Result<Json<Value>, Failure> {
    let known = find(&state, &revision).await?;
    Ok(Json(object!({"revision_id": known.id, "cancelled": state.training.cancel(&revision)})))
}

async fn whole_dataset(state: &AppState, id: &str) -> Result<Json<Value>, Failure> {
    let revision = find(state, id).await?;
    let mut revisions = state.metadata.dataset(&revision.dataset_id).await?;
    revisions.retain(|other| other.id != id);
    revisions.push(revision);
    Ok(Json(dataset(&revisions, &state.settings.environment)))
}

async fn find(state: &AppState, id: &str) -> Result<Revision, Letter> {
    state.metadata.revision(id).await?.ok_or_else(|| unknown("revision"))
}

fn unknown(what: &str) -> Letter {
    Letter::new(Code::NotFound, format!("There is no {what} of that name or id.")).fix("Look at its spelling.")
}

fn urls(state: &AppState, headers: &HeaderMap, revision: &Revision) -> Vec<String> {
    revision.files.iter().filter_map(|file| link(state, headers, Purpose::Read, file)).collect()
}
