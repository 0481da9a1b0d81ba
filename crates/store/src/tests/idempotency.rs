//! Keys of requests: one request is carried out, the others get its answer.

use super::*;
use crate::idempotency::Key;

impl World {
    async fn take(&self, fingerprint: &str, seconds: i64) -> Key {
        let at = self.later(seconds);
        self.store
            .take_key("ada", "k", fingerprint, TimeDelta::days(1), at)
            .await
            .unwrap()
    }

    async fn answer(&self) -> Key {
        self.store
            .keep_answer("ada", "k", 201, b"made")
            .await
            .unwrap();
        Key::Answered {
            status: 201,
            body: b"made".to_vec(),
        }
    }
}

#[tokio::test]
async fn a_request_is_carried_out_once_and_answered_again() {
    let world = World::new().await;
    assert_eq!(world.take("f", 0).await, Key::Fresh);
    assert_eq!(world.take("f", 1).await, Key::Busy);
    assert_eq!(world.take("other", 1).await, Key::Other);
    let answered = world.answer().await;
    assert_eq!(world.take("f", 2).await, answered);
    assert_eq!(world.take("other", 2).await, Key::Other);
    let theirs = world
        .store
        .take_key("bob", "k", "f", TimeDelta::days(1), world.at)
        .await
        .unwrap();
    assert_eq!(theirs, Key::Fresh);
}

#[tokio::test]
async fn a_request_that_was_never_answered_may_be_tried_again_after_a_minute() {
    let world = World::new().await;
    assert_eq!(world.take("f", 0).await, Key::Fresh);
    assert_eq!(world.take("f", 60).await, Key::Busy);
    assert_eq!(world.take("f", 61).await, Key::Fresh);
    assert_eq!(world.take("f", 62).await, Key::Busy);
}

#[tokio::test]
async fn an_answer_is_kept_for_a_day() {
    let world = World::new().await;
    world.take("f", 0).await;
    let answered = world.answer().await;
    assert_eq!(world.take("f", 86_400).await, answered);
    assert_eq!(world.take("other", 86_401).await, Key::Fresh);
}

#[tokio::test]
async fn a_key_is_freed_only_while_it_is_unanswered() {
    let world = World::new().await;
    world.take("f", 0).await;
    world.store.free_key("ada", "k").await.unwrap();
    assert_eq!(world.take("f", 0).await, Key::Fresh);
    let answered = world.answer().await;
    world.store.free_key("ada", "k").await.unwrap();
    assert_eq!(world.take("f", 0).await, answered);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_equal_requests_at_once_one_is_carried_out() {
    let world = World::new().await;
    let takers: Vec<_> = (0..8)
        .map(|_| {
            let world = world.clone();
            tokio::spawn(async move { world.take("f", 0).await })
        })
        .collect();
    let mut fresh = 0;
    for taker in takers {
        fresh += usize::from(taker.await.unwrap() == Key::Fresh);
    }
    assert_eq!(fresh, 1);
}
