//! GitLab, of gitlab.com or one's own, over its REST API of version 4. Merge requests are its pull
//! requests, pipelines and commit statuses its checks.
//!
//! What was read is asked for again with its `ETag`. GitLab counts such a question like any other
//! against its rate limit (it answers behind the counter), so that this spares the transfer only; its
//! limits are by the minute. When one is used up, no call is made until it ends.

mod answers;
mod checks;
mod merging;
mod reviewing;
mod reviews;
mod shapes;
#[cfg(test)]
mod tests;
mod tickets;
mod verbs;

use std::sync::Arc;

use optio_domain::{
    git_host::{
        Answer, Checks, Comment, Etag, GitHost, GitHostError, GitToken, Issue, IssueNumber,
        IssueState, MergeMethod, MergeRefused, Merged, NewReview, Pull, PullNumber, PullState,
        Repo, RepoName, Review, Seen, Thread,
    },
    ports::{Clock, Eventually, StoredToken},
    secret::SecretText,
    tracker::BaseUrl,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use self::answers::DIALECT;
use super::rest::{Account, BadApi, Http, Method, Reply, encode, plain_token};

/// The user name under which GitLab takes any token for `git`
/// (<https://docs.gitlab.com/topics/git/clone/#clone-using-a-token>).
const USERNAME: &str = "oauth2";

/// Where GitLab is, and with which right to speak to it.
#[derive(Clone)]
pub struct GitLabSettings {
    /// The host in addresses of repositories.
    pub host: String,
    /// The base of the API: `https://HOST/api/v4`.
    pub api_url: String,
    /// The right to speak to it.
    pub token: Token,
}

/// A personal, group or project access token with the scopes `api` and `write_repository`.
#[derive(Clone)]
pub enum Token {
    /// Given at the start.
    Given(String),
    /// Stored where people change it.
    Stored(Arc<dyn StoredToken>),
}

impl std::fmt::Debug for GitLabSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GitLabSettings")
            .field("host", &self.host)
            .field("api_url", &self.api_url)
            .finish_non_exhaustive()
    }
}

/// The settings cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSettings {
    /// The base of the API.
    #[error("`{0}` is no base of an API; write it as https://gitlab.com/api/v4")]
    ApiUrl(String),
    /// This machine knows nobody whose certificates could be trusted.
    #[error("this machine has no root certificates; install the package ca-certificates")]
    Certificates,
    /// The token.
    #[error("the GitLab token is empty or holds characters that no token has")]
    Token,
}

/// GitLab.
pub struct GitLab {
    host: String,
    api_url: String,
    http: Http,
    account: Account,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for GitLab {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GitLab")
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

impl GitLab {
    /// GitLab as the settings say. Makes no call.
    ///
    /// # Errors
    /// When the settings cannot be used.
    pub fn new(settings: GitLabSettings, clock: Arc<dyn Clock>) -> Result<Self, BadSettings> {
        let bad = |bad| match bad {
            BadApi::Url => BadSettings::ApiUrl(settings.api_url.clone()),
            BadApi::Certificates => BadSettings::Certificates,
        };
        Ok(Self {
            http: Http::new(&settings.api_url, DIALECT, Arc::clone(&clock)).map_err(bad)?,
            api_url: settings.api_url.clone(),
            clock,
            account: match settings.token {
                Token::Given(token) => {
                    Account::Given(plain_token(&token).ok_or(BadSettings::Token)?)
                }
                Token::Stored(stored) => Account::Stored(stored),
            },
            host: settings.host,
        })
    }

    /// A GitLab for whoever has this token: ourselves, where that is its host, and another one else.
    ///
    /// # Errors
    /// When the address or the token cannot be used.
    pub fn with_token(&self, base: &BaseUrl, token: &SecretText) -> Result<Self, BadSettings> {
        let api_url = if self.is_at(base) {
            self.api_url.clone()
        } else {
            format!("{}/api/v4", base.as_str())
        };
        let settings = GitLabSettings {
            host: base.host().to_owned(),
            api_url,
            token: Token::Given(token.reveal().to_owned()),
        };
        Self::new(settings, Arc::clone(&self.clock))
    }

    /// Whether this is the GitLab of that address.
    #[must_use]
    pub fn is_at(&self, base: &BaseUrl) -> bool {
        self.host.eq_ignore_ascii_case(base.host())
    }

    async fn get<T>(&self, repo: &RepoName, path: &str) -> Result<T, GitHostError>
    where
        T: Serialize + DeserializeOwned,
    {
        let bearer = self.account.bearer().await?;
        self.http.get(&bearer, &address(repo, path)).await
    }

    async fn get_tagged<T>(
        &self,
        repo: &RepoName,
        path: &str,
    ) -> Result<(T, Option<String>), GitHostError>
    where
        T: Serialize + DeserializeOwned,
    {
        let bearer = self.account.bearer().await?;
        self.http.get_tagged(&bearer, &address(repo, path)).await
    }

    async fn all<T>(&self, repo: &RepoName, path: &str) -> Result<Vec<T>, GitHostError>
    where
        T: Serialize + DeserializeOwned,
    {
        let path = address(repo, path);
        let bearer = self.account.bearer().await?;
        self.http.all::<Vec<T>, T>(&bearer, &path).await
    }

    async fn call(
        &self,
        repo: &RepoName,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<Reply, GitHostError> {
        let reply = self.try_call(repo, method, path, Some(body), None).await?;
        self.judged(repo, path, reply)
    }

    /// One call, whatever its status.
    async fn try_call(
        &self,
        repo: &RepoName,
        method: Method,
        path: &str,
        body: Option<&Value>,
        etag: Option<&str>,
    ) -> Result<Reply, GitHostError> {
        let path = address(repo, path);
        let bearer = self.account.bearer().await?;
        self.http.send(&bearer, method, &path, body, etag).await
    }

    fn judged(&self, repo: &RepoName, path: &str, reply: Reply) -> Result<Reply, GitHostError> {
        self.http.judged(reply, &address(repo, path))
    }
}

/// A path of a project, which GitLab takes by its whole name in one piece
/// (<https://docs.gitlab.com/api/rest/#namespaced-paths>).
fn address(repo: &RepoName, path: &str) -> String {
    format!("/projects/{}{path}", encode(&repo.to_string()))
}

impl GitHost for GitLab {
    fn host(&self) -> &str {
        &self.host
    }

    fn me(&self) -> Answer<'_, String> {
        Box::pin(async {
            let user: shapes::UserShape = self
                .http
                .get(&self.account.bearer().await?, "/user")
                .await?;
            Ok(user.username)
        })
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

    /// The configured token: GitLab makes narrower ones only as bots that are members of the project
    /// from then on.
    fn token_for<'a>(&'a self, _repo: &'a RepoName) -> Answer<'a, GitToken> {
        Box::pin(async {
            Ok(GitToken {
                username: USERNAME.to_owned(),
                secret: self.account.bearer().await?.token,
                expires_at: None,
            })
        })
    }
}
