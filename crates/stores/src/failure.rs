//! How a library's error becomes a letter: what failed, without any stored value.

use creta_model::{Code, Letter};
use std::fmt::Display;

/// For `map_err`: `failed("the log could not be written")`.
pub(crate) fn failed<E: Display>(what: &'static str) -> impl FnOnce(E) -> Letter {
    move |error| Letter::new(Code::StoreFailed, format!("{what}: {error}."))
}
