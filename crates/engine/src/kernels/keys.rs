//! Groups rows by one or more key columns. A null in any of them belongs to no group and matches nothing.

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, UInt32Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use arrow::row::{RowConverter, Rows, SortField};
use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

/// Groups of equal keys, numbered in order of first appearance.
pub struct KeyIndex {
    columns: Vec<ArrayRef>,
    group_of_row: Vec<Option<u32>>,
    /// First row of each group.
    first: Vec<u32>,
}

/// Distinct keys of a batch.
pub struct Distinct {
    /// First row of each distinct key; keys with nulls are among them.
    pub representatives: UInt32Array,
    /// Index into `representatives` per row.
    pub group_of_row: Vec<u32>,
}

impl KeyIndex {
    pub fn build(columns: &[ArrayRef]) -> KeyIndex {
        let mut numbers = Numbers::default();
        let group_of_row = match columns {
            [one] if *one.data_type() == DataType::Int64 => numbers.present(one.as_primitive::<Int64Type>().iter()),
            [one] if *one.data_type() == DataType::LargeUtf8 => numbers.present(one.as_string::<i64>().iter()),
            _ => numbers.present(complete_keys(columns, rows_of(columns).as_ref())),
        };
        KeyIndex { columns: columns.to_vec(), group_of_row, first: numbers.first }
    }

    pub fn groups(&self) -> usize {
        self.first.len()
    }

    pub fn group_of(&self, row: usize) -> Option<u32> {
        self.group_of_row[row]
    }

    /// Gives back the memory that only [`Self::group_of`] needs; probing goes on.
    pub fn forget_rows(&mut self) {
        self.group_of_row = Vec::new();
    }

    /// The group of each probe row, None where its key does not occur. A probe of another type is compared as the
    /// type that the index has; what is not of that type matches nothing.
    pub fn probe(&self, columns: &[ArrayRef]) -> Vec<Option<u32>> {
        let total = columns.first().map_or(0, |column| column.len());
        let same_type = |(own, other): (&ArrayRef, &ArrayRef)| match own.data_type() == other.data_type() {
            true => Some(other.clone()),
            false => cast(other, own.data_type()).ok(),
        };
        let Some(columns) = self.columns.iter().zip(columns).map(same_type).collect::<Option<Vec<ArrayRef>>>() else {
            return vec![None; total];
        };
        match (self.columns.as_slice(), columns.as_slice()) {
            ([own], [other]) if *own.data_type() == DataType::Int64 => {
                let (own, other) = (own.as_primitive::<Int64Type>(), other.as_primitive::<Int64Type>());
                self.find(|row| own.value(row), other.iter())
            }
            ([own], [other]) if *own.data_type() == DataType::LargeUtf8 => {
                let (own, other) = (own.as_string::<i64>(), other.as_string::<i64>());
                self.find(|row| own.value(row), other.iter())
            }
            _ => match (rows_of(&self.columns), rows_of(&columns)) {
                (Some(own), Some(other)) => self.find(|row| own.row(row).data(), complete_keys(&columns, Some(&other))),
                _ => vec![None; total],
            },
        }
    }

    fn find<'a, K: Eq + Hash + 'a>(
        &self,
        own: impl Fn(usize) -> K,
        probes: impl Iterator<Item = Option<K>>,
    ) -> Vec<Option<u32>> {
        let groups = self.first.iter().enumerate();
        let groups: HashMap<K, u32, RandomState> =
            groups.map(|(group, row)| (own(*row as usize), group as u32)).collect();
        probes.map(|key| key.and_then(|key| groups.get(&key).copied())).collect()
    }
}

/// Distinct keys, told apart by `extra` too when it is given. Here a null equals a null, for work that is done once
/// per distinct key is done for missing keys too.
pub fn distinct(columns: &[ArrayRef], extra: Option<&Int64Array>) -> Distinct {
    let mut numbers = Numbers::default();
    let group_of_row = match (columns, extra) {
        ([one], None) if *one.data_type() == DataType::Int64 => numbers.all(one.as_primitive::<Int64Type>().iter()),
        ([one], None) if *one.data_type() == DataType::LargeUtf8 => numbers.all(one.as_string::<i64>().iter()),
        ([one], Some(extra)) if *one.data_type() == DataType::Int64 => {
            numbers.all(one.as_primitive::<Int64Type>().iter().zip(extra))
        }
        ([one], Some(extra)) if *one.data_type() == DataType::LargeUtf8 => {
            numbers.all(one.as_string::<i64>().iter().zip(extra))
        }
        _ => {
            let extra = extra.map(|extra| Arc::new(extra.clone()) as ArrayRef);
            let columns: Vec<ArrayRef> = columns.iter().cloned().chain(extra).collect();
            match rows_of(&columns) {
                Some(rows) => numbers.all(rows.iter().map(|row| row.data())),
                // Rows of types that cannot be compared are all different.
                None => numbers.all(0..columns.first().map_or(0, |column| column.len())),
            }
        }
    };
    Distinct { representatives: UInt32Array::from(numbers.first), group_of_row }
}

/// Numbers keys in order of first appearance.
#[derive(Default)]
struct Numbers {
    first: Vec<u32>,
}

impl Numbers {
    fn all<K: Eq + Hash>(&mut self, keys: impl Iterator<Item = K>) -> Vec<u32> {
        let mut seen = HashMap::default();
        keys.enumerate().map(|(row, key)| self.number(&mut seen, row, key)).collect()
    }

    fn present<K: Eq + Hash>(&mut self, keys: impl Iterator<Item = Option<K>>) -> Vec<Option<u32>> {
        let mut seen = HashMap::default();
        keys.enumerate().map(|(row, key)| key.map(|key| self.number(&mut seen, row, key))).collect()
    }

    fn number<K: Eq + Hash>(&mut self, seen: &mut HashMap<K, u32, RandomState>, row: usize, key: K) -> u32 {
        *seen.entry(key).or_insert_with(|| {
            self.first.push(row as u32);
            (self.first.len() - 1) as u32
        })
    }
}

/// Rows as bytes that compare as the rows do; None when a column's type has no order.
pub(super) fn rows_of(columns: &[ArrayRef]) -> Option<Rows> {
    let fields = columns.iter().map(|column| SortField::new(column.data_type().clone())).collect();
    RowConverter::new(fields).and_then(|converter| converter.convert_columns(columns)).ok()
}

/// The key of each row as bytes, None where a part of it is null.
fn complete_keys<'a>(columns: &'a [ArrayRef], rows: Option<&'a Rows>) -> impl Iterator<Item = Option<&'a [u8]>> {
    let total = columns.first().map_or(0, |column| column.len());
    (0..total).map(move |row| {
        let complete = columns.iter().all(|column| column.is_valid(row));
        rows.filter(|_| complete).map(|rows| rows.row(row).data())
    })
}
