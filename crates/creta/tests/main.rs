//! One test binary for everything that needs all crates together.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod asking;
mod command;
mod commands;
mod crash;
mod law;
mod letters;
mod linting;
mod product;
mod scenarios;
mod worlds;
