//! What the end of a task's run means: for the task, for its mail, and for what comes next.

use chrono::{DateTime, TimeDelta, Utc};

use super::{TaskEvent, seen::TaskType};
use crate::{
    agent::{closing::MailFate, seen::Hold},
    run::{Failure, FailureClass, Verdict, rate_limit_ends},
};

/// The pause before the first retry; doubled with each further one.
const RETRY_PAUSE: TimeDelta = TimeDelta::seconds(5);

/// What a run came to, as far as closing it depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Past {
    /// What the task is for.
    pub kind: TaskType,
    /// Whether the run was only to plan.
    pub planned: bool,
    /// Whether its branch has an open pull request, asked of the host after the run.
    pub pull_open: bool,
    /// Retries so far.
    pub retries: i32,
    /// How many there may be.
    pub retries_max: i32,
    /// Rate limits in a row so far.
    pub rate_limits: i32,
    /// Whether its budget is spent.
    pub spent: bool,
}

/// What the end of a run means.
#[derive(Debug, Clone, PartialEq)]
pub struct Closing {
    /// What happens to the task.
    pub event: TaskEvent,
    /// Why, in words for people.
    pub reason: String,
    /// What went wrong.
    pub failure: Option<Failure>,
    /// What becomes of the run's mail.
    pub mail: MailFate,
    /// Retries from now on.
    pub retries: i32,
    /// Rate limits in a row from now on.
    pub rate_limits: i32,
    /// Not before this, and why.
    pub hold: Option<Hold>,
    /// Whether the vendor's session must be forgotten.
    pub forget_session: bool,
}

/// Decides what the end of a run means. A pull request that is open counts whatever the agent says of
/// itself, and none counts because the agent says so.
#[must_use]
pub fn closing(verdict: &Verdict, past: Past, now: DateTime<Utc>) -> Closing {
    let done = |event, reason: &str| Closing {
        event,
        reason: reason.to_owned(),
        failure: None,
        mail: MailFate::Consumed,
        retries: past.retries,
        rate_limits: 0,
        hold: None,
        forget_session: false,
    };
    let failure = match verdict {
        Verdict::Failed(failure) => Some(failure),
        Verdict::Done | Verdict::Stopped => None,
    };
    if past.kind == TaskType::Coding && past.pull_open && !past.planned && !limited(failure) {
        return Closing {
            failure: failure.cloned(),
            ..done(TaskEvent::PullSeen, "its pull request is open")
        };
    }
    match (verdict, past.kind, past.planned) {
        (Verdict::Done, TaskType::Review, _) => done(TaskEvent::Finished, "the review is written"),
        (Verdict::Done, TaskType::Job, _) => done(TaskEvent::Finished, "its agent is done"),
        (Verdict::Done, TaskType::Coding, true) => done(
            TaskEvent::Asked,
            "plan_review: read the plan, then resume it with what you think of it",
        ),
        (Verdict::Done, TaskType::Coding, false) => done(
            TaskEvent::Asked,
            "completed_without_pr: the agent says it is done, and its branch has no pull request",
        ),
        (Verdict::Stopped, ..) => Closing {
            mail: MailFate::Untouched,
            ..done(TaskEvent::TriedAgain, "its run was ended from outside")
        },
        (Verdict::Failed(failure), ..) => failed(failure, past, now),
    }
}

/// Work that was cut short by a limit goes on when the limit ends, pull request or not.
fn limited(failure: Option<&Failure>) -> bool {
    failure.is_some_and(|failure| failure.class == FailureClass::RateLimit)
}

fn failed(failure: &Failure, past: Past, now: DateTime<Utc>) -> Closing {
    let again = Closing {
        event: TaskEvent::TriedAgain,
        reason: failure.message.clone(),
        failure: Some(failure.clone()),
        mail: MailFate::Untouched,
        retries: past.retries,
        rate_limits: past.rate_limits,
        hold: None,
        forget_session: failure.class == FailureClass::Session,
    };
    if failure.class == FailureClass::RateLimit {
        let until = rate_limit_ends(failure, u32::try_from(past.rate_limits).unwrap_or(0), now);
        let reason = format!("the vendor's rate limit to end: {}", failure.message);
        return Closing {
            rate_limits: past.rate_limits.saturating_add(1),
            hold: Some(Hold { until, reason }),
            ..again
        };
    }
    if !failure.class.counts() {
        return again;
    }
    // Without money there is nothing to try again with.
    if past.spent || past.retries_max <= past.retries {
        return Closing {
            event: TaskEvent::GaveUp,
            mail: MailFate::GivenBack,
            ..again
        };
    }
    let exponent = u32::try_from(past.retries.clamp(0, 10)).unwrap_or(0);
    let until = now + RETRY_PAUSE * 2_i32.pow(exponent);
    let reason = format!(
        "a pause before retry {}: {}",
        past.retries + 1,
        failure.message
    );
    Closing {
        mail: MailFate::GivenBack,
        retries: past.retries + 1,
        hold: Some(Hold { until, reason }),
        ..again
    }
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

    const CODING: Past = Past {
        kind: TaskType::Coding,
        planned: false,
        pull_open: false,
        retries: 0,
        retries_max: 3,
        rate_limits: 0,
        spent: false,
    };

    #[test]
    fn a_pull_request_counts_and_the_agents_word_for_it_does_not() {
        let open = Past {
            pull_open: true,
            ..CODING
        };
        for verdict in [Verdict::Done, fail(FailureClass::Crash)] {
            assert_eq!(closing(&verdict, open, now()).event, TaskEvent::PullSeen);
        }
        let lied = closing(&Verdict::Done, CODING, now());
        assert_eq!(lied.event, TaskEvent::Asked);
        assert!(lied.reason.starts_with("completed_without_pr"));
    }

    #[test]
    fn a_plan_waits_for_a_person_whatever_is_open() {
        let planned = Past {
            planned: true,
            pull_open: true,
            ..CODING
        };
        let plan = closing(&Verdict::Done, planned, now());
        assert_eq!(plan.event, TaskEvent::Asked);
        assert!(plan.reason.starts_with("plan_review"));
    }

    #[test]
    fn failures_are_tried_again_after_growing_pauses_and_then_no_more() {
        for (retries, seconds) in [(0, 5), (1, 10), (2, 20)] {
            let again = closing(
                &fail(FailureClass::Crash),
                Past { retries, ..CODING },
                now(),
            );
            assert_eq!(
                (again.event, again.retries),
                (TaskEvent::TriedAgain, retries + 1)
            );
            assert_eq!(
                again.hold.unwrap().until,
                now() + TimeDelta::seconds(seconds)
            );
        }
        let last = closing(
            &fail(FailureClass::Crash),
            Past {
                retries: 3,
                ..CODING
            },
            now(),
        );
        assert_eq!((last.event, last.hold), (TaskEvent::GaveUp, None));
    }

    #[test]
    fn a_jobs_run_is_done_when_its_agent_is_and_not_tried_again_without_money() {
        let job = Past {
            kind: TaskType::Job,
            ..CODING
        };
        assert_eq!(
            closing(&Verdict::Done, job, now()).event,
            TaskEvent::Finished
        );
        let crash = fail(FailureClass::Crash);
        assert_eq!(closing(&crash, job, now()).event, TaskEvent::TriedAgain);
        let spent = Past { spent: true, ..job };
        assert_eq!(closing(&crash, spent, now()).event, TaskEvent::GaveUp);
    }

    #[test]
    fn a_rate_limit_is_waited_out_and_counts_for_nothing_even_with_a_pull_request() {
        let past = Past {
            pull_open: true,
            retries: 3,
            ..CODING
        };
        let limited = closing(&fail(FailureClass::RateLimit), past, now());
        assert_eq!(limited.event, TaskEvent::TriedAgain);
        assert_eq!((limited.retries, limited.mail), (3, MailFate::Untouched));
        assert!(limited.hold.is_some());
    }

    #[test]
    fn an_unknown_session_is_forgotten_and_tried_again_at_once() {
        let closed = closing(&fail(FailureClass::Session), CODING, now());
        assert!(closed.forget_session && closed.hold.is_none());
        assert_eq!(closed.event, TaskEvent::TriedAgain);
    }
}
