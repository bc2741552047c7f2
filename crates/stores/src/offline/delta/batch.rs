//! Entries of the log as rows of a table: one row per write, sorted, without repetitions.

use super::columns::{column_for, convert, infer, misfit};
use super::erase::Erasure;
use arrow::array::{
    ArrayRef, Int64Array, ListBuilder, RecordBatch, StringArray, StringBuilder, TimestampMicrosecondArray,
    new_null_array,
};
use arrow::datatypes::{Field, Schema, SchemaRef};
use creta_model::observation::{Entry, Observations, ObservedRow, Removal};
use creta_model::{Code, DataType, Letter, Value};
use creta_ports::arrays::{array_of, fits};
use creta_ports::offline::ColumnTypes;
use creta_ports::{Position, Result};
use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// The rows of one namespace that are to be stored together, and what is to be removed from its table before.
pub(super) struct Pending<'a> {
    namespace: &'a str,
    rows: Vec<PendingRow<'a>>,
    pub erasures: Vec<Erasure>,
}

struct PendingRow<'a> {
    sequence: u64,
    entry: &'a Observations,
    row: &'a ObservedRow,
    /// Places of the features to store, among the entry's.
    places: Vec<usize>,
}

impl<'a> Pending<'a> {
    /// The offline parts of entries by namespace; namespaces without one are left out.
    pub fn gather(entries: &'a [(Position, Entry)]) -> BTreeMap<&'a str, Pending<'a>> {
        let mut pending: BTreeMap<&str, Pending<'_>> = BTreeMap::new();
        for (position, entry) in entries {
            let namespace = match entry {
                Entry::Observed(observations) => &observations.namespace,
                Entry::Removed(removal) => &removal.namespace,
            };
            let nothing = || Pending { namespace, rows: Vec::new(), erasures: Vec::new() };
            let of_namespace = pending.entry(namespace).or_insert_with(nothing);
            match entry {
                Entry::Observed(observations) => of_namespace.observe(position.0, observations),
                Entry::Removed(removal) if removal.stores.offline => of_namespace.remove(position.0, removal),
                Entry::Removed(_) => {}
            }
        }
        pending.retain(|_, pending| !pending.rows.is_empty() || !pending.erasures.is_empty());
        pending
    }

    fn observe(&mut self, sequence: u64, entry: &'a Observations) {
        let kept: Vec<usize> =
            (0..entry.features.len()).filter(|place| entry.features[*place].destinations.offline).collect();
        for row in &entry.rows {
            let is_observed = |place: &usize| row.values.get(*place).is_some_and(Option::is_some);
            let places: Vec<usize> = kept.iter().copied().filter(is_observed).collect();
            if !places.is_empty() {
                self.rows.push(PendingRow { sequence, entry, row, places });
            }
        }
    }

    /// Takes the removal out of the rows before it; those in the table are another's work.
    fn remove(&mut self, position: u64, removal: &Removal) {
        let erasure = Erasure::of(position, removal);
        for PendingRow { entry, row, places, .. } in &mut self.rows {
            if erasure.takes_key(&row.key) {
                places.retain(|place| !erasure.takes(&entry.features[*place].name));
            }
        }
        self.rows.retain(|row| !row.places.is_empty());
        self.erasures.push(erasure);
    }

    /// Leaves out what a table has that holds everything before `stored`.
    pub fn skip_before(&mut self, stored: u64) {
        self.rows.retain(|row| row.sequence >= stored);
        self.erasures.retain(|erasure| erasure.position >= stored);
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Sorts, and leaves out what repeats the newest observation at the same instant (decision 1).
    pub fn arrange(&mut self) {
        self.rows.sort_by(|left, right| left.compare(right));
        let mut newest: HashMap<&str, &Value> = HashMap::new();
        let mut instant: Option<(&Value, i64)> = None;
        for pending in &mut self.rows {
            let (entry, row) = (pending.entry, pending.row);
            if instant != Some((&row.key, row.observed_at)) {
                instant = Some((&row.key, row.observed_at));
                newest.clear();
            }
            pending.places.retain(|place| {
                let value = row.values[*place].as_ref();
                value.is_some_and(|value| newest.insert(&entry.features[*place].name, value) != Some(value))
            });
        }
        self.rows.retain(|row| !row.places.is_empty());
    }

    /// Leaves out values of a type that their feature has no longer: somebody dropped it, and computed it once more before
    /// the type changed.
    pub fn leave_misfits(&mut self, features: &BTreeMap<&str, DataType>) {
        for PendingRow { entry, row, places, .. } in &mut self.rows {
            places.retain(|place| {
                let data_type = features.get(entry.features[*place].name.as_str());
                data_type.zip(row.values[*place].as_ref()).is_none_or(|(data_type, value)| fits(data_type, value))
            });
        }
        self.rows.retain(|row| !row.places.is_empty());
        tracing::warn!(namespace = self.namespace, "values of a type that their feature no longer has are left out");
    }

    pub fn key_type(&self, types: &dyn ColumnTypes) -> Result<DataType> {
        let first = self.rows.first().and_then(|row| infer(&row.row.key));
        types
            .key(self.namespace)
            .or(first)
            .ok_or_else(|| Letter::new(Code::Bug, format!("Observations of `{}` have no primary key.", self.namespace)))
    }

    /// Features with their types. A feature that no deployment knows any more has the type of its values.
    pub fn features(&self, types: &dyn ColumnTypes) -> BTreeMap<&'a str, DataType> {
        let mut features = BTreeMap::new();
        for pending in &self.rows {
            for place in &pending.places {
                let name = pending.entry.features[*place].name.as_str();
                if !features.contains_key(name) {
                    let inferred = || pending.row.values[*place].as_ref().and_then(infer);
                    if let Some(data_type) = types.column(self.namespace, name).or_else(inferred) {
                        features.insert(name, data_type);
                    }
                }
            }
        }
        features
    }

    /// Columns that the table lacks for these features.
    pub fn missing_columns(features: &BTreeMap<&str, DataType>, schema: &Schema) -> Vec<Field> {
        let columns = features.iter().map(|(name, data_type)| column_for(schema, name, data_type));
        columns.filter(|(_, exists)| !exists).map(|(field, _)| field).collect()
    }

    /// The rows in the form of the table.
    pub fn batch(
        &self,
        features: &BTreeMap<&str, DataType>,
        key_type: &DataType,
        schema: &SchemaRef,
    ) -> Result<RecordBatch> {
        let mut by_name: HashMap<String, ArrayRef> = HashMap::new();
        for (name, data_type) in features {
            let (field, _) = column_for(schema, name, data_type);
            by_name.insert(field.name().clone(), self.values(name, data_type)?);
        }
        for (field, column) in super::columns::own_fields(key_type).into_iter().zip(self.own_columns(key_type)?) {
            by_name.insert(field.name().clone(), column);
        }
        let column = |field: &Arc<Field>| match by_name.get(field.name()) {
            Some(column) => convert(column, field.data_type()),
            None => Ok(new_null_array(field.data_type(), self.rows.len())),
        };
        let columns = schema.fields().iter().map(column).collect::<Result<Vec<_>>>()?;
        RecordBatch::try_new(schema.clone(), columns).map_err(misfit)
    }

    /// In the order of `own_fields`.
    fn own_columns(&self, key_type: &DataType) -> Result<[ArrayRef; 7]> {
        let times = |time: fn(&PendingRow<'_>) -> i64| -> ArrayRef {
            let times: TimestampMicrosecondArray = self.rows.iter().map(|row| Some(time(row))).collect();
            Arc::new(times.with_timezone("UTC"))
        };
        let keys: Vec<Option<&Value>> = self.rows.iter().map(|row| Some(&row.row.key)).collect();
        let mut observed = ListBuilder::new(StringBuilder::new());
        for pending in &self.rows {
            for place in &pending.places {
                observed.values().append_value(&pending.entry.features[*place].name);
            }
            observed.append(true);
        }
        Ok([
            array_of(key_type, keys.into_iter())?,
            times(|row| row.row.observed_at),
            times(|row| row.entry.inserted_at),
            Arc::new(self.rows.iter().map(|row| Some(row.sequence as i64)).collect::<Int64Array>()),
            Arc::new(StringArray::from_iter_values(self.rows.iter().map(|row| &row.entry.resolver))),
            Arc::new(StringArray::from_iter_values(self.rows.iter().map(|row| &row.entry.deployment))),
            Arc::new(observed.finish()),
        ])
    }

    fn values(&self, name: &str, data_type: &DataType) -> Result<ArrayRef> {
        let value = |pending: &PendingRow<'a>| {
            let place = pending.places.iter().find(|place| pending.entry.features[**place].name == name)?;
            pending.row.values[*place].as_ref()
        };
        let values: Vec<Option<&Value>> = self.rows.iter().map(value).collect();
        array_of(data_type, values.into_iter())
    }
}

impl PendingRow<'_> {
    fn compare(&self, other: &PendingRow<'_>) -> Ordering {
        let time = |row: &PendingRow<'_>| (row.row.observed_at, row.entry.inserted_at, row.sequence);
        compare_keys(&self.row.key, &other.row.key).then_with(|| time(self).cmp(&time(other)))
    }
}

fn compare_keys(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => left.cmp(right),
        (Value::Str(left), Value::Str(right)) => left.cmp(right),
        _ => Ordering::Equal,
    }
}
