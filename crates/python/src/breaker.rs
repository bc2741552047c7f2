//! Stops calling a resolver that keeps killing its process, so that it cannot keep all processes restarting.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// This many crashes …
pub(crate) const CRASHES: usize = 3;
/// … within this time open the breaker for as long again.
pub(crate) const MINUTE: Duration = Duration::from_secs(60);

/// One history of crashes per resolver.
#[derive(Default)]
pub(crate) struct Breaker {
    resolvers: Mutex<HashMap<String, History>>,
}

#[derive(Default)]
struct History {
    crashes: Vec<Instant>,
    open_until: Option<Instant>,
}

impl Breaker {
    /// How long the resolver still rests; nothing when it may be called.
    pub fn rest(&self, resolver: &str, now: Instant) -> Option<Duration> {
        let resolvers = self.resolvers.lock().unwrap_or_else(PoisonError::into_inner);
        let until = resolvers.get(resolver)?.open_until?;
        Some(until.saturating_duration_since(now)).filter(|rest| !rest.is_zero())
    }

    pub fn crashed(&self, resolver: &str, now: Instant) {
        let mut resolvers = self.resolvers.lock().unwrap_or_else(PoisonError::into_inner);
        let history = resolvers.entry(resolver.to_owned()).or_default();
        history.crashes.retain(|crash| now.saturating_duration_since(*crash) < MINUTE);
        history.crashes.push(now);
        if history.crashes.len() >= CRASHES {
            history.crashes.clear();
            history.open_until = Some(now + MINUTE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn three_crashes_within_a_minute_open_it_for_a_minute() {
        let breaker = Breaker::default();
        let start = Instant::now();
        breaker.crashed("a", start);
        breaker.crashed("a", start + Duration::from_secs(61));
        breaker.crashed("a", start + Duration::from_secs(90));
        assert_eq!(breaker.rest("a", start + Duration::from_secs(90)), None, "the first is too long ago to count");
        breaker.crashed("a", start + Duration::from_secs(100));
        let rest = breaker.rest("a", start + Duration::from_secs(110));
        assert_eq!(rest, Some(Duration::from_secs(50)));
        assert_eq!(breaker.rest("b", start + Duration::from_secs(110)), None, "others are not concerned");
        assert_eq!(breaker.rest("a", start + Duration::from_secs(160)), None);
    }
}
