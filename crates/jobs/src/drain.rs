//! Log → offline store: in batches behind the caller's back, and up to a position when an offline query asks.

use crate::known_types::KnownTypes;
use crate::task::{Stop, Task, Tasks};
use creta_ports::{Log, OfflineStore, OnlineStore, Position, Result};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// Entries written to the offline store in one step.
const BATCH: usize = 10_000;

/// How long an entry waits at most for others to be written with it.
const PATIENCE: Duration = Duration::from_secs(2);

/// Drains the log. Clones of one `Drain` share their passes, so entries are written once and in order.
#[derive(Clone)]
pub struct Drain(Arc<Shared>);

struct Shared {
    log: Arc<dyn Log>,
    online: Arc<dyn OnlineStore>,
    offline: Arc<dyn OfflineStore>,
    types: Arc<KnownTypes>,
    /// Held while a pass runs; the position before which everything is stored, once known.
    drained: Mutex<Option<Position>>,
}

impl Drain {
    pub fn new(
        log: Arc<dyn Log>,
        online: Arc<dyn OnlineStore>,
        offline: Arc<dyn OfflineStore>,
        types: Arc<KnownTypes>,
    ) -> Drain {
        Drain(Arc::new(Shared { log, online, offline, types, drained: Mutex::default() }))
    }

    /// Starts the background task.
    pub fn start(&self, tasks: &Tasks) {
        let drain = self.clone();
        tasks.repeat(Task::Drain, move |stop| {
            let drain = drain.clone();
            async move { drain.pass(&stop).await }
        });
    }

    /// Returns when the offline store has every entry before `position`.
    pub async fn drain_up_to(&self, position: Position) -> Result<()> {
        let mut known = self.0.drained.lock().await;
        let mut drained = self.position(&mut known).await?;
        while drained < position {
            let entries = self.0.log.read(drained, BATCH).await?;
            let Some((last, _)) = entries.last() else { break };
            let through = Position(last.0 + 1);
            self.0.types.recall(&entries).await?;
            self.0.offline.write(&entries, through, self.0.types.as_ref()).await?;
            drained = through;
            *known = Some(through);
        }
        Ok(())
    }

    /// Waits for entries, lets some gather, writes them and lets the log forget what both stores have.
    async fn pass(&self, stop: &Stop) -> Result<()> {
        let drained = {
            let mut known = self.0.drained.lock().await;
            self.position(&mut known).await?
        };
        tokio::select! { () = self.0.log.grown(drained) => {}, () = stop.raised() => {} }
        let enough = Position(drained.0 + BATCH as u64 - 1);
        tokio::select! {
            () = self.0.log.grown(enough) => {},
            () = tokio::time::sleep(PATIENCE) => {},
            () = stop.raised() => {},
        }
        let end = self.0.log.end();
        self.drain_up_to(end).await?;
        self.0.log.trim(end.min(self.0.online.applied().await?)).await
    }

    async fn position(&self, known: &mut Option<Position>) -> Result<Position> {
        match *known {
            Some(position) => Ok(position),
            None => Ok(*known.insert(self.0.offline.drained().await?)),
        }
    }
}
