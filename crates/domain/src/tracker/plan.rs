//! What should happen next with a tracker.

use chrono::{DateTime, TimeDelta, Utc};

use super::TrackerError;
use crate::{actor::Wait, id::TicketId};

/// Failed looks in a row after which a tracker is left alone until a person has mended it.
pub const FAILURES_MAX: i32 = 5;
/// Failed attempts at one ticket after which it is left alone until a person has mended it.
pub const TROUBLES_MAX: i32 = 5;
/// How much earlier than the newest change that was seen the next look begins: a tracker may show changes a
/// little late, and not in their order.
pub const OVERLAP: TimeDelta = TimeDelta::minutes(2);
/// How long an answer is waited for before another step may ask.
const ANSWER_MAX: TimeDelta = TimeDelta::minutes(2);
/// The longest pause after something failed.
const PAUSE_MAX: TimeDelta = TimeDelta::hours(1);

/// What the plan looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Whether it is looked at at all.
    pub enabled: bool,
    /// Why it is not, where it was left alone because of failures.
    pub last_error: Option<String>,
    /// Failed looks in a row.
    pub failures: i32,
    /// Not before this, and why.
    pub hold: Option<(DateTime<Utc>, String)>,
    /// Whether somebody said that something has changed.
    pub told: bool,
    /// When a page was last read; `None` before the first.
    pub looked_at: Option<DateTime<Utc>>,
    /// How often it is looked at where nobody tells us of changes.
    pub every: TimeDelta,
    /// Whether pages of a look are left.
    pub pages_left: bool,
    /// Pages read since it last rested.
    pub pages_taken: i32,
    /// Pages it may read before it rests.
    pub pages_max: i32,
    /// The ticket that is next to be told something, and not before when.
    pub to_tell: Option<(TicketId, DateTime<Utc>)>,
    /// The ticket that is next to become work, and not before when.
    pub to_take: Option<(TicketId, DateTime<Utc>)>,
}

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing now.
    Nothing,
    /// Read a page of the tickets that have changed.
    Look,
    /// Let a ticket become work.
    Take(TicketId),
    /// Tell a ticket what has become of it.
    Tell(TicketId),
}

impl Step {
    /// A word for logs and decisions.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Look => "look",
            Self::Take(_) => "take ticket",
            Self::Tell(_) => "tell ticket",
        }
    }
}

/// Decides. What was begun with a ticket goes before looking for others.
#[must_use]
pub fn plan(seen: &Seen, now: DateTime<Utc>) -> (Step, Wait) {
    if !seen.enabled {
        return (Step::Nothing, left_alone(seen));
    }
    if let Some((until, reason)) = seen.hold.as_ref().filter(|(until, _)| now < *until) {
        return (Step::Nothing, quiet(reason.clone(), *until));
    }
    let asked = quiet("the tracker's answer", now + ANSWER_MAX);
    let due = |at: &Option<(TicketId, DateTime<Utc>)>| at.filter(|(_, at)| *at <= now);
    if let Some((ticket, _)) = due(&seen.to_tell) {
        return (Step::Tell(ticket), asked);
    }
    if let Some((ticket, _)) = due(&seen.to_take) {
        return (Step::Take(ticket), asked);
    }
    let next_look = seen.looked_at.map_or(now, |at| at + seen.every);
    let goes_on = seen.pages_left && seen.pages_taken < seen.pages_max;
    if seen.told || goes_on || next_look <= now {
        return (Step::Look, asked);
    }
    let waiting = [&seen.to_tell, &seen.to_take];
    let waiting = waiting.into_iter().flatten().map(|(_, at)| *at);
    let until = waiting.fold(next_look, DateTime::min);
    (Step::Nothing, quiet("tickets with its label", until))
}

fn quiet(reason: impl Into<String>, until: DateTime<Utc>) -> Wait {
    Wait::until(reason, "the tracker", until).whatever_mail_comes()
}

fn left_alone(seen: &Seen) -> Wait {
    let reason = match &seen.last_error {
        Some(words) if FAILURES_MAX <= seen.failures => {
            format!(
                "left alone after {} failures in a row: {words}",
                seen.failures
            )
        }
        Some(_) | None => "it is disabled".to_owned(),
    };
    let holder = "a person: enable it again, with `optio tracker enable`";
    Wait::at_rest(&reason, holder).whatever_mail_comes()
}

/// What follows from something that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setback {
    /// Nobody's fault: no call before then.
    Hold(DateTime<Utc>),
    /// It is tried again, not before then.
    Again(DateTime<Utc>),
    /// It was tried often enough: a person has to mend something first.
    GiveUp,
}

/// What follows from a look that failed after so many others in a row.
#[must_use]
pub fn after_look(
    error: &TrackerError,
    before: i32,
    every: TimeDelta,
    now: DateTime<Utc>,
) -> Setback {
    match error {
        TrackerError::RateLimited { until } => Setback::Hold((*until).max(now)),
        TrackerError::NotFound(_)
        | TrackerError::Unauthorized { .. }
        | TrackerError::Busy(_)
        | TrackerError::Refused(_) => {
            if FAILURES_MAX <= before.saturating_add(1) {
                Setback::GiveUp
            } else {
                Setback::Again(now + pause(error, before, every))
            }
        }
    }
}

/// What follows from a call about one ticket that failed after so many others. Trackers that do not answer
/// are asked until they do.
#[must_use]
pub fn after_ticket(
    error: &TrackerError,
    before: i32,
    every: TimeDelta,
    now: DateTime<Utc>,
) -> Setback {
    match error {
        TrackerError::RateLimited { until } => Setback::Hold((*until).max(now)),
        TrackerError::Busy(_) => Setback::Again(now + pause(error, before, every)),
        TrackerError::NotFound(_)
        | TrackerError::Unauthorized { .. }
        | TrackerError::Refused(_) => {
            if TROUBLES_MAX <= before.saturating_add(1) {
                Setback::GiveUp
            } else {
                Setback::Again(now + pause(error, before, every))
            }
        }
    }
}

/// What may pass by itself is given more time than what a person has to mend.
fn pause(error: &TrackerError, before: i32, every: TimeDelta) -> TimeDelta {
    let base: i32 = match error {
        TrackerError::Busy(_) => 4,
        TrackerError::NotFound(_)
        | TrackerError::Unauthorized { .. }
        | TrackerError::RateLimited { .. }
        | TrackerError::Refused(_) => 1,
    };
    let times = base.pow(u32::try_from(before.clamp(0, 6)).unwrap_or(0));
    every.checked_mul(times).unwrap_or(PAUSE_MAX).min(PAUSE_MAX)
}
