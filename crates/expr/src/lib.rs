//! The typed expression language: what `_` expressions mean, before anybody evaluates them.
//!
//! `expr` declares and lowers; `engine` evaluates. What is absent: Arrow arrays, I/O, tasks.

pub mod functions;
pub mod ir;
pub mod lower;
pub mod notation;

pub use ir::{Aggregate, AggregateFunction, Bound, Input, Node, NodeKind, Program, Relation};
pub use lower::{lower, lower_group};
