//! The thread that moves appends to the disk: one fsync for all that came since the last, at most every 50 ms unless
//! somebody waits for it.

use crate::files::failed;
use creta_model::{Code, Letter};
use creta_ports::Result;
use std::fs::File;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How long an append may wait for the disk when nobody waits with it.
const PERIOD: Duration = Duration::from_millis(50);

/// The thread and what it is told.
pub(super) struct Syncer {
    shared: Arc<Shared>,
    synced: watch::Receiver<State>,
    thread: Option<JoinHandle<()>>,
}

/// How far the disk is.
#[derive(Debug, Clone, PartialEq)]
struct State {
    synced: u64,
    /// After a failed fsync nothing can be said about the disk any more.
    failure: Option<Letter>,
}

struct Shared {
    wishes: Mutex<Wishes>,
    told: Condvar,
}

struct Wishes {
    file: Arc<File>,
    /// The end of what was written to `file`.
    written: u64,
    /// Somebody waits for everything before it.
    awaited: u64,
    stop: bool,
}

impl Syncer {
    pub fn start(file: Arc<File>, end: u64) -> Result<Syncer> {
        let wishes = Wishes { file, written: end, awaited: end, stop: false };
        let shared = Arc::new(Shared { wishes: Mutex::new(wishes), told: Condvar::new() });
        let (sender, synced) = watch::channel(State { synced: end, failure: None });
        let work = shared.clone();
        let thread = std::thread::Builder::new().name("log-sync".to_owned()).spawn(move || work.run(end, &sender));
        let thread = thread.map_err(failed("The log's thread could not be started"))?;
        Ok(Syncer { shared, synced, thread: Some(thread) })
    }

    /// The position before which everything is on disk.
    pub fn synced(&self) -> u64 {
        self.synced.borrow().synced
    }

    /// Says that everything before `end` is written to `file`. Files before it must be on disk already.
    pub fn written(&self, file: &Arc<File>, end: u64, is_awaited: bool) {
        let mut wishes = self.shared.wishes();
        if !Arc::ptr_eq(&wishes.file, file) {
            wishes.file = file.clone();
        }
        wishes.written = end;
        if is_awaited {
            wishes.awaited = end;
        }
        drop(wishes);
        self.shared.told.notify_one();
    }

    /// A letter once a sync has failed.
    pub fn check(&self) -> Result<()> {
        self.synced.borrow().failure.clone().map_or(Ok(()), Err)
    }

    /// Waits until everything before `end` is on disk.
    pub async fn wait(&self, end: u64) -> Result<()> {
        let mut synced = self.synced.clone();
        let state = synced.wait_for(|state| state.synced >= end || state.failure.is_some()).await;
        match state.map(|state| state.clone()) {
            Ok(State { failure: Some(letter), .. }) => Err(letter),
            Ok(_) => Ok(()),
            Err(_) => Err(Letter::new(Code::StoreFailed, "The log is closed.")),
        }
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        self.shared.wishes().stop = true;
        self.shared.told.notify_one();
        if let Some(thread) = self.thread.take() {
            // A panicked thread has nothing left to sync; its panic was already reported.
            thread.join().ok();
        }
    }
}

impl Shared {
    fn wishes(&self) -> MutexGuard<'_, Wishes> {
        self.wishes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, mut synced: u64, state: &watch::Sender<State>) {
        let mut last = Instant::now();
        while let Some((file, end)) = self.next(synced, last) {
            last = Instant::now();
            if let Err(error) = file.sync_data() {
                let letter = failed("The log could not be synced to disk")(error);
                state.send_modify(|state| state.failure = Some(letter));
                return;
            }
            synced = end;
            state.send_modify(|state| state.synced = end);
        }
    }

    /// Waits until a sync is due: what to sync, or None to stop (after everything is synced).
    fn next(&self, synced: u64, last: Instant) -> Option<(Arc<File>, u64)> {
        let mut wishes = self.wishes();
        loop {
            let rest = PERIOD.saturating_sub(last.elapsed());
            let is_due = wishes.awaited > synced || wishes.stop || rest.is_zero();
            if wishes.written > synced && is_due {
                return Some((wishes.file.clone(), wishes.written));
            }
            if wishes.stop {
                return None;
            }
            wishes = if wishes.written > synced {
                self.told.wait_timeout(wishes, rest).unwrap_or_else(PoisonError::into_inner).0
            } else {
                self.told.wait(wishes).unwrap_or_else(PoisonError::into_inner)
            };
        }
    }
}
