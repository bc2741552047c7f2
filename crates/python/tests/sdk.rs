//! The real SDK's worker, when the interpreter has it.
