//! skeleton
pub mod conformance;
