//! Which rows a request for history wants, as tests on keys and times.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType as ArrowType, Int64Type};
use creta_model::Value;
use creta_ports::offline::HistoryRequest;
use std::collections::HashSet;

/// Tests derived from a request.
pub(super) struct Wanted {
    keys: Keys,
    pub observed: Range,
    pub inserted: Range,
}

enum Keys {
    All,
    /// Sorted for ranges, hashed for rows.
    Ints(Vec<i64>, HashSet<i64>),
    Strs(Vec<String>, HashSet<String>),
}

/// Inclusive bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    from: i64,
    until: i64,
}

impl Range {
    fn new(from: Option<i64>, until: Option<i64>) -> Range {
        Range { from: from.unwrap_or(i64::MIN), until: until.unwrap_or(i64::MAX) }
    }

    pub fn holds(&self, time: i64) -> bool {
        self.from <= time && time <= self.until
    }

    pub fn meets(&self, min: i64, max: i64) -> bool {
        self.from <= max && min <= self.until
    }
}

impl Wanted {
    pub fn of(request: &HistoryRequest) -> Wanted {
        Wanted {
            keys: request.keys.as_ref().map_or(Keys::All, Keys::of),
            observed: Range::new(request.observed_from, request.observed_until),
            inserted: Range::new(request.inserted_from, request.inserted_until),
        }
    }

    pub fn everything() -> Wanted {
        Wanted { keys: Keys::All, observed: Range::new(None, None), inserted: Range::new(None, None) }
    }

    /// All rows of these keys.
    pub fn keys(keys: &[Value]) -> Wanted {
        Wanted { keys: Keys::of_values(keys), ..Wanted::everything() }
    }

    pub fn is_selective(&self) -> bool {
        let all = Range::new(None, None);
        !matches!(self.keys, Keys::All) || self.observed != all || self.inserted != all
    }

    /// Whether a wanted key lies between the bounds.
    pub fn any_int_key(&self, min: i64, max: i64) -> bool {
        match &self.keys {
            Keys::All => true,
            Keys::Ints(sorted, _) => {
                sorted.get(sorted.partition_point(|key| *key < min)).is_some_and(|key| *key <= max)
            }
            Keys::Strs(..) => false,
        }
    }

    /// As above; Parquet may have shortened the bounds, which only widens them.
    pub fn any_str_key(&self, min: &[u8], max: &[u8]) -> bool {
        match &self.keys {
            Keys::All => true,
            Keys::Strs(sorted, _) => {
                let first = sorted.partition_point(|key| key.as_bytes() < min);
                sorted.get(first).is_some_and(|key| key.as_bytes() <= max)
            }
            Keys::Ints(..) => false,
        }
    }

    pub fn holds_key(&self, key: &Value) -> bool {
        match (&self.keys, key) {
            (Keys::All, _) => true,
            (Keys::Ints(_, keys), Value::Int(key)) => keys.contains(key),
            (Keys::Strs(_, keys), Value::Str(key)) => keys.contains(key),
            _ => false,
        }
    }

    /// A test for the rows of a column of keys.
    pub fn key_test<'a>(&'a self, column: &'a ArrayRef) -> Box<dyn Fn(usize) -> bool + 'a> {
        match (&self.keys, column.data_type()) {
            (Keys::All, _) => Box::new(|_| true),
            (Keys::Ints(_, keys), ArrowType::Int64) => {
                let column = column.as_primitive::<Int64Type>();
                Box::new(move |row| keys.contains(&column.value(row)))
            }
            (Keys::Strs(_, keys), ArrowType::Utf8) => {
                let column = column.as_string::<i32>();
                Box::new(move |row| keys.contains(column.value(row)))
            }
            _ => Box::new(|_| false),
        }
    }
}

impl Keys {
    fn of(array: &ArrayRef) -> Keys {
        match array.data_type() {
            ArrowType::Int64 => Keys::ints(array.as_primitive::<Int64Type>().iter().flatten().collect()),
            ArrowType::LargeUtf8 => Keys::strs(array.as_string::<i64>().iter().flatten().map(str::to_owned).collect()),
            _ => Keys::ints(Vec::new()),
        }
    }

    /// Keys of one type.
    fn of_values(values: &[Value]) -> Keys {
        let int = |value: &Value| if let Value::Int(key) = value { Some(*key) } else { None };
        let text = |value: &Value| if let Value::Str(key) = value { Some(key.clone()) } else { None };
        match values.first() {
            Some(Value::Str(_)) => Keys::strs(values.iter().filter_map(text).collect()),
            _ => Keys::ints(values.iter().filter_map(int).collect()),
        }
    }

    fn ints(mut keys: Vec<i64>) -> Keys {
        keys.sort_unstable();
        Keys::Ints(keys.clone(), keys.into_iter().collect())
    }

    fn strs(mut keys: Vec<String>) -> Keys {
        keys.sort_unstable();
        Keys::Strs(keys.clone(), keys.into_iter().collect())
    }
}
