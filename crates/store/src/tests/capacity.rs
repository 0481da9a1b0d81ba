//! Room for turns: never more than may be open.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_openers_at_once_never_pass_the_limit() {
    const ROOM: i64 = 3;
    let world = World::new().await;
    let mut openers = Vec::new();
    for n in 0..12 {
        let agent = world.agent(&format!("a{n}")).await;
        world.mail(agent, 1).await;
        let world = world.clone();
        openers.push(tokio::spawn(async move {
            let sight = world.see(agent).await;
            let opened = world.try_open(&sight, TurnId(fresh()), ROOM).await;
            matches!(opened.unwrap(), Opened::Yes { .. })
        }));
    }
    let mut opened = 0;
    for opener in openers {
        opened += i64::from(opener.await.unwrap());
    }
    let open = "SELECT count(*) FROM turns WHERE finished_at IS NULL";
    assert_eq!((opened, world.number(open).await), (ROOM, ROOM));
    let sight = world.see(AgentId(fresh_of(&world).await)).await;
    assert_eq!(sight.turns_open, ROOM);
}

async fn fresh_of(world: &World) -> Uuid {
    let (id,): (Uuid,) = sqlx::query_as("SELECT id FROM agents LIMIT 1")
        .fetch_one(&world.store.pool)
        .await
        .unwrap();
    id
}

#[tokio::test]
async fn a_closed_turn_makes_room() {
    let world = World::new().await;
    let (a, b) = (world.agent("a").await, world.agent("b").await);
    world.mail(a, 1).await;
    let turn = world.open(a).await.unwrap();
    world.mail(b, 1).await;
    let sight = world.see(b).await;
    let open = async || world.try_open(&sight, TurnId(fresh()), 1).await.unwrap();
    assert_eq!(open().await, Opened::NoRoom);
    let untouched = world.see(b).await;
    assert_eq!((untouched.version, untouched.epoch), (sight.version, 0));
    world
        .close(a, turn, &closing::done(), &Facts::default())
        .await
        .unwrap();
    assert!(matches!(open().await, Opened::Yes { epoch: 1, .. }));
}

#[tokio::test]
async fn a_step_that_comes_too_late_takes_no_room() {
    let world = World::new().await;
    let (late, quick) = (world.agent("a").await, world.agent("b").await);
    world.mail(late, 1).await;
    world.mail(quick, 1).await;
    let sight = world.see(late).await;
    world.begin(late).await.commit().await.unwrap();
    let refused = world.try_open(&sight, TurnId(fresh()), 1).await;
    assert!(matches!(refused, Err(StoreError::Moved)), "{refused:?}");
    let quick = world.see(quick).await;
    let opened = world.try_open(&quick, TurnId(fresh()), 1).await.unwrap();
    assert!(matches!(opened, Opened::Yes { epoch: 1, .. }));
    world.counters_are_right().await;
}

#[tokio::test]
async fn the_longest_waiting_agent_is_first_in_the_queue() {
    let world = World::new().await;
    let mut expected = Vec::new();
    for n in 0..3 {
        let agent = world.agent(&format!("a{n}")).await;
        let at = world.later(100 - n).to_rfc3339();
        world
            .sql(&format!(
                "UPDATE agents SET state = 'queued', state_since = '{at}' WHERE id = '{agent}'"
            ))
            .await;
        expected.insert(0, agent);
    }
    world.agent("idle").await;
    assert_eq!(world.store.next_in_queue(10).await.unwrap(), expected);
    assert_eq!(world.store.next_in_queue(1).await.unwrap(), expected[..1]);
}

#[tokio::test]
async fn as_many_are_called_from_the_queue_as_there_is_room_for() {
    let world = World::new().await;
    let busy = world.agent("busy").await;
    world.mail(busy, 1).await;
    world.open(busy).await.unwrap();
    let first = world.agent("first").await;
    let second = world.agent("second").await;
    for (agent, seconds) in [(first, 1), (second, 2)] {
        let at = world.later(seconds).to_rfc3339();
        world
            .sql(&format!(
                "UPDATE agents SET state = 'queued', state_since = '{at}' WHERE id = '{agent}'"
            ))
            .await;
    }
    assert_eq!(world.store.next_in_queue(1).await.unwrap(), []);
    assert_eq!(world.store.next_in_queue(2).await.unwrap(), [first]);
    let quarantine = world.store.quarantine(first.into(), "it fell", world.at);
    quarantine.await.unwrap();
    assert_eq!(world.store.next_in_queue(2).await.unwrap(), [second]);
}
