//! Triggers fire: schedules that are due, calls that come in, tickets that match. Each fire is a message to
//! what the trigger starts.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use optio_domain::{
    actor::{ActorKey, ActorKind},
    id::{MessageId, PoolId, TaskId, TicketId, TriggerId},
    mail::{Marks, Sender, WakeSource},
    ports::Clock,
    template::Template,
    trigger::{
        Fired, Overlap, TargetKind, TriggerType,
        config::{Config, Words},
        due::due,
    },
};
use optio_runtime::Hints;
use optio_store::{
    StoreError,
    mail::NewMessage,
    triggers::{Claimed, Firing, TriggerRow},
};
use serde_json::{Map, Value};

use crate::World;

/// Schedules fired in one transaction.
const BATCH: usize = 500;

/// Fires schedules.
#[derive(Clone)]
pub struct Schedules {
    world: World,
    hints: Hints,
    /// By which schedules are due; what is sent has the world's own time.
    clock: Arc<dyn Clock>,
}

/// A fire, as far as its message depends on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Fire {
    /// The parameters.
    pub params: Map<String, Value>,
    /// What tells this fire from the others of its trigger; the same one again is stored once.
    pub key: Option<String>,
    /// The moment that a schedule meant.
    pub due: Option<DateTime<Utc>>,
    /// How many runs and messages of ours have caused each other until this one.
    pub hops: i32,
    /// The ticket that matched.
    pub ticket: Option<TicketId>,
    /// When it was heard.
    pub at: DateTime<Utc>,
}

/// A trigger, understood.
#[derive(Debug, Clone)]
pub struct Known<'a> {
    /// What it starts.
    pub target: TargetKind,
    /// Its settings.
    pub config: Config,
    kind: TriggerType,
    row: &'a TriggerRow,
}

/// The actor that a trigger's messages go to.
#[must_use]
pub fn receiver(target: TargetKind, id: uuid::Uuid) -> ActorKey {
    let kind = match target {
        TargetKind::Agent => ActorKind::Agent,
        TargetKind::Job | TargetKind::Blueprint => ActorKind::Job,
    };
    ActorKey { kind, id }
}

/// The run that a fire of a job or blueprint becomes: its identity is known before it is there, so that whoever
/// calls a webhook twice is told of the same one.
#[must_use]
pub fn run_of(pool: PoolId, message: MessageId) -> TaskId {
    TaskId(pool.beside(message.0))
}

impl<'a> Known<'a> {
    /// Understands a trigger's row.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn read(row: &'a TriggerRow) -> Result<Self, String> {
        let target = TargetKind::parse(&row.target_type).ok_or("its target is unknown")?;
        let kind = TriggerType::parse(&row.type_name).ok_or("its type is unknown")?;
        let none = Map::new();
        let fields = row.config.as_object().unwrap_or(&none);
        let config = Config::parse(kind, target, fields).map_err(|error| error.to_string())?;
        Ok(Self {
            target,
            config,
            kind,
            row,
        })
    }

    /// The message of a fire.
    #[must_use]
    pub fn message(&self, fire: Fire, id: MessageId) -> NewMessage {
        let trigger = TriggerId(self.row.id);
        let (sender, source) = match self.kind {
            TriggerType::Manual => (Sender::System("manual".to_owned()), WakeSource::User),
            TriggerType::Schedule => (Sender::System("schedule".to_owned()), WakeSource::Schedule),
            TriggerType::Webhook => (Sender::External("webhook".to_owned()), WakeSource::Webhook),
            TriggerType::Ticket => (Sender::External("ticket".to_owned()), WakeSource::Ticket),
        };
        let plain = Words::default();
        let words = self.config.words().unwrap_or(&plain);
        let (body, payload) = match self.target {
            TargetKind::Agent => (
                told(words, &fire.params),
                told_beside(self.kind, fire.params),
            ),
            TargetKind::Job | TargetKind::Blueprint => {
                let fired = Fired {
                    trigger: Some(trigger),
                    overlap: self.config.overlap(self.target),
                    params: fire.params,
                    hops: fire.hops,
                    due: fire.due,
                    ticket: fire.ticket,
                };
                (String::new(), serde_json::to_value(fired).ok())
            }
        };
        NewMessage {
            id,
            receiver: receiver(self.target, self.row.target_id),
            sender,
            sender_name: None,
            source,
            key: fire.key.map(|key| format!("{trigger}@{key}")),
            body,
            payload,
            broadcasted: false,
            marks: Marks {
                class: words.class,
                ..Marks::default()
            },
            cause: None,
            at: fire.at,
        }
    }
}

/// What an agent is told; nothing is a plain tick.
fn told(words: &Words, params: &Map<String, Value>) -> String {
    let prompt = words.prompt.as_deref().unwrap_or_default();
    Template::parse(prompt).map_or_else(
        |_written_before| prompt.to_owned(),
        |template| template.render(params).text,
    )
}

/// A schedule without parameters says nothing beside its text.
fn told_beside(kind: TriggerType, params: Map<String, Value>) -> Option<Value> {
    let says_nothing = kind == TriggerType::Schedule && params.is_empty();
    (!says_nothing).then_some(Value::Object(params))
}

impl Schedules {
    /// For the schedules of this world.
    #[must_use]
    pub fn new(world: World, hints: Hints) -> Self {
        let clock = Arc::clone(&world.clock);
        Self {
            world,
            hints,
            clock,
        }
    }

    /// The same by another clock, such as a faster one.
    #[must_use]
    pub fn by(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// Fires all that is due.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away; then what is due stays due.
    pub async fn fire_due(&self) -> Result<(), StoreError> {
        let (bounds, max) = (
            (&self.world.limits).into(),
            i64::try_from(BATCH).unwrap_or(1),
        );
        loop {
            let now = self.clock.now();
            let fired = self
                .world
                .store
                .fire_due(now, max, bounds, |claimed| self.decide(claimed, now))
                .await;
            match fired {
                Ok((count, receivers)) => {
                    receivers.into_iter().for_each(|it| self.hints.look(it));
                    if count < BATCH {
                        return Ok(());
                    }
                }
                // Somebody else wrote there at the same moment: at the next round.
                Err(StoreError::Moved) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    fn decide(&self, claimed: &Claimed, now: DateTime<Utc>) -> Firing {
        let trigger = &claimed.trigger;
        let id = TriggerId(trigger.id);
        let nothing = |next, words: String| Firing {
            trigger: id,
            next,
            messages: Vec::new(),
            outcome: Some(words),
        };
        // What no longer parses or never fires again stays without a next fire.
        let known = match Known::read(trigger) {
            Ok(known) => known,
            Err(words) => return nothing(None, words),
        };
        let Config::Schedule(schedule) = &known.config else {
            return nothing(None, "it is no schedule".to_owned());
        };
        let Some(at) = trigger.next_fire_at else {
            return nothing(None, "it is not due".to_owned());
        };
        let due = due(&schedule.schedule, schedule.missed, at, now);
        if due.fires.is_empty() {
            return nothing(due.next, format!("skipped: nobody looked at {at}"));
        }
        // To an agent a tick on top of a tick would say nothing new. Of jobs the job itself knows more.
        if claimed.waits && known.target == TargetKind::Agent && schedule.overlap == Overlap::Skip {
            return nothing(due.next, "skipped: the tick before still waits".to_owned());
        }
        let messages = due.fires.iter().map(|due| {
            let fire = Fire {
                params: params_of(trigger),
                key: Some(due.timestamp_micros().to_string()),
                due: Some(*due),
                ticket: None,
                hops: 0,
                at: self.world.clock.now(),
            };
            known.message(fire, MessageId(self.world.ids.fresh()))
        });
        Firing {
            trigger: id,
            next: due.next,
            messages: messages.collect(),
            outcome: None,
        }
    }
}

/// The parameters that a schedule brings with it.
fn params_of(trigger: &TriggerRow) -> Map<String, Value> {
    let params = trigger.param_mapping.as_ref().and_then(Value::as_object);
    params.cloned().unwrap_or_default()
}
