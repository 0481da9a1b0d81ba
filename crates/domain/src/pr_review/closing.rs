//! What the end of a review's run means: for the review, for its draft, and for what comes next.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    PrReviewEvent, RunKind,
    draft::{self, Draft},
};
use crate::{
    agent::seen::Hold,
    run::{Failure, FailureClass, Verdict, rate_limit_ends},
};

/// Failed runs that are tried again by themselves.
const RETRIES_MAX: i32 = 3;
/// The pause before the first retry; doubled with each further one.
const RETRY_PAUSE: TimeDelta = TimeDelta::seconds(5);

/// What a run came to, as far as closing it depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Past<'a> {
    /// What the run was for.
    pub kind: RunKind,
    /// The agent's final answer.
    pub answer: &'a str,
    /// Retries so far.
    pub retries: i32,
    /// Rate limits in a row so far.
    pub rate_limits: i32,
}

/// What the end of a run means.
#[derive(Debug, Clone, PartialEq)]
pub struct Closing {
    /// What happens to the review.
    pub event: PrReviewEvent,
    /// Why, in words for people.
    pub reason: String,
    /// What went wrong.
    pub failure: Option<Failure>,
    /// The draft from now on, where there is a new one.
    pub draft: Option<Draft>,
    /// What the agent says to people who wrote to it.
    pub reply: Option<String>,
    /// Retries from now on.
    pub retries: i32,
    /// Rate limits in a row from now on.
    pub rate_limits: i32,
    /// Not before this, and why.
    pub hold: Option<Hold>,
    /// Whether the vendor's session must be forgotten.
    pub forget_session: bool,
}

/// Decides what the end of a run means. A draft counts as the agent's final answer has it, and in no
/// other form.
#[must_use]
pub fn closing(verdict: &Verdict, past: Past<'_>, now: DateTime<Utc>) -> Closing {
    match (verdict, past.kind) {
        (Verdict::Done, RunKind::Initial | RunKind::Rereview) => match draft::read(past.answer) {
            Ok(draft) => Closing {
                draft: Some(draft),
                ..over(PrReviewEvent::Written, "the draft is written")
            },
            Err(error) => Closing {
                failure: Some(Failure::new(FailureClass::Protocol, error.to_string())),
                ..over(PrReviewEvent::GaveUp, &error.to_string())
            },
        },
        (Verdict::Done, RunKind::Chat) => answered(past.answer),
        (Verdict::Stopped, _) => Closing {
            retries: past.retries,
            ..over(PrReviewEvent::TriedAgain, "its run was ended from outside")
        },
        (Verdict::Failed(failure), _) => failed(failure, past, now),
    }
}

/// The run of a person's cancellation, or of a pull request that is over.
#[must_use]
pub fn dropped(event: PrReviewEvent, reason: &str) -> Closing {
    over(event, reason)
}

fn over(event: PrReviewEvent, reason: &str) -> Closing {
    Closing {
        event,
        reason: reason.to_owned(),
        failure: None,
        draft: None,
        reply: None,
        retries: 0,
        rate_limits: 0,
        hold: None,
        forget_session: false,
    }
}

fn answered(answer: &str) -> Closing {
    let (words, draft) = draft::read_in_chat(answer);
    let done = |reason: &str| Closing {
        reply: Some(words.clone()).filter(|words| !words.is_empty()),
        ..over(PrReviewEvent::Answered, reason)
    };
    match draft {
        Ok(Some(draft)) => Closing {
            draft: Some(draft),
            ..done("the agent has answered and changed the draft")
        },
        Ok(None) => done("the agent has answered"),
        Err(error) => {
            let words = format!("the draft stays as it was: {error}");
            Closing {
                failure: Some(Failure::new(FailureClass::Protocol, words.clone())),
                ..done(&words)
            }
        }
    }
}

fn failed(failure: &Failure, past: Past<'_>, now: DateTime<Utc>) -> Closing {
    let again = Closing {
        failure: Some(failure.clone()),
        retries: past.retries,
        rate_limits: past.rate_limits,
        forget_session: failure.class == FailureClass::Session,
        ..over(PrReviewEvent::TriedAgain, &failure.message)
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
    if RETRIES_MAX <= past.retries {
        // A conversation that breaks off costs nobody his draft.
        let event = match past.kind {
            RunKind::Initial | RunKind::Rereview => PrReviewEvent::GaveUp,
            RunKind::Chat => PrReviewEvent::Answered,
        };
        return Closing {
            event,
            retries: 0,
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

    const DRAFT: &str = "{\"verdict\":\"approve\",\"summary\":\"fine\"}";

    fn past(kind: RunKind, answer: &str) -> Past<'_> {
        Past {
            kind,
            answer,
            retries: 0,
            rate_limits: 0,
        }
    }

    fn fail(class: FailureClass) -> Verdict {
        Verdict::Failed(Failure::new(class, "why"))
    }

    #[test]
    fn a_look_ends_with_a_draft_or_fails_in_clear_words() {
        for kind in [RunKind::Initial, RunKind::Rereview] {
            let good = closing(&Verdict::Done, past(kind, DRAFT), now());
            assert_eq!(good.event, PrReviewEvent::Written);
            assert_eq!(good.draft.unwrap().summary, "fine");
            let bad = closing(&Verdict::Done, past(kind, "Looks good!"), now());
            assert_eq!(bad.event, PrReviewEvent::GaveUp);
            let failure = bad.failure.unwrap();
            assert_eq!(failure.class, FailureClass::Protocol);
            assert!(failure.message.contains("handed in no draft"));
        }
    }

    #[test]
    fn a_conversation_may_change_the_draft_and_never_loses_it() {
        let chat = |answer: &str| closing(&Verdict::Done, past(RunKind::Chat, answer), now());
        let plain = chat("Because of the lock.");
        assert_eq!(
            (plain.event, plain.draft.is_none(), plain.reply.as_deref()),
            (PrReviewEvent::Answered, true, Some("Because of the lock."))
        );
        let changed = format!("Right.\n{DRAFT}");
        assert!(chat(&changed).draft.is_some());
        let broken = chat("Right.\n{\"verdict\":\"perhaps\"}");
        assert_eq!(broken.event, PrReviewEvent::Answered);
        assert!(broken.draft.is_none() && broken.reason.contains("stays as it was"));
        let lost = Past {
            retries: RETRIES_MAX,
            ..past(RunKind::Chat, "")
        };
        let lost = closing(&fail(FailureClass::Crash), lost, now());
        assert_eq!(lost.event, PrReviewEvent::Answered);
        assert!(lost.failure.is_some());
    }

    #[test]
    fn failures_are_tried_again_after_growing_pauses_and_then_no_more() {
        for (retries, seconds) in [(0, 5), (1, 10), (2, 20)] {
            let last = Past {
                retries,
                ..past(RunKind::Initial, "")
            };
            let again = closing(&fail(FailureClass::Crash), last, now());
            assert_eq!(
                (again.event, again.retries),
                (PrReviewEvent::TriedAgain, retries + 1)
            );
            let until = now() + TimeDelta::seconds(seconds);
            assert_eq!(again.hold.unwrap().until, until);
        }
        let last = Past {
            retries: RETRIES_MAX,
            ..past(RunKind::Initial, "")
        };
        let over = closing(&fail(FailureClass::Crash), last, now());
        assert_eq!((over.event, over.hold), (PrReviewEvent::GaveUp, None));
    }

    #[test]
    fn a_rate_limit_and_a_lost_session_cost_no_retry() {
        let limited = closing(
            &fail(FailureClass::RateLimit),
            past(RunKind::Initial, ""),
            now(),
        );
        assert_eq!(limited.event, PrReviewEvent::TriedAgain);
        assert_eq!((limited.retries, limited.rate_limits), (0, 1));
        assert!(limited.hold.is_some());
        let lost = closing(&fail(FailureClass::Session), past(RunKind::Chat, ""), now());
        assert!(lost.forget_session && lost.hold.is_none());
        assert_eq!(lost.event, PrReviewEvent::TriedAgain);
    }
}
