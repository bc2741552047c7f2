//! Choosing and planning resolvers (framework §6.6, steps 3 to 8).

use super::scope::{Pending, ScopeBuilder};
use crate::candidates;
use crate::project::{EVERYTHING, ParameterOf};
use crate::stages::{Action, Argument, Lookup, PythonCall, Slot, SlotInfo, Stage};
use creta_expr::{Input as ProgramInput, lower, lower_group};
use creta_model::bundle::{Input, Parameter, PythonBody, ResolverBody, SqlBody};
use creta_model::{Code, Expression, FeatureId, Letter, ResolverId, Value};
use std::collections::BTreeMap;

impl<'a> ScopeBuilder<'a> {
    /// Plans the preferred resolver of a feature. Errors: none can, or several could.
    pub(super) fn resolve(&mut self, feature: FeatureId) -> Result<(), Letter> {
        let fqn = self.graph().feature(feature).fqn.clone();
        let mut reason = None;
        for group in candidates::ranked(self.project, self.question, feature) {
            let mut able = Vec::new();
            for candidate in group {
                let mut attempt = self.clone();
                match attempt.run_resolver(candidate) {
                    Ok(()) => able.push((candidate, attempt)),
                    Err(letter) => reason = Some(letter),
                }
            }
            match able.len() {
                0 => {}
                1 => {
                    if let Some((_, planned)) = able.pop() {
                        *self = planned;
                    }
                    return Ok(());
                }
                _ => {
                    let names: Vec<ResolverId> = able.iter().map(|(id, _)| *id).collect();
                    return Err(self.ambiguous(&names, &fqn));
                }
            }
        }
        Err(reason.unwrap_or_else(|| self.not_found(&fqn)))
    }

    fn not_found(&self, fqn: &str) -> Letter {
        let offline_only = self.graph().by_fqn(fqn).is_some_and(|id| !self.project.producers(id).is_empty());
        let letter = Letter::new(Code::ResolverNotFound, format!("Nothing produces `{fqn}`.")).feature(fqn);
        match offline_only {
            true => letter
                .fix("It has resolvers, but none that this query may run: check their kind, tags and environment."),
            false => letter.fix("Give it as an input, or define a resolver, an expression or a default."),
        }
    }

    pub(super) fn ambiguous(&self, resolvers: &[ResolverId], what: &str) -> Letter {
        let names: Vec<String> = resolvers
            .iter()
            .map(|id| self.graph().resolver(*id))
            .map(|resolver| format!("{} ({})", resolver.name, resolver.place))
            .collect();
        let message = format!("Several resolvers could produce `{what}`: {}.", names.join(", "));
        Letter::new(Code::AmbiguousResolver, message)
            .fix("Give them tags and ask with the tag of one, or remove all but one.")
            .feature(what)
    }

    fn run_resolver(&mut self, id: ResolverId) -> Result<(), Letter> {
        if !self.resolvers.insert(id) {
            return Ok(());
        }
        match &self.graph().resolver(id).body {
            ResolverBody::Sql(body) => self.look_up(id, body),
            ResolverBody::Python(body) => self.call_python(id, body),
        }
    }

    /// A row is found by its primary key: the statement must return it, and the question must give it.
    fn no_key(&self, id: ResolverId, returned: bool) -> Letter {
        let resolver = self.graph().resolver(id);
        let entity = self.graph().entity(self.entity);
        let key = entity.primary_key.map_or(&entity.namespace, |key| &self.graph().feature(key).fqn);
        let letter = if returned {
            let message = format!("`{}` finds rows by `{key}`, which the query does not give.", resolver.name);
            Letter::new(Code::ResolverNotFound, message).fix(format!("Give `{key}` as an input."))
        } else {
            let message = format!("`{}` does not return `{key}`, so no row can be looked up.", resolver.name);
            Letter::new(Code::ResolverNotFound, message).fix("Add the primary key to the statement's columns.")
        };
        letter.at(&resolver.place)
    }

    /// What a resolver fills here: all it produces, except what is given or produced otherwise already.
    fn claim_outputs(&mut self, id: ResolverId) -> (Vec<String>, Vec<Slot>) {
        let key = self.graph().primary_key(self.entity);
        let (mut names, mut slots) = (Vec::new(), Vec::new());
        for (name, feature) in self.project.outputs(id) {
            let is_listed = self.enumerated.as_ref().is_some_and(|listed| listed.columns.contains_key(&feature));
            let taken = Some(feature) == key || is_listed || self.by_feature.contains_key(&feature);
            let computed = self.project.program(feature, false).is_some();
            let preferred = candidates::ranked(self.project, self.question, feature);
            let preferred = preferred.first().is_some_and(|group| group.contains(&id));
            if !taken
                && !computed
                && preferred
                && !self.is_sampled(feature)
                && self.graph().feature(feature).entity == self.entity
            {
                names.push(name);
                slots.push(self.feature_slot(feature));
            }
        }
        (names, slots)
    }

    fn look_up(&mut self, id: ResolverId, body: &'a SqlBody) -> Result<(), Letter> {
        let Some(statement) = self.project.statement(id) else {
            return Err(Letter::new(Code::Sql, "The statement was not parsed."));
        };
        let column_of = |feature: Option<FeatureId>| {
            statement.columns.iter().find(|(_, column)| Some(*column) == feature).map(|(name, _)| name.clone())
        };
        let key_column = column_of(self.graph().primary_key(self.entity));
        let time_column = column_of(self.graph().entity(self.entity).feature_time);
        let mut parameters = Vec::with_capacity(statement.parameters.len());
        let mut inputs: Vec<Slot> = Vec::new();
        for parameter in &statement.parameters {
            parameters.push(match &parameter.of {
                ParameterOf::Now => {
                    self.uses_time = true;
                    Argument::Now
                }
                ParameterOf::Since => Argument::Absent { default: Some(Value::Datetime(EVERYTHING)) },
                ParameterOf::Feature(path) => {
                    let slot = self.need_path(&path.steps, path.feature)?;
                    inputs.push(slot);
                    Argument::Slot { slot, optional: false, default: parameter.default.clone() }
                }
            });
        }
        if parameters.is_empty() || key_column.is_some() {
            inputs.extend(self.key_slot());
        }
        let is_singleton = self.graph().entity(self.entity).singleton;
        if parameters.is_empty() && !is_singleton && (key_column.is_none() || self.key_slot().is_none()) {
            return Err(self.no_key(id, key_column.is_some()));
        }
        self.uses_time |= time_column.is_some();
        let (columns, outputs) = self.claim_outputs(id);
        let lookup = Lookup { resolver: id, key_column, time_column, columns, parameters, count: body.count };
        self.pending.push(Pending::Stage(Stage { inputs, outputs, action: Action::Lookup(lookup) }));
        Ok(())
    }

    fn call_python(&mut self, id: ResolverId, body: &'a PythonBody) -> Result<(), Letter> {
        if body.frame && self.key_slot().is_none() {
            return Err(self.no_key(id, true));
        }
        let mut arguments = Vec::new();
        for parameter in &body.parameters {
            self.arguments(parameter, &mut arguments)?;
        }
        let mut inputs: Vec<Slot> = arguments.iter().filter_map(|(_, argument)| required(argument)).collect();
        if body.frame {
            inputs.extend(self.key_slot());
        }
        let time = self.graph().entity(self.entity).feature_time;
        let time = time.map(|id| self.graph().feature(id).name.clone()).filter(|name| body.outputs.contains(name));
        self.uses_time |= time.is_some() && body.parameters.is_empty();
        let (names, outputs) = self.claim_outputs(id);
        let key = self.graph().primary_key(self.entity).map(|key| self.graph().feature(key).name.clone());
        let call = PythonCall {
            resolver: id,
            arguments,
            outputs: names,
            frame: body.frame,
            max_batch_size: body.max_batch_size,
            one_to_one: body.one_to_one,
            key: key.unwrap_or_default(),
            time,
        };
        self.pending.push(Pending::Stage(Stage { inputs, outputs, action: Action::Python(call) }));
        Ok(())
    }

    fn arguments(&mut self, parameter: &'a Parameter, arguments: &mut Vec<(String, Argument)>) -> Result<(), Letter> {
        match &parameter.input {
            Input::Now => {
                self.uses_time = true;
                arguments.push((parameter.name.clone(), Argument::Now));
            }
            Input::Feature { entity, path, group } => {
                let slot = if group.is_empty() { self.need_text(entity, path) } else { self.need_group(path, group) };
                arguments.push((parameter.name.clone(), argument(parameter, slot)?));
            }
            Input::Last { entity, path } => {
                let last = self.graph().path(&format!("{entity}.{path}"))?.feature;
                let last = last.ok_or_else(|| Letter::new(Code::InvalidQuery, "The path names no feature."))?;
                let slot = self.need_last(last);
                arguments.push((parameter.name.clone(), argument(parameter, slot)?));
            }
            Input::HasMany { path, columns, filters, limit, .. } => {
                let slot = self.need_filtered_rows(path, columns, filters, *limit);
                arguments.push((parameter.name.clone(), argument(parameter, slot)?));
            }
            Input::Frame { entity, columns } => {
                for path in columns {
                    if path == "now" {
                        self.uses_time = true;
                        arguments.push(("__now__".to_owned(), Argument::Now));
                        continue;
                    }
                    let slot = self.need_text(entity, path)?;
                    let argument = Argument::Slot { slot, optional: self.slots[slot.0].nullable, default: None };
                    arguments.push((format!("{entity}.{path}"), argument));
                }
            }
        }
        Ok(())
    }

    /// A path from this entity, or from a singleton, which every resolver may read.
    fn need_text(&mut self, entity: &str, path: &str) -> Result<Slot, Letter> {
        let from = self.graph().namespace(entity).filter(|from| self.graph().entity(*from).singleton);
        let path = self.graph().member_path(from.unwrap_or(self.entity), path)?;
        match path.root == self.entity {
            true => self.need_path(&path.steps, path.feature),
            false => self.through_singleton(&path),
        }
    }

    /// One group of a `group_by_windowed` feature as an argument.
    fn need_group(&mut self, path: &str, group: &BTreeMap<String, Expression>) -> Result<Slot, Letter> {
        let Some(feature) = self.graph().member_path(self.entity, path)?.feature else {
            return Err(Letter::new(Code::InvalidQuery, "The path names no feature."));
        };
        let program = lower_group(self.graph(), self.entity, &row_of(path), feature, group)?;
        let (data_type, nullable) = (program.root.data_type.clone(), program.nullable);
        let (bound, inputs) = self.bind(&program)?;
        let label = self.graph().feature(feature).fqn.clone();
        let slot = self.add_slot(SlotInfo { feature: None, label, data_type, nullable, tainted: false });
        let stage = Stage { inputs, outputs: vec![slot], action: Action::Expression(bound) };
        self.pending.push(Pending::Stage(stage));
        Ok(slot)
    }

    /// Rows as an argument: the filters are those of an aggregate over the same rows, so they are lowered as one.
    fn need_filtered_rows(
        &mut self,
        path: &str,
        columns: &[String],
        filters: &[Expression],
        limit: Option<u64>,
    ) -> Result<Slot, Letter> {
        let rows = Expression::Rows { of: Box::new(chain(path)), items: Vec::new(), filters: filters.to_vec(), limit };
        let counted = Expression::Aggregate {
            of: Box::new(rows),
            function: "count".to_owned(),
            arguments: Vec::new(),
            options: BTreeMap::new(),
        };
        let program = lower(self.graph(), self.entity, &counted, None)?;
        let Some(ProgramInput::Aggregate(aggregate)) = program.inputs.first() else {
            return Err(Letter::new(Code::InvalidQuery, format!("`{path}` is not a has-many relationship.")));
        };
        if !aggregate.through.is_empty() {
            return Err(Letter::new(
                Code::InvalidQuery,
                format!("The rows `{path}` lie behind a has-one relationship."),
            )
            .fix("Read them through a feature of that entity."));
        }
        let relationship = aggregate.rows;
        let shape = self.filters_of(aggregate)?;
        let entity = match &self.graph().feature(relationship).kind {
            creta_model::graph::NodeKind::HasMany(related) => related.entity,
            _ => self.entity,
        };
        let mut wanted = Vec::with_capacity(columns.len());
        for column in columns {
            wanted.extend(self.graph().member_path(entity, column)?.feature);
        }
        self.rows_product(relationship, &wanted, shape)
    }
}

/// The row of the feature at the end of a path: `_.a.b` for `a.b.feature`.
pub(crate) fn row_of(path: &str) -> Expression {
    path.rsplit_once('.').map_or(Expression::This, |(row, _)| chain(row))
}

/// `a.b` as `_.a.b`.
fn chain(path: &str) -> Expression {
    path.split('.').fold(Expression::This, |of, name| Expression::Attribute { of: Box::new(of), name: name.to_owned() })
}

/// An input that nothing can produce is absent where the function can do without it; between several that could,
/// nobody chooses.
fn argument(parameter: &Parameter, slot: Result<Slot, Letter>) -> Result<Argument, Letter> {
    let forgiving = parameter.optional || parameter.default.is_some();
    match slot {
        Ok(slot) => Ok(Argument::Slot { slot, optional: forgiving, default: parameter.default.clone() }),
        Err(letter) if forgiving && letter.code != Code::AmbiguousResolver => {
            Ok(Argument::Absent { default: parameter.default.clone() })
        }
        Err(letter) => Err(letter),
    }
}

fn required(argument: &Argument) -> Option<Slot> {
    match argument {
        Argument::Slot { slot, .. } => Some(*slot),
        Argument::Now | Argument::Absent { .. } => None,
    }
}
