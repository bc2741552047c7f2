//! Runs the Python of a project in processes of its own and survives whatever it does there.
//!
//! A [`WorkerPool`] starts `python -m creta.worker` a few times, hands each process one call at a time over a private
//! Unix socket, and replaces processes that hang or die. Standard output and error are the resolvers' log. What is
//! absent: libpython, and any opinion on what a resolver computes.

mod breaker;
mod environment;
mod find;
mod frame;
mod lease;
mod letters;
mod output;
mod pool;
mod process;
mod settings;

pub use find::find_python;
pub use output::{LogLine, Stream};
pub use pool::WorkerPool;
pub use settings::{LogSink, WorkerSettings};
