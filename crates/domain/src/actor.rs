//! What every actor has, whatever its kind: an address, a reason for waiting, a memory of decisions.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::id::{AgentId, JobId, PoolId, PrReviewId, PullId, TaskId, TrackerId};

/// The kinds of actor there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActorKind {
    /// A persistent agent.
    Agent,
    /// Work that can be started again and again.
    Job,
    /// The sandboxes of a repository or a job.
    Pool,
    /// A review of a pull request that no task has opened.
    PrReview,
    /// A pull request that is watched.
    PullRequest,
    /// Work on a repository.
    Task,
    /// A place where people write tickets.
    Tracker,
}

impl ActorKind {
    const ALL: [Self; 7] = [
        Self::Agent,
        Self::Job,
        Self::Pool,
        Self::PrReview,
        Self::PullRequest,
        Self::Task,
        Self::Tracker,
    ];

    /// The word used in addresses, SQL and HTTP.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Job => "job",
            Self::Pool => "pool",
            Self::PrReview => "pr-review",
            Self::PullRequest => "pull-request",
            Self::Task => "task",
            Self::Tracker => "tracker",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == text)
    }
}

/// The address of an actor inside the engine: kind and identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActorKey {
    /// What it is.
    pub kind: ActorKind,
    /// Which one it is.
    pub id: Uuid,
}

impl From<AgentId> for ActorKey {
    fn from(id: AgentId) -> Self {
        Self {
            kind: ActorKind::Agent,
            id: id.0,
        }
    }
}

impl From<JobId> for ActorKey {
    fn from(id: JobId) -> Self {
        Self {
            kind: ActorKind::Job,
            id: id.0,
        }
    }
}

impl From<PoolId> for ActorKey {
    fn from(id: PoolId) -> Self {
        Self {
            kind: ActorKind::Pool,
            id: id.0,
        }
    }
}

impl From<PrReviewId> for ActorKey {
    fn from(id: PrReviewId) -> Self {
        Self {
            kind: ActorKind::PrReview,
            id: id.0,
        }
    }
}

impl From<PullId> for ActorKey {
    fn from(id: PullId) -> Self {
        Self {
            kind: ActorKind::PullRequest,
            id: id.0,
        }
    }
}

impl From<TaskId> for ActorKey {
    fn from(id: TaskId) -> Self {
        Self {
            kind: ActorKind::Task,
            id: id.0,
        }
    }
}

impl From<TrackerId> for ActorKey {
    fn from(id: TrackerId) -> Self {
        Self {
            kind: ActorKind::Tracker,
            id: id.0,
        }
    }
}

impl std::fmt::Display for ActorKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.kind.name(), self.id)
    }
}

/// Why an actor is not moving: nothing waits without all three.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// What it waits for, in words.
    pub reason: String,
    /// Who can end the wait.
    pub holder: String,
    /// When the actor looks again by itself; `None` only where mail or a person can wake it.
    pub until: Option<DateTime<Utc>>,
    /// Whether mail may end it. Where it may not, nobody looks after mail that waits for this actor.
    pub heeds_mail: bool,
}

impl Wait {
    /// A wait that only mail or a person ends: the actor is at rest.
    #[must_use]
    pub fn at_rest(reason: &str, holder: &str) -> Self {
        Self {
            reason: reason.to_owned(),
            holder: holder.to_owned(),
            until: None,
            heeds_mail: true,
        }
    }

    /// A wait with a deadline.
    #[must_use]
    pub fn until(reason: impl Into<String>, holder: &str, until: DateTime<Utc>) -> Self {
        Self {
            reason: reason.into(),
            holder: holder.to_owned(),
            until: Some(until),
            heeds_mail: true,
        }
    }

    /// The same wait, which mail does not end.
    #[must_use]
    pub fn whatever_mail_comes(self) -> Self {
        Self {
            heeds_mail: false,
            ..self
        }
    }
}

/// One decision with the facts it saw, kept in the actor's row for whoever asks why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// When it was taken.
    pub at: DateTime<Utc>,
    /// What was decided.
    pub step: String,
    /// What was seen, in short words.
    pub seen: String,
}
