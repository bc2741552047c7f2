//! The front doors of the engine: online query, offline partition, upload, explain.

use crate::context::Context;
use crate::deployment::Deployment;
use crate::listing::{Extent, Listed};
use crate::remove::Unwanted;
use crate::request::{Answer, Request, Times};
use crate::{answer, listing, observe, remove, scope, upload};
use arrow::record_batch::RecordBatch;
use creta_model::{Letter, ResolverId};
use creta_plan::{Explanation, Mode, Question};
use creta_ports::python::QueryContext;
use creta_ports::{Clock, Entropy, Log, OfflineStore, OnlineStore};
use std::sync::Arc;
use tokio::sync::RwLock;

/// The ports that every request may use.
#[derive(Clone)]
pub struct Stores {
    pub online: Arc<dyn OnlineStore>,
    pub offline: Arc<dyn OfflineStore>,
    pub log: Arc<dyn Log>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    /// Held by whoever writes to the log and the online store: together by observations, alone by a removal.
    pub writing: Arc<RwLock<()>>,
}

pub struct Engine {
    stores: Stores,
}

impl Engine {
    pub fn new(stores: Stores) -> Engine {
        Engine { stores }
    }

    pub fn stores(&self) -> &Stores {
        &self.stores
    }

    /// Answers an online query. Before it returns, what was computed stands in the log and in the online store.
    /// Errors: REQUEST letters, before any resolver ran; FIELD letters travel in the answer.
    pub async fn online(&self, deployment: &Deployment, request: Request) -> Result<Answer, Vec<Letter>> {
        let plan = deployment.plans.plan(&deployment.project, &request.question)?;
        let mut context = self.context(deployment, &request);
        let frames = scope::run_roots(&mut context, &plan, &request).await.map_err(|letter| vec![letter])?;
        observe::persist(&mut context).await.map_err(|letter| vec![letter])?;
        answer::assemble(context, &plan, frames)
    }

    /// Answers a partition of a training set's spine; persists nothing.
    pub async fn offline(&self, deployment: &Deployment, request: Request) -> Result<Answer, Vec<Letter>> {
        let plan = deployment.plans.plan(&deployment.project, &request.question)?;
        let mut context = self.context(deployment, &request);
        let frames = scope::run_roots(&mut context, &plan, &request).await.map_err(|letter| vec![letter])?;
        answer::assemble(context, &plan, frames)
    }

    /// All rows of a resolver that needs nothing given, as of `now`; persists nothing. Letters: see [`Listed`]; the
    /// resolver's own when it failed.
    pub async fn list(
        &self,
        deployment: &Deployment,
        resolver: ResolverId,
        extent: Extent,
        now: i64,
    ) -> Result<Listed, Letter> {
        let nothing = QueryContext::default();
        let context = Context {
            deployment,
            stores: &self.stores,
            offline: true,
            as_known: false,
            started_at: now,
            persists: false,
            run: None,
            query_context: &nothing,
            letters: Vec::new(),
            entries: Vec::new(),
        };
        listing::list(&context, resolver, extent).await
    }

    /// Stores values that a caller observed: columns named by feature, keys among them. When it returns they survive
    /// a power cut and the online store shows them. Errors: all that is wrong; nothing was stored.
    pub async fn upload(&self, deployment: &Deployment, columns: RecordBatch) -> Result<(), Vec<Letter>> {
        upload::upload(&self.stores, deployment, &columns).await
    }

    /// Removes stored values. When it returns, the removal survives a power cut, the online store has forgotten, and so
    /// has history for whoever drains the log before reading. Answers the features as the caller may name them, none when
    /// all were meant. Errors: all that is wrong; nothing was removed.
    pub async fn remove(&self, deployment: &Deployment, unwanted: &Unwanted) -> Result<Vec<String>, Vec<Letter>> {
        remove::remove(&self.stores, deployment, unwanted).await
    }

    /// The plan of a question, made or remembered.
    pub fn explain(&self, deployment: &Deployment, question: &Question) -> Result<Explanation, Vec<Letter>> {
        let plan = deployment.plans.plan(&deployment.project, question)?;
        Ok(Explanation::of(&deployment.project, &plan))
    }

    fn context<'a>(&'a self, deployment: &'a Deployment, request: &'a Request) -> Context<'a> {
        let started_at = match request.times {
            Times::At(now) => now,
            Times::Clock | Times::PerRow(_) => self.stores.clock.now(),
        };
        let offline = matches!(request.question.mode, Mode::Offline(_));
        Context {
            deployment,
            stores: &self.stores,
            offline,
            as_known: request.question.as_known,
            started_at,
            persists: !offline && matches!(request.times, Times::Clock),
            run: request.run.as_deref(),
            query_context: &request.query_context,
            letters: Vec::new(),
            entries: Vec::new(),
        }
    }
}
