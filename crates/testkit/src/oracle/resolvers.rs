//! Who computes a feature: its expression, the SQL resolver that lists it, the Python function that returns it.

use super::{Mode, Oracle, Outcome, Row, Write, all};
use creta_model::bundle::{Input, Parameter, PythonBody, Resolver, ResolverBody, ResolverKind};
use creta_model::graph::{ScalarNode, Step};
use creta_model::{EntityId, FeatureId, Value};
use std::collections::BTreeMap;

impl Oracle<'_> {
    /// The value, and the instant it was observed if the producer says so.
    pub(super) fn computed(
        &self,
        mode: &Mode,
        row: &mut Row,
        feature: FeatureId,
        scalar: &ScalarNode,
    ) -> (Outcome, Option<i64>) {
        let offline = matches!(mode, Mode::Offline(_));
        let expression = scalar.offline_expression.as_ref().filter(|_| offline).or(scalar.expression.as_ref());
        if let Some(expression) = expression {
            return (self.evaluate(mode, row, None, expression, scalar.window), None);
        }
        let name = self.graph.feature(feature).name.clone();
        match self.producer(offline, row.entity, &name) {
            None => (Outcome::Missing, None),
            Some(resolver) => match &resolver.body {
                ResolverBody::Sql(_) => {
                    row.looked_up.insert(resolver.name.clone());
                    self.looked_up(row, &resolver.name, &name)
                }
                ResolverBody::Python(body) => (self.called(mode, row, &resolver, body, &name), None),
            },
        }
    }

    /// The preferred resolver; the scenarios have no ambiguous ones.
    fn producer(&self, offline: bool, entity: EntityId, name: &str) -> Option<Resolver> {
        let able = |resolver: &&Resolver| {
            let kind = offline || resolver.kind == ResolverKind::Online;
            kind && match &resolver.body {
                ResolverBody::Sql(body) => {
                    let listed = self.facts.get(&resolver.name).and_then(|rows| rows.first());
                    self.graph.entity(entity).class.eq_ignore_ascii_case(&body.resolves)
                        && listed.is_some_and(|row| row.contains_key(name))
                }
                ResolverBody::Python(body) => {
                    self.graph.namespace(&body.entity) == Some(entity)
                        && body.outputs.iter().any(|output| output == name)
                }
            }
        };
        let found = self.graph.resolvers.iter().filter(able);
        found.max_by_key(|resolver| offline && resolver.kind == ResolverKind::Offline).cloned()
    }

    /// The newest row of the key at or before the row's time; without a feature time simply the last.
    fn looked_up(&self, row: &Row, resolver: &str, name: &str) -> (Outcome, Option<i64>) {
        let Some(key) = &row.key else { return (Outcome::Missing, None) };
        let Some(primary) = self.graph.primary_key(row.entity) else { return (Outcome::Missing, None) };
        let primary = &self.graph.feature(primary).name;
        let rows = self.facts.get(resolver).map(Vec::as_slice).unwrap_or_default();
        let own: Vec<&BTreeMap<String, Value>> = rows.iter().filter(|fact| fact.get(primary) == Some(key)).collect();
        match self.newest(row.entity, &own, row.now) {
            None => (Outcome::Missing, None),
            Some(fact) => {
                let value = fact.get(name).cloned().unwrap_or(Value::Null);
                (Outcome::Value(value), self.time_of(row.entity, fact))
            }
        }
    }

    /// Columns that a SQL resolver returned for a row without anybody having asked for them.
    pub(super) fn unwanted_columns(&self, row: &Row) -> Vec<Write> {
        let mut found = Vec::new();
        for resolver in &row.looked_up {
            for feature in self.graph.scalars(row.entity) {
                let (node, scalar) = (self.graph.feature(feature), self.graph.scalar(feature));
                let is_wanted = row.known.contains_key(&feature) || row.given.contains_key(&feature);
                let listed = self.facts.get(resolver).and_then(|rows| rows.first());
                let returned = listed.is_some_and(|fact| fact.contains_key(&node.name));
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
        if self.graph.entity(entity).feature_time.is_none() {
            return rows.last().copied();
        }
        let known = rows.iter().filter(|fact| self.time_of(entity, fact).is_some_and(|at| at <= now));
        known.max_by_key(|fact| self.time_of(entity, fact)).copied()
    }

    pub(super) fn time_of(&self, entity: EntityId, fact: &BTreeMap<String, Value>) -> Option<i64> {
        let time = self.graph.entity(entity).feature_time?;
        match fact.get(&self.graph.feature(time).name) {
            Some(Value::Datetime(at)) => Some(*at),
            _ => None,
        }
    }

    /// Rows of an entity with these values, in source order.
    pub(super) fn matching(&self, entity: EntityId, join: &[(FeatureId, Value)]) -> Vec<&BTreeMap<String, Value>> {
        let class = &self.graph.entity(entity).class;
        let lists = |resolver: &&Resolver| matches!(&resolver.body, ResolverBody::Sql(body) if class.eq_ignore_ascii_case(&body.resolves));
        let Some(resolver) = self.graph.resolvers.iter().find(lists) else { return Vec::new() };
        let rows = self.facts.get(&resolver.name).map(Vec::as_slice).unwrap_or_default();
        let joins = |fact: &&BTreeMap<String, Value>| {
            let equal = |(foreign, value): &(FeatureId, Value)| {
                !value.is_null() && fact.get(&self.graph.feature(*foreign).name) == Some(value)
            };
            join.iter().all(equal)
        };
        rows.iter().filter(joins).collect()
    }

    /// Rows of an entity with these values: per key the version in force, in (feature time, key) order.
    pub(super) fn listed(
        &self,
        entity: EntityId,
        join: &[(FeatureId, Value)],
        now: i64,
    ) -> Vec<BTreeMap<String, Value>> {
        let Some(primary) = self.graph.primary_key(entity) else { return Vec::new() };
        let primary = self.graph.feature(primary).name.clone();
        let mut by_key: BTreeMap<String, Vec<&BTreeMap<String, Value>>> = BTreeMap::new();
        for fact in self.matching(entity, join) {
            by_key.entry(format!("{:?}", fact.get(&primary))).or_default().push(fact);
        }
        let mut found: Vec<BTreeMap<String, Value>> =
            by_key.values().filter_map(|versions| self.newest(entity, versions, now).cloned()).collect();
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
        let values = match all(parameters.iter().map(|parameter| self.argument(mode, row, parameter))) {
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
        let Input::Feature { path, .. } = &parameter.input else {
            return Outcome::Value(Value::Datetime(row.now));
        };
        let Ok(path) = self.graph.member_path(row.entity, path) else { return Outcome::Failed("INVALID_QUERY") };
        let steps: Vec<FeatureId> = path
            .steps
            .iter()
            .map(|step| match step {
                Step::HasOne(relationship) | Step::HasMany(relationship) => *relationship,
            })
            .collect();
        let Some(feature) = path.feature else { return Outcome::Failed("INVALID_QUERY") };
        match (self.walk(mode, row, &steps, feature, false).outcome, &parameter.default) {
            (Outcome::Value(value), _) => Outcome::Value(value),
            (_, Some(default)) => Outcome::Value(default.clone()),
            (_, None) if parameter.optional => Outcome::Value(Value::Null),
            (other, None) => other,
        }
    }
}

/// Parameters by name; a DataFrame's columns one by one.
fn unfolded(parameters: &[Parameter]) -> Vec<(String, Parameter)> {
    let column = |entity: &str, path: &str| Parameter {
        name: path.to_owned(),
        input: Input::Feature { entity: entity.to_owned(), path: path.to_owned() },
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
