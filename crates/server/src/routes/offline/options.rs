//! The options of an offline query: what this server does with each that published clients send.

use crate::query::{not_supported, null_as_default};
use crate::wire::instants::{parse_duration, parse_instant};
use creta_jobs::{Bound, Bounds, Effort, Keep};
use creta_model::errors::nearest;
use creta_model::{Code, Letter};
use creta_plan::Recompute;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::time::Duration;

/// More shards than this would only make small files.
const MOST_SHARDS: usize = 10_000;

/// The fields of `POST /v4/offline_query` that have a meaning here.
#[derive(Debug, Deserialize)]
pub(super) struct OfflineBody {
    #[serde(default, deserialize_with = "null_as_default")]
    pub output: Vec<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub required_output: Vec<String>,
    #[serde(default)]
    pub input: Value,
    #[serde(default)]
    pub spine_sql_query: Value,
    #[serde(default)]
    pub recompute_request_revision_id: Option<String>,
    #[serde(default)]
    pub dataset_name: Option<String>,
    #[serde(default)]
    pub query_name: Option<String>,
    #[serde(default)]
    pub query_name_version: Option<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    recompute_features: RecomputeField,
    #[serde(default, deserialize_with = "null_as_default")]
    sample_features: Vec<String>,
    #[serde(default)]
    pub max_samples: Option<usize>,
    #[serde(default)]
    pub feature_for_lower_upper_bound: Option<String>,
    #[serde(default)]
    observed_at_lower_bound: Option<String>,
    #[serde(default)]
    observed_at_upper_bound: Option<String>,
    #[serde(default)]
    inserted_at_lower_bound: Option<String>,
    #[serde(default)]
    inserted_at_upper_bound: Option<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    store_online: bool,
    #[serde(default, deserialize_with = "null_as_default")]
    store_offline: bool,
    #[serde(default)]
    num_shards: Option<usize>,
    #[serde(default)]
    num_workers: Option<usize>,
    #[serde(default)]
    max_retries: Option<u32>,
    #[serde(default)]
    completion_deadline: Value,
    #[serde(default, deserialize_with = "null_as_default")]
    pub tags: Vec<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub required_resolver_tags: Vec<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    pub query_context: Map<String, Value>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// Options that ask for machines other than the one that this server is.
const ONE_MACHINE: &[&str] = &["resources", "use_metaplanner", "write_to"];

/// Options that would change the answer and that this server does not have.
const UNSUPPORTED: &[&str] = &[
    "branch",
    "env_overrides",
    "explain",
    "max_cache_age_secs",
    "output_expressions",
    "overlay_graph",
    "override_target_image_tag",
    "required_output_expressions",
    "store_plan_stages",
    "unload_resolvers",
];

/// Options that change nothing in the answer; and, for misspellings, those that [`OfflineBody`] reads.
const UNDERSTOOD: &[&str] = &[
    "completion_deadline",
    "correlation_id",
    "dataset_name",
    "destination_format",
    "enable_profiling",
    "feature_for_lower_upper_bound",
    "input",
    "inserted_at_lower_bound",
    "inserted_at_upper_bound",
    "job_id",
    "max_retries",
    "max_samples",
    "meta",
    "num_shards",
    "num_workers",
    "observed_at_lower_bound",
    "observed_at_upper_bound",
    "output",
    "planner_options",
    "query_context",
    "query_name",
    "query_name_version",
    "recompute_features",
    "recompute_request_revision_id",
    "required_output",
    "required_resolver_tags",
    "run_asynchronously",
    "sample_features",
    "spine_sql_query",
    "store_offline",
    "store_online",
    "tags",
    // How published clients say `run_asynchronously`.
    "use_job_queue",
    "use_multiple_computers",
];

/// `recompute_features`: false, true, or the names of those to recompute.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "`recompute_features` should be true, false or a list of features")]
pub(in crate::routes) enum RecomputeField {
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

impl OfflineBody {
    /// Names in options that must be features.
    pub(super) fn named(&self) -> impl Iterator<Item = &String> {
        let recomputed: &[String] = match &self.recompute_features {
            RecomputeField::All(_) => &[],
            RecomputeField::Some(names) => names,
        };
        recomputed.iter().chain(&self.sample_features).chain(&self.feature_for_lower_upper_bound)
    }

    /// What is recomputed. Letters: `invalid_query` when a feature is to be recomputed and sampled.
    pub(super) fn recompute(&self) -> Result<Recompute, Letter> {
        let pinned = &self.sample_features;
        match self.recompute_features.clone().into() {
            Recompute::Everything if !pinned.is_empty() => Ok(Recompute::Except(pinned.clone())),
            Recompute::Only(names) => match names.iter().find(|name| pinned.iter().any(|pin| meet(pin, name))) {
                None => Ok(Recompute::Only(names)),
                Some(both) => {
                    let message = format!("`{both}` is in `recompute_features` and in `sample_features`.");
                    Err(Letter::new(Code::InvalidQuery, message).fix("Leave it out of one of them."))
                }
            },
            other => Ok(other),
        }
    }

    pub(super) fn bounds(&self) -> Result<Bounds, Letter> {
        Ok(Bounds {
            observed_from: bound("observed_at_lower_bound", self.observed_at_lower_bound.as_deref())?,
            observed_until: bound("observed_at_upper_bound", self.observed_at_upper_bound.as_deref())?,
            inserted_from: bound("inserted_at_lower_bound", self.inserted_at_lower_bound.as_deref())?,
            inserted_until: bound("inserted_at_upper_bound", self.inserted_at_upper_bound.as_deref())?,
        })
    }

    pub(super) fn keep(&self) -> Keep {
        Keep { online: self.store_online, offline: self.store_offline }
    }

    pub(super) fn effort(&self) -> Result<Effort, Letter> {
        let usual = Effort::default();
        let shards = at_least_one("num_shards", self.num_shards)?.unwrap_or(usual.shards);
        if shards > MOST_SHARDS {
            let message = format!("`num_shards` is {shards}; at most {MOST_SHARDS} are made.");
            return Err(Letter::new(Code::InvalidQuery, message).fix("Ask for fewer, larger shards."));
        }
        let workers = at_least_one("num_workers", self.num_workers)?.unwrap_or(usual.workers);
        let retries = self.max_retries.unwrap_or(usual.retries);
        deadlines(&self.completion_deadline, Effort { shards, workers, retries, ..usual })
    }

    /// Letters: `invalid_query` for options that this server does not have or that nobody has.
    pub(super) fn refuse_unsupported(&self) -> Result<(), Letter> {
        let set = self.others.iter().filter(|(_, value)| is_set(value)).map(|(name, _)| name.as_str());
        match set.into_iter().find(|name| !UNDERSTOOD.contains(name)) {
            None => Ok(()),
            Some(name) if ONE_MACHINE.contains(&name) => Err(one_machine(name)),
            Some(name) if UNSUPPORTED.contains(&name) => Err(not_supported(name)),
            Some(name) => {
                let letter = Letter::new(Code::InvalidQuery, format!("Offline queries have no option `{name}`."));
                Err(match nearest(name, UNDERSTOOD.iter().chain(UNSUPPORTED).chain(ONE_MACHINE).copied()) {
                    Some(near) => letter.fix(format!("Did you mean `{near}`?")),
                    None => letter.fix(format!("Leave `{name}` out.")),
                })
            }
        }
    }
}

fn is_set(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => fields.values().any(is_set),
        _ => true,
    }
}

fn one_machine(name: &str) -> Letter {
    let message = format!("`{name}` is not supported: this server computes training sets on its own machine.");
    Letter::new(Code::InvalidQuery, message)
        .fix(format!("Leave `{name}` out; `num_shards` and `num_workers` say how the work is cut up here."))
}

/// Whether two names are the same feature, or one the class of the other.
fn meet(left: &str, right: &str) -> bool {
    let holds = |class: &str, name: &str| name.strip_prefix(class).is_some_and(|rest| rest.starts_with('.'));
    left == right || holds(left, right) || holds(right, left)
}

fn bound(option: &str, text: Option<&str>) -> Result<Option<Bound>, Letter> {
    let Some(text) = text else { return Ok(None) };
    let bound = match text.strip_prefix("delta:") {
        Some(after) => parse_duration(after).map(Bound::Relative),
        None => parse_instant(text).map(Bound::At),
    };
    bound.map(Some).ok_or_else(|| {
        Letter::new(Code::InvalidQuery, format!("`{option}` is neither an instant nor a duration."))
            .fix("Write it like 2026-11-22T09:18:02+00:00, or like delta:-7d for seven days before the first row.")
    })
}

fn at_least_one(option: &str, number: Option<usize>) -> Result<Option<usize>, Letter> {
    match number {
        Some(0) => Err(Letter::new(Code::InvalidQuery, format!("`{option}` is 0.")).fix("Give 1 or more.")),
        number => Ok(number),
    }
}

/// `completion_deadline`: a duration for each shard, or an object that names shards and query apart.
fn deadlines(given: &Value, effort: Effort) -> Result<Effort, Letter> {
    let wrong = || {
        Letter::new(Code::InvalidQuery, "`completion_deadline` is not a duration.")
            .fix("Write it like `10m`, or as {\"shard_deadline\": \"10m\", \"query_deadline\": \"2h\"}.")
    };
    let length = |value: &Value| match value {
        Value::Null => Ok(None),
        Value::String(text) => {
            let micros = parse_duration(text).and_then(|micros| u64::try_from(micros).ok()).ok_or_else(wrong)?;
            Ok(Some(Duration::from_micros(micros)))
        }
        _ => Err(wrong()),
    };
    let Value::Object(fields) = given else {
        let shard_deadline = length(given)?.unwrap_or(effort.shard_deadline);
        return Ok(Effort { shard_deadline, ..effort });
    };
    let field = |name: &str| length(fields.get(name).unwrap_or(&Value::Null));
    Ok(Effort {
        shard_deadline: field("shard_deadline")?.unwrap_or(effort.shard_deadline),
        retry_on_deadline: fields.get("retry_on_shard_deadline").and_then(Value::as_bool).unwrap_or_default(),
        deadline: field("query_deadline")?,
        ..effort
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn body(value: Value) -> OfflineBody {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn deadlines_of_shards_and_of_the_query() {
        let effort = body(json!({"completion_deadline": "10m"})).effort().unwrap();
        assert_eq!((effort.shard_deadline, effort.deadline), (Duration::from_secs(600), None));
        let both = json!({"completion_deadline": {"shard_deadline": "1m", "query_deadline": "2m"}});
        let effort = body(both).effort().unwrap();
        assert_eq!((effort.shard_deadline, effort.deadline), (Duration::from_secs(60), Some(Duration::from_secs(120))));
        for wrong in [json!("soon"), json!(7), json!("-5m")] {
            assert!(body(json!({"completion_deadline": wrong})).effort().is_err());
        }
    }

    #[test]
    fn what_is_recomputed_is_not_sampled() {
        let pinned = |recompute: Value, sample: &[&str]| {
            body(json!({"recompute_features": recompute, "sample_features": sample}))
        };
        assert_eq!(pinned(json!(true), &["ship.teu"]).recompute().unwrap(), Recompute::Except(vec!["ship.teu".into()]));
        assert_eq!(pinned(json!(false), &["ship.teu"]).recompute().unwrap(), Recompute::Nothing);
        assert!(pinned(json!(["ship.name"]), &["ship.teu"]).recompute().is_ok());
        for (recompute, sample) in [("ship.teu", "ship.teu"), ("ship", "ship.teu"), ("ship.teu", "ship")] {
            assert!(pinned(json!([recompute]), &[sample]).recompute().is_err(), "{recompute} {sample}");
        }
    }

    #[test]
    fn bounds_are_instants_or_durations() {
        assert_eq!(bound("x", Some("1970-01-01T00:00:01Z")).unwrap(), Some(Bound::At(1_000_000)));
        assert_eq!(bound("x", Some("delta:-5ms")).unwrap(), Some(Bound::Relative(-5_000)));
        assert!(bound("x", Some("yesterday")).is_err() && bound("x", Some("delta:soon")).is_err());
    }
}
