//! Tasks end as their row of the table says, whatever happens inside them.

use creta_jobs::{OnCancel, OnError, Outcome, Task, Tasks};
use creta_model::{Code, Letter};
use std::future::pending;
use std::sync::Arc;
use tokio::sync::oneshot;

fn training() -> Task {
    Task::TrainingSet { revision: "r".to_owned() }
}

/// Runs `work` and tells how it ended; `then` acts on the tasks meanwhile.
async fn outcome(
    work: impl Future<Output = Result<(), Vec<Letter>>> + Send + 'static,
    then: impl AsyncFnOnce(&Tasks, creta_jobs::Cancel),
) -> Outcome {
    let tasks = Arc::new(Tasks::default());
    let (tell, told) = oneshot::channel();
    let settle = |outcome| async move { tell.send(outcome).unwrap() };
    let cancel = tasks.once(training(), work, settle);
    then(&tasks, cancel).await;
    told.await.unwrap()
}

#[test]
fn the_table() {
    assert_eq!(Task::Drain.on_cancel(), OnCancel::FinishPass);
    assert_eq!(Task::Persist.on_cancel(), OnCancel::FinishPass);
    assert_eq!(training().on_cancel(), OnCancel::Abandon);
    assert_eq!(training().on_error(), OnError::GiveUp);
    assert!(matches!(Task::Drain.on_error(), OnError::RetryAfter(_)));
}

#[tokio::test]
async fn whoever_starts_a_task_hears_how_it_ended() {
    let letter = Letter::new(Code::SourceFailed, "no");
    let failed = vec![letter.clone()];
    assert_eq!(outcome(async { Ok(()) }, async |_, _| {}).await, Outcome::Done);
    assert_eq!(outcome(async move { Err(failed) }, async |_, _| {}).await, Outcome::Failed(vec![letter]));
    assert_eq!(outcome(pending(), async |_, cancel| cancel.cancel()).await, Outcome::Cancelled);
    assert_eq!(outcome(pending(), async |tasks, _| tasks.stop().await).await, Outcome::Interrupted);
    let died = outcome(async { panic!("on purpose") }, async |_, _| {}).await;
    assert!(matches!(died, Outcome::Failed(letters) if letters[0].code == Code::Bug));
}

#[tokio::test(start_paused = true)]
async fn a_repeated_task_survives_its_own_panics() {
    let tasks = Tasks::default();
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    tasks.repeat(Task::Persist, move |stop| {
        let tell = tell.clone();
        async move {
            tell.send(()).unwrap();
            assert!(stop.is_raised(), "on purpose");
            Ok(())
        }
    });
    for _ in 0..3 {
        told.recv().await.unwrap();
    }
    tasks.stop().await;
}
