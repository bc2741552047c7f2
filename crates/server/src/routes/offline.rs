//! Offline queries: spines in, runs started and followed, datasets and their files out.

use crate::body::{Body, json};
use crate::errors::Failure;
use crate::query::{Context, QueryBody, check_names, not_supported, null_as_default, text_of_values};
use crate::routes::blobs::link;
use crate::state::AppState;
use crate::wire::dataset::{dataset, job as job_object, report as report_object};
use crate::wire::spine::{NamedSpine, from_files, from_json};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use creta_control::Purpose;
use creta_engine::Deployment;
use creta_jobs::Order;
use creta_model::errors::nearest;
use creta_model::{Code, Letter};
use creta_plan::{Mode, Recompute};
use creta_ports::metadata::Revision;
use serde::Deserialize;
use serde_json::{Map, Value, json as object};
use std::sync::Arc;
use std::time::Duration;

/// A run that ends within this is answered as finished, which saves its caller the polling.
const PATIENCE: Duration = Duration::from_millis(500);

/// Upload links handed out at once.
const MOST_LINKS: usize = 1_000;

/// The fields of `POST /v4/offline_query` that have a meaning here.
#[derive(Debug, Deserialize)]
pub(super) struct OfflineBody {
    #[serde(default, deserialize_with = "null_as_default")]
    output: Vec<String>,
    #[serde(default)]
    input: Value,
    #[serde(default)]
    dataset_name: Option<String>,
    #[serde(default)]
    query_name: Option<String>,
    #[serde(default)]
    query_name_version: Option<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    recompute_features: RecomputeField,
    #[serde(default, deserialize_with = "null_as_default")]
    tags: Vec<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    required_resolver_tags: Vec<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    query_context: Map<String, Value>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// Options that would change the answer and that this server does not have. Hints about where and how to run
/// (`resources`, `num_workers`, …) change nothing and are accepted.
const UNSUPPORTED: &[&str] = &[
    "branch",
    "env_overrides",
    "explain",
    "feature_for_lower_upper_bound",
    "inserted_at_lower_bound",
    "inserted_at_upper_bound",
    "max_cache_age_secs",
    "max_samples",
    "observed_at_lower_bound",
    "observed_at_upper_bound",
    "output_expressions",
    "overlay_graph",
    "override_target_image_tag",
    "recompute_request_revision_id",
    "required_output",
    "required_output_expressions",
    "sample_features",
    "spine_sql_query",
    "store_offline",
    "store_online",
    "store_plan_stages",
    "unload_resolvers",
    "write_to",
];

/// Options that say where and how a run is made, and words about it; and those that [`OfflineBody`] reads.
const UNDERSTOOD: &[&str] = &[
    "completion_deadline",
    "correlation_id",
    "dataset_name",
    "destination_format",
    "enable_profiling",
    "input",
    "job_id",
    "max_retries",
    "meta",
    "num_shards",
    "num_workers",
    "output",
    "planner_options",
    "query_context",
    "query_name",
    "query_name_version",
    "recompute_features",
    "required_resolver_tags",
    "resources",
    "run_asynchronously",
    "tags",
    "use_job_queue",
    "use_metaplanner",
    "use_multiple_computers",
];

/// `recompute_features`: false, true, or the names of those to recompute.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "`recompute_features` should be true, false or a list of features")]
pub(super) enum RecomputeField {
    All(bool),
    Some(Vec<String>),
}

impl Default for RecomputeField {
    fn default() -> RecomputeField {
        RecomputeField::All(false)
    }
}

impl From<RecomputeField> for Recompute {
    fn from(field: RecomputeField) -> Recompute {
        match field {
            RecomputeField::All(false) => Recompute::Nothing,
            RecomputeField::All(true) => Recompute::Everything,
            RecomputeField::Some(names) => Recompute::Only(names),
        }
    }
}

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

/// `POST /v4/offline_query`
pub(super) async fn submit(State(state): State<AppState>, Body(body): Body) -> Result<Json<Value>, Failure> {
    let body: OfflineBody = json(&body)?;
    refuse_unsupported(&body)?;
    let deployment = state.active()?;
    let (names, spine) = spine(&state, &deployment, &body.input).await?.into_parts()?;
    let query = QueryBody {
        outputs: body.output,
        query_name: body.query_name,
        query_name_version: body.query_name_version,
        context: Context { tags: body.tags, required_resolver_tags: body.required_resolver_tags },
        ..QueryBody::default()
    };
    if let RecomputeField::Some(names) = &body.recompute_features {
        check_names(deployment.project.graph(), names.iter())?;
    }
    let mode = Mode::Offline(body.recompute_features.into());
    let question = query.question(deployment.project.graph(), &state.settings, names, mode)?;
    // Planned here once, so that a question that cannot be planned is refused before a revision exists.
    state.engine.explain(&deployment, &question)?;
    let order = Order {
        deployment,
        question,
        spine,
        dataset_name: body.dataset_name,
        query_context: text_of_values(&body.query_context),
    };
    let revision = state.training.start(order).await?;
    state.training.wait(&revision.id, PATIENCE).await;
    whole_dataset(&state, &revision.id).await
}

fn refuse_unsupported(body: &OfflineBody) -> Result<(), Letter> {
    let is_set = |value: &Value| match value {
        Value::Null | Value::Bool(false) => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        _ => true,
    };
    let set = body.others.iter().filter(|(_, value)| is_set(value)).map(|(name, _)| name.as_str());
    match set.into_iter().find(|name| !UNDERSTOOD.contains(name)) {
        None => Ok(()),
        Some(name) if UNSUPPORTED.contains(&name) => Err(not_supported(name)),
        Some(name) => {
            let letter = Letter::new(Code::InvalidQuery, format!("Offline queries have no option `{name}`."));
            Err(match nearest(name, UNDERSTOOD.iter().chain(UNSUPPORTED).copied()) {
                Some(near) => letter.fix(format!("Did you mean `{near}`?")),
                None => letter.fix(format!("Leave `{name}` out.")),
            })
        }
    }
}

async fn spine(state: &AppState, deployment: &Arc<Deployment>, input: &Value) -> Result<NamedSpine, Failure> {
    let now = state.engine.stores().clock.now();
    if input.is_null() {
        return Err(Letter::new(Code::InvalidQuery, "The offline query has no input.")
            .fix("Give keys, and a time for each of them.")
            .into());
    }
    let Some(names) = input.get("filenames").and_then(Value::as_array) else {
        return Ok(from_json(deployment.project.graph(), input, now)?);
    };
    let mut files = Vec::new();
    for name in names {
        let name = name.as_str().filter(|name| is_upload(name)).ok_or_else(|| {
            Letter::new(Code::NotFound, "An input file was not uploaded here.").fix("Ask for upload links first.")
        })?;
        files.push(state.blobs.local(name).await?);
    }
    let deployment = deployment.clone();
    let read = tokio::task::spawn_blocking(move || from_files(deployment.project.graph(), files, now)).await;
    // The reader asserts some of what a writer owes it, so a damaged file may break off the reading.
    Ok(read.map_err(|_| Letter::new(Code::MalformedRequest, "An uploaded file is not sound Parquet."))??)
}

/// A name that [`upload_urls`] may have given out, and nothing that leads elsewhere.
fn is_upload(name: &str) -> bool {
    let segments: Vec<&str> = name.split('/').collect();
    let plain = |segment: &&str| {
        !segment.starts_with('.') && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
    };
    segments.len() == 3 && segments[0] == "uploads" && segments.iter().all(plain)
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
    if body.query_inputs {
        return Err(Letter::new(Code::NotFound, "The inputs of offline queries are not kept.").into());
    }
    let revision = match (&body.job_id, body.dataset_id.as_ref().or(body.dataset_name.as_ref())) {
        (Some(id), _) => find(&state, id).await?,
        (None, Some(name)) => state.metadata.dataset(name).await?.pop().ok_or_else(|| unknown("dataset"))?,
        (None, None) => {
            return Err(Letter::new(Code::MalformedRequest, "The request names neither job nor dataset.").into());
        }
    };
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

/// `GET /v4/offline_query/{revision}/status/{shard}`: a run is one shard here.
pub(super) async fn report_of_shard(
    state: State<AppState>,
    Path((revision, _)): Path<(String, usize)>,
) -> Result<Json<Value>, Failure> {
    report(state, Path(revision)).await
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

#[cfg(test)]
mod tests {
    use super::is_upload;

    #[test]
    fn only_our_own_uploads_are_read() {
        assert!(is_upload("uploads/7f3a-9/0.parquet"));
        for name in ["uploads/../metadata", "datasets/1/part-0.parquet", "/etc/passwd", "uploads/a/..", "uploads/a/b/c"]
        {
            assert!(!is_upload(name), "{name}");
        }
    }
}
