//! Opening turns: the oldest mail, within limits, never two at once.

use super::*;

#[tokio::test]
async fn a_turn_takes_the_waiting_mail_and_wants_a_run() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    world.mail(agent, 3).await;
    let turn = world.open(agent).await.unwrap();
    assert_eq!(
        world.states(agent).await,
        vec![("assigned".to_owned(), 0); 3]
    );
    let row = world.store.turn(agent, turn).await.unwrap().unwrap();
    assert_eq!((row.turn_number, row.messages, row.epoch), (1, 3, 1));
    assert_eq!((row.wake_source.as_str(), row.halt_reason), ("user", None));
    let first = world.inbox(agent).await.remove(0);
    let woken_by = &row.wake_payload.unwrap()["messageId"];
    assert_eq!(woken_by, &serde_json::json!(first.id));
    for body in ["\"body\": \"0\"", "\"body\": \"2\""] {
        assert!(row.prompt_used.contains(body), "{}", row.prompt_used);
    }
    let run = world
        .store
        .run(optio_domain::id::RunId::of_turn(turn))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (run.epoch, run.open, run.ended, run.acked_seq),
        (1, true, false, 0)
    );
    let sight = world.see(agent).await;
    assert_eq!(sight.agent.inbox_pending, 0);
    assert_eq!(sight.turn.unwrap().provision_until, world.later(60));
    let started = "SELECT count(*) FROM events WHERE type = 'persistent_agent:turn_started'
                   AND data->>'messages' = '3'";
    assert_eq!(world.number(started).await, 1);
    world.counters_are_right().await;
}

#[tokio::test]
async fn no_turn_opens_without_mail() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    assert_eq!(world.open(agent).await, None);
    assert_eq!(world.number("SELECT count(*) FROM turns").await, 0);
    assert_eq!(world.see(agent).await.agent.turns_taken, 0);
}

#[tokio::test]
async fn a_turn_takes_no_more_messages_than_its_limit() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let over = 5;
    let limit = usize::try_from(TURN_MESSAGES_MAX).unwrap();
    world.mail(agent, limit + over).await;
    world.open(agent).await.unwrap();
    let states = world.states(agent).await;
    assert!(states[..limit].iter().all(|(state, _)| state == "assigned"));
    assert!(states[limit..].iter().all(|(state, _)| state == "pending"));
    assert_eq!(world.see(agent).await.agent.inbox_pending, 5);
    world.counters_are_right().await;
}

#[tokio::test]
async fn a_turn_takes_no_more_text_than_its_limit_but_always_the_first() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let half = "x".repeat(TURN_BYTES_MAX / 2);
    let huge = "x".repeat(TURN_BYTES_MAX + 1);
    let bodies = [half.as_str(), half.as_str(), "one too many", huge.as_str()];
    for body in bodies {
        world.deliver(&world.letter(agent, body)).await.unwrap();
    }
    for taken in [2, 1, 1] {
        let turn = world.open(agent).await.unwrap();
        let row = world.store.turn(agent, turn).await.unwrap().unwrap();
        assert_eq!(row.messages, taken);
        let done = closing::done();
        world
            .close(agent, turn, &done, &Facts::default())
            .await
            .unwrap();
    }
    world.counters_are_right().await;
}

#[tokio::test]
async fn the_database_itself_allows_one_open_turn_per_agent() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    world.mail(agent, 1).await;
    world.open(agent).await.unwrap();
    world.mail(agent, 1).await;
    let sight = world.see(agent).await;
    let opened = world.try_open(&sight, TurnId(fresh()), ROOM).await;
    let refused = opened.unwrap_err();
    assert!(matches!(refused, StoreError::Failed(_)), "{refused:?}");
    assert_eq!(world.number("SELECT count(*) FROM turns").await, 1);
    world.counters_are_right().await;
}

#[tokio::test]
async fn an_opening_on_an_old_version_leaves_the_mail_where_it_was() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    world.mail(agent, 1).await;
    let sight = world.see(agent).await;
    world.begin(agent).await.commit().await.unwrap();
    let late = world.try_open(&sight, TurnId(fresh()), ROOM).await;
    assert!(matches!(late, Err(StoreError::Moved)), "{late:?}");
    assert_eq!(world.states(agent).await, [("pending".to_owned(), 0)]);
    assert!(world.open(agent).await.is_some());
}

#[tokio::test]
async fn a_hundred_thousand_waiting_messages_are_drained_in_bounded_turns() {
    let world = World::new().await;
    let (agent, quiet) = (world.agent("a").await, world.agent("b").await);
    world
        .sql(&format!(
            "INSERT INTO messages (id, receiver_kind, receiver_id, sender_type, sender_id, source,
                                   body, received_at)
             SELECT gen_random_uuid(), 'agent', '{agent}', 'user', 'ada', 'user', n::text, now()
             FROM generate_series(0, 99999) AS g (n) ORDER BY g.n;
             UPDATE actors SET inbox_pending = 100000, inbox_waking = 100000 WHERE id = '{agent}'"
        ))
        .await;
    world.mail(quiet, 1).await;
    let limit = i32::try_from(TURN_MESSAGES_MAX).unwrap();
    for round in 0..5 {
        let before = Instant::now();
        let turn = world.open(agent).await.unwrap();
        let took = before.elapsed();
        assert!(took < Duration::from_secs(1), "round {round} took {took:?}");
        let row = world.store.turn(agent, turn).await.unwrap().unwrap();
        assert_eq!(row.messages, limit);
        let first = format!("\"body\": \"{}\"", round * limit);
        assert!(row.prompt_used.contains(&first), "not the oldest first");
        let done = closing::done();
        world
            .close(agent, turn, &done, &Facts::default())
            .await
            .unwrap();
        let before = Instant::now();
        world.mail(agent, 1).await;
        assert!(
            before.elapsed() < Duration::from_secs(1),
            "a send took as long as the inbox is"
        );
    }
    assert_eq!(
        world.see(agent).await.agent.inbox_pending,
        100_000 - 5 * limit + 5
    );
    // Whoever has one message is not slowed down by who has many.
    let before = Instant::now();
    world.open(quiet).await.unwrap();
    assert!(before.elapsed() < Duration::from_secs(1));
    world.counters_are_right().await;
}
