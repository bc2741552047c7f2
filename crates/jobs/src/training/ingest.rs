//! A finished revision into the stores: its values become observations at their rows' times.

use super::keep;
use super::run::broken;
use crate::observe::{self, Keep, Place, Seen};
use arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use arrow::datatypes::TimestampMicrosecondType;
use arrow::record_batch::RecordBatch;
use creta_engine::{Deployment, Stores};
use creta_model::{Code, Letter};
use creta_ports::arrays::cast;
use creta_ports::metadata::{Revision, RevisionStatus};
use creta_ports::{Blobs, Result};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::fs::File;

/// Rows of one entry of the log.
const BATCH: usize = 10_000;

pub(super) async fn ingest(
    stores: &Stores,
    blobs: &dyn Blobs,
    deployment: &Deployment,
    revision: &Revision,
    keep: Keep,
) -> Result<u64> {
    if revision.status != RevisionStatus::Done {
        return Err(Letter::new(Code::InvalidQuery, "Only a revision that was completed can be ingested.")
            .fix("Wait until it is done, or ask for it again."));
    }
    let graph = deployment.project.graph();
    let named = revision.outputs.iter().find_map(|name| graph.by_fqn(name));
    let entity = named.map(|feature| graph.feature(feature).entity).ok_or_else(|| {
        Letter::new(Code::InvalidQuery, "The revision has no output that can be stored.")
            .fix("Only features of a class of their own are stored, not paths through relationships.")
    })?;
    let place = Place { graph, deployment: &deployment.id, resolver: "offline", entity, keep };
    let mut stored = 0;
    for name in &revision.files {
        let file = File::open(blobs.local(name).await?).map_err(|error| unreadable(&error))?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| unreadable(&error))?;
        for batch in builder.with_batch_size(BATCH).build().map_err(|error| unreadable(&error))? {
            stored += store(stores, &place, &batch.map_err(|error| unreadable(&error))?).await?;
        }
    }
    Ok(stored)
}

async fn store(stores: &Stores, place: &Place<'_>, batch: &RecordBatch) -> Result<u64> {
    let (Some(keys), Some(times)) = (batch.column_by_name("__id__"), batch.column_by_name("__ts__")) else {
        return Err(broken("it has no keys"));
    };
    let times = times.as_primitive_opt::<TimestampMicrosecondType>().ok_or_else(|| broken("its times are none"))?;
    let times: Int64Array = times.values().iter().copied().collect();
    let schema = batch.schema();
    let seen = schema.fields().iter().zip(batch.columns()).filter_map(|(field, column)| {
        Some(seen(place, keep::member(place.graph, place.entity, field.name())?, column))
    });
    observe::store(stores, place, keys, &times, &seen.collect::<Result<Vec<Seen>>>()?).await
}

/// A null of a file says nothing: it may stand for a value that was never found.
fn seen(place: &Place<'_>, feature: creta_model::FeatureId, column: &ArrayRef) -> Result<Seen> {
    let data_type = place.graph.scalar(feature).map(|scalar| &scalar.data_type);
    let values = match data_type {
        Some(data_type) => cast(column, data_type)?,
        None => column.clone(),
    };
    Ok(Seen { feature, rows: (0..values.len()).map(|row| values.is_valid(row)).collect(), values })
}

fn unreadable(error: &dyn std::fmt::Display) -> Letter {
    Letter::new(Code::StoreFailed, format!("A file of the revision cannot be read: {error}."))
}
