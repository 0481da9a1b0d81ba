//! What should happen next with a pull request that is watched.

use chrono::{DateTime, TimeDelta, Utc};

use super::PullStatus;
use crate::actor::Wait;

/// How long an answer of the host is waited for before another step may look.
const ANSWER_MAX: TimeDelta = TimeDelta::seconds(30);
/// How soon it is looked at again while the host has not found out whether it merges, and for how long it
/// may not have: GitHub says that it begins to find out when it is asked.
const UNSETTLED_LOOK: TimeDelta = TimeDelta::seconds(3);
const UNSETTLED_MAX: TimeDelta = TimeDelta::minutes(1);
/// The longest pause after answers of the host that were none.
const TROUBLE_PAUSE_MAX: TimeDelta = TimeDelta::minutes(10);

/// What the plan looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Where it stood when it was last looked at; `None` before the first look.
    pub status: Option<PullStatus>,
    /// When that was.
    pub looked_at: Option<DateTime<Utc>>,
    /// Whether somebody said that it has changed.
    pub told: bool,
    /// Whether anybody still wants to know.
    pub wanted: bool,
    /// How often it is looked at where nobody tells us of changes.
    pub every: TimeDelta,
    /// Since when the host has not found out whether it merges; `None` where it has.
    pub unsettled_since: Option<DateTime<Utc>>,
    /// Looks in a row that failed.
    pub troubles: i32,
    /// Not before this, and why: the host's rate limit, or a pause after a failed look.
    pub hold: Option<(DateTime<Utc>, String)>,
}

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing now.
    Nothing,
    /// Ask the host how it stands.
    Look,
}

impl Step {
    /// A word for logs and decisions.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Look => "look",
        }
    }
}

/// Decides. A merge is final; everything else may change as long as somebody wants to know.
#[must_use]
pub fn plan(seen: &Seen, now: DateTime<Utc>) -> (Step, Wait) {
    let final_wait = |reason: &str| {
        let wait = Wait::at_rest(reason, "nobody: nothing is left to do");
        (Step::Nothing, wait.whatever_mail_comes())
    };
    if seen.status == Some(PullStatus::Merged) {
        return final_wait("merged");
    }
    if !seen.wanted {
        return final_wait("whoever wanted to know is over");
    }
    if let Some((until, reason)) = seen.hold.as_ref().filter(|(until, _)| now < *until) {
        let wait = Wait::until(reason.clone(), "the git host", *until);
        return (Step::Nothing, wait.whatever_mail_comes());
    }
    let unsettled = seen
        .unsettled_since
        .is_some_and(|since| now < since + UNSETTLED_MAX);
    let every = if unsettled {
        UNSETTLED_LOOK
    } else {
        seen.every
    };
    let due = seen.looked_at.map_or(now, |at| at + every);
    if seen.told || due <= now {
        return (
            Step::Look,
            Wait::until("the git host's answer", "the git host", now + ANSWER_MAX),
        );
    }
    (
        Step::Nothing,
        Wait::until("checks, reviews and merges", "the git host", due),
    )
}

/// How long after so many failed looks in a row the next one is taken.
#[must_use]
pub fn pause_after(troubles: i32) -> TimeDelta {
    let exponent = u32::try_from(troubles.clamp(0, 10)).unwrap_or(0);
    (TimeDelta::seconds(5) * 2_i32.pow(exponent)).min(TROUBLE_PAUSE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOK_EVERY: TimeDelta = TimeDelta::seconds(30);

    fn now() -> DateTime<Utc> {
        "2026-01-01T12:00:00Z".parse().unwrap()
    }

    fn seen() -> Seen {
        Seen {
            status: Some(PullStatus::Open),
            looked_at: Some(now()),
            told: false,
            wanted: true,
            every: LOOK_EVERY,
            unsettled_since: None,
            troubles: 0,
            hold: None,
        }
    }

    #[test]
    fn it_is_looked_at_when_told_or_when_its_time_has_come() {
        assert_eq!(plan(&seen(), now()).0, Step::Nothing);
        assert_eq!(plan(&seen(), now() + LOOK_EVERY).0, Step::Look);
        let told = Seen {
            told: true,
            ..seen()
        };
        assert_eq!(plan(&told, now()).0, Step::Look);
        let fresh = Seen {
            looked_at: None,
            status: None,
            ..seen()
        };
        assert_eq!(plan(&fresh, now()).0, Step::Look);
    }

    #[test]
    fn a_rate_limit_is_waited_out_whatever_is_told() {
        let until = now() + TimeDelta::minutes(5);
        let held = Seen {
            told: true,
            hold: Some((until, "the rate limit".to_owned())),
            ..seen()
        };
        let (step, wait) = plan(&held, now());
        assert_eq!((step, wait.until), (Step::Nothing, Some(until)));
        assert!(!wait.heeds_mail);
        assert_eq!(plan(&held, until).0, Step::Look);
    }

    #[test]
    fn a_merged_one_and_one_nobody_wants_are_left_alone() {
        for seen in [
            Seen {
                status: Some(PullStatus::Merged),
                told: true,
                ..seen()
            },
            Seen {
                wanted: false,
                told: true,
                ..seen()
            },
        ] {
            let (step, wait) = plan(&seen, now() + TimeDelta::days(1));
            assert_eq!((step, wait.until), (Step::Nothing, None));
        }
        let closed = Seen {
            status: Some(PullStatus::Closed),
            told: true,
            ..seen()
        };
        assert_eq!(plan(&closed, now()).0, Step::Look, "it may be opened again");
    }

    #[test]
    fn pauses_after_troubles_grow_and_end() {
        assert_eq!(pause_after(0), TimeDelta::seconds(5));
        assert_eq!(pause_after(1), TimeDelta::seconds(10));
        assert_eq!(pause_after(99), TROUBLE_PAUSE_MAX);
    }

    #[test]
    fn a_host_that_finds_out_whether_it_merges_is_asked_again_soon_but_not_for_ever() {
        let mut unsettled = seen();
        unsettled.unsettled_since = Some(now());
        assert_eq!(plan(&unsettled, now()).0, Step::Nothing);
        assert_eq!(plan(&unsettled, now() + UNSETTLED_LOOK).0, Step::Look);
        unsettled.unsettled_since = Some(now() - UNSETTLED_MAX);
        assert_eq!(plan(&unsettled, now() + UNSETTLED_LOOK).0, Step::Nothing);
        assert_eq!(plan(&unsettled, now() + LOOK_EVERY).0, Step::Look);
    }
}
