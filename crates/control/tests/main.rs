//! What the control plane promises, against ports held by the test.

mod archives;
mod deployments;
mod fakes;
mod who;
