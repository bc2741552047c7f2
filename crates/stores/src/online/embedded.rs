//! The online store in one file (redb) behind a write buffer.
//!
//! Writes go to the buffer, which dies with the process; the log has them. A flush moves the buffer into the file in one
//! durable transaction together with the position up to which the log is applied, so after a kill that position says
//! exactly what the file holds. Readers look into the buffer, then into the one being flushed, then into the file, and
//! never wait for a disk.

mod file;
mod names;
mod progress;
mod row;

use async_trait::async_trait;
use creta_model::bundle::CachePolicy;
use creta_model::observation::{Entry, FUTURE_TOLERANCE, Observations, ObservedFeature, ObservedRow, Removal};
use creta_model::{Code, Letter, Value};
use creta_ports::online::{Cell, Read};
use creta_ports::{OnlineStore, Position, Result};
use file::{Rows, Store};
use names::Names;
use progress::Progress;
use row::Update;
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// A buffer of more bytes than this is flushed by the writer that fills it.
const BUFFER_BYTES: usize = 64 << 20;

/// The embedded online store.
#[derive(Clone)]
pub struct EmbeddedOnlineStore(Arc<Shared>);

struct Shared {
    store: Store,
    view: RwLock<Arc<View>>,
    /// Held while the buffer changes; what only writers need.
    writer: Mutex<Writer>,
    /// Held during a flush; the number of names that the file knows.
    flushing: Mutex<usize>,
    persisted: AtomicU64,
}

/// What readers see. A new view is put in place when names or files change, not on every write.
#[derive(Clone)]
struct View {
    names: Arc<Names>,
    buffer: Arc<Buffer>,
    /// The buffer that is on its way into the file.
    leaving: Option<Arc<Buffer>>,
    rows: Arc<Rows>,
}

type Buffer = RwLock<HashMap<Vec<u8>, Vec<u8>>>;

struct Writer {
    progress: Progress,
    buffered_bytes: usize,
}

impl EmbeddedOnlineStore {
    /// Letters: `data_directory_newer`.
    pub fn open(path: &Path) -> Result<EmbeddedOnlineStore> {
        let opened = Store::open(path)?;
        let known_names = opened.names.count();
        let view =
            View { names: Arc::new(opened.names), buffer: Arc::default(), leaving: None, rows: Arc::new(opened.rows) };
        Ok(EmbeddedOnlineStore(Arc::new(Shared {
            store: opened.store,
            view: RwLock::new(Arc::new(view)),
            writer: Mutex::new(Writer { progress: Progress::from(opened.applied), buffered_bytes: 0 }),
            flushing: Mutex::new(known_names),
            persisted: AtomicU64::new(opened.applied),
        })))
    }

    async fn flush(&self) -> Result<()> {
        let shared = self.0.clone();
        let done = tokio::task::spawn_blocking(move || shared.flush()).await;
        done.unwrap_or_else(|error| {
            Err(Letter::new(Code::Bug, format!("The online store's flush broke off: {error}.")))
        })
    }
}

impl Shared {
    fn view(&self) -> Arc<View> {
        self.view.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Only while `writer` is held, or two changes could overwrite each other.
    fn change_view(&self, change: impl FnOnce(&mut View)) -> Arc<View> {
        let mut view = self.view.write().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut view));
        view.clone()
    }

    /// Answers whether the buffer has become too large.
    fn write(&self, entries: &[Entry], through: Position, now: i64) -> Result<bool> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let latest = now.saturating_add(FUTURE_TOLERANCE);
        let mut changed = Changed::new();
        let mut updates = Vec::new();
        for entry in entries {
            match entry {
                Entry::Observed(observations) => {
                    apply(&self.with_names_of(observations), observations, latest, &mut updates, &mut changed)?;
                }
                Entry::Removed(removal) if removal.stores.online => self.remove(removal, &mut changed)?,
                Entry::Removed(_) => {}
            }
        }
        if !changed.is_empty() {
            writer.buffered_bytes += changed.iter().map(|(key, row)| key.len() + row.len()).sum::<usize>();
            self.view().buffer.write().unwrap_or_else(PoisonError::into_inner).extend(changed);
        }
        writer.progress.note(through.0.saturating_sub(entries.len() as u64), through.0);
        Ok(writer.buffered_bytes > BUFFER_BYTES)
    }

    fn with_names_of(&self, observations: &Observations) -> Arc<View> {
        let view = self.view();
        let namespace = &observations.namespace;
        let is_new =
            |feature: &&ObservedFeature| feature.destinations.online && !view.names.knows(namespace, &feature.name);
        let mut new = observations.features.iter().filter(is_new).peekable();
        if new.peek().is_none() {
            return view;
        }
        let mut names = Names::clone(&view.names);
        for feature in new {
            for name in ["", &feature.name] {
                if !names.knows(namespace, name) {
                    names.learn(namespace, name);
                }
            }
        }
        self.change_view(|view| view.names = Arc::new(names))
    }

    /// Takes cells out of the rows of the removal's keys; for all keys at once, the features become others by number.
    fn remove(&self, removal: &Removal, changed: &mut Changed) -> Result<()> {
        let view = self.view();
        match &removal.keys {
            Some(keys) => remove(&view, removal, keys, changed),
            None => {
                let mut names = Names::clone(&view.names);
                names.renumber(&removal.namespace, removal.features.as_deref());
                self.change_view(|view| view.names = Arc::new(names));
                Ok(())
            }
        }
    }

    fn flush(&self) -> Result<()> {
        let mut known_names = self.flushing.lock().unwrap_or_else(PoisonError::into_inner);
        let (leaving, names, applied) = {
            let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
            let applied = writer.progress.complete();
            if writer.buffered_bytes == 0 && applied == self.persisted.load(Ordering::Acquire) {
                return Ok(());
            }
            writer.buffered_bytes = 0;
            let leaving = self.view().buffer.clone();
            let view = self.change_view(|view| {
                view.buffer = Arc::default();
                view.leaving = Some(leaving.clone());
            });
            (leaving, view.names.clone(), applied)
        };
        let flushed = {
            let buffer = leaving.read().unwrap_or_else(PoisonError::into_inner);
            let mut rows: Vec<(&[u8], &[u8])> = buffer.iter().map(|(key, row)| (&key[..], &row[..])).collect();
            rows.sort_unstable();
            let flushed = self.store.flush(rows.into_iter(), &names, *known_names, applied);
            flushed.and_then(|()| self.store.rows())
        };
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        match flushed {
            Ok(rows) => {
                *known_names = names.count();
                self.persisted.store(applied, Ordering::Release);
                self.change_view(|view| (view.leaving, view.rows) = (None, Arc::new(rows)));
                Ok(())
            }
            Err(letter) => {
                writer.buffered_bytes += self.take_back(&leaving);
                Err(letter)
            }
        }
    }

    /// After a failed flush: rows return to the buffer, unless a newer row of the same key is there.
    fn take_back(&self, leaving: &Buffer) -> usize {
        // Copied, because readers may still hold the view that looks into `leaving`.
        let rows = leaving.read().unwrap_or_else(PoisonError::into_inner).clone();
        let bytes = rows.iter().map(|(key, row)| key.len() + row.len()).sum();
        let view = self.view();
        let mut buffer = view.buffer.write().unwrap_or_else(PoisonError::into_inner);
        for (key, row) in rows {
            buffer.entry(key).or_insert(row);
        }
        drop(buffer);
        self.change_view(|view| view.leaving = None);
        bytes
    }
}

/// Stored rows by stored key, on their way into the buffer.
type Changed = HashMap<Vec<u8>, Vec<u8>>;

/// Merges the online part of observations into `changed`, over what is stored.
fn apply<'a>(
    view: &View,
    entry: &'a Observations,
    latest: i64,
    updates: &mut Vec<Update<'a>>,
    changed: &mut Changed,
) -> Result<()> {
    let Some(namespace) = view.names.namespace(&entry.namespace) else { return Ok(()) };
    let number = |feature: &ObservedFeature| namespace.feature(&feature.name).filter(|_| feature.destinations.online);
    let place = |(place, feature)| Some(Place { feature: number(feature)?, place, nulls: feature.nulls });
    let mut places: Vec<Place> = entry.features.iter().enumerate().filter_map(place).collect();
    places.sort_unstable_by_key(|place| place.feature);
    places.dedup_by_key(|place| place.feature);
    let mut key = Vec::new();
    for row in entry.rows.iter().filter(|row| row.observed_at <= latest) {
        gather(row, &places, updates);
        if updates.is_empty() {
            continue;
        }
        namespace.key(&row.key, &mut key)?;
        let merged = match changed.get(&key) {
            Some(pending) => row::merge(Some(pending), updates, view.names.retired())?,
            None => view.with_stored(&key, |stored| row::merge(stored, updates, view.names.retired()))?,
        };
        if let Some(merged) = merged {
            changed.insert(key.clone(), merged);
        }
    }
    Ok(())
}

/// Puts the rows of these keys into `changed`, without the cells that are removed.
fn remove(view: &View, removal: &Removal, keys: &[Value], changed: &mut Changed) -> Result<()> {
    let Some(namespace) = view.names.namespace(&removal.namespace) else { return Ok(()) };
    let numbers = |names: &Vec<String>| names.iter().filter_map(|name| namespace.feature(name)).collect();
    let removed: Option<HashSet<u32>> = removal.features.as_ref().map(numbers);
    let is_removed = |feature: u32| removed.as_ref().is_none_or(|removed| removed.contains(&feature));
    let rest = |stored: &[u8]| row::without(stored, is_removed);
    let mut key = Vec::new();
    for removed_key in keys {
        namespace.key(removed_key, &mut key)?;
        let rest = match changed.get(&key) {
            Some(pending) => rest(pending)?,
            None => view.with_stored(&key, |stored| stored.map_or(Ok(None), rest))?,
        };
        if let Some(rest) = rest {
            changed.insert(key.clone(), rest);
        }
    }
    Ok(())
}

/// Where a feature's value stands in the rows of an entry, and what a null of it does.
struct Place {
    feature: u32,
    place: usize,
    nulls: CachePolicy,
}

fn gather<'a>(row: &'a ObservedRow, places: &[Place], updates: &mut Vec<Update<'a>>) {
    updates.clear();
    updates.extend(places.iter().filter_map(|Place { feature, place, nulls }| {
        let value = match (row.values.get(*place)?.as_ref()?, nulls) {
            (Value::Null, CachePolicy::Skip) => return None,
            (Value::Null, CachePolicy::Evict) => None,
            (value, _) => Some(value),
        };
        Some(Update { feature: *feature, observed_at: row.observed_at, value })
    }));
}

impl View {
    /// Gives the newest stored row of a key to `use_row`.
    fn with_stored<T>(&self, key: &[u8], use_row: impl FnOnce(Option<&[u8]>) -> Result<T>) -> Result<T> {
        for buffer in std::iter::once(&self.buffer).chain(&self.leaving) {
            let buffer = buffer.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(row) = buffer.get(key) {
                return use_row(Some(row));
            }
        }
        match self.rows.get(key).map_err(file::unread)? {
            Some(row) => use_row(Some(row.value())),
            None => use_row(None),
        }
    }

    fn read(&self, read: Read<'_>) -> Result<Vec<Vec<Option<Cell>>>> {
        let nothing = || vec![None; read.features.len()];
        let Some(namespace) = self.names.namespace(read.namespace) else {
            return Ok(read.keys.iter().map(|_| nothing()).collect());
        };
        let known = read.features.iter().enumerate();
        let mut wanted: Vec<(u32, usize)> =
            known.filter_map(|(place, name)| Some((namespace.feature(name)?, place))).collect();
        wanted.sort_unstable();
        let mut stored_key = Vec::with_capacity(32);
        let row = |key: &Value| {
            let mut found = nothing();
            namespace.key(key, &mut stored_key)?;
            self.with_stored(&stored_key, |row| row.map_or(Ok(()), |row| row::read(row, &wanted, &mut found)))?;
            Ok(found)
        };
        read.keys.iter().map(row).collect()
    }
}

#[async_trait]
impl OnlineStore for EmbeddedOnlineStore {
    async fn read(&self, read: Read<'_>) -> Result<Vec<Vec<Option<Cell>>>> {
        self.0.view().read(read)
    }

    async fn write(&self, entries: &[Entry], through: Position, now: i64) -> Result<()> {
        if self.0.write(entries, through, now)? { self.flush().await } else { Ok(()) }
    }

    async fn applied(&self) -> Result<Position> {
        Ok(Position(self.0.persisted.load(Ordering::Acquire)))
    }

    async fn persist(&self) -> Result<()> {
        self.flush().await
    }
}
