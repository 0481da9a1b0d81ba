//! Topics: who hears what, and one transaction for all of them.

use optio_domain::mail::{Class, Marks, Topic};

use super::*;
use crate::mail::{Audience, Bounds};

fn builds() -> Topic {
    Topic::parse("builds").unwrap()
}

impl World {
    async fn hears(&self, agent: AgentId) {
        let new = self
            .store
            .subscribe("default", &builds(), agent, self.at)
            .await;
        assert!(new.unwrap());
    }

    fn audience(&self, publisher: Option<AgentId>) -> Audience {
        Audience {
            workspace: "default".to_owned(),
            topic: builds(),
            publisher,
        }
    }
}

#[tokio::test]
async fn whoever_subscribed_gets_it_and_the_publisher_does_not() {
    let world = World::new().await;
    let (a, b, c) = (
        world.agent("a").await,
        world.agent("b").await,
        world.agent("c").await,
    );
    for agent in [a, b] {
        world.hears(agent).await;
    }
    let again = world
        .store
        .subscribe("default", &builds(), a, world.at)
        .await;
    assert!(!again.unwrap(), "subscribed twice");
    let message = world.sent_in("a", None, a, "green");
    let published = world
        .store
        .publish(&message, &world.audience(Some(a)), ROOMY.into(), 10)
        .await
        .unwrap();
    assert_eq!(
        (
            published.delivered,
            published.receivers,
            published.skipped_self
        ),
        (1, vec![ActorKey::from(b)], true)
    );
    assert!(world.inbox(a).await.is_empty() && world.inbox(c).await.is_empty());
    let row = world.inbox(b).await.remove(0);
    assert_eq!(
        (row.topic.as_deref(), row.broadcasted),
        (Some("builds"), false)
    );
    let by_a_person = world
        .store
        .publish(
            &world.letter(a, "x"),
            &world.audience(None),
            ROOMY.into(),
            10,
        )
        .await
        .unwrap();
    assert_eq!(
        (by_a_person.delivered, by_a_person.skipped_self),
        (2, false)
    );
    world.counters_are_right().await;
}

#[tokio::test]
async fn a_publication_is_for_all_or_for_none_and_bounded() {
    let world = World::new().await;
    let (a, b) = (world.agent("a").await, world.agent("b").await);
    world.hears(a).await;
    world.hears(b).await;
    world.mail(b, 2).await;
    let publish = async |inbox_max: i32, fan_out_max| {
        world
            .store
            .publish(
                &world.letter(a, "x"),
                &world.audience(None),
                inbox_max.into(),
                fan_out_max,
            )
            .await
    };
    let full = publish(2, 10).await;
    assert!(matches!(full, Err(StoreError::InboxFull(2))), "{full:?}");
    let wide = publish(10, 1).await;
    assert!(matches!(wide, Err(StoreError::FanOut(2))), "{wide:?}");
    assert!(world.inbox(a).await.is_empty());
    assert_eq!(publish(3, 2).await.unwrap().delivered, 2);
    world.counters_are_right().await;
}

#[tokio::test]
async fn a_published_notice_wakes_nobody_and_a_key_publishes_once() {
    let world = World::new().await;
    let a = world.agent("a").await;
    world.hears(a).await;
    let message = NewMessage {
        marks: Marks {
            class: Class::Notify,
            ..Marks::default()
        },
        ..world.keyed(a, "fyi", "k")
    };
    for round in 0..2 {
        let published = world
            .store
            .publish(&message, &world.audience(None), ROOMY.into(), 10)
            .await
            .unwrap();
        assert_eq!(
            (published.delivered, published.receivers.len()),
            (1, 1 - round)
        );
    }
    let sight = world.see(a).await.agent;
    assert_eq!((sight.inbox_pending, sight.inbox_waking), (1, 0));
    let mut other = world.audience(None);
    other.topic = Topic::parse("other").unwrap();
    let reused = world
        .store
        .publish(&message, &other, ROOMY.into(), 10)
        .await;
    assert!(
        matches!(reused, Err(StoreError::KeyReused(_))),
        "{reused:?}"
    );
    world.counters_are_right().await;
}

#[tokio::test]
async fn a_publication_at_the_hop_limit_is_refused_and_its_publisher_is_told() {
    let world = World::new().await;
    let (a, b) = (world.agent("a").await, world.agent("b").await);
    world.hears(b).await;
    world.mail(a, 1).await;
    let cause = world.open(a).await;
    let message = world.sent_in("a", cause, a, "x");
    let bounds = Bounds {
        hops_max: 0,
        ..Bounds::from(ROOMY)
    };
    let refused = world
        .store
        .publish(&message, &world.audience(Some(a)), bounds, 10)
        .await;
    assert!(matches!(refused, Err(StoreError::Hops(1))), "{refused:?}");
    assert!(world.inbox(b).await.is_empty());
    let told = format!(
        "SELECT count(*) FROM events WHERE actor_id = '{a}'
           AND type = 'persistent_agent:message_refused'"
    );
    assert_eq!(world.number(&told).await, 1);
}

#[tokio::test]
async fn topics_and_their_subscribers_are_listed_while_somebody_hears_them() {
    let world = World::new().await;
    let (a, b) = (world.agent("a").await, world.agent("b").await);
    for agent in [a, b] {
        world.hears(agent).await;
    }
    assert!(
        world
            .store
            .unsubscribe("default", &builds(), b)
            .await
            .unwrap()
    );
    assert!(
        !world
            .store
            .unsubscribe("default", &builds(), b)
            .await
            .unwrap()
    );
    let topics = world.store.topics("default", None, None, 10).await.unwrap();
    assert_eq!(
        (topics[0].topic.as_str(), topics[0].subscribers),
        ("builds", 1)
    );
    assert!(
        world
            .store
            .topics("default", Some(b), None, 10)
            .await
            .unwrap()
            .is_empty()
    );
    let hearers = world
        .store
        .subscribers("default", &builds(), None, 10)
        .await;
    let slugs: Vec<_> = hearers.unwrap().into_iter().map(|row| row.slug).collect();
    assert_eq!(slugs, ["a"]);
}
