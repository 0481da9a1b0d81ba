//! What people do with issues, and how an issue stands.

use chrono::{DateTime, Utc};

use super::acts::key;
use super::world::{Comment, Issue, now};
use super::{CannotPlay, GithubSimulator};
use crate::tracker::TicketSeen;

impl GithubSimulator {
    /// Somebody comments on an issue.
    ///
    /// # Errors
    /// When there is no such issue.
    pub fn say(&self, repo: &str, number: u64, by: &str, body: &str) -> Result<(), CannotPlay> {
        let id = self.shared.world().fresh();
        self.of_issue(repo, number, |issue| {
            issue.updated = now();
            issue.comments.push(Comment {
                id,
                author: by.to_owned(),
                body: body.to_owned(),
                at: now(),
            });
        })
    }

    /// An issue looks as if it had last changed then.
    ///
    /// # Errors
    /// When there is no such issue.
    pub fn changed_last(
        &self,
        repo: &str,
        number: u64,
        at: DateTime<Utc>,
    ) -> Result<(), CannotPlay> {
        self.of_issue(repo, number, |issue| issue.updated = at)
    }

    /// An issue as it stands.
    #[must_use]
    pub fn ticket(&self, repo: &str, number: u64) -> Option<TicketSeen> {
        let seen = self.of_issue(repo, number, |issue| TicketSeen {
            labels: issue.labels.clone(),
            state: if issue.open { "open" } else { "closed" }.to_owned(),
            comments: issue
                .comments
                .iter()
                .map(|it| (it.author.clone(), it.body.clone()))
                .collect(),
        });
        seen.ok()
    }

    fn of_issue<T>(
        &self,
        repo: &str,
        number: u64,
        act: impl FnOnce(&mut Issue) -> T,
    ) -> Result<T, CannotPlay> {
        let mut world = self.shared.world();
        let repo = world.repos.get_mut(&key(repo));
        let issue = repo.and_then(|repo| repo.issues.get_mut(&number));
        issue
            .map(act)
            .ok_or_else(|| CannotPlay(format!("there is no issue {number}")))
    }
}
