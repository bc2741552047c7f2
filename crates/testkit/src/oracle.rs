//! The oracle: a naive interpreter, one row and one feature at a time, that says what is right.
//!
//! It is written from the specification and names only `model`, so it shares no mistake with `plan` or `engine`.
//! What is absent: speed, columns, plans.

mod choice;
mod expression;
mod operators;
mod resolvers;
mod rules;
mod running;
mod taint;
mod writing;

pub use choice::Refusal;
pub use rules::Rule;

use crate::oracle::choice::{Choice, Kind};
use crate::oracle::writing::Write;
use creta_model::bundle::{Caching, Validation};
use creta_model::graph::{NodeKind, ScalarNode, Step};
use creta_model::observation::Producer;
use creta_model::{DataType, EntityId, FeatureId, Graph, Value};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// What each SQL resolver's statement returns when nothing restricts it.
pub type Facts = BTreeMap<String, Listing>;

/// Rows by feature name, in source order.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    pub columns: Vec<String>,
    pub rows: Vec<BTreeMap<String, Value>>,
}

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
    /// A default, or the null of an optional relationship, stands for something absent: here, when the value was
    /// stored, or on the way to the row that answered. No history holds it.
    pub stands_in: bool,
}

impl Answer {
    fn of(outcome: Outcome) -> Answer {
        Answer { outcome, from_cache: false, stands_in: false }
    }
}

/// Which features an offline query computes again.
#[derive(Debug, Clone, PartialEq)]
pub enum Recompute {
    Nothing,
    Everything,
    Only(Vec<String>),
}

/// What a caller may say besides inputs and outputs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Terms {
    /// Microseconds by feature.
    pub staleness: BTreeMap<String, i64>,
    pub tags: Vec<String>,
    pub required_resolver_tags: Vec<String>,
}

/// Which clock a question runs on.
#[derive(Debug, Clone, PartialEq)]
enum Mode {
    Online(Terms),
    Offline(Recompute, Terms),
}

impl Mode {
    fn is_offline(&self) -> bool {
        matches!(self, Mode::Offline(..))
    }

    fn terms(&self) -> &Terms {
        match self {
            Mode::Online(terms) | Mode::Offline(_, terms) => terms,
        }
    }
}

/// The newest value of a place; an evicted one leaves its instant, so that nothing older comes back.
struct Stored {
    observed_at: i64,
    written_at: i64,
    value: Option<Value>,
    is_default: bool,
}

struct Observation {
    place: Place,
    observed_at: i64,
    value: Value,
}

/// Who answers this feature of such rows?
type Asked = (Mode, Kind, FeatureId);

/// A feature of a key, by name; the key in its debug form, so that ints and strings stay apart.
type Place = (String, String, String);

pub struct Oracle<'a> {
    graph: Graph,
    facts: Facts,
    python: Box<PythonCall<'a>>,
    /// In the order of their writing.
    history: Vec<Observation>,
    online: BTreeMap<Place, Stored>,
    /// The latest feature time that runs of an incremental resolver have stored.
    cursors: BTreeMap<String, i64>,
    /// The rule that is left out.
    without: Option<Rule>,
    /// Choices made for this question so far.
    choices: RefCell<Vec<(Asked, Result<Choice, Refusal>)>>,
}

/// A row being answered: an entity's key at a time, with the values that are given.
struct Row {
    entity: EntityId,
    key: Option<Value>,
    now: i64,
    given: BTreeMap<FeatureId, Value>,
    /// Features that the rows among `given` have.
    given_behind: BTreeSet<FeatureId>,
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
        let (given_behind, known, related, looked_up, fresh) = Default::default();
        Row { entity, key, now, given, given_behind, known, related, looked_up, fresh }
    }
}

impl<'a> Oracle<'a> {
    pub fn new(graph: Graph, facts: Facts, python: Box<PythonCall<'a>>) -> Oracle<'a> {
        let (history, online, cursors, choices) = Default::default();
        Oracle { graph, facts, python, history, online, cursors, without: None, choices }
    }

    /// The same with a planted mistake.
    pub fn without(self, rule: Rule) -> Oracle<'a> {
        Oracle { without: Some(rule), ..self }
    }

    fn follows(&self, rule: Rule) -> bool {
        self.without != Some(rule)
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
        terms: &Terms,
    ) -> Result<Vec<Answer>, Refusal> {
        let mode = Mode::Online(terms.clone());
        let mut row = self.row(inputs, explicit_now.unwrap_or(clock))?;
        let answers = self.outputs(&mode, &mut row, outputs)?;
        if explicit_now.is_none() {
            self.write_given(&row, clock);
            self.write_fresh(&mode, &row, clock, true);
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
        terms: &Terms,
    ) -> Result<Vec<Answer>, Refusal> {
        let mode = Mode::Offline(recompute.clone(), terms.clone());
        let mut row = self.row(inputs, time)?;
        self.outputs(&mode, &mut row, outputs)
    }

    fn row(&self, inputs: &BTreeMap<String, Value>, now: i64) -> Result<Row, Refusal> {
        let namespace = inputs.keys().next().and_then(|name| name.split('.').next()).ok_or(Refusal::Invalid)?;
        let entity = self.graph.namespace(namespace).ok_or(Refusal::Invalid)?;
        let mut given = BTreeMap::new();
        for (name, value) in inputs {
            given.insert(self.graph.by_fqn(name).ok_or(Refusal::Invalid)?, value.clone());
        }
        let key = self.graph.primary_key(entity).and_then(|key| given.get(&key)).cloned();
        let given_behind = self.given_behind(&given);
        Ok(Row { given_behind, ..Row::of(entity, key, now, given) })
    }

    /// What given rows say, and what follows from whose rows they are. Where there are none, they say everything.
    fn given_behind(&self, given: &BTreeMap<FeatureId, Value>) -> BTreeSet<FeatureId> {
        let mut found = BTreeSet::new();
        for (feature, value) in given {
            let (NodeKind::HasMany(related), Value::List(rows)) = (&self.graph.feature(*feature).kind, value) else {
                continue;
            };
            found.extend(related.on.iter().filter(|(local, _)| given.contains_key(local)).map(|(_, foreign)| *foreign));
            match rows.first() {
                Some(row) => found
                    .extend(resolvers::fact_of(row).keys().filter_map(|name| self.graph.member(related.entity, name))),
                None => found.extend(self.graph.scalars(related.entity)),
            }
        }
        found
    }

    /// Every output, after all of them were found answerable.
    fn outputs(&self, mode: &Mode, row: &mut Row, names: &[String]) -> Result<Vec<Answer>, Refusal> {
        self.choices.borrow_mut().clear();
        let mut paths = Vec::with_capacity(names.len());
        for name in names {
            let path = self.graph.path(name).map_err(|_| Refusal::Invalid)?;
            self.can_reach(mode, &Kind::of(row), &path)?;
            let steps: Vec<FeatureId> =
                path.steps.iter().map(|(Step::HasOne(one) | Step::HasMany(one))| *one).collect();
            paths.push((steps, path.feature.ok_or(Refusal::Invalid)?));
        }
        Ok(paths.iter().map(|(steps, feature)| self.walk(mode, row, steps, *feature, false)).collect())
    }

    /// A feature behind has-one relationships, read at the same time as the row. Behind an optional relationship all
    /// others are optional too.
    fn walk(&self, mode: &Mode, row: &mut Row, steps: &[FeatureId], feature: FeatureId, optional: bool) -> Answer {
        let Some((first, rest)) = steps.split_first() else { return self.feature(mode, row, feature) };
        let NodeKind::HasOne(relationship) = &self.graph.feature(*first).kind else { return failed("INVALID_QUERY") };
        let inherited = optional && self.follows(Rule::OptionalThroughHasOne);
        let optional = inherited || (relationship.optional && self.follows(Rule::OptionalThroughHasOne));
        let locals: Vec<Answer> = relationship.on.iter().map(|(local, _)| self.feature(mode, row, *local)).collect();
        let led_by_default = locals.iter().any(|local| local.stands_in);
        let keys = match self.all(locals.into_iter().map(|local| local.outcome)) {
            Ok(values) => relationship.on.iter().map(|(_, foreign)| *foreign).zip(values).collect::<Vec<_>>(),
            Err(outcome) => return Answer::of(outcome),
        };
        let found = if keys.iter().any(|(_, value)| value.is_null()) {
            None
        } else {
            match self.find(&keys, relationship.entity, row.now) {
                Ok(found) => found,
                Err(outcome) => return Answer::of(outcome),
            }
        };
        let answer = match found {
            None => Answer::of(Outcome::Missing),
            Some(key) => {
                let primary = self.graph.primary_key(relationship.entity);
                let given = primary.map(|id| (id, key.clone())).into_iter().collect();
                let related = row.related.entry((*first, optional));
                let related = related.or_insert_with(|| Row::of(relationship.entity, Some(key), row.now, given));
                self.walk(mode, related, rest, feature, optional)
            }
        };
        let absent = matches!(answer.outcome, Outcome::Missing | Outcome::Blocked);
        let outcome = match answer.outcome {
            _ if absent && optional => Outcome::Value(Value::Null),
            Outcome::Missing => Outcome::Blocked,
            Outcome::Failed(_) => Outcome::Failed("UPSTREAM_FAILED"),
            outcome => outcome,
        };
        Answer { outcome, stands_in: answer.stands_in || led_by_default || absent, ..answer }
    }

    /// The key of the related row: the given one, or that of the newest row with these values.
    fn find(&self, keys: &[(FeatureId, Value)], entity: EntityId, now: i64) -> Result<Option<Value>, Outcome> {
        let Some(primary) = self.graph.primary_key(entity) else { return Ok(None) };
        match keys {
            [(foreign, value)] if *foreign == primary => Ok(Some(value.clone())),
            _ => {
                let matching = self.matching(entity, keys, now);
                let newest = self.newest(entity, &matching, now);
                self.check_doubts(entity, newest.as_slice())?;
                Ok(newest.and_then(|row| row.get(&self.graph.feature(primary).name)).cloned())
            }
        }
    }

    /// One feature of a row: given, stored, or computed, in the order of framework §6.6.
    fn feature(&self, mode: &Mode, row: &mut Row, feature: FeatureId) -> Answer {
        if let Some(value) = row.given.get(&feature) {
            return Answer::of(Outcome::Value(value.clone()));
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
            Mode::Online(terms) => {
                let wanted = terms.staleness.get(&self.graph.feature(feature).fqn).copied();
                let limit = wanted.unwrap_or(scalar.caching.max_staleness);
                if let Some((value, is_default)) = self.cached(row, feature, limit) {
                    return Answer { outcome: Outcome::Value(value), from_cache: true, stands_in: is_default };
                }
            }
            Mode::Offline(..) => {
                if self.is_sampled(mode, feature) {
                    return Answer::of(self.sampled(row, feature, &scalar.caching));
                }
            }
        }
        let (outcome, observed_at) = self.computed(mode, row, feature);
        let (outcome, is_default) = self.settle(as_declared(outcome, &scalar), &scalar);
        if let (Outcome::Value(value), Some(key)) = (&outcome, &row.key) {
            let observed_at = observed_at.filter(|_| !is_default).unwrap_or(row.now);
            row.fresh.push(Write { feature, key: key.clone(), observed_at, value: value.clone(), is_default });
        }
        Answer { outcome, from_cache: false, stands_in: is_default }
    }

    /// The stored value if it is young enough, and whether it is a default.
    fn cached(&self, row: &Row, feature: FeatureId, limit: i64) -> Option<(Value, bool)> {
        let stored = self.online.get(&self.place(feature, row.key.as_ref()?))?;
        let since = if self.follows(Rule::StalenessByObservation) { stored.observed_at } else { stored.written_at };
        let age = row.now - since;
        let value = stored.value.clone().filter(|_| limit > 0 && age >= 0 && age <= limit)?;
        Some((value, stored.is_default))
    }

    fn is_sampled(&self, mode: &Mode, feature: FeatureId) -> bool {
        match mode {
            Mode::Online(_) | Mode::Offline(Recompute::Everything, _) => false,
            Mode::Offline(Recompute::Nothing, _) => true,
            Mode::Offline(Recompute::Only(names), _) => {
                self.follows(Rule::ModesOfRecompute) && !names.contains(&self.graph.feature(feature).fqn)
            }
        }
    }

    /// The newest observation at or before the row's time; of equally old ones the one written last.
    fn sampled(&self, row: &Row, feature: FeatureId, caching: &Caching) -> Outcome {
        let Some(key) = &row.key else { return Outcome::Missing };
        let place = self.place(feature, key);
        let seen = self.history.iter().filter(|other| other.place == place && self.is_past(other.observed_at, row.now));
        let newest = seen.max_by_key(|observation| observation.observed_at);
        let alive = |at: i64| caching.offline_ttl.is_none_or(|life| row.now <= at + life);
        match newest {
            Some(observation) if alive(observation.observed_at) => Outcome::Value(observation.value.clone()),
            _ => Outcome::Missing,
        }
    }

    /// Whether something observed at this instant is known now.
    fn is_past(&self, observed_at: i64, now: i64) -> bool {
        if self.follows(Rule::InclusivePointInTime) { observed_at <= now } else { observed_at < now }
    }

    fn place(&self, feature: FeatureId, key: &Value) -> Place {
        let node = self.graph.feature(feature);
        (self.graph.entity(node.entity).namespace.clone(), format!("{key:?}"), node.fqn.clone())
    }

    /// All values, or what becomes of something that reads them: every one is looked at, and a failure outweighs
    /// absence.
    fn all(&self, outcomes: impl Iterator<Item = Outcome>) -> Result<Vec<Value>, Outcome> {
        let (mut values, mut worst) = (Vec::new(), None);
        for outcome in outcomes {
            match outcome {
                Outcome::Value(value) => values.push(value),
                Outcome::Failed(_) if !self.follows(Rule::FailedIsNotNull) => values.push(Value::Null),
                other => worst = Some(worse(worst, blocked(other))),
            }
        }
        worst.map_or(Ok(values), Err)
    }

    /// The null rules of framework §1. Answers whether the default was used.
    fn settle(&self, outcome: Outcome, scalar: &ScalarNode) -> (Outcome, bool) {
        let forbidden = matches!(&outcome, Outcome::Value(Value::Null)) && !scalar.nullable;
        let masked = !self.follows(Rule::DefaultsNeverMaskFailures) && matches!(&outcome, Outcome::Failed(_));
        match (&outcome, &scalar.default) {
            (Outcome::Missing, Some(default)) => (Outcome::Value(default.clone()), true),
            (_, Some(default)) if forbidden || masked => (Outcome::Value(default.clone()), true),
            (Outcome::Value(_), None) if forbidden => (Outcome::Failed("VALIDATION_FAILED"), false),
            (Outcome::Value(value), _) if is_refused(value, scalar) => (Outcome::Failed("VALIDATION_FAILED"), false),
            _ => (outcome, false),
        }
    }
}

fn failed(code: &'static str) -> Answer {
    Answer::of(Outcome::Failed(code))
}

/// Strict limits of framework §12; nulls are not checked.
fn is_refused(value: &Value, scalar: &ScalarNode) -> bool {
    let outside = |limits: &Validation| {
        let length = |limit: Option<u64>| limit.map(|limit| limit as f64);
        let (size, least, most) = match value {
            Value::Int(value) => (*value as f64, limits.min, limits.max),
            Value::Float(value) => (*value, limits.min, limits.max),
            Value::Str(text) => (text.chars().count() as f64, length(limits.min_length), length(limits.max_length)),
            _ => return false,
        };
        least.is_some_and(|least| size < least) || most.is_some_and(|most| size > most)
    };
    scalar.validations.iter().any(|limits| limits.strict && outside(limits))
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
