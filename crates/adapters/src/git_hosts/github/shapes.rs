//! What we understand of GitHub's answers. Everything else in them is left out, also of what is kept.

use chrono::{DateTime, Utc};
use optio_domain::git_host::{
    Check, CheckState, Comment, GitHostError, Issue, IssueNumber, Pull, PullNumber, PullPhase,
    PullState, Repo, RepoName, ReviewComment, ReviewState,
};
use serde::{Deserialize, Serialize};

/// The author of what was written by somebody whose account is gone, as GitHub shows it.
const GHOST: &str = "ghost";

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct UserShape {
    pub(super) login: String,
}

fn login(user: Option<UserShape>) -> String {
    user.map_or_else(|| GHOST.to_owned(), |user| user.login)
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RepoShape {
    full_name: String,
    default_branch: String,
    clone_url: String,
    private: bool,
}

impl RepoShape {
    pub(super) fn understood(self) -> Result<Repo, GitHostError> {
        let name: RepoName = self
            .full_name
            .parse()
            .map_err(|_| GitHostError::Refused(format!("the name `{}`", self.full_name)))?;
        Ok(Repo {
            name,
            default_branch: self.default_branch,
            clone_url: self.clone_url,
            private: self.private,
        })
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct SideShape {
    #[serde(rename = "ref")]
    branch: String,
    sha: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct LabelShape {
    name: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct PullShape {
    number: u64,
    html_url: String,
    title: String,
    body: Option<String>,
    user: Option<UserShape>,
    labels: Vec<LabelShape>,
    #[serde(default)]
    requested_reviewers: Vec<UserShape>,
    state: String,
    #[serde(default)]
    draft: bool,
    head: SideShape,
    base: SideShape,
    /// Not in lists.
    #[serde(default)]
    mergeable: Option<bool>,
    merged_at: Option<DateTime<Utc>>,
    merge_commit_sha: Option<String>,
}

impl PullShape {
    pub(super) fn found(self) -> Pull {
        Pull {
            number: PullNumber(self.number),
            url: self.html_url,
            head_sha: self.head.sha,
        }
    }
}

impl From<PullShape> for PullState {
    fn from(shape: PullShape) -> Self {
        let is_merged = shape.merged_at.is_some();
        let phase = match (is_merged, shape.state.as_str()) {
            (true, _) => PullPhase::Merged,
            (false, "open") => PullPhase::Open,
            (false, _) => PullPhase::Closed,
        };
        Self {
            number: PullNumber(shape.number),
            url: shape.html_url,
            title: shape.title,
            body: shape.body.unwrap_or_default(),
            author: login(shape.user),
            labels: shape.labels.into_iter().map(|label| label.name).collect(),
            reviewers_asked: shape
                .requested_reviewers
                .into_iter()
                .map(|user| user.login)
                .collect(),
            phase,
            draft: shape.draft,
            head_sha: shape.head.sha,
            head_branch: shape.head.branch,
            base_branch: shape.base.branch,
            mergeable: shape.mergeable,
            // Before the merge it names a commit made to try it.
            merge_sha: shape.merge_commit_sha.filter(|_| is_merged),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RunShape {
    name: String,
    status: String,
    conclusion: Option<String>,
    #[serde(default)]
    details_url: Option<String>,
    html_url: Option<String>,
}

impl From<RunShape> for Check {
    fn from(shape: RunShape) -> Self {
        Self {
            name: shape.name,
            state: CheckState::of_run(&shape.status, shape.conclusion.as_deref()),
            word: shape.conclusion.unwrap_or(shape.status),
            url: shape.html_url.or(shape.details_url),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RunsShape {
    check_runs: Vec<RunShape>,
}

impl From<RunsShape> for Vec<RunShape> {
    fn from(shape: RunsShape) -> Self {
        shape.check_runs
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StatusShape {
    context: String,
    state: String,
    target_url: Option<String>,
}

impl From<StatusShape> for Check {
    fn from(shape: StatusShape) -> Self {
        Self {
            name: shape.context,
            state: CheckState::of_status(&shape.state),
            word: shape.state,
            url: shape.target_url,
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StatusesShape {
    statuses: Vec<StatusShape>,
}

impl From<StatusesShape> for Vec<StatusShape> {
    fn from(shape: StatusesShape) -> Self {
        shape.statuses
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ReviewShape {
    pub(super) id: u64,
    user: Option<UserShape>,
    pub(super) state: String,
    body: Option<String>,
    commit_id: Option<String>,
    submitted_at: Option<DateTime<Utc>>,
    pub(super) html_url: String,
}

impl ReviewShape {
    /// The review, if it was submitted: a draft of ours is listed as well.
    pub(super) fn submitted(self) -> Option<optio_domain::git_host::Review> {
        let state = match self.state.as_str() {
            "APPROVED" => ReviewState::Approved,
            "CHANGES_REQUESTED" => ReviewState::ChangesRequested,
            "COMMENTED" => ReviewState::Commented,
            "DISMISSED" => ReviewState::Dismissed,
            _ => return None,
        };
        Some(optio_domain::git_host::Review {
            id: self.id,
            author: login(self.user),
            state,
            body: self.body.unwrap_or_default(),
            sha: self.commit_id.unwrap_or_default(),
            at: self.submitted_at?,
            comments: Vec::new(),
        })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct LineShape {
    pub(super) pull_request_review_id: Option<u64>,
    user: Option<UserShape>,
    path: String,
    #[serde(default)]
    line: Option<u64>,
    body: String,
    created_at: DateTime<Utc>,
}

impl From<LineShape> for ReviewComment {
    fn from(shape: LineShape) -> Self {
        Self {
            author: login(shape.user),
            path: shape.path,
            line: shape.line,
            body: shape.body,
            at: shape.created_at,
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct IssueShape {
    number: u64,
    html_url: String,
    title: String,
    body: Option<String>,
    user: Option<UserShape>,
    labels: Vec<LabelShape>,
    state: String,
    #[serde(default)]
    assignee: Option<UserShape>,
    created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
    /// There if it is a pull request.
    #[serde(default)]
    pub(super) pull_request: Option<PullMark>,
}

/// The mark of a pull request among issues.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct PullMark {}

impl From<IssueShape> for Issue {
    fn from(shape: IssueShape) -> Self {
        Self {
            number: IssueNumber(shape.number),
            url: shape.html_url,
            title: shape.title,
            body: shape.body.unwrap_or_default(),
            author: login(shape.user),
            labels: shape.labels.into_iter().map(|label| label.name).collect(),
            assignee: shape.assignee.map(|user| user.login),
            open: shape.state == "open",
            created_at: shape.created_at,
            updated_at: shape.updated_at,
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct CommentShape {
    user: Option<UserShape>,
    #[serde(default)]
    body: Option<String>,
    html_url: String,
    created_at: DateTime<Utc>,
}

impl From<CommentShape> for Comment {
    fn from(shape: CommentShape) -> Self {
        Self {
            author: login(shape.user),
            body: shape.body.unwrap_or_default(),
            url: shape.html_url,
            at: shape.created_at,
        }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct MergedShape {
    pub(super) sha: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct InstallationShape {
    pub(super) id: u64,
}

#[derive(Deserialize)]
pub(super) struct LentShape {
    pub(super) token: String,
    pub(super) expires_at: DateTime<Utc>,
}
