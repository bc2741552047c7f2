//! One thread that syncs the log to disk: soon after queries, at once for uploads, one sync for all who wait.

use super::segments::Segments;
use crate::failure::failed;
use creta_model::{Code, Letter};
use creta_ports::Result;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::watch;

/// The longest that an acknowledged query's observations wait for the disk.
const PERIOD: Duration = Duration::from_millis(50);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Wish {
    #[default]
    Nothing,
    Soon,
    Now,
    Stop,
}

#[derive(Default)]
struct Bell {
    wish: Mutex<Wish>,
    rung: Condvar,
}

impl Bell {
    fn ring(&self, wish: Wish) {
        let mut current = self.wish.lock().unwrap_or_else(PoisonError::into_inner);
        let stronger = match (*current, wish) {
            (Wish::Stop, _) | (_, Wish::Stop) => Wish::Stop,
            (Wish::Now, _) | (_, Wish::Now) => Wish::Now,
            _ => Wish::Soon,
        };
        if *current != stronger {
            *current = stronger;
            self.rung.notify_one();
        }
    }

    /// Waits for a wish; a `Soon` gathers others for a while.
    fn wait(&self) -> Wish {
        let mut wish = self.wish.lock().unwrap_or_else(PoisonError::into_inner);
        while *wish == Wish::Nothing {
            wish = self.rung.wait(wish).unwrap_or_else(PoisonError::into_inner);
        }
        if *wish == Wish::Soon {
            let waited = self.rung.wait_timeout_while(wish, PERIOD, |wish| *wish == Wish::Soon);
            wish = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        std::mem::take(&mut *wish)
    }
}

/// How far the disk is; an error stays.
type Synced = std::result::Result<u64, String>;

pub(super) struct Syncer {
    bell: Arc<Bell>,
    synced: watch::Receiver<Synced>,
    thread: Option<JoinHandle<()>>,
}

impl Syncer {
    pub fn start(segments: Arc<Mutex<Segments>>) -> Result<Syncer> {
        let bell = Arc::new(Bell::default());
        let (sender, synced) = watch::channel(Ok(0));
        let own = bell.clone();
        let thread = std::thread::Builder::new().name("creta-log".to_owned()).spawn(move || {
            loop {
                let wish = own.wait();
                let state = sync(&segments);
                sender.send_replace(state);
                if wish == Wish::Stop {
                    break;
                }
            }
        });
        Ok(Syncer { bell, synced, thread: Some(thread.map_err(failed("the log's thread could not start"))?) })
    }

    pub fn soon(&self) {
        self.bell.ring(Wish::Soon);
    }

    /// Returns when everything before `end` is on disk.
    pub async fn reached(&self, end: u64) -> Result<()> {
        let mut synced = self.synced.clone();
        self.bell.ring(Wish::Now);
        let is_settled = |state: &Synced| state.as_ref().map_or(true, |position| *position >= end);
        let state = synced.wait_for(is_settled).await;
        match state.as_deref() {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(reason)) => Err(Letter::new(Code::StoreFailed, format!("The log could not be synced: {reason}."))),
            Err(_) => Err(Letter::new(Code::StoreFailed, "The log is closed.")),
        }
    }
}

fn sync(segments: &Mutex<Segments>) -> Synced {
    // The lock is not held while the disk works. Earlier segments were synced when they were closed.
    let (file, end) = {
        let segments = segments.lock().unwrap_or_else(PoisonError::into_inner);
        (segments.current(), segments.end())
    };
    match file.map(|file| file.sync_data()) {
        Some(Err(error)) => Err(error.to_string()),
        _ => Ok(end),
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        self.bell.ring(Wish::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
