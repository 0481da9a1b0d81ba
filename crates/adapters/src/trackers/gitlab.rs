//! The issues of a project on GitLab, through its git host.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use optio_domain::{
    git_host::{GitHost, IssueNumber, RepoName},
    ports::{Told, Tracker},
    tracker::{Ticket, TicketComment, TicketPage, TrackerError},
};

use super::pages::{Wanted, said, ticket};
use crate::git_hosts::gitlab::GitLab;

/// What stands between the address of a project and the number of an issue.
const BETWEEN: &str = "/-/issues/";

/// The issues that bear a label.
pub(super) struct GitLabIssues {
    host: Arc<GitLab>,
    repo: RepoName,
    label: String,
}

impl GitLabIssues {
    pub(super) fn new(host: Arc<GitLab>, repo: RepoName, label: &str) -> Self {
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

impl Tracker for GitLabIssues {
    fn changed<'a>(
        &'a self,
        since: Option<DateTime<Utc>>,
        page: Option<&'a str>,
    ) -> Told<'a, TicketPage> {
        Box::pin(async move {
            let wanted = Wanted::read(&self.label, since, page)?;
            let page = self.host.changed_issues(&self.repo, &wanted).await?;
            Ok(wanted.tickets(page, BETWEEN))
        })
    }

    fn ticket<'a>(&'a self, id: &'a str) -> Told<'a, Ticket> {
        Box::pin(async move {
            let issue = self.host.issue(&self.repo, number(id)?).await?;
            Ok(ticket(issue, BETWEEN))
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
