//! Draws has-one and has-many relationships: over foreign keys, over a plain column, over two columns.

use super::Dice;
use super::definitions::Project;
use creta_model::bundle::{FeatureKind, JoinPair, Relationship};

/// Has-one relationships over the foreign keys, has-many ones back, joins over a plain column.
pub(super) fn draw(dice: &mut Dice, project: &mut Project, number: usize) {
    let columns = project.entities[number].columns.clone();
    for column in columns {
        let Some(other) = column.refers_to else { continue };
        let one = format!("one{other}");
        let entity = project.entities[other].namespace().to_owned();
        let optional = dice.chance(60);
        let related = Relationship { entity, optional, on: vec![pair(&column.name, "id")] };
        project.entities[number].add(&one, FeatureKind::HasOne(related));
        project.entities[number].ones.push((one, other));
        let back = Relationship {
            entity: project.entities[number].namespace().to_owned(),
            optional: false,
            on: vec![pair("id", &column.name)],
        };
        let many = format!("many{number}");
        project.entities[other].add(&many, FeatureKind::HasMany(back));
        project.entities[other].manies.push((many, number));
    }
    if number > 0 && dice.chance(40) {
        let other = dice.below(number);
        if !project.entities[other].columns.is_empty() && !project.entities[number].columns.is_empty() {
            let on = vec![pair("a", "a")];
            let entity = project.entities[other].namespace().to_owned();
            let same = format!("same{other}");
            project.entities[number]
                .add(&same, FeatureKind::HasOne(Relationship { entity, optional: dice.chance(70), on }));
            project.entities[number].ones.push((same, other));
        }
    }
    if number > 0 && dice.chance(50) {
        let other = dice.below(number);
        composite(dice, project, number, other);
    }
}

/// Joins over two columns, both ways.
fn composite(dice: &mut Dice, project: &mut Project, number: usize, other: usize) {
    let has_flag = |entity: usize| project.entities[entity].columns.iter().any(|column| column.name == "d");
    if !has_flag(number) || !has_flag(other) {
        return;
    }
    let on = || vec![pair("a", "a"), pair("d", "d")];
    let [own, theirs] = [number, other].map(|entity| project.entities[entity].namespace().to_owned());
    let (twin, twins) = (format!("twin{other}"), format!("twins{number}"));
    let one = Relationship { entity: theirs, optional: dice.chance(70), on: on() };
    project.entities[number].add(&twin, FeatureKind::HasOne(one));
    project.entities[number].ones.push((twin, other));
    let many = Relationship { entity: own, optional: false, on: on() };
    project.entities[other].add(&twins, FeatureKind::HasMany(many));
    project.entities[other].manies.push((twins, number));
}

fn pair(local: &str, foreign: &str) -> JoinPair {
    JoinPair { local: local.to_owned(), foreign: foreign.to_owned() }
}
