//! What we only read: databases that somebody else keeps, each behind the `Source` port.
//!
//! What is absent: writing, and any knowledge of features. A source renders the closed set of predicates in its own
//! dialect, binds every value, and answers in the types it was asked for or says which column does not fit.

mod batches;
mod columns;
mod postgres;
mod sqlite;
mod wrapping;

pub use postgres::{Environment, PostgresSource};
pub use sqlite::SqliteSource;
