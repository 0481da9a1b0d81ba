//! The breaker: an agent that is woken again and again by what it or its peer does is paused, with
//! the reason in words, until a person lets it go on.

use chrono::{DateTime, TimeDelta, Utc};

use crate::limits::Limits;

/// How often an agent was woken lately, as its rows say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wakes {
    /// When the oldest of its last [`Breaker::turns_max`] turns was opened; `None` where it has
    /// taken fewer since a person last let it go on.
    pub turns_since: Option<DateTime<Utc>>,
    /// Its liveliest conversation.
    pub volley: Option<Volley>,
}

/// Answers of one agent to another that had answered it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volley {
    /// Who answers, as workspace/slug.
    pub sender: String,
    /// How often.
    pub messages: i32,
    /// Since when it is counted.
    pub since: DateTime<Utc>,
}

/// How much is too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breaker {
    /// Turns within the window.
    pub turns_max: i32,
    /// The window of turns.
    pub turns_window: TimeDelta,
    /// Messages of one pair within the window.
    pub messages_max: i32,
    /// The window of messages.
    pub messages_window: TimeDelta,
}

impl From<&Limits> for Breaker {
    fn from(limits: &Limits) -> Self {
        Self {
            turns_max: limits.wake_turns_max,
            turns_window: TimeDelta::milliseconds(limits.wake_window_ms),
            messages_max: limits.volley_messages_max,
            messages_window: TimeDelta::milliseconds(limits.volley_window_ms),
        }
    }
}

/// Why an agent is paused. Its text is for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trip {
    /// It took too many turns.
    #[error(
        "the wake-rate breaker: {turns} turns within {seconds} s (at most {turns} within {window_s} s)"
    )]
    Turns {
        /// How many.
        turns: i32,
        /// In how many seconds.
        seconds: i64,
        /// The window in seconds.
        window_s: i64,
    },
    /// It and a peer answered each other too often.
    #[error(
        "the wake-rate breaker: {sender} answered this agent {messages} times within {seconds} s, \
         each time because of its own messages (at most {max} within {window_s} s)"
    )]
    Volley {
        /// The peer.
        sender: String,
        /// How often it answered.
        messages: i32,
        /// In how many seconds.
        seconds: i64,
        /// The limit.
        max: i32,
        /// The window in seconds.
        window_s: i64,
    },
}

impl Trip {
    /// The word for events and metrics.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Turns { .. } => "turns",
            Self::Volley { .. } => "volley",
        }
    }
}

/// Whether an agent that is about to take a turn is to be paused instead.
#[must_use]
pub fn trip(wakes: &Wakes, breaker: &Breaker, now: DateTime<Utc>) -> Option<Trip> {
    if let Some(volley) = &wakes.volley
        && breaker.messages_max <= volley.messages
        && now - volley.since < breaker.messages_window
    {
        return Some(Trip::Volley {
            sender: volley.sender.clone(),
            messages: volley.messages,
            seconds: (now - volley.since).num_seconds(),
            max: breaker.messages_max,
            window_s: breaker.messages_window.num_seconds(),
        });
    }
    let since = wakes.turns_since?;
    (now - since < breaker.turns_window).then(|| Trip::Turns {
        turns: breaker.turns_max,
        seconds: (now - since).num_seconds(),
        window_s: breaker.turns_window.num_seconds(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-01-01T12:00:00Z".parse().unwrap()
    }

    fn breaker() -> Breaker {
        Breaker::from(&Limits::default())
    }

    fn volley(messages: i32, seconds: i64) -> Wakes {
        Wakes {
            turns_since: None,
            volley: Some(Volley {
                sender: "default/b".to_owned(),
                messages,
                since: now() - TimeDelta::seconds(seconds),
            }),
        }
    }

    #[test]
    fn a_lively_pair_trips_at_its_limit_and_the_reason_names_it() {
        assert_eq!(trip(&volley(59, 10), &breaker(), now()), None);
        assert_eq!(
            trip(&volley(60, 300), &breaker(), now()),
            None,
            "too long ago"
        );
        let reason = trip(&volley(60, 10), &breaker(), now())
            .unwrap()
            .to_string();
        for word in ["default/b", "60 times", "10 s", "300 s"] {
            assert!(reason.contains(word), "{reason}");
        }
    }

    #[test]
    fn an_agent_that_never_rests_trips() {
        let since = |seconds| Wakes {
            turns_since: Some(now() - TimeDelta::seconds(seconds)),
            volley: None,
        };
        assert_eq!(trip(&since(600), &breaker(), now()), None);
        assert_eq!(trip(&Wakes::default(), &breaker(), now()), None);
        let reason = trip(&since(599), &breaker(), now()).unwrap().to_string();
        assert!(reason.contains("120 turns within 599 s"), "{reason}");
    }

    proptest! {
        #[test]
        fn more_messages_in_less_time_never_trip_later(
            messages in 0..200_i32, seconds in 0..600_i64, more in 0..50_i32, less in 0..60_i64
        ) {
            let before = trip(&volley(messages, seconds), &breaker(), now()).is_some();
            let worse = volley(messages + more, (seconds - less).max(0));
            prop_assert!(!before || trip(&worse, &breaker(), now()).is_some());
        }
    }
}
