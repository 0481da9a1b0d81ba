//! Pull requests.

use std::fmt;

use super::{GitHostError, Thread};

/// The number of a pull request in its repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PullNumber(pub u64);

impl fmt::Display for PullNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl PullNumber {
    /// The pull request as something to comment on and to label.
    #[must_use]
    pub fn as_issue(self) -> Thread {
        Thread::Pull(self)
    }
}

/// A pull request that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pull {
    /// Its number.
    pub number: PullNumber,
    /// Where a person can look at it.
    pub url: String,
    /// The commit it would merge.
    pub head_sha: String,
}

/// Where a pull request is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullPhase {
    /// It can still change.
    Open,
    /// Its commits are in the base branch.
    Merged,
    /// It was closed without a merge.
    Closed,
}

/// A pull request as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullState {
    /// Its number.
    pub number: PullNumber,
    /// Where a person can look at it.
    pub url: String,
    /// Its title.
    pub title: String,
    /// Its text; may be empty.
    pub body: String,
    /// Who opened it.
    pub author: String,
    /// Its labels.
    pub labels: Vec<String>,
    /// Where it is in its life.
    pub phase: PullPhase,
    /// Whether its author says that it is not ready.
    pub draft: bool,
    /// The commit it would merge.
    pub head_sha: String,
    /// The branch of that commit.
    pub head_branch: String,
    /// The branch it would merge into.
    pub base_branch: String,
    /// Whether it merges without a conflict; `None` while the host does not know.
    pub mergeable: Option<bool>,
    /// The commit that merged it, once it is merged.
    pub merge_sha: Option<String>,
}

/// How the commits of a pull request get into its base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MergeMethod {
    /// All in one commit.
    Squash,
    /// With a merge commit.
    Merge,
    /// One by one, on top of the base.
    Rebase,
}

impl MergeMethod {
    /// Its name in settings and for hosts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Squash => "squash",
            Self::Merge => "merge",
            Self::Rebase => "rebase",
        }
    }
}

/// A pull request was merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The commit on the base branch.
    pub sha: String,
}

/// Why a pull request was not merged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeRefused {
    /// Its head is not the commit that was to be merged: look again.
    #[error("the head of the pull request has moved")]
    Moved,
    /// It conflicts with its base.
    #[error("the pull request conflicts with its base")]
    Conflict,
    /// It is closed and was not merged.
    #[error("the pull request is closed")]
    Closed,
    /// A rule of the host stands in the way, or the host does not know yet whether it merges.
    #[error("the pull request cannot be merged now: {0}")]
    Blocked(String),
    /// The call failed; whether it was merged is to be looked up.
    #[error(transparent)]
    Host(#[from] GitHostError),
}
