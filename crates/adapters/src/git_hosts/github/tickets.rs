//! Issues as tickets: those that have changed, page by page.

use optio_domain::git_host::{GitHostError, Issue, RepoName};

use super::{GitHub, shapes::IssueShape};
use crate::{
    git_hosts::rest::encode,
    trackers::pages::{IssuePage, Wanted},
};

impl GitHub {
    /// A page of the issues that were asked for, those that changed first at the beginning. Pull requests
    /// are left out, and counted where the next page is looked for.
    pub(crate) async fn changed_issues(
        &self,
        repo: &RepoName,
        wanted: &Wanted<'_>,
    ) -> Result<IssuePage, GitHostError> {
        let state = if wanted.open_only { "open" } else { "all" };
        let label = encode(wanted.label);
        let mut path = format!(
            "/issues?state={state}&labels={label}&sort=updated&direction=asc&per_page=100&page={}",
            wanted.page
        );
        if let Some(since) = wanted.since_text() {
            path.push_str(&format!("&since={}", encode(&since)));
        }
        let (shapes, has_next): (Vec<IssueShape>, _) = self.one_page(repo, &path).await?;
        let last = shapes.iter().map(|shape| shape.updated_at).max();
        let issues = shapes
            .into_iter()
            .filter(|shape| shape.pull_request.is_none());
        Ok(IssuePage {
            issues: issues.map(Issue::from).collect(),
            last,
            has_next,
        })
    }
}
