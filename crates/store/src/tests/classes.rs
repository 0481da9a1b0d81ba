//! Classes of messages: what wakes, what is read first, what ends a turn.

use optio_domain::mail::{Class, Marks};

use super::*;
use crate::mail::Bounds;

impl World {
    fn classed(&self, to: AgentId, body: &str, class: Class) -> NewMessage {
        NewMessage {
            marks: Marks {
                class,
                ..Marks::default()
            },
            ..self.letter(to, body)
        }
    }

    async fn sends(&self, to: AgentId, mail: &[(&str, Class)]) {
        for (body, class) in mail {
            self.deliver(&self.classed(to, body, *class)).await.unwrap();
        }
    }

    /// What a turn was given, in the order in which it is read.
    async fn read_by(&self, turn: TurnId) -> Vec<String> {
        let (prompt,): (String,) = sqlx::query_as("SELECT prompt_used FROM turns WHERE id = $1")
            .bind(turn.0)
            .fetch_one(&self.store.pool)
            .await
            .unwrap();
        let bodies = prompt.lines().filter_map(|line| {
            let line = line.trim().strip_prefix("\"body\": \"")?;
            Some(
                line.trim_end_matches("\",")
                    .trim_end_matches('"')
                    .to_owned(),
            )
        });
        bodies.collect()
    }

    async fn wake_due(&self, agent: AgentId) -> bool {
        let due = self.store.with_mail(None, 100).await.unwrap();
        due.contains(&agent.into())
    }
}

#[tokio::test]
async fn notices_wake_nobody_open_no_turn_and_are_no_work_for_the_sweep() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    world.sends(agent, &[("fyi", Class::Notify)]).await;
    let sight = world.see(agent).await;
    assert_eq!(
        (sight.agent.inbox_pending, sight.agent.inbox_waking),
        (1, 0)
    );
    assert!(!world.wake_due(agent).await, "the sweep looks at it");
    assert_eq!(world.open(agent).await, None, "a turn for a notice alone");
    world.sends(agent, &[("do", Class::Work)]).await;
    assert!(world.wake_due(agent).await);
    let turn = world.open(agent).await.unwrap();
    assert_eq!(world.read_by(turn).await, ["fyi", "do"]);
    world.counters_are_right().await;
}

#[tokio::test]
async fn the_bound_of_an_inbox_counts_notices_too() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let full = [
        world.classed(agent, "1", Class::Notify),
        world.classed(agent, "2", Class::Notify),
        world.classed(agent, "3", Class::Work),
    ];
    let stored = world.send(&full, 2).await;
    assert!(
        matches!(stored[2], Stored::Refused(StoreError::InboxFull(_))),
        "{stored:?}"
    );
    world.counters_are_right().await;
}

#[tokio::test]
async fn interrupts_are_read_before_older_work_and_each_class_in_its_order() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let mail = [
        ("w1", Class::Work),
        ("n1", Class::Notify),
        ("i1", Class::Interrupt),
        ("w2", Class::Work),
        ("i2", Class::Interrupt),
    ];
    world.sends(agent, &mail).await;
    let turn = world.open(agent).await.unwrap();
    assert_eq!(world.read_by(turn).await, ["i1", "i2", "w1", "n1", "w2"]);
    world.counters_are_right().await;
}

#[tokio::test]
async fn a_backlog_of_notices_does_not_keep_work_from_its_turn() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let notices: Vec<_> = (0..TURN_MESSAGES_MAX + 5)
        .map(|n| world.classed(agent, &format!("n{n}"), Class::Notify))
        .collect();
    world.send(&notices, ROOMY).await;
    world.sends(agent, &[("work", Class::Work)]).await;
    let turn = world.open(agent).await.unwrap();
    let read = world.read_by(turn).await;
    assert_eq!(i64::try_from(read.len()).unwrap(), TURN_MESSAGES_MAX);
    assert_eq!(read.last().unwrap(), "work");
    world.counters_are_right().await;
}

#[tokio::test]
async fn waiting_interrupts_are_seen_while_a_turn_is_open() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    world.mail(agent, 1).await;
    world.open(agent).await.unwrap();
    assert_eq!(world.see(agent).await.interrupts_pending, 0);
    let mail = [("i", Class::Interrupt), ("w", Class::Work)];
    world.sends(agent, &mail).await;
    assert_eq!(world.see(agent).await.interrupts_pending, 1);
}

#[tokio::test]
async fn a_stop_marks_the_turn_that_is_open_and_is_itself_done() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    world.mail(agent, 1).await;
    let turn = world.open(agent).await.unwrap();
    let before = world.see(agent).await;
    let stop = NewMessage {
        key: Some("k".to_owned()),
        ..world.classed(agent, "enough", Class::Stop)
    };
    let stopped = world.store.send_stop(&stop).await.unwrap();
    assert_eq!(
        (stopped.turn, stopped.receipt.repeated),
        (Some(turn), false)
    );
    let row = world.inbox(agent).await.remove(1);
    assert_eq!(
        (row.state.as_str(), row.processed_at, row.turn_id),
        ("consumed", Some(world.at), Some(turn.0))
    );
    let sight = world.see(agent).await;
    assert!(sight.stop && sight.wait.until == Some(world.at));
    // Whoever decided on what it saw before has to look again.
    let wait = Wait::at_rest("x", "x");
    let stale = world
        .store
        .step(
            agent.into(),
            before.version,
            &wait,
            &world.decision("x"),
            false,
        )
        .await;
    assert!(matches!(stale, Err(StoreError::Moved)), "{stale:?}");
    let again = world.store.send_stop(&stop).await.unwrap();
    assert_eq!((again.turn, again.receipt.repeated), (Some(turn), true));
    let other = NewMessage {
        body: "other".to_owned(),
        ..stop
    };
    let refused = world.store.send_stop(&other).await;
    assert!(
        matches!(refused, Err(StoreError::KeyReused(_))),
        "{refused:?}"
    );
    world.counters_are_right().await;
}

#[tokio::test]
async fn a_stop_is_for_the_turn_that_was_open_and_for_no_later_one() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let idle = world.classed(agent, "enough", Class::Stop);
    assert_eq!(world.store.send_stop(&idle).await.unwrap().turn, None);
    world.mail(agent, 2).await;
    let first = world.open(agent).await.unwrap();
    assert!(!world.see(agent).await.stop, "an old stop ended a new turn");
    let stop = world.classed(agent, "enough", Class::Stop);
    world.store.send_stop(&stop).await.unwrap();
    let closing = optio_domain::agent::closing::cancelled(0);
    world
        .close(agent, first, &closing, &Facts::default())
        .await
        .unwrap();
    assert!(!world.see(agent).await.stop);
    world.open(agent).await.unwrap();
    assert!(!world.see(agent).await.stop, "the next turn is ended too");
    world.counters_are_right().await;
    let nobody = world.classed(AgentId(fresh()), "x", Class::Stop);
    let refused = world.store.send_stop(&nobody).await;
    assert!(
        matches!(refused, Err(StoreError::NoReceiver)),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_chain_of_messages_ends_at_the_hop_limit_and_its_sender_is_told() {
    let world = World::new().await;
    let (a, b) = (world.agent("a").await, world.agent("b").await);
    world.mail(a, 1).await;
    world
        .sql(&format!(
            "UPDATE messages SET hops = 3 WHERE receiver_id = '{a}'"
        ))
        .await;
    let cause = world.open(a).await;
    let caused = NewMessage {
        sender: peer("a"),
        source: WakeSource::Agent,
        cause,
        ..world.letter(b, "on and on")
    };
    let bounds = |hops_max| Bounds {
        hops_max,
        ..Bounds::from(ROOMY)
    };
    let refused = world
        .store
        .send(std::slice::from_ref(&caused), bounds(3))
        .await
        .unwrap()
        .remove(0);
    assert!(
        matches!(refused, Stored::Refused(StoreError::Hops(4))),
        "{refused:?}"
    );
    assert!(world.inbox(b).await.is_empty());
    let told = format!(
        "SELECT count(*) FROM events WHERE actor_id = '{a}'
           AND type = 'persistent_agent:message_refused' AND data->>'hops' = '4'"
    );
    assert_eq!(world.number(&told).await, 1);
    let stored = world.store.send(&[caused], bounds(4)).await.unwrap();
    assert!(matches!(stored[0], Stored::Done(_)), "{stored:?}");
    assert_eq!(world.inbox(b).await.remove(0).hops, 4);
    world.counters_are_right().await;
}

#[tokio::test]
async fn a_failed_turn_is_remembered_by_the_mail_it_gives_back() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    world.mail(agent, 1).await;
    let turn = world.open(agent).await.unwrap();
    let failure = optio_domain::run::Failure::new(optio_domain::run::FailureClass::Crash, "red");
    let past = optio_domain::agent::closing::Past {
        failures: 0,
        failure_limit: 9,
        rate_limits: 0,
    };
    let verdict = optio_domain::run::Verdict::Failed(failure);
    let closing = optio_domain::agent::closing::closing(&verdict, past, world.at);
    world
        .close(agent, turn, &closing, &Facts::default())
        .await
        .unwrap();
    assert_eq!(world.inbox(agent).await[0].failed_turns, [turn.0]);
}
