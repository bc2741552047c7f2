//! Sources against what they read from.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod letters;
mod postgres;
mod sqlite;
mod times;
