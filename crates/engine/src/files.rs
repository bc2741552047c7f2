//! SQL over Parquet and CSV files: the one module through which DataFusion enters the engine.

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::{DataType as ArrowType, Field, Schema, TimeUnit};
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use creta_model::{Code, Letter, Value};
use creta_ports::Source;
use creta_ports::arrays::cast;
use creta_ports::source::{Predicate, Scan};
use datafusion::common::config::ConfigOptions;
use datafusion::common::{ParamValues, ScalarValue, TableReference};
use datafusion::dataframe::DataFrame;
use datafusion::error::DataFusionError;
use datafusion::execution::cache::cache_manager::CacheManagerConfig;
use datafusion::execution::context::SQLOptions;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::logical_expr::{Expr, JoinType, ident, lit};
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::{ExecutionPlan, collect_partitioned};
use datafusion::prelude::{CsvReadOptions, ParquetReadOptions, SessionConfig, SessionContext};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::OnceCell;

/// More values than this are not sent into a scan (decision 23).
const MAX_KEYS: usize = 10_000;
/// Sorts, joins and groups of one source that need more memory than this spill to disk.
const MEMORY: usize = 2 << 30;
/// Rows of one batch, at most.
const BATCH_ROWS: usize = 16_384;
/// Name of the keys whose versions are wanted; no statement yields it.
const VERSIONS_OF: &str = "creta_versions_of";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    Parquet,
    Csv,
}

/// Files that SQL can read as tables.
pub struct FileSource {
    tables: Vec<(String, PathBuf)>,
    /// Paths as the project writes them, for letters.
    written: Vec<String>,
    format: FileFormat,
    session: SessionContext,
    /// Schemas are read at the first scan.
    registered: OnceCell<()>,
}

impl FileSource {
    /// Tables by name, each a file or a folder of files below `project`. Letters: `missing_file`.
    pub fn open(project: &Path, tables: &BTreeMap<String, String>, format: FileFormat) -> Result<FileSource, Letter> {
        let found = tables.iter().map(|(name, path)| (name.clone(), project.join(path))).collect();
        let written = tables.values().cloned().collect();
        let source = FileSource { tables: found, written, format, session: session()?, registered: OnceCell::new() };
        source.present()?;
        Ok(source)
    }

    /// Files can go while a server runs, and a letter about a missing file says more than an empty table.
    fn present(&self) -> Result<(), Letter> {
        let mut missing = self.tables.iter().zip(&self.written).filter(|((_, path), _)| !path.exists());
        match missing.next() {
            None => Ok(()),
            Some(((name, _), path)) => {
                let message = format!("The file `{path}` of table `{name}` does not exist.");
                Err(Letter::new(Code::MissingFile, message).fix("Paths are relative to the project's folder."))
            }
        }
    }

    async fn frame(&self, statement: &str) -> Result<DataFrame, Letter> {
        self.present()?;
        self.registered.get_or_try_init(|| self.register()).await?;
        // A resolver reads; nothing that a project says may create, change or copy anything.
        let reading = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
        self.session.sql_with_options(statement, reading).await.map_err(|error| unplannable(&error))
    }

    async fn register(&self) -> Result<(), Letter> {
        for (name, path) in &self.tables {
            let text = path.to_string_lossy();
            // Whatever characters it has, it is one name; one left by an attempt that failed makes room.
            let table = TableReference::bare(name.as_str());
            self.session.deregister_table(table.clone()).map_err(|error| failed(&error.to_string()))?;
            // A file may be called anything, in a folder the ending tells its tables from the rest.
            let ending = if path.is_file() { extension(path) } else { None };
            let registered = match self.format {
                FileFormat::Parquet => {
                    let options = ParquetReadOptions {
                        file_extension: ending.as_deref().unwrap_or(".parquet"),
                        ..Default::default()
                    };
                    self.session.register_parquet(table, text, options).await
                }
                FileFormat::Csv => {
                    let options = CsvReadOptions::new().file_extension(ending.as_deref().unwrap_or(".csv"));
                    self.session.register_csv(table, text, options).await
                }
            };
            registered.map_err(|error| failed(&format!("the table `{name}` cannot be read: {error}")))?;
        }
        Ok(())
    }
}

pub(crate) fn session() -> Result<SessionContext, Letter> {
    // One partition keeps rows in source order, which decides between duplicates (decision 16). Names mean what the
    // statement says, as they did when its columns were mapped to features.
    let mut config = SessionConfig::new().with_target_partitions(1).with_batch_size(BATCH_ROWS);
    config.options_mut().sql_parser.enable_ident_normalization = false;
    config.options_mut().execution.parquet.pushdown_filters = true;
    // A listing that is kept would hide files that arrive later.
    let caches = CacheManagerConfig::default().with_list_files_cache_limit(0);
    let runtime = RuntimeEnvBuilder::new().with_memory_limit(MEMORY, 1.0).with_cache_manager(caches).build_arc();
    Ok(SessionContext::new_with_config_rt(config, runtime.map_err(|error| failed(&error.to_string()))?))
}

fn extension(path: &Path) -> Option<String> {
    path.extension().map(|extension| format!(".{}", extension.to_string_lossy()))
}

impl FileSource {
    async fn read(&self, scan: &Scan) -> Result<Vec<RecordBatch>, Letter> {
        let mut frame = self.frame(&scan.statement).await?;
        if !scan.parameters.is_empty() {
            let values = scan.parameters.iter().enumerate();
            let values: Vec<(String, ScalarValue)> =
                values.map(|(position, value)| (format!("p{position}"), scalar(value))).collect();
            frame = frame.with_param_values(ParamValues::from(values)).map_err(|error| unplannable(&error))?;
        }
        let whole = frame.clone();
        for predicate in &scan.predicates {
            frame = restricted(frame, &whole, predicate).map_err(|error| failed(&error.to_string()))?;
        }
        let columns = scan.columns.iter().map(|column| ident(&column.name));
        let frame = frame.select(columns).map_err(|error| unplannable(&error))?;
        let batches = collect(frame).await.map_err(|error| failed(&error.to_string()))?;
        batches.iter().map(|batch| typed(scan, batch)).collect()
    }
}

/// All rows in source order, large files read by all cores.
async fn collect(frame: DataFrame) -> Result<Vec<RecordBatch>, DataFusionError> {
    let context = Arc::new(frame.task_ctx());
    let plan = frame.create_physical_plan().await?;
    let plan = side_by_side(plan, context.session_config().options())?;
    Ok(collect_partitioned(plan, context).await?.concat())
}

/// Cuts a file into parts where the plan does no more than choose rows and columns: the parts, one after the other, are
/// the file. Whatever looks at several rows keeps its one input.
fn side_by_side(
    plan: Arc<dyn ExecutionPlan>,
    options: &ConfigOptions,
) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
    if plan.fetch().is_some() {
        return Ok(plan);
    }
    match (plan.name(), plan.children().as_slice()) {
        ("ProjectionExec" | "FilterExec" | "CoalesceBatchesExec", [child]) => {
            let child = side_by_side(Arc::clone(child), options)?;
            plan.replace_children(vec![child], ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
        }
        ("DataSourceExec", []) => {
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            Ok(plan.repartitioned(cores, options)?.unwrap_or(plan))
        }
        _ => Ok(plan),
    }
}

#[async_trait]
impl Source for FileSource {
    async fn scan(&self, scan: &Scan) -> Result<Vec<RecordBatch>, Letter> {
        self.read(scan).await.map_err(|letter| {
            // It was accepted when it was applied; since then the files changed.
            let code = if letter.code == Code::Sql { Code::SourceFailed } else { letter.code };
            Letter { code, ..letter }.resolver(&scan.resolver)
        })
    }

    async fn columns(&self, statement: &str) -> Result<Vec<String>, Letter> {
        let frame = self.frame(statement).await?;
        Ok(frame.schema().fields().iter().map(|field| field.name().clone()).collect())
    }
}

fn scalar(value: &Value) -> ScalarValue {
    match value {
        Value::Bool(value) => ScalarValue::Boolean(Some(*value)),
        Value::Int(value) => ScalarValue::Int64(Some(*value)),
        Value::Float(value) => ScalarValue::Float64(Some(*value)),
        Value::Str(value) => ScalarValue::Utf8(Some(value.clone())),
        Value::Bytes(value) => ScalarValue::Binary(Some(value.clone())),
        Value::Datetime(value) => ScalarValue::TimestampMicrosecond(Some(*value), Some("+00:00".into())),
        Value::Date(value) => ScalarValue::Date32(Some(*value)),
        Value::Time(value) => ScalarValue::Time64Microsecond(Some(*value)),
        Value::Timedelta(value) => ScalarValue::DurationMicrosecond(Some(*value)),
        Value::Null | Value::List(_) | Value::Struct(_) | Value::Map(_) => ScalarValue::Null,
    }
}

/// The rows that pass a predicate, or more. Versions of them are looked for among all rows of the statement.
fn restricted(frame: DataFrame, whole: &DataFrame, predicate: &Predicate) -> Result<DataFrame, DataFusionError> {
    if let Predicate::Versions { key, passing } = predicate {
        let passing = passing.iter().try_fold(whole.clone(), |frame, one| restricted(frame, whole, one))?;
        let keys = passing.select([ident(key).alias(VERSIONS_OF)])?.distinct()?;
        return frame.join(keys, JoinType::LeftSemi, &[key], &[VERSIONS_OF], None);
    }
    match condition(&frame, predicate) {
        Some(condition) => frame.filter(condition),
        None => Ok(frame),
    }
}

/// A predicate on an output column. One that the column's type cannot be compared with safely is left to the engine.
fn condition(frame: &DataFrame, predicate: &Predicate) -> Option<Expr> {
    let column_type = |name: &str| {
        let fields = frame.schema().fields().iter();
        fields.filter(|field| field.name() == name).map(|field| field.data_type().clone()).next()
    };
    match predicate {
        Predicate::In { column, values } if values.len() <= MAX_KEYS => {
            comparable(&column_type(column)?, values.data_type()).then(|| {
                let items = (0..values.len()).filter_map(|row| ScalarValue::try_from_array(values, row).ok());
                ident(column).in_list(items.map(lit).collect(), false)
            })
        }
        Predicate::In { .. } | Predicate::Versions { .. } => None,
        Predicate::AtMost { column, value } => {
            Some(ident(column).lt_eq(edge(&column_type(column)?, value, Side::Upper)?))
        }
        Predicate::AtLeast { column, value } => {
            Some(ident(column).gt_eq(edge(&column_type(column)?, value, Side::Lower)?))
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Lower,
    Upper,
}

fn comparable(column: &ArrowType, keys: &ArrowType) -> bool {
    let is_text =
        |data_type: &ArrowType| matches!(data_type, ArrowType::Utf8 | ArrowType::LargeUtf8 | ArrowType::Utf8View);
    (is_text(column) && is_text(keys)) || (column.is_integer() && keys.is_integer())
}

fn edge(column: &ArrowType, value: &Value, side: Side) -> Option<Expr> {
    match (column, value) {
        (ArrowType::Timestamp(unit, zone), Value::Datetime(at)) => {
            let at = Some(in_unit(*unit, *at, side)?);
            let zone = zone.clone();
            Some(lit(match unit {
                TimeUnit::Second => ScalarValue::TimestampSecond(at, zone),
                TimeUnit::Millisecond => ScalarValue::TimestampMillisecond(at, zone),
                TimeUnit::Microsecond => ScalarValue::TimestampMicrosecond(at, zone),
                TimeUnit::Nanosecond => ScalarValue::TimestampNanosecond(at, zone),
            }))
        }
        (ArrowType::Int64 | ArrowType::Float64, Value::Int(value)) => Some(lit(*value)),
        (ArrowType::Int64 | ArrowType::Float64, Value::Float(value)) => Some(lit(*value)),
        _ => None,
    }
}

/// A bound in the unit of the column, so that no cast keeps it from the file's statistics. Nanoseconds are truncated
/// when they are read, so a row may be up to one microsecond further out than it will seem.
fn in_unit(unit: TimeUnit, micros: i64, side: Side) -> Option<i64> {
    let coarser = |size: i64| match side {
        Side::Upper => micros.div_euclid(size),
        Side::Lower => micros.div_euclid(size) + i64::from(micros.rem_euclid(size) > 0),
    };
    match (unit, side) {
        (TimeUnit::Second, _) => Some(coarser(1_000_000)),
        (TimeUnit::Millisecond, _) => Some(coarser(1_000)),
        (TimeUnit::Microsecond, _) => Some(micros),
        (TimeUnit::Nanosecond, Side::Upper) => micros.checked_mul(1_000)?.checked_add(999),
        (TimeUnit::Nanosecond, Side::Lower) => micros.checked_mul(1_000)?.checked_sub(999),
    }
}

fn typed(scan: &Scan, batch: &RecordBatch) -> Result<RecordBatch, Letter> {
    let mut fields = Vec::with_capacity(scan.columns.len());
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(scan.columns.len());
    for (column, array) in scan.columns.iter().zip(batch.columns()) {
        let typed = cast(array, &column.data_type).map_err(|_| {
            let message = format!(
                "The column `{}` of `{}` is {} in the file, which cannot be read as {}.",
                column.name,
                scan.resolver,
                array.data_type(),
                column.data_type
            );
            Letter::new(Code::ValidationFailed, message).fix("Convert it in the statement with CAST.")
        })?;
        fields.push(Field::new(&column.name, column.data_type.arrow(), true));
        columns.push(typed);
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(|error| failed(&error.to_string()))
}

/// The statement does not fit the tables; DataFusion says which name or type it is about.
fn unplannable(error: &DataFusionError) -> Letter {
    Letter::new(Code::Sql, format!("The statement cannot be run on the files: {}.", error.strip_backtrace()))
}

fn failed(reason: &str) -> Letter {
    Letter::new(Code::SourceFailed, format!("The files could not be read: {reason}."))
}
