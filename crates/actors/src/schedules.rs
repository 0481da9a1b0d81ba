//! Schedules that are due send their message; a schedule that was missed fires once.

use chrono::{DateTime, Utc};
use optio_domain::{
    actor::{ActorKey, ActorKind},
    id::{MessageId, TriggerId},
    mail::{Class, Marks, Sender, WakeSource},
    schedule::{BadSchedule, Schedule},
};
use optio_runtime::Hints;
use optio_store::{StoreError, mail::NewMessage, triggers::TriggerRow};
use serde_json::Value;

use crate::World;

/// Triggers fired in one go.
const BATCH: i64 = 100;

/// Fires schedules.
#[derive(Clone)]
pub struct Schedules {
    world: World,
    hints: Hints,
}

impl Schedules {
    /// For the schedules of this world.
    #[must_use]
    pub fn new(world: World, hints: Hints) -> Self {
        Self { world, hints }
    }

    /// Fires what is due. A time that passed while nobody looked is fired once, not once for every
    /// time; a tick that still waits in the inbox is not doubled.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away; then what is due stays due.
    pub async fn fire_due(&self) -> Result<(), StoreError> {
        let now = self.world.clock.now();
        for trigger in self.world.store.due_triggers(now, BATCH).await? {
            if let Err(error) = self.fire(&trigger, now).await {
                tracing::warn!(trigger.id = %trigger.id, %error, "a schedule could not be fired");
            }
        }
        Ok(())
    }

    async fn fire(&self, trigger: &TriggerRow, now: DateTime<Utc>) -> Result<(), StoreError> {
        let Some(due) = trigger.next_fire_at else {
            return Ok(());
        };
        let id = TriggerId(trigger.id);
        // A schedule that no longer parses or never fires again stays without a next fire.
        let next = schedule_of(&trigger.config)
            .and_then(|schedule| schedule.next_after(now))
            .ok();
        let receiver = ActorKey {
            kind: ActorKind::Agent,
            id: trigger.target_id,
        };
        if self.world.store.tick_waits(receiver, id).await? {
            return self.world.store.skip_fire(id, due, next).await;
        }
        let message = NewMessage {
            id: MessageId(self.world.ids.fresh()),
            receiver,
            sender: Sender::System("schedule".to_owned()),
            sender_name: None,
            source: WakeSource::Schedule,
            key: Some(format!("{id}@{}", due.timestamp_micros())),
            body: text_of(&trigger.config),
            payload: trigger.param_mapping.clone(),
            broadcasted: false,
            marks: Marks {
                class: class_of(&trigger.config),
                ..Marks::default()
            },
            cause: None,
            at: now,
        };
        if self.world.store.fire(id, due, next, &message).await? {
            self.hints.look(receiver);
        }
        Ok(())
    }
}

/// The schedule in a trigger's settings.
///
/// # Errors
/// [`BadSchedule`] when it cannot be read.
pub fn schedule_of(config: &Value) -> Result<Schedule, BadSchedule> {
    let text = |field: &str| config.get(field).and_then(Value::as_str);
    Schedule::parse(text("cronExpression").unwrap_or_default(), text("timezone"))
}

/// The class of what a schedule sends: `work` unless it says `notify` or `interrupt`.
#[must_use]
pub fn class_of(config: &Value) -> Class {
    let said = config.get("class").and_then(Value::as_str);
    said.and_then(Class::parse).unwrap_or_default()
}

/// What the agent is told at each fire; nothing is a plain tick.
fn text_of(config: &Value) -> String {
    config
        .get("prompt")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}
