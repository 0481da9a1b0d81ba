//! The parts of the events' bodies that say where to look.

use serde::Deserialize;

use super::About;
use crate::git_host::{IssueNumber, PullNumber, RepoName};

/// What all events have.
#[derive(Deserialize)]
pub(super) struct Frame {
    #[serde(default)]
    pub(super) action: String,
    pub(super) repository: Repository,
    pub(super) sender: Sender,
}

#[derive(Deserialize)]
pub(super) struct Repository {
    #[serde(deserialize_with = "repo_name")]
    pub(super) full_name: RepoName,
}

#[derive(Deserialize)]
pub(super) struct Sender {
    pub(super) login: String,
}

pub(super) fn repo_name<'de, D: serde::Deserializer<'de>>(from: D) -> Result<RepoName, D::Error> {
    let text = String::deserialize(from)?;
    text.parse().map_err(serde::de::Error::custom)
}

#[derive(Deserialize)]
struct Numbered {
    number: u64,
}

#[derive(Deserialize)]
struct Head {
    sha: String,
}

#[derive(Deserialize)]
struct PullShape {
    number: u64,
    head: Head,
}

#[derive(Deserialize)]
pub(super) struct PullBody {
    pull_request: PullShape,
}

impl From<PullBody> for About {
    fn from(body: PullBody) -> Self {
        Self::Pull {
            number: PullNumber(body.pull_request.number),
            head_sha: body.pull_request.head.sha,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct ReviewBody {
    pull_request: Numbered,
}

impl From<ReviewBody> for About {
    fn from(body: ReviewBody) -> Self {
        Self::Review {
            number: PullNumber(body.pull_request.number),
        }
    }
}

#[derive(Deserialize)]
struct Checked {
    head_sha: String,
    #[serde(default)]
    pull_requests: Vec<Numbered>,
}

impl From<Checked> for About {
    fn from(checked: Checked) -> Self {
        let pulls = checked.pull_requests.into_iter();
        Self::Checks {
            sha: checked.head_sha,
            pulls: pulls.map(|pull| PullNumber(pull.number)).collect(),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct RunBody {
    check_run: Checked,
}

impl From<RunBody> for About {
    fn from(body: RunBody) -> Self {
        body.check_run.into()
    }
}

#[derive(Deserialize)]
pub(super) struct SuiteBody {
    check_suite: Checked,
}

impl From<SuiteBody> for About {
    fn from(body: SuiteBody) -> Self {
        body.check_suite.into()
    }
}

#[derive(Deserialize)]
pub(super) struct StatusBody {
    sha: String,
}

impl From<StatusBody> for About {
    fn from(body: StatusBody) -> Self {
        Self::Checks {
            sha: body.sha,
            pulls: Vec::new(),
        }
    }
}

#[derive(Deserialize)]
struct Label {
    name: String,
}

#[derive(Deserialize)]
struct IssueShape {
    number: u64,
    #[serde(default)]
    labels: Vec<Label>,
    #[serde(default)]
    pull_request: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
pub(super) struct IssueBody {
    issue: IssueShape,
}

impl From<IssueBody> for About {
    fn from(body: IssueBody) -> Self {
        let labels = body.issue.labels.into_iter();
        Self::Issue {
            number: IssueNumber(body.issue.number),
            labels: labels.map(|label| label.name).collect(),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct CommentBody {
    issue: IssueShape,
}

impl From<CommentBody> for About {
    fn from(body: CommentBody) -> Self {
        Self::Comment {
            number: IssueNumber(body.issue.number),
            on_pull: body.issue.pull_request.is_some(),
        }
    }
}
