//! Draws Python resolvers: features of the row, of rows behind it, rows themselves; sometimes two for one feature.

use super::Dice;
use super::definitions::{Project, SECOND, attribute, call, finish_derived, resolver, scalar};
use creta_model::bundle::{FeatureKind, Input, Parameter, PythonBody, ResolverBody, ResolverKind};
use creta_model::{DataType, Expression, Value};
use std::collections::BTreeMap;

/// Tags of second resolvers.
const TAGS: [&[&str]; 5] = [&["feed"], &["feed"], &["feed:ais"], &["feed", "dry"], &[]];

pub(super) fn draw(dice: &mut Dice, project: &mut Project, number: usize, index: usize) {
    let own = &project.entities[number];
    let namespace = own.namespace().to_owned();
    let mut paths: Vec<String> = own.numbers();
    for (one, other) in &own.ones {
        paths.extend(project.entities[*other].numbers().iter().map(|name| format!("{one}.{name}")));
    }
    if paths.is_empty() {
        return;
    }
    let parameters = (0..1 + dice.below(2)).map(|position| Parameter {
        name: format!("p{position}"),
        input: Input::Feature { entity: namespace.clone(), path: dice.pick(&paths).clone(), group: BTreeMap::new() },
        optional: dice.chance(30),
        default: None,
    });
    let mut parameters: Vec<Parameter> = parameters.collect();
    for parameter in &mut parameters {
        if !parameter.optional && dice.chance(20) {
            parameter.default = Some(Value::Int(3));
        }
    }
    parameters.extend(rows(dice, project, number));
    let name = format!("y{index}");
    let mut declared = scalar(DataType::Int, dice.chance(60));
    finish_derived(dice, &mut declared);
    if declared.caching.max_staleness > 0 && dice.chance(25) {
        let input = Input::Last { entity: namespace.clone(), path: name.clone() };
        parameters.push(Parameter { name: "last".to_owned(), input, optional: dice.chance(80), default: None });
    }
    let drawn = &mut project.entities[number];
    drawn.add(&name, FeatureKind::Scalar(declared));
    drawn.answerable.push((name.clone(), DataType::Int));
    let body = |function: String| PythonBody {
        module: "world".to_owned(),
        function,
        entity: namespace.clone(),
        outputs: vec![name.clone()],
        frame: false,
        max_batch_size: None,
        one_to_one: false,
        code: None,
        parameters: parameters.clone(),
    };
    let kinds = [ResolverKind::Online, ResolverKind::Offline];
    let first = body(format!("{namespace}_{name}"));
    let kind = kinds[usize::from(dice.chance(15))];
    project.resolvers.push(resolver(format!("world.{namespace}_{name}"), kind, ResolverBody::Python(first)));
    if dice.chance(35) {
        let second = body(format!("{namespace}_{SECOND}_{name}"));
        let kind = *dice.pick(&kinds);
        let mut second = resolver(format!("world.{namespace}_{SECOND}_{name}"), kind, ResolverBody::Python(second));
        // Without a tag it is ambiguous with the first one, unless one of them is offline.
        second.metadata.tags = (*dice.pick(&TAGS)).iter().map(|tag| (*tag).to_owned()).collect();
        project.resolvers.push(second);
    }
}

/// The rows of a relationship, all or those with a positive column.
fn rows(dice: &mut Dice, project: &Project, number: usize) -> Option<Parameter> {
    let own = &project.entities[number];
    if own.manies.is_empty() || !dice.chance(30) {
        return None;
    }
    let (path, _) = dice.pick(&own.manies).clone();
    let positive = call(">", vec![attribute(Expression::This, "a"), Expression::Literal(Value::Int(0))]);
    let filters = if dice.chance(50) { vec![positive] } else { Vec::new() };
    let entity = own.namespace().to_owned();
    let input = Input::HasMany { entity, path, columns: vec!["a".to_owned()], filters, limit: None };
    Some(Parameter { name: "rows".to_owned(), input, optional: false, default: None })
}
