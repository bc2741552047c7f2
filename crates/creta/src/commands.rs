//! One module per verb of the command line.

pub(crate) mod apply;
pub(crate) mod explain;
pub(crate) mod init;
pub(crate) mod query;
pub(crate) mod train;
pub(crate) mod up;
