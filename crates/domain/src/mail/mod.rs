//! Messages: who sends, what wakes, what a receiver is told.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::id::MessageId;

pub mod ask;
mod class;
mod drain;
mod topic;

pub use class::{Class, Delivery, delivery};
pub use drain::{Candidate, drain};
pub use topic::{BadTopic, Topic};

/// Who sent a message. It is taken from the caller's credentials, never from the caller's words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sender {
    /// A person, by id or mail address.
    User(String),
    /// A peer: workspace and slug.
    Agent {
        /// The workspace's slug, `default` where there is only one.
        workspace: String,
        /// The agent's slug.
        slug: String,
    },
    /// Optio itself: `initial`, `schedule`, …
    System(String),
    /// Something outside: a webhook, a tracker.
    External(String),
}

impl Sender {
    /// The seed's word for the kind of sender: `user`, `agent`, `system` or `external`.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Agent { .. } => "agent",
            Self::System(_) => "system",
            Self::External(_) => "external",
        }
    }

    /// The part after the colon of the address.
    #[must_use]
    pub fn id(&self) -> String {
        match self {
            Self::User(id) | Self::System(id) | Self::External(id) => id.clone(),
            Self::Agent { workspace, slug } => format!("{workspace}/{slug}"),
        }
    }

    /// Reads the two columns back. An agent's id without a workspace gets `default`.
    #[must_use]
    pub fn from_parts(type_name: &str, id: &str) -> Self {
        match type_name {
            "user" => Self::User(id.to_owned()),
            "agent" => {
                let (workspace, slug) = id.split_once('/').unwrap_or(("default", id));
                Self::Agent {
                    workspace: workspace.to_owned(),
                    slug: slug.to_owned(),
                }
            }
            "system" => Self::System(id.to_owned()),
            _ => Self::External(id.to_owned()),
        }
    }
}

impl std::fmt::Display for Sender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.type_name(), self.id())
    }
}

/// What woke an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WakeSource {
    /// A person wrote.
    User,
    /// A peer wrote.
    Agent,
    /// A webhook came in.
    Webhook,
    /// A schedule fired.
    Schedule,
    /// A ticket matched.
    Ticket,
    /// Optio itself.
    System,
    /// The agent was created: its initial mission.
    Initial,
}

impl WakeSource {
    const ALL: [Self; 7] = [
        Self::User,
        Self::Agent,
        Self::Webhook,
        Self::Schedule,
        Self::Ticket,
        Self::System,
        Self::Initial,
    ];

    /// The word used in SQL and HTTP.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Agent => "agent",
            Self::Webhook => "webhook",
            Self::Schedule => "schedule",
            Self::Ticket => "ticket",
            Self::System => "system",
            Self::Initial => "initial",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.name() == text)
    }
}

/// A message as its receiver is to see it.
#[derive(Debug, Clone, PartialEq)]
pub struct Letter {
    /// Its identity.
    pub id: MessageId,
    /// Who sent it.
    pub sender: Sender,
    /// What kind of waking it is.
    pub source: WakeSource,
    /// The text; empty for a tick.
    pub body: String,
    /// Structured data beside the text.
    pub payload: Option<serde_json::Value>,
    /// Whether all peers got it.
    pub broadcasted: bool,
    /// What it is beside its text.
    pub marks: Marks,
    /// When it was accepted.
    pub received_at: DateTime<Utc>,
}

impl Letter {
    /// The first message of its conversation: itself, where it began one.
    #[must_use]
    pub fn thread(&self) -> MessageId {
        self.marks.thread.unwrap_or(self.id)
    }
}

/// What a message is beside its text. The default is plain work that begins a conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks {
    /// What it does to its receiver.
    pub class: Class,
    /// The first message of its conversation; `None` where it is itself the first.
    pub thread: Option<MessageId>,
    /// The message it answers.
    pub in_reply_to: Option<MessageId>,
    /// The topic it was published to.
    pub topic: Option<String>,
    /// Until when its sender waits for a reply.
    pub reply_by: Option<DateTime<Utc>>,
    /// Whether it answers a question whose time was over.
    pub late: bool,
}
