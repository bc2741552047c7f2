//! Makes a checked bundle serve: opens its sources and starts its Python workers.

use crate::compose::Configuration;
use async_trait::async_trait;
use creta_engine::Deployment;
use creta_engine::files::{FileFormat, FileSource};
use creta_model::bundle::{ResolverBody, Source as Declared, SourceKind};
use creta_model::{Bundle, Code, Letter, ResolverId};
use creta_plan::{Project, Statement};
use creta_ports::{Python, Source};
use creta_python::{WorkerPool, WorkerSettings, find_python};
use creta_server::state::Activator;
use creta_sources::{PostgresSource, SqliteSource};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) struct LocalActivator {
    project: PathBuf,
    data: PathBuf,
    python: Option<PathBuf>,
    workers: usize,
}

impl LocalActivator {
    pub fn new(configuration: &Configuration) -> LocalActivator {
        LocalActivator {
            project: configuration.project.clone(),
            data: configuration.data.clone(),
            python: configuration.python.clone(),
            workers: configuration.workers,
        }
    }

    fn open(&self, declared: &Declared) -> Result<Arc<dyn Source>, Letter> {
        Ok(match &declared.kind {
            SourceKind::Sqlite { path } => Arc::new(SqliteSource::open(&self.project, path, &declared.name)?),
            SourceKind::Parquet { tables } => Arc::new(self.files(tables, FileFormat::Parquet)?),
            SourceKind::Csv { tables } => Arc::new(self.files(tables, FileFormat::Csv)?),
            SourceKind::Postgres(settings) => {
                let environment = |name: &str| std::env::var(name).ok();
                Arc::new(PostgresSource::open(&self.project, settings, &declared.name, &environment)?)
            }
        })
    }

    fn open_all(&self, bundle: &Bundle) -> Result<HashMap<String, Arc<dyn Source>>, Vec<Letter>> {
        let mut sources: HashMap<String, Arc<dyn Source>> = HashMap::new();
        let mut faults = Vec::new();
        for declared in &bundle.sources {
            match self.open(declared) {
                Ok(source) => drop(sources.insert(declared.name.clone(), source)),
                Err(letter) => faults.push(letter.at(&declared.place)),
            }
        }
        if faults.is_empty() { Ok(sources) } else { Err(faults) }
    }

    fn files(&self, tables: &BTreeMap<String, String>, format: FileFormat) -> Result<FileSource, Letter> {
        FileSource::open(&self.project, tables, format)
    }

    async fn workers(&self, id: &str, bundle: &Bundle, root: &Path) -> Result<Arc<dyn Python>, Letter> {
        let python = find_python(self.python.as_deref(), &self.project)?;
        let folder = self.data.join("deployments").join(id);
        let file = folder.join("bundle.json");
        let text = serde_json::to_vec(bundle)
            .map_err(|error| Letter::new(Code::Bug, format!("The bundle cannot be serialised: {error}.")))?;
        std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&file, text)).map_err(|error| {
            Letter::new(Code::StoreFailed, format!("{} cannot be written: {error}.", file.display()))
        })?;
        let settings = WorkerSettings { processes: self.workers, ..WorkerSettings::new(python, file, root) };
        Ok(Arc::new(WorkerPool::start(settings).await?))
    }
}

#[async_trait]
impl Activator for LocalActivator {
    async fn check_sources(&self, bundle: &Bundle, project: &Project) -> Result<(), Vec<Letter>> {
        let sources = self.open_all(bundle)?;
        let mut faults = Vec::new();
        let mut silent = HashSet::new();
        for (number, resolver) in project.graph().resolvers.iter().enumerate() {
            let id = ResolverId(number as u32);
            let name = project.sql_body(id).map(|body| &body.source).filter(|name| !silent.contains(name));
            let source = name.and_then(|name| sources.get(name));
            if let (Some(source), Some(statement)) = (source, project.statement(id))
                && let Err(letter) = accepts(source.as_ref(), statement).await
            {
                // A source that cannot be asked is told of once.
                if letter.code == Code::SourceFailed {
                    silent.extend(name);
                }
                faults.push(letter.at(&resolver.place).resolver(&resolver.name));
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    async fn activate(
        &self,
        id: String,
        bundle: Bundle,
        project: Project,
        archive: Option<PathBuf>,
    ) -> Result<Deployment, Vec<Letter>> {
        let sources = self.open_all(&bundle)?;
        let needs_python = bundle.resolvers.iter().any(|resolver| matches!(resolver.body, ResolverBody::Python(_)));
        let python = match (needs_python, archive) {
            (true, Some(root)) => Some(self.workers(&id, &bundle, &root).await.map_err(|letter| vec![letter])?),
            (true, None) => {
                let letter =
                    Letter::new(Code::NotFound, "The bundle has Python resolvers, but its archive was not uploaded.");
                return Err(vec![letter.fix("Deploy with `creta apply`, which uploads it.")]);
            }
            (false, _) => None,
        };
        Ok(Deployment::new(id, project, bundle, sources, python))
    }
}

/// Whether a source accepts a statement, alone and under the lower bound of incremental runs.
async fn accepts(source: &dyn Source, statement: &Statement) -> Result<(), Letter> {
    source.columns(&statement.text).await?;
    match &statement.since {
        Some(since) => source.columns(since).await.map(drop),
        None => Ok(()),
    }
}
