//! Into the log, then into the online store: the one way in which anything is written down (decision 19).

use crate::run::Stores;
use creta_model::Letter;
use creta_model::observation::{Entry, Observations, Removal};
use creta_ports::Sync;

impl Stores {
    /// Appends observations to the log and shows them online.
    pub async fn record(&self, observations: Vec<Observations>, sync: Sync, now: i64) -> Result<(), Letter> {
        let entries: Vec<Entry> = observations.into_iter().map(Entry::from).collect();
        let _together = self.writing.read().await;
        self.write(&entries, sync, now).await
    }

    /// Appends a removal to the log and takes the values out of the online store. Nobody writes meanwhile, so a value
    /// goes or stays by its place in the log, whoever is faster.
    pub(crate) async fn forget(&self, removal: Removal, now: i64) -> Result<(), Letter> {
        let _alone = self.writing.write().await;
        self.write(&[Entry::from(removal)], Sync::Disk, now).await
    }

    async fn write(&self, entries: &[Entry], sync: Sync, now: i64) -> Result<(), Letter> {
        let end = self.log.append(entries, sync).await?;
        self.online.write(entries, end, now).await
    }
}
