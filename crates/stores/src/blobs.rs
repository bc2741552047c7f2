//! Files that we write once and read by name.

pub mod local;
