//! What the control plane remembers.

pub mod sqlite;
