//! The machine's clock and randomness, behind their ports.

use creta_ports::{Clock, Entropy};

pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> i64 {
        chrono::Utc::now().timestamp_micros()
    }
}

pub(crate) struct RandomEntropy;

impl Entropy for RandomEntropy {
    fn id(&self) -> String {
        uuid::Uuid::new_v4().to_string()
    }
}
