//! A project that serves: its definitions, its sources, its workers, its plans.

use creta_model::{Bundle, Code, Letter, ResolverId};
use creta_plan::{PlanCache, Project};
use creta_ports::{Python, Source};
use std::collections::HashMap;
use std::sync::Arc;

pub struct Deployment {
    pub id: String,
    pub project: Arc<Project>,
    pub bundle: Bundle,
    /// By source name.
    pub sources: HashMap<String, Arc<dyn Source>>,
    /// None when the project has no Python resolver.
    pub python: Option<Arc<dyn Python>>,
    pub plans: PlanCache,
}

impl Deployment {
    pub fn new(
        id: String,
        project: Project,
        bundle: Bundle,
        sources: HashMap<String, Arc<dyn Source>>,
        python: Option<Arc<dyn Python>>,
    ) -> Deployment {
        Deployment { id, project: Arc::new(project), bundle, sources, python, plans: PlanCache::default() }
    }

    /// The source of a SQL resolver.
    pub(crate) fn source_of(&self, resolver: ResolverId) -> Result<&Arc<dyn Source>, Letter> {
        let name = self.project.sql_body(resolver).map(|body| body.source.as_str()).unwrap_or_default();
        self.sources.get(name).ok_or_else(|| {
            Letter::new(Code::UnknownSource, format!("The source `{name}` is not open."))
                .resolver(&self.project.graph().resolver(resolver).name)
        })
    }
}
