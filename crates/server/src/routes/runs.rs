//! Runs of resolvers that fill the stores, and how far incremental ones have come.

use crate::body::{Body, json};
use crate::errors::{Failure, wire_error};
use crate::state::AppState;
use crate::wire::instants::{instant_text, parse_instant};
use axum::Json;
use axum::extract::{Path, State};
use creta_jobs::{Keep, Timestamps, Trigger};
use creta_model::errors::nearest;
use creta_model::{Code, Graph, Letter, ResolverId};
use creta_ports::runs::{Cursor, ResolverRun, RunStatus};
use serde::Deserialize;
use serde_json::{Value, json as object};
use std::time::Duration;

/// The longest that a caller waits for a run to end.
const PATIENCE: Duration = Duration::from_secs(300);

/// `POST /v1/runs/trigger`
#[derive(Deserialize)]
struct TriggerBody {
    resolver_fqn: String,
    #[serde(default)]
    lower_bound: Option<String>,
    #[serde(default)]
    upper_bound: Option<String>,
    #[serde(default)]
    timestamping_mode: Option<String>,
    #[serde(default)]
    persistence_settings: Option<Persistence>,
    #[serde(default)]
    idempotency_key: Option<String>,
    /// An answer comes after so long at the latest, whether the run has ended or not.
    #[serde(default)]
    wait_seconds: Option<u64>,
}

#[derive(Deserialize)]
struct Persistence {
    #[serde(default)]
    persist_online_storage: Option<bool>,
    #[serde(default)]
    persist_offline_storage: Option<bool>,
}

pub(super) async fn trigger(State(state): State<AppState>, Body(body): Body) -> Result<Json<Value>, Failure> {
    let body: TriggerBody = json(&body)?;
    let deployment = state.active()?;
    let keep = body.persistence_settings.as_ref();
    let trigger = Trigger {
        resolver: find(deployment.project.graph(), &body.resolver_fqn)?,
        deployment,
        from: instant("lower_bound", body.lower_bound.as_deref())?,
        until: instant("upper_bound", body.upper_bound.as_deref())?,
        keep: Keep {
            online: keep.and_then(|keep| keep.persist_online_storage).unwrap_or(true),
            offline: keep.and_then(|keep| keep.persist_offline_storage).unwrap_or(true),
        },
        timestamps: timestamps(body.timestamping_mode.as_deref())?,
        idempotency_key: body.idempotency_key,
    };
    let run = state.runs.start(trigger).await?;
    let patience = body.wait_seconds.map_or(PATIENCE, Duration::from_secs).min(PATIENCE);
    state.runs.wait(&run, patience).await;
    answer(&state, &run.id).await
}

/// `GET /v1/runs/{id}`
pub(super) async fn by_id(State(state): State<AppState>, Path(id): Path<String>) -> Result<Json<Value>, Failure> {
    answer(&state, &id).await
}

async fn answer(state: &AppState, id: &str) -> Result<Json<Value>, Failure> {
    let run = state.runs.find(id).await?.ok_or_else(|| {
        Letter::new(Code::NotFound, "There is no run of that id.").fix("Ids are answered by `POST /v1/runs/trigger`.")
    })?;
    Ok(Json(described(&run)))
}

fn described(run: &ResolverRun) -> Value {
    let status = match run.status {
        RunStatus::Received => "received",
        RunStatus::Succeeded => "succeeded",
        RunStatus::Failed => "failed",
    };
    object!({
        "id": run.id,
        "status": status,
        "resolver_fqn": run.resolver,
        "rows": run.rows,
        "incremental_lower_bound": run.since.and_then(instant_text),
        "created_at": instant_text(run.created_at),
        "finished_at": run.finished_at.and_then(instant_text),
        "errors": run.errors.iter().map(|letter| wire_error(letter, None)).collect::<Vec<_>>(),
    })
}

/// `POST /v1/resolvers/{resolver}/incremental_progress`; what is left out or null is forgotten.
#[derive(Deserialize)]
struct CursorBody {
    #[serde(default)]
    max_ingested_timestamp: Option<String>,
    #[serde(default)]
    last_execution_timestamp: Option<String>,
}

/// `GET /v1/incremental_progress`: all cursors, and the incremental resolvers that have none yet.
pub(super) async fn cursors(State(state): State<AppState>) -> Result<Json<Value>, Failure> {
    let mut cursors = state.runs.cursors().await?;
    let deployment = state.active()?;
    let graph = deployment.project.graph();
    for (number, resolver) in graph.resolvers.iter().enumerate() {
        let body = deployment.project.sql_body(ResolverId(number as u32));
        let is_known = cursors.iter().any(|cursor| cursor.resolver == resolver.name);
        if body.is_some_and(|body| body.incremental.is_some()) && !is_known {
            cursors.push(Cursor { resolver: resolver.name.clone(), ingested_until: None, executed_at: None });
        }
    }
    cursors.sort_by(|left, right| left.resolver.cmp(&right.resolver));
    Ok(Json(object!({"cursors": cursors.iter().map(shown).collect::<Vec<_>>()})))
}

pub(super) async fn cursor(
    State(state): State<AppState>,
    Path(resolver): Path<String>,
) -> Result<Json<Value>, Failure> {
    let name = incremental(&state, &resolver)?;
    let cursor = state.runs.cursor(&name).await?;
    let cursor = cursor.unwrap_or(Cursor { resolver: name, ingested_until: None, executed_at: None });
    Ok(Json(shown(&cursor)))
}

pub(super) async fn set_cursor(
    State(state): State<AppState>,
    Path(resolver): Path<String>,
    Body(body): Body,
) -> Result<Json<Value>, Failure> {
    let body: CursorBody = json(&body)?;
    let cursor = Cursor {
        resolver: incremental(&state, &resolver)?,
        ingested_until: instant("max_ingested_timestamp", body.max_ingested_timestamp.as_deref())?,
        executed_at: instant("last_execution_timestamp", body.last_execution_timestamp.as_deref())?,
    };
    state.runs.set_cursor(cursor.clone()).await?;
    Ok(Json(shown(&cursor)))
}

/// A cursor may be dropped when its resolver is gone.
pub(super) async fn drop_cursor(
    State(state): State<AppState>,
    Path(resolver): Path<String>,
) -> Result<Json<Value>, Failure> {
    let dropped = state.runs.remove_cursor(&resolver).await?;
    if !dropped {
        incremental(&state, &resolver)?;
    }
    Ok(Json(object!({"resolver_fqn": resolver, "dropped": dropped})))
}

fn shown(cursor: &Cursor) -> Value {
    object!({
        "resolver_fqn": cursor.resolver,
        "max_ingested_timestamp": cursor.ingested_until.and_then(instant_text),
        "last_execution_timestamp": cursor.executed_at.and_then(instant_text),
    })
}

/// The name of an incremental resolver of the active deployment.
fn incremental(state: &AppState, name: &str) -> Result<String, Letter> {
    let deployment = state.active()?;
    let resolver = find(deployment.project.graph(), name)?;
    match deployment.project.sql_body(resolver).and_then(|body| body.incremental.as_ref()) {
        Some(_) => Ok(deployment.project.graph().resolver(resolver).name.clone()),
        None => Err(Letter::new(Code::InvalidQuery, format!("`{name}` is not incremental, so it has no cursor."))
            .fix("Add `incremental` to the header of its SQL file.")),
    }
}

/// A resolver by its whole name, or by the last part of it where only one ends like that.
fn find(graph: &Graph, name: &str) -> Result<ResolverId, Letter> {
    let names = || graph.resolvers.iter().map(|resolver| resolver.name.as_str());
    let short = |known: &str| known.rsplit('.').next() == Some(name);
    let exact = names().position(|known| known == name);
    let mut ending = names().enumerate().filter(|(_, known)| short(known)).map(|(number, _)| number);
    let found = exact.or_else(|| ending.next().filter(|_| ending.next().is_none()));
    found.map(|number| ResolverId(number as u32)).ok_or_else(|| {
        let letter = Letter::new(Code::NotFound, format!("There is no resolver `{name}`."));
        match nearest(name, names()) {
            Some(near) => letter.fix(format!("Did you mean `{near}`?")),
            None => letter.fix("`creta resolvers` lists them."),
        }
    })
}

fn instant(field: &str, text: Option<&str>) -> Result<Option<i64>, Letter> {
    let parse = |text: &str| {
        parse_instant(text).ok_or_else(|| {
            Letter::new(Code::InvalidInput, format!("`{field}` is not a time."))
                .fix("Write it as 2026-05-06T12:00:00Z.")
        })
    };
    text.map(parse).transpose()
}

fn timestamps(mode: Option<&str>) -> Result<Timestamps, Letter> {
    match mode {
        None | Some("feature_time") => Ok(Timestamps::FeatureTime),
        Some("online_store_write_time") => Ok(Timestamps::RunStart),
        Some(_) => Err(Letter::new(Code::InvalidQuery, "`timestamping_mode` is not known.")
            .fix("It is `feature_time` or `online_store_write_time`.")),
    }
}
