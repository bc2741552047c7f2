//! The HTTP door: bytes, shapes and statuses. What needs a real engine end to end is tested with the binary.

mod answers;
mod bulk;
mod fakes;
mod http;
mod json_values;
mod spines;
