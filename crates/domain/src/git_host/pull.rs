//! Pull requests.

use std::{fmt, str::FromStr};

use super::{BadRepo, GitHostError, RepoUrl, Thread};

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

/// The address of a pull request, as people copy it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullUrl {
    /// Its repository's address, without what makes it one of a pull request.
    pub repo_url: String,
    /// The same, understood.
    pub repo: RepoUrl,
    /// Its number there.
    pub number: PullNumber,
}

/// A text that is no address of a pull request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no pull request; write it as https://host/owner/name/pull/7, or as \
         https://host/group/name/-/merge_requests/7"
)]
pub struct BadPullUrl(pub String);

impl FromStr for PullUrl {
    type Err = BadPullUrl;

    /// Reads `https://host/owner/name/pull/7` and `https://host/group/name/-/merge_requests/7`, whatever
    /// follows it.
    fn from_str(text: &str) -> Result<Self, BadPullUrl> {
        let bad = || BadPullUrl(text.trim().chars().take(200).collect());
        let trimmed = text.trim();
        let is_web = ["https://", "http://"]
            .iter()
            .any(|scheme| trimmed.starts_with(scheme));
        if !is_web {
            return Err(bad());
        }
        let parts = ["/-/merge_requests/", "/pull/"];
        let split = parts.into_iter().find_map(|it| trimmed.split_once(it));
        let (repo_url, rest) = split.ok_or_else(bad)?;
        let number = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let number: u64 = number.parse().map_err(|_| bad())?;
        let repo: RepoUrl = repo_url.parse().map_err(|BadRepo(_)| bad())?;
        let fits = 0 < number && i64::try_from(number).is_ok();
        fits.then(|| Self {
            repo_url: repo_url.to_owned(),
            repo,
            number: PullNumber(number),
        })
        .ok_or_else(bad)
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
    /// The accounts whose review is asked for.
    pub reviewers_asked: Vec<String>,
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
    /// Reads its name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Squash, Self::Merge, Self::Rebase]
            .into_iter()
            .find(|method| method.name() == name)
    }

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
