//! Tasks: work on a repository that ends in a merged pull request. Their states, what may happen to
//! them, and the one table that says which event leads where.

use serde::{Deserialize, Serialize};

use crate::id::RunId;

pub mod closing;
pub mod depends;
pub mod feedback;
pub mod plan;
pub mod policy;
pub mod prompt;
pub mod review;
pub mod seen;
pub mod spec;

/// Where a task stands. A state carries what is true in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TaskState {
    /// It was just accepted.
    Pending,
    /// Other tasks have to be completed first.
    WaitingOnDeps,
    /// Its next run is due as soon as there is room.
    Queued,
    /// A run is open; its process does not run yet.
    Provisioning {
        /// The open run.
        run: RunId,
    },
    /// A run is open and its process runs.
    Running {
        /// The open run.
        run: RunId,
    },
    /// A person has to say how it goes on.
    NeedsAttention,
    /// Its pull request is open and watched.
    PrOpened,
    /// Done: its pull request was merged, or, where it has none, its run succeeded.
    Completed,
    /// It did not work out. A person may try again.
    Failed,
    /// A person cancelled it. A person may try again.
    Cancelled,
}

impl TaskState {
    /// The names of all states, in the order in which a task usually meets them.
    pub const NAMES: [&'static str; 10] = [
        "pending",
        "waiting_on_deps",
        "queued",
        "provisioning",
        "running",
        "needs_attention",
        "pr_opened",
        "completed",
        "failed",
        "cancelled",
    ];

    /// The word used in SQL and HTTP.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::WaitingOnDeps => "waiting_on_deps",
            Self::Queued => "queued",
            Self::Provisioning { .. } => "provisioning",
            Self::Running { .. } => "running",
            Self::NeedsAttention => "needs_attention",
            Self::PrOpened => "pr_opened",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The open run, in the two states that have one.
    #[must_use]
    pub fn run(self) -> Option<RunId> {
        match self {
            Self::Provisioning { run } | Self::Running { run } => Some(run),
            Self::Pending
            | Self::WaitingOnDeps
            | Self::Queued
            | Self::NeedsAttention
            | Self::PrOpened
            | Self::Completed
            | Self::Failed
            | Self::Cancelled => None,
        }
    }

    /// Whether nothing happens any more unless a person wants it.
    #[must_use]
    pub fn over(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// Reads the two columns back; `None` when they contradict each other.
    #[must_use]
    pub fn from_parts(name: &str, run: Option<RunId>) -> Option<Self> {
        Some(match (name, run) {
            ("pending", None) => Self::Pending,
            ("waiting_on_deps", None) => Self::WaitingOnDeps,
            ("queued", None) => Self::Queued,
            ("provisioning", Some(run)) => Self::Provisioning { run },
            ("running", Some(run)) => Self::Running { run },
            ("needs_attention", None) => Self::NeedsAttention,
            ("pr_opened", None) => Self::PrOpened,
            ("completed", None) => Self::Completed,
            ("failed", None) => Self::Failed,
            ("cancelled", None) => Self::Cancelled,
            _ => return None,
        })
    }

    /// The only way a state changes. Read it as the table it is: what is not listed is illegal.
    ///
    /// # Errors
    /// [`Illegal`] when the event cannot happen in this state.
    pub fn on(self, event: TaskEvent) -> Result<Self, Illegal> {
        use TaskEvent as E;
        Ok(match (self, event) {
            (Self::Pending, E::MustWait) => Self::WaitingOnDeps,
            (Self::Pending | Self::WaitingOnDeps, E::Ready) => Self::Queued,
            (Self::WaitingOnDeps, E::GaveUp) => Self::Failed,
            (Self::Queued, E::RunOpened { run }) => Self::Provisioning { run },
            (Self::Provisioning { run }, E::Started) => Self::Running { run },
            (Self::Provisioning { .. } | Self::Running { .. }, E::TriedAgain) => Self::Queued,
            (Self::Provisioning { .. } | Self::Running { .. }, E::GaveUp) => Self::Failed,
            (Self::Provisioning { .. } | Self::Running { .. }, E::Asked) => Self::NeedsAttention,
            (Self::Provisioning { .. } | Self::Running { .. }, E::PullSeen) => Self::PrOpened,
            (Self::Provisioning { .. } | Self::Running { .. }, E::Finished) => Self::Completed,
            (Self::PrOpened, E::SentBack) => Self::Queued,
            (Self::PrOpened, E::Asked) => Self::NeedsAttention,
            // A pull request decides whatever we made of it before.
            (Self::PrOpened | Self::NeedsAttention | Self::Failed, E::Merged) => Self::Completed,
            (Self::PrOpened | Self::NeedsAttention, E::Closed) => Self::Failed,
            (
                Self::NeedsAttention | Self::PrOpened | Self::Failed | Self::Cancelled,
                E::Resumed,
            ) => Self::Queued,
            (
                Self::Pending
                | Self::WaitingOnDeps
                | Self::Queued
                | Self::Provisioning { .. }
                | Self::Running { .. }
                | Self::NeedsAttention
                | Self::PrOpened,
                E::Cancelled,
            ) => Self::Cancelled,
            (
                Self::NeedsAttention
                | Self::PrOpened
                | Self::Completed
                | Self::Failed
                | Self::Cancelled,
                E::Redone,
            ) => Self::Queued,
            (from, event) => return Err(Illegal { from, event }),
        })
    }
}

/// What can happen to a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskEvent {
    /// Other tasks have to be completed first.
    MustWait,
    /// Nothing stands in the way of its next run.
    Ready,
    /// A run was opened.
    RunOpened {
        /// Which.
        run: RunId,
    },
    /// The run's process runs.
    Started,
    /// The run failed, and there will be another.
    TriedAgain,
    /// It will not work out.
    GaveUp,
    /// A person is asked how it goes on.
    Asked,
    /// Its pull request is open.
    PullSeen,
    /// Its work is done without a pull request.
    Finished,
    /// Its pull request needs more work, and the agent is to do it.
    SentBack,
    /// Its pull request was merged.
    Merged,
    /// Its pull request was closed without being merged.
    Closed,
    /// A person lets it go on from where it is.
    Resumed,
    /// A person cancelled it.
    Cancelled,
    /// A person wants it done afresh.
    Redone,
}

impl TaskEvent {
    /// The word used in pictures, histories and logs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::MustWait => "must wait",
            Self::Ready => "ready",
            Self::RunOpened { .. } => "run opened",
            Self::Started => "started",
            Self::TriedAgain => "tried again",
            Self::GaveUp => "gave up",
            Self::Asked => "asked a person",
            Self::PullSeen => "pull request open",
            Self::Finished => "finished",
            Self::SentBack => "sent back",
            Self::Merged => "merged",
            Self::Closed => "closed",
            Self::Resumed => "resumed",
            Self::Cancelled => "cancelled",
            Self::Redone => "redone",
        }
    }
}

/// An event that cannot happen in a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a task that is {} cannot be {}", from.name(), event.name())]
pub struct Illegal {
    /// The state.
    pub from: TaskState,
    /// The event.
    pub event: TaskEvent,
}

/// What a person wants of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Intent {
    /// Stop it for good.
    Cancel,
    /// Try again after a failure, from where it stands.
    Retry,
    /// Go on with the same session and worktree.
    Resume,
    /// Go on from the pushed branch with a fresh session.
    Restart,
    /// Forget everything and begin at the base branch.
    Redo,
}

impl Intent {
    const ALL: [Self; 5] = [
        Self::Cancel,
        Self::Retry,
        Self::Resume,
        Self::Restart,
        Self::Redo,
    ];

    /// The word used in SQL and HTTP.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cancel => "cancel",
            Self::Retry => "retry",
            Self::Resume => "resume",
            Self::Restart => "restart",
            Self::Redo => "redo",
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
    pub fn meets(self, state: TaskState) -> Result<TaskEvent, &'static str> {
        use TaskState as S;
        match (self, state) {
            (Self::Cancel, S::Completed | S::Failed | S::Cancelled) => {
                Err("it is over; there is nothing to cancel")
            }
            (Self::Cancel, _) => Ok(TaskEvent::Cancelled),
            (Self::Retry, S::Failed | S::Cancelled) => Ok(TaskEvent::Resumed),
            (Self::Retry, _) => Err("only a failed or cancelled task can be retried"),
            (Self::Resume, S::NeedsAttention | S::Failed) => Ok(TaskEvent::Resumed),
            (Self::Resume, _) => Err(
                "only a task that needs attention or has failed can be resumed; message one that runs",
            ),
            (Self::Restart, S::NeedsAttention | S::Failed | S::PrOpened) => Ok(TaskEvent::Resumed),
            (Self::Restart, _) => Err(
                "only a task that needs attention, has failed or has an open pull request can be restarted",
            ),
            (Self::Redo, S::Pending | S::WaitingOnDeps | S::Queued) => Err("it has not begun yet"),
            (Self::Redo, S::Provisioning { .. } | S::Running { .. }) => {
                Err("it runs; cancel it first")
            }
            (Self::Redo, _) => Ok(TaskEvent::Redone),
        }
    }
}

/// The transition table as a Mermaid state diagram; `docs/states/task.mmd` is this text.
#[must_use]
pub fn picture() -> String {
    use std::fmt::Write as _;
    let run = RunId(uuid::Uuid::nil());
    let states = TaskState::NAMES.map(|name| {
        let open = matches!(name, "provisioning" | "running").then_some(run);
        TaskState::from_parts(name, open)
    });
    let events = [
        TaskEvent::MustWait,
        TaskEvent::Ready,
        TaskEvent::RunOpened { run },
        TaskEvent::Started,
        TaskEvent::TriedAgain,
        TaskEvent::GaveUp,
        TaskEvent::Asked,
        TaskEvent::PullSeen,
        TaskEvent::Finished,
        TaskEvent::SentBack,
        TaskEvent::Merged,
        TaskEvent::Closed,
        TaskEvent::Resumed,
        TaskEvent::Cancelled,
        TaskEvent::Redone,
    ];
    let mut out = "stateDiagram-v2\n    [*] --> pending\n".to_owned();
    for from in states.into_iter().flatten() {
        for event in events {
            if let Ok(to) = from.on(event) {
                let (from, to) = (from.name(), to.name());
                let _written = writeln!(out, "    {from} --> {to} : {}", event.name());
            }
        }
    }
    out
}

#[cfg(test)]
mod tests;
