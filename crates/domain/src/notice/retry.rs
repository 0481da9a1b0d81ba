//! When a delivery is tried again, and when it is given up.

use chrono::{DateTime, TimeDelta, Utc};

use crate::id::NoticeId;

/// How long after a failed attempt the next one is due; the last pause is repeated. These are the pauses
/// that Standard Webhooks proposes.
pub const PAUSES: [TimeDelta; 9] = [
    TimeDelta::seconds(5),
    TimeDelta::minutes(5),
    TimeDelta::minutes(30),
    TimeDelta::hours(2),
    TimeDelta::hours(5),
    TimeDelta::hours(10),
    TimeDelta::hours(14),
    TimeDelta::hours(20),
    TimeDelta::hours(24),
];
/// The longest that a receiver may put us off.
pub const PUT_OFF_MAX: TimeDelta = TimeDelta::hours(24);
/// A pause is lengthened by at most this part of it, each notice's by another, so that those that failed
/// together do not come back together.
const SPREAD: i32 = 10;

/// When a receiver wants to be asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// After so many seconds.
    Seconds(u32),
    /// At this time.
    At(DateTime<Utc>),
}

impl RetryAfter {
    /// Reads the header; what is neither seconds nor a date is nothing.
    #[must_use]
    pub fn parse(header: &str) -> Option<Self> {
        let header = header.trim();
        if !header.is_empty() && header.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(Self::Seconds(header.parse().unwrap_or(u32::MAX)));
        }
        let at = DateTime::parse_from_rfc2822(header).ok()?;
        Some(Self::At(at.with_timezone(&Utc)))
    }

    fn from(self, now: DateTime<Utc>) -> DateTime<Utc> {
        let wanted = match self {
            Self::Seconds(seconds) => now + TimeDelta::seconds(i64::from(seconds)),
            Self::At(at) => at,
        };
        wanted.min(now + PUT_OFF_MAX)
    }
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver answered.
    Answered {
        /// With this status.
        status: u16,
        /// When it wants to be asked again.
        retry_after: Option<RetryAfter>,
    },
    /// There was no answer; there may be one another time.
    Unanswered,
    /// Nothing was sent, and nothing ever will be, as things are set up.
    Unsendable,
}

/// How far a delivery has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Which notice it delivers.
    pub notice: NoticeId,
    /// Attempts so far, the one that just ended among them.
    pub attempts: i32,
    /// As many as there may be.
    pub attempts_max: i32,
}

/// What becomes of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It has arrived.
    Delivered,
    /// It is tried again then.
    Again(DateTime<Utc>),
    /// It is not tried again.
    GivenUp,
    /// Its receiver is gone for good and is told nothing any more.
    ReceiverGone,
}

/// What becomes of a delivery after an attempt.
#[must_use]
pub fn plan(progress: Progress, outcome: Outcome, now: DateTime<Utc>) -> Next {
    match outcome {
        Outcome::Answered {
            status: 200..300, ..
        } => Next::Delivered,
        Outcome::Answered { status: 410, .. } => Next::ReceiverGone,
        Outcome::Unsendable => Next::GivenUp,
        Outcome::Answered { .. } | Outcome::Unanswered
            if progress.attempts_max <= progress.attempts =>
        {
            Next::GivenUp
        }
        Outcome::Answered {
            retry_after: Some(wanted),
            ..
        } => Next::Again(due(progress, now).max(wanted.from(now))),
        Outcome::Answered {
            retry_after: None, ..
        }
        | Outcome::Unanswered => Next::Again(due(progress, now)),
    }
}

fn due(progress: Progress, now: DateTime<Utc>) -> DateTime<Utc> {
    let place = usize::try_from(progress.attempts - 1).unwrap_or_default();
    let pause = PAUSES.get(place).copied().unwrap_or(PUT_OFF_MAX);
    // The first byte of an identity is as good as a die, and falls the same way each time.
    let die = i32::from(
        progress
            .notice
            .0
            .as_bytes()
            .first()
            .copied()
            .unwrap_or_default(),
    );
    now + pause + pause * die / (i32::from(u8::MAX) * SPREAD)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-01-01T12:00:00Z".parse().unwrap()
    }

    fn after(attempts: i32) -> Progress {
        Progress {
            notice: NoticeId(Uuid::nil()),
            attempts,
            attempts_max: 8,
        }
    }

    fn answered(status: u16, retry_after: Option<&str>) -> Outcome {
        Outcome::Answered {
            status,
            retry_after: retry_after.and_then(RetryAfter::parse),
        }
    }

    fn pause(next: Next) -> i64 {
        match next {
            Next::Again(at) => (at - now()).num_seconds(),
            Next::Delivered | Next::GivenUp | Next::ReceiverGone => panic!("{next:?}"),
        }
    }

    #[test]
    fn what_is_taken_is_delivered_and_what_is_gone_is_told_no_more() {
        for status in [200, 202, 204, 299] {
            assert_eq!(
                plan(after(1), answered(status, None), now()),
                Next::Delivered
            );
        }
        assert_eq!(
            plan(after(1), answered(410, None), now()),
            Next::ReceiverGone
        );
        assert_eq!(
            plan(after(8), answered(410, None), now()),
            Next::ReceiverGone
        );
        assert_eq!(plan(after(1), Outcome::Unsendable, now()), Next::GivenUp);
    }

    #[test]
    fn the_pauses_grow_as_standard_webhooks_proposes() {
        let pauses: Vec<i64> = (1..8)
            .map(|attempts| pause(plan(after(attempts), answered(500, None), now())))
            .collect();
        assert_eq!(pauses, [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400]);
        for outcome in [
            answered(500, None),
            answered(302, None),
            answered(404, None),
            Outcome::Unanswered,
        ] {
            assert_eq!(pause(plan(after(1), outcome, now())), 5);
            assert_eq!(plan(after(8), outcome, now()), Next::GivenUp);
        }
        let long = Progress {
            attempts_max: i32::MAX,
            ..after(40)
        };
        assert_eq!(pause(plan(long, Outcome::Unanswered, now())), 86_400);
    }

    #[test]
    fn a_receiver_may_put_us_off_and_not_for_ever() {
        let put_off = |header: &str| pause(plan(after(1), answered(429, Some(header)), now()));
        assert_eq!(put_off("120"), 120);
        assert_eq!(put_off("Thu, 01 Jan 2026 12:02:00 GMT"), 120);
        // Never sooner than it would be anyway.
        assert_eq!(put_off("0"), 5);
        assert_eq!(put_off("Thu, 01 Jan 2026 11:00:00 GMT"), 5);
        assert_eq!(put_off("soon"), 5);
        for long in [
            "99999999999999999999",
            "4294967295",
            "Fri, 01 Jan 2027 12:00:00 GMT",
        ] {
            assert_eq!(put_off(long), 86_400, "{long}");
        }
    }

    proptest! {
        #[test]
        fn those_that_fail_together_come_back_apart_and_at_most_a_tenth_later(
            id in any::<u128>(), attempts in 1..12_i32,
        ) {
            let progress = Progress { notice: NoticeId(Uuid::from_u128(id)), attempts_max: 99, ..after(attempts) };
            let plain = pause(plan(after(attempts).with_max(99), Outcome::Unanswered, now()));
            let spread = pause(plan(progress, Outcome::Unanswered, now()));
            prop_assert!((plain..=plain + plain / 10 + 1).contains(&spread), "{plain} {spread}");
        }
    }

    impl Progress {
        fn with_max(self, attempts_max: i32) -> Self {
            Self {
                attempts_max,
                ..self
            }
        }
    }
}
