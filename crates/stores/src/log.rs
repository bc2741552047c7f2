//! The durable log between an answer and the stores.

pub mod embedded;
