//! How a run ended: from what the runner saw and what the agent said to one outcome.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use crate::{
    transcript::Facts,
    wire::runner::{EndCause, Ended},
};

mod failure;
pub mod files;
pub mod watch;

pub use failure::{Failure, FailureClass, HaltReason};

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
        EndCause::Unprepared => fail(
            FailureClass::Sandbox,
            words("the workspace could not be prepared", ended),
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
        EndCause::Exited | EndCause::Finished | EndCause::RunnerDied => judge_exit(ended, facts),
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
    fn a_worktree_that_could_not_be_prepared_is_the_sandboxs_failure_with_its_words() {
        let ended = Ended {
            detail: Some("no branch main".to_owned()),
            ..ended(EndCause::Unprepared, None, None)
        };
        let verdict = judge(&ended, &Facts::default());
        let Verdict::Failed(failure) = verdict else {
            panic!("{verdict:?} is no failure")
        };
        assert_eq!(failure.class, FailureClass::Sandbox);
        assert!(
            failure.message.contains("no branch main"),
            "{}",
            failure.message
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
