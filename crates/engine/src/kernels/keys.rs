//! Groups rows by one or more key columns. A null in any of them belongs to no group and matches nothing.

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, PrimitiveArray, UInt32Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use arrow::row::{RowConverter, Rows, SortField};
use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

/// Groups of equal keys, numbered in order of first appearance.
pub struct KeyIndex {
    types: Vec<DataType>,
    known: Known,
    /// [`NO_GROUP`] where a part of the key is null.
    group_of_row: Vec<u32>,
}

const NO_GROUP: u32 = u32::MAX;

/// The group of each key. Keys of several columns are told apart by their bytes in row format.
enum Known {
    Ints(HashMap<i64, u32, RandomState>),
    Texts(HashMap<Box<str>, u32, RandomState>),
    Rows(HashMap<Box<[u8]>, u32, RandomState>),
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
        let (known, group_of_row) = match columns {
            [one] if *one.data_type() == DataType::Int64 => {
                let mut known = HashMap::default();
                let group_of_row = number_ints(one.as_primitive::<Int64Type>(), &mut known);
                (Known::Ints(known), group_of_row)
            }
            [one] if *one.data_type() == DataType::LargeUtf8 => {
                let mut known = HashMap::default();
                let group_of_row = number_owned(one.as_string::<i64>().iter(), &mut known);
                (Known::Texts(known), group_of_row)
            }
            _ => {
                let mut known = HashMap::default();
                let group_of_row = number_owned(complete_keys(columns, rows_of(columns).as_ref()), &mut known);
                (Known::Rows(known), group_of_row)
            }
        };
        KeyIndex { types: columns.iter().map(|column| column.data_type().clone()).collect(), known, group_of_row }
    }

    pub fn groups(&self) -> usize {
        match &self.known {
            Known::Ints(known) => known.len(),
            Known::Texts(known) => known.len(),
            Known::Rows(known) => known.len(),
        }
    }

    pub fn group_of(&self, row: usize) -> Option<u32> {
        Some(self.group_of_row[row]).filter(|group| *group != NO_GROUP)
    }

    /// Gives back the memory that only [`Self::group_of`] needs; probing goes on.
    pub fn forget_rows(&mut self) {
        self.group_of_row = Vec::new();
    }

    /// The group of each probe row, None where its key does not occur. A probe of another type is compared as the
    /// type that the index has; what is not of that type matches nothing.
    pub fn probe(&self, columns: &[ArrayRef]) -> Vec<Option<u32>> {
        let total = columns.first().map_or(0, |column| column.len());
        let same_type = |(own, other): (&DataType, &ArrayRef)| match own == other.data_type() {
            true => Some(other.clone()),
            false => cast(other, own).ok(),
        };
        let Some(columns) = self.types.iter().zip(columns).map(same_type).collect::<Option<Vec<ArrayRef>>>() else {
            return vec![None; total];
        };
        match &self.known {
            Known::Ints(known) => {
                columns[0].as_primitive::<Int64Type>().iter().map(|key| known.get(&key?).copied()).collect()
            }
            Known::Texts(known) => columns[0].as_string::<i64>().iter().map(|key| known.get(key?).copied()).collect(),
            Known::Rows(known) => {
                let rows = rows_of(&columns);
                complete_keys(&columns, rows.as_ref()).map(|key| known.get(key?).copied()).collect()
            }
        }
    }
}

fn number_ints(keys: &PrimitiveArray<Int64Type>, known: &mut HashMap<i64, u32, RandomState>) -> Vec<u32> {
    let mut number = |key: i64| {
        let next = known.len() as u32;
        *known.entry(key).or_insert(next)
    };
    match keys.null_count() {
        0 => keys.values().iter().map(|key| number(*key)).collect(),
        _ => keys.iter().map(|key| key.map_or(NO_GROUP, &mut number)).collect(),
    }
}

/// Numbers keys that are copied once each.
fn number_owned<'a, K: ?Sized + Eq + Hash + 'a>(
    keys: impl Iterator<Item = Option<&'a K>>,
    known: &mut HashMap<Box<K>, u32, RandomState>,
) -> Vec<u32>
where
    Box<K>: From<&'a K>,
{
    let mut number = |key: &'a K| match known.get(key) {
        Some(group) => *group,
        None => {
            let next = known.len() as u32;
            known.insert(key.into(), next);
            next
        }
    };
    keys.map(|key| key.map_or(NO_GROUP, &mut number)).collect()
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
