//! Dead letters: listed, replayed or discarded once, and counted.

use super::*;
use crate::mail::{Fate, Which};

impl World {
    /// So many messages of an agent are dead.
    async fn dead(&self, agent: AgentId, count: usize) -> Vec<MessageId> {
        self.mail(agent, count).await;
        self.sql(&format!(
            "UPDATE messages SET state = 'dead', attempts = 5, dead_reason = 'given up'
               WHERE receiver_id = '{agent}' AND state = 'pending';
             UPDATE actors SET inbox_pending = 0, inbox_waking = 0 WHERE id = '{agent}'"
        ))
        .await;
        let rows = self.inbox(agent).await;
        rows.into_iter().map(|row| MessageId(row.id)).collect()
    }

    async fn settle(&self, which: Which, fate: Fate, max: i64) -> i64 {
        let settled = self.store.settle_dead(which, fate, self.at, max).await;
        settled.unwrap().count
    }
}

#[tokio::test]
async fn one_is_replayed_as_if_never_tried_or_discarded_and_its_record_stays() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let ids = world.dead(agent, 2).await;
    assert_eq!(world.settle(Which::One(ids[0]), Fate::Replay, 9).await, 1);
    assert_eq!(world.settle(Which::One(ids[0]), Fate::Replay, 9).await, 0);
    assert_eq!(world.settle(Which::One(ids[0]), Fate::Discard, 9).await, 0);
    assert_eq!(world.settle(Which::One(ids[1]), Fate::Discard, 9).await, 1);
    assert_eq!(world.settle(Which::One(ids[1]), Fate::Replay, 9).await, 0);
    let rows = world.inbox(agent).await;
    assert_eq!(
        world.states(agent).await,
        [("pending".to_owned(), 0), ("discarded".to_owned(), 5)]
    );
    assert_eq!(rows[1].dead_reason.as_deref(), Some("given up"));
    assert_eq!(rows[1].processed_at, Some(world.at));
    world.counters_are_right().await;
}

#[tokio::test]
async fn all_of_one_agent_or_of_everybody_are_settled_in_bounded_steps() {
    let world = World::new().await;
    let (a, b) = (world.agent("a").await, world.agent("b").await);
    world.dead(a, 3).await;
    world.dead(b, 2).await;
    let pages = world.store.dead_letters(None, 3).await.unwrap();
    assert_eq!(pages.len(), 3);
    let rest = world.store.dead_letters(Some(pages[2].seq), 9).await;
    assert_eq!(rest.unwrap().len(), 2);
    assert_eq!(world.settle(Which::OfAgent(a), Fate::Replay, 2).await, 2);
    assert_eq!(world.settle(Which::OfAgent(a), Fate::Replay, 2).await, 1);
    assert_eq!(world.settle(Which::OfAll, Fate::Discard, 9).await, 2);
    assert!(world.store.dead_letters(None, 9).await.unwrap().is_empty());
    assert_eq!(world.see(a).await.agent.inbox_waking, 3);
    world.counters_are_right().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_who_replay_and_discard_at_once_settle_each_once() {
    let world = World::new().await;
    let (a, b) = (world.agent("a").await, world.agent("b").await);
    world.dead(a, 20).await;
    world.dead(b, 20).await;
    let people: Vec<_> = (0..6)
        .map(|n| {
            let world = world.clone();
            tokio::spawn(async move {
                let fate = if n % 2 == 0 {
                    Fate::Replay
                } else {
                    Fate::Discard
                };
                let mut all = 0;
                for _ in 0..10 {
                    all += world.settle(Which::OfAll, fate, 5).await;
                }
                all
            })
        })
        .collect();
    let mut settled = 0;
    for person in people {
        settled += person.await.unwrap();
    }
    settled += world.settle(Which::OfAll, Fate::Discard, 100).await;
    assert_eq!(settled, 40);
    world.counters_are_right().await;
}

#[tokio::test]
async fn the_numbers_say_what_is_now_and_what_was_done() {
    let world = World::new().await;
    let (a, b) = (world.agent("a").await, world.agent("b").await);
    let ids = world.dead(a, 2).await;
    world.mail(b, 3).await;
    let turn = world.open(b).await.unwrap();
    world.settle(Which::One(ids[0]), Fate::Discard, 1).await;
    let value = async |metric: &str, label: &str| {
        let samples = world.store.samples().await.unwrap();
        let of = |labels: &[(&str, String)]| labels.iter().any(|(_, value)| value == label);
        samples
            .into_iter()
            .find(|it| it.metric == metric && (label.is_empty() || of(&it.labels)))
            .map_or(0, |sample| sample.value)
    };
    assert_eq!(value("optio_messages", "assigned").await, 3);
    assert_eq!(value("optio_messages", "dead").await, 1);
    assert_eq!(value("optio_turns_open", "").await, 1);
    assert_eq!(value("optio_agents", "provisioning").await, 1);
    assert_eq!(value("optio_agents", "idle").await, 1);
    assert_eq!(value("optio_messages_accepted_total", "work").await, 5);
    assert_eq!(value("optio_dead_letters_discarded_total", "").await, 1);
    assert_eq!(value("optio_messages_consumed_total", "").await, 0);
    world.done(b, turn).await;
    assert_eq!(value("optio_messages_consumed_total", "").await, 3);
    assert!(0 < value("optio_events_total", "").await);
}
