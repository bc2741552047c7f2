//! From a proposed bundle to the recorded, active deployment.

use crate::fakes::{Memory, Numbers, StandingClock};
use creta_control::Deployments;
use creta_model::{Code, Letter};
use std::sync::Arc;

fn bundle(feature_type: &str) -> Vec<u8> {
    let place = serde_json::json!({"file": "ships.py", "line": 3});
    let feature = |name: &str, data_type: &str| serde_json::json!({"name": name, "kind": {"scalar": {"type": data_type}}, "place": place});
    serde_json::json!({
        "project": "harbour", "format": 1,
        "entities": [{"namespace": "ship", "class": "Ship", "primary_key": "id", "place": place,
                      "features": [feature("id", "int"), feature("teu", feature_type)]}],
    })
    .to_string()
    .into_bytes()
}

fn deployments() -> Deployments {
    let clock = Arc::new(StandingClock::default());
    Deployments::new(Arc::new(Memory::default()), clock, Arc::new(Numbers::default()))
}

#[tokio::test]
async fn a_recorded_bundle_is_what_the_next_one_is_compared_with() {
    let deployments = deployments();
    let proposal = deployments.propose(&bundle("float"), |_| Ok(())).await.unwrap();
    assert_eq!(proposal.diff.features.added, ["ship.id", "ship.teu"]);
    assert!(deployments.active().await.unwrap().is_none());
    deployments.record(&proposal.id, &proposal.bundle).await.unwrap();
    let (id, active) = deployments.active().await.unwrap().unwrap();
    assert_eq!((id, active), (proposal.id, proposal.bundle));
    assert!(deployments.propose(&bundle("float"), |_| Ok(())).await.unwrap().diff.is_empty());
    let letters = deployments.propose(&bundle("str"), |_| Ok(())).await.unwrap_err();
    assert_eq!(letters[0].code, Code::TypeChange);
}

#[tokio::test]
async fn a_dropped_feature_may_have_another_type() {
    let deployments = deployments();
    let proposal = deployments.propose(&bundle("float"), |_| Ok(())).await.unwrap();
    deployments.record(&proposal.id, &proposal.bundle).await.unwrap();
    deployments.note_dropped(&["ship.id".to_owned()]).await.unwrap();
    assert!(deployments.propose(&bundle("str"), |_| Ok(())).await.is_err(), "another feature was dropped");
    deployments.note_dropped(&["ship.teu".to_owned()]).await.unwrap();
    deployments.propose(&bundle("str"), |_| Ok(())).await.unwrap();
}

#[tokio::test]
async fn what_is_wrong_is_said_before_anything_is_recorded() {
    let deployments = deployments();
    let check = |_: &_| Err::<(), _>(vec![Letter::new(Code::PrimaryKey, "two keys"), Letter::new(Code::Sql, "no")]);
    assert_eq!(deployments.propose(&bundle("int"), check).await.unwrap_err().len(), 2);
    let code = async |text: &[u8]| deployments.propose(text, |_| Ok(())).await.unwrap_err()[0].code;
    assert_eq!(code(br#"{"format": 2, "unheard": 1}"#).await, Code::BundleFormat);
    assert_eq!(code(b"[]").await, Code::BundleFormat);
    assert_eq!(code(br#"{"format": 1,"#).await, Code::MalformedRequest);
    assert_eq!(code(br#"{"format": 1, "project": "p", "entities": [], "typo": 1}"#).await, Code::MalformedRequest);
}
