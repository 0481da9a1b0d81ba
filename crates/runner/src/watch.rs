//! Decides when a run is told to end and how hard: the limits and the three steps of a stop.

use std::time::Duration;

use optio_domain::wire::runner::{EndCause, RunLimits};
use tokio::time::Instant;

/// Longer times are as good as no limit, and cannot overflow a point in time.
const WAIT_MAX: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// How hard. In order: each is tried after the one before it had its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// SIGINT to the agent, which may say a last word.
    Interrupt,
    /// SIGTERM to everything.
    Terminate,
    /// SIGKILL to everything, until nothing is left.
    Kill,
}

/// A stop under way.
#[derive(Debug, Clone, Copy)]
struct Stop {
    cause: EndCause,
    next: Step,
    at: Instant,
}

/// The watch over one run.
#[derive(Debug)]
pub struct Watch {
    limits: RunLimits,
    started: Instant,
    heard: Instant,
    stop: Option<Stop>,
}

impl Watch {
    /// The watch over a run that starts now.
    #[must_use]
    pub fn new(limits: RunLimits, now: Instant) -> Self {
        Self {
            limits,
            started: now,
            heard: now,
            stop: None,
        }
    }

    /// A line came.
    pub fn heard(&mut self, now: Instant) {
        self.heard = now;
    }

    /// The run is to end, beginning with `first`. The first cause stands; a later one can only
    /// make it faster.
    pub fn end(&mut self, cause: EndCause, first: Step, now: Instant) {
        match &mut self.stop {
            None => {
                self.stop = Some(Stop {
                    cause,
                    next: first,
                    at: now,
                });
            }
            Some(stop) if stop.next < first => {
                stop.next = first;
                stop.at = now;
            }
            Some(_) => {}
        }
    }

    /// Why the run is being ended, where it is.
    #[must_use]
    pub fn cause(&self) -> Option<EndCause> {
        self.stop.map(|stop| stop.cause)
    }

    /// When to ask again.
    #[must_use]
    pub fn next_at(&self) -> Instant {
        self.stop
            .map_or_else(|| self.duration_at().min(self.silence_at()), |stop| stop.at)
    }

    /// What is to be done now. Each step comes once, except the last, which ends everything.
    pub fn due(&mut self, now: Instant) -> Option<Step> {
        if self.stop.is_none() {
            if self.duration_at() <= now {
                self.end(EndCause::Duration, Step::Interrupt, now);
            } else if self.silence_at() <= now {
                self.end(EndCause::Silence, Step::Interrupt, now);
            }
        }
        let grace = wait(self.limits.grace_ms);
        let stop = self.stop.as_mut().filter(|stop| stop.at <= now)?;
        let step = stop.next;
        stop.at = now + grace;
        stop.next = match step {
            Step::Interrupt => Step::Terminate,
            Step::Terminate | Step::Kill => Step::Kill,
        };
        Some(step)
    }

    fn duration_at(&self) -> Instant {
        self.started + wait(self.limits.duration_ms)
    }

    fn silence_at(&self) -> Instant {
        self.heard + wait(self.limits.silence_ms)
    }
}

fn wait(ms: u64) -> Duration {
    Duration::from_millis(ms).min(WAIT_MAX)
}
