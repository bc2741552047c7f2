//! What the control plane promises, against ports held by the test.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod archives;
mod deployments;
mod fakes;
mod who;
