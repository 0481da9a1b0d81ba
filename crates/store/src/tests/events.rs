//! The stream: in an order that never skips a late commit.

use serde_json::json;

use super::*;
use crate::{
    events::{Cursor, EventRow},
    step::{NewEvent, tell},
};

impl World {
    fn event(&self, actor: Uuid, n: i64) -> NewEvent {
        NewEvent {
            actor_id: actor,
            turn_id: None,
            type_name: "persistent_agent:log",
            data: json!({ "n": n }),
            at: self.at,
        }
    }

    async fn tell(&self, actor: Uuid, numbers: std::ops::Range<i64>) {
        let events: Vec<_> = numbers.map(|n| self.event(actor, n)).collect();
        let mut tx = self.store.pool.begin().await.unwrap();
        tell(&mut tx, &events).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn after(&self, cursor: Cursor, actor: Option<Uuid>, limit: i64) -> Vec<EventRow> {
        self.store.events_after(cursor, actor, limit).await.unwrap()
    }

    /// Other tests write on the same server: what they have not committed delays what is settled.
    async fn settled(&self, count: usize) -> Vec<EventRow> {
        until("all events are settled", async || {
            count <= self.after(Cursor::default(), None, 10_000).await.len()
        })
        .await;
        self.after(Cursor::default(), None, 10_000).await
    }
}

fn numbers(events: &[EventRow]) -> Vec<i64> {
    events
        .iter()
        .map(|event| event.data["n"].as_i64().unwrap())
        .collect()
}

#[tokio::test]
async fn a_late_commit_is_delivered_after_the_cursor_of_who_read_before_it() {
    let world = World::new().await;
    let actor = fresh();
    world.tell(actor, 0..1).await;
    let cursor = world.settled(1).await[0].cursor();
    let mut early = world.store.pool.begin().await.unwrap();
    tell(&mut early, &[world.event(actor, 1)]).await.unwrap();
    world.tell(actor, 2..3).await;
    // What was committed after an open transaction began is not shown before that one is over.
    let between = world.after(cursor, None, 10).await;
    assert_eq!(numbers(&between), [0; 0]);
    assert_eq!(world.store.events_end().await.unwrap(), cursor);
    early.commit().await.unwrap();
    world.settled(3).await;
    assert_eq!(numbers(&world.after(cursor, None, 10).await), [1, 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_reader_that_follows_many_writers_sees_every_event_once() {
    let world = World::new().await;
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let world = world.clone();
            tokio::spawn(async move {
                for n in 0..25 {
                    let n = writer * 100 + n * 2;
                    world.tell(fresh(), n..n + 2).await;
                }
            })
        })
        .collect();
    let mut cursor = Cursor::default();
    let mut seen = Vec::new();
    let start = Instant::now();
    while seen.len() < 400 {
        assert!(start.elapsed() < LIMIT, "only {} came", seen.len());
        for event in world.after(cursor, None, 7).await {
            assert!(cursor < event.cursor(), "the order went back");
            cursor = event.cursor();
            seen.push(event.data["n"].as_i64().unwrap());
        }
    }
    for writer in writers {
        writer.await.unwrap();
    }
    seen.sort_unstable();
    let expected: Vec<_> = (0..8).flat_map(|w| w * 100..w * 100 + 50).collect();
    assert_eq!(seen, expected);
    assert!(world.after(cursor, None, 10).await.is_empty());
}

#[tokio::test]
async fn events_are_read_in_pages_of_one_actor_or_of_all() {
    let world = World::new().await;
    let (a, b) = (fresh(), fresh());
    world.tell(a, 0..3).await;
    world.tell(b, 10..12).await;
    world.tell(a, 3..5).await;
    let all = world.settled(7).await;
    assert_eq!(numbers(&all), [0, 1, 2, 10, 11, 3, 4]);
    let mut cursor = Cursor::default();
    for expected in [vec![0, 1], vec![2, 3], vec![4], vec![]] {
        let page = world.after(cursor, Some(a), 2).await;
        assert_eq!(numbers(&page), expected);
        cursor = page.last().map_or(cursor, EventRow::cursor);
    }
    assert_eq!(world.store.events_end().await.unwrap(), all[6].cursor());
}

#[tokio::test]
async fn a_cursor_survives_being_written_down() {
    let world = World::new().await;
    world.tell(fresh(), 0..1).await;
    let cursor = world.settled(1).await[0].cursor();
    assert_eq!(cursor.to_string().parse(), Ok(cursor));
    for broken in ["", "-", "1", "1-", "a-b", "1-2-3"] {
        assert_eq!(broken.parse::<Cursor>(), Err(()), "{broken}");
    }
}

#[tokio::test]
async fn a_transcript_is_read_from_its_beginning_or_from_its_end() {
    let world = World::new().await;
    let turn = TurnId(fresh());
    let actor = fresh();
    let events: Vec<_> = (0..5)
        .map(|n| NewEvent {
            turn_id: Some(turn.0),
            ..world.event(actor, n)
        })
        .collect();
    let other = NewEvent {
        type_name: "persistent_agent:turn_halted",
        ..events[0].clone()
    };
    let mut tx = world.store.pool.begin().await.unwrap();
    tell(&mut tx, &events).await.unwrap();
    tell(&mut tx, &[other]).await.unwrap();
    tx.commit().await.unwrap();
    let lines = |rows: &[crate::events::LogRow]| {
        rows.iter()
            .map(|row| row.data["n"].as_i64().unwrap())
            .collect::<Vec<_>>()
    };
    let first = world.store.turn_logs(turn, None, 3).await.unwrap();
    assert_eq!(lines(&first), [0, 1, 2]);
    let rest = world
        .store
        .turn_logs(turn, Some(first[2].id), 3)
        .await
        .unwrap();
    assert_eq!(lines(&rest), [3, 4]);
    let last = world.store.last_turn_logs(turn, 2).await.unwrap();
    assert_eq!(lines(&last), [3, 4]);
}

#[tokio::test]
async fn changes_of_state_are_told_once_and_found_again() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    world.mail(agent, 1).await;
    let turn = world.open(agent).await.unwrap();
    world
        .close(agent, turn, &closing::done(), &Facts::default())
        .await
        .unwrap();
    let changes = world.store.last_state_changes(1).await.unwrap();
    assert_eq!(changes.len(), 1);
    assert_eq!(
        (&changes[0].data["toState"], changes[0].turn_id),
        (&json!("idle"), Some(turn.0))
    );
    let changes = world.store.last_state_changes(10).await.unwrap();
    let states: Vec<_> = changes
        .iter()
        .map(|change| change.data["toState"].clone())
        .collect();
    assert_eq!(states, ["queued", "provisioning", "idle"]);
}
