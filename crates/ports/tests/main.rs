//! Tests of what the ports bring along themselves: conversions between values and Arrow columns.

mod arrays;
mod cast;
