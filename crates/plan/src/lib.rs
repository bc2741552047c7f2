//! From a question to stages: what must be read, computed and joined, in which order.
//!
//! Pure, synchronous, deterministic. What is absent: values, clocks, I/O. A plan is made once per question shape.

mod build;
mod cache;
mod candidates;
pub mod check;
mod description;
pub mod explain;
mod lint;
mod metadata_rules;
mod outdated;
mod project;
mod question;
pub mod sql;
pub mod stages;

pub use build::plan;
pub use cache::PlanCache;
pub use check::check;
pub use description::Description;
pub use explain::Explanation;
pub use lint::{Advice, lint};
pub use outdated::outdated;
pub use project::{EVERYTHING, ParameterOf, Project, Statement};
pub use question::{Mode, Question, Recompute};
pub use stages::{Action, Plan, ScopePlan, Slot, Stage};
