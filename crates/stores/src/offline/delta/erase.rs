//! Removals: data files are written anew without the rows and values that are taken back.
//!
//! Each file is replaced in a commit of its own, before the rows that came later are added. After a crash in between, the
//! removal comes again and finds the files that still hold something of it.

use super::columns::{KEY, OBSERVED, convert, every_column_of, misfit};
use super::datafile::DataFile;
use super::history::{column, observed_names, read_all};
use super::table::TableWriter;
use super::wanted::Wanted;
use super::work;
use arrow::array::{ArrayRef, BooleanArray, ListBuilder, RecordBatch, StringBuilder};
use arrow::compute::{filter_record_batch, nullif};
use arrow::datatypes::SchemaRef;
use creta_model::Value;
use creta_model::observation::Removal;
use creta_ports::Result;
use deltalake::protocol::DeltaOperation;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A removal, ready to be asked about rows.
pub(super) struct Erasure {
    /// The position of the removal in the log.
    pub position: u64,
    keys: Arc<Wanted>,
    features: Option<BTreeSet<String>>,
}

impl Erasure {
    pub fn of(position: u64, removal: &Removal) -> Erasure {
        let keys = Arc::new(removal.keys.as_ref().map_or_else(Wanted::everything, |keys| Wanted::keys(keys)));
        let features = removal.features.as_ref().map(|features| features.iter().cloned().collect());
        Erasure { position, keys, features }
    }

    pub fn takes_key(&self, key: &Value) -> bool {
        self.keys.holds_key(key)
    }

    pub fn takes(&self, feature: &str) -> bool {
        self.features.as_ref().is_none_or(|features| features.contains(feature))
    }

    fn takes_any_of(&self, file: &DataFile) -> Result<bool> {
        for batch in file.read(&[KEY, OBSERVED], &self.keys)? {
            let (names, _) = observed_names(&batch)?;
            if names.iter().flatten().any(|name| self.takes(name)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Takes the removals out of the table.
pub(super) async fn erase(writer: &mut TableWriter<'_>, erasures: Vec<Erasure>) -> Result<()> {
    if erasures.is_empty() {
        return Ok(());
    }
    let erasures: Arc<[Erasure]> = erasures.into();
    let contents = writer.contents();
    for file in &contents.files {
        let (source, schema, erasures) = (file.clone(), contents.schema.clone(), erasures.clone());
        if let Some(rest) = work(move || rest_of(&source, &schema, &erasures)).await? {
            writer.replace(std::slice::from_ref(file), rest, DeltaOperation::Delete { predicate: None }).await?;
        }
    }
    Ok(())
}

/// What stays of a file; None when all of it does.
fn rest_of(file: &Arc<DataFile>, schema: &SchemaRef, erasures: &[Erasure]) -> Result<Option<RecordBatch>> {
    let mut due = Vec::new();
    for erasure in erasures {
        if erasure.takes_any_of(file)? {
            due.push(erasure);
        }
    }
    if due.is_empty() {
        return Ok(None);
    }
    let rows = read_all(std::slice::from_ref(file), schema)?;
    rows.map(|rows| due.into_iter().try_fold(rows, |rows, erasure| without(&rows, erasure))).transpose()
}

/// The rows without what an erasure takes; rows that then observe nothing go.
fn without(rows: &RecordBatch, erasure: &Erasure) -> Result<RecordBatch> {
    let is_key = erasure.keys.key_test(column(rows, KEY)?);
    let hit: BooleanArray = (0..rows.num_rows()).map(|row| Some(is_key(row))).collect();
    let (names, offsets) = observed_names(rows)?;
    let mut left = ListBuilder::new(StringBuilder::new());
    let mut stays = Vec::with_capacity(rows.num_rows());
    for row in 0..rows.num_rows() {
        let observed = (offsets[row] as usize..offsets[row + 1] as usize).map(|item| names.value(item));
        let names: Vec<&str> = observed.filter(|name| !(hit.value(row) && erasure.takes(name))).collect();
        stays.push(!names.is_empty());
        left.append_value(names.into_iter().map(Some));
    }
    let schema = rows.schema();
    let mut columns: Vec<ArrayRef> = rows.columns().to_vec();
    let observed = schema.index_of(OBSERVED).map_err(misfit)?;
    columns[observed] = convert(&(Arc::new(left.finish()) as ArrayRef), schema.field(observed).data_type())?;
    // Where all features go, no row is left whose values would have to.
    for feature in erasure.features.iter().flatten() {
        for place in every_column_of(&schema, feature) {
            columns[place] = nullif(&columns[place], &hit).map_err(misfit)?;
        }
    }
    let rest = RecordBatch::try_new(schema, columns).map_err(misfit)?;
    filter_record_batch(&rest, &BooleanArray::from(stays)).map_err(misfit)
}
