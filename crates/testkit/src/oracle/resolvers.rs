//! Who computes a feature: its expression, the SQL resolver that lists it, the Python function that returns it.

use super::choice::{Choice, Kind};
use super::{Mode, Oracle, Outcome, Row, Rule, Write};
use creta_model::bundle::{Caching, DuplicateOutputs, Input, Parameter, PythonBody, Resolver, ResolverBody};
use creta_model::duration::window_name;
use creta_model::graph::{NodeKind, RelationshipNode, Step};
use creta_model::{EntityId, Expression, FeatureId, Value};
use std::collections::BTreeMap;

impl Oracle<'_> {
    /// The value, and the instant it was observed if the producer says so.
    pub(super) fn computed(&self, mode: &Mode, row: &mut Row, feature: FeatureId) -> (Outcome, Option<i64>) {
        let name = &self.graph.feature(feature).name;
        match self.choose(mode, &Kind::of(row), feature) {
            Err(_) => (Outcome::Missing, None),
            Ok(Choice::Expression) => match self.expression_of(mode, feature) {
                Some((expression, window)) => (self.evaluate(mode, row, None, expression, window), None),
                None => (Outcome::Missing, None),
            },
            Ok(Choice::Resolver(position)) => {
                let resolver = &self.graph.resolvers[position];
                match &resolver.body {
                    ResolverBody::Sql(_) => {
                        row.looked_up.insert(resolver.name.clone());
                        self.looked_up(row, &resolver.name, name)
                    }
                    ResolverBody::Python(body) => (self.called(mode, row, resolver, body, name), None),
                }
            }
        }
    }

    /// The newest row of the key at or before the row's time; without a feature time simply the last.
    fn looked_up(&self, row: &Row, resolver: &str, name: &str) -> (Outcome, Option<i64>) {
        let primary = self.graph.primary_key(row.entity).map(|key| &self.graph.feature(key).name);
        let is_own = |fact: &&BTreeMap<String, Value>| match (primary, &row.key) {
            (Some(primary), Some(key)) => fact.get(primary) == Some(key),
            (Some(_), None) => false,
            (None, _) => true,
        };
        let rows = self.facts.get(resolver).map(|listing| listing.rows.as_slice()).unwrap_or_default();
        let own: Vec<&BTreeMap<String, Value>> = rows.iter().filter(is_own).collect();
        match self.newest(row.entity, &own, row.now) {
            None => (Outcome::Missing, None),
            Some(fact) if self.is_doubtful(row.entity, resolver, fact) => (Outcome::Failed("VALIDATION_FAILED"), None),
            Some(fact) => {
                let value = fact.get(name).cloned().unwrap_or(Value::Null);
                (Outcome::Value(value), self.time_of(row.entity, fact))
            }
        }
    }

    /// Whether a resolver that must not do so returned another row with the same key and feature time.
    pub(super) fn is_doubtful(&self, entity: EntityId, resolver: &str, fact: &BTreeMap<String, Value>) -> bool {
        let node = self.graph.resolvers.iter().find(|node| node.name == resolver);
        let refuses = node.is_some_and(|node| node.handle_duplicate_outputs == DuplicateOutputs::Error);
        let primary = self.graph.primary_key(entity).map(|key| &self.graph.feature(key).name);
        let identity = |fact: &BTreeMap<String, Value>| {
            (primary.and_then(|key| fact.get(key)).cloned(), self.time_of(entity, fact))
        };
        let rows = self.facts.get(resolver).map(|listing| listing.rows.as_slice()).unwrap_or_default();
        refuses && rows.iter().filter(|other| identity(other) == identity(fact)).count() > 1
    }

    /// Fails what is made of listed rows when one of them is doubtful.
    pub(super) fn check_doubts(&self, entity: EntityId, rows: &[&BTreeMap<String, Value>]) -> Result<(), Outcome> {
        let lister = self.lister(entity);
        match lister.is_some_and(|lister| rows.iter().any(|row| self.is_doubtful(entity, &lister.name, row))) {
            true => Err(Outcome::Failed("VALIDATION_FAILED")),
            false => Ok(()),
        }
    }

    /// Columns that a SQL resolver returned for a row without anybody having asked for them.
    pub(super) fn unwanted_columns(&self, row: &Row) -> Vec<Write> {
        let mut found = Vec::new();
        for resolver in &row.looked_up {
            for feature in self.graph.scalars(row.entity) {
                let (node, scalar) = (self.graph.feature(feature), self.graph.scalar(feature));
                let is_wanted = row.known.contains_key(&feature) || row.given.contains_key(&feature);
                let listing = self.facts.get(resolver);
                let returned = listing.is_some_and(|listing| listing.columns.contains(&node.name));
                let (Some(key), Some(scalar), false, true) = (&row.key, scalar, is_wanted, returned) else { continue };
                if let (Outcome::Value(value), observed_at) = self.looked_up(row, resolver, &node.name)
                    && (scalar.nullable || !value.is_null())
                {
                    let observed_at = observed_at.unwrap_or(row.now);
                    found.push(Write { feature, key: key.clone(), observed_at, value, is_default: false });
                }
            }
        }
        found
    }

    pub(super) fn newest<'r>(
        &self,
        entity: EntityId,
        rows: &[&'r BTreeMap<String, Value>],
        now: i64,
    ) -> Option<&'r BTreeMap<String, Value>> {
        // `max_by_key` answers the last of equals, `min_by_key` the first.
        let last = self.follows(Rule::DuplicateKeys);
        if rows.iter().all(|fact| self.time_of(entity, fact).is_none()) {
            return if last { rows.last() } else { rows.first() }.copied();
        }
        let known = rows.iter().filter(|fact| self.time_of(entity, fact).is_some_and(|at| self.is_past(at, now)));
        match last {
            true => known.max_by_key(|fact| self.time_of(entity, fact)).copied(),
            false => known.min_by_key(|fact| std::cmp::Reverse(self.time_of(entity, fact))).copied(),
        }
    }

    pub(super) fn time_of(&self, entity: EntityId, fact: &BTreeMap<String, Value>) -> Option<i64> {
        let time = self.graph.entity(entity).feature_time?;
        match fact.get(&self.graph.feature(time).name) {
            Some(Value::Datetime(at)) => Some(*at),
            _ => None,
        }
    }

    /// Rows of an entity whose version in force has these values, in source order.
    pub(super) fn matching(
        &self,
        entity: EntityId,
        join: &[(FeatureId, Value)],
        now: i64,
    ) -> Vec<&BTreeMap<String, Value>> {
        let joins = |fact: &&BTreeMap<String, Value>| {
            let equal = |(foreign, value): &(FeatureId, Value)| {
                !value.is_null() && fact.get(&self.graph.feature(*foreign).name) == Some(value)
            };
            join.iter().all(equal)
        };
        self.in_force(entity, now).into_iter().filter(joins).collect()
    }

    /// Of each key of an entity the version in force, in source order.
    fn in_force(&self, entity: EntityId, now: i64) -> Vec<&BTreeMap<String, Value>> {
        let listing = self.lister(entity).and_then(|resolver| self.facts.get(&resolver.name));
        self.standing(entity, listing.map(|listing| listing.rows.as_slice()).unwrap_or_default(), now)
    }

    /// Of rows of each key the one in force, in their order. Rows without a key stand for themselves.
    fn standing<'r>(
        &self,
        entity: EntityId,
        rows: &'r [BTreeMap<String, Value>],
        now: i64,
    ) -> Vec<&'r BTreeMap<String, Value>> {
        let Some(primary) = self.graph.primary_key(entity) else { return Vec::new() };
        let primary = &self.graph.feature(primary).name;
        let mut by_key: BTreeMap<String, Vec<&BTreeMap<String, Value>>> = BTreeMap::new();
        for (position, fact) in rows.iter().enumerate() {
            let key = fact.get(primary).map_or_else(|| position.to_string(), |key| format!("{key:?}"));
            by_key.entry(key).or_default().push(fact);
        }
        let mut found: Vec<&BTreeMap<String, Value>> =
            by_key.values().filter_map(|versions| self.newest(entity, versions, now)).collect();
        found.sort_by_key(|fact| rows.iter().position(|row| std::ptr::eq(row, *fact)));
        found
    }

    /// Rows of an entity whose version in force has these values, in (feature time, key) order.
    pub(super) fn listed(
        &self,
        entity: EntityId,
        join: &[(FeatureId, Value)],
        now: i64,
    ) -> Vec<BTreeMap<String, Value>> {
        let bound = if self.follows(Rule::ImplicitBound) { now } else { i64::MAX };
        self.in_order(entity, &self.matching(entity, join, bound))
    }

    fn in_order(&self, entity: EntityId, rows: &[&BTreeMap<String, Value>]) -> Vec<BTreeMap<String, Value>> {
        let primary =
            self.graph.primary_key(entity).map(|key| self.graph.feature(key).name.clone()).unwrap_or_default();
        let mut found: Vec<BTreeMap<String, Value>> = rows.iter().map(|row| (*row).clone()).collect();
        found.sort_by(|left, right| {
            let time = |fact| self.time_of(entity, fact);
            time(left).cmp(&time(right)).then_with(|| {
                super::operators::order(left.get(&primary), right.get(&primary)).unwrap_or(std::cmp::Ordering::Equal)
            })
        });
        found
    }

    fn called(&self, mode: &Mode, row: &mut Row, resolver: &Resolver, body: &PythonBody, name: &str) -> Outcome {
        let (names, parameters): (Vec<String>, Vec<Parameter>) = unfolded(&body.parameters).into_iter().unzip();
        let values = match self.all(parameters.iter().map(|parameter| self.argument(mode, row, parameter))) {
            Ok(values) => values,
            Err(outcome) => return outcome,
        };
        let arguments: Vec<(String, Value)> = names.into_iter().zip(values).collect();
        match (self.python)(&resolver.name, &arguments) {
            Err(_) => Outcome::Failed("RESOLVER_FAILED"),
            Ok(values) => {
                let value = values.into_iter().find(|(output, _)| output == name);
                value.map_or(Outcome::Missing, |(_, value)| Outcome::Value(value))
            }
        }
    }

    fn argument(&self, mode: &Mode, row: &mut Row, parameter: &Parameter) -> Outcome {
        if let Input::Feature { path, group, .. } = &parameter.input
            && let Some(reading) = self.reading_of_group(row.entity, path, group)
        {
            if self.can_evaluate(mode, &Kind::of(row), None, &reading, None).is_err() {
                return Outcome::Value(parameter.default.clone().unwrap_or(Value::Null));
            }
            return match self.evaluate(mode, row, None, &reading, None) {
                Outcome::Value(value) => Outcome::Value(value),
                other => or_default(other, parameter),
            };
        }
        if let Some((only, feature)) = self.of_singleton(row.entity, &parameter.input) {
            let mut other = Row::of(only, None, row.now, BTreeMap::new());
            return match self.feature(mode, &mut other, feature).outcome {
                Outcome::Value(value) => Outcome::Value(value),
                Outcome::Missing => or_default(Outcome::Blocked, parameter),
                Outcome::Failed(_) => or_default(Outcome::Failed("UPSTREAM_FAILED"), parameter),
                Outcome::Blocked => or_default(Outcome::Blocked, parameter),
            };
        }
        let path = match &parameter.input {
            Input::Feature { path, .. } => path,
            Input::Last { path, .. } => return self.last(mode, row, path, parameter),
            Input::HasMany { path, columns, filters, .. } => return self.rows_of(mode, row, path, columns, filters),
            Input::Now | Input::Frame { .. } => return Outcome::Value(Value::Datetime(row.now)),
        };
        let Ok(path) = self.graph.member_path(row.entity, path) else { return Outcome::Failed("INVALID_QUERY") };
        let steps: Vec<FeatureId> = path.steps.iter().map(|(Step::HasOne(one) | Step::HasMany(one))| *one).collect();
        let Some(feature) = path.feature else { return Outcome::Failed("INVALID_QUERY") };
        if self.can_reach(mode, &Kind::of(row), &path).is_err() {
            return Outcome::Value(parameter.default.clone().unwrap_or(Value::Null));
        }
        match self.walk(mode, row, &steps, feature, false).outcome {
            Outcome::Value(value) => Outcome::Value(value),
            other => or_default(other, parameter),
        }
    }

    /// What was stored of a feature before the row's time, however old it is.
    fn last(&self, mode: &Mode, row: &Row, name: &str, parameter: &Parameter) -> Outcome {
        let Some(feature) = self.graph.member(row.entity, name) else { return Outcome::Failed("INVALID_QUERY") };
        let Some(scalar) = self.graph.scalar(feature) else { return Outcome::Failed("INVALID_QUERY") };
        let earlier = Row::of(row.entity, row.key.clone(), row.now - 1, BTreeMap::new());
        let stored = match mode {
            Mode::Online(_) => match self.cached(&earlier, feature, i64::MAX) {
                Some((value, _)) => Outcome::Value(value),
                None => Outcome::Missing,
            },
            Mode::Offline(..) => {
                let offline_ttl = scalar.caching.offline_ttl.map(|life| life - 1);
                self.sampled(&earlier, feature, &Caching { offline_ttl, ..scalar.caching.clone() })
            }
        };
        match stored {
            Outcome::Missing => or_default(Outcome::Blocked, parameter),
            stored => stored,
        }
    }

    /// A feature of another class that has one row only.
    pub(super) fn of_singleton(&self, entity: EntityId, input: &Input) -> Option<(EntityId, FeatureId)> {
        let Input::Feature { entity: namespace, path, .. } = input else { return None };
        let other = self.graph.namespace(namespace).filter(|other| *other != entity)?;
        let feature = self.graph.member(other, path)?;
        self.graph.entity(other).singleton.then_some((other, feature))
    }

    /// `_.name["1d", column == value]` for a parameter that reads a group.
    pub(super) fn reading_of_group(
        &self,
        entity: EntityId,
        path: &str,
        group: &BTreeMap<String, Expression>,
    ) -> Option<Expression> {
        let window = self.graph.scalar(self.graph.member(entity, path)?)?.window.filter(|_| !group.is_empty())?;
        let name = path.strip_suffix(&window_name("", window))?.to_owned();
        let of = Box::new(Expression::Attribute { of: Box::new(Expression::This), name });
        Some(Expression::Window { of, window, group: group.clone() })
    }
}

fn or_default(outcome: Outcome, parameter: &Parameter) -> Outcome {
    match &parameter.default {
        Some(default) => Outcome::Value(default.clone()),
        None if parameter.optional => Outcome::Value(Value::Null),
        None => outcome,
    }
}

impl Oracle<'_> {
    /// The rows of a has-many relationship: those that the caller gave, or those that are listed and join.
    pub(super) fn rows_behind(
        &self,
        mode: &Mode,
        row: &mut Row,
        relationship: FeatureId,
        related: &RelationshipNode,
    ) -> Result<Vec<BTreeMap<String, Value>>, Outcome> {
        if let Some(Value::List(given)) = row.given.get(&relationship) {
            let mut facts: Vec<BTreeMap<String, Value>> = given.iter().map(fact_of).collect();
            for (local, foreign) in &related.on {
                if let Some(value) = row.given.get(local) {
                    let foreign = &self.graph.feature(*foreign).name;
                    for fact in &mut facts {
                        fact.entry(foreign.clone()).or_insert_with(|| value.clone());
                    }
                }
            }
            return Ok(self.in_order(related.entity, &self.standing(related.entity, &facts, row.now)));
        }
        let locals: Vec<Outcome> =
            related.on.iter().map(|(local, _)| self.feature(mode, row, *local).outcome).collect();
        let values = self.all(locals.into_iter())?;
        let join: Vec<(FeatureId, Value)> = related.on.iter().map(|(_, foreign)| *foreign).zip(values).collect();
        let listed = self.listed(related.entity, &join, row.now);
        self.check_doubts(related.entity, &listed.iter().collect::<Vec<_>>())?;
        Ok(listed)
    }

    /// The rows of a has-many relationship that pass the filters, each as the values of its columns.
    fn rows_of(&self, mode: &Mode, row: &mut Row, path: &str, columns: &[String], filters: &[Expression]) -> Outcome {
        let Some(member) = self.graph.member(row.entity, path) else { return Outcome::Failed("INVALID_QUERY") };
        let NodeKind::HasMany(related) = &self.graph.feature(member).kind else {
            return Outcome::Failed("INVALID_QUERY");
        };
        let facts = match self.rows_behind(mode, row, member, related) {
            Ok(facts) => facts,
            Err(outcome) => return outcome,
        };
        let columns = columns.iter().filter_map(|column| self.graph.member(related.entity, column));
        let planned = self.listed_columns(mode, row, member, related.entity);
        let columns: Vec<FeatureId> = columns.filter(|column| planned.contains(column)).collect();
        let mut found = Vec::new();
        for fact in facts {
            let mut child = self.child(related.entity, row.now, &fact);
            let passes = |filter: &Expression| {
                self.evaluate(mode, &mut child, Some(row), filter, None) == Outcome::Value(Value::Bool(true))
            };
            if filters.iter().all(passes) {
                let cell = |column: &FeatureId| match self.feature(mode, &mut child, *column).outcome {
                    Outcome::Value(value) => value,
                    _ => Value::Null,
                };
                found.push(Value::Struct(columns.iter().map(cell).collect()));
            }
        }
        Outcome::Value(Value::List(found))
    }
}

/// Parameters by name; a DataFrame's columns one by one.
fn unfolded(parameters: &[Parameter]) -> Vec<(String, Parameter)> {
    let column = |entity: &str, path: &str| Parameter {
        name: path.to_owned(),
        input: Input::Feature { entity: entity.to_owned(), path: path.to_owned(), group: BTreeMap::new() },
        optional: false,
        default: None,
    };
    let mut found = Vec::new();
    for parameter in parameters {
        match &parameter.input {
            Input::Frame { entity, columns } => {
                found.extend(columns.iter().map(|path| (path.clone(), column(entity, path))));
            }
            _ => found.push((parameter.name.clone(), parameter.clone())),
        }
    }
    found
}

/// A row that a caller gave: a map from the names of its features to their values.
pub(super) fn fact_of(row: &Value) -> BTreeMap<String, Value> {
    let Value::Map(pairs) = row else { return BTreeMap::new() };
    let text = |name: &Value| match name {
        Value::Str(name) => name.clone(),
        _ => String::new(),
    };
    pairs.iter().map(|(name, value)| (text(name), value.clone())).collect()
}
