//! The merge of a merge request, if its head is what was judged.

use optio_domain::git_host::{
    GitHostError, MergeMethod, MergeRefused, Merged, PullNumber, PullPhase, PullState, RepoName,
};
use serde_json::json;

use super::{
    GitLab, answers,
    shapes::{MergeShape, ProjectShape},
};
use crate::git_hosts::rest::{Method, Reply};

/// What a project says that only fast-forwards.
const FAST_FORWARD: &str = "ff";

impl GitLab {
    pub(super) async fn merge_pull(
        &self,
        repo: &RepoName,
        number: PullNumber,
        expected_sha: &str,
        method: MergeMethod,
    ) -> Result<Merged, MergeRefused> {
        let squash = match method {
            MergeMethod::Squash => true,
            MergeMethod::Merge => false,
            MergeMethod::Rebase => {
                self.only_forward(repo).await?;
                false
            }
        };
        let path = format!("/merge_requests/{number}/merge");
        let body = json!({ "sha": expected_sha, "squash": squash });
        let reply = self
            .try_call(repo, Method::Put, &path, Some(&body), None)
            .await?;
        match reply.status {
            200 | 405 | 406 | 409 | 422 => {
                self.what_came_of_it(repo, number, expected_sha, &reply)
                    .await
            }
            _ => match self.judged(repo, &path, reply) {
                Err(error) => Err(error.into()),
                Ok(reply) => Err(MergeRefused::Blocked(answers::words(&reply))),
            },
        }
    }

    /// GitLab rebases by giving the merge request another head, which nobody has judged. Only where a
    /// project fast-forwards do its commits get one by one on top of the base without that.
    async fn only_forward(&self, repo: &RepoName) -> Result<(), MergeRefused> {
        let project: ProjectShape = self.get(repo, "").await?;
        if project.merge_method == FAST_FORWARD {
            return Ok(());
        }
        let words = "GitLab rebases by changing the head that was judged; squash or merge instead, or \
                     set the project's merge method to fast-forward";
        Err(MergeRefused::Blocked(words.to_owned()))
    }

    /// One status of a refusal stands for many reasons, so we look which one it is; and an earlier call
    /// whose answer was lost may have merged it.
    async fn what_came_of_it(
        &self,
        repo: &RepoName,
        number: PullNumber,
        expected_sha: &str,
        reply: &Reply,
    ) -> Result<Merged, MergeRefused> {
        let shape: MergeShape = if reply.status == 200 {
            reply.read()?
        } else {
            self.get(repo, &format!("/merge_requests/{number}")).await?
        };
        let why = shape.detailed_merge_status.clone();
        let state = PullState::from(shape);
        match (state.phase, state.merge_sha) {
            (PullPhase::Merged, Some(sha)) if state.head_sha == expected_sha => Ok(Merged { sha }),
            (PullPhase::Merged | PullPhase::Closed, _) => Err(MergeRefused::Closed),
            (PullPhase::Open, _) if state.head_sha != expected_sha => Err(MergeRefused::Moved),
            (PullPhase::Open, _) if state.mergeable == Some(false) => Err(MergeRefused::Conflict),
            (PullPhase::Open, _) if reply.status == 200 => {
                // It merges behind the answer.
                let words = "it is being merged, and is not yet".to_owned();
                Err(MergeRefused::Host(GitHostError::Busy(words)))
            }
            (PullPhase::Open, _) => {
                let words = answers::words(reply);
                Err(MergeRefused::Blocked(format!("{words} ({why})")))
            }
        }
    }
}
