//! What closing a turn means: for its mail, for the agent, and for what comes next.

use chrono::{DateTime, TimeDelta, Utc};

use super::{AgentEvent, Lifecycle, seen::Hold};
use crate::run::{Failure, FailureClass, HaltReason, Verdict, rate_limit_ends};

/// The pause after a failure: doubled with each further one.
const FAILURE_PAUSE: TimeDelta = TimeDelta::seconds(1);
const FAILURE_PAUSE_MAX: TimeDelta = TimeDelta::minutes(5);

/// What closing a turn means for everything around it.
#[derive(Debug, Clone, PartialEq)]
pub struct Closing {
    /// The agent's event: it goes on, or gives up.
    pub event: AgentEvent,
    /// Why the turn halted.
    pub halt: HaltReason,
    /// What went wrong.
    pub failure: Option<Failure>,
    /// What becomes of its mail.
    pub mail: MailFate,
    /// Failures in a row from now on.
    pub failures: i32,
    /// Rate limits in a row from now on.
    pub rate_limits: i32,
    /// Not before this, and why.
    pub hold: Option<Hold>,
    /// Whether the vendor's session must be forgotten.
    pub forget_session: bool,
}

/// What becomes of a turn's mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailFate {
    /// It fed a turn that succeeded.
    Consumed,
    /// Back into the inbox, one attempt older.
    GivenBack,
    /// Back into the inbox as if nothing had been: the failure was not the agent's.
    Untouched,
}

/// What came before, as far as closing a turn depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Past {
    /// Failures in a row.
    pub failures: i32,
    /// How many are too many.
    pub failure_limit: i32,
    /// Rate limits in a row.
    pub rate_limits: i32,
}

/// Decides what closing a turn means.
#[must_use]
pub fn closing(verdict: &Verdict, past: Past, now: DateTime<Utc>) -> Closing {
    let quiet = Closing {
        event: AgentEvent::TurnClosed,
        halt: HaltReason::Natural,
        failure: None,
        mail: MailFate::Consumed,
        failures: 0,
        rate_limits: 0,
        hold: None,
        forget_session: false,
    };
    match verdict {
        Verdict::Done => quiet,
        Verdict::Stopped => Closing {
            halt: HaltReason::Cancelled,
            mail: MailFate::Untouched,
            failures: past.failures,
            ..quiet
        },
        Verdict::Failed(failure) => failed(failure, past, quiet, now),
    }
}

fn failed(failure: &Failure, past: Past, quiet: Closing, now: DateTime<Utc>) -> Closing {
    let base = Closing {
        halt: failure.halt(),
        failure: Some(failure.clone()),
        mail: MailFate::Untouched,
        failures: past.failures,
        rate_limits: past.rate_limits,
        ..quiet
    };
    if failure.class == FailureClass::RateLimit {
        let until = rate_limit_ends(failure, u32::try_from(past.rate_limits).unwrap_or(0), now);
        let reason = format!("the vendor's rate limit to end: {}", failure.message);
        let rate_limits = past.rate_limits.saturating_add(1);
        return Closing {
            rate_limits,
            hold: Some(Hold { until, reason }),
            ..base
        };
    }
    if !failure.class.counts() {
        return Closing {
            forget_session: failure.class == FailureClass::Session,
            ..base
        };
    }
    let failures = past.failures.saturating_add(1);
    let gives_up = past.failure_limit <= failures;
    let exponent = u32::try_from(failures.clamp(0, 9)).unwrap_or(0);
    let pause = (FAILURE_PAUSE * 2_i32.pow(exponent)).min(FAILURE_PAUSE_MAX);
    let reason = format!("a pause after failure {failures}: {}", failure.message);
    Closing {
        event: if gives_up {
            AgentEvent::GaveUp
        } else {
            AgentEvent::TurnClosed
        },
        mail: MailFate::GivenBack,
        failures,
        hold: (!gives_up).then_some(Hold {
            until: now + pause,
            reason,
        }),
        ..base
    }
}

/// A closing that a person caused: the mail goes back as if nothing had been.
#[must_use]
pub fn cancelled(failures: i32) -> Closing {
    Closing {
        event: AgentEvent::TurnClosed,
        halt: HaltReason::Cancelled,
        failure: None,
        mail: MailFate::Untouched,
        failures,
        rate_limits: 0,
        hold: None,
        forget_session: false,
    }
}

/// Until when a sandbox is kept once a turn has closed.
#[must_use]
pub fn keep_after(
    lifecycle: Lifecycle,
    idle_ms: i64,
    more_mail: bool,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    // With more mail waiting the next turn follows at once: taking the sandbox down in between
    // would only make the agent slower.
    let at = if more_mail {
        now + TimeDelta::seconds(30)
    } else {
        now
    };
    lifecycle.keep_until(idle_ms, at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-01-01T12:00:00Z".parse().unwrap()
    }

    fn fail(class: FailureClass) -> Verdict {
        Verdict::Failed(Failure::new(class, "why"))
    }

    const FRESH: Past = Past {
        failures: 0,
        failure_limit: 3,
        rate_limits: 0,
    };

    #[test]
    fn only_a_finished_turn_consumes_its_mail() {
        assert_eq!(
            closing(&Verdict::Done, FRESH, now()).mail,
            MailFate::Consumed
        );
        assert_eq!(
            closing(&Verdict::Stopped, FRESH, now()).mail,
            MailFate::Untouched
        );
        assert_eq!(
            closing(&fail(FailureClass::Crash), FRESH, now()).mail,
            MailFate::GivenBack
        );
    }

    #[test]
    fn failures_in_a_row_lead_to_failed_and_a_success_forgives_them() {
        let past = Past {
            failures: 2,
            ..FRESH
        };
        let last = closing(&fail(FailureClass::Crash), past, now());
        assert_eq!((last.event, last.failures), (AgentEvent::GaveUp, 3));
        assert_eq!(closing(&Verdict::Done, past, now()).failures, 0);
    }

    #[test]
    fn a_rate_limit_waits_and_is_nobodys_fault() {
        let past = Past {
            failures: 2,
            ..FRESH
        };
        let limited = closing(&fail(FailureClass::RateLimit), past, now());
        assert_eq!(limited.event, AgentEvent::TurnClosed);
        assert_eq!((limited.failures, limited.mail), (2, MailFate::Untouched));
        assert_eq!(limited.hold.unwrap().until, now() + TimeDelta::minutes(1));
    }

    #[test]
    fn an_unknown_session_is_forgotten_and_tried_again_at_once() {
        let closed = closing(&fail(FailureClass::Session), FRESH, now());
        assert!(closed.forget_session && closed.hold.is_none());
        assert_eq!(closed.mail, MailFate::Untouched);
    }

    #[test]
    fn pauses_after_failures_grow_and_end() {
        let pause = |failures| {
            let past = Past {
                failures,
                failure_limit: 100,
                rate_limits: 0,
            };
            closing(&fail(FailureClass::Crash), past, now())
                .hold
                .unwrap()
                .until
                - now()
        };
        assert_eq!(pause(0), TimeDelta::seconds(2));
        assert_eq!(pause(1), TimeDelta::seconds(4));
        assert_eq!(pause(50), TimeDelta::minutes(5));
    }
}
