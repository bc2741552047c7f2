//! Where the rows of an offline query come from: JSON, uploads, a file, SQL, an earlier revision, or history.

use super::options::OfflineBody;
use super::{find, unknown};
use crate::errors::Failure;
use crate::state::AppState;
use crate::wire::spine::{NamedSpine, from_files, from_json, from_sql, read_parquet};
use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use arrow::record_batch::RecordBatch;
use creta_engine::{Deployment, spine_rows};
use creta_jobs::{Observed, Rows};
use creta_model::{Code, FeatureId, Graph, Letter};
use creta_plan::Recompute;
use creta_ports::metadata::{Revision, RevisionStatus};
use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;

/// The names of the given columns, and the rows.
pub(super) async fn rows(
    state: &AppState,
    deployment: &Arc<Deployment>,
    body: &OfflineBody,
    recompute: &Recompute,
) -> Result<(Vec<String>, Rows), Failure> {
    let sql = body.spine_sql_query.get("sql_query").unwrap_or(&body.spine_sql_query);
    let sources = [!body.input.is_null(), !sql.is_null(), body.recompute_request_revision_id.is_some()].into_iter();
    if sources.filter(|given| *given).count() > 1 {
        let letter = Letter::new(Code::InvalidQuery, "The offline query has more than one source of rows.");
        return Err(letter.fix("Give an input, or SQL, or a revision to recompute; or none of them.").into());
    }
    if !sql.is_null() && !sql.is_string() {
        let letter = Letter::new(Code::MalformedRequest, "`spine_sql_query` is not text.");
        return Err(letter.fix("Give one SELECT.").into());
    }
    let spine = match (&body.recompute_request_revision_id, sql.as_str()) {
        (Some(revision), _) => earlier(state, deployment, revision, recompute).await?,
        (None, Some(statement)) => queried(state, deployment, statement).await?,
        (None, None) if body.input.is_null() => return Ok(observed(deployment, body, recompute)?),
        (None, None) => given(state, deployment, &body.input).await?,
    };
    if body.max_samples.is_some() {
        let letter =
            Letter::new(Code::InvalidQuery, "`max_samples` chooses among stored entities, but rows are given.");
        return Err(letter.fix("Leave out `max_samples`, or the rows.").into());
    }
    let (names, spine) = spine.into_parts()?;
    Ok((names, Rows::Given(spine)))
}

async fn given(state: &AppState, deployment: &Arc<Deployment>, input: &Value) -> Result<NamedSpine, Failure> {
    let now = state.engine.stores().clock.now();
    if let Some(statement) = input.get("input_sql").and_then(Value::as_str) {
        return queried(state, deployment, statement).await;
    }
    if let Some(uri) = input.get("parquet_uri").and_then(Value::as_str) {
        return in_files(deployment, local_files(uri, input)?, now).await;
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
    in_files(deployment, files, now).await
}

async fn in_files(deployment: &Arc<Deployment>, files: Vec<PathBuf>, now: i64) -> Result<NamedSpine, Failure> {
    let deployment = deployment.clone();
    let read = tokio::task::spawn_blocking(move || from_files(deployment.project.graph(), files, now)).await;
    // The reader asserts some of what a writer owes it, so a damaged file may break off the reading.
    Ok(read.map_err(|_| Letter::new(Code::MalformedRequest, "A file of the spine is not sound Parquet."))??)
}

/// A Parquet file of this machine, or the files of a folder by name.
fn local_files(uri: &str, input: &Value) -> Result<Vec<PathBuf>, Letter> {
    if let Some(option) = ["start_row", "end_row", "is_iceberg"].into_iter().find(|name| is_given(&input[*name])) {
        return Err(crate::query::not_supported(option));
    }
    let path = uri.strip_prefix("file://").unwrap_or(uri);
    if let Some((scheme, _)) = path.split_once("://") {
        let message = format!("A spine cannot be read from `{scheme}://` yet; it comes with Azure.");
        return Err(Letter::new(Code::InvalidQuery, message).fix("Give a local path or a file:// address."));
    }
    let path = PathBuf::from(path);
    let missing = |error: std::io::Error| {
        Letter::new(Code::MissingFile, format!("The spine `{uri}` cannot be read: {error}."))
            .fix("The path is one of the server's machine; the SDK uploads files of yours.")
    };
    if !path.metadata().map_err(missing)?.is_dir() {
        return Ok(vec![path]);
    }
    let entries = path.read_dir().map_err(missing)?.collect::<std::io::Result<Vec<_>>>().map_err(missing)?;
    let parquet = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "parquet");
    let mut files: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).filter(parquet).collect();
    files.sort();
    match files.is_empty() {
        false => Ok(files),
        true => Err(Letter::new(Code::MissingFile, format!("The folder `{uri}` holds no .parquet file."))),
    }
}

fn is_given(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false))
}

async fn queried(state: &AppState, deployment: &Arc<Deployment>, statement: &str) -> Result<NamedSpine, Failure> {
    let stores = state.engine.stores();
    // The statement sees everything that was observed before it was sent.
    state.training.settle_log().await?;
    let rows = spine_rows(deployment, stores.offline.clone(), statement).await?;
    Ok(from_sql(deployment.project.graph(), &rows, stores.clock.now())?)
}

/// The outputs of a revision as inputs, besides those that are recomputed; and what it was given itself.
async fn earlier(
    state: &AppState,
    deployment: &Arc<Deployment>,
    id: &str,
    recompute: &Recompute,
) -> Result<NamedSpine, Failure> {
    let revision = find(state, id).await?;
    let kept = revision.inputs.as_ref().filter(|_| revision.status == RevisionStatus::Done);
    let inputs = kept.ok_or_else(|| {
        Letter::new(Code::InvalidQuery, "Only a revision that was completed can be recomputed.")
            .fix("Wait until it is done, or ask for it again.")
    })?;
    let inputs = state.blobs.local(inputs).await?;
    let mut files = Vec::new();
    for name in &revision.files {
        files.push(state.blobs.local(name).await?);
    }
    let graph = deployment.project.graph();
    let reused = reused(graph, &revision, recompute)?;
    let joined = tokio::task::spawn_blocking(move || joined(inputs, files, &reused)).await;
    let batch = joined.map_err(|_| unknown("file of this revision"))??;
    Ok(from_sql(graph, &batch, state.engine.stores().clock.now())?)
}

/// The outputs that are given again. Letters: `invalid_query` for one that cannot be.
fn reused(graph: &Graph, revision: &Revision, recompute: &Recompute) -> Result<Vec<String>, Letter> {
    let Recompute::Only(names) = recompute else {
        return Err(Letter::new(Code::InvalidQuery, "A revision is recomputed for some of its features.")
            .fix("List them in `recompute_features`."));
    };
    let again = |output: &&String| !names.iter().any(|name| *output == name || output.starts_with(&format!("{name}.")));
    let reused: Vec<String> = revision.outputs.iter().filter(again).cloned().collect();
    match reused.iter().find(|name| graph.by_fqn(name).and_then(|feature| graph.scalar(feature)).is_none()) {
        None => Ok(reused),
        Some(path) => {
            let message = format!("The output `{path}` cannot be given again: it lies behind a relationship.");
            Err(Letter::new(Code::InvalidQuery, message).fix("Name it among the features to recompute.").feature(path))
        }
    }
}

/// The rows of a result with the inputs that each was computed from.
fn joined(inputs: PathBuf, files: Vec<PathBuf>, reused: &[String]) -> Result<RecordBatch, Letter> {
    let broken = |error: arrow::error::ArrowError| {
        Letter::new(Code::StoreFailed, format!("The files of the revision do not fit together: {error}."))
    };
    let inputs = read_parquet(inputs)?;
    let mut parts = Vec::new();
    for file in files {
        let outputs = read_parquet(file)?;
        let index = outputs.column_by_name("__index__").cloned().ok_or_else(|| unknown("row of the spine"))?;
        let mut columns = Vec::new();
        for (field, column) in inputs.schema().fields().iter().zip(inputs.columns()) {
            if !reused.contains(field.name()) {
                let positions = index.as_primitive::<Int64Type>();
                let taken = arrow::compute::take(column, positions, None).map_err(broken)?;
                columns.push((field.name().clone(), taken));
            }
        }
        for name in reused {
            columns.extend(outputs.column_by_name(name).map(|column| (name.clone(), column.clone())));
        }
        let nullable = columns.into_iter().map(|(name, column)| (name, column, true));
        parts.push(RecordBatch::try_from_iter_with_nullable(nullable).map_err(broken)?);
    }
    let schema = parts.first().map(RecordBatch::schema).ok_or_else(|| unknown("file of this revision"))?;
    arrow::compute::concat_batches(&schema, &parts).map_err(broken)
}

/// No rows are given: those that were observed are taken.
fn observed(deployment: &Deployment, body: &OfflineBody, recompute: &Recompute) -> Result<(Vec<String>, Rows), Letter> {
    let graph = deployment.project.graph();
    let feature = body.feature_for_lower_upper_bound.as_deref().and_then(|name| graph.by_fqn(name));
    let first = body.output.first().or(body.required_output.first());
    let named = first.map(|output| output.split('.').next().unwrap_or_default());
    let entity = feature.map(|feature| graph.feature(feature).entity).or_else(|| graph.namespace(named?));
    // A key or a time is not observed by itself; every observation of its class counts.
    let is_value = |feature: &FeatureId| {
        let node = graph.entity(graph.feature(*feature).entity);
        node.primary_key != Some(*feature) && node.feature_time != Some(*feature)
    };
    let feature = feature.filter(is_value);
    let key = entity.and_then(|entity| Some((entity, graph.primary_key(entity)?)));
    let (entity, key) = key.ok_or_else(|| {
        Letter::new(Code::InvalidQuery, "The offline query has no input, and no output whose class could be sampled.")
            .fix("Give keys, and a time for each of them; or name outputs of a class with a key.")
    })?;
    let once = matches!(recompute, Recompute::Everything | Recompute::Except(_));
    let rows = Rows::Observed(Observed { entity, feature, most: body.max_samples, once });
    Ok((vec![graph.feature(key).fqn.clone()], rows))
}

/// A name that upload links are given for, and nothing that leads elsewhere.
fn is_upload(name: &str) -> bool {
    let segments: Vec<&str> = name.split('/').collect();
    let plain = |segment: &&str| {
        !segment.starts_with('.') && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
    };
    segments.len() == 3 && segments[0] == "uploads" && segments.iter().all(plain)
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
