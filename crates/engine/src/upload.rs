//! Values that callers observed: into the log, on disk, and visible online before the answer.

use crate::deployment::Deployment;
use crate::run::Stores;
use arrow::array::{Array, ArrayRef, TimestampMicrosecondArray};
use arrow::record_batch::RecordBatch;
use creta_model::observation::{Observations, ObservedFeature, ObservedRow, Producer, destinations};
use creta_model::{Code, EntityId, FeatureId, Graph, Letter, Value};
use creta_ports::Sync;
use creta_ports::arrays::value_at;
use std::collections::BTreeMap;

pub(crate) async fn upload(stores: &Stores, deployment: &Deployment, columns: &RecordBatch) -> Result<(), Vec<Letter>> {
    let graph = deployment.project.graph();
    if columns.num_columns() == 0 {
        let letter = Letter::new(Code::InvalidInput, "The upload has no columns.");
        return Err(vec![letter.fix("Give the primary key and the values to store.")]);
    }
    let mut entries = Vec::new();
    let mut faults = Vec::new();
    let now = stores.clock.now();
    for (entity, columns) in by_entity(graph, columns)? {
        match entry(graph, &deployment.id, entity, &columns, now) {
            Ok(entry) => entries.extend(entry),
            Err(letter) => faults.push(letter),
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    stores.record(entries, Sync::Disk, now).await.map_err(|letter| vec![letter])
}

type EntityColumns = BTreeMap<EntityId, Vec<(FeatureId, ArrayRef)>>;

fn by_entity(graph: &Graph, columns: &RecordBatch) -> Result<EntityColumns, Vec<Letter>> {
    let mut entities = EntityColumns::new();
    let mut faults = Vec::new();
    for (field, column) in columns.schema().fields().iter().zip(columns.columns()) {
        let feature = graph.by_fqn(field.name()).filter(|feature| graph.scalar(*feature).is_some());
        let Some(feature) = feature else {
            let letter = graph.path(field.name()).err().unwrap_or_else(|| {
                Letter::new(Code::UnknownQueryFeature, format!("`{}` is not a feature with a value.", field.name()))
                    .fix("Upload it as a feature of its own class, with that class's key.")
            });
            faults.push(Letter { code: Code::UnknownQueryFeature, ..letter });
            continue;
        };
        if let Err(letter) = graph.ungrouped(feature) {
            faults.push(Letter { code: Code::InvalidInput, ..letter });
            continue;
        }
        let data_type = graph.scalar(feature).map(|scalar| scalar.data_type.arrow());
        if data_type.as_ref() != Some(column.data_type()) {
            faults.push(Letter::new(Code::InvalidInput, format!("`{}` has the wrong type.", field.name())));
            continue;
        }
        entities.entry(graph.feature(feature).entity).or_default().push((feature, column.clone()));
    }
    if faults.is_empty() { Ok(entities) } else { Err(faults) }
}

fn entry(
    graph: &Graph,
    deployment: &str,
    entity: EntityId,
    columns: &[(FeatureId, ArrayRef)],
    now: i64,
) -> Result<Option<Observations>, Letter> {
    let node = graph.entity(entity);
    let column = |wanted: Option<FeatureId>| columns.iter().find(|(id, _)| Some(*id) == wanted).map(|(_, array)| array);
    if node.singleton {
        let message = format!("`{}` is a singleton; its values are computed when they are asked for.", node.namespace);
        return Err(Letter::new(Code::InvalidInput, message).fix("Let a resolver return them."));
    }
    let keys = column(node.primary_key).ok_or_else(|| {
        Letter::new(Code::InvalidInput, format!("The primary key of `{}` is not among the columns.", node.namespace))
            .fix("Give a key per row; values are stored under it.")
    })?;
    if keys.null_count() > 0 {
        return Err(Letter::new(Code::InvalidInput, format!("A primary key of `{}` is null.", node.namespace))
            .fix("Give a key per row; values are stored under it."));
    }
    let times = column(node.feature_time).and_then(|array| array.as_any().downcast_ref::<TimestampMicrosecondArray>());
    let values: Vec<&(FeatureId, ArrayRef)> = columns.iter().filter(|(id, _)| Some(*id) != node.primary_key).collect();
    let features = values.iter().map(|(feature, _)| observed(graph, *feature)).collect();
    for (feature, array) in &values {
        let nullable =
            graph.scalar(*feature).is_some_and(|scalar| scalar.nullable) || Some(*feature) == node.feature_time;
        if array.null_count() > 0 && !nullable {
            return Err(Letter::new(Code::InvalidInput, format!("`{}` cannot be null.", graph.feature(*feature).fqn))
                .fix("Give a value, leave the column out, or declare the feature `| None`."));
        }
    }
    let row = |row: usize| ObservedRow {
        key: value_at(keys.as_ref(), row),
        observed_at: times.filter(|times| times.is_valid(row)).map_or(now, |times| times.value(row)),
        values: values.iter().map(|(_, array)| Some(value_at(array.as_ref(), row))).collect::<Vec<Option<Value>>>(),
    };
    let rows: Vec<ObservedRow> = (0..keys.len()).map(row).collect();
    Ok((!rows.is_empty()).then(|| Observations {
        namespace: node.namespace.clone(),
        resolver: "upload".to_owned(),
        deployment: deployment.to_owned(),
        inserted_at: now,
        features,
        rows,
    }))
}

fn observed(graph: &Graph, feature: FeatureId) -> ObservedFeature {
    let caching = graph.scalar(feature).map(|scalar| scalar.caching.clone()).unwrap_or_default();
    ObservedFeature {
        name: graph.feature(feature).stored.clone(),
        destinations: destinations(Producer::Upload, &caching),
        nulls: caching.nulls,
    }
}
