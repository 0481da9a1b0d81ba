//! What should happen next with a job: what was seen in, one step and one wait out. Its mail are the fires of
//! its triggers; each is answered by a run, or by a reason why there is none.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    actor::Wait,
    trigger::{Fired, Overlap},
};

/// How often a fire that waits for the run before it is looked at by itself; whoever ends that run wakes us.
const RUN_LOOK: TimeDelta = TimeDelta::minutes(10);

/// Everything the plan looks at.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Whether it can be started.
    pub enabled: bool,
    /// Whether it was deleted.
    pub deleted: bool,
    /// The oldest fire that waits: as it was sent, or why it cannot be read.
    pub fire: Option<Result<Fired, String>>,
    /// Runs of it that are not over.
    pub active: i64,
    /// Runs the fire's trigger has started within the window of the breaker.
    pub recent: i64,
    /// How many there may be.
    pub recent_max: i64,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Nothing now.
    Nothing,
    /// Start a run for the fire.
    Start,
    /// End the runs there are, and start a run for the fire.
    Replace,
    /// The fire is met without a run, as its trigger wants it.
    Skip(String),
    /// The fire cannot be met: a person has to look.
    Refuse(String),
    /// The fire's trigger fires itself, or is fired far too often: it is disabled, and the fire refused.
    Break(String),
}

impl Step {
    /// A word for logs and decisions.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Start => "start run",
            Self::Replace => "replace run",
            Self::Skip(_) => "skip fire",
            Self::Refuse(_) => "refuse fire",
            Self::Break(_) => "disable trigger",
        }
    }
}

/// Decides.
#[must_use]
pub fn plan(seen: &Seen, now: DateTime<Utc>) -> (Step, Wait) {
    let next = Wait::until("the next look", "the control plane", now);
    let fire = match &seen.fire {
        None => {
            let holder = "whoever starts it: a person or a trigger";
            return (Step::Nothing, Wait::at_rest("to be started", holder));
        }
        Some(Err(words)) => return (Step::Refuse(words.clone()), next),
        Some(Ok(fire)) => fire,
    };
    if seen.deleted {
        return (Step::Skip("it was deleted".to_owned()), next);
    }
    if !seen.enabled {
        return (Step::Skip("it is disabled".to_owned()), next);
    }
    if fire.trigger.is_some() && seen.recent_max <= seen.recent {
        let words = format!(
            "it has started {} runs within the window of limits.trigger_window_ms; the limit is \
             limits.trigger_runs_max. Look whether its runs fire it, then enable it again",
            seen.recent
        );
        return (Step::Break(words), next);
    }
    if seen.active == 0 {
        return (Step::Start, next);
    }
    match fire.overlap {
        Overlap::Allow => (Step::Start, next),
        Overlap::Skip => {
            let words = format!("{} runs of it are not over yet", seen.active);
            (Step::Skip(words), next)
        }
        Overlap::Replace => (Step::Replace, next),
        Overlap::Queue => {
            let reason = format!("{} runs of it to end", seen.active);
            let wait = Wait::until(reason, "its runs", now + RUN_LOOK);
            (Step::Nothing, wait.whatever_mail_comes())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Map;
    use uuid::Uuid;

    use super::*;
    use crate::id::TriggerId;

    fn now() -> DateTime<Utc> {
        "2026-01-01T12:00:00Z".parse().unwrap()
    }

    fn fired(overlap: Overlap) -> Seen {
        Seen {
            enabled: true,
            deleted: false,
            fire: Some(Ok(Fired {
                trigger: Some(TriggerId(Uuid::from_u128(7))),
                overlap,
                params: Map::new(),
                hops: 0,
                due: None,
                ticket: None,
            })),
            active: 0,
            recent: 0,
            recent_max: 10,
        }
    }

    #[test]
    fn a_fire_starts_a_run_and_what_runs_already_is_the_triggers_business() {
        let step = |overlap, active| {
            let seen = Seen {
                active,
                ..fired(overlap)
            };
            plan(&seen, now()).0
        };
        for overlap in [
            Overlap::Allow,
            Overlap::Skip,
            Overlap::Queue,
            Overlap::Replace,
        ] {
            assert_eq!(step(overlap, 0), Step::Start);
        }
        assert_eq!(step(Overlap::Allow, 3), Step::Start);
        assert_eq!(step(Overlap::Replace, 1), Step::Replace);
        assert_eq!(step(Overlap::Queue, 1), Step::Nothing);
        assert!(matches!(step(Overlap::Skip, 1), Step::Skip(_)));
    }

    #[test]
    fn a_trigger_that_fires_without_end_is_disabled() {
        let seen = Seen {
            recent: 10,
            ..fired(Overlap::Allow)
        };
        assert!(matches!(plan(&seen, now()).0, Step::Break(_)));
    }

    #[test]
    fn what_cannot_be_started_says_why() {
        let off = Seen {
            enabled: false,
            ..fired(Overlap::Allow)
        };
        assert_eq!(plan(&off, now()).0, Step::Skip("it is disabled".to_owned()));
        let odd = Seen {
            fire: Some(Err("no parameters".to_owned())),
            ..fired(Overlap::Allow)
        };
        assert_eq!(
            plan(&odd, now()).0,
            Step::Refuse("no parameters".to_owned())
        );
        let none = Seen {
            fire: None,
            ..fired(Overlap::Allow)
        };
        let (step, wait) = plan(&none, now());
        assert_eq!((step, wait.until), (Step::Nothing, None));
    }
}
