//! Background tasks: the closed list of them, and what cancelling and failing means for each.

use creta_model::{Code, Letter};
use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Everything that runs behind a caller's back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    /// Moves entries of the log to the offline store.
    Drain,
    /// Makes the online store survive the death of the process.
    Persist,
    /// Computes one revision of a dataset.
    TrainingSet { revision: String },
    /// Stores the rows of one resolver.
    ResolverRun { run: String },
}

/// What happens to a task when it is asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnCancel {
    /// It does its work one last time, completely.
    FinishPass,
    /// It stops where it is; whoever started it is told and settles what it leaves behind.
    Abandon,
}

/// What happens to a task when its work fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnError {
    /// The letter is logged and the work is tried again after a pause; nothing is lost meanwhile.
    RetryAfter(Duration),
    /// Whoever started it is told and settles what it leaves behind.
    GiveUp,
}

impl Task {
    pub fn on_cancel(&self) -> OnCancel {
        match self {
            Task::Drain | Task::Persist => OnCancel::FinishPass,
            Task::TrainingSet { .. } | Task::ResolverRun { .. } => OnCancel::Abandon,
        }
    }

    pub fn on_error(&self) -> OnError {
        match self {
            Task::Drain | Task::Persist => OnError::RetryAfter(Duration::from_secs(1)),
            Task::TrainingSet { .. } | Task::ResolverRun { .. } => OnError::GiveUp,
        }
    }
}

/// How a task that runs once came to its end.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Done,
    /// Somebody cancelled this task.
    Cancelled,
    /// The server is stopping.
    Interrupted,
    Failed(Vec<Letter>),
}

/// Tells a task that it shall end.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    pub fn is_raised(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns when the task shall end; at once if that was said before.
    pub async fn raised(&self) {
        // An error means that nobody is left who could say stop, which is as good a reason to stop.
        self.0.clone().wait_for(|raised| *raised).await.ok();
    }
}

/// Ends one task.
#[derive(Debug, Clone)]
pub struct Cancel(watch::Sender<bool>);

impl Cancel {
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }
}

/// All background tasks of a process.
pub struct Tasks {
    stop: watch::Sender<bool>,
    running: Mutex<JoinSet<()>>,
}

impl Default for Tasks {
    fn default() -> Tasks {
        Tasks { stop: watch::Sender::new(false), running: Mutex::default() }
    }
}

impl Tasks {
    /// Runs `pass` again and again until the process stops. A pass waits for its own work, and must cut that waiting
    /// short when [`Stop`] is raised; a pass begun after that is the last.
    pub fn repeat<F>(&self, task: Task, pass: impl Fn(Stop) -> F + Send + 'static)
    where
        F: Future<Output = Result<(), Letter>> + Send + 'static,
    {
        let stop = Stop(self.stop.subscribe());
        self.spawn(async move {
            loop {
                let last = stop.is_raised();
                let finished = tokio::spawn(pass(stop.clone())).await.unwrap_or_else(|_| Err(died(&task)));
                if let Err(letter) = finished {
                    tracing::error!(?task, code = letter.code.name(), message = letter.message, "background task");
                    if let (OnError::RetryAfter(pause), false) = (task.on_error(), last) {
                        tokio::select! { () = tokio::time::sleep(pause) => {}, () = stop.raised() => {} }
                    }
                }
                if last {
                    break;
                }
            }
        });
    }

    /// Runs `work` once; `settle` hears how it ended, whatever happened.
    pub fn once<F>(
        &self,
        task: Task,
        work: impl Future<Output = Result<(), Vec<Letter>>> + Send + 'static,
        settle: impl FnOnce(Outcome) -> F + Send + 'static,
    ) -> Cancel
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let cancel = Cancel(watch::Sender::new(false));
        let own = Stop(cancel.0.subscribe());
        let whole = Stop(self.stop.subscribe());
        // The sender moves into the task: its receiver must not end when the caller drops the handle.
        let keep = cancel.clone();
        self.spawn(async move {
            let mut work = tokio::spawn(work);
            let outcome = tokio::select! {
                finished = &mut work => match finished {
                    Ok(Ok(())) => Outcome::Done,
                    Ok(Err(letters)) => Outcome::Failed(letters),
                    Err(_) => Outcome::Failed(vec![died(&task)]),
                },
                () = own.raised() => Outcome::Cancelled,
                () = whole.raised() => Outcome::Interrupted,
            };
            work.abort();
            settle(outcome).await;
            drop(keep);
        });
        cancel
    }

    /// Asks every task to end and waits until all have.
    pub async fn stop(&self) {
        self.stop.send_replace(true);
        let mut running = std::mem::take(&mut *self.running.lock().unwrap_or_else(PoisonError::into_inner));
        while running.join_next().await.is_some() {}
    }

    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        while running.try_join_next().is_some() {}
        running.spawn(work);
    }
}

fn died(task: &Task) -> Letter {
    Letter::new(Code::Bug, format!("The background task {task:?} broke off."))
        .fix("Please report it with the server's log.")
}
