//! Entries as the rows of a Delta table.

use super::columns::{
    DEPLOYMENT, INSERTED_AT, KEY, OBSERVED, OBSERVED_AT, RESOLVER, SEQUENCE, feature_column, to_stored,
};
use crate::failure::failed;
use arrow::array::{
    ArrayRef, Int64Array, LargeListBuilder, LargeStringArray, LargeStringBuilder, TimestampMicrosecondArray,
};
use arrow::datatypes::{Field, Schema};
use arrow::record_batch::RecordBatch;
use creta_model::observation::{Entry, ObservedRow};
use creta_model::{Code, DataType, Letter, Value};
use creta_ports::arrays::array_of;
use creta_ports::offline::ColumnTypes;
use creta_ports::{Position, Result};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Rows of one namespace, sorted by (key, observed_at, inserted_at, sequence).
pub(super) struct Batch<'a> {
    key_type: DataType,
    columns: BTreeMap<&'a str, DataType>,
    rows: Vec<Line<'a>>,
}

struct Line<'a> {
    position: Position,
    entry: &'a Entry,
    row: &'a ObservedRow,
}

impl<'a> Batch<'a> {
    /// None when no entry has anything for the offline store.
    pub fn of(namespace: &str, entries: &[&'a (Position, Entry)], types: &dyn ColumnTypes) -> Result<Option<Batch<'a>>> {
        let Some(key_type) = types.key(namespace) else { return Err(unknown(namespace, "key")) };
        let mut columns = BTreeMap::new();
        let mut rows = Vec::new();
        for (position, entry) in entries {
            for feature in entry.features.iter().filter(|feature| feature.destinations.offline) {
                let data_type = types.column(namespace, &feature.name);
                columns.insert(feature.name.as_str(), data_type.ok_or_else(|| unknown(namespace, &feature.name))?);
            }
            rows.extend(entry.rows.iter().map(|row| Line { position: *position, entry, row }));
        }
        rows.sort_by(Line::order);
        // An observation identical to the one before it, at the same instant, says nothing new (decision 1).
        rows.dedup_by(|next, kept| next.repeats(kept));
        let batch = Batch { key_type, columns, rows };
        Ok((!batch.columns.is_empty() && !batch.rows.is_empty()).then_some(batch))
    }

    pub fn into_arrow(self) -> Result<RecordBatch> {
        let keys = array_of(&self.key_type, self.rows.iter().map(|line| Some(&line.row.key)))?;
        let times = |at: fn(&Line<'_>) -> i64| -> ArrayRef {
            let times = self.rows.iter().map(at);
            Arc::new(TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC"))
        };
        let texts = |text: fn(&Line<'a>) -> &'a str| -> ArrayRef {
            Arc::new(LargeStringArray::from_iter_values(self.rows.iter().map(text)))
        };
        let sequence = self.rows.iter().map(|line| i64::try_from(line.position.0).unwrap_or(i64::MAX));
        let mut columns: Vec<(String, ArrayRef)> = vec![
            (KEY.to_owned(), keys),
            (OBSERVED_AT.to_owned(), times(|line| line.row.observed_at)),
            (INSERTED_AT.to_owned(), times(|line| line.entry.inserted_at)),
            (SEQUENCE.to_owned(), Arc::new(Int64Array::from_iter_values(sequence))),
            (RESOLVER.to_owned(), texts(|line| &line.entry.resolver)),
            (DEPLOYMENT.to_owned(), texts(|line| &line.entry.deployment)),
            (OBSERVED.to_owned(), self.observed()),
        ];
        for (name, data_type) in &self.columns {
            let values: Vec<Option<&Value>> = self.rows.iter().map(|line| line.value(name)).collect();
            columns.push((feature_column(name), to_stored(&array_of(data_type, values.into_iter())?)?));
        }
        let fields: Vec<Field> =
            columns.iter().map(|(name, array)| Field::new(name, array.data_type().clone(), true)).collect();
        let arrays = columns.into_iter().map(|(_, array)| array).collect();
        RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).map_err(failed("the history could not be written"))
    }

    /// Names of the features that each row observes, nulls included.
    fn observed(&self) -> ArrayRef {
        let mut builder = LargeListBuilder::new(LargeStringBuilder::new());
        for line in &self.rows {
            for (position, feature) in line.entry.features.iter().enumerate() {
                if feature.destinations.offline && line.row.values.get(position).is_some_and(Option::is_some) {
                    builder.values().append_value(&feature.name);
                }
            }
            builder.append(true);
        }
        Arc::new(builder.finish())
    }
}

impl<'a> Line<'a> {
    fn value(&self, name: &str) -> Option<&'a Value> {
        let position = self.entry.features.iter().position(|feature| feature.name == name)?;
        let feature = &self.entry.features[position];
        self.row.values.get(position)?.as_ref().filter(|_| feature.destinations.offline)
    }

    fn order(left: &Line<'_>, right: &Line<'_>) -> Ordering {
        let keys = match (&left.row.key, &right.row.key) {
            (Value::Int(left), Value::Int(right)) => left.cmp(right),
            (Value::Str(left), Value::Str(right)) => left.as_bytes().cmp(right.as_bytes()),
            _ => Ordering::Equal,
        };
        let times = |line: &Line<'_>| (line.row.observed_at, line.entry.inserted_at, line.position);
        keys.then_with(|| times(left).cmp(&times(right)))
    }

    fn repeats(&self, other: &Line<'_>) -> bool {
        self.row == other.row && self.entry.features == other.entry.features
    }
}

fn unknown(namespace: &str, name: &str) -> Letter {
    Letter::new(Code::StoreFailed, format!("Nothing says which type `{namespace}.{name}` has, so it cannot be stored."))
}
