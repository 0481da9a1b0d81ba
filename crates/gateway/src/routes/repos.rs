//! `/api/repos`: the repositories that tasks work on.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use optio_domain::{
    id::RepoId,
    mail::Sender,
    repo::{ExternalReviewFilters, RepoSpec, SlackAddress},
    sandbox::{ImagePreset, NetworkPolicy, SandboxSpec},
};
use optio_store::repos::{Added, RepoRow};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    agents::{After, WORKSPACE},
    repo_settings::{self as settings, ChangedRepo, FiltersBody, NewRepo},
    sandbox::{self, SandboxBody},
};
use crate::{
    Gateway,
    body::{Body, Named, Params},
    caller::Person,
    error::{ApiError, Problem},
    page::{self, Page},
};

/// Repositories of a page without a limit, and the most: older clients do not page.
const PAGE: i64 = 1_000;

/// A repository.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RepoView {
    id: Uuid,
    workspace_id: Option<Uuid>,
    /// In its one form: https, the host in lower case, no .git.
    repo_url: String,
    full_name: String,
    /// github or gitlab.
    git_platform: &'static str,
    default_branch: String,
    default_agent_type: String,
    claude_model: String,
    max_turns_coding: i32,
    max_turns_review: i32,
    auto_merge: bool,
    cautious_mode: bool,
    auto_resume: bool,
    /// Null is the limit of the server.
    max_auto_resumes: Option<i32>,
    planning_mode_enabled: bool,
    max_concurrent_tasks: i32,
    max_pod_instances: i32,
    max_agents_per_pod: i32,
    review_enabled: bool,
    /// manual, on_pr or on_ci_pass.
    review_trigger: &'static str,
    review_model: String,
    /// Null is the program that works on it.
    review_agent_type: Option<String>,
    review_prompt_template: Option<String>,
    prompt_template_override: Option<String>,
    test_command: Option<String>,
    off_peak_only: bool,
    /// off, on_request, on_pr_hold or on_pr_post.
    external_review_mode: &'static str,
    external_review_wait_for_ci: bool,
    /// Which pull requests of others are not reviewed by themselves.
    #[schema(value_type = FiltersBody)]
    external_review_filters: ExternalReviewFilters,
    slack_enabled: bool,
    /// `***` where it has an address of its own, which is never shown; null is the secret `SLACK_WEBHOOK_URL`.
    slack_webhook_url: Option<&'static str>,
    /// Null is the address's own.
    slack_channel: Option<String>,
    /// What is said: completed, failed, needs_attention, pr_opened.
    slack_notify_on: Vec<&'static str>,
    /// base, node, python, go, rust or full; null is the image of the installation.
    image_preset: Option<&'static str>,
    cpu_request: Option<String>,
    cpu_limit: Option<String>,
    memory_request: Option<String>,
    memory_limit: Option<String>,
    /// unrestricted, restricted or closed.
    network_policy: &'static str,
    /// All that is decided about its sandboxes, these members among it.
    #[schema(value_type = SandboxBody)]
    sandbox: SandboxSpec,
    /// The program that reviews.
    effective_review_agent_type: String,
    /// The model that reviews.
    effective_review_model: String,
    created_by: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<RepoRow> for RepoView {
    fn from(row: RepoRow) -> Self {
        let spec = row.spec;
        Self {
            id: row.id.0,
            workspace_id: None,
            effective_review_agent_type: spec.reviewer().to_owned(),
            effective_review_model: spec.review_model.clone(),
            repo_url: spec.url.as_str().to_owned(),
            full_name: spec.full_name,
            git_platform: spec.git_platform.name(),
            default_branch: spec.default_branch,
            default_agent_type: spec.default_agent_type,
            claude_model: spec.claude_model,
            max_turns_coding: spec.max_turns_coding,
            max_turns_review: spec.max_turns_review,
            auto_merge: spec.auto_merge,
            cautious_mode: spec.cautious_mode,
            auto_resume: spec.auto_resume,
            max_auto_resumes: spec.max_auto_resumes,
            planning_mode_enabled: spec.planning_mode_enabled,
            max_concurrent_tasks: spec.max_concurrent_tasks,
            max_pod_instances: spec.max_pod_instances,
            max_agents_per_pod: spec.max_agents_per_pod,
            review_enabled: spec.review_enabled,
            review_trigger: spec.review_trigger.name(),
            review_model: spec.review_model,
            review_agent_type: spec.review_agent_type,
            review_prompt_template: spec.review_prompt_template,
            prompt_template_override: spec.prompt_template_override,
            test_command: spec.test_command,
            off_peak_only: spec.off_peak_only,
            external_review_mode: spec.external_reviews.mode.name(),
            external_review_wait_for_ci: spec.external_reviews.wait_for_ci,
            external_review_filters: spec.external_reviews.filters,
            slack_enabled: spec.slack.enabled,
            slack_webhook_url: (spec.slack.address != SlackAddress::None).then_some(settings::MASK),
            slack_channel: spec.slack.channel,
            slack_notify_on: spec.slack.notify_on.iter().map(|it| it.name()).collect(),
            image_preset: spec.sandbox.image_preset.map(ImagePreset::name),
            cpu_request: spec.sandbox.cpu_request.clone(),
            cpu_limit: spec.sandbox.cpu_limit.clone(),
            memory_request: spec.sandbox.memory_request.clone(),
            memory_limit: spec.sandbox.memory_limit.clone(),
            network_policy: spec
                .sandbox
                .network_policy
                .map_or("unrestricted", NetworkPolicy::name),
            sandbox: spec.sandbox,
            created_by: row.created_by,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// One repository.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OneRepo {
    repo: RepoView,
}

impl From<RepoRow> for OneRepo {
    fn from(row: RepoRow) -> Self {
        Self { repo: row.into() }
    }
}

/// A page of repositories.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ManyRepos {
    repos: Vec<RepoView>,
    /// Hand it back as `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists repositories in the order in which they were added.
#[utoipa::path(get, path = "/api/repos", tag = "repos", params(Page),
    responses((status = 200, body = ManyRepos), (status = 400, body = Problem)))]
pub(crate) async fn list(
    State(gateway): State<Gateway>,
    _person: Person,
    Params(page): Params<Page>,
) -> Result<Json<ManyRepos>, ApiError> {
    let limit = page.limit(PAGE, PAGE)?;
    let after = page.cursor()?.map(|After(at, id)| (at, id));
    let rows = gateway.world().store.repos(WORKSPACE, after, limit).await?;
    let next_cursor = page::next(&rows, limit, |row| After(row.created_at, row.id.0));
    Ok(Json(ManyRepos {
        repos: rows.into_iter().map(RepoView::from).collect(),
        next_cursor,
    }))
}

/// Adds a repository. Its address is there once, however it is written.
#[utoipa::path(post, path = "/api/repos", tag = "repos", request_body = NewRepo,
    responses((status = 201, body = OneRepo), (status = 400, body = Problem),
              (status = 409, body = Problem)))]
pub(crate) async fn create(
    State(gateway): State<Gateway>,
    Person(person): Person,
    Body(sent): Body<Map<String, Value>>,
) -> Result<(StatusCode, Json<OneRepo>), ApiError> {
    let spec = reachable(&gateway, settings::new(sent)?)?;
    let world = gateway.world();
    let id = RepoId(world.ids.fresh());
    let by = Sender::User(person).to_string();
    let added = world
        .store
        .add_repo(id, WORKSPACE, &spec, &by, world.clock.now())
        .await?;
    match added {
        Added::Yes(row) => Ok((StatusCode::CREATED, Json((*row).into()))),
        Added::Already(id) => Err(ApiError::Conflict(format!(
            "{} is there already, as {id}; change that one",
            spec.url
        ))),
    }
}

/// Shows one repository.
#[utoipa::path(get, path = "/api/repos/{repo}", tag = "repos",
    params(("repo" = String, Path, description = "id")),
    responses((status = 200, body = OneRepo), (status = 404, body = Problem)))]
pub(crate) async fn show(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(repo): Named<String>,
) -> Result<Json<OneRepo>, ApiError> {
    let row = gateway.world().store.repo(WORKSPACE, id_of(&repo)?).await?;
    let row = row.ok_or_else(|| missing(&repo))?;
    Ok(Json(row.into()))
}

/// Changes a repository's settings, for what begins from now on. Its address stays.
#[utoipa::path(patch, path = "/api/repos/{repo}", tag = "repos",
    params(("repo" = String, Path, description = "id")), request_body = ChangedRepo,
    responses((status = 200, body = OneRepo), (status = 400, body = Problem),
              (status = 404, body = Problem)))]
pub(crate) async fn change(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(repo): Named<String>,
    Body(sent): Body<Map<String, Value>>,
) -> Result<Json<OneRepo>, ApiError> {
    let world = gateway.world();
    let changed = world
        .store
        .change_repo(WORKSPACE, id_of(&repo)?, world.clock.now(), |spec| {
            reachable(&gateway, settings::changed(sent, spec)?)
        })
        .await?;
    let row = changed.ok_or_else(|| missing(&repo))??;
    Ok(Json(row.into()))
}

/// Removes a repository with its settings.
#[utoipa::path(delete, path = "/api/repos/{repo}", tag = "repos",
    params(("repo" = String, Path, description = "id")),
    responses((status = 204), (status = 404, body = Problem)))]
pub(crate) async fn remove(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(repo): Named<String>,
) -> Result<StatusCode, ApiError> {
    if gateway
        .world()
        .store
        .delete_repo(WORKSPACE, id_of(&repo)?)
        .await?
    {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(missing(&repo))
    }
}

/// Its way to Slack must be on the public internet, and its sandboxes such as can be had.
fn reachable(gateway: &Gateway, spec: RepoSpec) -> Result<RepoSpec, ApiError> {
    if let SlackAddress::New(url) = &spec.slack.address {
        super::notices::reachable(gateway, "slackWebhookUrl", url)?;
    }
    sandbox::carried_out(gateway, &spec.sandbox)?;
    Ok(spec)
}

fn id_of(repo: &str) -> Result<RepoId, ApiError> {
    repo.parse().map_err(|_bad| missing(repo))
}

fn missing(repo: &str) -> ApiError {
    ApiError::Missing(format!(
        "there is no repository `{repo}`; GET /api/repos lists those there are"
    ))
}
