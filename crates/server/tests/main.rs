//! The HTTP door: bytes, shapes and statuses. What needs a real engine end to end is tested with the binary.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod answers;
mod bulk;
mod fakes;
mod http;
mod json_values;
mod spines;
