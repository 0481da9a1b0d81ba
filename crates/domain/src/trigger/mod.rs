//! Triggers: rules by which work starts itself. One kind of trigger for everything that can be started, and
//! one message, [`Fired`], that says so.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::id::{TicketId, TriggerId};

pub mod config;
pub mod due;
pub mod filter;
pub mod hook;
pub mod mapping;

/// What a trigger starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TargetKind {
    /// A persistent agent: it is sent a message.
    Agent,
    /// A job: a run of it is started.
    Job,
    /// A blueprint: a task is made of it.
    Blueprint,
}

impl TargetKind {
    const ALL: [Self; 3] = [Self::Agent, Self::Job, Self::Blueprint];

    /// The word used in SQL and HTTP.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Agent => "persistent_agent",
            Self::Job => "job",
            Self::Blueprint => "task_config",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == text)
    }
}

/// How a trigger comes to fire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TriggerType {
    /// A person does it.
    Manual,
    /// Its time comes.
    Schedule,
    /// Somebody outside calls its address.
    Webhook,
    /// A ticket matches.
    Ticket,
}

impl TriggerType {
    const ALL: [Self; 4] = [Self::Manual, Self::Schedule, Self::Webhook, Self::Ticket];

    /// The word used in SQL and HTTP.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Schedule => "schedule",
            Self::Webhook => "webhook",
            Self::Ticket => "ticket",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == text)
    }
}

/// What a fire does while what the fire before has started is not over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Overlap {
    /// It starts another one beside it.
    Allow,
    /// It starts nothing.
    Skip,
    /// It waits until that is over.
    Queue,
    /// It ends that, and starts in its place.
    Replace,
}

impl Overlap {
    const ALL: [(&'static str, Self); 4] = [
        ("allow", Self::Allow),
        ("skip", Self::Skip),
        ("queue", Self::Queue),
        ("replace", Self::Replace),
    ];

    /// Where nobody says it: runs go beside each other, and an agent is not told the same twice.
    #[must_use]
    pub fn of_target(target: TargetKind) -> Self {
        match target {
            TargetKind::Agent => Self::Skip,
            TargetKind::Job | TargetKind::Blueprint => Self::Allow,
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let found = Self::ALL.into_iter().find(|(word, _)| *word == text);
        found.map(|(_, overlap)| overlap)
    }
}

/// What a trigger says to its target: the payload of its message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fired {
    /// Which trigger.
    pub trigger: Option<TriggerId>,
    /// What it does while the run before is not over.
    pub overlap: Overlap,
    /// The parameters.
    pub params: Map<String, Value>,
    /// How many runs and messages of ours have caused each other until this one.
    #[serde(default)]
    pub hops: i32,
    /// The moment a schedule meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<DateTime<Utc>>,
    /// The ticket that matched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<TicketId>,
}

impl Fired {
    /// Reads the payload of a message back.
    ///
    /// # Errors
    /// Why it is none, in words.
    pub fn read(payload: Option<&Value>) -> Result<Self, String> {
        let Some(payload) = payload else {
            return Err("it carries no parameters".to_owned());
        };
        serde_json::from_value(payload.clone())
            .map_err(|error| format!("its payload is not that of a trigger: {error}"))
    }
}
