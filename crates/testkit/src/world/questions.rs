//! Draws what happens to a world: uploads, questions, training sets, in the order of time.

use super::definitions::{Drawn, Project};
use super::facts::{KEYS, given_rows, key, value};
use super::{Act, Columns, Dice, EPOCH, GRID, HOUR, MINUTE};
use crate::oracle::{Recompute, Terms};
use creta_model::Value;
use std::collections::BTreeMap;

pub fn draw(dice: &mut Dice, project: &Project, count: usize) -> Vec<Act> {
    let mut at = EPOCH - 24 * HOUR;
    let mut steps: Vec<Act> = Vec::with_capacity(count);
    let manner = Manner { supposes: dice.chance(40), foresees: dice.chance(40) };
    for _ in 0..count {
        at = later(dice, at);
        if let Some(again) = steps.last().and_then(|last| again(last, at)).filter(|_| dice.chance(30)) {
            steps.push(again);
            continue;
        }
        let kind = dice.below(11);
        let uploaded: Vec<&Drawn> = project.entities.iter().filter(|drawn| !drawn.uploaded.is_empty()).collect();
        let drawn = match kind {
            // What was uploaded is asked for too.
            0..=5 if !uploaded.is_empty() => *dice.pick(&uploaded),
            _ => dice.pick(&project.entities),
        };
        steps.extend(match kind {
            0..=3 => upload(dice, manner, drawn, at),
            4..=8 => ask(dice, manner, project, drawn, at),
            _ => train(dice, manner, project, drawn, at),
        });
    }
    steps
}

/// Now again, five minutes on, or some hours on: mostly on the grid that facts are on too, so that they meet.
fn later(dice: &mut Dice, at: i64) -> i64 {
    let line = (at - EPOCH).div_euclid(GRID) * GRID + EPOCH;
    *dice.pick(&[at, at + 5 * MINUTE, line + GRID, line + GRID, line + 2 * GRID, line + 3 * GRID])
}

/// Whether a world's questions suppose values, and whether its uploads are dated in the future: history remembers both,
/// the online store neither (decisions 2 and 4).
#[derive(Clone, Copy)]
struct Manner {
    supposes: bool,
    foresees: bool,
}

/// The same question once more.
fn again(act: &Act, at: i64) -> Option<Act> {
    match act {
        Act::Ask { given, outputs, terms, .. } => {
            Some(Act::Ask { at, given: given.clone(), outputs: outputs.clone(), now: None, terms: terms.clone() })
        }
        _ => None,
    }
}

fn upload(dice: &mut Dice, manner: Manner, drawn: &Drawn, now: i64) -> Option<Act> {
    if drawn.uploaded.is_empty() {
        return None;
    }
    let rows = 1 + dice.below(4);
    let name = |feature: &str| format!("{}.{feature}", drawn.namespace());
    let mut values = Columns::new();
    values.insert(name("id"), (0..rows).map(|_| key(dice, &drawn.key_type, KEYS)).collect());
    for (feature, data_type, nullable) in &drawn.uploaded {
        if dice.chance(75) {
            let mut cell = || if *nullable && dice.chance(25) { Value::Null } else { value(dice, data_type) };
            values.insert(name(feature), (0..rows).map(|_| cell()).collect());
        }
    }
    if drawn.has_time && dice.chance(90) {
        let ages = [0, -30 * MINUTE, -2 * HOUR, -4 * HOUR, -9 * HOUR, 4_000_000, 6_000_000, 9 * HOUR];
        let ages = if manner.foresees { &ages[..] } else { &ages[..6] };
        let mut instant = || now + *dice.pick(ages);
        values.insert(name("at"), (0..rows).map(|_| Value::Datetime(instant())).collect());
    }
    Some(Act::Upload { at: now, values })
}

fn ask(dice: &mut Dice, manner: Manner, project: &Project, drawn: &Drawn, at: i64) -> Option<Act> {
    let outputs = outputs(dice, project, drawn);
    if outputs.is_empty() {
        return None;
    }
    let id = key(dice, &drawn.key_type, KEYS + 1);
    let mut given = BTreeMap::from([(format!("{}.id", drawn.namespace()), id)]);
    if let Some(column) = drawn.columns.first()
        && manner.supposes
        && dice.chance(25)
    {
        given.insert(format!("{}.{}", drawn.namespace(), column.name), value(dice, &column.data_type));
    }
    if let Some((name, rows)) = related(dice, manner, project, drawn, 1) {
        given.extend(rows.into_iter().map(|rows| (name.clone(), rows)));
    }
    let now = dice.chance(12).then(|| dice.instant());
    let mut staleness = BTreeMap::new();
    if dice.chance(20) {
        let feature = dice.pick(&outputs).clone();
        staleness.insert(feature, *dice.pick(&[0, 5 * MINUTE, HOUR]));
    }
    let terms = Terms { staleness, ..tags(dice) };
    Some(Act::Ask { at, given, outputs, now, terms })
}

/// Rows behind a relationship that the caller gives, one list per row of the question.
fn related(
    dice: &mut Dice,
    manner: Manner,
    project: &Project,
    drawn: &Drawn,
    parents: usize,
) -> Option<(String, Vec<Value>)> {
    if !manner.supposes || drawn.manies.is_empty() || dice.chance(60) {
        return None;
    }
    let (many, number) = dice.pick(&drawn.manies).clone();
    Some((format!("{}.{many}", drawn.namespace()), given_rows(dice, project, number, parents)))
}

fn train(dice: &mut Dice, manner: Manner, project: &Project, drawn: &Drawn, now: i64) -> Option<Act> {
    let recompute = dice.below(3);
    let outputs = outputs(dice, project, drawn);
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
    let mut given = Columns::from([(format!("{}.id", drawn.namespace()), keys)]);
    given.extend(related(dice, manner, project, drawn, rows));
    Some(Act::Train { given, times, outputs, recompute, terms: tags(dice) })
}

/// Tags of a question; most have none.
fn tags(dice: &mut Dice) -> Terms {
    let given: &[&str] = match dice.below(100) {
        0..70 => &[],
        70..80 => &["feed"],
        80..90 => &["feed:ais"],
        _ => &["feed", "dry"],
    };
    let owned = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect();
    let required: &[&str] = if given.is_empty() || dice.chance(85) { &[] } else { &["feed"] };
    Terms { tags: owned(given), required_resolver_tags: owned(required), ..Terms::default() }
}

/// Paths from an entity to features, through at most two has-one relationships.
fn outputs(dice: &mut Dice, project: &Project, drawn: &Drawn) -> Vec<String> {
    let mut outputs = Vec::new();
    for _ in 0..2 + dice.below(5) {
        let (mut path, mut here) = (drawn.namespace().to_owned(), drawn);
        while !here.ones.is_empty() && dice.chance(30) && path.matches('.').count() < 2 {
            let (one, other) = dice.pick(&here.ones);
            path = format!("{path}.{one}");
            here = &project.entities[*other];
        }
        if !here.answerable.is_empty() {
            outputs.push(format!("{path}.{}", dice.pick(&here.answerable).0));
        }
    }
    if dice.chance(30) {
        outputs.extend(drawn.uploaded.iter().map(|(name, ..)| format!("{}.{name}", drawn.namespace())));
    }
    outputs.sort();
    outputs.dedup();
    outputs
}
