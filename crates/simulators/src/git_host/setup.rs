//! What a simulated git host holds when it starts: parts of a file in TOML, or values of a test.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Where events are sent.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HookSetup {
    /// The address that takes them; plain HTTP.
    pub url: String,
    /// What they are signed with, or what is sent along.
    pub secret: String,
}

/// A repository.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RepoSetup {
    /// `owner/name`; on GitLab there may be groups in groups.
    pub name: String,
    /// The first commit of `main`, by path.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// Its issues.
    #[serde(default)]
    pub issues: Vec<IssueSetup>,
    /// What happens to the heads of pull requests: the first arriving head gets the first play.
    #[serde(default)]
    pub plays: Vec<Play>,
}

/// An issue.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssueSetup {
    /// Its title.
    pub title: String,
    /// Its text.
    #[serde(default)]
    pub body: String,
    /// Who opens it.
    #[serde(default = "somebody")]
    pub author: String,
    /// Its labels.
    #[serde(default)]
    pub labels: Vec<String>,
}

fn somebody() -> String {
    "octocat".to_owned()
}

/// What happens to the next head of a pull request: its checks run, and then people review it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Play {
    /// Whether it is for every further head and not for one.
    pub repeat: bool,
    /// What is checked.
    pub checks: Vec<CheckSetup>,
    /// Who reviews it, one after the other, when the checks are over.
    pub reviews: Vec<ReviewSetup>,
}

/// A check run.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckSetup {
    /// Its name.
    pub name: String,
    /// How it ends, in the host's word; without one it never ends.
    #[serde(default)]
    pub conclusion: Option<String>,
    /// What it has to say.
    #[serde(default)]
    pub summary: String,
    /// Milliseconds until it ends.
    #[serde(default)]
    pub after_ms: u64,
}

/// A review.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReviewSetup {
    /// Who reviews.
    pub author: String,
    /// `APPROVE`, `REQUEST_CHANGES` or `COMMENT`.
    pub event: String,
    /// Its text.
    #[serde(default)]
    pub body: String,
    /// Its comments on lines.
    #[serde(default)]
    pub comments: Vec<LineSetup>,
    /// Milliseconds until it is submitted.
    #[serde(default)]
    pub after_ms: u64,
}

/// A comment on a line.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineSetup {
    /// The file.
    pub path: String,
    /// The line.
    pub line: u64,
    /// `LEFT` or `RIGHT`.
    #[serde(default = "right")]
    pub side: String,
    /// What it says.
    pub body: String,
}

fn right() -> String {
    "RIGHT".to_owned()
}
