//! Persistent agents: their states, what may happen to them, and the one table that says which
//! event leads where.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::id::TurnId;

pub mod breaker;
pub mod closing;
pub mod plan;
pub mod prompt;
pub mod seen;
pub mod spec;
pub mod warm;

/// Where an agent stands. A state carries what is true in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AgentState {
    /// Nothing to do.
    Idle,
    /// Mail waits; a turn is due as soon as there is room.
    Queued,
    /// A turn is open; its process does not run yet.
    Provisioning {
        /// The open turn.
        turn: TurnId,
    },
    /// A turn is open and its process runs.
    Running {
        /// The open turn.
        turn: TurnId,
    },
    /// A person paused it. Mail accumulates.
    Paused,
    /// It failed too often in a row. Mail accumulates.
    Failed,
    /// Over for good.
    Archived,
}

impl AgentState {
    /// The names of all states, in the order in which an agent usually meets them.
    pub const NAMES: [&'static str; 7] = [
        "idle",
        "queued",
        "provisioning",
        "running",
        "paused",
        "failed",
        "archived",
    ];

    /// The word used in SQL and HTTP.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Queued => "queued",
            Self::Provisioning { .. } => "provisioning",
            Self::Running { .. } => "running",
            Self::Paused => "paused",
            Self::Failed => "failed",
            Self::Archived => "archived",
        }
    }

    /// The open turn, in the two states that have one.
    #[must_use]
    pub fn turn(self) -> Option<TurnId> {
        match self {
            Self::Provisioning { turn } | Self::Running { turn } => Some(turn),
            Self::Idle | Self::Queued | Self::Paused | Self::Failed | Self::Archived => None,
        }
    }

    /// Reads the two columns back; `None` when they contradict each other.
    #[must_use]
    pub fn from_parts(name: &str, turn: Option<TurnId>) -> Option<Self> {
        Some(match (name, turn) {
            ("idle", None) => Self::Idle,
            ("queued", None) => Self::Queued,
            ("provisioning", Some(turn)) => Self::Provisioning { turn },
            ("running", Some(turn)) => Self::Running { turn },
            ("paused", None) => Self::Paused,
            ("failed", None) => Self::Failed,
            ("archived", None) => Self::Archived,
            _ => return None,
        })
    }

    /// The only way a state changes. Read it as the table it is: what is not listed is illegal.
    ///
    /// # Errors
    /// [`Illegal`] when the event cannot happen in this state.
    pub fn on(self, event: AgentEvent) -> Result<Self, Illegal> {
        use AgentEvent as E;
        Ok(match (self, event) {
            (Self::Idle, E::Woken) => Self::Queued,
            (Self::Queued, E::StoodDown) => Self::Idle,
            (Self::Queued, E::TurnOpened { turn }) => Self::Provisioning { turn },
            (Self::Provisioning { turn }, E::Started) => Self::Running { turn },
            (Self::Provisioning { .. } | Self::Running { .. }, E::TurnClosed) => Self::Idle,
            (Self::Provisioning { .. } | Self::Running { .. }, E::GaveUp) => Self::Failed,
            (
                Self::Idle | Self::Queued | Self::Provisioning { .. } | Self::Running { .. },
                E::Paused,
            ) => Self::Paused,
            (Self::Paused | Self::Failed, E::Resumed) => Self::Idle,
            (
                Self::Idle
                | Self::Queued
                | Self::Provisioning { .. }
                | Self::Running { .. }
                | Self::Paused
                | Self::Failed,
                E::Restarted,
            ) => Self::Idle,
            (
                Self::Idle
                | Self::Queued
                | Self::Provisioning { .. }
                | Self::Running { .. }
                | Self::Paused
                | Self::Failed,
                E::Archived,
            ) => Self::Archived,
            (from, event) => return Err(Illegal { from, event }),
        })
    }
}

/// What can happen to an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgentEvent {
    /// Mail waits for it.
    Woken,
    /// There is nothing to do after all.
    StoodDown,
    /// A turn was opened and given its mail.
    TurnOpened {
        /// The turn.
        turn: TurnId,
    },
    /// The turn's process runs.
    Started,
    /// The turn is over and the agent goes on.
    TurnClosed,
    /// The turn failed, and it was one too many in a row.
    GaveUp,
    /// A person paused it.
    Paused,
    /// A person resumed it.
    Resumed,
    /// A person restarted it with a fresh session.
    Restarted,
    /// A person archived it.
    Archived,
}

impl AgentEvent {
    /// The word used in pictures and logs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Woken => "woken",
            Self::StoodDown => "stood down",
            Self::TurnOpened { .. } => "turn opened",
            Self::Started => "started",
            Self::TurnClosed => "turn closed",
            Self::GaveUp => "gave up",
            Self::Paused => "paused",
            Self::Resumed => "resumed",
            Self::Restarted => "restarted",
            Self::Archived => "archived",
        }
    }
}

/// An event that cannot happen in a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an agent that is {} cannot be {}", from.name(), event.name())]
pub struct Illegal {
    /// The state.
    pub from: AgentState,
    /// The event.
    pub event: AgentEvent,
}

/// What a person wants of an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Intent {
    /// Stop and stay stopped until resumed.
    Pause,
    /// Go on after a pause or a failure.
    Resume,
    /// Stop for good; the record stays.
    Archive,
    /// Stop, forget the session, go on.
    Restart,
    /// Stop for good and remove every trace.
    Delete,
}

impl Intent {
    const ALL: [Self; 5] = [
        Self::Pause,
        Self::Resume,
        Self::Archive,
        Self::Restart,
        Self::Delete,
    ];

    /// The word used in SQL and HTTP.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Archive => "archive",
            Self::Restart => "restart",
            Self::Delete => "delete",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|intent| intent.name() == text)
    }

    /// What the intent means in a state: an event, nothing because it is so already, or a refusal
    /// in words.
    ///
    /// # Errors
    /// The reason, when the state does not allow it.
    pub fn meets(self, state: AgentState) -> Result<Option<AgentEvent>, &'static str> {
        use AgentEvent as E;
        use AgentState as S;
        match (self, state) {
            (Self::Delete | Self::Archive, S::Archived)
            | (Self::Pause, S::Paused)
            | (Self::Resume, S::Idle | S::Queued | S::Provisioning { .. } | S::Running { .. }) => {
                Ok(None)
            }
            (Self::Pause | Self::Resume | Self::Restart, S::Archived) => {
                Err("the agent is archived, which is final; create a new one")
            }
            (Self::Pause, S::Failed) => {
                Err("the agent has failed and does nothing; resume, restart or archive it")
            }
            (Self::Pause, S::Idle | S::Queued | S::Provisioning { .. } | S::Running { .. }) => {
                Ok(Some(E::Paused))
            }
            (Self::Resume, S::Paused | S::Failed) => Ok(Some(E::Resumed)),
            (
                Self::Restart,
                S::Idle
                | S::Queued
                | S::Provisioning { .. }
                | S::Running { .. }
                | S::Paused
                | S::Failed,
            ) => Ok(Some(E::Restarted)),
            (
                Self::Archive | Self::Delete,
                S::Idle
                | S::Queued
                | S::Provisioning { .. }
                | S::Running { .. }
                | S::Paused
                | S::Failed,
            ) => Ok(Some(E::Archived)),
        }
    }
}

/// How long an agent's sandbox is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lifecycle {
    /// Until the agent is paused or archived.
    AlwaysOn,
    /// For a while after each turn.
    Sticky,
    /// Gone after the turn.
    OnDemand,
}

impl Lifecycle {
    const ALL: [Self; 3] = [Self::AlwaysOn, Self::Sticky, Self::OnDemand];

    /// The word used in SQL and HTTP.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AlwaysOn => "always-on",
            Self::Sticky => "sticky",
            Self::OnDemand => "on-demand",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|lifecycle| lifecycle.name() == text)
    }

    /// Until when a sandbox is kept after a turn that ended at `at`; `None` means without end.
    #[must_use]
    pub fn keep_until(self, idle_ms: i64, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::AlwaysOn => None,
            Self::Sticky => Some(at + chrono::TimeDelta::milliseconds(idle_ms)),
            Self::OnDemand => Some(at),
        }
    }
}

/// The transition table as a Mermaid state diagram; `docs/states/agent.mmd` is this text.
#[must_use]
pub fn picture() -> String {
    use std::fmt::Write as _;
    let turn = TurnId(uuid::Uuid::nil());
    let states = AgentState::NAMES.map(|name| {
        let open = matches!(name, "provisioning" | "running").then_some(turn);
        AgentState::from_parts(name, open)
    });
    let events = [
        AgentEvent::Woken,
        AgentEvent::StoodDown,
        AgentEvent::TurnOpened { turn },
        AgentEvent::Started,
        AgentEvent::TurnClosed,
        AgentEvent::GaveUp,
        AgentEvent::Paused,
        AgentEvent::Resumed,
        AgentEvent::Restarted,
        AgentEvent::Archived,
    ];
    let mut out = "stateDiagram-v2\n    [*] --> idle\n".to_owned();
    for from in states.into_iter().flatten() {
        for event in events {
            if let Ok(to) = from.on(event) {
                let _written = writeln!(
                    out,
                    "    {} --> {} : {}",
                    from.name(),
                    to.name(),
                    event.name()
                );
            }
        }
    }
    out.push_str("    archived --> [*]\n");
    out
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn turn() -> TurnId {
        TurnId(Uuid::from_u128(7))
    }

    #[test]
    fn archived_is_final() {
        for event in [
            AgentEvent::Woken,
            AgentEvent::Resumed,
            AgentEvent::Restarted,
            AgentEvent::Paused,
            AgentEvent::TurnOpened { turn: turn() },
        ] {
            assert!(AgentState::Archived.on(event).is_err(), "{event:?}");
        }
        assert!(Intent::Restart.meets(AgentState::Archived).is_err());
    }

    #[test]
    fn a_turn_is_opened_only_from_the_queue() {
        let open = AgentEvent::TurnOpened { turn: turn() };
        assert_eq!(
            AgentState::Queued.on(open),
            Ok(AgentState::Provisioning { turn: turn() })
        );
        assert!(AgentState::Idle.on(open).is_err());
        assert!(AgentState::Running { turn: turn() }.on(open).is_err());
    }

    #[test]
    fn every_intent_that_is_an_event_is_legal_in_its_state() {
        let states = AgentState::NAMES.map(|name| {
            let open = matches!(name, "provisioning" | "running").then_some(turn());
            AgentState::from_parts(name, open).unwrap()
        });
        for state in states {
            for intent in Intent::ALL {
                if let Ok(Some(event)) = intent.meets(state) {
                    assert!(state.on(event).is_ok(), "{intent:?} in {state:?}");
                }
            }
        }
    }

    #[test]
    fn states_read_back_from_their_columns_and_contradictions_do_not() {
        for state in [AgentState::Idle, AgentState::Running { turn: turn() }] {
            assert_eq!(
                AgentState::from_parts(state.name(), state.turn()),
                Some(state)
            );
        }
        assert_eq!(AgentState::from_parts("running", None), None);
        assert_eq!(AgentState::from_parts("idle", Some(turn())), None);
    }

    #[test]
    fn the_picture_in_the_docs_is_this_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/states/agent.mmd");
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        assert_eq!(
            kept,
            picture(),
            "write the new picture to docs/states/agent.mmd"
        );
    }
}
