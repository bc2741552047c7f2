//! From the fields of a query (JSON body, or header of a bulk query) to a question, its times and how to answer.

use crate::state::Settings;
use crate::wire::bulk::Packing;
use crate::wire::instants::{parse_duration, parse_instant};
use crate::wire::json_output::Style;
use arrow::array::Int64Array;
use creta_engine::Times;
use creta_model::errors::nearest;
use creta_model::{Code, Graph, Letter};
use creta_plan::{Mode, Question};
use creta_ports::python::QueryContext;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// The fields that queries share. Unknown ones are ignored, as published clients send more than we need.
#[derive(Debug, Default, Deserialize)]
#[serde(default, expecting = "an object with `inputs` and `outputs`")]
pub(crate) struct QueryBody {
    pub(crate) inputs: Map<String, Value>,
    #[serde(deserialize_with = "null_as_default")]
    pub(crate) outputs: Vec<String>,
    pub(crate) now: Option<Now>,
    #[serde(deserialize_with = "null_as_default")]
    pub(crate) staleness: BTreeMap<String, String>,
    #[serde(deserialize_with = "null_as_default")]
    pub(crate) context: Context,
    pub(crate) include_meta: Option<bool>,
    pub(crate) explain: Value,
    pub(crate) query_name: Option<String>,
    pub(crate) query_name_version: Option<String>,
    #[serde(deserialize_with = "null_as_default")]
    pub(crate) encoding_options: Encoding,
    #[serde(deserialize_with = "null_as_default")]
    pub(crate) planner_options: Map<String, Value>,
    /// Outputs as serialised expressions, which this server does not read.
    #[serde(deserialize_with = "null_as_default")]
    pub(crate) expression_outputs: Vec<Value>,
    pub(crate) branch_id: Option<String>,
    #[serde(deserialize_with = "null_as_default")]
    pub(crate) query_context: Map<String, Value>,
    #[serde(deserialize_with = "null_as_default")]
    pub(crate) store_plan_stages: bool,
    /// Definitions of the caller's own, serialised.
    pub(crate) overlay_graph: Value,
    pub(crate) preview_deployment_id: Option<String>,
}

/// One instant for the query, or one per row.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "`now` should be an instant or a list of instants")]
pub(crate) enum Now {
    One(String),
    PerRow(Vec<Option<String>>),
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Context {
    #[serde(deserialize_with = "null_as_default")]
    pub(crate) tags: Vec<String>,
    #[serde(deserialize_with = "null_as_default")]
    pub(crate) required_resolver_tags: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Encoding {
    #[serde(deserialize_with = "null_as_default")]
    pub(crate) encode_structs_as_objects: bool,
}

/// Published clients send every key, unset ones as null.
pub(crate) fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl QueryBody {
    /// The question. A query name with no outputs stands for the named query's; outputs of the caller's replace them,
    /// and a name that matches nothing is then only a label.
    pub(crate) fn question(
        &self,
        graph: &Graph,
        settings: &Settings,
        inputs: Vec<String>,
        mode: Mode,
    ) -> Result<Question, Letter> {
        self.refuse_unsupported()?;
        let mut staleness = BTreeMap::new();
        let mut outputs = Vec::new();
        if let Some(name) = &self.query_name {
            let version = self.query_name_version.as_deref();
            match graph.named_query(name, version) {
                Some(query) => {
                    staleness.clone_from(&query.staleness);
                    outputs.clone_from(&query.output);
                }
                None if self.outputs.is_empty() => return Err(unknown_named_query(graph, name, version)),
                None => {}
            }
        }
        if !self.outputs.is_empty() {
            outputs.clone_from(&self.outputs);
        }
        let mut seen = std::collections::HashSet::new();
        outputs.retain(|output| seen.insert(output.clone()));
        check_names(graph, self.staleness.keys())?;
        for (name, text) in &self.staleness {
            staleness.insert(name.clone(), duration(name, text)?);
        }
        Ok(Question {
            inputs,
            outputs,
            mode,
            staleness,
            tags: self.context.tags.clone(),
            required_resolver_tags: self.context.required_resolver_tags.clone(),
            environment: settings.environment_name.clone(),
            as_known: self.planner_options.get("as_known").and_then(Value::as_bool).unwrap_or_default(),
        })
    }

    fn refuse_unsupported(&self) -> Result<(), Letter> {
        if !self.expression_outputs.is_empty() {
            return Err(Letter::new(Code::InvalidQuery, "Outputs as serialised expressions are not supported.")
                .fix("Declare the expression as a feature and ask for it by name."));
        }
        if self.branch_id.is_some() {
            return Err(Letter::new(Code::InvalidQuery, "This server has no branches.").fix("Ask without a branch."));
        }
        let unsupported = [
            (self.store_plan_stages, "store_plan_stages"),
            (!self.overlay_graph.is_null(), "overlay_graph"),
            (self.preview_deployment_id.is_some(), "preview_deployment_id"),
        ];
        match unsupported.iter().find(|(asked, _)| *asked) {
            None => Ok(()),
            Some((_, name)) => Err(not_supported(name)),
        }
    }

    /// Values travel as text.
    pub(crate) fn query_context(&self) -> QueryContext {
        text_of_values(&self.query_context)
    }

    /// The present of the query, or of each of its rows.
    pub(crate) fn times(&self, rows: usize) -> Result<Times, Letter> {
        match &self.now {
            None => Ok(Times::Clock),
            Some(Now::One(text)) => instant(text).map(Times::At),
            Some(Now::PerRow(texts)) if texts.is_empty() => Ok(Times::Clock),
            Some(Now::PerRow(texts)) if texts.len() == rows => {
                let missing = || Letter::new(Code::InvalidInput, "`now` holds a null.");
                let times = texts.iter().map(|text| instant(text.as_deref().ok_or_else(missing)?));
                Ok(Times::PerRow(Int64Array::from(times.collect::<Result<Vec<i64>, Letter>>()?)))
            }
            Some(Now::PerRow(texts)) => {
                let message = format!("`now` has {} instants for {rows} rows.", texts.len());
                Err(Letter::new(Code::InvalidQuery, message))
            }
        }
    }

    /// "only" and true ask for the plan, and for where every value came from.
    pub(crate) fn explains(&self) -> bool {
        matches!(&self.explain, Value::Bool(true)) || self.explains_only()
    }

    pub(crate) fn explains_only(&self) -> bool {
        self.explain == "only"
    }

    pub(crate) fn per_value_meta(&self) -> bool {
        self.include_meta.unwrap_or(true) || self.explains()
    }

    pub(crate) fn style(&self) -> Style {
        Style { structs_as_objects: self.encoding_options.encode_structs_as_objects }
    }

    pub(crate) fn packing(&self) -> Packing {
        let option = |name: &str| self.planner_options.get(name).and_then(Value::as_bool).unwrap_or_default();
        Packing {
            into_structs: option("pack_groups_into_structs"),
            small_lists: option("pack_groups_avoid_large_list"),
        }
    }
}

/// Names of features, windowed features or classes.
pub(crate) fn check_names<'a>(graph: &Graph, names: impl Iterator<Item = &'a String>) -> Result<(), Letter> {
    for name in names {
        let is_known = graph.namespace(name).is_some() || graph.path(name).is_ok() || {
            let windowed = name.split_once('.').and_then(|(namespace, rest)| Some((graph.namespace(namespace)?, rest)));
            windowed.is_some_and(|(entity, rest)| graph.windows(entity, rest).is_some())
        };
        if !is_known {
            let letter = graph.path(name).err().unwrap_or_else(|| Letter::new(Code::UnknownQueryFeature, name.clone()));
            return Err(Letter { code: Code::UnknownQueryFeature, ..letter });
        }
    }
    Ok(())
}

/// An option of the published clients that this server does not have.
pub(crate) fn not_supported(option: &str) -> Letter {
    Letter::new(Code::InvalidQuery, format!("Queries with `{option}` are not supported by this server."))
        .fix(format!("Leave `{option}` out."))
}

pub(crate) fn text_of_values(values: &Map<String, Value>) -> QueryContext {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Arc::new(values.iter().map(|(key, value)| (key.clone(), text(value))).collect())
}

/// A text that is the same for all questions of one shape.
pub(crate) fn hash_of(question: &Question) -> String {
    let mut hasher = DefaultHasher::new();
    question.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

pub(crate) fn instant(text: &str) -> Result<i64, Letter> {
    parse_instant(text).ok_or_else(|| {
        Letter::new(Code::InvalidInput, "A query time is not an ISO 8601 instant.")
            .fix("Write it like 2026-11-22T09:18:02+00:00.")
    })
}

fn duration(name: &str, text: &str) -> Result<i64, Letter> {
    parse_duration(text).ok_or_else(|| {
        Letter::new(Code::InvalidInput, format!("The staleness given for `{name}` is not a duration."))
            .fix("Write it like `10m`, `1h 30m` or `infinity`.")
            .feature(name)
    })
}

fn unknown_named_query(graph: &Graph, name: &str, version: Option<&str>) -> Letter {
    let shown = version.map_or_else(|| name.to_owned(), |version| format!("{name}@{version}"));
    let letter = Letter::new(Code::UnknownNamedQuery, format!("There is no named query `{shown}`."));
    let versions: Vec<&str> = graph
        .named_queries
        .iter()
        .filter(|query| query.name == name)
        .map(|query| query.version.as_deref().unwrap_or("none"))
        .collect();
    if !versions.is_empty() {
        return letter.fix(format!("`{name}` exists in these versions: {}.", versions.join(", ")));
    }
    match nearest(name, graph.named_queries.iter().map(|query| query.name.as_str())) {
        Some(near) => letter.fix(format!("Did you mean `{near}`?")),
        None => letter.fix("Declare it with `NamedQuery(…)` and apply, or name outputs."),
    }
}
