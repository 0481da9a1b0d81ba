//! A review of ours: comments on lines, a note, and what is decided.
//!
//! GitLab has no call that does all of it at once. The decision comes last, so that it is never there
//! without its reasons, and whether it would be taken is looked at first, so that the reasons are not
//! said twice by whoever tries again with less. Nobody decides about his own merge request here, even
//! where a project allows it: such an approval says nothing.

use optio_domain::git_host::{
    DiffSide, GitHostError, LineComment, NewReview, PullNumber, RepoName, ReviewAct,
};
use serde_json::{Value, json};

use super::{
    GitLab,
    shapes::{ApprovalsShape, MergeShape, UserShape, VersionShape},
    verbs::inert,
};
use crate::git_hosts::rest::Method;

/// The command by which a reviewer asks for changes: there is no other call for it
/// (<https://docs.gitlab.com/user/project/quick_actions/>, <https://gitlab.com/gitlab-org/gitlab/-/issues/451995>).
/// A GitLab before 16.9, and one where we are not among the reviewers, takes no notice of it; then the
/// words are there all the same.
const ASK_FOR_CHANGES: &str = "/submit_review requested_changes";

impl GitLab {
    pub(super) async fn send_review(
        &self,
        repo: &RepoName,
        number: PullNumber,
        review: &NewReview,
    ) -> Result<String, GitHostError> {
        let place = format!("/merge_requests/{number}");
        let merge: MergeShape = self.get(repo, &place).await?;
        let has_approved = match review.act {
            ReviewAct::Comment => false,
            ReviewAct::RequestChanges => {
                self.may_decide(&merge, review).await?;
                false
            }
            ReviewAct::Approve => {
                self.may_decide(&merge, review).await?;
                self.may_approve(repo, &place).await?
            }
        };
        let unplaced = self.say_lines(repo, &place, review).await?;
        let mut text = inert(&review.body);
        for line in unplaced {
            let said = inert(&line.body);
            text.push_str(&format!("\n\n`{}:{}`: {said}", line.path, line.line));
        }
        if review.act == ReviewAct::RequestChanges {
            text.push_str(&format!("\n\n{ASK_FOR_CHANGES}"));
        }
        let page = merge.web_url;
        let url = match text.trim() {
            "" => page,
            text => self.say(repo, number.into(), &page, text).await?,
        };
        if review.act == ReviewAct::Approve && !has_approved {
            let body = json!({ "sha": review.sha });
            self.call(repo, Method::Post, &format!("{place}/approve"), &body)
                .await?;
        }
        Ok(url)
    }

    async fn may_decide(&self, merge: &MergeShape, review: &NewReview) -> Result<(), GitHostError> {
        if merge.sha.as_deref() != Some(review.sha.as_str()) {
            let words = "the head of the merge request has moved since it was reviewed";
            return Err(GitHostError::Refused(words.to_owned()));
        }
        let me: UserShape = self
            .http
            .get(&self.account.bearer().await?, "/user")
            .await?;
        if merge.author.as_ref() == Some(&me) {
            let words = "nobody decides about his own merge request";
            return Err(GitHostError::Refused(words.to_owned()));
        }
        Ok(())
    }

    /// Whether we have approved already. Refused where we may not.
    async fn may_approve(&self, repo: &RepoName, place: &str) -> Result<bool, GitHostError> {
        let approvals: ApprovalsShape = self.get(repo, &format!("{place}/approvals")).await?;
        if approvals.user_has_approved || approvals.user_can_approve {
            return Ok(approvals.user_has_approved);
        }
        let words = "the holder of the token may not approve of this merge request";
        Err(GitHostError::Refused(words.to_owned()))
    }

    /// Comments on lines. Answers those that GitLab has no place for, such as on a line far from what
    /// has changed.
    async fn say_lines<'a>(
        &self,
        repo: &RepoName,
        place: &str,
        review: &'a NewReview,
    ) -> Result<Vec<&'a LineComment>, GitHostError> {
        if review.comments.is_empty() {
            return Ok(Vec::new());
        }
        let versions: Vec<VersionShape> = self.all(repo, &format!("{place}/versions")).await?;
        let of_head = versions
            .iter()
            .filter(|it| it.head_commit_sha == review.sha);
        let Some(version) = of_head.max_by_key(|it| it.created_at) else {
            return Ok(review.comments.iter().collect());
        };
        let path = format!("{place}/discussions");
        let mut unplaced = Vec::new();
        for comment in &review.comments {
            let body = json!({
                "body": inert(&comment.body), "position": position(version, comment),
            });
            match self.call(repo, Method::Post, &path, &body).await {
                Ok(_) => {}
                Err(GitHostError::Refused(_)) => unplaced.push(comment),
                Err(error) => return Err(error),
            }
        }
        Ok(unplaced)
    }
}

/// A line as GitLab counts it
/// (<https://docs.gitlab.com/api/discussions/#create-a-merge-request-thread>).
fn position(version: &VersionShape, comment: &LineComment) -> Value {
    let mut position = json!({
        "position_type": "text",
        "base_sha": version.base_commit_sha,
        "start_sha": version.start_commit_sha,
        "head_sha": version.head_commit_sha,
        "old_path": comment.path,
        "new_path": comment.path,
    });
    let side = match comment.side {
        DiffSide::Left => "old_line",
        DiffSide::Right => "new_line",
    };
    position[side] = json!(comment.line);
    position
}
