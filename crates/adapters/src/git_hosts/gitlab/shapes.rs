//! What we understand of GitLab's answers. Everything else in them is left out, also of what is kept.

use chrono::{DateTime, Utc};
use optio_domain::git_host::{
    Comment, GitHostError, Issue, IssueNumber, Pull, PullNumber, PullPhase, PullState, Repo,
    RepoName,
};
use serde::{Deserialize, Serialize};

/// The account that GitLab puts in the place of one that is gone.
const GHOST: &str = "ghost";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct UserShape {
    pub(super) id: u64,
    pub(super) username: String,
}

pub(super) fn username(user: Option<UserShape>) -> String {
    user.map_or_else(|| GHOST.to_owned(), |user| user.username)
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ProjectShape {
    path_with_namespace: String,
    /// Not there while the repository is empty.
    #[serde(default)]
    default_branch: Option<String>,
    http_url_to_repo: String,
    /// Not told to whoever is not signed in.
    #[serde(default)]
    visibility: Option<String>,
    /// How its merge requests are merged: `merge`, `rebase_merge` or `ff`.
    #[serde(default)]
    pub(super) merge_method: String,
}

impl ProjectShape {
    pub(super) fn understood(self) -> Result<Repo, GitHostError> {
        let path = self.path_with_namespace;
        let name: RepoName = path
            .parse()
            .map_err(|_| GitHostError::Refused(format!("the name `{path}`")))?;
        Ok(Repo {
            name,
            default_branch: self.default_branch.unwrap_or_else(|| "main".to_owned()),
            clone_url: self.http_url_to_repo,
            private: self.visibility.is_none_or(|it| it != "public"),
        })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct MergeShape {
    pub(super) iid: u64,
    pub(super) web_url: String,
    title: String,
    description: Option<String>,
    pub(super) author: Option<UserShape>,
    #[serde(default)]
    labels: Vec<String>,
    #[serde(default)]
    reviewers: Vec<UserShape>,
    state: String,
    #[serde(default)]
    draft: bool,
    /// None while the branch has no commit of its own.
    pub(super) sha: Option<String>,
    source_branch: String,
    target_branch: String,
    source_project_id: Option<u64>,
    target_project_id: u64,
    #[serde(default)]
    has_conflicts: bool,
    #[serde(default)]
    merge_status: String,
    /// Since GitLab 15.6.
    #[serde(default)]
    pub(super) detailed_merge_status: String,
    #[serde(default)]
    merge_commit_sha: Option<String>,
    #[serde(default)]
    squash_commit_sha: Option<String>,
}

impl MergeShape {
    /// Whether its branch is one of the project itself, and not of a fork.
    pub(super) fn is_of_project(&self) -> bool {
        self.source_project_id == Some(self.target_project_id)
    }

    pub(super) fn found(self) -> Pull {
        Pull {
            number: PullNumber(self.iid),
            url: self.web_url,
            head_sha: self.sha.unwrap_or_default(),
        }
    }

    /// Whether it merges without a conflict. `has_conflicts` says no also while nobody has looked;
    /// the words are those of <https://docs.gitlab.com/api/merge_requests/#merge-status>. Where a
    /// project only fast-forwards, one that has to be rebased does not merge as it is.
    pub(super) fn mergeable(&self) -> Option<bool> {
        let detailed = self.detailed_merge_status.as_str();
        if self.has_conflicts || matches!(detailed, "conflict" | "need_rebase") {
            return Some(false);
        }
        let is_known = !matches!(
            detailed,
            "unchecked" | "checking" | "preparing" | "approvals_syncing"
        );
        (is_known && self.merge_status == "can_be_merged").then_some(true)
    }
}

impl From<MergeShape> for PullState {
    fn from(shape: MergeShape) -> Self {
        let mergeable = shape.mergeable();
        let phase = match shape.state.as_str() {
            "merged" => PullPhase::Merged,
            "closed" => PullPhase::Closed,
            // `locked` is one that is just being merged.
            _ => PullPhase::Open,
        };
        // A fast-forward makes no commit: the head is then what is in the base.
        let merge_sha = shape.merge_commit_sha.or(shape.squash_commit_sha);
        let merge_sha = merge_sha.or_else(|| shape.sha.clone());
        Self {
            number: PullNumber(shape.iid),
            url: shape.web_url,
            title: shape.title,
            body: shape.description.unwrap_or_default(),
            author: username(shape.author),
            labels: shape.labels,
            reviewers_asked: shape.reviewers.into_iter().map(|it| it.username).collect(),
            phase,
            draft: shape.draft,
            head_sha: shape.sha.unwrap_or_default(),
            head_branch: shape.source_branch,
            base_branch: shape.target_branch,
            mergeable,
            merge_sha: merge_sha.filter(|_| phase == PullPhase::Merged),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct IssueShape {
    iid: u64,
    pub(super) web_url: String,
    title: String,
    description: Option<String>,
    author: Option<UserShape>,
    #[serde(default)]
    labels: Vec<String>,
    pub(super) state: String,
    #[serde(default)]
    assignees: Vec<UserShape>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<IssueShape> for Issue {
    fn from(shape: IssueShape) -> Self {
        Self {
            number: IssueNumber(shape.iid),
            url: shape.web_url,
            title: shape.title,
            body: shape.description.unwrap_or_default(),
            author: username(shape.author),
            labels: shape.labels,
            assignee: shape.assignees.into_iter().next().map(|user| user.username),
            open: shape.state == "opened",
            created_at: shape.created_at,
            updated_at: shape.updated_at,
        }
    }
}

/// Where an issue or merge request can be looked at.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct PageShape {
    pub(super) web_url: String,
}

/// A place in a diff.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct PositionShape {
    #[serde(default)]
    pub(super) new_path: Option<String>,
    #[serde(default)]
    pub(super) old_path: Option<String>,
    #[serde(default)]
    pub(super) new_line: Option<u64>,
    #[serde(default)]
    pub(super) old_line: Option<u64>,
}

/// What somebody said, or what GitLab wrote down that somebody did.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct NoteShape {
    pub(super) id: u64,
    pub(super) author: Option<UserShape>,
    #[serde(default)]
    pub(super) body: Option<String>,
    pub(super) created_at: DateTime<Utc>,
    #[serde(default)]
    pub(super) system: bool,
    #[serde(default)]
    pub(super) position: Option<PositionShape>,
}

impl NoteShape {
    pub(super) fn understood(self, page: &str) -> Comment {
        Comment {
            url: note_url(page, self.id),
            author: username(self.author),
            body: self.body.unwrap_or_default(),
            at: self.created_at,
        }
    }
}

/// The address of a note, which GitLab does not tell.
pub(super) fn note_url(page: &str, note: u64) -> String {
    format!("{page}#note_{note}")
}

#[derive(Debug, Deserialize)]
pub(super) struct MadeShape {
    /// None where all of a note was commands.
    #[serde(default)]
    pub(super) id: Option<u64>,
}

/// Who has approved.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ApprovalsShape {
    #[serde(default)]
    pub(super) approved_by: Vec<ApproverShape>,
    #[serde(default)]
    pub(super) user_has_approved: bool,
    #[serde(default)]
    pub(super) user_can_approve: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ApproverShape {
    pub(super) user: UserShape,
}

/// Who was asked to review, and how that stands.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ReviewerShape {
    pub(super) user: UserShape,
    #[serde(default)]
    pub(super) state: String,
    pub(super) created_at: DateTime<Utc>,
}

/// A head that a merge request has had.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct VersionShape {
    pub(super) head_commit_sha: String,
    pub(super) base_commit_sha: String,
    pub(super) start_commit_sha: String,
    pub(super) created_at: DateTime<Utc>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct PipelineShape {
    pub(super) id: u64,
    pub(super) sha: String,
    #[serde(rename = "ref")]
    pub(super) branch: String,
    #[serde(default)]
    pub(super) source: String,
    pub(super) status: String,
    #[serde(default)]
    pub(super) web_url: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct CommitShape {
    #[serde(default)]
    pub(super) parent_ids: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct StatusShape {
    pub(super) name: String,
    pub(super) status: String,
    #[serde(default)]
    pub(super) allow_failure: bool,
    #[serde(default)]
    pub(super) target_url: Option<String>,
    #[serde(default)]
    pub(super) pipeline_id: Option<u64>,
}
