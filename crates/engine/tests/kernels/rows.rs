//! Groups and timelines.

use arrow::array::{ArrayRef, Int64Array, LargeStringArray};
use creta_engine::kernels::keys::{KeyIndex, distinct};
use creta_engine::kernels::timeline::{Edge, Timeline};
use proptest::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;

type Key = (Option<i64>, Option<String>);

fn ints(keys: &[Key]) -> ArrayRef {
    Arc::new(keys.iter().map(|key| key.0).collect::<Int64Array>())
}

fn texts(keys: &[Key]) -> ArrayRef {
    Arc::new(keys.iter().map(|key| key.1.as_deref()).collect::<LargeStringArray>())
}

fn keys(rows: usize) -> impl Strategy<Value = Vec<Key>> {
    let key = (proptest::option::weighted(0.9, 0..5_i64), proptest::option::weighted(0.9, "[ab]{0,2}"));
    proptest::collection::vec(key, 0..rows)
}

/// The columns, and each row's key if none of them is null.
fn choices(keys: &[Key]) -> Vec<(Vec<ArrayRef>, Vec<Option<String>>)> {
    let int = |key: &Key| key.0.map(|key| key.to_string());
    let text = |key: &Key| key.1.clone();
    let both = |key: &Key| Some(format!("{}/{}", int(key)?, text(key)?));
    vec![
        (vec![ints(keys)], keys.iter().map(int).collect()),
        (vec![texts(keys)], keys.iter().map(text).collect()),
        (vec![ints(keys), texts(keys)], keys.iter().map(both).collect()),
    ]
}

proptest! {
    #[test]
    fn groups_are_equal_keys(built in keys(40), probed in keys(40)) {
        for ((columns, own), (probes, others)) in choices(&built).into_iter().zip(choices(&probed)) {
            let index = KeyIndex::build(&columns);
            let mut groups: HashMap<&str, u32> = HashMap::new();
            for (row, key) in own.iter().enumerate() {
                let next = groups.len() as u32;
                let group = key.as_deref().map(|key| *groups.entry(key).or_insert(next));
                prop_assert_eq!(index.group_of(row), group);
            }
            prop_assert_eq!(index.groups(), groups.len());
            let wanted: Vec<Option<u32>> =
                others.iter().map(|key| key.as_deref().and_then(|key| groups.get(key).copied())).collect();
            prop_assert_eq!(index.probe(&probes), wanted);
        }
    }

    #[test]
    fn distinct_keys_stand_for_all(rows in keys(40), times in proptest::collection::vec(0..3_i64, 40)) {
        let times = Int64Array::from(times[..rows.len()].to_vec());
        for extra in [None, Some(&times)] {
            for (columns, parts) in [
                (vec![ints(&rows)], rows.iter().map(|key| (key.0, None)).collect::<Vec<Key>>()),
                (vec![texts(&rows)], rows.iter().map(|key| (None, key.1.clone())).collect()),
                (vec![ints(&rows), texts(&rows)], rows.clone()),
            ] {
                let whole = |row: usize| (parts[row].clone(), extra.map(|extra| extra.value(row)));
                let found = distinct(&columns, extra);
                let representatives = found.representatives.values();
                for row in 0..rows.len() {
                    prop_assert_eq!(whole(representatives[found.group_of_row[row] as usize] as usize), whole(row));
                }
                let set: std::collections::HashSet<_> = (0..rows.len()).map(whole).collect();
                prop_assert_eq!(set.len(), representatives.len());
                prop_assert!(representatives.is_sorted());
            }
        }
    }

    #[test]
    fn timelines_are_sorted_and_searched(
        rows in proptest::collection::vec((proptest::option::of(0..4_i64), proptest::option::weighted(0.9, -9..9_i64), 0..3_i64), 0..60),
        probes in proptest::collection::vec((0..5_i64, -11..11_i64), 0..40),
        edges in (proptest::option::of((-11..11_i64, any::<bool>())), proptest::option::of((-11..11_i64, any::<bool>()))),
    ) {
        let keys: ArrayRef = Arc::new(rows.iter().map(|row| row.0).collect::<Int64Array>());
        let times: Int64Array = rows.iter().map(|row| row.1).collect();
        let ties: ArrayRef = Arc::new(rows.iter().map(|row| Some(row.2)).collect::<Int64Array>());
        let timeline = Timeline::build(&[keys], &times, &[ties]);
        let listed = |key: i64| {
            let mut own: Vec<usize> = (0..rows.len()).filter(|row| rows[*row].0 == Some(key) && rows[*row].1.is_some()).collect();
            own.sort_by_key(|row| (rows[*row].1, rows[*row].2, *row));
            own
        };
        let probed: ArrayRef = Arc::new(Int64Array::from_iter_values(probes.iter().map(|probe| probe.0)));
        let groups = timeline.probe(&[probed]);
        let at: Vec<i64> = probes.iter().map(|probe| probe.1).collect();
        let batch: Vec<Option<u32>> = timeline.as_of_rows(&groups, &at).iter().collect();
        for (position, (key, time)) in probes.iter().enumerate() {
            let own = listed(*key);
            let Some(group) = groups[position] else {
                prop_assert!(rows.iter().all(|row| row.0 != Some(*key)));
                prop_assert_eq!(batch[position], None);
                continue;
            };
            let last = own.iter().rev().find(|row| rows[**row].1.unwrap() <= *time).map(|row| *row as u32);
            prop_assert_eq!(timeline.as_of(group, *time), last);
            prop_assert_eq!(batch[position], last);
            prop_assert_eq!(timeline.len_of(group), own.len());
            let positions = timeline.range(group, edges.0, edges.1);
            let within: Vec<usize> = timeline.permutation()[positions].iter().map(|row| *row as usize).collect();
            let wanted: Vec<usize> = own.into_iter().filter(|row| inside(rows[*row].1.unwrap(), edges)).collect();
            prop_assert_eq!(within, wanted);
        }
    }
}

fn inside(time: i64, (lower, upper): (Option<Edge>, Option<Edge>)) -> bool {
    lower.is_none_or(|(at, inclusive)| time > at || (inclusive && time == at))
        && upper.is_none_or(|(at, inclusive)| time < at || (inclusive && time == at))
}

#[test]
fn a_probe_of_another_type_is_compared_as_the_index_s() {
    let index = KeyIndex::build(&[Arc::new(Int64Array::from(vec![7, 8])) as ArrayRef]);
    let narrow: ArrayRef = Arc::new(arrow::array::Int32Array::from(vec![Some(8), None, Some(9)]));
    assert_eq!(index.probe(&[narrow]), [Some(1), None, None]);
    let text: ArrayRef = Arc::new(LargeStringArray::from(vec!["7", "seven"]));
    assert_eq!(index.probe(&[text]), [Some(0), None]);
}

#[test]
fn nothing_has_no_groups() {
    let none: ArrayRef = Arc::new(Int64Array::from(Vec::<i64>::new()));
    assert_eq!(KeyIndex::build(std::slice::from_ref(&none)).groups(), 0);
    assert_eq!(distinct(std::slice::from_ref(&none), None).representatives.len(), 0);
    let timeline = Timeline::build(&[none], &Int64Array::from(Vec::<i64>::new()), &[]);
    assert!(timeline.permutation().is_empty());
    let probe: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    assert_eq!(timeline.as_of_rows(&timeline.probe(&[probe]), &[0]).iter().collect::<Vec<_>>(), [None]);
}
