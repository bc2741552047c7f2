//! The newest value of each cacheable feature of each key.

pub mod embedded;
