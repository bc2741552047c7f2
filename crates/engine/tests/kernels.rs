//! Column algorithms against loops that do the same the slow way.

mod aggregates;
mod rows;
