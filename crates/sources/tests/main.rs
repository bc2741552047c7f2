//! The SQLite source against files that the tests write.
