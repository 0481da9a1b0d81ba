//! What every simulated git host has: real git on bare repositories, git over HTTP, merges, webhooks that
//! are sent, faults on request, and what is remembered of all this.

pub(crate) mod backend;
pub(crate) mod door;
pub(crate) mod faults;
pub(crate) mod git;
pub(crate) mod hooks;
pub(crate) mod http;
pub(crate) mod merge;
pub(crate) mod setup;

use std::collections::VecDeque;
use std::time::Duration;

pub use faults::{Fault, FaultKind};
pub(crate) use hooks::send_all;
pub use setup::{CheckSetup, HookSetup, IssueSetup, LineSetup, Play, RepoSetup, ReviewSetup};

/// How long open connections may take to close.
pub(crate) const STOP_MAX: Duration = Duration::from_secs(2);
/// How many calls, and how many deliveries, are remembered.
const KEPT_MAX: usize = 4_096;

/// Remembers one thing more, and forgets the oldest where there are too many.
pub(crate) fn keep<T>(kept: &mut VecDeque<T>, new: T) {
    if KEPT_MAX <= kept.len() {
        kept.pop_front();
    }
    kept.push_back(new);
}

/// A call of the API that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The HTTP method.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The status of the answer.
    pub status: u16,
    /// Whether it counts against the rate limit.
    pub counted: bool,
}

/// An event that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its number; an event that is sent twice keeps it.
    pub id: String,
    /// Its name, such as `pull_request`.
    pub event: String,
    /// What happened, such as `opened`.
    pub action: String,
    /// The status that was answered; `None` if nobody answered or the event was lost on purpose.
    pub status: Option<u16>,
}

/// What is asked of a simulator cannot be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CannotPlay(pub String);

impl From<git::GitError> for CannotPlay {
    fn from(error: git::GitError) -> Self {
        Self(error.to_string())
    }
}
