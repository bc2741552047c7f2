//! SQL over Parquet and CSV files: the one module through which DataFusion enters the engine.

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::{DataType as ArrowType, Field, Schema, TimeUnit};
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use creta_model::{Code, Letter, Value};
use creta_ports::Source;
use creta_ports::arrays::cast;
use creta_ports::source::{Predicate, Scan};
use datafusion::common::{ParamValues, ScalarValue};
use datafusion::dataframe::DataFrame;
use datafusion::logical_expr::{Expr, ident, lit};
use datafusion::prelude::{CsvReadOptions, ParquetReadOptions, SessionConfig, SessionContext};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::OnceCell;

/// More values than this are not sent into a scan (decision 23).
const MAX_KEYS: usize = 10_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    Parquet,
    Csv,
}

/// Files that SQL can read as tables.
pub struct FileSource {
    tables: Vec<(String, PathBuf)>,
    format: FileFormat,
    session: SessionContext,
    /// Schemas are read at the first scan.
    registered: OnceCell<()>,
}

impl FileSource {
    /// Tables by name, each a file or a folder of files below `project`. Letters: `missing_file`.
    pub fn open(
        project: &Path,
        tables: &BTreeMap<String, String>,
        format: FileFormat,
    ) -> Result<FileSource, Letter> {
        let mut found = Vec::with_capacity(tables.len());
        for (name, path) in tables {
            let full = project.join(path);
            if !full.exists() {
                let letter = Letter::new(Code::MissingFile, format!("The file `{path}` of table `{name}` does not exist."));
                return Err(letter.fix("Paths are relative to the project's folder."));
            }
            found.push((name.clone(), full));
        }
        let config = SessionConfig::new().with_information_schema(false);
        let session = SessionContext::new_with_config(config);
        Ok(FileSource { tables: found, format, session, registered: OnceCell::new() })
    }

    async fn frame(&self, statement: &str) -> Result<DataFrame, Letter> {
        self.registered.get_or_try_init(|| self.register()).await?;
        self.session
            .sql(statement)
            .await
            .map_err(|error| Letter::new(Code::Sql, format!("The statement cannot be run on the files: {error}.")))
    }

    async fn register(&self) -> Result<(), Letter> {
        for (name, path) in &self.tables {
            let text = path.to_string_lossy();
            let registered = match self.format {
                FileFormat::Parquet => {
                    self.session.register_parquet(name.as_str(), text, ParquetReadOptions::default()).await
                }
                FileFormat::Csv => self.session.register_csv(name.as_str(), text, CsvReadOptions::default()).await,
            };
            registered.map_err(|error| failed(&format!("the table `{name}` cannot be read: {error}")))?;
        }
        Ok(())
    }
}

#[async_trait]
impl Source for FileSource {
    async fn scan(&self, scan: &Scan) -> Result<Vec<RecordBatch>, Letter> {
        let mut frame = self.frame(&with_dollars(scan)).await?;
        if !scan.parameters.is_empty() {
            let values = scan.parameters.iter().enumerate();
            let values: Vec<(String, ScalarValue)> =
                values.map(|(position, value)| (format!("p{position}"), scalar(value))).collect();
            frame = frame.with_param_values(ParamValues::from(values)).map_err(|error| failed(&error.to_string()))?;
        }
        for predicate in &scan.predicates {
            if let Some(condition) = condition(&frame, predicate) {
                frame = frame.filter(condition).map_err(|error| failed(&error.to_string()))?;
            }
        }
        let columns = scan.columns.iter().map(|column| ident(&column.name));
        let frame = frame.select(columns).map_err(|error| Letter::new(Code::Sql, format!("{error}.")))?;
        let batches = frame.collect().await.map_err(|error| failed(&error.to_string()))?;
        batches.iter().map(|batch| typed(scan, batch)).collect()
    }

    async fn columns(&self, statement: &str) -> Result<Vec<String>, Letter> {
        let frame = self.frame(statement).await?;
        Ok(frame.schema().fields().iter().map(|field| field.name().clone()).collect())
    }
}

/// DataFusion spells named parameters with a dollar.
fn with_dollars(scan: &Scan) -> String {
    let mut statement = scan.statement.clone();
    for position in (0..scan.parameters.len()).rev() {
        statement = statement.replace(&format!(":p{position}"), &format!("$p{position}"));
    }
    statement
}

fn scalar(value: &Value) -> ScalarValue {
    match value {
        Value::Bool(value) => ScalarValue::Boolean(Some(*value)),
        Value::Int(value) => ScalarValue::Int64(Some(*value)),
        Value::Float(value) => ScalarValue::Float64(Some(*value)),
        Value::Str(value) => ScalarValue::Utf8(Some(value.clone())),
        Value::Bytes(value) => ScalarValue::Binary(Some(value.clone())),
        Value::Datetime(value) => ScalarValue::TimestampMicrosecond(Some(*value), Some("UTC".into())),
        Value::Date(value) => ScalarValue::Date32(Some(*value)),
        Value::Time(value) => ScalarValue::Time64Microsecond(Some(*value)),
        Value::Timedelta(value) => ScalarValue::DurationMicrosecond(Some(*value)),
        Value::Null | Value::List(_) | Value::Struct(_) | Value::Map(_) => ScalarValue::Null,
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
                ident(column).in_list(items.map(|value| lit(value)).collect(), false)
            })
        }
        Predicate::In { .. } => None,
        Predicate::AtMost { column, value } => Some(ident(column).lt_eq(edge(&column_type(column)?, value)?)),
        Predicate::AtLeast { column, value } => Some(ident(column).gt_eq(edge(&column_type(column)?, value)?)),
    }
}

fn comparable(column: &ArrowType, keys: &ArrowType) -> bool {
    let is_text = |data_type: &ArrowType| {
        matches!(data_type, ArrowType::Utf8 | ArrowType::LargeUtf8 | ArrowType::Utf8View)
    };
    (is_text(column) && is_text(keys)) || (column.is_integer() && keys.is_integer())
}

fn edge(column: &ArrowType, value: &Value) -> Option<Expr> {
    match (column, value) {
        (ArrowType::Timestamp(TimeUnit::Microsecond | TimeUnit::Nanosecond, zone), Value::Datetime(at)) => {
            Some(lit(ScalarValue::TimestampMicrosecond(Some(*at), zone.clone())))
        }
        (ArrowType::Int64 | ArrowType::Float64, Value::Int(value)) => Some(lit(*value)),
        (ArrowType::Int64 | ArrowType::Float64, Value::Float(value)) => Some(lit(*value)),
        _ => None,
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

fn failed(reason: &str) -> Letter {
    Letter::new(Code::SourceFailed, format!("The files could not be read: {reason}."))
}
