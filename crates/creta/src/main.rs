//! The `creta` binary: one command line for authors and for the server.

use std::process::ExitCode;

fn main() -> ExitCode {
    creta::run()
}
