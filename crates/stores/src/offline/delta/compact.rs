//! Fewer, larger files: eight files of about the same size become one sorted file.
//!
//! Sizes grow by a factor of at least eight per merge, so a row is rewritten a handful of times in its life.

use super::datafile::DataFile;
use super::history::read_all;
use super::table::Table;
use super::work;
use creta_ports::Result;
use deltalake::protocol::DeltaOperation;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Files of one size that are merged.
const FILES: usize = 8;

/// Files of at least this many rows stay as they are.
const LARGE: usize = 4_000_000;

/// Merges files until no size has too many.
pub(super) async fn compact(table: &Table) -> Result<()> {
    loop {
        let contents = table.contents();
        let Some(files) = choose(&contents.files) else { return Ok(()) };
        let mut writer = table.writer().await;
        let (schema, chosen) = (contents.schema.clone(), files.clone());
        let merged = work(move || read_all(&chosen, &schema)).await?;
        if let Some(merged) = merged {
            let target_size = files.iter().map(|file| file.bytes as i64).sum();
            writer.replace(&files, merged, DeltaOperation::Optimize { predicate: None, target_size }).await?;
        }
    }
}

fn choose(files: &[Arc<DataFile>]) -> Option<Vec<Arc<DataFile>>> {
    let mut sizes: BTreeMap<u32, Vec<Arc<DataFile>>> = BTreeMap::new();
    for file in files.iter().filter(|file| file.rows < LARGE) {
        sizes.entry((file.rows.max(1) / 1_000 + 1).ilog(FILES)).or_default().push(file.clone());
    }
    sizes.into_values().find(|files| files.len() >= FILES)
}
