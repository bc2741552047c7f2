//! The one check of a bundle, the same for apply, lint and diff (decision 25): a sound [`Project`], or every fault.

use crate::build::row_of;
use crate::metadata_rules;
use crate::project::{Project, Statement};
use crate::sql;
use creta_expr::{Program, lower, lower_group};
use creta_model::bundle::{Input, PythonBody, Resolver, ResolverBody};
use creta_model::errors::nearest;
use creta_model::graph::FeatureNode;
use creta_model::{Bundle, Code, Expression, FeatureId, Graph, Letter, ResolverId};
use std::collections::{BTreeMap, HashMap};

/// Checks names, keys, joins, expressions, statements, named queries and required metadata. Errors: all of them, each with its place.
pub fn check(bundle: &Bundle) -> Result<Project, Vec<Letter>> {
    let graph = Graph::build(bundle)?;
    let mut checker = Checker { graph: &graph, faults: Vec::new() };
    let programs = checker.programs(|scalar| scalar.expression.as_ref());
    let offline_programs = checker.programs(|scalar| scalar.offline_expression.as_ref());
    let statements = checker.statements();
    let python = checker.python();
    checker.unique_on(&statements, &python);
    checker.defaults();
    checker.named_queries();
    checker.faults.extend(metadata_rules::faults(bundle));
    if !checker.faults.is_empty() {
        return Err(checker.faults);
    }
    let mut project = Project { graph, programs, offline_programs, statements, python, producers: HashMap::new() };
    project.producers = producers(&project);
    Ok(project)
}

fn producers(project: &Project) -> HashMap<FeatureId, Vec<ResolverId>> {
    let mut producers: HashMap<FeatureId, Vec<ResolverId>> = HashMap::new();
    for (id, _) in Project::resolver_ids(&project.graph) {
        for (_, feature) in project.outputs(id) {
            producers.entry(feature).or_default().push(id);
        }
    }
    producers
}

struct Checker<'a> {
    graph: &'a Graph,
    faults: Vec<Letter>,
}

impl<'a> Checker<'a> {
    fn programs(
        &mut self,
        expression: impl Fn(&'a creta_model::graph::ScalarNode) -> Option<&'a Expression>,
    ) -> HashMap<FeatureId, Program> {
        let mut programs = HashMap::new();
        for node in &self.graph.features {
            let Some(scalar) = self.graph.scalar(node.id) else { continue };
            let Some(expression) = expression(scalar) else { continue };
            match lower_feature(self.graph, node, scalar, expression) {
                Ok(program) => drop(programs.insert(node.id, program)),
                Err(letter) => self.fault(letter.feature(&node.fqn), &node.place),
            }
        }
        programs
    }

    fn fault(&mut self, mut letter: Letter, place: &creta_model::Place) {
        letter.place.get_or_insert_with(|| place.clone());
        // Windows share one declaration, so one mistake would otherwise be told once per window.
        let told = self.faults.iter().any(|fault| fault.message == letter.message && fault.place == letter.place);
        if !told {
            self.faults.push(letter);
        }
    }

    fn statements(&mut self) -> HashMap<ResolverId, Statement> {
        let mut statements = HashMap::new();
        for (id, resolver) in Project::resolver_ids(self.graph) {
            let ResolverBody::Sql(body) = &resolver.body else { continue };
            match sql::parse(self.graph, body) {
                Ok(statement) => drop(statements.insert(id, statement)),
                Err(letters) => {
                    for letter in letters {
                        self.fault(letter.resolver(&resolver.name), &resolver.place);
                    }
                }
            }
        }
        statements
    }

    fn python(&mut self) -> HashMap<ResolverId, Vec<FeatureId>> {
        let mut outputs = HashMap::new();
        for (id, resolver) in Project::resolver_ids(self.graph) {
            let ResolverBody::Python(body) = &resolver.body else { continue };
            if let Some(found) = self.python_outputs(resolver, body) {
                outputs.insert(id, found);
            }
            self.parameters(resolver, body);
        }
        outputs
    }

    fn python_outputs(&mut self, resolver: &Resolver, body: &PythonBody) -> Option<Vec<FeatureId>> {
        let Some(entity) = self.graph.namespace(&body.entity) else {
            let known = self.graph.entities.iter().map(|entity| entity.namespace.as_str());
            let near = nearest(&body.entity, known).map(|near| format!(" Did you mean `{near}`?")).unwrap_or_default();
            let message = format!("The resolver's outputs are of the unknown namespace `{}`.{near}", body.entity);
            self.fault(Letter::new(Code::UnknownFeature, message).resolver(&resolver.name), &resolver.place);
            return None;
        };
        let mut features = Vec::with_capacity(body.outputs.len());
        for name in &body.outputs {
            match self.graph.member_path(entity, name) {
                Ok(path) => features.extend(path.feature),
                Err(letter) => self.fault(letter.resolver(&resolver.name), &resolver.place),
            }
        }
        Some(features)
    }

    fn parameters(&mut self, resolver: &Resolver, body: &PythonBody) {
        for parameter in &body.parameters {
            self.last(resolver, &parameter.input);
            let (entity, paths): (&String, Vec<&String>) = match &parameter.input {
                Input::Now => continue,
                Input::Feature { entity, path, .. } | Input::Last { entity, path } => (entity, vec![path]),
                Input::HasMany { entity, path, .. } => (entity, vec![path]),
                Input::Frame { entity, columns } => (entity, columns.iter().filter(|path| *path != "now").collect()),
            };
            if let Input::Feature { entity, path, group } = &parameter.input
                && let Err(letter) = checked_group(self.graph, entity, path, group)
            {
                self.fault(letter.resolver(&resolver.name), &resolver.place);
                continue;
            }
            for path in paths {
                if let Err(letter) = self.graph.path(&format!("{entity}.{path}")) {
                    self.fault(letter.resolver(&resolver.name), &resolver.place);
                }
            }
        }
    }

    /// Without a place in both stores an application would get another answer than a training set.
    fn last(&mut self, resolver: &Resolver, input: &Input) {
        let Input::Last { entity, path } = input else { return };
        let fqn = format!("{entity}.{path}");
        let scalar = self.graph.by_fqn(&fqn).and_then(|feature| self.graph.scalar(feature));
        let caching = scalar.map(|scalar| &scalar.caching);
        if caching.is_some_and(|caching| caching.max_staleness == 0 || !caching.store_online || !caching.store_offline)
        {
            let message = format!("`Last[{fqn}]` reads a feature that is not stored.");
            let letter = Letter::new(Code::InvalidDefinition, message).feature(&fqn).resolver(&resolver.name);
            self.fault(
                letter.fix("Give the feature a `max_staleness`, and store it online and offline."),
                &resolver.place,
            );
        }
    }

    /// Framework §6.5: `unique_on` names features that the resolver produces.
    fn unique_on(&mut self, statements: &HashMap<ResolverId, Statement>, python: &HashMap<ResolverId, Vec<FeatureId>>) {
        for (id, resolver) in Project::resolver_ids(self.graph) {
            let columns = statements.get(&id).into_iter().flat_map(|statement| &statement.columns);
            let produced = columns.map(|(_, feature)| feature).chain(python.get(&id).into_iter().flatten());
            let outputs: Vec<&str> = produced.map(|feature| self.graph.feature(*feature).name.as_str()).collect();
            for name in resolver.unique_on.iter().filter(|name| !outputs.contains(&name.as_str())) {
                let near = nearest(name, outputs.iter().copied()).map(|near| format!("Did you mean `{near}`?"));
                let message = format!("`unique_on` names `{name}`, which the resolver does not produce.");
                let letter = Letter::new(Code::UnknownFeature, message).resolver(&resolver.name);
                let fix = near.unwrap_or_else(|| format!("It produces {}.", outputs.join(", ")));
                self.fault(letter.fix(fix), &resolver.place);
            }
        }
    }

    fn defaults(&mut self) {
        for node in &self.graph.features {
            let Some(scalar) = self.graph.scalar(node.id) else { continue };
            let Some(default) = &scalar.default else { continue };
            if !fits(default, &scalar.data_type, scalar.nullable) {
                let message = format!("The default of `{}` is not {}.", node.fqn, scalar.data_type);
                self.fault(Letter::new(Code::TypeMismatch, message).feature(&node.fqn), &node.place);
            }
        }
    }

    fn named_queries(&mut self) {
        for query in &self.graph.named_queries {
            for path in query.input.iter().chain(&query.output) {
                let windowed = path.split_once('.').and_then(|(namespace, name)| {
                    self.graph.namespace(namespace).and_then(|entity| self.graph.windows(entity, name))
                });
                if windowed.is_none()
                    && self.graph.namespace(path).is_none()
                    && let Err(letter) = self.graph.path(path)
                {
                    self.fault(letter, &query.place);
                }
            }
        }
    }
}

/// A parameter that reads a grouped feature chooses a group of it, by columns and values of fitting types.
fn checked_group(graph: &Graph, entity: &str, path: &str, group: &BTreeMap<String, Expression>) -> Result<(), Letter> {
    let (Some(root), Ok(found)) = (graph.namespace(entity), graph.path(&format!("{entity}.{path}"))) else {
        return Ok(());
    };
    let Some(feature) = found.feature else { return Ok(()) };
    match group.is_empty() {
        true => graph.ungrouped(feature),
        false => lower_group(graph, root, &row_of(path), feature, group).map(drop),
    }
}

fn lower_feature(
    graph: &Graph,
    node: &FeatureNode,
    scalar: &creta_model::graph::ScalarNode,
    expression: &Expression,
) -> Result<Program, Letter> {
    let program = lower(graph, node.entity, expression, scalar.window)?;
    creta_expr::lower::check_assignable(&program, &scalar.data_type)?;
    Ok(program)
}

fn fits(value: &creta_model::Value, data_type: &creta_model::DataType, nullable: bool) -> bool {
    use creta_model::{DataType, Value};
    match (value, data_type) {
        (Value::Null, _) => nullable,
        (Value::Bool(_), DataType::Bool)
        | (Value::Int(_), DataType::Int | DataType::Float)
        | (Value::Float(_), DataType::Float)
        | (Value::Str(_), DataType::Str)
        | (Value::Bytes(_), DataType::Bytes)
        | (Value::Datetime(_), DataType::Datetime)
        | (Value::Date(_), DataType::Date)
        | (Value::Time(_), DataType::Time)
        | (Value::Timedelta(_), DataType::Timedelta) => true,
        (Value::List(items), DataType::List(item)) => items.iter().all(|value| fits(value, item, true)),
        (Value::List(items), DataType::Vector(size)) => usize::try_from(*size) == Ok(items.len()),
        (Value::Map(pairs), DataType::Map(key, item)) => {
            pairs.iter().all(|(name, value)| fits(name, key, false) && fits(value, item, true))
        }
        (Value::Struct(values), DataType::Struct(fields)) => {
            values.len() == fields.len()
                && values.iter().zip(fields).all(|(value, field)| fits(value, &field.data_type, field.nullable))
        }
        _ => false,
    }
}
