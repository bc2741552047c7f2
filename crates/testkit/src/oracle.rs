//! The oracle: a naive interpreter, one row and one feature at a time, that says what is right.
//!
//! It is written from the specification and names only `model`, so it shares no mistake with `plan` or `engine`.
//! What is absent: speed, columns, plans.

mod expression;
mod operators;
mod resolvers;
mod taint;

use creta_model::bundle::{CachePolicy, Caching};
use creta_model::graph::{NodeKind, ScalarNode, Step};
use creta_model::observation::{FUTURE_TOLERANCE, Producer, destinations};
use creta_model::{DataType, EntityId, FeatureId, Graph, Value};
use std::collections::{BTreeMap, BTreeSet};

/// What each SQL resolver's statement returns when nothing restricts it: rows by feature name, in source order.
pub type Facts = BTreeMap<String, Vec<BTreeMap<String, Value>>>;

/// Calls a Python resolver with named arguments; answers features by name, or the exception's text.
pub type PythonCall<'a> = dyn Fn(&str, &[(String, Value)]) -> Result<Vec<(String, Value)>, String> + 'a;

/// What is known of a feature of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Value(Value),
    /// Nobody has given a value.
    Missing,
    /// It could not be computed, but only because something that it needs is missing.
    Blocked,
    /// It could not be computed; the wire's name of why.
    Failed(&'static str),
}

/// An answer and whether the online store gave it.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub outcome: Outcome,
    pub from_cache: bool,
}

/// Which features an offline query computes again.
#[derive(Debug, Clone, PartialEq)]
pub enum Recompute {
    Nothing,
    Everything,
    Only(Vec<String>),
}

/// Which clock a question runs on.
#[derive(Debug, Clone, PartialEq)]
enum Mode {
    Online { staleness: BTreeMap<String, i64> },
    Offline(Recompute),
}

struct Observation {
    place: Place,
    observed_at: i64,
    value: Value,
}

/// A feature of a key, by name; the key in its debug form, so that ints and strings stay apart.
type Place = (String, String, String);

pub struct Oracle<'a> {
    graph: Graph,
    facts: Facts,
    python: Box<PythonCall<'a>>,
    /// In the order of their writing.
    history: Vec<Observation>,
    /// An evicted value leaves its instant, so that nothing older comes back.
    online: BTreeMap<Place, (i64, Option<Value>)>,
}

/// A row being answered: an entity's key at a time, with the values that are given.
struct Row {
    entity: EntityId,
    key: Option<Value>,
    now: i64,
    given: BTreeMap<FeatureId, Value>,
    /// Answers found so far, so that nothing is computed twice.
    known: BTreeMap<FeatureId, Answer>,
    /// Rows behind has-one relationships; a relationship counts twice when it is read behind an optional one too.
    related: BTreeMap<(FeatureId, bool), Row>,
    /// SQL resolvers that were asked for this row.
    looked_up: BTreeSet<String>,
    fresh: Vec<Write>,
}

impl Row {
    fn of(entity: EntityId, key: Option<Value>, now: i64, given: BTreeMap<FeatureId, Value>) -> Row {
        let (known, related, looked_up, fresh) = Default::default();
        Row { entity, key, now, given, known, related, looked_up, fresh }
    }
}

impl<'a> Oracle<'a> {
    pub fn new(graph: Graph, facts: Facts, python: Box<PythonCall<'a>>) -> Oracle<'a> {
        Oracle { graph, facts, python, history: Vec::new(), online: BTreeMap::new() }
    }

    /// Values that a caller observed: columns by fully qualified name, all of one entity.
    pub fn upload(&mut self, columns: &BTreeMap<String, Vec<Value>>, now: i64) -> Result<(), String> {
        let Some(namespace) = columns.keys().next().and_then(|name| name.split('.').next()) else { return Ok(()) };
        let entity = self.graph.namespace(namespace).ok_or("unknown namespace")?;
        let node = self.graph.entity(entity);
        let name_of = |feature: FeatureId| self.graph.feature(feature).fqn.clone();
        let keys = node.primary_key.map(name_of).and_then(|name| columns.get(&name)).ok_or("no keys")?.clone();
        let times = node.feature_time.map(name_of).and_then(|name| columns.get(&name)).cloned();
        for (row, key) in keys.iter().enumerate() {
            let observed_at = match times.as_ref().map(|times| &times[row]) {
                Some(Value::Datetime(at)) => *at,
                _ => now,
            };
            for (name, values) in columns {
                let feature = self.graph.by_fqn(name).ok_or("unknown feature")?;
                if Some(feature) != self.graph.primary_key(entity) {
                    let (key, value) = (key.clone(), values[row].clone());
                    let write = Write { feature, key, observed_at, value, is_default: false };
                    self.write(Producer::Upload, &write, now, false);
                }
            }
        }
        Ok(())
    }

    /// Answers an online query and remembers what it wrote. With an explicit `now` nothing is written.
    pub fn online(
        &mut self,
        inputs: &BTreeMap<String, Value>,
        outputs: &[String],
        clock: i64,
        explicit_now: Option<i64>,
        staleness: &BTreeMap<String, i64>,
    ) -> Result<Vec<Answer>, String> {
        let mode = Mode::Online { staleness: staleness.clone() };
        let mut row = self.row(inputs, explicit_now.unwrap_or(clock))?;
        let mut answers = Vec::with_capacity(outputs.len());
        for output in outputs {
            answers.push(self.output(&mode, &mut row, output)?);
        }
        if explicit_now.is_none() {
            self.write_given(&row, clock);
            self.write_fresh(&row, clock, true);
        }
        Ok(answers)
    }

    /// Answers one row of a training set.
    pub fn offline(
        &mut self,
        inputs: &BTreeMap<String, Value>,
        time: i64,
        outputs: &[String],
        recompute: &Recompute,
    ) -> Result<Vec<Outcome>, String> {
        let mode = Mode::Offline(recompute.clone());
        let mut row = self.row(inputs, time)?;
        let mut answers = Vec::with_capacity(outputs.len());
        for output in outputs {
            answers.push(self.output(&mode, &mut row, output)?.outcome);
        }
        Ok(answers)
    }

    fn row(&self, inputs: &BTreeMap<String, Value>, now: i64) -> Result<Row, String> {
        let namespace = inputs.keys().next().and_then(|name| name.split('.').next()).ok_or("no inputs")?;
        let entity = self.graph.namespace(namespace).ok_or("unknown namespace")?;
        let mut given = BTreeMap::new();
        for (name, value) in inputs {
            given.insert(self.graph.by_fqn(name).ok_or_else(|| format!("unknown {name}"))?, value.clone());
        }
        let key = self.graph.primary_key(entity).and_then(|key| given.get(&key)).cloned();
        Ok(Row::of(entity, key, now, given))
    }

    fn output(&self, mode: &Mode, row: &mut Row, name: &str) -> Result<Answer, String> {
        let path = self.graph.path(name).map_err(|letter| letter.message)?;
        let feature = path.feature.ok_or_else(|| format!("{name} is a relationship"))?;
        let mut steps = Vec::new();
        for step in path.steps {
            match step {
                Step::HasOne(relationship) => steps.push(relationship),
                Step::HasMany(_) => return Err(format!("{name} leads to rows")),
            }
        }
        Ok(self.walk(mode, row, &steps, feature, false))
    }

    /// A feature behind has-one relationships, read at the same time as the row. Behind an optional relationship all
    /// others are optional too.
    fn walk(&self, mode: &Mode, row: &mut Row, steps: &[FeatureId], feature: FeatureId, optional: bool) -> Answer {
        let Some((first, rest)) = steps.split_first() else { return self.feature(mode, row, feature) };
        let NodeKind::HasOne(relationship) = &self.graph.feature(*first).kind else { return failed("INVALID_QUERY") };
        let optional = optional || relationship.optional;
        let keys = match all(relationship.on.iter().map(|(local, _)| self.feature(mode, row, *local).outcome)) {
            Ok(values) => relationship.on.iter().map(|(_, foreign)| *foreign).zip(values).collect::<Vec<_>>(),
            Err(outcome) => return Answer { outcome, from_cache: false },
        };
        let found = if keys.iter().any(|(_, value)| value.is_null()) {
            None
        } else {
            self.find(&keys, relationship.entity, row.now)
        };
        let answer = match found {
            None => Answer { outcome: Outcome::Missing, from_cache: false },
            Some(key) => {
                let primary = self.graph.primary_key(relationship.entity);
                let given = primary.map(|id| (id, key.clone())).into_iter().collect();
                let related = row.related.entry((*first, optional));
                let related = related.or_insert_with(|| Row::of(relationship.entity, Some(key), row.now, given));
                self.walk(mode, related, rest, feature, optional)
            }
        };
        let outcome = match answer.outcome {
            Outcome::Missing | Outcome::Blocked if optional => Outcome::Value(Value::Null),
            Outcome::Missing => Outcome::Blocked,
            Outcome::Failed(_) => Outcome::Failed("UPSTREAM_FAILED"),
            outcome => outcome,
        };
        Answer { outcome, ..answer }
    }

    /// The key of the related row: the given one, or that of the newest row with these values.
    fn find(&self, keys: &[(FeatureId, Value)], entity: EntityId, now: i64) -> Option<Value> {
        let primary = self.graph.primary_key(entity)?;
        match keys {
            [(foreign, value)] if *foreign == primary => Some(value.clone()),
            _ => {
                let matching = self.matching(entity, keys);
                let newest = self.newest(entity, &matching, now);
                newest.and_then(|row| row.get(&self.graph.feature(primary).name)).cloned()
            }
        }
    }

    /// One feature of a row: given, stored, or computed, in the order of framework §6.6.
    fn feature(&self, mode: &Mode, row: &mut Row, feature: FeatureId) -> Answer {
        if let Some(value) = row.given.get(&feature) {
            return Answer { outcome: Outcome::Value(value.clone()), from_cache: false };
        }
        if let Some(answer) = row.known.get(&feature) {
            return answer.clone();
        }
        let answer = self.answer(mode, row, feature);
        row.known.insert(feature, answer.clone());
        answer
    }

    fn answer(&self, mode: &Mode, row: &mut Row, feature: FeatureId) -> Answer {
        let Some(scalar) = self.graph.scalar(feature).cloned() else { return failed("INVALID_QUERY") };
        match mode {
            Mode::Online { staleness } => {
                let wanted = staleness.get(&self.graph.feature(feature).fqn).copied();
                let limit = wanted.unwrap_or(scalar.caching.max_staleness);
                if let Some(value) = self.cached(row, feature, limit) {
                    return Answer { outcome: Outcome::Value(value), from_cache: true };
                }
            }
            Mode::Offline(recompute) => {
                if self.is_sampled(recompute, feature) {
                    return Answer { outcome: self.sampled(row, feature, &scalar.caching), from_cache: false };
                }
            }
        }
        let (outcome, observed_at) = self.computed(mode, row, feature, &scalar);
        let (outcome, is_default) = settle(as_declared(outcome, &scalar), &scalar);
        if let (Outcome::Value(value), Some(key)) = (&outcome, &row.key) {
            let observed_at = observed_at.filter(|_| !is_default).unwrap_or(row.now);
            row.fresh.push(Write { feature, key: key.clone(), observed_at, value: value.clone(), is_default });
        }
        Answer { outcome, from_cache: false }
    }

    fn cached(&self, row: &Row, feature: FeatureId, limit: i64) -> Option<Value> {
        let (observed_at, value) = self.online.get(&self.place(feature, row.key.as_ref()?))?;
        let age = row.now - observed_at;
        if limit > 0 && age >= 0 && age <= limit { value.clone() } else { None }
    }

    fn is_sampled(&self, recompute: &Recompute, feature: FeatureId) -> bool {
        let node = self.graph.feature(feature);
        match recompute {
            Recompute::Everything => false,
            Recompute::Nothing => true,
            Recompute::Only(names) => !names.contains(&node.fqn),
        }
    }

    /// The newest observation at or before the row's time; of equally old ones the one written last.
    fn sampled(&self, row: &Row, feature: FeatureId, caching: &Caching) -> Outcome {
        let Some(key) = &row.key else { return Outcome::Missing };
        let place = self.place(feature, key);
        let seen = self.history.iter().filter(|other| other.place == place && other.observed_at <= row.now);
        let newest = seen.max_by_key(|observation| observation.observed_at);
        let alive = |at: i64| caching.offline_ttl.is_none_or(|life| row.now <= at + life);
        match newest {
            Some(observation) if alive(observation.observed_at) => Outcome::Value(observation.value.clone()),
            _ => Outcome::Missing,
        }
    }

    fn place(&self, feature: FeatureId, key: &Value) -> Place {
        let node = self.graph.feature(feature);
        (self.graph.entity(node.entity).namespace.clone(), format!("{key:?}"), node.name.clone())
    }

    /// Writes what the caller gave besides the key (decision 4).
    fn write_given(&mut self, row: &Row, clock: i64) {
        let Some(key) = &row.key else { return };
        let primary = self.graph.primary_key(row.entity);
        for (feature, value) in row.given.iter().filter(|(feature, _)| Some(**feature) != primary) {
            let (feature, key, value) = (*feature, key.clone(), value.clone());
            let write = Write { feature, key, observed_at: clock, value, is_default: false };
            self.write(Producer::Input, &write, clock, false);
        }
    }

    /// Writes what was computed for a row and those behind it; of a SQL resolver that was asked, also the columns that
    /// nobody wanted.
    fn write_fresh(&mut self, row: &Row, clock: i64, is_root: bool) {
        for write in &row.fresh {
            let tainted = is_root && self.is_tainted(row, write.feature);
            self.write(Producer::OnlineQuery, write, clock, tainted);
        }
        for write in self.unwanted_columns(row) {
            self.write(Producer::OnlineQuery, &write, clock, false);
        }
        for related in row.related.values() {
            self.write_fresh(related, clock, false);
        }
    }

    /// Into history and the online store, as far as framework §8 sends it there. A default is nobody's observation: it
    /// never enters history.
    fn write(&mut self, producer: Producer, write: &Write, now: i64, tainted: bool) {
        let Some(scalar) = self.graph.scalar(write.feature) else { return };
        let caching = scalar.caching.clone();
        let kept = destinations(producer, &caching);
        let place = self.place(write.feature, &write.key);
        let (observed_at, value) = (write.observed_at, write.value.clone());
        if kept.offline && !write.is_default {
            self.history.push(Observation { place: place.clone(), observed_at, value: value.clone() });
        }
        let is_newest = self.online.get(&place).is_none_or(|(at, _)| observed_at >= *at);
        let is_future = observed_at > now + FUTURE_TOLERANCE;
        if kept.online && !tainted && is_newest && !is_future {
            let policy = match (write.is_default, value.is_null()) {
                (true, _) => caching.defaults,
                (false, true) => caching.nulls,
                (false, false) => CachePolicy::Write,
            };
            match policy {
                CachePolicy::Skip => {}
                CachePolicy::Evict => drop(self.online.insert(place, (observed_at, None))),
                CachePolicy::Write => drop(self.online.insert(place, (observed_at, Some(value)))),
            }
        }
    }
}

/// A value computed while answering, to be written down afterwards.
struct Write {
    feature: FeatureId,
    key: Value,
    observed_at: i64,
    value: Value,
    is_default: bool,
}

fn failed(code: &'static str) -> Answer {
    Answer { outcome: Outcome::Failed(code), from_cache: false }
}

/// All values, or what becomes of something that reads them: every one is looked at, and a failure outweighs absence.
fn all(outcomes: impl Iterator<Item = Outcome>) -> Result<Vec<Value>, Outcome> {
    let (mut values, mut worst) = (Vec::new(), None);
    for outcome in outcomes {
        match outcome {
            Outcome::Value(value) => values.push(value),
            other => worst = Some(worse(worst, blocked(other))),
        }
    }
    worst.map_or(Ok(values), Err)
}

fn worse(known: Option<Outcome>, other: Outcome) -> Outcome {
    match known {
        Some(failed @ Outcome::Failed(_)) => failed,
        _ => other,
    }
}

/// What becomes of something that reads this: absence stays absence, a failure goes on as one.
fn blocked(other: Outcome) -> Outcome {
    match other {
        Outcome::Missing | Outcome::Blocked => Outcome::Blocked,
        _ => Outcome::Failed("UPSTREAM_FAILED"),
    }
}

/// An int is accepted where a float is declared.
fn as_declared(outcome: Outcome, scalar: &ScalarNode) -> Outcome {
    match outcome {
        Outcome::Value(Value::Int(value)) if scalar.data_type == DataType::Float => {
            Outcome::Value(Value::Float(value as f64))
        }
        outcome => outcome,
    }
}

/// The null rules of framework §1. Answers whether the default was used.
fn settle(outcome: Outcome, scalar: &ScalarNode) -> (Outcome, bool) {
    let forbidden = matches!(&outcome, Outcome::Value(Value::Null)) && !scalar.nullable;
    match (&outcome, &scalar.default) {
        (Outcome::Missing, Some(default)) => (Outcome::Value(default.clone()), true),
        (Outcome::Value(_), Some(default)) if forbidden => (Outcome::Value(default.clone()), true),
        (Outcome::Value(_), None) if forbidden => (Outcome::Failed("VALIDATION_FAILED"), false),
        _ => (outcome, false),
    }
}
