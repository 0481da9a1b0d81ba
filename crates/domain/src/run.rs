//! How a run ended: from what the runner saw and what the agent said to one outcome.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{
    transcript::Facts,
    wire::runner::{EndCause, Ended},
};

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
                "install the agent program with `scripts/install-agents`, then resume the agent"
            }
            Self::Crash => {
                "look at the turn's log for the last lines; `optio agent resume` tries again"
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
            Self::Sandbox => "run `optio doctor` on the machine that hosts the sandboxes",
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

/// How a run went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The agent finished its work.
    Done,
    /// It was stopped because we asked.
    Stopped,
    /// It failed.
    Failed(Failure),
}

/// What a run used, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    /// Dollars of this run alone.
    pub cost_usd: Option<Decimal>,
    /// Tokens sent.
    pub input_tokens: Option<i64>,
    /// Tokens received.
    pub output_tokens: Option<i64>,
}

/// How long a rate limit without a stated end is waited for: one minute, doubled with each
/// further one, at most a quarter of an hour.
const RATE_LIMIT_PAUSE: TimeDelta = TimeDelta::minutes(1);
const RATE_LIMIT_PAUSE_MAX: TimeDelta = TimeDelta::minutes(15);

/// When to try again after a rate limit.
#[must_use]
pub fn rate_limit_ends(failure: &Failure, limits_in_row: u32, now: DateTime<Utc>) -> DateTime<Utc> {
    let doubled = RATE_LIMIT_PAUSE * 2_i32.pow(limits_in_row.min(4));
    failure
        .retry_at
        .filter(|at| now < *at)
        .unwrap_or(now + doubled.min(RATE_LIMIT_PAUSE_MAX))
}

/// Judges a run. The vendor's terminal event decides; who ended the process comes first where it
/// was not the process itself; exit codes only break ties, and words in the log decide nothing.
#[must_use]
pub fn judge(ended: &Ended, facts: &Facts) -> Verdict {
    let detail = || ended.detail.clone().unwrap_or_default();
    let fail = |class, message: String| Verdict::Failed(Failure::new(class, message));
    match ended.cause {
        EndCause::Stopped => Verdict::Stopped,
        EndCause::Duration => fail(
            FailureClass::Timeout,
            words("the turn's time limit was reached", ended),
        ),
        EndCause::Silence => fail(
            FailureClass::Silence,
            words("the agent printed nothing for too long", ended),
        ),
        EndCause::Output => fail(
            FailureClass::OutputLimit,
            words("the agent printed too much", ended),
        ),
        EndCause::Missing => fail(
            FailureClass::AgentMissing,
            words("the agent program is not there", ended),
        ),
        EndCause::SpawnFailed => fail(
            FailureClass::Sandbox,
            words("the agent could not be started", ended),
        ),
        EndCause::JournalFailed => fail(
            FailureClass::Storage,
            words("the runner could not write its journal", ended),
        ),
        EndCause::RunnerDied if facts.end.is_none() => fail(
            FailureClass::Crash,
            format!("the runner died under the run {}", detail())
                .trim_end()
                .to_owned(),
        ),
        EndCause::Exited | EndCause::RunnerDied => judge_exit(ended, facts),
    }
}

fn judge_exit(ended: &Ended, facts: &Facts) -> Verdict {
    if facts.session_unknown {
        return Verdict::Failed(Failure::new(
            FailureClass::Session,
            "the agent no longer knows the session it was to resume",
        ));
    }
    match &facts.end {
        Some(end) if end.success => Verdict::Done,
        Some(end) => Verdict::Failed(failed_end(end, facts)),
        None => Verdict::Failed(without_end(ended, facts)),
    }
}

fn failed_end(end: &crate::transcript::End, facts: &Facts) -> Failure {
    let said = || {
        if end.summary.is_empty() {
            "no reason given".to_owned()
        } else {
            end.summary.clone()
        }
    };
    match (&facts.trouble, end.class) {
        (_, Some(class)) => {
            let retry_at = facts
                .trouble
                .as_ref()
                .filter(|t| t.class == class)
                .and_then(|t| t.retry_at);
            Failure {
                class,
                message: said(),
                retry_at,
            }
        }
        (Some(trouble), None) => Failure {
            class: trouble.class,
            message: said(),
            retry_at: trouble.retry_at,
        },
        (None, None) => Failure::new(
            FailureClass::Crash,
            format!("the agent reported an error: {}", said()),
        ),
    }
}

fn without_end(ended: &Ended, facts: &Facts) -> Failure {
    let tail = facts.stderr_tail.join(" · ");
    let tail = if tail.is_empty() {
        String::new()
    } else {
        format!("; it said: {tail}")
    };
    if let Some(signal) = ended.signal {
        return Failure::new(
            FailureClass::Crash,
            format!("the agent died by signal {signal}{tail}"),
        );
    }
    let code = ended
        .code
        .map_or_else(|| "unknown".to_owned(), |code| code.to_string());
    if 0 < facts.lines && facts.garbage_lines == facts.lines {
        let message =
            format!("the agent printed nothing in its own format (exit code {code}){tail}");
        return Failure::new(FailureClass::Protocol, message);
    }
    if let Some(trouble) = &facts.trouble {
        return Failure {
            class: trouble.class,
            message: trouble.message.clone(),
            retry_at: trouble.retry_at,
        };
    }
    let message = format!("the agent ended without a result (exit code {code}){tail}");
    Failure::new(FailureClass::Crash, message)
}

fn words(what: &str, ended: &Ended) -> String {
    match &ended.detail {
        Some(detail) => format!("{what}: {detail}"),
        None => what.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transcript::{End, Fact};

    fn ended(cause: EndCause, code: Option<i32>, signal: Option<i32>) -> Ended {
        Ended {
            cause,
            code,
            signal,
            detail: None,
        }
    }

    fn end(success: bool) -> Fact {
        Fact::End(End {
            success,
            summary: "said".to_owned(),
            cost_usd: None,
            input_tokens: None,
            output_tokens: None,
            class: None,
        })
    }

    fn class(verdict: Verdict) -> FailureClass {
        match verdict {
            Verdict::Failed(failure) => failure.class,
            Verdict::Done | Verdict::Stopped => panic!("{verdict:?} is no failure"),
        }
    }

    #[test]
    fn the_terminal_event_decides_and_the_exit_code_does_not() {
        let mut facts = Facts::default();
        facts.learn(end(true));
        assert_eq!(
            judge(&ended(EndCause::Exited, Some(1), None), &facts),
            Verdict::Done
        );
        assert_eq!(
            judge(&ended(EndCause::RunnerDied, None, None), &facts),
            Verdict::Done
        );
    }

    #[test]
    fn exit_code_zero_without_a_result_is_a_crash() {
        let verdict = judge(&ended(EndCause::Exited, Some(0), None), &Facts::default());
        assert_eq!(class(verdict), FailureClass::Crash);
    }

    #[test]
    fn only_garbage_is_a_protocol_failure() {
        let facts = Facts {
            lines: 3,
            garbage_lines: 3,
            ..Facts::default()
        };
        let verdict = judge(&ended(EndCause::Exited, Some(0), None), &facts);
        assert_eq!(class(verdict), FailureClass::Protocol);
    }

    #[test]
    fn a_signal_is_named() {
        let verdict = judge(&ended(EndCause::Exited, None, Some(9)), &Facts::default());
        assert!(matches!(verdict, Verdict::Failed(f) if f.message.contains("signal 9")));
    }

    #[test]
    fn trouble_of_the_model_api_gives_a_failed_end_its_class() {
        let mut facts = Facts::default();
        facts.learn(Fact::ApiTrouble {
            class: FailureClass::Auth,
            message: "401".to_owned(),
            retry_at: None,
        });
        facts.learn(end(false));
        assert_eq!(
            class(judge(&ended(EndCause::Exited, Some(1), None), &facts)),
            FailureClass::Auth
        );
    }

    #[test]
    fn a_limit_that_ended_the_run_comes_before_what_it_said() {
        let mut facts = Facts::default();
        facts.learn(end(true));
        let verdict = judge(&ended(EndCause::Duration, None, Some(9)), &facts);
        assert_eq!(class(verdict), FailureClass::Timeout);
    }

    #[test]
    fn a_rate_limit_is_waited_out_to_its_stated_end_or_ever_longer() {
        let now: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().unwrap();
        let stated = Failure {
            retry_at: Some(now + TimeDelta::hours(2)),
            ..Failure::new(FailureClass::RateLimit, "429")
        };
        assert_eq!(rate_limit_ends(&stated, 0, now), now + TimeDelta::hours(2));
        let silent = Failure::new(FailureClass::RateLimit, "429");
        assert_eq!(
            rate_limit_ends(&silent, 0, now),
            now + TimeDelta::minutes(1)
        );
        assert_eq!(
            rate_limit_ends(&silent, 9, now),
            now + TimeDelta::minutes(15)
        );
    }
}
