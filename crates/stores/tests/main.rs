//! The one test binary of the crate.

mod conformance;
mod damage;
mod directory;
