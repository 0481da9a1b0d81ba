//! What the breaker looks at: kept by the statements that send, and found by index.

use optio_domain::agent::{AgentState, breaker::Volley};

use super::*;
use crate::mail::{Audience, Bounds};

impl World {
    /// One agent answers the other's answers, so many turns each.
    async fn volley(&self, pair: [(AgentId, &str); 2], turns: usize) {
        for round in 0..turns {
            let (from, name) = pair[round % 2];
            let (to, _) = pair[(round + 1) % 2];
            let turn = self.open(from).await.unwrap();
            let message = self.sent_in(name, Some(turn), to, "and you?");
            self.deliver(&message).await.unwrap();
            self.done(from, turn).await;
        }
    }

    async fn queued(&self, agent: AgentId) {
        let mut step = self.begin(agent).await;
        step.agent_state(AgentState::Idle, AgentState::Queued, "x")
            .await
            .unwrap();
        step.commit().await.unwrap();
    }
}

#[tokio::test]
async fn answers_to_answers_are_counted_per_pair_and_other_mail_is_not() {
    let world = World::new().await;
    let (a, b) = (world.agent("a").await, world.agent("b").await);
    world.mail(a, 1).await;
    world.volley([(a, "a"), (b, "b")], 6).await;
    // a's first message answered a person; from then on each answers the other.
    let counted = "SELECT sum(messages)::bigint FROM volleys";
    assert_eq!(world.number(counted).await, 5);
    world.queued(a).await;
    let volley = world.see(a).await.wakes.volley;
    let expected = Volley {
        sender: "default/b".to_owned(),
        messages: 3,
        since: world.at,
    };
    assert_eq!(volley, Some(expected));
    world.mail(b, 5).await;
    assert_eq!(world.number(counted).await, 5, "people's mail is no volley");
    let c = world.agent("c").await;
    let turn = world.open(a).await;
    let aside = world.sent_in("a", turn, c, "by the way");
    world.deliver(&aside).await.unwrap();
    assert_eq!(world.number(counted).await, 5, "c had said nothing");
}

#[tokio::test]
async fn a_window_of_a_pair_begins_anew_once_it_is_over() {
    let world = World::new().await;
    let (a, b) = (world.agent("a").await, world.agent("b").await);
    world.mail(a, 1).await;
    world.volley([(a, "a"), (b, "b")], 4).await;
    let turn = world.open(a).await.unwrap();
    let window_ms = Bounds::from(ROOMY).volley_window_ms;
    let send = async |seconds: i64| {
        let message = NewMessage {
            at: world.later(seconds),
            ..world.sent_in("a", Some(turn), b, "x")
        };
        world.deliver(&message).await.unwrap();
        let of = format!("SELECT messages::bigint FROM volleys WHERE sender_id = '{a}'");
        world.number(&of).await
    };
    assert_eq!(send(window_ms / 1_000 - 1).await, 2);
    assert_eq!(send(window_ms / 1_000).await, 1, "a new window");
}

#[tokio::test]
async fn a_topic_is_no_way_around_the_count() {
    let world = World::new().await;
    let (a, b) = (world.agent("a").await, world.agent("b").await);
    world.mail(a, 1).await;
    world.volley([(a, "a"), (b, "b")], 2).await;
    let turn = world.open(a).await;
    let all = Audience {
        workspace: "default".to_owned(),
        topic: optio_domain::mail::Topic::all(),
        publisher: Some(a),
    };
    let message = world.sent_in("a", turn, a, "x");
    world
        .store
        .publish(&message, &all, ROOMY.into(), 10)
        .await
        .unwrap();
    let of = format!(
        "SELECT messages::bigint FROM volleys WHERE sender_id = '{a}' AND receiver_id = '{b}'"
    );
    assert_eq!(world.number(&of).await, 1);
}

#[tokio::test]
async fn the_time_of_the_oldest_of_the_last_turns_is_read_until_a_person_lets_it_go_on() {
    let world = World::new().await;
    let a = world.agent("a").await;
    let since = async || {
        let sight = world.store.see_agent_within(a, 2).await.unwrap();
        sight.unwrap().wakes.turns_since
    };
    world.mail(a, 1).await;
    for taken in 1..=3 {
        let turn = world.open(a).await.unwrap();
        world.done(a, turn).await;
        assert_eq!(since().await, None, "nothing waits for a turn");
        world.mail(a, 1).await;
        assert_eq!(since().await.is_some(), 2 <= taken, "after {taken} turns");
    }
    let mut step = world.begin(a).await;
    step.forget_wakes().await.unwrap();
    step.commit().await.unwrap();
    assert_eq!(since().await, None);
}
