//! A small harbour to ask about, stores in memory, and a server around them.

use arrow::array::{ArrayRef, BooleanArray, Int64Array, UInt64Array, new_empty_array};
use async_trait::async_trait;
use creta_control::{Archives, Clients, Deployments, Links, NewClient, Tokens};
use creta_engine::{Deployment, Engine, Stores};
use creta_jobs::{Drain, KnownTypes, ResolverRuns, Tasks, TrainingSets};
use creta_model::observation::Entry;
use creta_model::{Bundle, Graph, Letter};
use creta_plan::Project;
use creta_ports::metadata::{Client, Deployment as Recorded, Revision, RevisionStatus};
use creta_ports::offline::{ColumnTypes, History, HistoryRequest};
use creta_ports::online::{Cell, Read};
use creta_ports::runs::{Cursor, ResolverRun};
use creta_ports::{
    Blobs, Clock, Entropy, Log, Metadata, OfflineStore, OnlineStore, Position, Result, RunRecords, Sync,
};
use creta_server::serve;
use creta_server::state::{Activator, AppState, Parts, Settings};
use creta_server::wire::json_answer::Meta;
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;

pub fn bundle() -> Value {
    let place = json!({"file": "ships.py", "line": 3});
    let scalar =
        |name: &str, data_type: &str| json!({"name": name, "kind": {"scalar": {"type": data_type}}, "place": place});
    let calls = json!({"name": "calls", "place": place,
        "kind": {"has_many": {"entity": "call", "on": [{"local": "id", "foreign": "ship_id"}]}}});
    json!({
        "format": 1, "project": "harbour",
        "entities": [
            {"namespace": "ship", "class": "Ship", "primary_key": "id", "place": place,
             "features": [scalar("id", "int"), scalar("name", "str"), scalar("teu", "float"), calls]},
            {"namespace": "call", "class": "Call", "primary_key": "id", "place": place,
             "features": [scalar("id", "int"), scalar("ship_id", "int")]},
        ],
        "named_queries": [{"name": "card", "version": "1.0.0", "input": ["ship.id"], "output": ["ship.id"], "place": place}],
    })
}

pub fn graph() -> Graph {
    Graph::build(&serde_json::from_value(bundle()).unwrap()).unwrap()
}

pub fn meta() -> Meta<'static> {
    Meta {
        duration: Duration::from_millis(2),
        deployment: "dep-1",
        environment: "env-local",
        environment_name: "local",
        query_id: "q-1",
        started_at: 0,
        query_hash: None,
        explanation: None,
        per_value: true,
    }
}

#[derive(Default)]
pub struct Memory {
    log: Mutex<Vec<Entry>>,
    ids: AtomicU64,
    clients: Mutex<Vec<Client>>,
    deployments: Mutex<Vec<Recorded>>,
    revisions: Mutex<Vec<Revision>>,
    runs: Mutex<Vec<ResolverRun>>,
    folder: PathBuf,
}

impl Clock for Memory {
    fn now(&self) -> i64 {
        1_795_339_082_000_000
    }
}

impl Entropy for Memory {
    fn id(&self) -> String {
        format!("00000000-0000-4000-8000-{:012}", self.ids.fetch_add(1, Ordering::SeqCst))
    }
}

#[async_trait]
impl Log for Memory {
    async fn append(&self, entries: &[Entry], _: Sync) -> Result<Position> {
        self.log.lock().unwrap().extend_from_slice(entries);
        Ok(self.end())
    }
    async fn read(&self, from: Position, limit: usize) -> Result<Vec<(Position, Entry)>> {
        let log = self.log.lock().unwrap();
        let numbered = (0..).map(Position).zip(log.iter().cloned());
        Ok(numbered.skip(from.0 as usize).take(limit).collect())
    }
    fn end(&self) -> Position {
        Position(self.log.lock().unwrap().len() as u64)
    }
    async fn grown(&self, _: Position) {
        std::future::pending().await
    }
    async fn trim(&self, _: Position) -> Result<()> {
        Ok(())
    }
}

#[async_trait]
impl OnlineStore for Memory {
    async fn read(&self, read: Read<'_>) -> Result<Vec<Vec<Option<Cell>>>> {
        Ok(vec![vec![None; read.features.len()]; read.keys.len()])
    }
    async fn write(&self, _: &[Entry], _: Position, _: i64) -> Result<()> {
        Ok(())
    }
    async fn applied(&self) -> Result<Position> {
        Ok(Position(0))
    }
    async fn persist(&self) -> Result<()> {
        Ok(())
    }
}

#[async_trait]
impl OfflineStore for Memory {
    async fn write(&self, _: &[(Position, Entry)], _: Position, _: &dyn ColumnTypes) -> Result<()> {
        Ok(())
    }
    async fn drained(&self) -> Result<Position> {
        Ok(Position(0))
    }
    async fn history(&self, request: &HistoryRequest) -> Result<History> {
        let empty = |column: &creta_ports::offline::HistoryColumn| -> (ArrayRef, BooleanArray) {
            (new_empty_array(&column.data_type.arrow()), BooleanArray::from(Vec::<bool>::new()))
        };
        Ok(History {
            keys: new_empty_array(&request.key_type.arrow()),
            observed_at: Int64Array::from(Vec::<i64>::new()),
            inserted_at: Int64Array::from(Vec::<i64>::new()),
            sequence: UInt64Array::from(Vec::<u64>::new()),
            columns: request.columns.iter().map(empty).collect(),
        })
    }
}

#[async_trait]
impl Blobs for Memory {
    async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<()> {
        let path = self.folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
        Ok(())
    }
    async fn get(&self, name: &str) -> Result<Vec<u8>> {
        Ok(std::fs::read(self.folder.join(name)).unwrap())
    }
    async fn local(&self, name: &str) -> Result<PathBuf> {
        Ok(self.folder.join(name))
    }
    fn draft(&self) -> PathBuf {
        std::fs::create_dir_all(&self.folder).unwrap();
        self.folder.join(format!("draft-{}", Entropy::id(self)))
    }
    async fn adopt(&self, draft: &Path, name: &str) -> Result<()> {
        let path = self.folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::rename(draft, path).unwrap();
        Ok(())
    }
    async fn remove(&self, name: &str) -> Result<()> {
        std::fs::remove_file(self.folder.join(name)).ok();
        Ok(())
    }
}

#[async_trait]
impl Metadata for Memory {
    async fn activate(&self, deployment: Recorded) -> Result<()> {
        self.deployments.lock().unwrap().push(deployment);
        Ok(())
    }
    async fn active(&self) -> Result<Option<Recorded>> {
        Ok(self.deployments.lock().unwrap().last().cloned())
    }
    async fn deployment(&self, id: &str) -> Result<Option<Recorded>> {
        Ok(self.deployments.lock().unwrap().iter().find(|deployment| deployment.id == id).cloned())
    }
    async fn put_dropped(&self, _: &[String]) -> Result<()> {
        Ok(())
    }
    async fn dropped(&self) -> Result<BTreeSet<String>> {
        Ok(BTreeSet::new())
    }
    async fn put_client(&self, client: Client) -> Result<()> {
        self.clients.lock().unwrap().push(client);
        Ok(())
    }
    async fn client(&self, id: &str) -> Result<Option<Client>> {
        Ok(self.clients.lock().unwrap().iter().find(|client| client.id == id).cloned())
    }
    async fn put_revision(&self, revision: Revision) -> Result<()> {
        let mut revisions = self.revisions.lock().unwrap();
        revisions.retain(|known| known.id != revision.id);
        revisions.push(revision);
        Ok(())
    }
    async fn revision(&self, id: &str) -> Result<Option<Revision>> {
        Ok(self.revisions.lock().unwrap().iter().find(|revision| revision.id == id).cloned())
    }
    async fn dataset(&self, name: &str) -> Result<Vec<Revision>> {
        let revisions = self.revisions.lock().unwrap();
        let of_name =
            |revision: &&Revision| revision.dataset_id == name || revision.dataset_name.as_deref() == Some(name);
        Ok(revisions.iter().filter(of_name).cloned().collect())
    }
    async fn datasets(&self, limit: usize) -> Result<Vec<Revision>> {
        let revisions = self.revisions.lock().unwrap();
        Ok(revisions.iter().rev().filter(|revision| revision.dataset_name.is_some()).take(limit).cloned().collect())
    }
    async fn unfinished(&self) -> Result<Vec<Revision>> {
        let revisions = self.revisions.lock().unwrap();
        let open = |revision: &&Revision| matches!(revision.status, RevisionStatus::Pending | RevisionStatus::Running);
        Ok(revisions.iter().filter(open).cloned().collect())
    }
}

#[async_trait]
impl RunRecords for Memory {
    async fn begin_run(&self, run: ResolverRun) -> Result<ResolverRun> {
        self.runs.lock().unwrap().push(run.clone());
        Ok(run)
    }
    async fn end_run(&self, run: ResolverRun, _: Option<Cursor>) -> Result<()> {
        let mut runs = self.runs.lock().unwrap();
        runs.retain(|known| known.id != run.id);
        runs.push(run);
        Ok(())
    }
    async fn run(&self, id: &str) -> Result<Option<ResolverRun>> {
        Ok(self.runs.lock().unwrap().iter().find(|run| run.id == id).cloned())
    }
    async fn unfinished_runs(&self) -> Result<Vec<ResolverRun>> {
        Ok(Vec::new())
    }
    async fn put_cursor(&self, _: Cursor) -> Result<()> {
        Ok(())
    }
    async fn cursor(&self, _: &str) -> Result<Option<Cursor>> {
        Ok(None)
    }
    async fn cursors(&self) -> Result<Vec<Cursor>> {
        Ok(Vec::new())
    }
    async fn remove_cursor(&self, _: &str) -> Result<bool> {
        Ok(false)
    }
}

/// Serves every bundle without sources and workers.
struct Bare;

#[async_trait]
impl Activator for Bare {
    async fn check_sources(&self, _bundle: &Bundle, _project: &Project) -> std::result::Result<(), Vec<Letter>> {
        Ok(())
    }

    async fn activate(
        &self,
        id: String,
        bundle: Bundle,
        project: Project,
        _: Option<PathBuf>,
    ) -> std::result::Result<Deployment, Vec<Letter>> {
        Ok(Deployment::new(id, project, bundle, HashMap::new(), None))
    }
}

/// A running server; its folder goes when it does.
pub struct Running {
    pub address: SocketAddr,
    pub client: NewClient,
    _folder: tempfile::TempDir,
}

pub async fn start(body_limit: usize) -> Running {
    let folder = tempfile::tempdir().unwrap();
    let memory = Arc::new(Memory { folder: folder.path().to_owned(), ..Memory::default() });
    let types = Arc::new(KnownTypes::new(memory.clone()));
    let drain = Drain::new(memory.clone(), memory.clone(), memory.clone(), types.clone());
    let stores = Stores {
        online: memory.clone(),
        offline: memory.clone(),
        log: memory.clone(),
        clock: memory.clone(),
        entropy: memory.clone(),
        writing: Arc::default(),
    };
    let engine = Arc::new(Engine::new(stores));
    let clients = Clients::new(memory.clone(), memory.clone());
    let client = clients.create().await.unwrap();
    let tasks = Arc::new(Tasks::default());
    let archives = Archives::open(folder.path().join("archives"), 1 << 20, memory.clone()).unwrap();
    let state = AppState::new(Parts {
        engine: engine.clone(),
        metadata: memory.clone(),
        blobs: memory.clone(),
        clients,
        tokens: Tokens::new(memory.clone()),
        links: Links::new(memory.clone()),
        deployments: Deployments::new(memory.clone(), memory.clone(), memory.clone()),
        archives: Arc::new(archives),
        training: TrainingSets::new(engine.clone(), memory.clone(), memory.clone(), drain, tasks.clone()),
        runs: ResolverRuns::new(engine, memory.clone(), tasks),
        types,
        activator: Arc::new(Bare),
        settings: Settings { body_limit, ..Settings::default() },
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(state, listener, std::future::pending()));
    Running { address, client, _folder: folder }
}
