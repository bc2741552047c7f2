//! A checked bundle: the graph, its lowered expressions, its parsed statements, and who produces what.

use creta_expr::Program;
use creta_model::bundle::{Resolver, ResolverBody, SqlBody};
use creta_model::{EntityId, FeatureId, Graph, ResolverId};
use std::collections::HashMap;

/// What planning needs of a project. Made by [`crate::check()`] only, so a `Project` is known to be sound.
#[derive(Debug)]
pub struct Project {
    pub(crate) graph: Graph,
    pub(crate) programs: HashMap<FeatureId, Program>,
    pub(crate) offline_programs: HashMap<FeatureId, Program>,
    pub(crate) statements: HashMap<ResolverId, Statement>,
    /// Features that each Python resolver produces.
    pub(crate) python: HashMap<ResolverId, Vec<FeatureId>>,
    pub(crate) producers: HashMap<FeatureId, Vec<ResolverId>>,
}

/// A parsed SQL resolver.
#[derive(Debug, Clone)]
pub struct Statement {
    pub entity: EntityId,
    /// The statement with `${…}` replaced by `:p0`, `:p1`, ….
    pub text: String,
    pub parameters: Vec<Parameter>,
    /// (column of the statement, feature).
    pub columns: Vec<(String, FeatureId)>,
    /// The statement under a lower bound, one more parameter behind its own; None when no run of it is bounded, or when
    /// a parameter of its own is the bound.
    pub since: Option<String>,
}

/// One `${…}`.
#[derive(Debug, Clone)]
pub struct Parameter {
    pub of: ParameterOf,
    pub default: Option<creta_model::Value>,
}

/// What a `${…}` stands for.
#[derive(Debug, Clone)]
pub enum ParameterOf {
    /// `${now}`
    Now,
    /// `${creta_incremental_timestamp}`
    Since,
    Feature(creta_model::graph::Path),
}

/// The lower bound of whoever wants everything: 1700-01-01, which every source can still write down. Microseconds.
pub const EVERYTHING: i64 = -8_520_336_000_000_000;

impl Project {
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The statement of a SQL resolver.
    pub fn statement(&self, id: ResolverId) -> Option<&Statement> {
        self.statements.get(&id)
    }

    /// The source and options of a SQL resolver.
    pub fn sql_body(&self, id: ResolverId) -> Option<&SqlBody> {
        match &self.graph.resolver(id).body {
            ResolverBody::Sql(body) => Some(body),
            ResolverBody::Python(_) => None,
        }
    }

    pub(crate) fn program(&self, feature: FeatureId, offline: bool) -> Option<&Program> {
        let offline_program = self.offline_programs.get(&feature).filter(|_| offline);
        offline_program.or_else(|| self.programs.get(&feature))
    }

    pub(crate) fn producers(&self, feature: FeatureId) -> &[ResolverId] {
        self.producers.get(&feature).map_or(&[], Vec::as_slice)
    }

    /// Whether every call of a resolver stands alone: it takes no argument, so it yields all rows there are.
    pub(crate) fn takes_nothing(&self, id: ResolverId) -> bool {
        match &self.graph.resolver(id).body {
            ResolverBody::Sql(_) => self.statement(id).is_some_and(|statement| statement.parameters.is_empty()),
            ResolverBody::Python(body) => body.parameters.is_empty(),
        }
    }

    /// Whether a run can list the rows of a resolver: nothing has to be given to it but an instant.
    pub fn lists(&self, id: ResolverId) -> bool {
        let given = |parameter: &Parameter| matches!(parameter.of, ParameterOf::Feature(_));
        self.takes_nothing(id) || self.statement(id).is_some_and(|statement| !statement.parameters.iter().any(given))
    }

    /// Features that a resolver produces, with the column or name each comes under.
    pub fn outputs(&self, id: ResolverId) -> Vec<(String, FeatureId)> {
        if let Some(statement) = self.statement(id) {
            return statement.columns.clone();
        }
        let features = self.python.get(&id).map_or(&[][..], Vec::as_slice);
        features.iter().map(|feature| (self.graph.feature(*feature).name.clone(), *feature)).collect()
    }

    pub(crate) fn resolver_ids(graph: &Graph) -> impl Iterator<Item = (ResolverId, &Resolver)> {
        graph.resolvers.iter().enumerate().map(|(position, resolver)| (ResolverId(position as u32), resolver))
    }
}
