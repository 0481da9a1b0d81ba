//! The issues of a repository, through its git host.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use optio_domain::{
    git_host::{GitHost, GitHostError, IssueNumber, RepoName},
    ports::{Eventually, Told, Tracker},
    tracker::{Ticket, TicketComment, TicketPage, TrackerError},
};

use super::pages::{IssuePage, Wanted, said, ticket};
use crate::git_hosts::{github::GitHub, gitlab::GitLab};

/// A git host that can be asked which issues have changed.
pub(super) trait HasIssues: GitHost {
    /// What stands between the address of a repository and the number of an issue.
    const BETWEEN: &'static str;

    /// A page of the issues that were asked for, those that changed first at the beginning.
    fn changed<'a>(
        &'a self,
        repo: &'a RepoName,
        wanted: &'a Wanted<'_>,
    ) -> Eventually<'a, Result<IssuePage, GitHostError>>;
}

impl HasIssues for GitHub {
    const BETWEEN: &'static str = "/issues/";

    fn changed<'a>(
        &'a self,
        repo: &'a RepoName,
        wanted: &'a Wanted<'_>,
    ) -> Eventually<'a, Result<IssuePage, GitHostError>> {
        Box::pin(self.changed_issues(repo, wanted))
    }
}

impl HasIssues for GitLab {
    const BETWEEN: &'static str = "/-/issues/";

    fn changed<'a>(
        &'a self,
        repo: &'a RepoName,
        wanted: &'a Wanted<'_>,
    ) -> Eventually<'a, Result<IssuePage, GitHostError>> {
        Box::pin(self.changed_issues(repo, wanted))
    }
}

/// The issues that bear a label.
pub(super) struct Issues<H> {
    host: Arc<H>,
    repo: RepoName,
    label: String,
}

impl<H> Issues<H> {
    pub(super) fn new(host: Arc<H>, repo: RepoName, label: &str) -> Self {
        Self {
            host,
            repo,
            label: label.to_owned(),
        }
    }
}

fn number(id: &str) -> Result<IssueNumber, TrackerError> {
    let number = id.parse().map(IssueNumber);
    number.map_err(|_| TrackerError::NotFound(format!("an issue `{id}`")))
}

impl<H: HasIssues> Tracker for Issues<H> {
    fn changed<'a>(
        &'a self,
        since: Option<DateTime<Utc>>,
        page: Option<&'a str>,
    ) -> Told<'a, TicketPage> {
        Box::pin(async move {
            let wanted = Wanted::read(&self.label, since, page)?;
            let page = self.host.changed(&self.repo, &wanted).await?;
            Ok(wanted.tickets(page, H::BETWEEN))
        })
    }

    fn ticket<'a>(&'a self, id: &'a str) -> Told<'a, Ticket> {
        Box::pin(async move {
            let issue = self.host.issue(&self.repo, number(id)?).await?;
            Ok(ticket(issue, H::BETWEEN))
        })
    }

    fn comments<'a>(&'a self, id: &'a str) -> Told<'a, Vec<TicketComment>> {
        Box::pin(async move {
            let thread = number(id)?.into();
            Ok(said(self.host.comments(&self.repo, thread).await?))
        })
    }

    fn comment<'a>(&'a self, id: &'a str, body: &'a str, mark: &'a str) -> Told<'a, ()> {
        Box::pin(async move {
            let thread = number(id)?.into();
            self.host.comment(&self.repo, thread, body, mark).await?;
            Ok(())
        })
    }

    fn set_done<'a>(&'a self, id: &'a str) -> Told<'a, ()> {
        Box::pin(async move { Ok(self.host.close_issue(&self.repo, number(id)?).await?) })
    }
}
