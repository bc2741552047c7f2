//! Stores in memory that remember what they were told.

use arrow::array::{ArrayRef, BooleanArray, Int64Array, UInt64Array, new_empty_array};
use async_trait::async_trait;
use creta_model::bundle::CachePolicy;
use creta_model::observation::{Destinations, Entry, Observations, ObservedFeature, ObservedRow};
use creta_model::{Code, DataType, Graph, Letter, Value};
use creta_ports::metadata::{Client, Deployment, Revision, RevisionStatus};
use creta_ports::offline::{ColumnTypes, History, HistoryColumn, HistoryRequest};
use creta_ports::online::{Cell, Read};
use creta_ports::{Blobs, Clock, Entropy, Log, Metadata, OfflineStore, OnlineStore, Position, Result, Sync};
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::sync::watch;

pub const BUNDLE: &str = r#"{"format": 1, "project": "harbour", "entities": [
    {"namespace": "ship", "class": "Ship", "primary_key": "id", "place": {"file": "ships.py", "line": 1}, "features": [
        {"name": "id", "kind": {"scalar": {"type": "int"}}, "place": {"file": "ships.py", "line": 2}},
        {"name": "teu", "kind": {"scalar": {"type": "int"}}, "place": {"file": "ships.py", "line": 3}}]}]}"#;

pub fn graph() -> Graph {
    Graph::build(&serde_json::from_str(BUNDLE).unwrap()).unwrap()
}

pub fn entry(key: i64) -> Entry {
    let destinations = Destinations { online: true, offline: true };
    Observations {
        namespace: "ship".to_owned(),
        resolver: "upload".to_owned(),
        deployment: "earlier".to_owned(),
        inserted_at: 0,
        features: vec![ObservedFeature { name: "teu".to_owned(), destinations, nulls: CachePolicy::Write }],
        rows: vec![ObservedRow { key: Value::Int(key), observed_at: 0, values: vec![Some(Value::Int(key))] }],
    }
    .into()
}

pub struct Memory {
    pub entries: Mutex<Vec<Entry>>,
    end: watch::Sender<u64>,
    pub trimmed: AtomicU64,
    ids: AtomicU64,
    /// What the offline store was given, and the position it was told.
    pub stored: Mutex<Vec<(Position, Entry)>>,
    pub through: AtomicU64,
    pub types_seen: Mutex<Vec<(Option<DataType>, Option<DataType>)>>,
    pub offline_fails: AtomicBool,
    /// What the online store was given.
    pub shown: Mutex<Vec<Entry>>,
    pub applied: AtomicU64,
    pub persisted: AtomicU64,
    pub revisions: Mutex<Vec<Revision>>,
    pub blobs: Mutex<HashMap<String, Vec<u8>>>,
    pub lookups: AtomicU64,
}

impl Default for Memory {
    fn default() -> Memory {
        Memory {
            entries: Mutex::default(),
            end: watch::Sender::new(0),
            trimmed: AtomicU64::default(),
            ids: AtomicU64::default(),
            stored: Mutex::default(),
            through: AtomicU64::default(),
            types_seen: Mutex::default(),
            offline_fails: AtomicBool::default(),
            shown: Mutex::default(),
            applied: AtomicU64::default(),
            persisted: AtomicU64::default(),
            revisions: Mutex::default(),
            blobs: Mutex::default(),
            lookups: AtomicU64::default(),
        }
    }
}

impl Clock for Memory {
    fn now(&self) -> i64 {
        1_000_000
    }
}

impl Entropy for Memory {
    fn id(&self) -> String {
        format!("id-{}", self.ids.fetch_add(1, Ordering::SeqCst))
    }
}

#[async_trait]
impl Log for Memory {
    async fn append(&self, entries: &[Entry], _: Sync) -> Result<Position> {
        let mut log = self.entries.lock().unwrap();
        log.extend_from_slice(entries);
        self.end.send_replace(log.len() as u64);
        Ok(Position(log.len() as u64))
    }
    async fn read(&self, from: Position, limit: usize) -> Result<Vec<(Position, Entry)>> {
        let log = self.entries.lock().unwrap();
        let numbered = (0..).map(Position).zip(log.iter().cloned());
        Ok(numbered.skip(from.0 as usize).take(limit).collect())
    }
    fn end(&self) -> Position {
        Position(*self.end.borrow())
    }
    async fn grown(&self, after: Position) {
        self.end.subscribe().wait_for(|end| *end > after.0).await.unwrap();
    }
    async fn trim(&self, before: Position) -> Result<()> {
        self.trimmed.store(before.0, Ordering::SeqCst);
        Ok(())
    }
}

#[async_trait]
impl OnlineStore for Memory {
    async fn read(&self, read: Read<'_>) -> Result<Vec<Vec<Option<Cell>>>> {
        Ok(vec![vec![None; read.features.len()]; read.keys.len()])
    }
    async fn write(&self, entries: &[Entry], through: Position, _: i64) -> Result<()> {
        self.shown.lock().unwrap().extend_from_slice(entries);
        self.applied.store(through.0, Ordering::SeqCst);
        Ok(())
    }
    async fn applied(&self) -> Result<Position> {
        Ok(Position(self.applied.load(Ordering::SeqCst)))
    }
    async fn persist(&self) -> Result<()> {
        self.persisted.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

#[async_trait]
impl OfflineStore for Memory {
    async fn write(&self, entries: &[(Position, Entry)], through: Position, types: &dyn ColumnTypes) -> Result<()> {
        if self.offline_fails.swap(false, Ordering::SeqCst) {
            return Err(Letter::new(Code::StoreFailed, "the disk is full"));
        }
        self.types_seen.lock().unwrap().push((types.key("ship"), types.column("ship", "teu")));
        self.stored.lock().unwrap().extend_from_slice(entries);
        self.through.store(through.0, Ordering::SeqCst);
        Ok(())
    }
    async fn drained(&self) -> Result<Position> {
        Ok(Position(self.through.load(Ordering::SeqCst)))
    }
    async fn history(&self, request: &HistoryRequest) -> Result<History> {
        let empty = |column: &HistoryColumn| -> (ArrayRef, BooleanArray) {
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
        self.blobs.lock().unwrap().insert(name.to_owned(), bytes);
        Ok(())
    }
    async fn get(&self, name: &str) -> Result<Vec<u8>> {
        Ok(self.blobs.lock().unwrap()[name].clone())
    }
    async fn local(&self, _: &str) -> Result<PathBuf> {
        Err(Letter::new(Code::MissingFile, "no files here"))
    }
    fn draft(&self) -> PathBuf {
        std::env::temp_dir().join(format!("creta-draft-{}-{:p}-{}", std::process::id(), self, Entropy::id(self)))
    }
    async fn adopt(&self, draft: &Path, name: &str) -> Result<()> {
        let bytes = std::fs::read(draft).unwrap();
        std::fs::remove_file(draft).unwrap();
        self.put(name, bytes).await
    }
    async fn remove(&self, name: &str) -> Result<()> {
        self.blobs.lock().unwrap().remove(name);
        Ok(())
    }
}

#[async_trait]
impl Metadata for Memory {
    async fn activate(&self, _: Deployment) -> Result<()> {
        Ok(())
    }
    async fn active(&self) -> Result<Option<Deployment>> {
        Ok(None)
    }
    async fn deployment(&self, id: &str) -> Result<Option<Deployment>> {
        self.lookups.fetch_add(1, Ordering::SeqCst);
        Ok(Some(Deployment { id: id.to_owned(), created_at: 0, bundle: BUNDLE.to_owned() }))
    }
    async fn put_dropped(&self, _: &[String]) -> Result<()> {
        Ok(())
    }
    async fn dropped(&self) -> Result<BTreeSet<String>> {
        Ok(BTreeSet::new())
    }
    async fn put_client(&self, _: Client) -> Result<()> {
        Ok(())
    }
    async fn client(&self, _: &str) -> Result<Option<Client>> {
        Ok(None)
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
        Ok(revisions.iter().filter(|revision| revision.dataset_name.as_deref() == Some(name)).cloned().collect())
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
