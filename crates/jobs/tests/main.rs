//! Background work against stores in memory: nothing is lost, nothing is done twice, everything comes to an end.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod fakes;
mod log_to_stores;
mod tasks;
mod training;
