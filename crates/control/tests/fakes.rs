//! A clock that stands still, numbered ids, and metadata in memory.

use async_trait::async_trait;
use creta_ports::metadata::{Client, Deployment, Revision};
use creta_ports::{Clock, Entropy, Metadata, Result};
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

#[derive(Default)]
pub struct StandingClock(pub AtomicI64);

impl Clock for StandingClock {
    fn now(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

#[derive(Default)]
pub struct Numbers(AtomicU64);

impl Entropy for Numbers {
    fn id(&self) -> String {
        format!("{}", self.0.fetch_add(1, Ordering::SeqCst))
    }
}

#[derive(Default)]
pub struct Memory {
    pub clients: Mutex<Vec<Client>>,
    pub active: Mutex<Option<Deployment>>,
    pub dropped: Mutex<BTreeSet<String>>,
}

#[async_trait]
impl Metadata for Memory {
    async fn activate(&self, deployment: Deployment) -> Result<()> {
        *self.active.lock().unwrap() = Some(deployment);
        Ok(())
    }
    async fn active(&self) -> Result<Option<Deployment>> {
        Ok(self.active.lock().unwrap().clone())
    }
    async fn deployment(&self, _: &str) -> Result<Option<Deployment>> {
        Ok(None)
    }
    async fn put_dropped(&self, features: &[String]) -> Result<()> {
        self.dropped.lock().unwrap().extend(features.iter().cloned());
        Ok(())
    }
    async fn dropped(&self) -> Result<BTreeSet<String>> {
        Ok(self.dropped.lock().unwrap().clone())
    }
    async fn put_client(&self, client: Client) -> Result<()> {
        self.clients.lock().unwrap().push(client);
        Ok(())
    }
    async fn client(&self, id: &str) -> Result<Option<Client>> {
        Ok(self.clients.lock().unwrap().iter().find(|client| client.id == id).cloned())
    }
    async fn put_revision(&self, _: Revision) -> Result<()> {
        Ok(())
    }
    async fn revision(&self, _: &str) -> Result<Option<Revision>> {
        Ok(None)
    }
    async fn dataset(&self, _: &str) -> Result<Vec<Revision>> {
        Ok(Vec::new())
    }
    async fn datasets(&self, _: usize) -> Result<Vec<Revision>> {
        Ok(Vec::new())
    }
    async fn unfinished(&self) -> Result<Vec<Revision>> {
        Ok(Vec::new())
    }
}
