//! What can be asked of GitHub, each as the calls it takes.

use optio_domain::git_host::{
    Check, Checks, Comment, DiffSide, Etag, GitHostError, Issue, IssueNumber, MergeMethod,
    MergeRefused, Merged, NewReview, Pull, PullNumber, PullPhase, PullState, Repo, RepoName,
    Review, ReviewAct, Seen, Thread, has_mark, marked,
};
use serde_json::{Value, json};

use super::{
    GitHub, answers,
    shapes::{
        CommentShape, IssueShape, LineShape, MergedShape, PullShape, RepoShape, ReviewShape,
        RunShape, RunsShape, StatusShape, StatusesShape,
    },
};
use crate::git_hosts::rest::{Method, Reply, encode};

impl GitHub {
    pub(super) async fn read_repo(&self, repo: &RepoName) -> Result<Repo, GitHostError> {
        let shape: RepoShape = self.get(repo, "").await?;
        shape.understood()
    }

    pub(super) async fn find_pull(
        &self,
        repo: &RepoName,
        branch: &str,
    ) -> Result<Option<Pull>, GitHostError> {
        let head = encode(&format!("{}:{branch}", repo.owner()));
        let path = format!("/pulls?state=open&head={head}");
        let found: Vec<PullShape> = self.all::<Vec<PullShape>, _>(repo, &path).await?;
        Ok(found.into_iter().next().map(PullShape::found))
    }

    pub(super) async fn list_pulls(&self, repo: &RepoName) -> Result<Vec<PullState>, GitHostError> {
        let path = "/pulls?state=open&sort=created&direction=desc";
        let found: Vec<PullShape> = self.all::<Vec<PullShape>, _>(repo, path).await?;
        Ok(found.into_iter().map(PullState::from).collect())
    }

    pub(super) async fn read_pull(
        &self,
        repo: &RepoName,
        number: PullNumber,
        known: Option<&Etag>,
    ) -> Result<Seen<PullState>, GitHostError> {
        let path = format!("/pulls/{number}");
        let Some(known) = known else {
            // Whoever knows no version is spared the call that counts all the same, where we know one.
            let (shape, etag): (PullShape, _) = self.get_tagged(repo, &path).await?;
            return Ok(Seen::Changed {
                value: shape.into(),
                etag: etag.map(Etag),
            });
        };
        let etag = Some(known.0.as_str());
        let reply = self.try_call(repo, Method::Get, &path, None, etag).await?;
        if reply.status == 304 {
            return Ok(Seen::Unchanged);
        }
        let reply = self.judged(repo, &path, reply)?;
        let shape: PullShape = reply.read()?;
        Ok(Seen::Changed {
            value: shape.into(),
            etag: reply.header("etag").map(|etag| Etag(etag.to_owned())),
        })
    }

    pub(super) async fn read_checks(
        &self,
        repo: &RepoName,
        sha: &str,
    ) -> Result<Checks, GitHostError> {
        let sha = encode(sha);
        let runs = format!("/commits/{sha}/check-runs?filter=latest");
        let runs: Vec<RunShape> = self.all::<RunsShape, _>(repo, &runs).await?;
        let statuses = format!("/commits/{sha}/status");
        let statuses: Vec<StatusShape> = self.all::<StatusesShape, _>(repo, &statuses).await?;
        let runs = runs.into_iter().map(Check::from);
        Ok(Checks {
            runs: runs.chain(statuses.into_iter().map(Check::from)).collect(),
        })
    }

    pub(super) async fn read_reviews(
        &self,
        repo: &RepoName,
        number: PullNumber,
    ) -> Result<Vec<Review>, GitHostError> {
        let path = format!("/pulls/{number}/reviews");
        let shapes: Vec<ReviewShape> = self.all::<Vec<ReviewShape>, _>(repo, &path).await?;
        let mut reviews: Vec<Review> = shapes
            .into_iter()
            .filter_map(ReviewShape::submitted)
            .collect();
        if reviews.is_empty() {
            return Ok(reviews);
        }
        let path = format!("/pulls/{number}/comments");
        let lines: Vec<LineShape> = self.all::<Vec<LineShape>, _>(repo, &path).await?;
        for line in lines {
            let of = line.pull_request_review_id;
            if let Some(review) = reviews.iter_mut().find(|review| Some(review.id) == of) {
                review.comments.push(line.into());
            }
        }
        reviews.sort_by_key(|review| review.at);
        Ok(reviews)
    }

    pub(super) async fn merge_pull(
        &self,
        repo: &RepoName,
        number: PullNumber,
        expected_sha: &str,
        method: MergeMethod,
    ) -> Result<Merged, MergeRefused> {
        let path = format!("/pulls/{number}/merge");
        let body = json!({ "sha": expected_sha, "merge_method": method.name() });
        let reply = self
            .try_call(repo, Method::Put, &path, Some(&body), None)
            .await?;
        match reply.status {
            200 => {
                let MergedShape { sha } = reply.read()?;
                Ok(Merged { sha })
            }
            405 | 409 => self.why_not(repo, number, expected_sha, &reply).await,
            _ => match self.judged(repo, &path, reply) {
                Err(error) => Err(error.into()),
                Ok(reply) => Err(MergeRefused::Blocked(answers::words(&reply))),
            },
        }
    }

    /// GitHub has one answer for many reasons, so we look which one it is. An earlier call of ours
    /// whose answer was lost may have merged it.
    async fn why_not(
        &self,
        repo: &RepoName,
        number: PullNumber,
        expected_sha: &str,
        reply: &Reply,
    ) -> Result<Merged, MergeRefused> {
        let Some(state) = self.read_pull(repo, number, None).await?.changed() else {
            return Err(MergeRefused::Blocked(answers::words(reply)));
        };
        match (state.phase, state.merge_sha) {
            (PullPhase::Merged, Some(sha)) if state.head_sha == expected_sha => Ok(Merged { sha }),
            (PullPhase::Merged | PullPhase::Closed, _) => Err(MergeRefused::Closed),
            (PullPhase::Open, _) if state.head_sha != expected_sha => Err(MergeRefused::Moved),
            (PullPhase::Open, _) if state.mergeable == Some(false) => Err(MergeRefused::Conflict),
            (PullPhase::Open, _) => Err(MergeRefused::Blocked(answers::words(reply))),
        }
    }

    pub(super) async fn send_review(
        &self,
        repo: &RepoName,
        number: PullNumber,
        review: &NewReview,
    ) -> Result<String, GitHostError> {
        let event = match review.act {
            ReviewAct::Comment => "COMMENT",
            ReviewAct::Approve => "APPROVE",
            ReviewAct::RequestChanges => "REQUEST_CHANGES",
        };
        let side = |side| match side {
            DiffSide::Left => "LEFT",
            DiffSide::Right => "RIGHT",
        };
        let line = |it: &optio_domain::git_host::LineComment| json!({ "path": it.path, "line": it.line, "side": side(it.side), "body": it.body });
        let comments: Vec<Value> = review.comments.iter().map(line).collect();
        let body = json!({
            "commit_id": review.sha, "event": event, "body": review.body, "comments": comments,
        });
        let path = format!("/pulls/{number}/reviews");
        let reply = self.call(repo, Method::Post, &path, &body).await?;
        Ok(reply.read::<ReviewShape>()?.html_url)
    }

    pub(super) async fn read_issue(
        &self,
        repo: &RepoName,
        number: IssueNumber,
    ) -> Result<Issue, GitHostError> {
        let shape: IssueShape = self.get(repo, &format!("/issues/{number}")).await?;
        Ok(shape.into())
    }

    pub(super) async fn read_comments(
        &self,
        repo: &RepoName,
        thread: Thread,
    ) -> Result<Vec<Comment>, GitHostError> {
        let path = format!("/issues/{}/comments", thread.number());
        let shapes: Vec<CommentShape> = self.all::<Vec<CommentShape>, _>(repo, &path).await?;
        Ok(shapes.into_iter().map(Comment::from).collect())
    }

    pub(super) async fn list_issues(
        &self,
        repo: &RepoName,
        label: &str,
    ) -> Result<Vec<Issue>, GitHostError> {
        let label = encode(label);
        let path = format!("/issues?state=open&labels={label}&sort=created&direction=asc");
        let shapes: Vec<IssueShape> = self.all::<Vec<IssueShape>, _>(repo, &path).await?;
        let issues = shapes
            .into_iter()
            .filter(|shape| shape.pull_request.is_none());
        Ok(issues.map(Issue::from).collect())
    }

    pub(super) async fn write_comment(
        &self,
        repo: &RepoName,
        thread: Thread,
        body: &str,
        mark: &str,
    ) -> Result<String, GitHostError> {
        let comments = self.read_comments(repo, thread).await?;
        if let Some(there) = comments.into_iter().find(|it| has_mark(&it.body, mark)) {
            return Ok(there.url);
        }
        let path = format!("/issues/{}/comments", thread.number());
        let body = json!({ "body": marked(body, mark) });
        let reply = self.call(repo, Method::Post, &path, &body).await?;
        Ok(Comment::from(reply.read::<CommentShape>()?).url)
    }

    pub(super) async fn set_closed(
        &self,
        repo: &RepoName,
        number: IssueNumber,
    ) -> Result<(), GitHostError> {
        let body = json!({ "state": "closed", "state_reason": "completed" });
        let path = format!("/issues/{number}");
        self.call(repo, Method::Patch, &path, &body).await?;
        Ok(())
    }

    pub(super) async fn write_labels(
        &self,
        repo: &RepoName,
        thread: Thread,
        labels: &[String],
    ) -> Result<(), GitHostError> {
        let body = json!({ "labels": labels });
        let path = format!("/issues/{}/labels", thread.number());
        self.call(repo, Method::Post, &path, &body).await?;
        Ok(())
    }
}
