//! The composition root: the only place where adapters meet ports.

use crate::activate::LocalActivator;
use crate::machine::{RandomEntropy, SystemClock};
use creta_control::{Archives, Clients, Deployments, Links, Tokens};
use creta_engine::{Engine, Stores};
use creta_jobs::{Drain, KnownTypes, ResolverRuns, Tasks, TrainingSets, replay, start_persisting};
use creta_model::Letter;
use creta_ports::{Blobs, Clock, Entropy, Log, Metadata, OfflineStore, OnlineStore, RunRecords};
use creta_server::state::{AppState, Parts, Settings};
use creta_stores::{DataDirectory, DeltaOfflineStore, EmbeddedLog, EmbeddedOnlineStore, LocalBlobs, SqliteMetadata};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What `creta up` was told.
pub struct Configuration {
    pub project: PathBuf,
    pub data: PathBuf,
    pub python: Option<PathBuf>,
    pub workers: usize,
    pub body_limit: usize,
}

/// The whole product in one process, ready to serve.
pub struct Product {
    pub state: AppState,
    pub tasks: Arc<Tasks>,
    pub metadata: Arc<dyn Metadata>,
    pub entropy: Arc<dyn Entropy>,
    online: Arc<dyn OnlineStore>,
    /// Locked for as long as the product runs.
    _directory: DataDirectory,
}

impl Product {
    /// Opens the stores, replays the log, starts the background tasks and restores the active deployment.
    pub async fn open(configuration: &Configuration) -> Result<Product, Vec<Letter>> {
        Product::open_with(configuration, Arc::new(SystemClock)).await
    }

    /// [`Product::open`] with another clock.
    pub async fn open_with(configuration: &Configuration, clock: Arc<dyn Clock>) -> Result<Product, Vec<Letter>> {
        let product = open_parts(configuration, clock).await.map_err(|letter| vec![letter])?;
        product.state.restore().await?;
        Ok(product)
    }

    /// Ends the background tasks and makes everything durable.
    pub async fn close(self) -> Result<(), Letter> {
        self.tasks.stop().await;
        self.online.persist().await
    }
}

async fn open_parts(configuration: &Configuration, clock: Arc<dyn Clock>) -> Result<Product, Letter> {
    let directory = DataDirectory::open(&configuration.data)?;
    let entropy: Arc<dyn Entropy> = Arc::new(RandomEntropy);
    let online: Arc<dyn OnlineStore> = Arc::new(EmbeddedOnlineStore::open(&directory.online())?);
    let log: Arc<dyn Log> = Arc::new(EmbeddedLog::open(&directory.log())?);
    let offline: Arc<dyn OfflineStore> = Arc::new(DeltaOfflineStore::open(&directory.offline())?);
    let recorded = Arc::new(SqliteMetadata::open(&directory.metadata())?);
    let (metadata, records): (Arc<dyn Metadata>, Arc<dyn RunRecords>) = (recorded.clone(), recorded);
    let blobs: Arc<dyn Blobs> = Arc::new(LocalBlobs::open(&directory.blobs())?);
    let replayed = replay(log.as_ref(), online.as_ref(), clock.as_ref()).await?;
    tracing::info!(replayed, "the online store is at the end of the log");

    let tasks = Arc::new(Tasks::default());
    let types = Arc::new(KnownTypes::new(metadata.clone()));
    let drain = Drain::new(log.clone(), online.clone(), offline.clone(), types.clone());
    drain.start(&tasks);
    start_persisting(online.clone(), &tasks);

    let stores = Stores {
        online: online.clone(),
        offline,
        log,
        clock: clock.clone(),
        entropy: entropy.clone(),
        writing: Arc::default(),
    };
    let engine = Arc::new(Engine::new(stores));
    let training = TrainingSets::new(engine.clone(), metadata.clone(), blobs.clone(), drain, tasks.clone());
    training.fail_unfinished().await?;
    let runs = ResolverRuns::new(engine.clone(), records, tasks.clone());
    runs.fail_unfinished().await?;
    let parts = Parts {
        engine,
        blobs,
        clients: Clients::new(metadata.clone(), entropy.clone()),
        tokens: Tokens::new(clock.clone()),
        links: Links::new(clock.clone()),
        deployments: Deployments::new(metadata.clone(), clock, entropy.clone()),
        archives: archives(&configuration.data, configuration.body_limit, entropy.clone())?,
        training,
        runs,
        types,
        activator: Arc::new(LocalActivator::new(configuration)),
        settings: Settings { body_limit: configuration.body_limit, ..Settings::default() },
        metadata: metadata.clone(),
    };
    Ok(Product { state: AppState::new(parts), tasks, metadata, entropy, online, _directory: directory })
}

fn archives(data: &Path, limit: usize, entropy: Arc<dyn Entropy>) -> Result<Arc<Archives>, Letter> {
    Archives::open(data.join("archives"), limit as u64, entropy).map(Arc::new)
}
