//! Small languages that constants of expressions are written in. Read here, so that a mistake is found at deploy time.

pub mod json_path;
pub mod moment_pattern;
