//! The one test binary of the crate.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod conformance;
mod damage;
mod directory;
