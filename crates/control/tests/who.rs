//! Clients, tokens and signed links: what opens the door, and for how long.

use crate::fakes::{Memory, Numbers, StandingClock};
use creta_control::tokens::LIFETIME;
use creta_control::{Clients, Links, Purpose, Tokens};
use std::sync::Arc;
use std::sync::atomic::Ordering;

#[tokio::test]
async fn only_the_right_secret_opens_and_it_is_not_kept() {
    let memory = Arc::new(Memory::default());
    let clients = Clients::new(memory.clone(), Arc::new(Numbers::default()));
    let first = clients.create().await.unwrap();
    let second = clients.create().await.unwrap();
    assert!(clients.verify(&first.id, &first.secret).await.unwrap());
    assert!(!clients.verify(&first.id, &second.secret).await.unwrap());
    assert!(!clients.verify("nobody", &first.secret).await.unwrap());
    assert!(!clients.verify(&first.id, "").await.unwrap());
    let kept = memory.clients.lock().unwrap();
    assert!(kept.iter().all(|client| !client.secret_hash.contains(&first.secret)));
    assert_ne!(kept[0].secret_hash, kept[1].secret_hash);
}

#[test]
fn a_token_lives_an_hour() {
    let clock = Arc::new(StandingClock::default());
    let tokens = Tokens::new(clock.clone());
    let issued = tokens.issue("client-1");
    assert_eq!(issued.expires_in_seconds, 3600);
    assert_eq!(tokens.holder(&issued.token).as_deref(), Some("client-1"));
    assert_eq!(tokens.holder("guess"), None);
    clock.0.store(LIFETIME, Ordering::SeqCst);
    assert_eq!(tokens.holder(&issued.token), None);
}

#[test]
fn a_full_table_lets_the_oldest_tokens_go() {
    let clock = Arc::new(StandingClock::default());
    let tokens = Tokens::with_capacity(clock.clone(), 10);
    let oldest = tokens.issue("a");
    for moment in 1..=10 {
        clock.0.store(moment, Ordering::SeqCst);
        tokens.issue("b");
    }
    let newest = tokens.issue("c");
    assert_eq!(tokens.holder(&oldest.token), None);
    assert_eq!(tokens.holder(&newest.token).as_deref(), Some("c"));
}

#[test]
fn a_link_allows_one_thing_on_one_blob_until_it_ends() {
    let clock = Arc::new(StandingClock::default());
    let links = Links::new(clock.clone());
    let text = links.sign(Purpose::Read, "datasets/1/part-0.parquet", 100);
    assert!(links.allows(Purpose::Read, "datasets/1/part-0.parquet", &text));
    assert!(!links.allows(Purpose::Write, "datasets/1/part-0.parquet", &text));
    assert!(!links.allows(Purpose::Read, "datasets/2/part-0.parquet", &text));
    let later = text.replacen("100.", "900.", 1);
    assert!(!links.allows(Purpose::Read, "datasets/1/part-0.parquet", &later));
    assert!(!links.allows(Purpose::Read, "datasets/1/part-0.parquet", "garbage"));
    clock.0.store(100, Ordering::SeqCst);
    assert!(!links.allows(Purpose::Read, "datasets/1/part-0.parquet", &text));
    assert!(!Links::new(clock).allows(Purpose::Read, "datasets/1/part-0.parquet", &text));
}
