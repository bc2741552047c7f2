//! The answer of a single query, as the wire format's §5.2 spells it.

use super::inputs::Given;
use super::instants::instant_text;
use super::json_output::{Shape, Style, is_unspeakable, separated, write_cell, write_json};
use crate::errors::wire_error;
use arrow::array::{Array, ArrayRef};
use arrow::datatypes::{DataType as ArrowType, TimeUnit};
use creta_engine::{Answer, Origin, Output};
use creta_model::graph::Step;
use creta_model::{Graph, Letter};
use serde_json::{Value, json};
use std::time::Duration;

/// What the answer says about the query as a whole.
#[derive(Debug, Clone)]
pub struct Meta<'a> {
    pub duration: Duration,
    pub deployment: &'a str,
    pub environment: &'a str,
    pub environment_name: &'a str,
    pub query_id: &'a str,
    pub started_at: i64,
    /// Same for all queries of the same shape.
    pub query_hash: Option<String>,
    pub explanation: Option<String>,
    /// Whether every value says where it came from.
    pub per_value: bool,
}

/// Appends the whole answer; the row is the first (and only) one.
pub fn write_answer(out: &mut Vec<u8>, graph: &Graph, given: &Given, answer: &Answer, meta: &Meta<'_>, style: Style) {
    out.extend_from_slice(b"{\"data\":");
    let writer = Writer { graph, given, answer, meta, style };
    let rows = if answer.rows == 0 { &[][..] } else { &answer.outputs[..] };
    separated(out, b'[', b']', rows, |out, output| writer.output(out, output));
    out.extend_from_slice(b",\"errors\":");
    match answer.letters.is_empty() {
        true => out.extend_from_slice(b"null"),
        false => separated(out, b'[', b']', &answer.letters, |out, letter| {
            write_json(out, &wire_error(letter, Some(graph)));
        }),
    }
    out.extend_from_slice(b",\"meta\":");
    write_json(out, &meta_object(meta));
    out.push(b'}');
}

/// The answer of a query that was refused before any resolver ran.
pub fn write_refusal(out: &mut Vec<u8>, letters: &[Letter], meta: &Meta<'_>) {
    let errors: Vec<Value> = letters.iter().map(|letter| wire_error(letter, None)).collect();
    write_json(out, &json!({"data": [], "errors": errors, "meta": meta_object(meta)}));
}

/// The meta object of single and bulk answers.
pub fn meta_object(meta: &Meta<'_>) -> Value {
    json!({
        "execution_duration_s": meta.duration.as_secs_f64(),
        "deployment_id": meta.deployment,
        "environment_id": meta.environment,
        "environment_name": meta.environment_name,
        "query_id": meta.query_id,
        "query_timestamp": instant_text(meta.started_at),
        "query_hash": meta.query_hash,
        "explain_output": meta.explanation,
    })
}

struct Writer<'a> {
    graph: &'a Graph,
    given: &'a Given,
    answer: &'a Answer,
    meta: &'a Meta<'a>,
    style: Style,
}

impl Writer<'_> {
    fn output(&self, out: &mut Vec<u8>, output: &Output) {
        let values = output.values.as_ref();
        let letter = self.letter_of(output);
        let valid = output.valid.first().copied().unwrap_or_default() && !is_unspeakable(values, 0);
        out.extend_from_slice(b"{\"field\":");
        write_json(out, &output.name);
        out.extend_from_slice(b",\"value\":");
        write_cell(out, values, 0, shape(self.graph, output), self.style);
        out.extend_from_slice(b",\"pkey\":");
        match self.key_of(output) {
            Some(keys) => write_cell(out, keys.as_ref(), 0, Shape::Value, self.style),
            None => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(b",\"ts\":");
        let observed = output.observed_at.is_valid(0).then(|| output.observed_at.value(0));
        write_json(out, &observed.and_then(instant_text));
        out.extend_from_slice(if valid { b",\"valid\":true" } else { b",\"valid\":false" });
        out.extend_from_slice(b",\"error\":");
        write_json(out, &letter.map(|letter| wire_error(letter, Some(self.graph))));
        out.extend_from_slice(b",\"meta\":");
        if self.meta.per_value {
            self.origin(out, output)
        } else {
            out.extend_from_slice(b"null")
        }
        out.push(b'}');
    }

    fn letter_of(&self, output: &Output) -> Option<&Letter> {
        self.answer.letters.iter().find(|letter| letter.feature.as_ref() == Some(&output.name))
    }

    /// The key given for the output's namespace, or the one that the plan found.
    fn key_of(&self, output: &Output) -> Option<&ArrayRef> {
        let graph = self.graph;
        let key = graph.primary_key(graph.namespace(&output.namespace)?)?;
        let given = self.given.column(&graph.feature(key).fqn);
        given.or_else(|| {
            let first = self.given.names.first().and_then(|name| name.split('.').next());
            let same = first.is_none_or(|namespace| namespace == output.namespace);
            self.answer.keys.as_ref().filter(|keys| same && !keys.is_empty())
        })
    }

    fn origin(&self, out: &mut Vec<u8>, output: &Output) {
        let (name, cache_hit) = match output.origins.first().unwrap_or(&Origin::None) {
            Origin::Input => ("input", false),
            Origin::OnlineStore => ("online_store", true),
            Origin::OfflineStore => ("offline_store", true),
            Origin::Resolver(name) => (name.as_str(), false),
            Origin::Expression => ("expression", false),
            Origin::Default => ("default", false),
            Origin::None => ("", false),
        };
        out.extend_from_slice(b"{\"chosen_resolver_fqn\":");
        write_json(out, name);
        out.extend_from_slice(if cache_hit { b",\"cache_hit\":true" } else { b",\"cache_hit\":false" });
        out.extend_from_slice(b",\"primitive_type\":");
        write_json(out, &primitive(output.values.data_type()));
        out.extend_from_slice(b",\"version\":1}");
    }
}

/// What a nested output stands for; only nested columns need a look at the graph.
fn shape(graph: &Graph, output: &Output) -> Shape {
    if !output.values.data_type().is_nested() {
        return Shape::Value;
    }
    // A projection `user.txns[txn.id]` is a path with its columns behind it.
    let name = output.name.split('[').next().unwrap_or_default();
    match graph.path(name).ok().filter(|path| path.feature.is_none()).and_then(|path| path.steps.last().copied()) {
        Some(Step::HasMany(_)) => Shape::Rows,
        Some(Step::HasOne(_)) => Shape::Row,
        None => Shape::Value,
    }
}

/// Is this output the rows of a has-many relationship?
pub(crate) fn is_rows(graph: &Graph, output: &Output) -> bool {
    shape(graph, output) == Shape::Rows
}

fn primitive(data_type: &ArrowType) -> Option<&'static str> {
    match data_type {
        ArrowType::Int64 => Some("int"),
        ArrowType::Float64 => Some("float"),
        ArrowType::Boolean => Some("bool"),
        ArrowType::LargeUtf8 => Some("str"),
        ArrowType::LargeBinary => Some("bytes"),
        ArrowType::Timestamp(..) => Some("datetime"),
        ArrowType::Date64 | ArrowType::Date32 => Some("date"),
        ArrowType::Time64(TimeUnit::Microsecond) => Some("time"),
        ArrowType::Duration(_) => Some("timedelta"),
        _ => None,
    }
}
