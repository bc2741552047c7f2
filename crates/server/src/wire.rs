//! Bytes: how values, tables and whole answers are spelled for published clients.

pub mod bulk;
pub mod byte_model;
pub mod dataset;
pub mod inputs;
pub mod instants;
pub mod ipc;
pub mod json_answer;
pub mod json_input;
pub mod json_output;
mod rows_input;
pub mod spine;
