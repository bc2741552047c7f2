//! Windowed features of a world, and readings of single groups of them.

use super::definitions::{Project, aggregate, attribute, call, finish_derived, scalar};
use super::{Dice, GRID};
use creta_model::bundle::{FeatureKind, Scalar, Windowed};
use creta_model::{Expression, Value};
use std::collections::BTreeMap;

pub(super) fn draw(dice: &mut Dice, project: &mut Project, number: usize, rows: &(String, usize)) {
    let at = || attribute(Expression::This, "at");
    let mut bounds = vec![call(if dice.chance(50) { ">" } else { ">=" }, vec![at(), Expression::WindowStart])];
    if dice.chance(50) {
        bounds.push(call(if dice.chance(50) { "<" } else { "<=" }, vec![at(), Expression::Now]));
    }
    let (expression, data_type) = aggregate(dice, project, number, rows, &bounds);
    let windows = vec![GRID, 3 * GRID];
    let mut declared = scalar(data_type.clone(), true);
    declared.expression = Some(expression);
    finish_derived(dice, &mut declared);
    if dice.chance(30) {
        group(dice, project, number, &windows, declared.clone());
    }
    let drawn = &mut project.entities[number];
    let kind = Windowed { windows: windows.clone(), scalar: declared, group_by: Vec::new() };
    drawn.add("w", FeatureKind::Windowed(kind));
    for window in windows {
        drawn.answerable.push((format!("w__{}__", window / 1_000_000), data_type.clone()));
    }
}

/// The same aggregate per value of the rows' column `a`, with features that read the group of a constant and that of
/// the row's own column.
fn group(dice: &mut Dice, project: &mut Project, number: usize, windows: &[i64], mut declared: Scalar) {
    let Some(Expression::Aggregate { of, .. }) = &mut declared.expression else { return };
    let keys = vec![attribute(Expression::This, "a")];
    **of = Expression::GroupBy { of: of.clone(), keys };
    let data_type = declared.data_type.clone();
    let drawn = &mut project.entities[number];
    let owned = !drawn.columns.is_empty();
    declared.validations.clear();
    let kind = Windowed { windows: windows.to_vec(), scalar: declared, group_by: vec!["a".to_owned()] };
    drawn.add("grouped", FeatureKind::Windowed(kind));
    for (position, window) in windows.iter().copied().enumerate() {
        let value = match owned && position > 0 {
            true => attribute(Expression::This, "a"),
            false => Expression::Literal(Value::Int(dice.between(-1, 3))),
        };
        let mut reading = scalar(data_type.clone(), true);
        let of = Box::new(attribute(Expression::This, "grouped"));
        let group = BTreeMap::from([("a".to_owned(), value)]);
        reading.expression = Some(Expression::Window { of, window, group });
        finish_derived(dice, &mut reading);
        let name = format!("g{position}");
        drawn.add(&name, FeatureKind::Scalar(reading));
        drawn.answerable.push((name, data_type.clone()));
    }
}
