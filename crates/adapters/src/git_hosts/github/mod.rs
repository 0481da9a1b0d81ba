//! GitHub, and GitHub Enterprise Server, over its REST API.
//!
//! What was read is asked for again with its `ETag`, so that looking at what has not changed costs
//! nothing of the rate limit. When the limit is used up, no call is made until it ends.

mod access;
mod answers;
mod calls;
mod jwt;
mod shapes;
#[cfg(test)]
mod tests;
mod tickets;
mod verbs;

use std::sync::Arc;

use optio_domain::{
    git_host::{
        Answer, Checks, Comment, Etag, GitHost, GitToken, Issue, IssueNumber, IssueState,
        MergeMethod, MergeRefused, Merged, NewReview, Pull, PullNumber, PullState, Repo, RepoName,
        Review, Seen, Thread,
    },
    ports::{Clock, Eventually, StoredToken},
    secret::SecretText,
};

use self::{access::Access, answers::DIALECT};
use super::rest::{BadApi, Http};

/// Where GitHub is, and with which right to speak to it.
#[derive(Debug, Clone)]
pub struct GitHubSettings {
    /// The host in addresses of repositories.
    pub host: String,
    /// The base of the API: `https://api.github.com`, or `https://HOST/api/v3` for GitHub Enterprise
    /// Server.
    pub api_url: String,
    /// The right to speak to it.
    pub credentials: Credentials,
}

impl GitHubSettings {
    /// github.com with these credentials.
    #[must_use]
    pub fn public(credentials: Credentials) -> Self {
        Self {
            host: "github.com".to_owned(),
            api_url: "https://api.github.com".to_owned(),
            credentials,
        }
    }

    /// A GitHub Enterprise Server.
    #[must_use]
    pub fn enterprise(host: &str, credentials: Credentials) -> Self {
        Self {
            host: host.to_owned(),
            api_url: format!("https://{host}/api/v3"),
            credentials,
        }
    }
}

/// The right to speak to GitHub.
#[derive(Clone)]
pub enum Credentials {
    /// A personal access token.
    Token(String),
    /// A personal access token that is stored where people change it.
    Stored(Arc<dyn StoredToken>),
    /// A GitHub App that is installed where the repositories are.
    App {
        /// Its number.
        id: u64,
        /// Its private key as PEM.
        private_key: String,
    },
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Token(_) => f.write_str("Token(..)"),
            Self::Stored(_) => f.write_str("Stored(..)"),
            Self::App { id, .. } => write!(f, "App({id}, ..)"),
        }
    }
}

/// The settings cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSettings {
    /// The base of the API.
    #[error("`{0}` is no base of an API; write it as https://api.github.com")]
    ApiUrl(String),
    /// This machine knows nobody whose certificates could be trusted.
    #[error("this machine has no root certificates; install the package ca-certificates")]
    Certificates,
    /// The key of the app.
    #[error(
        "the private key of the GitHub App cannot be read; give the whole PEM file that GitHub made"
    )]
    PrivateKey,
    /// The token.
    #[error("the GitHub token is empty or holds characters that no token has")]
    Token,
}

/// GitHub.
pub struct GitHub {
    host: String,
    api_url: String,
    http: Http,
    access: Access,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for GitHub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GitHub")
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

impl GitHub {
    /// GitHub as the settings say. Makes no call.
    ///
    /// # Errors
    /// When the settings cannot be used.
    pub fn new(settings: GitHubSettings, clock: Arc<dyn Clock>) -> Result<Self, BadSettings> {
        let http = Http::new(&settings.api_url, DIALECT, Arc::clone(&clock));
        let bad = |bad| match bad {
            BadApi::Url => BadSettings::ApiUrl(settings.api_url.clone()),
            BadApi::Certificates => BadSettings::Certificates,
        };
        Ok(Self {
            http: http.map_err(bad)?,
            access: Access::new(settings.credentials)?,
            host: settings.host,
            api_url: settings.api_url,
            clock,
        })
    }

    /// The same GitHub for whoever has this token.
    ///
    /// # Errors
    /// When it holds what no token has.
    pub fn with_token(&self, token: &SecretText) -> Result<Self, BadSettings> {
        let settings = GitHubSettings {
            host: self.host.clone(),
            api_url: self.api_url.clone(),
            credentials: Credentials::Token(token.reveal().to_owned()),
        };
        Self::new(settings, Arc::clone(&self.clock))
    }
}

impl GitHost for GitHub {
    fn host(&self) -> &str {
        &self.host
    }

    fn me(&self) -> Answer<'_, String> {
        Box::pin(self.read_me())
    }

    fn repo<'a>(&'a self, repo: &'a RepoName) -> Answer<'a, Repo> {
        Box::pin(self.read_repo(repo))
    }

    fn open_pull_of_branch<'a>(
        &'a self,
        repo: &'a RepoName,
        branch: &'a str,
    ) -> Answer<'a, Option<Pull>> {
        Box::pin(self.find_pull(repo, branch))
    }

    fn open_pulls<'a>(&'a self, repo: &'a RepoName) -> Answer<'a, Vec<PullState>> {
        Box::pin(self.list_pulls(repo))
    }

    fn pull<'a>(
        &'a self,
        repo: &'a RepoName,
        number: PullNumber,
        known: Option<&'a Etag>,
    ) -> Answer<'a, Seen<PullState>> {
        Box::pin(self.read_pull(repo, number, known))
    }

    fn checks<'a>(&'a self, repo: &'a RepoName, sha: &'a str) -> Answer<'a, Checks> {
        Box::pin(self.read_checks(repo, sha))
    }

    fn reviews<'a>(&'a self, repo: &'a RepoName, number: PullNumber) -> Answer<'a, Vec<Review>> {
        Box::pin(self.read_reviews(repo, number))
    }

    fn merge<'a>(
        &'a self,
        repo: &'a RepoName,
        number: PullNumber,
        expected_sha: &'a str,
        method: MergeMethod,
    ) -> Eventually<'a, Result<Merged, MergeRefused>> {
        Box::pin(self.merge_pull(repo, number, expected_sha, method))
    }

    fn submit_review<'a>(
        &'a self,
        repo: &'a RepoName,
        number: PullNumber,
        review: &'a NewReview,
    ) -> Answer<'a, String> {
        Box::pin(self.send_review(repo, number, review))
    }

    fn issue<'a>(&'a self, repo: &'a RepoName, number: IssueNumber) -> Answer<'a, Issue> {
        Box::pin(self.read_issue(repo, number))
    }

    fn comments<'a>(&'a self, repo: &'a RepoName, thread: Thread) -> Answer<'a, Vec<Comment>> {
        Box::pin(self.read_comments(repo, thread))
    }

    fn issues_with_label<'a>(
        &'a self,
        repo: &'a RepoName,
        label: &'a str,
    ) -> Answer<'a, Vec<Issue>> {
        Box::pin(self.list_issues(repo, label))
    }

    fn issues<'a>(&'a self, repo: &'a RepoName, which: IssueState) -> Answer<'a, Vec<Issue>> {
        Box::pin(self.newest_issues(repo, which))
    }

    fn comment<'a>(
        &'a self,
        repo: &'a RepoName,
        thread: Thread,
        body: &'a str,
        mark: &'a str,
    ) -> Answer<'a, String> {
        Box::pin(self.write_comment(repo, thread, body, mark))
    }

    fn close_issue<'a>(&'a self, repo: &'a RepoName, number: IssueNumber) -> Answer<'a, ()> {
        Box::pin(self.set_closed(repo, number))
    }

    fn add_labels<'a>(
        &'a self,
        repo: &'a RepoName,
        thread: Thread,
        labels: &'a [String],
    ) -> Answer<'a, ()> {
        Box::pin(self.write_labels(repo, thread, labels))
    }

    fn token_for<'a>(&'a self, repo: &'a RepoName) -> Answer<'a, GitToken> {
        Box::pin(self.lend_token(repo))
    }
}
