//! Issues as tickets: those that have changed, page by page.

use optio_domain::git_host::{GitHostError, ISSUES_MAX, Issue, IssueState, RepoName};

use super::{GitHub, shapes::IssueShape};
use crate::{
    git_hosts::rest::encode,
    trackers::pages::{IssuePage, Wanted},
};

/// Pages of one list: pull requests are counted among them.
const PAGES_MAX: u32 = 5;

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

    /// The issues that changed last, newest first.
    pub(super) async fn newest_issues(
        &self,
        repo: &RepoName,
        which: IssueState,
    ) -> Result<Vec<Issue>, GitHostError> {
        let mut issues = Vec::new();
        for page in 1..=PAGES_MAX {
            let path = format!(
                "/issues?state={}&sort=updated&direction=desc&per_page=100&page={page}",
                which.name()
            );
            let (shapes, has_next): (Vec<IssueShape>, _) = self.one_page(repo, &path).await?;
            let of_page = shapes.into_iter().filter(|it| it.pull_request.is_none());
            issues.extend(of_page.map(Issue::from));
            if !has_next || ISSUES_MAX <= issues.len() {
                break;
            }
        }
        issues.truncate(ISSUES_MAX);
        Ok(issues)
    }
}
