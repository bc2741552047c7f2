//! Groups rows by one or more key columns. A null in any of them belongs to no group and matches nothing.

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, UInt32Array};
use arrow::datatypes::{DataType, Int64Type};
use arrow::row::{RowConverter, SortField};
use std::collections::HashMap;
use std::hash::Hash;

/// Groups of equal keys, numbered in order of first appearance.
pub struct KeyIndex {
    columns: Vec<ArrayRef>,
    group_of_row: Vec<Option<u32>>,
    /// First row of each group.
    first: Vec<u32>,
}

/// Distinct keys of a batch.
pub struct Distinct {
    /// First row of each distinct key; a null key is one of them.
    pub representatives: UInt32Array,
    /// Index into `representatives` per row.
    pub group_of_row: Vec<u32>,
}

impl KeyIndex {
    pub fn build(columns: &[ArrayRef]) -> KeyIndex {
        let mut first = Vec::new();
        let group_of_row = with_keys(columns, &mut Grouping { first: &mut first });
        KeyIndex { columns: columns.to_vec(), group_of_row, first }
    }

    pub fn groups(&self) -> usize {
        self.first.len()
    }

    pub fn group_of(&self, row: usize) -> Option<u32> {
        self.group_of_row[row]
    }

    /// The group of each probe row, None where its key does not occur. Columns have the types of the built ones.
    pub fn probe(&self, columns: &[ArrayRef]) -> Vec<Option<u32>> {
        match (self.columns.as_slice(), columns) {
            ([own], [other]) if own.data_type() == other.data_type() => match own.data_type() {
                DataType::Int64 => {
                    let (own, other) = (own.as_primitive::<Int64Type>(), other.as_primitive::<Int64Type>());
                    self.probe_with(|row| own.value(row), other.iter())
                }
                DataType::LargeUtf8 => {
                    let (own, other) = (own.as_string::<i64>(), other.as_string::<i64>());
                    self.probe_with(|row| own.value(row), other.iter())
                }
                _ => self.probe_rows(columns),
            },
            _ => self.probe_rows(columns),
        }
    }

    fn probe_with<K: Eq + Hash>(
        &self,
        own: impl Fn(usize) -> K,
        probes: impl Iterator<Item = Option<K>>,
    ) -> Vec<Option<u32>> {
        let groups = self.first.iter().enumerate();
        let groups: HashMap<K, u32> = groups.map(|(group, row)| (own(*row as usize), group as u32)).collect();
        probes.map(|key| key.and_then(|key| groups.get(&key).copied())).collect()
    }

    fn probe_rows(&self, columns: &[ArrayRef]) -> Vec<Option<u32>> {
        let total = columns.first().map_or(0, |column| column.len());
        let fields = self.columns.iter().map(|column| SortField::new(column.data_type().clone())).collect();
        let Ok(converter) = RowConverter::new(fields) else { return vec![None; total] };
        let (Ok(own), Ok(other)) = (converter.convert_columns(&self.columns), converter.convert_columns(columns))
        else {
            return vec![None; total];
        };
        let groups = self.first.iter().enumerate();
        let groups: HashMap<&[u8], u32> =
            groups.map(|(group, row)| (own.row(*row as usize).data(), group as u32)).collect();
        let find = |row: usize| {
            let complete = columns.iter().all(|column| column.is_valid(row));
            if complete { groups.get(other.row(row).data()).copied() } else { None }
        };
        (0..total).map(find).collect()
    }
}

/// Distinct keys, told apart by `extra` too when it is given; nulls count as equal to each other.
pub fn distinct(columns: &[ArrayRef], extra: Option<&Int64Array>) -> Distinct {
    let mut columns = columns.to_vec();
    if let Some(extra) = extra {
        columns.push(std::sync::Arc::new(extra.clone()));
    }
    let mut first = Vec::new();
    let groups = with_keys(&columns, &mut Grouping { first: &mut first });
    let mut null_groups: HashMap<Option<i64>, u32> = HashMap::new();
    let group_of_row = groups
        .into_iter()
        .enumerate()
        .map(|(row, group)| {
            group.unwrap_or_else(|| {
                let time = extra.map(|extra| extra.value(row));
                *null_groups.entry(time).or_insert_with(|| {
                    first.push(row as u32);
                    (first.len() - 1) as u32
                })
            })
        })
        .collect();
    Distinct { representatives: UInt32Array::from(first), group_of_row }
}

/// Numbers keys in order of first appearance.
struct Grouping<'a> {
    first: &'a mut Vec<u32>,
}

impl Grouping<'_> {
    fn number<K: Eq + Hash>(&mut self, keys: impl Iterator<Item = Option<K>>) -> Vec<Option<u32>> {
        let mut seen: HashMap<K, u32> = HashMap::new();
        keys.enumerate()
            .map(|(row, key)| {
                Some(*seen.entry(key?).or_insert_with(|| {
                    self.first.push(row as u32);
                    (self.first.len() - 1) as u32
                }))
            })
            .collect()
    }
}

fn with_keys(columns: &[ArrayRef], grouping: &mut Grouping<'_>) -> Vec<Option<u32>> {
    let total = columns.first().map_or(0, |column| column.len());
    match columns {
        [one] if *one.data_type() == DataType::Int64 => grouping.number(one.as_primitive::<Int64Type>().iter()),
        [one] if *one.data_type() == DataType::LargeUtf8 => grouping.number(one.as_string::<i64>().iter()),
        _ => {
            let fields = columns.iter().map(|column| SortField::new(column.data_type().clone())).collect();
            let rows = RowConverter::new(fields).and_then(|converter| converter.convert_columns(columns));
            let Ok(rows) = rows else { return vec![None; total] };
            let key = |row: usize| {
                let complete = columns.iter().all(|column| column.is_valid(row));
                complete.then(|| rows.row(row).data())
            };
            grouping.number((0..total).map(key))
        }
    }
}
