//! Sources against what they read from.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod letters;
mod sqlite;
mod times;
