//! One test binary for everything that needs all crates together.

mod law;
mod product;
mod scenarios;
