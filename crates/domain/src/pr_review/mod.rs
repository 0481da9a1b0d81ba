//! Reviews of pull requests that no task has opened: their states, what may happen to them, and the one
//! table that says which event leads where.

use serde::{Deserialize, Serialize};

use crate::id::RunId;

pub mod closing;
pub mod draft;
pub mod handing_in;
pub mod plan;
pub mod prompt;
pub mod seen;
pub mod wanted;

/// Where a review stands. A state carries what is true in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PrReviewState {
    /// Its first run is due as soon as there is room.
    Queued,
    /// Its first run waits for the checks of the pull request to be over.
    WaitingCi,
    /// Its agent works, or will as soon as there is room.
    Reviewing {
        /// The open run; none while the next one waits for room or for a pause to end.
        run: Option<RunId>,
    },
    /// There is a draft of the head as it is.
    Ready,
    /// There is a draft, and the head has moved since.
    Stale,
    /// The draft was handed in.
    Submitted,
    /// It did not work out. A person may try again.
    Failed,
    /// A person cancelled it, or its pull request is over.
    Cancelled,
}

impl PrReviewState {
    /// The names of all states, in the order in which a review usually meets them.
    pub const NAMES: [&'static str; 8] = [
        "queued",
        "waiting_ci",
        "reviewing",
        "ready",
        "stale",
        "submitted",
        "failed",
        "cancelled",
    ];

    /// The word used in SQL and HTTP.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::WaitingCi => "waiting_ci",
            Self::Reviewing { .. } => "reviewing",
            Self::Ready => "ready",
            Self::Stale => "stale",
            Self::Submitted => "submitted",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The open run, where there is one.
    #[must_use]
    pub fn run(self) -> Option<RunId> {
        match self {
            Self::Reviewing { run } => run,
            Self::Queued
            | Self::WaitingCi
            | Self::Ready
            | Self::Stale
            | Self::Submitted
            | Self::Failed
            | Self::Cancelled => None,
        }
    }

    /// Reads the two columns back; `None` when they contradict each other.
    #[must_use]
    pub fn from_parts(name: &str, run: Option<RunId>) -> Option<Self> {
        Some(match (name, run) {
            ("queued", None) => Self::Queued,
            ("waiting_ci", None) => Self::WaitingCi,
            ("reviewing", run) => Self::Reviewing { run },
            ("ready", None) => Self::Ready,
            ("stale", None) => Self::Stale,
            ("submitted", None) => Self::Submitted,
            ("failed", None) => Self::Failed,
            ("cancelled", None) => Self::Cancelled,
            _ => return None,
        })
    }

    /// Whether a draft can be changed and handed in.
    #[must_use]
    pub fn has_open_draft(self) -> bool {
        matches!(self, Self::Ready | Self::Stale)
    }

    /// Whether its agent can be asked something about what it wrote, now or once it has written it.
    #[must_use]
    pub fn can_be_talked_to(self) -> bool {
        matches!(
            self,
            Self::Reviewing { .. } | Self::Ready | Self::Stale | Self::Submitted
        )
    }

    /// The only way a state changes. Read it as the table it is: what is not listed is illegal.
    ///
    /// # Errors
    /// [`Illegal`] when the event cannot happen in this state.
    pub fn on(self, event: PrReviewEvent) -> Result<Self, Illegal> {
        use PrReviewEvent as E;
        Ok(match (self, event) {
            (Self::Queued, E::ChecksPending) => Self::WaitingCi,
            (
                Self::Queued | Self::WaitingCi | Self::Reviewing { run: None },
                E::RunOpened { run },
            ) => Self::Reviewing { run: Some(run) },
            (Self::Reviewing { run: Some(_) }, E::TriedAgain) => Self::Reviewing { run: None },
            (Self::Reviewing { run: Some(_) }, E::Written | E::Answered) => Self::Ready,
            (Self::Reviewing { run: Some(_) }, E::GaveUp) => Self::Failed,
            (Self::Ready | Self::Stale | Self::Submitted, E::Relaunched) => {
                Self::Reviewing { run: None }
            }
            (Self::Ready | Self::Submitted, E::HeadMoved) => Self::Stale,
            (Self::Ready | Self::Stale, E::Submitted) => Self::Submitted,
            (Self::Failed, E::Retried) => Self::Queued,
            (
                Self::Queued
                | Self::WaitingCi
                | Self::Reviewing { .. }
                | Self::Ready
                | Self::Stale
                | Self::Failed,
                E::Cancelled | E::PullOver,
            ) => Self::Cancelled,
            (from, event) => return Err(Illegal { from, event }),
        })
    }
}

/// What can happen to a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrReviewEvent {
    /// The checks of the pull request are not over, and it was begun by itself.
    ChecksPending,
    /// A run was opened.
    RunOpened {
        /// Which.
        run: RunId,
    },
    /// The run failed, and there will be another.
    TriedAgain,
    /// The agent has written a draft.
    Written,
    /// The agent was talked to, and that is over; the draft may have changed.
    Answered,
    /// It will not work out.
    GaveUp,
    /// Its agent is to look or to answer once more.
    Relaunched,
    /// The head is another one than the draft is about.
    HeadMoved,
    /// The draft is on the pull request.
    Submitted,
    /// A person lets a failed one begin again.
    Retried,
    /// A person cancelled it.
    Cancelled,
    /// Its pull request was merged or closed.
    PullOver,
}

impl PrReviewEvent {
    /// The word used in pictures, histories and logs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ChecksPending => "checks pending",
            Self::RunOpened { .. } => "run opened",
            Self::TriedAgain => "tried again",
            Self::Written => "draft written",
            Self::Answered => "answered",
            Self::GaveUp => "gave up",
            Self::Relaunched => "relaunched",
            Self::HeadMoved => "head moved",
            Self::Submitted => "submitted",
            Self::Retried => "retried",
            Self::Cancelled => "cancelled",
            Self::PullOver => "pull request over",
        }
    }
}

/// An event that cannot happen in a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a review that is {} cannot be {}", from.name(), event.name())]
pub struct Illegal {
    /// The state.
    pub from: PrReviewState,
    /// The event.
    pub event: PrReviewEvent,
}

/// Who began a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A person named the pull request.
    Manual,
    /// The repository wants its pull requests reviewed.
    Auto,
}

impl Origin {
    const ALL: [Self; 2] = [Self::Manual, Self::Auto];

    /// The word used in SQL and HTTP.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Auto => "auto",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == text)
    }
}

/// What a run of a review is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunKind {
    /// The first look.
    Initial,
    /// Another look, at the head as it is by then.
    Rereview,
    /// An answer to what people wrote, in the same session.
    Chat,
}

impl RunKind {
    const ALL: [Self; 3] = [Self::Initial, Self::Rereview, Self::Chat];

    /// The word used in SQL and HTTP.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Initial => "initial",
            Self::Rereview => "rereview",
            Self::Chat => "chat",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == text)
    }
}

/// What a person wants of a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Intent {
    /// Stop it for good.
    Cancel,
    /// Look once more.
    Rereview,
    /// Hand the draft in.
    Submit,
}

impl Intent {
    const ALL: [Self; 3] = [Self::Cancel, Self::Rereview, Self::Submit];

    /// The word used in SQL and HTTP.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cancel => "cancel",
            Self::Rereview => "rereview",
            Self::Submit => "submit",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|intent| intent.name() == text)
    }

    /// What the intent means in a state.
    ///
    /// # Errors
    /// The reason and the remedy, when the state does not allow it.
    pub fn meets(self, state: PrReviewState) -> Result<PrReviewEvent, &'static str> {
        use PrReviewEvent as E;
        use PrReviewState as S;
        match (self, state) {
            (Self::Cancel, S::Cancelled) => Err("it is cancelled already"),
            (Self::Cancel, S::Submitted) => {
                Err("it is on the pull request; dismiss it there if it should not count")
            }
            (
                Self::Cancel,
                S::Queued | S::WaitingCi | S::Reviewing { .. } | S::Ready | S::Stale | S::Failed,
            ) => Ok(E::Cancelled),
            (Self::Rereview, S::Ready | S::Stale | S::Submitted) => Ok(E::Relaunched),
            (Self::Rereview, S::Failed) => Ok(E::Retried),
            (Self::Rereview, S::Queued | S::WaitingCi | S::Reviewing { .. }) => {
                Err("its agent has not written its draft yet; wait for it, or cancel it")
            }
            (Self::Rereview, S::Cancelled) => {
                Err("it is over; begin another review of the pull request")
            }
            (Self::Submit, S::Ready | S::Stale) => Ok(E::Submitted),
            (Self::Submit, S::Submitted) => {
                Err("it is on the pull request already; review again to hand in another")
            }
            (
                Self::Submit,
                S::Queued | S::WaitingCi | S::Reviewing { .. } | S::Failed | S::Cancelled,
            ) => Err("there is no draft to hand in; only one that is ready or stale has one"),
        }
    }
}

/// The transition table as a Mermaid state diagram; `docs/states/pr-review.mmd` is this text.
#[must_use]
pub fn picture() -> String {
    use std::fmt::Write as _;
    let run = RunId(uuid::Uuid::nil());
    let mut out = "stateDiagram-v2\n    [*] --> queued\n".to_owned();
    let mut seen = Vec::new();
    for from in all_states(run) {
        for event in all_events(run) {
            let Ok(to) = from.on(event) else { continue };
            let line = format!("    {} --> {} : {}", from.name(), to.name(), event.name());
            if !seen.contains(&line) {
                let _written = writeln!(out, "{line}");
                seen.push(line);
            }
        }
    }
    out
}

fn all_states(run: RunId) -> [PrReviewState; 9] {
    [
        PrReviewState::Queued,
        PrReviewState::WaitingCi,
        PrReviewState::Reviewing { run: None },
        PrReviewState::Reviewing { run: Some(run) },
        PrReviewState::Ready,
        PrReviewState::Stale,
        PrReviewState::Submitted,
        PrReviewState::Failed,
        PrReviewState::Cancelled,
    ]
}

fn all_events(run: RunId) -> [PrReviewEvent; 12] {
    use PrReviewEvent as E;
    [
        E::ChecksPending,
        E::RunOpened { run },
        E::TriedAgain,
        E::Written,
        E::Answered,
        E::GaveUp,
        E::Relaunched,
        E::HeadMoved,
        E::Submitted,
        E::Retried,
        E::Cancelled,
        E::PullOver,
    ]
}

#[cfg(test)]
mod tests;
