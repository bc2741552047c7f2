//! SQL that lists the rows of a training set: one SELECT over the offline store's tables and local files.
//!
//! A table is named by a namespace (`berth`: one row per write, the features by their names, `observed_at`,
//! `inserted_at`) or by a path (`'spines/spring.parquet'`).

use crate::deployment::Deployment;
use crate::files::session;
use arrow::array::{ArrayRef, Int64Array, TimestampMicrosecondArray};
use arrow::compute::{concat_batches, nullif};
use arrow::datatypes::{Field, Schema};
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use creta_model::{Code, EntityId, Letter};
use creta_plan::Project;
use creta_ports::OfflineStore;
use creta_ports::offline::{HistoryColumn, HistoryRequest};
use datafusion::catalog::{SchemaProvider, TableProvider};
use datafusion::error::DataFusionError;
use datafusion::execution::context::SQLOptions;
use datafusion::prelude::{CsvReadOptions, ParquetReadOptions, SessionContext};
use std::path::Path;
use std::sync::Arc;

/// The rows that the statement answers. Letters: `invalid_query`.
pub async fn spine_rows(
    deployment: &Deployment,
    offline: Arc<dyn OfflineStore>,
    statement: &str,
) -> Result<RecordBatch, Letter> {
    let planner = session()?;
    // Files are read through a session of their own: one that held itself would never be let go.
    let tables = Tables { project: deployment.project.clone(), offline, session: session()? };
    let defaults = planner.catalog("datafusion").ok_or_else(|| refused("there is no catalog"))?;
    let registered = defaults.register_schema("public", Arc::new(tables));
    registered.map_err(|error| refused(&error.strip_backtrace()))?;
    let reading = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    let frame = planner.sql_with_options(statement, reading).await;
    let frame = frame.map_err(|error| refused(&error.strip_backtrace()))?;
    let schema: Schema = frame.schema().as_arrow().clone();
    let batches = frame.collect().await.map_err(|error| refused(&error.strip_backtrace()))?;
    let schema = batches.first().map_or_else(|| Arc::new(schema), RecordBatch::schema);
    concat_batches(&schema, &batches).map_err(|error| refused(&error.to_string()))
}

fn refused(why: &str) -> Letter {
    Letter::new(Code::InvalidQuery, format!("The SQL of the spine cannot be run: {why}."))
        .fix("Write one SELECT over namespaces and .parquet or .csv files; name its columns as features and `ts`.")
}

/// Finds a table when a statement names it.
struct Tables {
    project: Arc<Project>,
    offline: Arc<dyn OfflineStore>,
    session: SessionContext,
}

impl std::fmt::Debug for Tables {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Tables").finish_non_exhaustive()
    }
}

#[async_trait]
impl SchemaProvider for Tables {
    fn table_names(&self) -> Vec<String> {
        self.project.graph().entities.iter().map(|entity| entity.namespace.clone()).collect()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, DataFusionError> {
        if let Some(entity) = self.project.graph().namespace(name) {
            let rows = self.history(entity).await.map_err(|letter| DataFusionError::Plan(letter.message))?;
            return Ok(Some(self.session.read_batch(rows)?.into_view()));
        }
        self.file(name).await
    }

    fn table_exist(&self, name: &str) -> bool {
        self.project.graph().namespace(name).is_some() || is_file(name)
    }
}

fn is_file(name: &str) -> bool {
    let is = |ending: &str| Path::new(name).extension().is_some_and(|found| found.eq_ignore_ascii_case(ending));
    is("parquet") || is("csv")
}

impl Tables {
    async fn file(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, DataFusionError> {
        let path = name.strip_prefix("file://").unwrap_or(name);
        if path.contains("://") {
            let message = format!("`{name}` is not a local file; object stores come with Azure");
            return Err(DataFusionError::Plan(message));
        }
        if !is_file(path) {
            return Ok(None);
        }
        if !Path::new(path).exists() {
            return Err(DataFusionError::Plan(format!("the file `{name}` does not exist on the server")));
        }
        let frame = match path.ends_with("csv") {
            true => self.session.read_csv(path, CsvReadOptions::new()).await?,
            false => self.session.read_parquet(path, ParquetReadOptions::default()).await?,
        };
        Ok(Some(frame.into_view()))
    }

    /// Everything that was ever observed of an entity; a feature that a row does not observe is null in it.
    async fn history(&self, entity: EntityId) -> Result<RecordBatch, Letter> {
        let graph = self.project.graph();
        let node = graph.entity(entity);
        let key = node.primary_key.and_then(|key| Some((key, graph.scalar(key)?)));
        let (key, key_scalar) = key.ok_or_else(|| refused("a class without a key has no history"))?;
        let own = graph.scalars(entity).filter(|feature| *feature != key && Some(*feature) != node.feature_time);
        let columns = own.filter_map(|feature| {
            let data_type = graph.scalar(feature)?.data_type.clone();
            Some(HistoryColumn { name: graph.feature(feature).name.clone(), data_type })
        });
        let request = HistoryRequest {
            namespace: node.namespace.clone(),
            key_type: key_scalar.data_type.clone(),
            columns: columns.collect(),
            keys: None,
            observed_from: None,
            observed_until: None,
            inserted_from: None,
            inserted_until: None,
        };
        let history = self.offline.history(&request).await?;
        let mut named: Vec<(String, ArrayRef)> = vec![(graph.feature(key).name.clone(), history.keys)];
        for (column, (values, observed)) in request.columns.iter().zip(history.columns) {
            let absent = arrow::compute::not(&observed).and_then(|absent| nullif(&values, &absent));
            named.push((column.name.clone(), absent.map_err(|error| refused(&error.to_string()))?));
        }
        let time_name = node.feature_time.map(|feature| graph.feature(feature).name.clone());
        let times = [("observed_at", &history.observed_at), ("inserted_at", &history.inserted_at)];
        named.extend(time_name.map(|name| (name, instants(&history.observed_at))));
        for (name, times) in times {
            // A feature of that name comes first.
            if named.iter().all(|(taken, _)| taken != name) {
                named.push((name.to_owned(), instants(times)));
            }
        }
        let fields = named.iter().map(|(name, column)| Field::new(name, column.data_type().clone(), true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let columns = named.into_iter().map(|(_, column)| column).collect();
        RecordBatch::try_new(schema, columns).map_err(|error| refused(&error.to_string()))
    }
}

fn instants(times: &Int64Array) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::new(times.values().clone(), None).with_timezone("UTC"))
}
