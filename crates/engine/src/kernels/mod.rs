//! Column algorithms that know nothing of plans: grouping by key, timelines, aggregates over slices.

pub mod aggregate;
pub mod keys;
pub mod timeline;
pub mod versions;
