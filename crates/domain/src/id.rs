//! Identities with types, so that a turn can never be passed for an agent.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident,)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )*};
}

// Keep the list in alphabetical order.
ids! {
    /// A persistent agent: named, long-lived, driven by messages.
    AgentId,
    /// A job or a blueprint: work that can be started again and again.
    JobId,
    /// One message in somebody's inbox.
    MessageId,
    /// Something that happened, as others are told of it.
    NoticeId,
    /// The sandboxes of one repository in one workspace.
    PoolId,
    /// A review of a pull request that no task has opened.
    PrReviewId,
    /// A pull request, as long as it is watched.
    PullId,
    /// A repository that tasks work on.
    RepoId,
    /// A control plane, from a start to its end or to the loss of its lease.
    ReplicaId,
    /// One execution of an agent program in a sandbox. A turn of a persistent agent has one run.
    RunId,
    /// A place where agents run.
    SandboxId,
    /// A text that is kept sealed.
    SecretId,
    /// Work on a repository that ends in a merged pull request.
    TaskId,
    /// A prompt template that is kept.
    TemplateId,
    /// Something somebody wants done, as it was seen at a tracker.
    TicketId,
    /// A place where people write tickets, which is looked at.
    TrackerId,
    /// A rule that wakes something by itself.
    TriggerId,
    /// One waking of a persistent agent.
    TurnId,
    /// An address that is told what happens.
    WebhookId,
}

impl RunId {
    /// The run that carries out a turn: one turn, one run, one identity.
    #[must_use]
    pub fn of_turn(turn: TurnId) -> Self {
        Self(turn.0)
    }
}

impl SandboxId {
    /// The sandbox of a persistent agent: it has one, and keeps it under its own identity.
    #[must_use]
    pub fn of_agent(agent: AgentId) -> Self {
        Self(agent.0)
    }
}

impl PoolId {
    /// A fresh identity made to live where the pool's actor lives. An actor's shard is the last byte of
    /// its identity, and whoever talks to the runners of a pool has to be run by the control plane that
    /// they are connected to.
    #[must_use]
    pub fn beside(self, fresh: Uuid) -> Uuid {
        let mut bytes = fresh.into_bytes();
        if let (Some(last), Some(shard)) = (bytes.last_mut(), self.0.as_bytes().last()) {
            *last = *shard;
        }
        Uuid::from_bytes(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ownership::Shard;

    #[test]
    fn whatever_is_made_beside_a_pool_is_in_its_shard() {
        let pool = PoolId(Uuid::from_u128(0x1234_5678_9abc));
        let task = pool.beside(Uuid::from_u128(7 << 64));
        assert_eq!(Shard::of(task), Shard::of(pool.0));
        assert_ne!(task, pool.0);
    }
}
