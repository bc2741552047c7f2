//! What we write: the online store, the log, the offline store, metadata and blobs, each behind its port.
//!
//! Every adapter is a room of its own and passes the conformance suite of its port. What is absent: what a query or a
//! feature means; these stores know namespaces, keys, names and values.

pub mod blobs;
pub mod directory;
mod files;
pub mod log;
pub mod metadata;
pub mod offline;
pub mod online;

pub use blobs::local::LocalBlobs;
pub use directory::DataDirectory;
pub use log::embedded::EmbeddedLog;
pub use metadata::sqlite::SqliteMetadata;
pub use offline::delta::DeltaOfflineStore;
pub use online::embedded::EmbeddedOnlineStore;
