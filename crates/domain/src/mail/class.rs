//! What a message does to its receiver.

use serde::{Deserialize, Serialize};

use crate::agent::AgentState;

/// What a message does to its receiver.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Wakes it, and is read in the order of acceptance.
    #[default]
    Work,
    /// Does not wake it; is read with whatever wakes it next.
    Notify,
    /// Wakes it and is read first.
    Interrupt,
    /// Ends its open turn.
    Stop,
}

impl Class {
    /// All there are.
    pub const ALL: [Self; 4] = [Self::Work, Self::Notify, Self::Interrupt, Self::Stop];

    /// The word used in SQL and HTTP.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Work => "work",
            Self::Notify => "notify",
            Self::Interrupt => "interrupt",
            Self::Stop => "stop",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == text)
    }

    /// Whether a message of this class is a reason to open a turn.
    #[must_use]
    pub fn wakes(self) -> bool {
        match self {
            Self::Work | Self::Interrupt => true,
            Self::Notify | Self::Stop => false,
        }
    }
}

/// How an interrupt reaches an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Delivery {
    /// The turn that runs now is told.
    RunningTurn,
    /// It is the first mail of the next turn.
    NextTurn,
}

impl Delivery {
    /// The word used in HTTP.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RunningTurn => "running-turn",
            Self::NextTurn => "next-turn",
        }
    }
}

/// How an interrupt reaches an agent in this state. Only a process that runs can be told something,
/// and only where its program listens while it works.
#[must_use]
pub fn delivery(state: AgentState, steerable: bool) -> Delivery {
    match state {
        AgentState::Running { .. } if steerable => Delivery::RunningTurn,
        AgentState::Running { .. }
        | AgentState::Provisioning { .. }
        | AgentState::Idle
        | AgentState::Queued
        | AgentState::Paused
        | AgentState::Failed
        | AgentState::Archived => Delivery::NextTurn,
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::id::TurnId;

    #[test]
    fn every_class_reads_back_and_only_work_and_interrupts_wake() {
        for class in Class::ALL {
            assert_eq!(Class::parse(class.name()), Some(class));
        }
        let waking: Vec<_> = Class::ALL.into_iter().filter(|it| it.wakes()).collect();
        assert_eq!(waking, [Class::Work, Class::Interrupt]);
        assert_eq!(Class::parse("Work"), None);
    }

    #[test]
    fn only_a_running_and_steerable_turn_is_told_at_once() {
        let turn = TurnId(Uuid::from_u128(1));
        for name in AgentState::NAMES {
            let open = matches!(name, "provisioning" | "running").then_some(turn);
            let state = AgentState::from_parts(name, open).unwrap();
            assert_eq!(delivery(state, false), Delivery::NextTurn, "{name}");
            let told = if name == "running" {
                Delivery::RunningTurn
            } else {
                Delivery::NextTurn
            };
            assert_eq!(delivery(state, true), told, "{name}");
        }
    }
}
