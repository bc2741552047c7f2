//! The HTTP door: the published wire format of queries, uploads and training sets, and our own routes for deploying.
//!
//! Bytes become questions and typed columns here, and answers become bytes. What is absent: meaning (that is `plan`
//! and `engine`) and storage.

mod auth;
mod body;
mod errors;
mod query;
mod routes;
mod serve;
pub mod state;
pub mod wire;

pub use errors::{Failure, wire_error};
pub use routes::router;
pub use serve::serve;
