//! A git host as the domain names it: pull requests, their checks and reviews, issues, and tokens.
//! `adapters` fills [`GitHost`], `actors` uses it. What a set of checks or reviews means is decided
//! here, by pure functions, the same for every host.

mod checks;
mod issue;
mod pull;
mod repo;
mod review;
#[cfg(test)]
mod tests;
mod webhook;

use chrono::{DateTime, Utc};

pub use checks::{Check, CheckState, Checks, ChecksVerdict};
pub use issue::{Comment, ISSUES_MAX, Issue, IssueNumber, IssueState, Thread, has_mark, marked};
pub use pull::{
    BadPullUrl, MergeMethod, MergeRefused, Merged, Pull, PullNumber, PullPhase, PullState, PullUrl,
};
pub use repo::{BadRepo, Repo, RepoName, RepoUrl};
pub use review::{
    DiffSide, LineComment, NewReview, Review, ReviewAct, ReviewComment, ReviewState, ReviewVerdict,
    verdict,
};
pub use webhook::{
    About, BadEvent, HostEvent, gitlab_delivery, is_signed, is_token, read_event, read_gitlab_event,
};

use crate::ports::Eventually;

/// Why a git host did not do what it was asked, by what the caller can do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GitHostError {
    /// It is not there, or this token may not know of it.
    #[error("the git host does not know {0}")]
    NotFound(String),
    /// The token is missing, wrong, expired, or may not do this. A person has to act.
    #[error("the git host refuses the credentials: {words}; {remedy}")]
    Unauthorized {
        /// What the host said.
        words: String,
        /// What a person can do.
        remedy: String,
    },
    /// No more calls until then.
    #[error("the git host's rate limit is used up until {until}")]
    RateLimited {
        /// When calls are answered again.
        until: DateTime<Utc>,
    },
    /// The host fails or does not answer. Trying again later may help.
    #[error("the git host could not answer: {0}")]
    Busy(String),
    /// The host understood and said no; the same call will be refused again.
    #[error("the git host refused: {0}")]
    Refused(String),
}

/// What the host calls this version of an answer. Asking with it costs nothing while nothing changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Etag(pub String);

/// An answer to someone who may have seen it before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen<T> {
    /// It is still what the given [`Etag`] names.
    Unchanged,
    /// It is new.
    Changed {
        /// What it is now.
        value: T,
        /// Its version, where the host tells one.
        etag: Option<Etag>,
    },
}

impl<T> Seen<T> {
    /// What is new, if anything is.
    pub fn changed(self) -> Option<T> {
        match self {
            Self::Unchanged => None,
            Self::Changed { value, .. } => Some(value),
        }
    }
}

/// What opens a repository to `git` and to the host's API.
#[derive(Clone, PartialEq, Eq)]
pub struct GitToken {
    /// The user name to give to `git`.
    pub username: String,
    /// The password to give to `git`, and the bearer of the API.
    pub secret: String,
    /// When it stops working, where the host says so.
    pub expires_at: Option<DateTime<Utc>>,
}

impl std::fmt::Debug for GitToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GitToken")
            .field("username", &self.username)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// What a call to a git host comes to.
pub type Answer<'a, T> = Eventually<'a, Result<T, GitHostError>>;

/// A host of git repositories with pull requests and issues. Lists are whole: all pages are read.
pub trait GitHost: Send + Sync {
    /// The host's name in addresses, such as `github.com`.
    fn host(&self) -> &str;
    /// The account that we act as, where it is one whose review can be asked for.
    fn me(&self) -> Answer<'_, String>;
    /// A repository.
    fn repo<'a>(&'a self, repo: &'a RepoName) -> Answer<'a, Repo>;
    /// The open pull request whose head is this branch of the same repository.
    fn open_pull_of_branch<'a>(
        &'a self,
        repo: &'a RepoName,
        branch: &'a str,
    ) -> Answer<'a, Option<Pull>>;
    /// The open pull requests, newest first. Whether they can be merged is not told.
    fn open_pulls<'a>(&'a self, repo: &'a RepoName) -> Answer<'a, Vec<PullState>>;
    /// A pull request, or that it is as it was.
    fn pull<'a>(
        &'a self,
        repo: &'a RepoName,
        number: PullNumber,
        known: Option<&'a Etag>,
    ) -> Answer<'a, Seen<PullState>>;
    /// All that was checked of a commit. A list that cannot be read is an error, never empty.
    fn checks<'a>(&'a self, repo: &'a RepoName, sha: &'a str) -> Answer<'a, Checks>;
    /// The submitted reviews of a pull request, oldest first, with their line comments.
    fn reviews<'a>(&'a self, repo: &'a RepoName, number: PullNumber) -> Answer<'a, Vec<Review>>;
    /// Merges a pull request if its head still is that commit. Merging what is merged is a success.
    fn merge<'a>(
        &'a self,
        repo: &'a RepoName,
        number: PullNumber,
        expected_sha: &'a str,
        method: MergeMethod,
    ) -> Eventually<'a, Result<Merged, MergeRefused>>;
    /// Submits a review of that commit.
    fn submit_review<'a>(
        &'a self,
        repo: &'a RepoName,
        number: PullNumber,
        review: &'a NewReview,
    ) -> Answer<'a, String>;
    /// An issue.
    fn issue<'a>(&'a self, repo: &'a RepoName, number: IssueNumber) -> Answer<'a, Issue>;
    /// The comments of an issue or pull request, oldest first.
    fn comments<'a>(&'a self, repo: &'a RepoName, thread: Thread) -> Answer<'a, Vec<Comment>>;
    /// The open issues that bear a label, oldest first. Pull requests are not among them.
    fn issues_with_label<'a>(
        &'a self,
        repo: &'a RepoName,
        label: &'a str,
    ) -> Answer<'a, Vec<Issue>>;
    /// The issues that changed last, those first, and at most [`ISSUES_MAX`] of them. Pull requests are not
    /// among them.
    fn issues<'a>(&'a self, repo: &'a RepoName, which: IssueState) -> Answer<'a, Vec<Issue>>;
    /// Comments on an issue or pull request, once per mark: see [`marked`]. Answers the comment's
    /// address.
    fn comment<'a>(
        &'a self,
        repo: &'a RepoName,
        thread: Thread,
        body: &'a str,
        mark: &'a str,
    ) -> Answer<'a, String>;
    /// Closes an issue. Closing what is closed is a success.
    fn close_issue<'a>(&'a self, repo: &'a RepoName, number: IssueNumber) -> Answer<'a, ()>;
    /// Adds labels to an issue or pull request; the host makes those that it does not know.
    fn add_labels<'a>(
        &'a self,
        repo: &'a RepoName,
        thread: Thread,
        labels: &'a [String],
    ) -> Answer<'a, ()>;
    /// A token that opens this repository, for the credential helper of a sandbox. Where the host
    /// can make one for a single repository, it is such a one.
    fn token_for<'a>(&'a self, repo: &'a RepoName) -> Answer<'a, GitToken>;
}
