//! After a start: what the log has and the online store may have lost is applied again.

use creta_model::observation::Entry;
use creta_ports::{Clock, Log, OnlineStore, Position, Result};

const BATCH: usize = 10_000;

/// Brings the online store up to the end of the log; answers how many entries were applied. Must run before the
/// first request is served.
pub async fn replay(log: &dyn Log, online: &dyn OnlineStore, clock: &dyn Clock) -> Result<u64> {
    let mut from = online.applied().await?;
    let mut count = 0;
    loop {
        let read = log.read(from, BATCH).await?;
        let Some((last, _)) = read.last() else { break };
        from = Position(last.0 + 1);
        let entries: Vec<Entry> = read.into_iter().map(|(_, entry)| entry).collect();
        count += entries.len() as u64;
        online.write(&entries, from, clock.now()).await?;
    }
    if count > 0 {
        online.persist().await?;
    }
    Ok(count)
}
