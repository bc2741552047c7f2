//! Work that outlives a request: filling the offline store, persisting the online one, training sets, runs of
//! resolvers.
//!
//! Every background task is a variant of [`Task`]; nothing else may be spawned. What is absent: HTTP, definitions of
//! what a query means (that is `plan` and `engine`).

mod drain;
mod known_types;
mod observe;
mod persist;
mod replay;
mod runs;
mod task;
mod training;

pub use drain::Drain;
pub use known_types::KnownTypes;
pub use observe::Keep;
pub use persist::start as start_persisting;
pub use replay::replay;
pub use runs::{ResolverRuns, Timestamps, Trigger};
pub use task::{Cancel, OnCancel, OnError, Outcome, Stop, Task, Tasks};
pub use training::{Bound, Bounds, Counts, Effort, Observed, Order, Rows, Spine, TrainingSets};
