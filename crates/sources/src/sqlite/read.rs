//! Runs a wrapped statement on a connection and collects its rows in typed batches.

use super::statement::Wrapped;
use super::{cells, failed};
use crate::batches::{self, Batches};
use crate::columns::Misfit;
use arrow::record_batch::RecordBatch;
use creta_model::{DataType, Letter};
use creta_ports::Result;
use creta_ports::source::ScanColumn;
use rusqlite::{Connection, Statement};
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// Reads for one source; remembers which time columns were seen to hold text.
pub(super) struct Reader {
    source: String,
    text_times: Mutex<HashSet<(String, String)>>,
}

impl Reader {
    pub fn new(source: &str) -> Reader {
        Reader { source: source.to_owned(), text_times: Mutex::new(HashSet::new()) }
    }

    pub fn name(&self) -> &str {
        &self.source
    }

    pub fn read(&self, connection: &Connection, wrapped: &Wrapped, columns: &[ScanColumn]) -> Result<Vec<RecordBatch>> {
        for column in &wrapped.from_times {
            self.refuse_numbers(connection, wrapped, column, columns)?;
        }
        let failed = |error| failed(&self.source, &error);
        let mut statement = connection.prepare_cached(&wrapped.text).map_err(failed)?;
        bind(&mut statement, wrapped).map_err(failed)?;
        let mut batches = Batches::new(columns);
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(failed)? {
            for (position, column) in batches.columns().iter_mut().enumerate() {
                let cell = row.get_ref(position).map_err(failed)?;
                cells::append(column, cell).map_err(|misfit| self.misfit(&columns[position], &misfit))?;
            }
            batches.row_is_complete()?;
        }
        batches.finish()
    }

    /// SQLite orders every number before every text, so `time >= 'text'` would pass over integer times without a word.
    /// One look at the first value of the column, once per statement, makes it the error that it is.
    fn refuse_numbers(
        &self,
        connection: &Connection,
        wrapped: &Wrapped,
        column: &str,
        columns: &[ScanColumn],
    ) -> Result<()> {
        let seen = (wrapped.inner.clone(), column.to_owned());
        if self.text_times.lock().unwrap_or_else(PoisonError::into_inner).contains(&seen) {
            return Ok(());
        }
        let name = column.replace('"', "\"\"");
        let text = format!(
            "SELECT typeof(creta_statement.\"{name}\") FROM ({}\n) AS creta_statement \
             WHERE creta_statement.\"{name}\" IS NOT NULL LIMIT 1",
            wrapped.inner
        );
        let failed = |error| failed(&self.source, &error);
        let mut statement = connection.prepare(&text).map_err(failed)?;
        bind(&mut statement, wrapped).map_err(failed)?;
        let mut rows = statement.raw_query();
        let first = rows.next().map_err(failed)?;
        let found: Option<String> = first.map(|row| row.get(0)).transpose().map_err(failed)?;
        let misfit = match found.as_deref() {
            None => return Ok(()),
            Some("integer") => Misfit::holds("INTEGER"),
            Some("real") => Misfit::holds("REAL"),
            Some(_) => {
                self.text_times.lock().unwrap_or_else(PoisonError::into_inner).insert(seen);
                return Ok(());
            }
        };
        match columns.iter().find(|candidate| candidate.name == column) {
            Some(column) => Err(self.misfit(column, &misfit)),
            None => Ok(()),
        }
    }

    fn misfit(&self, column: &ScanColumn, misfit: &Misfit) -> Letter {
        batches::misfit(&self.source, column, misfit).fix(remedy(&column.data_type, &misfit.0))
    }
}

fn remedy(data_type: &DataType, held: &str) -> String {
    match data_type {
        DataType::Datetime if matches!(held, "INTEGER" | "REAL") => {
            "Select it as ISO-8601 text, for example `strftime('%Y-%m-%dT%H:%M:%fZ', column, 'unixepoch')`.".to_owned()
        }
        DataType::Int => {
            "Select `CAST(column AS INTEGER)`, or declare the feature with the type that is stored.".to_owned()
        }
        DataType::Float => {
            "Select `CAST(column AS REAL)`, or declare the feature with the type that is stored.".to_owned()
        }
        DataType::Str => {
            "Select `CAST(column AS TEXT)`, or declare the feature with the type that is stored.".to_owned()
        }
        _ => format!("Let the statement yield a {data_type}, or declare the feature with the type that is stored."),
    }
}

fn bind(statement: &mut Statement<'_>, wrapped: &Wrapped) -> rusqlite::Result<()> {
    for (name, value) in &wrapped.bindings {
        if let Some(index) = statement.parameter_index(name)? {
            statement.raw_bind_parameter(index, value)?;
        }
    }
    Ok(())
}
