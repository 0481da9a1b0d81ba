//! Calls about a repository, with the token that opens it; once more with a new one where GitHub no
//! longer takes the one we had.

use optio_domain::git_host::{GitHostError, RepoName};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::GitHub;
use crate::git_hosts::rest::{Method, Reply};

impl GitHub {
    pub(super) async fn get<T>(&self, repo: &RepoName, path: &str) -> Result<T, GitHostError>
    where
        T: Serialize + DeserializeOwned,
    {
        Ok(self.get_tagged(repo, path).await?.0)
    }

    pub(super) async fn get_tagged<T>(
        &self,
        repo: &RepoName,
        path: &str,
    ) -> Result<(T, Option<String>), GitHostError>
    where
        T: Serialize + DeserializeOwned,
    {
        let path = format!("/repos/{repo}{path}");
        let bearer = self.bearer(repo).await?;
        match self.http.get_tagged(&bearer, &path).await {
            Err(error) if is_expired(&error) && self.forget(&bearer) => {
                let bearer = self.bearer(repo).await?;
                self.http.get_tagged(&bearer, &path).await
            }
            done => done,
        }
    }

    pub(super) async fn all<P, T>(
        &self,
        repo: &RepoName,
        path: &str,
    ) -> Result<Vec<T>, GitHostError>
    where
        P: Serialize + DeserializeOwned + Into<Vec<T>>,
    {
        let path = format!("/repos/{repo}{path}");
        let bearer = self.bearer(repo).await?;
        match self.http.all::<P, T>(&bearer, &path).await {
            Err(error) if is_expired(&error) && self.forget(&bearer) => {
                self.http
                    .all::<P, T>(&self.bearer(repo).await?, &path)
                    .await
            }
            done => done,
        }
    }

    pub(super) async fn one_page<T>(
        &self,
        repo: &RepoName,
        path: &str,
    ) -> Result<(Vec<T>, bool), GitHostError>
    where
        T: Serialize + DeserializeOwned,
    {
        let path = format!("/repos/{repo}{path}");
        let bearer = self.bearer(repo).await?;
        match self.http.one_page(&bearer, &path).await {
            Err(error) if is_expired(&error) && self.forget(&bearer) => {
                let bearer = self.bearer(repo).await?;
                self.http.one_page(&bearer, &path).await
            }
            done => done,
        }
    }

    pub(super) async fn call(
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
    pub(super) async fn try_call(
        &self,
        repo: &RepoName,
        method: Method,
        path: &str,
        body: Option<&Value>,
        etag: Option<&str>,
    ) -> Result<Reply, GitHostError> {
        let path = format!("/repos/{repo}{path}");
        let bearer = self.bearer(repo).await?;
        let reply = self.http.send(&bearer, method, &path, body, etag).await?;
        if reply.status == 401 && self.forget(&bearer) {
            let bearer = self.bearer(repo).await?;
            return self.http.send(&bearer, method, &path, body, etag).await;
        }
        Ok(reply)
    }

    pub(super) fn judged(
        &self,
        repo: &RepoName,
        path: &str,
        reply: Reply,
    ) -> Result<Reply, GitHostError> {
        self.http.judged(reply, &format!("/repos/{repo}{path}"))
    }
}

/// Whether GitHub does not take the token, as opposed to what is done with it.
fn is_expired(error: &GitHostError) -> bool {
    matches!(error, GitHostError::Unauthorized { words, .. } if words.contains("Bad credentials"))
}
