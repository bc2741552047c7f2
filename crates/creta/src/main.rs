//! The `creta` binary: one command line for authors and for the server.

use std::process::ExitCode;

/// Gives memory back that a training set or a burst of queries has used; the system's allocator keeps much of it.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    creta::run()
}
