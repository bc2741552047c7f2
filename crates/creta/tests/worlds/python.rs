//! The Python port over the functions of generated worlds, which are computed in Rust.

use arrow::datatypes::{Field, Schema};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use async_trait::async_trait;
use creta_model::bundle::ResolverBody;
use creta_model::errors::Exception;
use creta_model::{Bundle, DataType, Letter, Value};
use creta_ports::Python;
use creta_ports::arrays::{array_of, value_at};
use creta_ports::python::{Answer, Call, RowError};
use creta_testkit::world::call_python;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Resolver → its output; every generated one has a single int output.
pub struct RustFunctions(HashMap<String, String>);

impl RustFunctions {
    pub fn of(bundle: &Bundle) -> RustFunctions {
        let output = |resolver: &creta_model::bundle::Resolver| match &resolver.body {
            ResolverBody::Python(body) => Some((resolver.name.clone(), body.outputs[0].clone())),
            ResolverBody::Sql(_) => None,
        };
        RustFunctions(bundle.resolvers.iter().filter_map(output).collect())
    }
}

#[async_trait]
impl Python for RustFunctions {
    async fn call(&self, call: Call) -> Result<Answer, Letter> {
        let output = &self.0[&call.resolver];
        let batch = call.batch.unwrap();
        let (mut values, mut errors, mut missing) = (Vec::new(), Vec::new(), Vec::new());
        for row in 0..call.rows {
            let schema = batch.schema();
            let cells = schema.fields().iter().zip(batch.columns());
            let arguments: Vec<(String, Value)> =
                cells.map(|(field, column)| (field.name().clone(), value_at(column.as_ref(), row))).collect();
            match call_python(&call.resolver, &arguments) {
                Ok(found) => {
                    let value = found.into_iter().next().map(|(_, value)| value);
                    missing.extend(value.is_none().then_some(row));
                    values.push(value.unwrap_or(Value::Null));
                }
                Err(message) => {
                    let exception = Exception { kind: "ValueError".to_owned(), message, stacktrace: String::new() };
                    errors.push(RowError { row: Some(row), exception, place: None });
                    values.push(Value::Null);
                }
            }
        }
        let column = array_of(&DataType::Int, values.iter().map(Some))?;
        let schema = Arc::new(Schema::new(vec![Field::new(output, column.data_type().clone(), true)]));
        let options = RecordBatchOptions::new().with_row_count(Some(call.rows));
        let batch = RecordBatch::try_new_with_options(schema, vec![column], &options).unwrap();
        let missing = if missing.is_empty() { BTreeMap::new() } else { BTreeMap::from([(output.clone(), missing)]) };
        Ok(Answer { batch, errors, missing })
    }
}
