//! Why runs fail and turns halt, in the words of the API.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Why a run failed, as a class that decides what happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// The vendor refused the credentials.
    Auth,
    /// The vendor's rate limit; ends by itself.
    RateLimit,
    /// The agent program is not installed.
    AgentMissing,
    /// The process died, or ended without saying how it went.
    Crash,
    /// The turn's time limit.
    Timeout,
    /// It printed nothing for too long.
    Silence,
    /// It printed too much.
    OutputLimit,
    /// The money limit.
    Budget,
    /// It did not speak its own format.
    Protocol,
    /// The limit of model calls in one turn.
    MaxTurns,
    /// The conversation no longer fits the model.
    Context,
    /// The model API failed or was overloaded.
    Api,
    /// The vendor no longer knows the session.
    Session,
    /// The sandbox could not be had.
    Sandbox,
    /// The disk of the sandbox is full or cannot be written.
    Storage,
}

impl FailureClass {
    /// The word used in SQL and HTTP.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::RateLimit => "rate_limit",
            Self::AgentMissing => "agent_missing",
            Self::Crash => "crash",
            Self::Timeout => "timeout",
            Self::Silence => "silence",
            Self::OutputLimit => "output_limit",
            Self::Budget => "budget",
            Self::Protocol => "protocol",
            Self::MaxTurns => "max_turns",
            Self::Context => "context",
            Self::Api => "api",
            Self::Session => "session",
            Self::Sandbox => "sandbox",
            Self::Storage => "storage",
        }
    }

    /// What a person can do about it.
    #[must_use]
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Auth => {
                "set a valid ANTHROPIC_API_KEY or CLAUDE_CODE_OAUTH_TOKEN where the control plane \
                 starts, restart it, then resume the agent"
            }
            Self::RateLimit => "wait: the agent goes on by itself when the limit ends",
            Self::AgentMissing => {
                "install the agent program with `scripts/install-agents` (where sandboxes are pods: into their image), then resume \
                 the agent"
            }
            Self::Crash => {
                "look at the log for its last lines, then have it tried again (`optio agent resume`, \
                 `optio task retry`, `optio run retry`)"
            }
            Self::Timeout => "raise the agent's maxTurnDurationMs, or give it smaller tasks",
            Self::Silence => {
                "look at the turn's log for what it waited for; raise silence_ms_max if that is usual"
            }
            Self::OutputLimit => {
                "look at the turn's log for what printed so much; raise output_bytes_max if that is usual"
            }
            Self::Budget => "raise the budget, or give it smaller tasks",
            Self::Protocol => {
                "the program did not speak its documented format: check that the pinned version is installed \
                 (`optio doctor`)"
            }
            Self::MaxTurns => "raise the agent's maxTurns, or give it smaller tasks",
            Self::Context => {
                "restart the agent: it begins a fresh session and keeps its /workspace"
            }
            Self::Api => {
                "check the model API's status and ANTHROPIC_BASE_URL; the agent tries again by itself"
            }
            Self::Session => "nothing: the agent begins a fresh session by itself",
            Self::Sandbox => {
                "do what it says; `optio doctor`, with the settings of the control plane, looks for what is wrong with sandboxes"
            }
            Self::Storage => "free disk space below the data directory, then resume the agent",
        }
    }

    /// Whether it says something about the agent's own health: only such failures count towards
    /// its limit and towards a message's attempts.
    #[must_use]
    pub fn counts(self) -> bool {
        !matches!(self, Self::RateLimit | Self::Session)
    }
}

/// Why a turn halted, in the words of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HaltReason {
    /// The agent finished.
    Natural,
    /// The agent asked to wait for something.
    WaitTool,
    /// The turn's time limit.
    MaxDuration,
    /// The limit of model calls.
    MaxTurns,
    /// The money limit.
    Budget,
    /// An interrupting message came.
    Interrupted,
    /// A person paused, restarted, archived or deleted the agent.
    Cancelled,
    /// It failed.
    Error,
}

impl HaltReason {
    /// The word used in SQL and HTTP.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Natural => "natural",
            Self::WaitTool => "wait_tool",
            Self::MaxDuration => "max_duration",
            Self::MaxTurns => "max_turns",
            Self::Budget => "budget",
            Self::Interrupted => "interrupted",
            Self::Cancelled => "cancelled",
            Self::Error => "error",
        }
    }
}

/// A failure with its class and its words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The class.
    pub class: FailureClass,
    /// What happened.
    pub message: String,
    /// When it is worth trying again, where that is known.
    pub retry_at: Option<DateTime<Utc>>,
}

impl Failure {
    /// A failure of a class, in words.
    #[must_use]
    pub fn new(class: FailureClass, message: impl Into<String>) -> Self {
        Self {
            class,
            message: message.into(),
            retry_at: None,
        }
    }

    /// The halt reason that goes with it.
    #[must_use]
    pub fn halt(&self) -> HaltReason {
        match self.class {
            FailureClass::Timeout => HaltReason::MaxDuration,
            FailureClass::MaxTurns => HaltReason::MaxTurns,
            FailureClass::Budget => HaltReason::Budget,
            FailureClass::Auth
            | FailureClass::RateLimit
            | FailureClass::AgentMissing
            | FailureClass::Crash
            | FailureClass::Silence
            | FailureClass::OutputLimit
            | FailureClass::Protocol
            | FailureClass::Context
            | FailureClass::Api
            | FailureClass::Session
            | FailureClass::Sandbox
            | FailureClass::Storage => HaltReason::Error,
        }
    }
}
