//! `/api/issues`: the issues of the repositories, live from their hosts, each with its task.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use optio_domain::{
    agent::spec::Invalid,
    git_host::{GitHost, GitHostError, Issue, IssueState},
    id::RepoId,
    tracker::LABEL_DEFAULT,
};
use optio_store::repos::RepoRow;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::agents::WORKSPACE;
use crate::{
    Gateway,
    body::Params,
    caller::Person,
    error::{ApiError, Problem},
};

pub(crate) mod assign;

/// Repositories that are looked at.
const REPOS_MAX: i64 = 1_000;
/// Repositories that are asked for at once.
const AT_ONCE: usize = 8;

/// Which issues.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WhichIssues {
    /// Only those of this repository.
    #[param(value_type = Option<Uuid>)]
    repo_id: Option<String>,
    /// open, closed or all; open where it is left out.
    state: Option<String>,
}

/// The task that an issue has.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TaskOfIssue {
    task_id: Uuid,
    state: String,
}

/// The repository of an issue.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RepoOfIssue {
    id: Uuid,
    full_name: String,
    repo_url: String,
}

/// An issue.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IssueView {
    /// `owner/name#number`.
    id: String,
    number: u64,
    title: String,
    body: String,
    /// open or closed.
    state: &'static str,
    url: String,
    labels: Vec<String>,
    /// Whether it bears the label by which trackers find their tickets.
    has_optio_label: bool,
    author: String,
    assignee: Option<String>,
    repo: RepoOfIssue,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    /// Its task; null where it has none.
    optio_task: Option<TaskOfIssue>,
}

/// A repository whose issues could not be had.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IssuesUnseen {
    repo_id: Uuid,
    repo_url: String,
    error: String,
}

/// Issues.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ManyIssues {
    issues: Vec<IssueView>,
    /// The repositories whose issues could not be had, and why.
    errors: Vec<IssuesUnseen>,
}

/// Lists the issues of all repositories, or of one, as their hosts have them now: those without a task
/// first, and of these the ones that changed last. Of each repository at most the newest 200 are shown.
#[utoipa::path(get, path = "/api/issues", tag = "issues", params(WhichIssues),
    responses((status = 200, body = ManyIssues), (status = 400, body = Problem),
              (status = 404, body = Problem)))]
pub(crate) async fn list(
    State(gateway): State<Gateway>,
    _person: Person,
    Params(which): Params<WhichIssues>,
) -> Result<Json<ManyIssues>, ApiError> {
    let state = match &which.state {
        None => IssueState::default(),
        Some(word) => IssueState::parse(word)
            .ok_or_else(|| Invalid::new("state", "must be open, closed or all"))?,
    };
    let repos = match &which.repo_id {
        None => {
            gateway
                .world()
                .store
                .repos(WORKSPACE, None, REPOS_MAX)
                .await?
        }
        Some(id) => vec![repo_of(&gateway, id).await?],
    };
    let (mut issues, mut errors) = (Vec::new(), Vec::new());
    for some in repos.chunks(AT_ONCE) {
        let asked = some.iter().map(|repo| of_repo(&gateway, repo, state));
        for (repo, found) in some.iter().zip(join_all(asked).await) {
            match found {
                Ok(found) => issues.extend(shown(&gateway, repo, found).await?),
                Err(error) => errors.push(IssuesUnseen {
                    repo_id: repo.id.0,
                    repo_url: repo.spec.url.as_str().to_owned(),
                    error: error.to_string(),
                }),
            }
        }
    }
    issues.sort_by_key(|it| (it.optio_task.is_some(), std::cmp::Reverse(it.updated_at)));
    Ok(Json(ManyIssues { issues, errors }))
}

/// A repository by its id.
async fn repo_of(gateway: &Gateway, id: &str) -> Result<RepoRow, ApiError> {
    let missing = || ApiError::Missing(format!("there is no repository `{id}`"));
    let repo: RepoId = id.parse().map_err(|_bad| missing())?;
    let row = gateway.world().store.repo(WORKSPACE, repo).await?;
    row.ok_or_else(missing)
}

/// A repository, and the host it is on.
struct AtHost<'a> {
    host: &'a dyn GitHost,
    url: optio_domain::git_host::RepoUrl,
}

fn at_host<'a>(gateway: &'a Gateway, repo: &RepoRow) -> Result<AtHost<'a>, GitHostError> {
    let refused = |words: String| GitHostError::Refused(words);
    let url = repo.spec.url.as_str().parse();
    let url: optio_domain::git_host::RepoUrl = url.map_err(|error| refused(format!("{error}")))?;
    let host = gateway.world().hosts.of(&url);
    let host = host.ok_or_else(|| refused(format!("no git host `{}` is configured", url.host)))?;
    Ok(AtHost { host, url })
}

async fn of_repo(
    gateway: &Gateway,
    repo: &RepoRow,
    state: IssueState,
) -> Result<Vec<Issue>, GitHostError> {
    let at = at_host(gateway, repo)?;
    at.host.issues(&at.url.repo, state).await
}

async fn shown(
    gateway: &Gateway,
    repo: &RepoRow,
    issues: Vec<Issue>,
) -> Result<Vec<IssueView>, ApiError> {
    let ids: Vec<String> = issues
        .iter()
        .map(|issue| issue.number.to_string())
        .collect();
    let (source, url) = (repo.spec.git_platform.name(), repo.spec.url.as_str());
    let store = &gateway.world().store;
    let tasks = store.tasks_of_tickets(WORKSPACE, url, source, &ids).await?;
    let view = |(issue, id): (Issue, String)| {
        let task = tasks.iter().find(|(ticket, _, _)| *ticket == id);
        let is_ours = |label: &String| label.eq_ignore_ascii_case(LABEL_DEFAULT);
        IssueView {
            id: format!("{}#{}", repo.spec.full_name, issue.number),
            number: issue.number.0,
            title: issue.title,
            body: issue.body,
            state: if issue.open { "open" } else { "closed" },
            url: issue.url,
            has_optio_label: issue.labels.iter().any(is_ours),
            labels: issue.labels,
            author: issue.author,
            assignee: issue.assignee,
            repo: RepoOfIssue {
                id: repo.id.0,
                full_name: repo.spec.full_name.clone(),
                repo_url: url.to_owned(),
            },
            created_at: issue.created_at,
            updated_at: issue.updated_at,
            optio_task: task.map(|(_, task, state)| TaskOfIssue {
                task_id: task.0,
                state: state.clone(),
            }),
        }
    };
    Ok(issues.into_iter().zip(ids).map(view).collect())
}
