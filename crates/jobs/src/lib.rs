//! Work that outlives a request: filling the offline store, persisting the online one, training sets.
//!
//! Every background task is a variant of [`Task`]; nothing else may be spawned. What is absent: HTTP, definitions of
//! what a query means (that is `plan` and `engine`).

mod drain;
mod known_types;
mod persist;
mod replay;
mod task;
mod training;

pub use drain::Drain;
pub use known_types::KnownTypes;
pub use persist::start as start_persisting;
pub use replay::replay;
pub use task::{Cancel, OnCancel, OnError, Outcome, Stop, Task, Tasks};
pub use training::{Bound, Bounds, Counts, Effort, Keep, Observed, Order, Rows, Spine, TrainingSets};
