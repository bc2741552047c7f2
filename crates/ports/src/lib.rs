//! The windows in the wall: every way in which the engine touches the outside world, as traits.
//!
//! Adapters live in `stores`, `sources` and `python`; only the binary chooses them. What is absent: implementations.

pub mod arrays;
pub mod blobs;
pub mod clock;
pub mod log;
pub mod metadata;
pub mod offline;
pub mod online;
pub mod python;
pub mod runs;
pub mod source;

pub use blobs::Blobs;
pub use clock::{Clock, Entropy};
pub use log::{Log, Position, Sync};
pub use metadata::Metadata;
pub use offline::OfflineStore;
pub use online::OnlineStore;
pub use python::Python;
pub use runs::RunRecords;
pub use source::Source;

/// What every port answers with: a value or a letter.
pub type Result<T> = std::result::Result<T, creta_model::Letter>;
