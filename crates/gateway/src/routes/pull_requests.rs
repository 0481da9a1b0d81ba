//! `/api/pull-requests`: the open pull requests of the repositories, live from their hosts.

use axum::{Json, extract::State};
use futures_util::future::join_all;
use optio_domain::{
    agent::spec::Invalid,
    git_host::{
        GitHost, GitHostError, MergeMethod, MergeRefused, PullState, PullUrl, Seen as HostSeen,
    },
    id::RepoId,
    pull::PullSeen,
    repo::RepoUrl,
};
use optio_store::repos::RepoRow;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{agents::WORKSPACE, pr_reviews::ReviewBrief, webhooks};
use crate::{
    Gateway,
    body::{Body, Params},
    caller::Person,
    error::{ApiError, Problem},
};

/// Repositories that are looked at.
const REPOS_MAX: i64 = 1_000;
/// Repositories that are asked for at once.
const AT_ONCE: usize = 8;
/// Seconds after which a host that gave no answer should be asked again.
const RETRY_S: u32 = 5;

/// Of which repositories.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OfRepo {
    /// Only those of this repository.
    #[param(value_type = Option<Uuid>)]
    repo_id: Option<String>,
}

/// An open pull request.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PullView {
    /// `owner/name#number`.
    id: String,
    number: u64,
    title: String,
    url: String,
    /// Always open.
    state: &'static str,
    author: String,
    labels: Vec<String>,
    /// Whose review is asked for.
    requested_reviewers: Vec<String>,
    draft: bool,
    head_sha: String,
    head_branch: String,
    base_branch: String,
    repo_id: Uuid,
    repo_url: String,
    repo_full_name: String,
    /// Its review here, where it has one.
    review: Option<ReviewBrief>,
}

/// A repository whose pull requests could not be had.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PullsUnseen {
    repo_id: Uuid,
    repo_url: String,
    error: String,
}

/// Open pull requests.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ManyPulls {
    pull_requests: Vec<PullView>,
    /// The repositories whose pull requests could not be had, and why.
    errors: Vec<PullsUnseen>,
}

/// Lists the open pull requests of all repositories, or of one, as their hosts have them now, each with its
/// review.
#[utoipa::path(get, path = "/api/pull-requests", tag = "pull-requests", params(OfRepo),
    responses((status = 200, body = ManyPulls), (status = 404, body = Problem)))]
pub(crate) async fn list(
    State(gateway): State<Gateway>,
    _person: Person,
    Params(of): Params<OfRepo>,
) -> Result<Json<ManyPulls>, ApiError> {
    let store = &gateway.world().store;
    let repos = match of.repo_id {
        None => store.repos(WORKSPACE, None, REPOS_MAX).await?,
        Some(id) => {
            let missing = || ApiError::Missing(format!("there is no repository `{id}`"));
            let repo: RepoId = id.parse().map_err(|_bad| missing())?;
            vec![store.repo(WORKSPACE, repo).await?.ok_or_else(missing)?]
        }
    };
    let mut all = ManyPulls {
        pull_requests: Vec::new(),
        errors: Vec::new(),
    };
    for some in repos.chunks(AT_ONCE) {
        let asked = some.iter().map(|repo| open_pulls(&gateway, repo));
        for (repo, pulls) in some.iter().zip(join_all(asked).await) {
            match pulls {
                Ok(pulls) => all
                    .pull_requests
                    .extend(shown(&gateway, repo, pulls).await?),
                Err(error) => all.errors.push(PullsUnseen {
                    repo_id: repo.id.0,
                    repo_url: repo.spec.url.as_str().to_owned(),
                    error: error.to_string(),
                }),
            }
        }
    }
    Ok(Json(all))
}

async fn open_pulls(gateway: &Gateway, repo: &RepoRow) -> Result<Vec<PullState>, GitHostError> {
    let url: optio_domain::git_host::RepoUrl = repo
        .spec
        .url
        .as_str()
        .parse()
        .map_err(|error| GitHostError::Refused(format!("{error}")))?;
    let host = gateway.world().hosts.of(&url).ok_or_else(|| {
        GitHostError::Refused(format!("no git host `{}` is configured", url.host))
    })?;
    host.open_pulls(&url.repo).await
}

async fn shown(
    gateway: &Gateway,
    repo: &RepoRow,
    pulls: Vec<PullState>,
) -> Result<Vec<PullView>, ApiError> {
    let number = |pull: &PullState| i64::try_from(pull.number.0).unwrap_or(i64::MAX);
    let numbers: Vec<i64> = pulls.iter().map(number).collect();
    let repo_url = repo.spec.url.as_str();
    let store = &gateway.world().store;
    let reviews = store
        .reviews_of_pulls(WORKSPACE, repo_url, &numbers)
        .await?;
    let view = |pull: PullState| {
        let review = reviews.iter().find(|row| row.number == number(&pull));
        PullView {
            id: format!("{}#{}", repo.spec.full_name, pull.number),
            number: pull.number.0,
            title: pull.title,
            url: pull.url,
            state: "open",
            author: pull.author,
            labels: pull.labels,
            requested_reviewers: pull.reviewers_asked,
            draft: pull.draft,
            head_sha: pull.head_sha,
            head_branch: pull.head_branch,
            base_branch: pull.base_branch,
            repo_id: repo.id.0,
            repo_url: repo_url.to_owned(),
            repo_full_name: repo.spec.full_name.clone(),
            review: review.map(ReviewBrief::of),
        }
    };
    Ok(pulls.into_iter().map(view).collect())
}

/// Which pull request.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WhichPull {
    /// Its address.
    pr_url: String,
}

/// How a pull request stands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PullStatusView {
    /// none, pending, passing or failing.
    checks: &'static str,
    /// The names of those that failed.
    failed_checks: Vec<String>,
    /// none, approved or changes_requested.
    review: &'static str,
    /// Whether it merges without conflicts; null while the host has not found out.
    mergeable: Option<bool>,
    /// open, merged or closed.
    state: &'static str,
    draft: bool,
    head_sha: String,
}

/// Says how a pull request stands, as its host has it now.
#[utoipa::path(get, path = "/api/pull-requests/status", tag = "pull-requests", params(WhichPull),
    responses((status = 200, body = PullStatusView), (status = 400, body = Problem), (status = 404, body = Problem),
              (status = 503, body = Problem)))]
pub(crate) async fn status(
    State(gateway): State<Gateway>,
    _person: Person,
    Params(which): Params<WhichPull>,
) -> Result<Json<PullStatusView>, ApiError> {
    let at = PullAt::read(&which.pr_url)?;
    let state = at.state(&gateway).await?;
    let (host, repo) = (at.host(&gateway)?, &at.url.repo.repo);
    let checks = host.checks(repo, &state.head_sha).await;
    let checks = checks.map_err(host_error)?;
    let reviews = host.reviews(repo, at.url.number).await;
    let reviews = reviews.map_err(host_error)?;
    let seen = PullSeen::of(&state, &checks, &reviews, gateway.world().clock.now());
    Ok(Json(PullStatusView {
        checks: seen.checks.name(),
        failed_checks: seen.failed_checks,
        review: seen.review.name(),
        mergeable: seen.mergeable,
        state: seen.status.name(),
        draft: seen.draft,
        head_sha: seen.head,
    }))
}

/// What is to be merged, and how.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MergeOrder {
    /// The address of the pull request.
    pr_url: String,
    /// merge, squash or rebase.
    merge_method: String,
    /// The head that was looked at: any other is not merged. The head as it is now where it is left out.
    expected_head: Option<String>,
}

/// A pull request was merged.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MergedView {
    /// Always true.
    merged: bool,
    /// The commit on the base branch.
    sha: String,
}

/// Merges a pull request, at exactly the head that was expected.
#[utoipa::path(post, path = "/api/pull-requests/merge", tag = "pull-requests", request_body = MergeOrder,
    responses((status = 200, body = MergedView), (status = 400, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn merge(
    State(gateway): State<Gateway>,
    _person: Person,
    Body(order): Body<MergeOrder>,
) -> Result<Json<MergedView>, ApiError> {
    let method = MergeMethod::parse(&order.merge_method)
        .ok_or_else(|| Invalid::new("mergeMethod", "must be merge, squash or rebase"))?;
    let at = PullAt::read(&order.pr_url)?;
    let head = match order.expected_head {
        Some(head) => head,
        None => at.state(&gateway).await?.head_sha,
    };
    let (host, repo) = (at.host(&gateway)?, &at.url.repo.repo);
    let merged = host.merge(repo, at.url.number, &head, method).await;
    let merged = merged.map_err(|refused| match refused {
        MergeRefused::Host(error) => host_error(error),
        refused @ (MergeRefused::Moved
        | MergeRefused::Conflict
        | MergeRefused::Closed
        | MergeRefused::Blocked(_)) => ApiError::Conflict(refused.to_string()),
    })?;
    at.tell_watchers(&gateway).await?;
    Ok(Json(MergedView {
        merged: true,
        sha: merged.sha,
    }))
}

/// A pull request that somebody has named.
pub(super) struct PullAt {
    pub(super) url: PullUrl,
    /// Its repository's address in its one form.
    pub(super) repo_url: RepoUrl,
}

impl PullAt {
    pub(super) fn read(text: &str) -> Result<Self, ApiError> {
        let bad = |words: String| ApiError::from(Invalid::new("prUrl", words));
        let url: PullUrl = text.parse().map_err(|error| bad(format!("{error}")))?;
        let repo_url = RepoUrl::parse(&url.repo_url).map_err(|error| bad(error.rule))?;
        Ok(Self { url, repo_url })
    }

    fn host<'a>(&self, gateway: &'a Gateway) -> Result<&'a dyn GitHost, ApiError> {
        let host = gateway.world().hosts.of(&self.url.repo);
        host.ok_or_else(|| {
            ApiError::BadRequest(format!(
                "prUrl: no git host `{}` is configured; set its token",
                self.url.repo.host
            ))
        })
    }

    /// The pull request as its host has it now.
    pub(super) async fn state(&self, gateway: &Gateway) -> Result<PullState, ApiError> {
        let host = self.host(gateway)?;
        let pull = host.pull(&self.url.repo.repo, self.url.number, None).await;
        match pull.map_err(host_error)? {
            HostSeen::Changed { value, .. } => Ok(value),
            HostSeen::Unchanged => Err(ApiError::Unavailable(
                "the git host answered nothing new to a new question; try again".to_owned(),
                RETRY_S,
            )),
        }
    }

    /// Whoever watches it looks now.
    async fn tell_watchers(&self, gateway: &Gateway) -> Result<(), ApiError> {
        let world = gateway.world();
        let number = i64::try_from(self.url.number.0).unwrap_or(i64::MAX);
        let urls = [self.repo_url.as_str().to_owned()];
        let pulls = world.store.pulls_told_of(&urls, &[number], None).await?;
        let delivery = world.ids.fresh().to_string();
        for pull in pulls {
            webhooks::tell(gateway, pull, "optio", "merge", &delivery).await?;
        }
        Ok(())
    }
}

/// What a host that did not do as it was asked means for whoever asked us.
pub(super) fn host_error(error: GitHostError) -> ApiError {
    let words = error.to_string();
    match error {
        GitHostError::NotFound(_) => ApiError::Missing(words),
        GitHostError::Refused(_) => ApiError::BadRequest(words),
        GitHostError::Unauthorized { .. }
        | GitHostError::RateLimited { .. }
        | GitHostError::Busy(_) => ApiError::Unavailable(words, RETRY_S),
    }
}
