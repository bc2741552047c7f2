//! The engine's parts, each on its own.

mod files;
mod kernels;
