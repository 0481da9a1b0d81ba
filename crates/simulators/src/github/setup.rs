//! What a simulated GitHub holds when it starts: a file in TOML, or values of a test.

use std::collections::BTreeMap;

use serde::Deserialize;

const DEMO: &str = include_str!("../../scenarios/github-demo.toml");
/// Calls of one token in an hour, where nothing else is said.
const RATE_LIMIT: u64 = 5_000;

/// What a simulated GitHub holds when it starts.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GithubSetup {
    /// Tokens, each with the login of its holder.
    pub tokens: BTreeMap<String, String>,
    /// Calls of one token in an hour.
    pub rate_limit: u64,
    /// The app that is installed in every repository.
    pub app: Option<AppSetup>,
    /// Where events are sent.
    pub hook: Option<HookSetup>,
    /// The repositories.
    pub repos: Vec<RepoSetup>,
}

impl Default for GithubSetup {
    fn default() -> Self {
        Self {
            tokens: BTreeMap::new(),
            rate_limit: RATE_LIMIT,
            app: None,
            hook: None,
            repos: Vec::new(),
        }
    }
}

/// A GitHub App.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppSetup {
    /// Its number.
    pub id: u64,
    /// Its private key as PEM. What the app signs is checked with the public half.
    pub private_key: String,
    /// Seconds that its tokens live.
    #[serde(default = "an_hour_s")]
    pub token_s: u64,
}

fn an_hour_s() -> u64 {
    3_600
}

impl std::fmt::Debug for AppSetup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AppSetup")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Where events are sent.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HookSetup {
    /// The address that takes them; plain HTTP.
    pub url: String,
    /// What they are signed with.
    pub secret: String,
}

/// A repository.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RepoSetup {
    /// `owner/name`.
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
    /// How it ends, in GitHub's word; without one it never ends.
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

impl GithubSetup {
    /// One repository with one issue, as the file that is part of the program says.
    ///
    /// # Errors
    /// Never, as a test sees to.
    pub fn demo() -> Result<Self, String> {
        Self::parse(DEMO)
    }

    /// Reads a file in TOML.
    ///
    /// # Errors
    /// What is wrong and where, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }
}
