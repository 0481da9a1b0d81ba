//! `/api/issues/assign`: a person has an issue done.

use axum::{Json, extract::State, http::StatusCode};
use optio_domain::{
    agent::spec::Invalid,
    git_host::{Comment, GitHostError, Issue, IssueNumber},
    task::spec::TaskSpec,
    tracker::{LABEL_DEFAULT, News, Source, Ticket, TicketComment, TicketWork, agent_of, task_of},
};
use optio_store::repos::RepoRow;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{AtHost, at_host, repo_of};
use crate::{
    Gateway,
    body::{Body, text},
    caller::Person,
    error::{ApiError, Problem},
    routes::{
        agents::WORKSPACE,
        pull_requests::host_error,
        tasks::{self, view::TaskView},
    },
};

/// The agent program where neither the person, the issue nor the repository names one.
const AGENT: &str = "claude-code";

/// An issue that is to be done.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IssueOrder {
    /// Its number in its repository.
    #[schema(minimum = 1)]
    issue_number: u64,
    repo_id: String,
    title: String,
    /// Its text, as Markdown.
    body: String,
    /// The agent program; the one that a label of the issue or its repository names where it is left out.
    agent_type: Option<String>,
}

/// The task that an issue became.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AssignedIssue {
    task: TaskView,
    /// Why the issue could not be labelled and commented on; null where it was.
    host_error: Option<String>,
}

/// Makes a task of an issue, with its comments. The issue gets the label `optio` and a comment.
#[utoipa::path(post, path = "/api/issues/assign", tag = "issues", request_body = IssueOrder,
    responses((status = 201, body = AssignedIssue), (status = 400, body = Problem),
              (status = 404, body = Problem), (status = 409, body = Problem),
              (status = 503, body = Problem)))]
pub(crate) async fn assign(
    State(gateway): State<Gateway>,
    person: Person,
    Body(order): Body<IssueOrder>,
) -> Result<(StatusCode, Json<AssignedIssue>), ApiError> {
    text(
        "title",
        &order.title,
        gateway.world().limits.message_bytes_max,
    )?;
    let repo = repo_of(&gateway, &order.repo_id).await?;
    let at = at_host(&gateway, &repo).map_err(host_error)?;
    let number = IssueNumber(order.issue_number);
    let issue = at.host.issue(&at.url.repo, number).await;
    let issue = issue.map_err(host_error)?;
    let comments = at.host.comments(&at.url.repo, number.into()).await;
    let comments = comments.map_err(host_error)?;
    let spec = spec_of(&gateway, &repo, &order, issue, comments).await?;
    // The task first: whoever looks at the label finds that it is there already.
    let row = tasks::accept(&gateway, &person.0, &spec, &[]).await?;
    let told = tell(&at, number, &row.id.to_string()).await;
    let host_error = told.err().map(|error| error.to_string());
    Ok((
        StatusCode::CREATED,
        Json(AssignedIssue {
            task: TaskView::of(row),
            host_error,
        }),
    ))
}

async fn spec_of(
    gateway: &Gateway,
    repo: &RepoRow,
    order: &IssueOrder,
    issue: Issue,
    comments: Vec<Comment>,
) -> Result<TaskSpec, ApiError> {
    let url = &repo.spec.url;
    let store = &gateway.world().store;
    let defaults = store.repo_defaults(WORKSPACE, url.as_str()).await?;
    let of_labels = || agent_of(&issue.labels).map_err(|words| Invalid::new("agentType", words));
    let agent = match &order.agent_type {
        Some(agent) => Some(agent.clone()),
        None => of_labels()?.map(str::to_owned).or(defaults.agent.clone()),
    };
    let agent = agent.unwrap_or_else(|| AGENT.to_owned());
    let source = match repo.spec.git_platform {
        optio_domain::repo::GitPlatform::GitHub => Source::GitHub,
        optio_domain::repo::GitPlatform::GitLab => Source::GitLab,
    };
    let ticket = Ticket {
        id: issue.number.to_string(),
        key: format!("#{}", issue.number),
        url: issue.url,
        title: order.title.clone(),
        body: order.body.clone(),
        author: issue.author,
        labels: issue.labels,
        open: issue.open,
        changed_at: issue.updated_at,
        repo_url: Some(url.as_str().to_owned()),
    };
    let said = comments.into_iter().map(|comment| {
        TicketComment {
            author: comment.author,
            body: comment.body,
            at: comment.at,
        }
        .kept()
    });
    let said: Vec<TicketComment> = said.collect();
    task_of(TicketWork {
        source,
        ticket: &ticket.kept(),
        comments: &said,
        repo: url,
        branch: defaults.branch.clone(),
        model: defaults.model_of(&agent),
        agent,
    })
    .map_err(|words| ApiError::BadRequest(format!("nothing was created: {words}")))
}

/// Says it in the issue, once however often this is done.
async fn tell(at: &AtHost<'_>, number: IssueNumber, task: &str) -> Result<(), GitHostError> {
    let (host, repo) = (at.host, &at.url.repo);
    let labels = [LABEL_DEFAULT.to_owned()];
    host.add_labels(repo, number.into(), &labels).await?;
    let words = format!("Optio has started to work on this, as task {task}.");
    let mark = format!("{}:{task}", News::Started.name());
    host.comment(repo, number.into(), &words, &mark).await?;
    Ok(())
}
