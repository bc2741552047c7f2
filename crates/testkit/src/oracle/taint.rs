//! What depends on values that the caller gave (decision 4): it is answered and logged, but never cached.

use super::choice::{Choice, Kind};
use super::expression::{selected, unfold};
use super::{Mode, Oracle, Row};
use creta_model::bundle::{Input, ResolverBody};
use creta_model::graph::{NodeKind, Step};
use creta_model::{Expression, FeatureId};

impl Oracle<'_> {
    pub(super) fn is_tainted(&self, mode: &Mode, row: &Row, feature: FeatureId) -> bool {
        let key = self.graph.primary_key(row.entity);
        if Some(feature) == key {
            return false;
        }
        row.given.contains_key(&feature)
            || self.reads(mode, row, feature).into_iter().any(|read| self.is_tainted(mode, row, read))
    }

    /// The features of the same row that a feature is computed from.
    fn reads(&self, mode: &Mode, row: &Row, feature: FeatureId) -> Vec<FeatureId> {
        let mut found = Vec::new();
        if let Some(expression) = self.graph.scalar(feature).and_then(|scalar| scalar.expression.as_ref()) {
            self.names_of(row, expression, &mut found);
            return found;
        }
        let Ok(Choice::Resolver(position)) = self.choose(mode, &Kind::of(row), feature) else { return found };
        if let ResolverBody::Python(body) = &self.graph.resolvers[position].body {
            for parameter in &body.parameters {
                if let Input::Feature { path, group, .. } = &parameter.input
                    && let Some(reading) = self.reading_of_group(row.entity, path, group)
                {
                    self.names_of(row, &reading, &mut found);
                    continue;
                }
                let (Input::Feature { path, .. } | Input::HasMany { path, .. }) = &parameter.input else { continue };
                let Ok(path) = self.graph.member_path(row.entity, path) else { continue };
                match (path.steps.first(), path.feature) {
                    (Some(Step::HasOne(relationship) | Step::HasMany(relationship)), _) => {
                        found.extend(self.join_columns(*relationship));
                    }
                    (None, feature) => found.extend(feature),
                }
            }
        }
        found
    }

    fn names_of(&self, row: &Row, expression: &Expression, found: &mut Vec<FeatureId>) {
        match expression {
            Expression::Call { arguments, .. } => {
                arguments.iter().for_each(|argument| self.names_of(row, argument, found));
            }
            Expression::Aggregate { of, .. } => self.names_of(row, selected(of).0, found),
            Expression::Window { of, window, group } if !group.is_empty() => {
                group.values().for_each(|value| self.names_of(row, value, found));
                if let Some(definition) = self.definition_of_group(row.entity, of, *window) {
                    self.names_of(row, definition, found);
                }
            }
            Expression::Window { of, .. } => self.names_of(row, of, found),
            Expression::Attribute { .. } => {
                let first = unfold(expression).and_then(|chain| chain.names.first().copied());
                let Some(member) = first.and_then(|name| self.graph.member(row.entity, name)) else { return };
                match &self.graph.feature(member).kind {
                    NodeKind::Scalar(_) => found.push(member),
                    _ => found.extend(self.join_columns(member)),
                }
            }
            _ => {}
        }
    }

    fn join_columns(&self, relationship: FeatureId) -> Vec<FeatureId> {
        match &self.graph.feature(relationship).kind {
            NodeKind::HasOne(related) | NodeKind::HasMany(related) => {
                related.on.iter().map(|(local, _)| *local).chain([relationship]).collect()
            }
            NodeKind::Scalar(_) => Vec::new(),
        }
    }
}
