//! The suite of [`Metadata`].

use creta_ports::Metadata;
use creta_ports::metadata::{Client, Deployment, Revision, RevisionStatus};

fn deployment(id: &str, created_at: i64) -> Deployment {
    Deployment { id: id.to_owned(), created_at, bundle: format!("{{\"project\":\"{id}\"}}") }
}

fn revision(id: &str, name: Option<&str>, created_at: i64, status: RevisionStatus) -> Revision {
    Revision {
        id: id.to_owned(),
        dataset_id: name.map_or_else(|| format!("dataset of {id}"), |name| format!("dataset {name}")),
        dataset_name: name.map(str::to_owned),
        status,
        outputs: vec!["ship.x".to_owned()],
        files: vec![format!("{id}/0.parquet")],
        rows: u64::MAX / 2,
        bytes: 1,
        created_at,
        finished_at: None,
        deployment: "first".to_owned(),
        errors: vec![creta_model::Letter::new(creta_model::Code::StoreFailed, "so it goes").fix("try again")],
        inputs: Some(format!("{id}/inputs.parquet")),
        shards: 3,
        notes: [("owner".to_owned(), "the port".to_owned())].into(),
    }
}

/// The deployment activated last is the active one, also after a restart.
pub async fn deployments<M: Metadata>(open: impl AsyncFn(&str) -> M) {
    {
        let store = open("deployments").await;
        assert_eq!(store.active().await.unwrap(), None);
        store.activate(deployment("first", 1)).await.unwrap();
        store.activate(deployment("second", 2)).await.unwrap();
        assert_eq!(store.active().await.unwrap(), Some(deployment("second", 2)));
    }
    let store = open("deployments").await;
    assert_eq!(store.active().await.unwrap(), Some(deployment("second", 2)));
    assert_eq!(store.deployment("first").await.unwrap(), Some(deployment("first", 1)));
    assert_eq!(store.deployment("third").await.unwrap(), None);
    store.activate(deployment("first", 1)).await.unwrap();
    assert_eq!(store.active().await.unwrap(), Some(deployment("first", 1)));
}

/// Dropped features are remembered until the next deployment is active.
pub async fn dropped<M: Metadata>(open: impl AsyncFn(&str) -> M) {
    {
        let store = open("dropped").await;
        store.activate(deployment("first", 1)).await.unwrap();
        assert!(store.dropped().await.unwrap().is_empty());
        store.put_dropped(&["ship.x".to_owned(), "ship.y".to_owned()]).await.unwrap();
        store.put_dropped(&["ship.x".to_owned()]).await.unwrap();
    }
    let store = open("dropped").await;
    assert_eq!(store.dropped().await.unwrap().into_iter().collect::<Vec<_>>(), ["ship.x", "ship.y"]);
    store.activate(deployment("second", 2)).await.unwrap();
    assert!(store.dropped().await.unwrap().is_empty());
}

/// Clients are found by id and replaced by id.
pub async fn clients<M: Metadata>(open: impl AsyncFn(&str) -> M) {
    let client = |hash: &str| Client { id: "token".to_owned(), secret_hash: hash.to_owned() };
    {
        let store = open("clients").await;
        assert_eq!(store.client("token").await.unwrap(), None);
        store.put_client(client("one")).await.unwrap();
        store.put_client(client("two")).await.unwrap();
    }
    assert_eq!(open("clients").await.client("token").await.unwrap(), Some(client("two")));
}

/// Revisions are replaced by id, listed by dataset oldest first, and found while unfinished.
pub async fn revisions<M: Metadata>(open: impl AsyncFn(&str) -> M) {
    use RevisionStatus::{Cancelled, Done, Failed, Pending, Running};
    let old = revision("a", Some("voyages"), 10, Done);
    let young = revision("b", Some("voyages"), 20, Pending);
    let nameless = revision("c", None, 5, Running);
    {
        let store = open("revisions").await;
        for revision in [&young, &old, &nameless] {
            store.put_revision(revision.clone()).await.unwrap();
        }
        store.put_revision(revision("d", None, 1, Failed)).await.unwrap();
        store.put_revision(revision("e", None, 1, Cancelled)).await.unwrap();
    }
    let store = open("revisions").await;
    assert_eq!(store.revision("a").await.unwrap(), Some(old.clone()));
    assert_eq!(store.revision("z").await.unwrap(), None);
    assert_eq!(store.dataset("voyages").await.unwrap(), vec![old.clone(), young.clone()]);
    assert_eq!(store.dataset("dataset voyages").await.unwrap(), vec![old.clone(), young.clone()]);
    assert_eq!(store.dataset("dataset of c").await.unwrap(), vec![nameless.clone()]);
    assert_eq!(store.dataset("nobody").await.unwrap(), vec![]);
    let ids = |revisions: Vec<Revision>| revisions.into_iter().map(|revision| revision.id).collect::<Vec<_>>();
    assert_eq!(ids(store.unfinished().await.unwrap()), ["c", "b"]);
    let done = Revision { status: Done, finished_at: Some(30), ..young };
    store.put_revision(done.clone()).await.unwrap();
    assert_eq!(ids(store.unfinished().await.unwrap()), ["c"]);
    assert_eq!(store.dataset("voyages").await.unwrap(), vec![old, done]);
}
