//! Time and randomness, so that tests can hold both.

/// Tells the time.
pub trait Clock: Send + std::marker::Sync {
    /// Microseconds since the Unix epoch, UTC.
    fn now(&self) -> i64;
}

/// Makes identifiers that nobody else will make.
pub trait Entropy: Send + std::marker::Sync {
    /// A random UUID in its hyphenated lower-case form.
    fn id(&self) -> String;
}
