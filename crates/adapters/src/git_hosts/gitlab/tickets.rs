//! Issues as tickets: those that have changed, page by page.

use optio_domain::git_host::{GitHostError, ISSUES_MAX, Issue, IssueState, RepoName};

use super::{GitLab, address, shapes::IssueShape};
use crate::{
    git_hosts::rest::encode,
    trackers::pages::{IssuePage, Wanted},
};

impl GitLab {
    /// A page of the issues that were asked for, those that changed first at the beginning.
    pub(crate) async fn changed_issues(
        &self,
        project: &RepoName,
        wanted: &Wanted<'_>,
    ) -> Result<IssuePage, GitHostError> {
        let state = if wanted.open_only { "opened" } else { "all" };
        let label = encode(wanted.label);
        let mut path = format!(
            "/issues?state={state}&labels={label}&order_by=updated_at&sort=asc&per_page=100&page={}",
            wanted.page
        );
        if let Some(since) = wanted.since_text() {
            path.push_str(&format!("&updated_after={}", encode(&since)));
        }
        let bearer = self.account.bearer().await?;
        let page = self.http.one_page(&bearer, &address(project, &path)).await;
        let (shapes, has_next): (Vec<IssueShape>, _) = page?;
        let issues: Vec<Issue> = shapes.into_iter().map(Issue::from).collect();
        Ok(IssuePage {
            last: issues.iter().map(|issue| issue.updated_at).max(),
            issues,
            has_next,
        })
    }

    /// The issues that changed last, newest first.
    pub(super) async fn newest_issues(
        &self,
        project: &RepoName,
        which: IssueState,
    ) -> Result<Vec<Issue>, GitHostError> {
        let state = match which {
            IssueState::Open => "opened",
            IssueState::Closed => "closed",
            IssueState::All => "all",
        };
        let (mut issues, mut page) = (Vec::new(), 1);
        loop {
            let path = format!(
                "/issues?state={state}&order_by=updated_at&sort=desc&per_page=100&page={page}"
            );
            let bearer = self.account.bearer().await?;
            let read = self.http.one_page(&bearer, &address(project, &path)).await;
            let (shapes, has_next): (Vec<IssueShape>, _) = read?;
            issues.extend(shapes.into_iter().map(Issue::from));
            if !has_next || ISSUES_MAX <= issues.len() {
                break;
            }
            page += 1;
        }
        issues.truncate(ISSUES_MAX);
        Ok(issues)
    }
}
