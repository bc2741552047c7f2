//! The pool of workers against real processes of a stand-in for the SDK, and against the SDK itself.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod calls;
mod crashes;
mod project;
mod sdk;
mod speed;
mod start;
