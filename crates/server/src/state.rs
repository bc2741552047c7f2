//! What every handler shares: the engine, the control plane, the jobs, and the pointer to the active deployment.

use async_trait::async_trait;
use creta_control::{Archives, Clients, Deployments, Links, Tokens};
use creta_engine::{Deployment, Engine};
use creta_jobs::{KnownTypes, ResolverRuns, TrainingSets};
use creta_model::{Bundle, Code, Letter};
use creta_plan::Project;
use creta_ports::{Blobs, Metadata};
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// Builds deployments: opens sources, starts workers. The binary knows how.
#[async_trait]
pub trait Activator: Send + Sync {
    /// Whether the sources are there and accept the statements; asked before a deployment, not when it is restored.
    async fn check_sources(&self, bundle: &Bundle, project: &Project) -> Result<(), Vec<Letter>>;

    /// `archive` is the folder of the unpacked source archive, when the bundle has one.
    async fn activate(
        &self,
        id: String,
        bundle: Bundle,
        project: Project,
        archive: Option<PathBuf>,
    ) -> Result<Deployment, Vec<Letter>>;
}

/// What an operator may set.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The largest request body in bytes.
    pub body_limit: usize,
    /// Id of the environment that this server is.
    pub environment: String,
    /// Name of it, as people and `environments=[…]` of resolvers write it.
    pub environment_name: String,
    /// The longest a stopping server waits for open requests.
    pub drain_limit: Duration,
}

impl Default for Settings {
    fn default() -> Settings {
        let environment = "default".to_owned();
        let environment_name = environment.clone();
        Settings { body_limit: 64 << 20, environment, environment_name, drain_limit: Duration::from_secs(25) }
    }
}

/// The parts that the binary puts together.
pub struct Parts {
    pub engine: Arc<Engine>,
    pub metadata: Arc<dyn Metadata>,
    pub blobs: Arc<dyn Blobs>,
    pub clients: Clients,
    pub tokens: Tokens,
    pub links: Links,
    pub deployments: Deployments,
    pub archives: Arc<Archives>,
    pub training: TrainingSets,
    pub runs: ResolverRuns,
    pub types: Arc<KnownTypes>,
    pub activator: Arc<dyn Activator>,
    pub settings: Settings,
}

/// Shared by all handlers; cloning it is cheap.
#[derive(Clone)]
pub struct AppState(Arc<Shared>);

struct Shared {
    parts: Parts,
    active: RwLock<Option<Arc<Deployment>>>,
    /// Held while a deployment is checked, built and put in place: one at a time.
    applying: tokio::sync::Mutex<()>,
}

impl Deref for AppState {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0.parts
    }
}

impl AppState {
    pub fn new(parts: Parts) -> AppState {
        let (active, applying) = Default::default();
        AppState(Arc::new(Shared { parts, active, applying }))
    }

    /// The deployment that answers now. A request keeps the one it began with.
    pub fn active(&self) -> Result<Arc<Deployment>, Letter> {
        let active = self.0.active.read().unwrap_or_else(PoisonError::into_inner);
        active.clone().ok_or_else(|| {
            Letter::new(Code::NothingDeployed, "Nothing is deployed yet.").fix("Run `creta apply` in your project.")
        })
    }

    /// Lets one caller at a time change what is deployed.
    pub(crate) async fn applying(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.0.applying.lock().await
    }

    /// Builds a deployment; nothing serves it yet.
    pub(crate) async fn build(&self, id: String, bundle: Bundle, project: Project) -> Result<Deployment, Vec<Letter>> {
        let archive = match &bundle.archive {
            None => None,
            Some(hash) => Some(self.archives.find(hash).ok_or_else(|| {
                let message = "The bundle's source archive was not uploaded.";
                let fix = "Send source.tar to `PUT /v1/archives/{sha256}` first; `creta apply` does.";
                vec![Letter::new(Code::MissingFile, message).fix(fix)]
            })?),
        };
        self.activator.activate(id, bundle, project, archive).await
    }

    /// From now on this deployment answers.
    pub(crate) fn switch_to(&self, deployment: Deployment) {
        // Types first: an entry of the new deployment may be drained as soon as the pointer moves.
        self.types.learn(&deployment.id, deployment.project.graph());
        let mut active = self.0.active.write().unwrap_or_else(PoisonError::into_inner);
        *active = Some(Arc::new(deployment));
    }

    /// After a start: builds and serves the deployment that was active before; answers whether there was one.
    pub async fn restore(&self) -> Result<bool, Vec<Letter>> {
        let _applying = self.applying().await;
        let Some((id, bundle)) = self.deployments.active().await.map_err(|letter| vec![letter])? else {
            return Ok(false);
        };
        let project = creta_plan::check(&bundle)?;
        let deployment = self.build(id, bundle, project).await?;
        self.switch_to(deployment);
        Ok(true)
    }
}
