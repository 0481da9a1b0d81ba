//! What people do with issues, and how an issue stands.

use chrono::{DateTime, Utc};

use super::world::{Issue, Project};
use super::{GitlabSimulator, acts};
use crate::git_host::CannotPlay;
use crate::tracker::TicketSeen;

impl GitlabSimulator {
    /// Somebody comments on an issue.
    ///
    /// # Errors
    /// When there is no such issue.
    pub fn say(&self, repo: &str, iid: u64, by: &str, body: &str) -> Result<(), CannotPlay> {
        self.of_issue(repo, iid, |_| ())?;
        let mut world = self.shared.world();
        let (key, said) = (Project::key(repo), (body, None));
        acts::write(&self.shared, &mut world, &key, (false, iid), by, said);
        Ok(())
    }

    /// An issue looks as if it had last changed then.
    ///
    /// # Errors
    /// When there is no such issue.
    pub fn changed_last(&self, repo: &str, iid: u64, at: DateTime<Utc>) -> Result<(), CannotPlay> {
        self.of_issue(repo, iid, |issue| issue.updated = at)
    }

    /// An issue as it stands.
    #[must_use]
    pub fn ticket(&self, repo: &str, iid: u64) -> Option<TicketSeen> {
        let seen = self.of_issue(repo, iid, |issue| TicketSeen {
            labels: issue.labels.clone(),
            state: if issue.open { "opened" } else { "closed" }.to_owned(),
            comments: issue
                .notes
                .iter()
                .filter(|note| !note.system)
                .map(|it| (it.author.clone(), it.body.clone()))
                .collect(),
        });
        seen.ok()
    }

    fn of_issue<T>(
        &self,
        repo: &str,
        iid: u64,
        act: impl FnOnce(&mut Issue) -> T,
    ) -> Result<T, CannotPlay> {
        let mut world = self.shared.world();
        let project = world.projects.get_mut(&Project::key(repo));
        let issue = project.and_then(|project| project.issues.get_mut(&iid));
        issue
            .map(act)
            .ok_or_else(|| CannotPlay(format!("there is no issue {iid}")))
    }
}
