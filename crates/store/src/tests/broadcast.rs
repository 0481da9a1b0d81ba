//! Sending to all peers: all or none, once per key.

use optio_domain::{actor::ActorKey, agent::Intent};

use super::*;
use crate::mail::Audience;

fn to_peers(sender: AgentId) -> Audience {
    Audience {
        workspace: "default".to_owned(),
        topic: optio_domain::mail::Topic::all(),
        publisher: Some(sender),
    }
}

impl World {
    async fn broadcast(
        &self,
        sender: AgentId,
        message: &NewMessage,
        inbox_max: i32,
    ) -> Result<(i64, Vec<ActorKey>), StoreError> {
        let published = self
            .store
            .publish(message, &to_peers(sender), inbox_max.into(), 100)
            .await?;
        Ok((published.delivered, published.receivers))
    }

    fn to_all(&self, sender: AgentId, body: &str, key: Option<&str>) -> NewMessage {
        NewMessage {
            sender: peer("sender"),
            source: WakeSource::Agent,
            key: key.map(str::to_owned),
            ..self.letter(sender, body)
        }
    }
}

#[tokio::test]
async fn every_enabled_peer_gets_it_and_nobody_else() {
    let world = World::new().await;
    let sender = world.agent("sender").await;
    let (b, c) = (world.agent("b").await, world.agent("c").await);
    let others = ["disabled", "archived", "deleting", "foreign"];
    for slug in others {
        world.agent(slug).await;
    }
    world
        .sql(
            "UPDATE agents SET enabled = false WHERE slug = 'disabled';
             UPDATE agents SET state = 'archived' WHERE slug = 'archived';
             UPDATE agents SET deleting = true WHERE slug = 'deleting';
             UPDATE agents SET workspace = 'other' WHERE slug = 'foreign'",
        )
        .await;
    let message = world.to_all(sender, "all", None);
    let (peers, mut keys) = world.broadcast(sender, &message, ROOMY).await.unwrap();
    keys.sort();
    let mut expected = [ActorKey::from(b), ActorKey::from(c)];
    expected.sort();
    assert_eq!((peers, keys), (2, expected.to_vec()));
    let row = world.inbox(b).await.remove(0);
    assert_eq!((row.body.as_str(), row.broadcasted), ("all", true));
    assert_eq!(row.letter().sender, peer("sender"));
    assert_eq!(world.number("SELECT count(*) FROM messages").await, 2);
    let told = "SELECT count(*) FROM events WHERE type = 'persistent_agent:message'
                AND data->>'broadcasted' = 'true' AND data->>'agentId' = actor_id::text";
    assert_eq!(world.number(told).await, 2);
    world.counters_are_right().await;
}

#[tokio::test]
async fn one_full_inbox_keeps_it_from_all() {
    let world = World::new().await;
    let sender = world.agent("sender").await;
    let (full, _roomy) = (world.agent("full").await, world.agent("roomy").await);
    world.mail(full, 3).await;
    let message = world.to_all(sender, "all", None);
    let refused = world.broadcast(sender, &message, 3).await.unwrap_err();
    assert!(matches!(refused, StoreError::InboxFull(3)), "{refused:?}");
    assert_eq!(world.number("SELECT count(*) FROM messages").await, 3);
    assert_eq!(world.broadcast(sender, &message, 4).await.unwrap().0, 2);
    world.counters_are_right().await;
}

#[tokio::test]
async fn too_many_peers_are_refused() {
    let world = World::new().await;
    let sender = world.agent("sender").await;
    world.agent("b").await;
    world.agent("c").await;
    let message = world.to_all(sender, "all", None);
    let refused = world
        .store
        .publish(&message, &to_peers(sender), ROOMY.into(), 1)
        .await
        .unwrap_err();
    assert!(matches!(refused, StoreError::FanOut(2)), "{refused:?}");
    assert_eq!(world.number("SELECT count(*) FROM messages").await, 0);
}

#[tokio::test]
async fn a_repeated_key_reaches_nobody_twice() {
    let world = World::new().await;
    let sender = world.agent("sender").await;
    let b = world.agent("b").await;
    let message = world.to_all(sender, "all", Some("k"));
    assert_eq!(world.broadcast(sender, &message, ROOMY).await.unwrap().0, 1);
    // Who came later does not get it, because the broadcast was before.
    let late = world.agent("late").await;
    let again = world.broadcast(sender, &message, ROOMY).await.unwrap();
    assert_eq!(again, (1, Vec::new()));
    assert_eq!(world.bodies(b).await, ["all"]);
    assert!(world.inbox(late).await.is_empty());
    let other = world.to_all(sender, "other", Some("k"));
    let refused = world.broadcast(sender, &other, ROOMY).await.unwrap_err();
    assert!(matches!(refused, StoreError::KeyReused(_)), "{refused:?}");
    world.counters_are_right().await;
}

#[tokio::test]
async fn a_broadcast_to_nobody_leaves_its_key_unused() {
    let world = World::new().await;
    let sender = world.agent("sender").await;
    let message = world.to_all(sender, "all", Some("k"));
    assert_eq!(world.broadcast(sender, &message, ROOMY).await.unwrap().0, 0);
    // Nobody got it, so that saying it again is the first time.
    let b = world.agent("b").await;
    assert_eq!(world.broadcast(sender, &message, ROOMY).await.unwrap().0, 1);
    assert_eq!(world.bodies(b).await, ["all"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_key_broadcast_from_many_connections_at_once_is_one_broadcast() {
    let world = World::new().await;
    let sender = world.agent("sender").await;
    let peers = [world.agent("b").await, world.agent("c").await];
    for round in 0..10 {
        let key = format!("k{round}");
        let senders: Vec<_> = (0..6)
            .map(|_| {
                let (world, message) = (world.clone(), world.to_all(sender, "all", Some(&key)));
                tokio::spawn(async move { world.broadcast(sender, &message, ROOMY).await })
            })
            .collect();
        for sender in senders {
            assert_eq!(sender.await.unwrap().unwrap().0, 2);
        }
    }
    for peer in peers {
        assert_eq!(world.inbox(peer).await.len(), 10);
    }
    world.counters_are_right().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn broadcasts_and_letters_at_once_never_pass_the_bound() {
    let world = World::new().await;
    let sender = world.agent("sender").await;
    let peers = [world.agent("b").await, world.agent("c").await];
    let writers: Vec<_> = (0..6)
        .map(|writer| {
            let world = world.clone();
            tokio::spawn(async move {
                for _round in 0..20 {
                    if writer % 2 == 0 {
                        drop(
                            world
                                .broadcast(sender, &world.to_all(sender, "all", None), 20)
                                .await,
                        );
                    } else {
                        let batch = peers.map(|to| world.letter(to, "x"));
                        drop(world.send(&batch, 20).await);
                    }
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    for peer in peers {
        assert_eq!(world.inbox(peer).await.len(), 20);
    }
    world.counters_are_right().await;
}

#[tokio::test]
async fn a_broadcast_carries_its_cause_and_its_hops() {
    let world = World::new().await;
    let (sender, b) = (world.agent("sender").await, world.agent("b").await);
    world.mail(sender, 1).await;
    let cause = world.open(sender).await;
    let message = NewMessage {
        cause,
        ..world.to_all(sender, "all", None)
    };
    world.broadcast(sender, &message, ROOMY).await.unwrap();
    let row = world.inbox(b).await.remove(0);
    assert_eq!((row.hops, row.cause), (1, cause.map(|turn| turn.0)));
    world
        .store
        .want(b, Intent::Archive, world.at)
        .await
        .unwrap();
    assert_eq!(world.broadcast(sender, &message, ROOMY).await.unwrap().0, 1);
}
