//! Tests of what the ports bring along themselves: conversions between values and Arrow columns.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod arrays;
mod cast;
