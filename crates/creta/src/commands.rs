//! One module per verb of the command line.

pub mod apply;
pub mod cancel;
pub mod config;
pub mod diff;
mod difference;
pub mod explain;
pub mod incremental;
pub mod init;
pub mod lint;
pub mod listing;
pub mod query;
pub mod remove;
pub mod train;
pub mod trigger;
pub mod up;
