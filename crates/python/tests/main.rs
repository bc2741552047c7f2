//! The pool of workers.
