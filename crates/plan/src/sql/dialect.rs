//! How the statements of one kind of source are written.

use creta_model::bundle::SourceKind;
use sqlparser::ast::Ident;
use sqlparser::dialect::{Dialect as Grammar, GenericDialect, PostgreSqlDialect, SQLiteDialect};

pub(super) struct Dialect {
    pub grammar: Box<dyn Grammar>,
    /// Name of the parameter at this position.
    pub placeholder: fn(usize) -> String,
    /// Whether the first expression is an instant no earlier than the second.
    pub no_earlier: fn(&str, &str) -> String,
    /// Whether names without quotes are lower-case, whatever their spelling.
    folds: bool,
}

impl Dialect {
    pub fn new(kind: &SourceKind) -> Dialect {
        match kind {
            SourceKind::Sqlite { .. } => Dialect {
                grammar: Box::new(SQLiteDialect {}),
                placeholder: colon,
                no_earlier: among_texts,
                folds: false,
            },
            SourceKind::Parquet { .. } | SourceKind::Csv { .. } => Dialect {
                grammar: Box::new(GenericDialect {}),
                placeholder: colon,
                no_earlier: among_instants,
                folds: false,
            },
            SourceKind::Postgres(_) => Dialect {
                grammar: Box::new(PostgreSqlDialect {}),
                placeholder: |position| format!("${}", position + 1),
                no_earlier: among_instants,
                folds: true,
            },
        }
    }

    /// The name of a column as the source itself gives it.
    pub fn name(&self, written: &Ident) -> String {
        let folded = self.folds && written.quote_style.is_none();
        if folded { written.value.to_ascii_lowercase() } else { written.value.clone() }
    }
}

fn colon(position: usize) -> String {
    format!(":p{position}")
}

fn among_instants(left: &str, right: &str) -> String {
    format!("{left} >= {right}")
}

/// SQLite keeps instants as texts of several styles, so they are compared by what they mean, to the millisecond. What it
/// cannot read passes: a row that is read again loses nothing.
fn among_texts(left: &str, right: &str) -> String {
    format!("coalesce(unixepoch({left}, 'subsec') >= unixepoch({right}, 'subsec'), ({left}) IS NOT NULL)")
}
