//! Sending: once per key, in order, bounded, counted.

use super::*;

#[tokio::test]
async fn a_message_is_stored_counted_and_told() {
    let world = World::new().await;
    let to = world.agent("a").await;
    let sent = NewMessage {
        sender_name: Some("Ada".to_owned()),
        payload: Some(serde_json::json!({ "n": 1 })),
        ..world.letter(to, "hello")
    };
    let stored = world.deliver(&sent).await.unwrap();
    assert_eq!((stored.id, stored.repeated), (sent.id, false));
    let row = world.inbox(to).await.remove(0);
    assert_eq!((row.id, row.body.as_str()), (sent.id.0, "hello"));
    assert_eq!(
        (row.state.as_str(), row.attempts, row.hops),
        ("pending", 0, 0)
    );
    assert_eq!((row.letter().sender, row.received_at), (user(), world.at));
    assert_eq!(
        (row.sender_name, row.payload),
        (sent.sender_name, sent.payload)
    );
    let told = world
        .number(
            "SELECT count(*) FROM events WHERE type = 'persistent_agent:message'
                 AND data->>'body' = 'hello' AND data->>'truncated' = 'false'",
        )
        .await;
    assert_eq!(told, 1);
    world.counters_are_right().await;
}

#[tokio::test]
async fn the_stream_carries_the_beginning_of_a_long_body() {
    let world = World::new().await;
    let to = world.agent("a").await;
    world
        .deliver(&world.letter(to, &"x".repeat(2_001)))
        .await
        .unwrap();
    let told = world
        .number(
            "SELECT length(data->>'body')::bigint FROM events WHERE data->>'truncated' = 'true'",
        )
        .await;
    assert_eq!(told, 2_000);
}

#[tokio::test]
async fn a_key_gets_its_first_receipt_again_across_batches() {
    let world = World::new().await;
    let to = world.agent("a").await;
    let first = world.deliver(&world.keyed(to, "once", "k")).await.unwrap();
    let again = world.deliver(&world.keyed(to, "once", "k")).await.unwrap();
    assert_eq!((again.id, again.repeated), (first.id, true));
    assert_eq!(world.bodies(to).await, ["once"]);
    world.counters_are_right().await;
}

#[tokio::test]
async fn a_key_twice_in_one_batch_is_stored_once() {
    let world = World::new().await;
    let to = world.agent("a").await;
    let twice = [world.keyed(to, "once", "k"), world.keyed(to, "once", "k")];
    let stored = world.send(&twice, ROOMY).await;
    assert_eq!(receipt(&stored[0]).id, twice[0].id);
    assert!(matches!(stored[1], Stored::Again), "{:?}", stored[1]);
    let again = world.deliver(&twice[1]).await.unwrap();
    assert_eq!((again.id, again.repeated), (twice[0].id, true));
    assert_eq!(world.bodies(to).await, ["once"]);
    world.counters_are_right().await;
}

#[tokio::test]
async fn a_key_belongs_to_its_sender_alone() {
    let world = World::new().await;
    let to = world.agent("a").await;
    let other = NewMessage {
        sender: Sender::External("ada".to_owned()),
        ..world.keyed(to, "theirs", "k")
    };
    world.deliver(&world.keyed(to, "mine", "k")).await.unwrap();
    assert!(!world.deliver(&other).await.unwrap().repeated);
    assert_eq!(world.bodies(to).await, ["mine", "theirs"]);
}

#[tokio::test]
async fn a_key_with_another_message_is_refused() {
    let world = World::new().await;
    let (to, elsewhere) = (world.agent("a").await, world.agent("b").await);
    world.deliver(&world.keyed(to, "one", "k")).await.unwrap();
    let payload = NewMessage {
        payload: Some(serde_json::json!(1)),
        ..world.keyed(to, "one", "k")
    };
    for other in [
        world.keyed(to, "another", "k"),
        world.keyed(elsewhere, "one", "k"),
        payload,
    ] {
        let refused = world.deliver(&other).await.unwrap_err();
        assert!(matches!(refused, StoreError::KeyReused(_)), "{refused:?}");
    }
    let batch = [world.keyed(to, "x", "new"), world.keyed(to, "y", "new")];
    world.send(&batch, ROOMY).await;
    let refused = world.deliver(&batch[1]).await.unwrap_err();
    assert!(matches!(refused, StoreError::KeyReused(_)), "{refused:?}");
    assert_eq!(world.bodies(to).await, ["one", "x"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_key_sent_from_many_connections_at_once_is_one_message() {
    let world = World::new().await;
    let to = world.agent("a").await;
    for round in 0..20 {
        let key = format!("k{round}");
        let senders: Vec<_> = (0..8)
            .map(|_| {
                let (world, message) = (world.clone(), world.keyed(to, "once", &key));
                tokio::spawn(async move { world.deliver(&message).await.unwrap() })
            })
            .collect();
        let mut ids = std::collections::BTreeSet::new();
        let mut firsts = 0;
        for sender in senders {
            let receipt = sender.await.unwrap();
            ids.insert(receipt.id);
            firsts += usize::from(!receipt.repeated);
        }
        assert_eq!((ids.len(), firsts), (1, 1));
    }
    assert_eq!(world.inbox(to).await.len(), 20);
    world.counters_are_right().await;
}

#[tokio::test]
async fn mail_of_a_sender_stays_in_its_order_over_many_batches() {
    let world = World::new().await;
    let to = [world.agent("a").await, world.agent("b").await];
    for batch in 0..20 {
        let letters: Vec<_> = (0..50)
            .map(|n| world.letter(to[n % 2], &format!("{}", batch * 50 + n)))
            .collect();
        world.send(&letters, ROOMY).await;
    }
    for (offset, to) in to.into_iter().enumerate() {
        let expected: Vec<_> = (0..500).map(|n| (n * 2 + offset).to_string()).collect();
        assert_eq!(world.bodies(to).await, expected);
    }
    world.counters_are_right().await;
}

#[tokio::test]
async fn an_inbox_takes_exactly_what_it_has_room_for() {
    let world = World::new().await;
    let to = world.agent("a").await;
    for expected in [[true, true, true, true], [true, false, false, false]] {
        let batch: Vec<_> = (0..4).map(|n| world.letter(to, &format!("{n}"))).collect();
        let stored = world.send(&batch, 5).await;
        let taken: Vec<_> = stored
            .iter()
            .map(|s| matches!(s, Stored::Done(_)))
            .collect();
        assert_eq!(taken, expected);
        for refused in stored.iter().filter(|s| !matches!(s, Stored::Done(_))) {
            let full = matches!(refused, Stored::Refused(StoreError::InboxFull(_)));
            assert!(full, "{refused:?}");
        }
    }
    assert_eq!(world.inbox(to).await.len(), 5);
    world.counters_are_right().await;
}

#[tokio::test]
async fn a_repeated_key_in_a_batch_takes_no_room() {
    let world = World::new().await;
    let to = world.agent("a").await;
    let batch = [
        world.keyed(to, "one", "k"),
        world.keyed(to, "one", "k"),
        world.letter(to, "two"),
    ];
    let stored = world.send(&batch, 2).await;
    assert!(matches!(stored[1], Stored::Again), "{:?}", stored[1]);
    assert!(matches!(stored[2], Stored::Done(_)), "{:?}", stored[2]);
    assert_eq!(world.bodies(to).await, ["one", "two"]);
}

#[tokio::test]
async fn a_full_inbox_still_knows_its_keys() {
    let world = World::new().await;
    let to = world.agent("a").await;
    let first = world.deliver(&world.keyed(to, "one", "k")).await.unwrap();
    let stored = world.send(&[world.keyed(to, "one", "k")], 1).await;
    assert_eq!(receipt(&stored[0]).id, first.id);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_writers_at_once_never_pass_the_bound() {
    let world = World::new().await;
    let to = [world.agent("a").await, world.agent("b").await];
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let world = world.clone();
            tokio::spawn(async move {
                let mut taken = 0;
                for n in 0..25 {
                    // In both orders, because two writers that lock in different orders wait for
                    // each other for ever.
                    let mut batch = vec![world.letter(to[0], "x"), world.letter(to[1], "x")];
                    if (writer + n) % 2 == 0 {
                        batch.reverse();
                    }
                    let stored = world.send(&batch, 30).await;
                    taken += stored
                        .iter()
                        .filter(|s| matches!(s, Stored::Done(_)))
                        .count();
                }
                taken
            })
        })
        .collect();
    let mut taken = 0;
    for writer in writers {
        taken += writer.await.unwrap();
    }
    let waiting = (
        world.inbox(to[0]).await.len(),
        world.inbox(to[1]).await.len(),
    );
    assert_eq!((waiting, taken), ((30, 30), 60));
    world.counters_are_right().await;
}

#[tokio::test]
async fn nobody_and_who_is_being_deleted_get_no_mail() {
    let world = World::new().await;
    let (leaving, here) = (world.agent("a").await, world.agent("b").await);
    world
        .store
        .want(leaving, optio_domain::agent::Intent::Delete, world.at)
        .await
        .unwrap();
    let batch = [
        world.letter(AgentId(fresh()), "x"),
        world.letter(leaving, "x"),
        world.letter(here, "x"),
    ];
    let stored = world.send(&batch, ROOMY).await;
    for refused in &stored[..2] {
        let nobody = matches!(refused, Stored::Refused(StoreError::NoReceiver));
        assert!(nobody, "{refused:?}");
    }
    assert_eq!(receipt(&stored[2]).id, batch[2].id);
    assert_eq!(world.number("SELECT count(*) FROM messages").await, 1);
    world.counters_are_right().await;
}

#[tokio::test]
async fn hops_count_the_agents_a_message_came_through() {
    let world = World::new().await;
    let (a, b) = (world.agent("a").await, world.agent("b").await);
    world.mail(a, 1).await;
    let turn = world.open(a).await.unwrap();
    let second = NewMessage {
        sender: peer("a"),
        cause: Some(turn),
        ..world.letter(b, "from a")
    };
    world.deliver(&second).await.unwrap();
    let turn = world.open(b).await.unwrap();
    let third = NewMessage {
        sender: peer("b"),
        cause: Some(turn),
        ..world.letter(a, "from b")
    };
    world.deliver(&third).await.unwrap();
    let row = world.inbox(a).await.pop().unwrap();
    assert_eq!((row.hops, row.cause), (2, Some(turn.0)));
    assert_eq!(world.inbox(b).await[0].hops, 1);
}
