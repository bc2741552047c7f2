//! Datasets, revisions and the progress of a run, as the wire format's §5.5 spells them.

use super::instants::instant_text;
use crate::errors::wire_error;
use creta_jobs::Counts;
use creta_ports::metadata::{Revision, RevisionStatus};
use serde_json::{Value, json};

/// How result files are laid out: Parquet with plain column names.
const VERSION: u32 = 6;

/// How the file of inputs is laid out, as published clients expect it.
const INPUT_VERSION: u32 = 2;

/// The dataset object; clients use the last of the revisions.
pub fn dataset(revisions: &[Revision], environment: &str) -> Value {
    let last = revisions.last();
    let ended_badly = last.filter(|last| matches!(last.status, RevisionStatus::Failed | RevisionStatus::Cancelled));
    json!({
        "is_finished": last.is_some_and(|last| is_finished(last.status)),
        "version": VERSION,
        "environment_id": environment,
        "dataset_id": last.map(|last| &last.dataset_id),
        "dataset_name": last.and_then(|last| last.dataset_name.as_ref()),
        "revisions": revisions.iter().map(|revision| self::revision(revision, environment)).collect::<Vec<_>>(),
        "errors": ended_badly.map(errors),
    })
}

/// The job object: is it finished, and where the files are.
pub fn job(revision: &Revision, urls: &[String], ignore_errors: bool) -> Value {
    let tells = !revision.errors.is_empty() && !ignore_errors;
    json!({
        "is_finished": is_finished(revision.status),
        "version": VERSION,
        "urls": urls,
        "errors": (is_finished(revision.status) && tells).then(|| errors(revision)),
        "columns": null,
    })
}

/// The job object of a run's inputs, which are a single file in the layout of uploads.
pub fn inputs(revision: &Revision, urls: Vec<String>) -> Value {
    json!({
        "is_finished": revision.inputs.is_some() || is_finished(revision.status),
        "version": INPUT_VERSION,
        "urls": urls,
        "errors": null,
        "columns": null,
    })
}

/// The report of a run; `counts` while it is running.
pub fn report(revision: &Revision, counts: Option<Counts>, environment: &str, now: i64) -> Value {
    let status = match revision.status {
        RevisionStatus::Pending => "INIT",
        RevisionStatus::Running => "COMPUTE_STARTED",
        RevisionStatus::Done => "COMPLETED",
        RevisionStatus::Failed | RevisionStatus::Cancelled => "FAILED",
    };
    let counts = counts.unwrap_or(Counts {
        total: revision.rows,
        computed: if revision.status == RevisionStatus::Done { revision.rows } else { 0 },
        failed: if is_finished(revision.status) && revision.status != RevisionStatus::Done { revision.rows } else { 0 },
    });
    let end = revision.finished_at;
    let seconds = (end.unwrap_or(now) - revision.created_at) as f64 / 1e6;
    let ended_badly = matches!(revision.status, RevisionStatus::Failed | RevisionStatus::Cancelled);
    let all_errors = if ended_badly { errors(revision) } else { json!([]) };
    json!({"report": {
        "operation_id": revision.id,
        "operation_kind": "OFFLINE_QUERY",
        "status": status,
        "resolvers": [],
        "progress": {
            "total": counts.total,
            "computed": counts.computed,
            "failed": counts.failed,
            "start": instant_text(revision.created_at),
            "end": end.and_then(instant_text),
            "total_duration_s": seconds,
            "stored_online": 0,
            "stored_offline": 0,
        },
        "environment_id": environment,
        "team_id": "default",
        "deployment_id": revision.deployment,
        "generated_at": instant_text(now),
        "error": all_errors.get(0),
        "all_errors": all_errors,
        "operation_metadata": null,
        "computer_id": 0,
    }, "error": null})
}

fn revision(revision: &Revision, environment: &str) -> Value {
    let most: Option<u64> = revision.notes.get("max_samples").and_then(|most| most.parse().ok());
    json!({
        "revision_id": revision.id,
        "environment_id": environment,
        "creator_id": "client",
        "outputs": revision.outputs,
        "status": status_number(revision.status),
        "filters": {
            "sample_filters": {"lower_bound": null, "upper_bound": null, "max_samples": most},
            "max_cache_age_secs": null,
        },
        "num_partitions": revision.files.len().max(revision.shards),
        "output_uris": format!("datasets/{}", revision.id),
        "output_version": VERSION,
        "num_computers": 1,
        "dataset_name": revision.dataset_name,
        "dataset_id": revision.dataset_id,
        "created_at": instant_text(revision.created_at),
        "started_at": instant_text(revision.created_at),
        "terminated_at": revision.finished_at.and_then(instant_text),
        "givens_uri": null,
        "num_bytes": revision.bytes,
        "num_rows": revision.rows,
        "branch": null,
        "dashboard_url": null,
        "errors": (!revision.errors.is_empty()).then(|| errors(revision)),
        "query_has_errors": !revision.errors.is_empty(),
        "metadata": (!revision.notes.is_empty()).then_some(&revision.notes),
        "partitions": null,
    })
}

fn errors(revision: &Revision) -> Value {
    revision.errors.iter().map(|letter| wire_error(letter, None)).collect()
}

fn is_finished(status: RevisionStatus) -> bool {
    !matches!(status, RevisionStatus::Pending | RevisionStatus::Running)
}

fn status_number(status: RevisionStatus) -> u8 {
    match status {
        RevisionStatus::Pending => 1,
        RevisionStatus::Running => 3,
        RevisionStatus::Failed => 4,
        RevisionStatus::Cancelled => 6,
        RevisionStatus::Done => 7,
    }
}
