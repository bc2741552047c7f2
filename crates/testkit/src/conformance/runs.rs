//! The suite of [`RunRecords`].

use creta_ports::RunRecords;
use creta_ports::runs::{Cursor, ResolverRun, RunStatus};

fn run(id: &str, key: Option<&str>) -> ResolverRun {
    ResolverRun {
        id: id.to_owned(),
        resolver: "calls".to_owned(),
        status: RunStatus::Received,
        created_at: 5,
        finished_at: None,
        rows: 0,
        deployment: "first".to_owned(),
        since: Some(-3),
        errors: Vec::new(),
        idempotency_key: key.map(str::to_owned),
    }
}

fn cursor(resolver: &str, ingested_until: Option<i64>) -> Cursor {
    Cursor { resolver: resolver.to_owned(), ingested_until, executed_at: Some(7) }
}

fn ended(run: ResolverRun) -> ResolverRun {
    let errors = vec![creta_model::Letter::new(creta_model::Code::SourceFailed, "so it goes").fix("try again")];
    ResolverRun { status: RunStatus::Failed, finished_at: Some(6), rows: 9, errors, ..run }
}

/// Runs are found by id and replaced by id, and found while unfinished.
pub async fn lives<M: RunRecords>(open: impl AsyncFn(&str) -> M) {
    {
        let store = open("lives").await;
        assert_eq!(store.begin_run(run("a", None)).await.unwrap(), run("a", None));
        assert_eq!(store.begin_run(run("b", None)).await.unwrap(), run("b", None));
    }
    let store = open("lives").await;
    assert_eq!(store.unfinished_runs().await.unwrap(), vec![run("a", None), run("b", None)]);
    store.end_run(ended(run("a", None)), None).await.unwrap();
    assert_eq!(store.unfinished_runs().await.unwrap(), vec![run("b", None)]);
    assert_eq!(store.run("a").await.unwrap(), Some(ended(run("a", None))));
    assert_eq!(store.run("c").await.unwrap(), None);
    assert_eq!(store.cursors().await.unwrap(), vec![]);
}

/// The same idempotency key means the same run, also when it has ended.
pub async fn idempotency<M: RunRecords>(open: impl AsyncFn(&str) -> M) {
    let store = open("idempotency").await;
    let first = run("a", Some("tonight"));
    assert_eq!(store.begin_run(first.clone()).await.unwrap(), first);
    assert_eq!(store.begin_run(run("b", Some("tonight"))).await.unwrap(), first);
    store.end_run(ended(first.clone()), None).await.unwrap();
    assert_eq!(store.begin_run(run("c", Some("tonight"))).await.unwrap(), ended(first));
    assert_eq!(store.begin_run(run("d", Some("tomorrow"))).await.unwrap().id, "d");
    assert_eq!(store.run("b").await.unwrap(), None);
}

/// A cursor is replaced with the end of a run or alone, and forgotten.
pub async fn cursors<M: RunRecords>(open: impl AsyncFn(&str) -> M) {
    {
        let store = open("cursors").await;
        assert_eq!(store.cursor("calls").await.unwrap(), None);
        store.begin_run(run("a", None)).await.unwrap();
        store.end_run(ended(run("a", None)), Some(cursor("calls", Some(1)))).await.unwrap();
        store.put_cursor(cursor("berths", None)).await.unwrap();
    }
    let store = open("cursors").await;
    assert_eq!(store.cursors().await.unwrap(), vec![cursor("berths", None), cursor("calls", Some(1))]);
    store.put_cursor(cursor("calls", Some(2))).await.unwrap();
    assert_eq!(store.cursor("calls").await.unwrap(), Some(cursor("calls", Some(2))));
    assert!(store.remove_cursor("calls").await.unwrap());
    assert!(!store.remove_cursor("calls").await.unwrap());
    assert_eq!(store.cursors().await.unwrap(), vec![cursor("berths", None)]);
}
