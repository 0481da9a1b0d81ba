//! Triggers: a moment is fired once, by whoever is first, and a path belongs to one webhook.

use optio_domain::{
    id::TriggerId,
    trigger::{TargetKind, TriggerType},
};
use serde_json::json;

use super::*;
use crate::triggers::{Claimed, Firing, TriggerChange, TriggerRow};

pub(super) fn trigger(world: &World, agent: AgentId) -> TriggerRow {
    TriggerRow {
        param_mapping: Some(json!({ "n": 1 })),
        next_fire_at: Some(world.at),
        ..TriggerRow::new(
            TriggerId(fresh()),
            (TargetKind::Agent, agent.0),
            TriggerType::Schedule,
            json!({ "cronExpression": "* * * * *" }),
            world.at,
        )
    }
}

impl World {
    async fn trigger(&self, agent: AgentId) -> TriggerId {
        let row = trigger(self, agent);
        self.store.create_trigger(&row).await.unwrap();
        TriggerId(row.id)
    }

    /// Fires what is due, each trigger once, and again in a minute.
    async fn fire_due(&self) -> usize {
        let decide = |claimed: &Claimed| Firing {
            trigger: TriggerId(claimed.trigger.id),
            next: Some(self.later(60)),
            messages: vec![self.tick(claimed)],
            outcome: None,
        };
        let bounds = ROOMY.into();
        let fired = self.store.fire_due(self.at, 100, bounds, decide).await;
        fired.unwrap().0
    }

    fn tick(&self, claimed: &Claimed) -> NewMessage {
        let (id, due) = (claimed.trigger.id, claimed.trigger.next_fire_at.unwrap());
        NewMessage {
            sender: Sender::System("schedule".to_owned()),
            source: WakeSource::Schedule,
            ..self.keyed(
                AgentId(claimed.trigger.target_id),
                "",
                &format!("{id}@{}", due.timestamp_micros()),
            )
        }
    }

    async fn of_agent(&self, agent: AgentId) -> Vec<TriggerRow> {
        let kind = TargetKind::Agent;
        self.store.triggers(kind, agent.0).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_schedule_fires_once_with_many_firers_at_once() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    for _trigger in 0..5 {
        world.trigger(agent).await;
    }
    let firers: Vec<_> = (0..8)
        .map(|_| {
            let world = world.clone();
            tokio::spawn(async move { world.fire_due().await })
        })
        .collect();
    let mut fired = 0;
    for firer in firers {
        fired += firer.await.unwrap();
    }
    assert_eq!((fired, world.inbox(agent).await.len()), (5, 5));
    for row in world.of_agent(agent).await {
        assert_eq!(row.last_fired_at, Some(world.at));
        assert_eq!(row.next_fire_at, Some(world.later(60)));
        assert_eq!((row.fires, row.outcome.as_deref()), (1, Some("sent")));
    }
    world.counters_are_right().await;
}

#[tokio::test]
async fn who_is_due_is_who_is_enabled_and_in_the_past() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let due = trigger(&world, agent);
    let disabled = TriggerRow {
        enabled: false,
        ..trigger(&world, agent)
    };
    let future = TriggerRow {
        next_fire_at: Some(world.later(1)),
        ..trigger(&world, agent)
    };
    for row in [&due, &disabled, &future] {
        world.store.create_trigger(row).await.unwrap();
    }
    assert_eq!(world.fire_due().await, 1);
    let inbox = world.inbox(agent).await;
    assert_eq!(inbox.len(), 1);
    assert_eq!(world.fire_due().await, 0, "it has moved on");
}

#[tokio::test]
async fn a_firer_knows_whether_the_tick_before_still_waits() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    world.trigger(agent).await;
    let looked = async || {
        let waits = std::sync::Mutex::new(None);
        let decide = |claimed: &Claimed| {
            *waits.lock().unwrap() = Some(claimed.waits);
            Firing {
                trigger: TriggerId(claimed.trigger.id),
                next: Some(world.at),
                messages: Vec::new(),
                outcome: Some("skipped".to_owned()),
            }
        };
        let bounds = ROOMY.into();
        let fired = world.store.fire_due(world.at, 1, bounds, decide).await;
        assert_eq!(fired.unwrap().0, 1);
        waits.into_inner().unwrap()
    };
    assert_eq!(looked().await, Some(false));
    assert!(world.inbox(agent).await.is_empty(), "nothing was sent");
    world.fire_due().await;
    world
        .sql("UPDATE triggers SET next_fire_at = now() - interval '100 years'")
        .await;
    assert_eq!(looked().await, Some(true));
    world.open(agent).await.unwrap();
    world
        .sql("UPDATE triggers SET next_fire_at = now() - interval '100 years'")
        .await;
    assert_eq!(looked().await, Some(false), "a turn has taken it");
}

#[tokio::test]
async fn a_fire_into_a_full_inbox_is_noted_and_not_tried_for_ever() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    world.trigger(agent).await;
    let decide = |claimed: &Claimed| Firing {
        trigger: TriggerId(claimed.trigger.id),
        next: Some(world.later(60)),
        messages: vec![world.tick(claimed)],
        outcome: None,
    };
    let none = crate::mail::Bounds::from(0);
    let fired = world.store.fire_due(world.at, 10, none, decide).await;
    assert_eq!(fired.unwrap(), (1, Vec::new()));
    let row = world.of_agent(agent).await.remove(0);
    let outcome = row.outcome.unwrap();
    assert!(outcome.contains("inbox is full"), "{outcome}");
    assert_eq!(row.next_fire_at, Some(world.later(60)));
}

#[tokio::test]
async fn a_trigger_is_removed_and_changed_by_its_own_target_alone() {
    let world = World::new().await;
    let (agent, other) = (world.agent("a").await, world.agent("b").await);
    let trigger = world.trigger(agent).await;
    let kind = TargetKind::Agent;
    let change = TriggerChange {
        config: json!({ "cronExpression": "0 9 * * *" }),
        param_mapping: None,
        path: None,
        enabled: false,
        next_fire_at: None,
    };
    let changed = async |target: AgentId| {
        let owner = (kind, target.0);
        let store = &world.store;
        store
            .change_trigger(owner, trigger, &change, world.at)
            .await
            .unwrap()
    };
    assert_eq!(changed(other).await, None);
    assert!(!changed(agent).await.unwrap().enabled);
    let removed = async |target: AgentId| {
        let store = &world.store;
        store.delete_trigger(kind, target.0, trigger).await.unwrap()
    };
    assert!(!removed(other).await);
    assert!(removed(agent).await);
    assert!(!removed(agent).await);
    assert_eq!(world.fire_due().await, 0);
}

#[tokio::test]
async fn a_path_belongs_to_one_webhook() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let hook = || TriggerRow {
        path: Some("alerts".to_owned()),
        ..TriggerRow::new(
            TriggerId(fresh()),
            (TargetKind::Agent, agent.0),
            TriggerType::Webhook,
            json!({ "path": "alerts" }),
            world.at,
        )
    };
    let first = hook();
    world.store.create_trigger(&first).await.unwrap();
    let second = world.store.create_trigger(&hook()).await;
    assert!(matches!(second, Err(StoreError::PathTaken(path)) if path == "alerts"));
    let called = world.store.called("alerts").await.unwrap().unwrap();
    assert_eq!(
        (called.trigger.id, called.target_enabled),
        (first.id, Some(true))
    );
    assert_eq!(called.pool(), None);
    assert_eq!(world.store.called("other").await.unwrap(), None);
}
