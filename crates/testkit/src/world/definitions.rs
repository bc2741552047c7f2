//! Draws entities, relationships, expressions, windows and Python resolvers.

use super::{DAY, Dice, HOUR, MINUTE, Size, python, relationships, windows};
use creta_model::bundle::{
    CachePolicy, Caching, Count, DuplicateOutputs, Entity, FORMAT, Feature, FeatureKind, Input, Metadata, Resolver,
    ResolverBody, ResolverKind, Scalar, Source, SourceKind, SqlBody, Validation,
};
use creta_model::errors::Place;
use creta_model::{Bundle, DataType, Expression, Value};
use std::collections::BTreeMap;

/// Name of the only source.
pub const SOURCE: &str = "facts";
/// Part of the name of a feature's second resolver.
pub const SECOND: &str = "second";
const FOREVER: i64 = 36_500 * DAY;

/// What was drawn, in a form that facts and questions can be drawn from.
pub struct Project {
    pub entities: Vec<Drawn>,
    pub(super) resolvers: Vec<Resolver>,
}

/// An entity and what its features are for.
pub struct Drawn {
    pub entity: Entity,
    pub key_type: DataType,
    pub has_time: bool,
    /// Columns that its SQL resolver returns besides the key, with types and whether nulls occur; none without one.
    pub columns: Vec<Column>,
    /// Entities that has-one relationships lead to, by name.
    pub ones: Vec<(String, usize)>,
    /// The same for has-many relationships.
    pub manies: Vec<(String, usize)>,
    /// Features that questions may ask for: name and type.
    pub answerable: Vec<(String, DataType)>,
    /// Features that uploads may set.
    pub uploaded: Vec<(String, DataType, bool)>,
}

#[derive(Clone)]
pub struct Column {
    pub name: String,
    pub data_type: DataType,
    pub nullable: bool,
    /// The entity whose keys it holds.
    pub refers_to: Option<usize>,
}

impl Drawn {
    pub fn namespace(&self) -> &str {
        &self.entity.namespace
    }

    pub(super) fn add(&mut self, name: &str, kind: FeatureKind) {
        self.add_version(name, None, kind);
    }

    /// One of two versions, with the one that the bare name means.
    fn add_version(&mut self, name: &str, version: Option<(u32, u32)>, kind: FeatureKind) {
        self.entity.features.push(Feature {
            name: name.to_owned(),
            version: version.map(|(version, _)| version),
            default_version: version.map(|(_, default)| default),
            kind,
            metadata: Metadata::default(),
            place: place(),
        });
    }

    pub(super) fn numbers(&self) -> Vec<String> {
        let is_number = |(_, data_type): &&(String, DataType)| matches!(data_type, DataType::Int | DataType::Float);
        self.answerable.iter().filter(is_number).map(|(name, _)| name.clone()).collect()
    }

    fn type_of(&self, name: &str) -> DataType {
        let found = self.answerable.iter().find(|(known, _)| known == name);
        found.map_or(DataType::Int, |(_, data_type)| data_type.clone())
    }
}

impl Project {
    /// Nothing is cached and everything may run online.
    fn forget_stores(&mut self) {
        for feature in self.entities.iter_mut().flat_map(|drawn| &mut drawn.entity.features) {
            match &mut feature.kind {
                FeatureKind::Scalar(scalar) => scalar.caching = Caching::default(),
                FeatureKind::Windowed(windowed) => windowed.scalar.caching = Caching::default(),
                FeatureKind::HasOne(_) | FeatureKind::HasMany(_) => {}
            }
        }
        for resolver in &mut self.resolvers {
            resolver.kind = ResolverKind::Online;
            if let ResolverBody::Python(body) = &mut resolver.body {
                body.parameters.retain(|parameter| !matches!(parameter.input, Input::Last { .. }));
            }
        }
    }

    pub fn bundle(&self) -> Bundle {
        Bundle {
            format: FORMAT,
            project: "world".to_owned(),
            archive: None,
            entities: self.entities.iter().map(|drawn| drawn.entity.clone()).collect(),
            resolvers: self.resolvers.clone(),
            sources: vec![Source {
                name: SOURCE.to_owned(),
                kind: SourceKind::Sqlite { path: "facts.db".to_owned() },
                place: place(),
            }],
            named_queries: Vec::new(),
            metadata_rules: Vec::new(),
        }
    }
}

pub fn draw(dice: &mut Dice, size: Size, is_time_stamped: bool) -> Project {
    let count = 1 + dice.below(size.entities);
    let mut project = Project { entities: Vec::new(), resolvers: Vec::new() };
    for number in 0..count {
        let drawn = draw_entity(dice, number, &project.entities, is_time_stamped);
        project.entities.push(drawn);
    }
    for number in 0..count {
        relationships::draw(dice, &mut project, number);
    }
    for number in 0..count {
        derive(dice, &mut project, number);
    }
    let listed = project.entities.iter().enumerate().filter(|(_, drawn)| !drawn.columns.is_empty());
    let sql: Vec<Resolver> = listed.map(|(number, drawn)| sql_resolver(dice, number, drawn)).collect();
    project.resolvers.extend(sql);
    if is_time_stamped {
        project.forget_stores();
    }
    project
}

fn place() -> Place {
    Place { file: "world.py".to_owned(), line: 1 }
}

pub(super) fn scalar(data_type: DataType, nullable: bool) -> Scalar {
    Scalar {
        data_type,
        nullable,
        expression: None,
        offline_expression: None,
        default: None,
        caching: Caching::default(),
        validations: Vec::new(),
    }
}

fn draw_entity(dice: &mut Dice, number: usize, earlier: &[Drawn], is_time_stamped: bool) -> Drawn {
    let key_type = if dice.chance(70) { DataType::Int } else { DataType::Str };
    let has_time = is_time_stamped || dice.chance(55);
    let entity = Entity {
        namespace: format!("e{number}"),
        class: format!("E{number}"),
        singleton: false,
        primary_key: Some("id".to_owned()),
        feature_time: has_time.then(|| "at".to_owned()),
        features: Vec::new(),
        metadata: Metadata::default(),
        place: place(),
    };
    let (columns, ones, manies, answerable, uploaded) = Default::default();
    let mut drawn = Drawn { entity, key_type, has_time, columns, ones, manies, answerable, uploaded };
    drawn.add("id", FeatureKind::Scalar(scalar(drawn.key_type.clone(), false)));
    if has_time {
        drawn.add("at", FeatureKind::Scalar(scalar(DataType::Datetime, false)));
    }
    if number == 0 || is_time_stamped || dice.chance(85) {
        draw_columns(dice, &mut drawn, earlier);
    }
    if !is_time_stamped && (dice.chance(50) || drawn.columns.is_empty()) {
        draw_uploaded(dice, &mut drawn);
    }
    drawn
}

fn draw_columns(dice: &mut Dice, drawn: &mut Drawn, earlier: &[Drawn]) {
    for (name, data_type) in [("a", DataType::Int), ("b", DataType::Float), ("c", DataType::Str), ("d", DataType::Bool)]
    {
        if name == "a" || dice.chance(60) {
            let nullable = dice.chance(60);
            let mut declared = scalar(data_type.clone(), nullable || dice.chance(20));
            if dice.chance(20) {
                declared.default = Some(sample(&data_type));
            }
            if dice.chance(35) {
                declared.caching.max_staleness = *dice.pick(&[3 * HOUR, 3 * HOUR, DAY, FOREVER]);
            }
            let column = Column { name: name.to_owned(), data_type: data_type.clone(), nullable, refers_to: None };
            drawn.columns.push(column);
            drawn.add(name, FeatureKind::Scalar(declared));
            drawn.answerable.push((name.to_owned(), data_type));
        }
    }
    for (other, target) in earlier.iter().enumerate() {
        if dice.chance(70) {
            let name = format!("f{other}");
            let nullable = dice.chance(50);
            drawn.add(&name, FeatureKind::Scalar(scalar(target.key_type.clone(), nullable)));
            let data_type = target.key_type.clone();
            drawn.columns.push(Column { name, data_type, nullable, refers_to: Some(other) });
        }
    }
}

fn sample(data_type: &DataType) -> Value {
    match data_type {
        DataType::Float => Value::Float(0.5),
        DataType::Str => Value::Str("default".to_owned()),
        DataType::Bool => Value::Bool(true),
        _ => Value::Int(-1),
    }
}

/// Features that only uploads fill.
fn draw_uploaded(dice: &mut Dice, drawn: &mut Drawn) {
    for name in ["u", "v"] {
        if dice.chance(70) {
            let nullable = dice.chance(60);
            let mut declared = scalar(DataType::Int, nullable);
            declared.caching.max_staleness = *dice.pick(&[3 * HOUR, DAY, FOREVER]);
            declared.caching.nulls = if nullable { nulls(dice) } else { CachePolicy::Write };
            if dice.chance(30) {
                declared.default = Some(Value::Int(-2));
            }
            if dice.chance(20) {
                declared.caching.offline_ttl = Some(DAY);
            }
            let default = 1 + u32::from(dice.chance(50));
            let versions = if dice.chance(25) { &[Some((1, default)), Some((2, default))][..] } else { &[None][..] };
            for version in versions {
                drawn.add_version(name, *version, FeatureKind::Scalar(declared.clone()));
                let name = version.map_or(name.to_owned(), |(version, _)| format!("{name}@{version}"));
                drawn.answerable.push((name.clone(), DataType::Int));
                drawn.uploaded.push((name, DataType::Int, nullable));
            }
            if versions.len() > 1 {
                drawn.answerable.push((name.to_owned(), DataType::Int));
            }
        }
    }
}

fn nulls(dice: &mut Dice) -> CachePolicy {
    *dice.pick(&[CachePolicy::Write, CachePolicy::Write, CachePolicy::Skip, CachePolicy::Evict])
}

/// Expressions, windows and Python resolvers over what is there.
fn derive(dice: &mut Dice, project: &mut Project, number: usize) {
    for index in 0..1 + dice.below(3) {
        if let Some((expression, data_type)) = expression(dice, project, number) {
            let mut declared = scalar(data_type.clone(), dice.chance(75));
            declared.expression = Some(expression);
            finish_derived(dice, &mut declared);
            let name = format!("x{index}");
            project.entities[number].add(&name, FeatureKind::Scalar(declared));
            project.entities[number].answerable.push((name, data_type));
        }
    }
    let timed = project.entities[number].manies.iter().find(|(_, child)| project.entities[*child].has_time).cloned();
    if let Some(rows) = timed.filter(|_| dice.chance(90)) {
        windows::draw(dice, project, number, &rows);
    }
    for index in 0..dice.below(3) {
        python::draw(dice, project, number, index);
    }
}

pub(super) fn finish_derived(dice: &mut Dice, declared: &mut Scalar) {
    declared.caching.max_staleness = *dice.pick(&[0, 0, 10 * MINUTE, 2 * HOUR, FOREVER]);
    if declared.nullable && declared.caching.max_staleness > 0 {
        declared.caching.nulls = nulls(dice);
    }
    if declared.data_type == DataType::Int && dice.chance(20) {
        let validation =
            Validation { min: Some(-3.0), max: Some(20.0), strict: dice.chance(60), ..Validation::default() };
        declared.validations.push(validation);
    }
    if dice.chance(25) {
        declared.default = Some(sample(&declared.data_type));
    }
}

pub(super) fn attribute(of: Expression, name: &str) -> Expression {
    Expression::Attribute { of: Box::new(of), name: name.to_owned() }
}

pub(super) fn call(function: &str, arguments: Vec<Expression>) -> Expression {
    Expression::Call { function: function.to_owned(), arguments, options: BTreeMap::new() }
}

fn expression(dice: &mut Dice, project: &Project, number: usize) -> Option<(Expression, DataType)> {
    let own = &project.entities[number];
    match dice.below(4) {
        0 if !own.manies.is_empty() => {
            let rows = dice.pick(&own.manies);
            Some(aggregate(dice, project, number, rows, &[]))
        }
        1 if !own.ones.is_empty() => {
            let (one, other) = dice.pick(&own.ones).clone();
            let names = project.entities[other].numbers();
            let name = (!names.is_empty()).then(|| dice.pick(&names).clone())?;
            let data_type = project.entities[other].type_of(&name);
            Some((attribute(attribute(Expression::This, &one), &name), data_type))
        }
        2 if own.numbers().len() > 1 => {
            let names = own.numbers();
            let (left, right) = (dice.pick(&names).clone(), dice.pick(&names).clone());
            let function = *dice.pick(&["<", ">=", "=="]);
            let operands = vec![attribute(Expression::This, &left), attribute(Expression::This, &right)];
            Some((call(function, operands), DataType::Bool))
        }
        _ => arithmetic(dice, own),
    }
}

fn arithmetic(dice: &mut Dice, own: &Drawn) -> Option<(Expression, DataType)> {
    let names = own.numbers();
    let left = (!names.is_empty()).then(|| dice.pick(&names).clone())?;
    let right = dice.pick(&names).clone();
    let function = *dice.pick(&["+", "-", "*", "/", "//", "%"]);
    let is_float = function == "/" || [&left, &right].iter().any(|name| own.type_of(name) == DataType::Float);
    let operands = vec![attribute(Expression::This, &left), attribute(Expression::This, &right)];
    let (computed, data_type) = (call(function, operands), if is_float { DataType::Float } else { DataType::Int });
    let alike: Vec<&String> = names.iter().filter(|name| own.type_of(name) == data_type).collect();
    if !alike.is_empty() && dice.chance(25) {
        let other = attribute(Expression::This, dice.pick::<&String>(&alike));
        return Some((call("recover", vec![computed, other]), data_type));
    }
    Some((computed, data_type))
}

/// An aggregate over the rows of a relationship, with the given bounds and sometimes a filter.
pub(super) fn aggregate(
    dice: &mut Dice,
    project: &Project,
    number: usize,
    (name, child): &(String, usize),
    bounds: &[Expression],
) -> (Expression, DataType) {
    let drawn = &project.entities[*child];
    let rows = attribute(Expression::This, name);
    let mut items = bounds.to_vec();
    if dice.chance(30) {
        items.push(call(
            ">",
            vec![attribute(Expression::This, "a"), Expression::Literal(Value::Int(dice.between(-2, 4)))],
        ));
    }
    if let Some((one, other)) = drawn.ones.iter().find(|(_, other)| *other != number)
        && !project.entities[*other].columns.is_empty()
        && dice.chance(25)
    {
        let path = attribute(attribute(Expression::This, one), "a");
        items.push(call(">=", vec![path, Expression::Literal(Value::Int(0))]));
    }
    let function = *dice.pick(&["sum", "count", "mean", "min", "max", "max_by", "min_by", "std"]);
    let data_type = match function {
        "mean" | "std" => DataType::Float,
        _ => DataType::Int,
    };
    let mut arguments = Vec::new();
    if function != "count" {
        items.insert(0, attribute(Expression::This, "a"));
    }
    if matches!(function, "max_by" | "min_by") {
        let by = if drawn.has_time && dice.chance(50) { "at" } else { "a" };
        arguments.push(attribute(Expression::This, by));
    }
    let rows = Expression::Rows { of: Box::new(rows), items, filters: Vec::new(), limit: None };
    let of = Box::new(rows);
    (Expression::Aggregate { of, function: function.to_owned(), arguments, options: BTreeMap::new() }, data_type)
}

pub(super) fn resolver(name: String, kind: ResolverKind, body: ResolverBody) -> Resolver {
    let (environments, unique_on, handle_duplicate_outputs, metadata) = Default::default();
    Resolver {
        name,
        kind,
        body,
        environments,
        unique_on,
        total: false,
        handle_duplicate_outputs,
        timeout: None,
        metadata,
        place: place(),
    }
}

fn sql_resolver(dice: &mut Dice, number: usize, drawn: &Drawn) -> Resolver {
    let mut names = vec!["id".to_owned()];
    names.extend(drawn.columns.iter().map(|column| column.name.clone()));
    names.extend(drawn.has_time.then(|| "at".to_owned()));
    let body = SqlBody {
        source: SOURCE.to_owned(),
        resolves: drawn.entity.class.clone(),
        text: format!("select {} from t{number} order by position", names.join(", ")),
        count: Count::All,
        incremental: None,
        fields: BTreeMap::new(),
    };
    let mut lists = resolver(format!("list_e{number}"), ResolverKind::Online, ResolverBody::Sql(body));
    if dice.chance(8) {
        lists.handle_duplicate_outputs = DuplicateOutputs::Error;
    }
    lists
}
