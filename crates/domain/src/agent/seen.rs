//! What an agent's plan looks at.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Intent,
    breaker::{Breaker, Wakes},
};
use crate::{
    id::{RunId, TurnId},
    ports::SandboxState,
    run::Verdict,
};

/// Everything the plan looks at.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Whether the agent takes turns at all.
    pub enabled: bool,
    /// What a person asked for and was not done yet.
    pub intent: Option<Intent>,
    /// Whether every trace is to be removed.
    pub deleting: bool,
    /// Messages that wait.
    pub pending: i64,
    /// Those of them that are a reason to open a turn.
    pub waking: i64,
    /// Interrupts that wait.
    pub interrupts_pending: i64,
    /// Whether a stop message wants the open turn ended.
    pub stop: bool,
    /// How often it was woken lately.
    pub wakes: Wakes,
    /// How often is too often.
    pub breaker: Breaker,
    /// Why it was paused by itself.
    pub pause_reason: Option<String>,
    /// Not before this, and why.
    pub hold: Option<Hold>,
    /// Turns that are open, of all agents.
    pub turns_open: i64,
    /// Whether other agents wait for room.
    pub others_queued: bool,
    /// Turns that may be open at once.
    pub turns_max: i64,
    /// The open turn, in the two states that have one.
    pub turn: Option<OpenTurn>,
    /// A run that is not known to be gone although its turn is closed.
    pub lingering: Option<Lingering>,
    /// The sandbox, while there is one.
    pub sandbox: Option<Kept>,
    /// Whether the sandbox's runner can be spoken to.
    pub link: Link,
}

/// How much the clocks of two control planes may differ.
const CLOCKS_DIFFER_MAX: TimeDelta = TimeDelta::seconds(5);

/// A pause with its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Until when.
    pub until: DateTime<Utc>,
    /// Why, in words.
    pub reason: String,
}

impl Hold {
    /// Whether it stands. One that was given in what is the future by now was given by a clock that
    /// has been set back since, and would last for as long as that clock was ahead.
    #[must_use]
    pub fn stands(&self, given: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
        given.is_none_or(|given| given <= now + CLOCKS_DIFFER_MAX)
    }
}

/// The open turn.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenTurn {
    /// Which.
    pub turn: TurnId,
    /// When it must be running.
    pub provision_until: DateTime<Utc>,
    /// How long it may run, in milliseconds.
    pub duration_ms: i64,
    /// How far its run is.
    pub run: RunSeen,
    /// Whether its process takes further input.
    pub takes_input: bool,
    /// Since when its runner has not answered for something the turn was given while it ran.
    pub unanswered_since: Option<DateTime<Utc>>,
}

/// How far a run is.
#[derive(Debug, Clone, PartialEq)]
pub enum RunSeen {
    /// No runner was given it.
    Unsent,
    /// A runner was given it.
    Sent {
        /// When.
        at: DateTime<Utc>,
    },
    /// Its process runs.
    Started {
        /// Since when.
        at: DateTime<Utc>,
    },
    /// It is over and nothing of it is alive.
    Ended(Verdict),
}

/// A run whose turn is closed but whose process may still be alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lingering {
    /// Which.
    pub run: RunId,
    /// When its end was first asked for.
    pub stop_asked: Option<DateTime<Utc>>,
}

/// A sandbox that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// Until when it is kept without work; `None` is without end.
    pub until: Option<DateTime<Utc>>,
}

/// Whether a sandbox's runner can be spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// It is connected.
    Connected {
        /// Whether it holds the open turn's run.
        holds_run: bool,
    },
    /// It is not.
    Away {
        /// Whether its process is there.
        runner: SandboxState,
    },
}

impl Link {
    /// What a run says whose sandbox was not ready in time, with what was in its way.
    #[must_use]
    pub(crate) fn late(&self, what: &str) -> String {
        match self {
            Self::Away {
                runner: SandboxState::Held(words),
            } => format!("{what}: {words}"),
            Self::Connected { .. } | Self::Away { .. } => what.to_owned(),
        }
    }
}

impl SandboxState {
    /// What a runner that is to dial in is waited for, and on whom that depends.
    #[must_use]
    pub(crate) fn awaited(&self) -> (String, &'static str) {
        match self {
            Self::Alive | Self::Gone => {
                ("the sandbox's runner to dial in".to_owned(), "the runner")
            }
            Self::Held(words) => (format!("a sandbox: {words}"), "whoever runs the cluster"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_that_was_given_in_the_future_does_not_stand() {
        let now: DateTime<Utc> = "2026-01-01T12:00:00Z".parse().unwrap();
        let hold = Hold {
            until: now + TimeDelta::hours(1),
            reason: "a pause".to_owned(),
        };
        let given = |seconds| Some(now + TimeDelta::seconds(seconds));
        assert!(hold.stands(None, now));
        assert!(hold.stands(given(-1), now));
        assert!(hold.stands(given(2), now), "clocks differ a little");
        assert!(!hold.stands(given(3_598), now));
    }
}
