//! Jobs, statuses of others, and pipelines of a commit, as checks.

use std::collections::BTreeMap;

use optio_domain::git_host::{Check, CheckState, Checks, GitHostError, RepoName};

use super::{
    GitLab,
    shapes::{CommitShape, MergeShape, PipelineShape, StatusShape},
};
use crate::git_hosts::rest::encode;

/// Why a pipeline of a merge request was begun.
const OF_MERGE_REQUEST: &str = "merge_request_event";

impl GitLab {
    /// All that was checked of a commit: the jobs of its latest pipelines and the statuses that others
    /// have set. A pipeline without jobs, as one whose configuration is wrong, counts itself.
    pub(super) async fn read_checks(
        &self,
        repo: &RepoName,
        sha: &str,
    ) -> Result<Checks, GitHostError> {
        let path = format!("/pipelines?sha={}&order_by=id&sort=desc", encode(sha));
        let mut pipelines: Vec<PipelineShape> = self.all(repo, &path).await?;
        let mut statuses = self.statuses(repo, sha).await?;
        if !pipelines.iter().any(|it| it.source == OF_MERGE_REQUEST)
            && let Some(merged) = self.of_merged_results(repo, sha).await?
        {
            statuses.extend(self.statuses(repo, &merged.sha).await?);
            pipelines.push(merged);
        }
        Ok(understood(&pipelines, statuses))
    }

    async fn statuses(&self, repo: &RepoName, sha: &str) -> Result<Vec<StatusShape>, GitHostError> {
        let path = format!("/repository/commits/{}/statuses", encode(sha));
        self.all(repo, &path).await
    }

    /// The pipeline of what this head would be in its target, where the project has such: of a commit
    /// that GitLab made of the two, so that the head is one of its parents
    /// (<https://docs.gitlab.com/ci/pipelines/merged_results_pipelines/>).
    async fn of_merged_results(
        &self,
        repo: &RepoName,
        sha: &str,
    ) -> Result<Option<PipelineShape>, GitHostError> {
        let path = format!(
            "/repository/commits/{}/merge_requests?state=opened",
            encode(sha)
        );
        let merges: Vec<MergeShape> = self.all(repo, &path).await?;
        let mut heads = merges.iter().filter(|it| it.sha.as_deref() == Some(sha));
        let Some(merge) = heads.next() else {
            return Ok(None);
        };
        let path = format!("/merge_requests/{}/pipelines", merge.iid);
        let pipelines: Vec<PipelineShape> = self.all(repo, &path).await?;
        let of_merged = pipelines
            .into_iter()
            .filter(|it| it.branch.ends_with("/merge"));
        let Some(latest) = of_merged.max_by_key(|it| it.id) else {
            return Ok(None);
        };
        let path = format!("/repository/commits/{}", encode(&latest.sha));
        match self.get::<CommitShape>(repo, &path).await {
            Ok(commit) => Ok(commit
                .parent_ids
                .iter()
                .any(|it| it == sha)
                .then_some(latest)),
            // Nobody keeps the commits of heads that are gone.
            Err(GitHostError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The jobs of a pipeline that was run again for the same branch and reason count no more.
fn understood(pipelines: &[PipelineShape], statuses: Vec<StatusShape>) -> Checks {
    let mut latest: BTreeMap<(&str, &str), &PipelineShape> = BTreeMap::new();
    for pipeline in pipelines {
        let of = (pipeline.branch.as_str(), pipeline.source.as_str());
        let newest = latest.entry(of).or_insert(pipeline);
        if newest.id < pipeline.id {
            *newest = pipeline;
        }
    }
    let is_latest = |id: u64| latest.values().any(|it| it.id == id);
    let is_over = |id: u64| pipelines.iter().any(|it| it.id == id) && !is_latest(id);
    let counts: Vec<StatusShape> = statuses
        .into_iter()
        .filter(|status| !status.pipeline_id.is_some_and(is_over))
        .collect();
    // Where a GitLab does not say whose a job is, any job may be of this pipeline.
    let has_jobs = |id: u64| {
        let mut counts = counts.iter();
        counts.any(|it| it.pipeline_id.is_none_or(|of| of == id))
    };
    let silent = latest.values().filter(|it| !has_jobs(it.id));
    let silent: Vec<Check> = silent.map(|it| of_pipeline(it)).collect();
    let mut runs: Vec<Check> = counts.into_iter().map(Check::from).collect();
    runs.extend(silent);
    Checks { runs }
}

/// How a job, a status or a pipeline stands
/// (<https://docs.gitlab.com/ci/jobs/#available-job-statuses>). One whose word is not known is not known
/// to be over. What may fail stands in nobody's way, and neither does what waits for a person's click
/// and may be left alone; what is cancelled is not known to be good.
fn state(word: &str, may_fail: bool) -> CheckState {
    match word {
        "success" | "skipped" => CheckState::Passed,
        "failed" | "canceled" | "manual" if may_fail => CheckState::Passed,
        "failed" | "canceled" => CheckState::Failed,
        _ => CheckState::Pending,
    }
}

impl From<StatusShape> for Check {
    fn from(shape: StatusShape) -> Self {
        Self {
            name: shape.name,
            state: state(&shape.status, shape.allow_failure),
            word: shape.status,
            url: shape.target_url,
        }
    }
}

fn of_pipeline(shape: &PipelineShape) -> Check {
    Check {
        name: "pipeline".to_owned(),
        state: state(&shape.status, false),
        word: shape.status.clone(),
        url: shape.web_url.clone(),
    }
}

#[cfg(test)]
mod tests {
    use optio_domain::git_host::ChecksVerdict;

    use super::*;

    fn pipeline(id: u64, source: &str, status: &str) -> PipelineShape {
        PipelineShape {
            id,
            sha: "abc".to_owned(),
            branch: "work".to_owned(),
            source: source.to_owned(),
            status: status.to_owned(),
            web_url: None,
        }
    }

    fn job(name: &str, status: &str, pipeline_id: u64) -> StatusShape {
        StatusShape {
            name: name.to_owned(),
            status: status.to_owned(),
            allow_failure: false,
            target_url: None,
            pipeline_id: Some(pipeline_id),
        }
    }

    #[test]
    fn a_pipeline_that_was_run_again_counts_with_its_later_jobs_only() {
        let pipelines = [
            pipeline(2, "push", "success"),
            pipeline(1, "push", "failed"),
        ];
        let jobs = vec![job("test", "failed", 1), job("test", "success", 2)];
        let checks = understood(&pipelines, jobs.clone());
        assert_eq!(checks.verdict(), ChecksVerdict::Passing);
        // Another reason makes another pipeline, which stands beside it.
        let pipelines = [
            pipeline(2, "merge_request_event", "success"),
            pipeline(1, "push", "failed"),
        ];
        assert_eq!(
            understood(&pipelines, jobs).verdict(),
            ChecksVerdict::Failing
        );
    }

    #[test]
    fn a_pipeline_without_jobs_speaks_for_itself() {
        let checks = understood(&[pipeline(1, "push", "failed")], Vec::new());
        assert_eq!(checks.verdict(), ChecksVerdict::Failing);
        let one = understood(
            &[pipeline(1, "push", "running")],
            vec![job("a", "success", 1)],
        );
        assert_eq!(one.runs.len(), 1);
        assert_eq!(understood(&[], Vec::new()).verdict(), ChecksVerdict::None);
    }

    #[test]
    fn what_may_fail_and_what_may_be_left_alone_stands_in_nobodys_way() {
        for (word, may_fail, wanted) in [
            ("success", false, CheckState::Passed),
            ("skipped", false, CheckState::Passed),
            ("failed", false, CheckState::Failed),
            ("failed", true, CheckState::Passed),
            ("canceled", false, CheckState::Failed),
            ("manual", false, CheckState::Pending),
            ("manual", true, CheckState::Passed),
            ("running", true, CheckState::Pending),
            ("waiting_for_resource", false, CheckState::Pending),
            ("a new word", true, CheckState::Pending),
        ] {
            assert_eq!(state(word, may_fail), wanted, "{word} {may_fail}");
        }
    }
}
