//! Who answers a feature, settled before any value is known (framework §6.6, steps 3 to 8).

use super::expression::{selected, unfold};
use super::{Mode, Oracle, Row, Rule};
use creta_model::bundle::{Input, Parameter, Resolver, ResolverBody, ResolverKind};
use creta_model::duration::window_name;
use creta_model::graph::{NodeKind, Path, Step};
use creta_model::{EntityId, Expression, FeatureId};
use std::collections::BTreeSet;

/// Why a question is refused before anything runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Refusal {
    /// Several resolvers are equally preferred.
    Ambiguous,
    /// Nothing can produce it.
    NotFound,
    /// It is not a question.
    Invalid,
}

impl Refusal {
    /// The wire's code.
    pub fn code(self) -> &'static str {
        match self {
            Refusal::Ambiguous | Refusal::Invalid => "INVALID_QUERY",
            Refusal::NotFound => "RESOLVER_NOT_FOUND",
        }
    }
}

/// What is known of the rows of an entity before any value is: which features are given.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Kind {
    pub entity: EntityId,
    pub given: BTreeSet<FeatureId>,
}

impl Kind {
    pub fn of(row: &Row) -> Kind {
        Kind { entity: row.entity, given: row.given.keys().chain(&row.given_behind).copied().collect() }
    }
}

/// The producer of a feature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Choice {
    Expression,
    Resolver(usize),
}

type Plannable = Result<(), Refusal>;

impl Oracle<'_> {
    /// The expression, or the one preferred resolver among those whose inputs can be had.
    pub(super) fn choose(&self, mode: &Mode, kind: &Kind, feature: FeatureId) -> Result<Choice, Refusal> {
        let question = (mode.clone(), kind.clone(), feature);
        if let Some(known) = self.choices.borrow().iter().find(|(known, _)| *known == question) {
            return known.1;
        }
        let choice = match self.expression_of(mode, feature) {
            Some((expression, window)) => {
                self.can_evaluate(mode, kind, None, expression, window).map(|()| Choice::Expression)
            }
            None => self.preferred(mode, kind, feature).map(Choice::Resolver),
        };
        self.choices.borrow_mut().push((question, choice));
        choice
    }

    pub(super) fn expression_of(&self, mode: &Mode, feature: FeatureId) -> Option<(&Expression, Option<i64>)> {
        let scalar = self.graph.scalar(feature)?;
        let offline = scalar.offline_expression.as_ref().filter(|_| mode.is_offline());
        offline.or(scalar.expression.as_ref()).map(|expression| (expression, scalar.window))
    }

    fn preferred(&self, mode: &Mode, kind: &Kind, feature: FeatureId) -> Result<usize, Refusal> {
        let node = self.graph.feature(feature);
        let produces = |resolver: &Resolver| self.produces(resolver, node.entity, &node.name);
        let found = self.graph.resolvers.iter().enumerate().filter(|(_, resolver)| produces(resolver));
        let mut found: Vec<(usize, &Resolver)> = found.filter(|(_, resolver)| self.may_run(mode, resolver)).collect();
        if !self.follows(Rule::ResolverChoice) {
            let first = found.iter().find(|(_, resolver)| self.can_call(mode, kind, resolver).is_ok());
            return first.map(|(position, _)| *position).ok_or(Refusal::NotFound);
        }
        let rank = |resolver: &Resolver| {
            (mode.is_offline() && resolver.kind == ResolverKind::Offline, resolver.metadata.tags.len())
        };
        found.sort_by_key(|(_, resolver)| std::cmp::Reverse(rank(resolver)));
        let mut reason = Refusal::NotFound;
        for equals in found.chunk_by(|left, right| rank(left.1) == rank(right.1)) {
            let mut able = Vec::new();
            for (position, resolver) in equals {
                match self.can_call(mode, kind, resolver) {
                    Ok(()) => able.push(*position),
                    Err(refusal) => reason = refusal,
                }
            }
            match able.as_slice() {
                [] => {}
                [one] => return Ok(*one),
                _ => return Err(Refusal::Ambiguous),
            }
        }
        Err(reason)
    }

    fn produces(&self, resolver: &Resolver, entity: EntityId, name: &str) -> bool {
        match &resolver.body {
            ResolverBody::Sql(body) => {
                let listing = self.facts.get(&resolver.name);
                self.graph.entity(entity).class.eq_ignore_ascii_case(&body.resolves)
                    && listing.is_some_and(|listing| listing.columns.iter().any(|column| column == name))
            }
            ResolverBody::Python(body) => {
                self.graph.namespace(&body.entity) == Some(entity) && body.outputs.iter().any(|output| output == name)
            }
        }
    }

    /// Step 3: kind and tags.
    fn may_run(&self, mode: &Mode, resolver: &Resolver) -> bool {
        let kind = mode.is_offline() || resolver.kind == ResolverKind::Online;
        if !self.follows(Rule::ResolverChoice) {
            return kind;
        }
        let (own, terms) = (&resolver.metadata.tags, mode.terms());
        let eligible = own.iter().all(|tag| terms.tags.iter().any(|given| is_matched(tag, given)));
        let required = &terms.required_resolver_tags;
        kind && eligible && required.iter().all(|tag| own.iter().any(|own| is_matched(own, tag)))
    }

    /// Step 6: a resolver whose required inputs cannot be planned is no candidate.
    fn can_call(&self, mode: &Mode, kind: &Kind, resolver: &Resolver) -> Plannable {
        let is_keyed = || self.is_keyed(kind);
        let body = match &resolver.body {
            ResolverBody::Sql(_) => return is_keyed().then_some(()).ok_or(Refusal::NotFound),
            ResolverBody::Python(body) if body.frame && !is_keyed() => return Err(Refusal::NotFound),
            ResolverBody::Python(body) => body,
        };
        body.parameters.iter().try_for_each(|parameter| self.can_pass(mode, kind, parameter))
    }

    fn is_keyed(&self, kind: &Kind) -> bool {
        self.graph.primary_key(kind.entity).is_none_or(|key| kind.given.contains(&key))
    }

    fn can_pass(&self, mode: &Mode, kind: &Kind, parameter: &Parameter) -> Plannable {
        let forgiving = parameter.optional || parameter.default.is_some();
        if let Input::Feature { path, group, .. } = &parameter.input
            && let Some(reading) = self.reading_of_group(kind.entity, path, group)
        {
            return match self.can_evaluate(mode, kind, None, &reading, None) {
                Err(Refusal::NotFound) if forgiving => Ok(()),
                outcome => outcome,
            };
        }
        if let Some((only, feature)) = self.of_singleton(kind.entity, &parameter.input) {
            let given = Default::default();
            return match self.can_have(mode, &Kind { entity: only, given }, feature) {
                Err(Refusal::NotFound) if forgiving => Ok(()),
                outcome => outcome,
            };
        }
        let paths = match &parameter.input {
            Input::Feature { path, .. } => std::slice::from_ref(path),
            Input::Frame { columns, .. } => columns.as_slice(),
            Input::Last { .. } if forgiving || self.is_keyed(kind) => &[],
            Input::Last { .. } => return Err(Refusal::NotFound),
            Input::Now => &[],
            Input::HasMany { path, filters, .. } => {
                let path = self.graph.member_path(kind.entity, path).map_err(|_| Refusal::Invalid)?;
                return match self.can_list(mode, kind, &path, filters) {
                    Err(Refusal::NotFound) if forgiving => Ok(()),
                    outcome => outcome,
                };
            }
        };
        for path in paths.iter().filter(|path| *path != "now") {
            let path = self.graph.member_path(kind.entity, path).map_err(|_| Refusal::Invalid)?;
            match self.can_reach(mode, kind, &path) {
                Err(Refusal::NotFound) if forgiving => {}
                outcome => outcome?,
            }
        }
        Ok(())
    }

    /// Whether a path from rows of this kind can be answered at all.
    pub(super) fn can_reach(&self, mode: &Mode, kind: &Kind, path: &Path) -> Plannable {
        let steps: Vec<FeatureId> = path.steps.iter().map(|(Step::HasOne(one) | Step::HasMany(one))| *one).collect();
        self.can_walk(mode, kind, &steps, path.feature)
    }

    fn can_walk(&self, mode: &Mode, kind: &Kind, steps: &[FeatureId], feature: Option<FeatureId>) -> Plannable {
        let Some((first, rest)) = steps.split_first() else {
            return feature.map_or(Err(Refusal::Invalid), |feature| self.can_have(mode, kind, feature));
        };
        let (NodeKind::HasOne(related) | NodeKind::HasMany(related)) = &self.graph.feature(*first).kind else {
            return Err(Refusal::Invalid);
        };
        related.on.iter().try_for_each(|(local, _)| self.can_have(mode, kind, *local))?;
        let primary = self.graph.primary_key(related.entity);
        let by_key = matches!(related.on.as_slice(), [(_, foreign)] if Some(*foreign) == primary);
        if !by_key {
            self.listed_kind(mode, related.entity)?;
        }
        let behind = Kind { entity: related.entity, given: primary.into_iter().collect() };
        self.can_walk(mode, &behind, rest, feature)
    }

    /// Whether the rows at the end of a path can be listed and filtered.
    fn can_list(&self, mode: &Mode, kind: &Kind, path: &Path, filters: &[Expression]) -> Plannable {
        let steps: Vec<FeatureId> = path.steps.iter().map(|(Step::HasOne(one) | Step::HasMany(one))| *one).collect();
        let Some(NodeKind::HasMany(related)) = steps.last().map(|last| &self.graph.feature(*last).kind) else {
            return Err(Refusal::Invalid);
        };
        let listed = self.kind_behind(mode, kind, &steps, related.entity)?;
        filters.iter().try_for_each(|filter| self.can_evaluate(mode, &listed, Some(kind), filter, None))
    }

    /// Those of a listed row's columns that can be planned; a resolver gets its rows without the others.
    pub(super) fn listed_columns(&self, mode: &Mode, row: &Row, rows: FeatureId, entity: EntityId) -> Vec<FeatureId> {
        let Ok(listed) = self.kind_behind(mode, &Kind::of(row), &[rows], entity) else { return Vec::new() };
        let scalars = self.graph.scalars(entity);
        scalars.filter(|column| self.can_have(mode, &listed, *column).is_ok()).collect()
    }

    /// What is known of the rows at the end of some steps: those that the caller gave, or those that are listed.
    fn kind_behind(&self, mode: &Mode, kind: &Kind, steps: &[FeatureId], entity: EntityId) -> Result<Kind, Refusal> {
        if let [relationship] = steps
            && kind.given.contains(relationship)
        {
            let own = |feature: &FeatureId| self.graph.feature(*feature).entity == entity;
            return Ok(Kind { entity, given: kind.given.iter().copied().filter(own).collect() });
        }
        let listed = self.listed_kind(mode, entity)?;
        self.can_walk(mode, kind, steps, self.graph.primary_key(entity))?;
        Ok(listed)
    }

    fn can_have(&self, mode: &Mode, kind: &Kind, feature: FeatureId) -> Plannable {
        if kind.given.contains(&feature) || self.is_sampled(mode, feature) {
            return Ok(());
        }
        let scalar = self.graph.scalar(feature).filter(|scalar| scalar.group_by.is_empty()).ok_or(Refusal::Invalid)?;
        match self.choose(mode, kind, feature) {
            Ok(_) => Ok(()),
            Err(Refusal::NotFound) if scalar.default.is_some() || self.is_only_stored(mode, feature) => Ok(()),
            Err(refusal) => Err(refusal),
        }
    }

    /// A cacheable feature that nothing computes in this context: uploads and batches fill it.
    fn is_only_stored(&self, mode: &Mode, feature: FeatureId) -> bool {
        let node = self.graph.feature(feature);
        let runs = |resolver: &&Resolver| !matches!(mode, Mode::Online(_)) || resolver.kind == ResolverKind::Online;
        let mut resolvers = self.graph.resolvers.iter().filter(runs);
        let produced = resolvers.any(|resolver| self.produces(resolver, node.entity, &node.name));
        let computed = self.graph.scalar(feature).is_some_and(|scalar| scalar.expression.is_some());
        !produced && !computed && self.graph.scalar(feature).is_some_and(|scalar| scalar.caching.max_staleness > 0)
    }

    /// The resolver that lists the rows of an entity.
    pub(super) fn lister(&self, entity: EntityId) -> Option<&Resolver> {
        let class = &self.graph.entity(entity).class;
        let lists = |resolver: &&Resolver| matches!(&resolver.body, ResolverBody::Sql(body) if class.eq_ignore_ascii_case(&body.resolves));
        let mut listers = self.graph.resolvers.iter().filter(lists);
        listers.clone().find(|resolver| resolver.total).or_else(|| listers.next())
    }

    /// Rows as the lister of their entity gives them.
    fn listed_kind(&self, mode: &Mode, entity: EntityId) -> Result<Kind, Refusal> {
        let lister = self.lister(entity).filter(|lister| self.may_run(mode, lister)).ok_or(Refusal::NotFound)?;
        let columns = self.facts.get(&lister.name).map(|listing| listing.columns.as_slice()).unwrap_or_default();
        let given = columns.iter().filter_map(|column| self.graph.member(entity, column)).collect();
        Ok(Kind { entity, given })
    }

    pub(super) fn can_evaluate(
        &self,
        mode: &Mode,
        kind: &Kind,
        outer: Option<&Kind>,
        expression: &Expression,
        window: Option<i64>,
    ) -> Plannable {
        match expression {
            Expression::Literal(_) | Expression::Now | Expression::WindowStart => Ok(()),
            Expression::Call { arguments, .. } => {
                arguments.iter().try_for_each(|argument| self.can_evaluate(mode, kind, outer, argument, window))
            }
            Expression::Attribute { .. } => self.can_follow(mode, kind, outer, expression, None),
            Expression::Window { of, window, group } if !group.is_empty() => {
                let grouped = self.definition_of_group(kind.entity, of, *window).ok_or(Refusal::Invalid)?;
                group.values().try_for_each(|value| self.can_evaluate(mode, kind, outer, value, None))?;
                self.can_evaluate(mode, kind, outer, grouped, Some(*window))
            }
            Expression::Window { of, window, .. } => self.can_follow(mode, kind, outer, of, Some(*window)),
            Expression::Rows { of, items, .. } if *items == [Expression::WindowStart] => {
                self.can_follow(mode, kind, outer, of, window)
            }
            Expression::Aggregate { of, arguments, .. } => {
                let (chain, projection, filters) = selected(of);
                let chain = unfold(chain).ok_or(Refusal::Invalid)?;
                let (steps, entity) = self.steps(kind.entity, &chain.names).ok_or(Refusal::Invalid)?;
                let listed = self.kind_behind(mode, kind, &steps, entity)?;
                let inner = projection.into_iter().chain(filters).chain(arguments);
                inner.into_iter().try_for_each(|inner| self.can_evaluate(mode, &listed, Some(kind), inner, window))
            }
            Expression::This | Expression::Outer | Expression::Rows { .. } | Expression::GroupBy { .. } => {
                Err(Refusal::Invalid)
            }
        }
    }

    fn can_follow(
        &self,
        mode: &Mode,
        kind: &Kind,
        outer: Option<&Kind>,
        expression: &Expression,
        window: Option<i64>,
    ) -> Plannable {
        let chain = unfold(expression).ok_or(Refusal::Invalid)?;
        let kind = if chain.outer { outer.ok_or(Refusal::Invalid)? } else { kind };
        let (last, before) = chain.names.split_last().ok_or(Refusal::Invalid)?;
        let (steps, entity) = self.steps(kind.entity, before).ok_or(Refusal::Invalid)?;
        let last = window.map_or_else(|| (*last).to_owned(), |window| window_name(last, window));
        let feature = self.graph.member(entity, &last).ok_or(Refusal::Invalid)?;
        self.can_walk(mode, kind, &steps, Some(feature))
    }
}

/// A key-only tag is matched by the key or by `key:value`; `key:value` only by itself.
fn is_matched(tag: &str, given: &str) -> bool {
    given == tag || given.strip_prefix(tag).is_some_and(|rest| rest.starts_with(':'))
}
