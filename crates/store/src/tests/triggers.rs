//! Schedules: fired once, by whoever is first.

use optio_domain::id::TriggerId;
use serde_json::json;

use super::*;
use crate::triggers::TriggerRow;

pub(super) fn trigger(world: &World, agent: AgentId) -> TriggerRow {
    TriggerRow {
        id: fresh(),
        target_type: "persistent_agent".to_owned(),
        target_id: agent.0,
        type_name: "schedule".to_owned(),
        config: json!({ "cronExpression": "* * * * *" }),
        param_mapping: Some(json!({ "n": 1 })),
        enabled: true,
        last_fired_at: None,
        next_fire_at: Some(world.at),
        created_at: world.at,
        updated_at: world.at,
    }
}

impl World {
    async fn trigger(&self, agent: AgentId) -> TriggerId {
        let row = trigger(self, agent);
        self.store.create_trigger(&row).await.unwrap();
        TriggerId(row.id)
    }

    fn tick(&self, agent: AgentId, trigger: TriggerId, due: DateTime<Utc>) -> NewMessage {
        NewMessage {
            sender: Sender::System("schedule".to_owned()),
            source: WakeSource::Schedule,
            ..self.keyed(agent, "", &format!("{trigger}@{}", due.timestamp_micros()))
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_schedule_fires_once_with_many_firers_at_once() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let trigger = world.trigger(agent).await;
    let next = Some(world.later(60));
    let firers: Vec<_> = (0..8)
        .map(|_| {
            let world = world.clone();
            tokio::spawn(async move {
                // Without a key, which would hide a second fire.
                let tick = NewMessage {
                    key: None,
                    ..world.tick(agent, trigger, world.at)
                };
                world
                    .store
                    .fire(trigger, world.at, next, &tick)
                    .await
                    .unwrap()
            })
        })
        .collect();
    let mut fired = 0;
    for firer in firers {
        fired += usize::from(firer.await.unwrap());
    }
    assert_eq!((fired, world.inbox(agent).await.len()), (1, 1));
    let row = world.store.triggers(agent).await.unwrap().remove(0);
    assert_eq!(
        (row.last_fired_at, row.next_fire_at),
        (Some(world.at), next)
    );
    world.counters_are_right().await;
}

#[tokio::test]
async fn who_is_due_is_who_is_enabled_and_in_the_past() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let due = trigger(&world, agent);
    let older = TriggerRow {
        next_fire_at: Some(world.later(-9)),
        ..trigger(&world, agent)
    };
    let disabled = TriggerRow {
        enabled: false,
        ..trigger(&world, agent)
    };
    let future = TriggerRow {
        next_fire_at: Some(world.later(1)),
        ..trigger(&world, agent)
    };
    for row in [&due, &older, &disabled, &future] {
        world.store.create_trigger(row).await.unwrap();
    }
    let found = world.store.due_triggers(world.at, 10).await.unwrap();
    assert_eq!(found, [older, due]);
    let tick = world.tick(agent, TriggerId(disabled.id), world.at);
    let id = TriggerId(disabled.id);
    assert!(!world.store.fire(id, world.at, None, &tick).await.unwrap());
    assert!(world.inbox(agent).await.is_empty());
}

#[tokio::test]
async fn a_tick_waits_until_a_turn_takes_it() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let (trigger, other) = (world.trigger(agent).await, world.trigger(agent).await);
    let waits = async |id| world.store.tick_waits(agent.into(), id).await.unwrap();
    assert!(!waits(trigger).await);
    let tick = world.tick(agent, trigger, world.at);
    assert!(
        world
            .store
            .fire(trigger, world.at, None, &tick)
            .await
            .unwrap()
    );
    assert!(waits(trigger).await);
    assert!(!waits(other).await);
    world.open(agent).await.unwrap();
    assert!(!waits(trigger).await);
}

#[tokio::test]
async fn a_skipped_fire_moves_on_without_a_message() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let trigger = world.trigger(agent).await;
    let next = async || {
        world
            .store
            .triggers(agent)
            .await
            .unwrap()
            .remove(0)
            .next_fire_at
    };
    world
        .store
        .skip_fire(trigger, world.later(-1), None)
        .await
        .unwrap();
    assert_eq!(next().await, Some(world.at), "it was not due at that time");
    world
        .store
        .skip_fire(trigger, world.at, Some(world.later(60)))
        .await
        .unwrap();
    assert_eq!(next().await, Some(world.later(60)));
    assert!(world.inbox(agent).await.is_empty());
}

#[tokio::test]
async fn a_trigger_is_removed_by_its_own_agent_alone() {
    let world = World::new().await;
    let (agent, other) = (world.agent("a").await, world.agent("b").await);
    let trigger = world.trigger(agent).await;
    assert!(!world.store.delete_trigger(other, trigger).await.unwrap());
    assert!(world.store.delete_trigger(agent, trigger).await.unwrap());
    assert!(!world.store.delete_trigger(agent, trigger).await.unwrap());
    let tick = world.tick(agent, trigger, world.at);
    assert!(
        !world
            .store
            .fire(trigger, world.at, None, &tick)
            .await
            .unwrap()
    );
    assert!(world.inbox(agent).await.is_empty());
}
