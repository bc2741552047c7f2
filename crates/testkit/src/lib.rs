//! What tests share: the conformance suite of every port, the oracle, and the scenario format.

pub mod conformance;
pub mod oracle;
pub mod postgres;
pub mod scenario;
pub mod world;
