//! The online store is made durable every second; what came later is in the log and is replayed.

use crate::task::{Task, Tasks};
use creta_ports::OnlineStore;
use std::sync::Arc;
use std::time::Duration;

const PERIOD: Duration = Duration::from_secs(1);

/// Starts the background task.
pub fn start(online: Arc<dyn OnlineStore>, tasks: &Tasks) {
    tasks.repeat(Task::Persist, move |stop| {
        let online = online.clone();
        async move {
            tokio::select! { () = tokio::time::sleep(PERIOD) => {}, () = stop.raised() => {} }
            online.persist().await
        }
    });
}
