//! Draws what happens to a world: uploads, questions, training sets, in the order of time.

use super::definitions::{Drawn, Project};
use super::facts::{KEYS, key, value};
use super::{Act, Columns, Dice, EPOCH, HOUR, MINUTE};
use crate::oracle::Recompute;
use creta_model::{DataType, Value};
use std::collections::BTreeMap;

pub fn draw(dice: &mut Dice, project: &Project, count: usize) -> Vec<Act> {
    let mut at = EPOCH - 24 * HOUR;
    let mut steps = Vec::with_capacity(count);
    for _ in 0..count {
        at += *dice.pick(&[0, 5 * MINUTE, 30 * MINUTE, 3 * HOUR, 9 * HOUR]);
        let drawn = dice.pick(&project.entities);
        steps.extend(match dice.below(10) {
            0..=1 => upload(dice, drawn, at),
            2..=6 => ask(dice, project, drawn, at),
            _ => train(dice, project, drawn, at),
        });
    }
    steps
}

fn upload(dice: &mut Dice, drawn: &Drawn, now: i64) -> Option<Act> {
    if drawn.uploaded.is_empty() {
        return None;
    }
    let rows = 1 + dice.below(3);
    let name = |feature: &str| format!("{}.{feature}", drawn.namespace());
    let mut values = Columns::new();
    values.insert(name("id"), (0..rows).map(|_| key(dice, &drawn.key_type, KEYS)).collect());
    for (feature, data_type, nullable) in &drawn.uploaded {
        if dice.chance(75) {
            let mut cell = || if *nullable && dice.chance(25) { Value::Null } else { value(dice, data_type) };
            values.insert(name(feature), (0..rows).map(|_| cell()).collect());
        }
    }
    if drawn.has_time && dice.chance(70) {
        let mut instant = || now + *dice.pick(&[0, -30 * MINUTE, -9 * HOUR, 4_000_000, 6_000_000, 9 * HOUR]);
        values.insert(name("at"), (0..rows).map(|_| Value::Datetime(instant())).collect());
    }
    Some(Act::Upload { at: now, values })
}

fn ask(dice: &mut Dice, project: &Project, drawn: &Drawn, at: i64) -> Option<Act> {
    let outputs = outputs(dice, project, drawn, true);
    if outputs.is_empty() {
        return None;
    }
    let id = key(dice, &drawn.key_type, KEYS + 1);
    let mut given = BTreeMap::from([(format!("{}.id", drawn.namespace()), id)]);
    if let Some(column) = drawn.columns.first()
        && dice.chance(12)
    {
        given.insert(format!("{}.{}", drawn.namespace(), column.name), value(dice, &column.data_type));
    }
    let now = dice.chance(12).then(|| dice.instant());
    let mut staleness = BTreeMap::new();
    if dice.chance(20) {
        let feature = dice.pick(&outputs).clone();
        staleness.insert(feature, *dice.pick(&[0, 5 * MINUTE, HOUR]));
    }
    Some(Act::Ask { at, given, outputs, now, staleness })
}

fn train(dice: &mut Dice, project: &Project, drawn: &Drawn, now: i64) -> Option<Act> {
    let recompute = dice.below(3);
    let outputs = outputs(dice, project, drawn, recompute == 0);
    if outputs.is_empty() {
        return None;
    }
    let rows = 1 + dice.below(6);
    let keys = (0..rows).map(|_| key(dice, &drawn.key_type, KEYS + 1)).collect();
    let mut times: Vec<i64> = (0..rows).map(|_| dice.instant()).collect();
    times[0] = now;
    let own: Vec<String> = outputs.iter().filter(|output| output.matches('.').count() == 1).cloned().collect();
    let recompute = match recompute {
        0 => Recompute::Nothing,
        1 if !own.is_empty() => Recompute::Only(vec![dice.pick(&own).clone()]),
        _ => Recompute::Everything,
    };
    let given = Columns::from([(format!("{}.id", drawn.namespace()), keys)]);
    Some(Act::Train { given, times, outputs, recompute })
}

/// Paths from an entity to features, through at most two has-one relationships.
fn outputs(dice: &mut Dice, project: &Project, drawn: &Drawn, online: bool) -> Vec<String> {
    let mut outputs = Vec::new();
    for _ in 0..1 + dice.below(5) {
        let (mut path, mut here) = (drawn.namespace().to_owned(), drawn);
        while !here.ones.is_empty() && dice.chance(30) && path.matches('.').count() < 2 {
            let (one, other) = dice.pick(&here.ones);
            path = format!("{path}.{one}");
            here = &project.entities[*other];
        }
        let usable: Vec<&(String, DataType)> =
            here.answerable.iter().filter(|(name, _)| !(online && needs_offline(project, name))).collect();
        if !usable.is_empty() {
            outputs.push(format!("{path}.{}", dice.pick(&usable).0));
        }
    }
    outputs.sort();
    outputs.dedup();
    outputs
}

/// Anything derived may read an offline feature somewhere; a project with one is only asked for the rest online.
fn needs_offline(project: &Project, name: &str) -> bool {
    name.starts_with(['x', 'y', 'w']) && project.entities.iter().any(|drawn| !drawn.offline_only.is_empty())
}
