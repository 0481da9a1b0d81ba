//! Faults on request: what fails, how, and how often.

use std::time::Duration;

use serde::Deserialize;

/// How a request fails, or an event does not arrive as it should.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FaultKind {
    /// An error of the server.
    Status {
        /// Such as 500 or 502.
        status: u16,
    },
    /// Nothing is answered for so long; then it is done after all.
    Slow {
        /// Milliseconds.
        ms: u64,
    },
    /// It is done, and the connection breaks before the answer.
    LostAnswer,
    /// The calls of this hour are used up.
    RateLimit,
    /// Too many calls in a short time.
    SecondaryLimit {
        /// Seconds to wait.
        retry_after_s: u64,
    },
    /// An event is not sent.
    LostEvent,
    /// An event is sent twice, with the same number.
    DoubleEvent,
}

/// A fault that is to happen.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Fault {
    /// How.
    #[serde(flatten)]
    pub kind: FaultKind,
    /// Only requests with this method.
    #[serde(default)]
    pub method: Option<String>,
    /// Only requests whose path ends so, or events of this name. Empty is any.
    #[serde(default)]
    pub of: String,
    /// How often.
    #[serde(default = "once")]
    pub times: u32,
}

fn once() -> u32 {
    1
}

/// What happens to an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Sent,
    Lost,
    Twice,
}

/// The faults that are to happen, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The fault of this request, if there is one.
    pub(crate) fn of_request(&mut self, method: &str, path: &str) -> Option<FaultKind> {
        self.take(|fault| {
            let is_event = matches!(fault.kind, FaultKind::LostEvent | FaultKind::DoubleEvent);
            let fits = fault.method.as_deref().is_none_or(|it| it == method);
            !is_event && fits && path.ends_with(&fault.of)
        })
    }

    /// What happens to this event.
    pub(crate) fn of_event(&mut self, event: &str) -> Fate {
        let fate = self.take(|fault| {
            let is_event = matches!(fault.kind, FaultKind::LostEvent | FaultKind::DoubleEvent);
            is_event && (fault.of.is_empty() || fault.of == event)
        });
        match fate {
            None => Fate::Sent,
            Some(FaultKind::LostEvent) => Fate::Lost,
            Some(_) => Fate::Twice,
        }
    }

    fn take(&mut self, fits: impl Fn(&Fault) -> bool) -> Option<FaultKind> {
        let at = self.0.iter().position(fits)?;
        let kind = self.0[at].kind.clone();
        self.0[at].times = self.0[at].times.saturating_sub(1);
        if self.0[at].times == 0 {
            self.0.remove(at);
        }
        Some(kind)
    }
}

/// How long a slow request waits.
pub(crate) fn pause(ms: u64) -> Duration {
    Duration::from_millis(ms)
}
