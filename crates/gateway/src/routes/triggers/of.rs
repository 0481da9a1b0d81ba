//! The routes of triggers, for each thing that can have them.

use axum::{Json, extract::State, http::StatusCode};
use optio_domain::{id::TriggerId, job::JobKind, trigger::TargetKind};
use uuid::Uuid;

use super::{
    super::{
        agents, jobs,
        tasks::unified::{self, Work},
    },
    OneTrigger, Target, Triggers, changed, created, listed, removed,
    written::{NewTrigger, TriggerPatch},
};
use crate::{
    Gateway,
    body::{Body, Named},
    caller::Person,
    error::{ApiError, Problem},
};

async fn agent(gateway: &Gateway, name: &str) -> Result<Target, ApiError> {
    let row = agents::find(gateway, name).await?;
    Ok(Target {
        kind: TargetKind::Agent,
        id: row.id.0,
        word: format!("the agent `{name}`"),
    })
}

async fn job(gateway: &Gateway, name: &str) -> Result<Target, ApiError> {
    let row = jobs::find(gateway, JobKind::Standalone, name).await?;
    Ok(Target {
        kind: TargetKind::Job,
        id: row.id.0,
        word: format!("the job `{name}`"),
    })
}

async fn blueprint(gateway: &Gateway, name: &str) -> Result<Target, ApiError> {
    let row = jobs::find(gateway, JobKind::Blueprint, name).await?;
    Ok(Target {
        kind: TargetKind::Blueprint,
        id: row.id.0,
        word: format!("the blueprint `{name}`"),
    })
}

/// Of a task only what can be started again has triggers.
async fn task(gateway: &Gateway, name: &str) -> Result<Target, ApiError> {
    match unified::find(gateway, name).await? {
        Work::Job(row) => Ok(Target {
            kind: match row.spec.kind {
                JobKind::Standalone => TargetKind::Job,
                JobKind::Blueprint => TargetKind::Blueprint,
            },
            id: row.id.0,
            word: format!("`{name}`"),
        }),
        Work::Task(_) | Work::Review(_) => Err(ApiError::NotAllowed(format!(
            "`{name}` runs once; a job or a blueprint can have triggers"
        ))),
    }
}

/// Lists the triggers of an agent, oldest first.
#[utoipa::path(get, path = "/api/persistent-agents/{agent}/triggers", tag = "triggers",
    params(("agent" = String, Path, description = "id or slug")),
    responses((status = 200, body = Triggers), (status = 404, body = Problem)))]
pub(crate) async fn list_of_agent(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(name): Named<String>,
) -> Result<Json<Triggers>, ApiError> {
    listed(&gateway, &agent(&gateway, &name).await?).await
}

/// Adds a trigger to an agent.
#[utoipa::path(post, path = "/api/persistent-agents/{agent}/triggers", tag = "triggers",
    params(("agent" = String, Path, description = "id or slug")), request_body = NewTrigger,
    responses((status = 201, body = OneTrigger), (status = 400, body = Problem),
              (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn add_to_agent(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(name): Named<String>,
    Body(new): Body<NewTrigger>,
) -> Result<(StatusCode, Json<OneTrigger>), ApiError> {
    created(&gateway, &agent(&gateway, &name).await?, new).await
}

/// Changes a trigger of an agent; its type stays.
#[utoipa::path(patch, path = "/api/persistent-agents/{agent}/triggers/{trigger}", tag = "triggers",
    params(("agent" = String, Path, description = "id or slug"), ("trigger" = Uuid, Path)),
    request_body = TriggerPatch,
    responses((status = 200, body = OneTrigger), (status = 400, body = Problem),
              (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn change_of_agent(
    State(gateway): State<Gateway>,
    _person: Person,
    Named((name, trigger)): Named<(String, Uuid)>,
    Body(patch): Body<TriggerPatch>,
) -> Result<Json<OneTrigger>, ApiError> {
    let target = agent(&gateway, &name).await?;
    changed(&gateway, &target, TriggerId(trigger), patch).await
}

/// Removes a trigger of an agent.
#[utoipa::path(delete, path = "/api/persistent-agents/{agent}/triggers/{trigger}", tag = "triggers",
    params(("agent" = String, Path, description = "id or slug"), ("trigger" = Uuid, Path)),
    responses((status = 204), (status = 404, body = Problem)))]
pub(crate) async fn remove_from_agent(
    State(gateway): State<Gateway>,
    _person: Person,
    Named((name, trigger)): Named<(String, Uuid)>,
) -> Result<StatusCode, ApiError> {
    let target = agent(&gateway, &name).await?;
    removed(&gateway, &target, TriggerId(trigger)).await
}

/// Lists the triggers of a job, oldest first.
#[utoipa::path(get, path = "/api/jobs/{job}/triggers", tag = "triggers",
    params(("job" = String, Path, description = "id or name")),
    responses((status = 200, body = Triggers), (status = 404, body = Problem)))]
pub(crate) async fn list_of_job(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(name): Named<String>,
) -> Result<Json<Triggers>, ApiError> {
    listed(&gateway, &job(&gateway, &name).await?).await
}

/// Adds a trigger to a job.
#[utoipa::path(post, path = "/api/jobs/{job}/triggers", tag = "triggers",
    params(("job" = String, Path, description = "id or name")), request_body = NewTrigger,
    responses((status = 201, body = OneTrigger), (status = 400, body = Problem),
              (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn add_to_job(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(name): Named<String>,
    Body(new): Body<NewTrigger>,
) -> Result<(StatusCode, Json<OneTrigger>), ApiError> {
    created(&gateway, &job(&gateway, &name).await?, new).await
}

/// Changes a trigger of a job; its type stays.
#[utoipa::path(patch, path = "/api/jobs/{job}/triggers/{trigger}", tag = "triggers",
    params(("job" = String, Path, description = "id or name"), ("trigger" = Uuid, Path)),
    request_body = TriggerPatch,
    responses((status = 200, body = OneTrigger), (status = 400, body = Problem),
              (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn change_of_job(
    State(gateway): State<Gateway>,
    _person: Person,
    Named((name, trigger)): Named<(String, Uuid)>,
    Body(patch): Body<TriggerPatch>,
) -> Result<Json<OneTrigger>, ApiError> {
    let target = job(&gateway, &name).await?;
    changed(&gateway, &target, TriggerId(trigger), patch).await
}

/// Removes a trigger of a job.
#[utoipa::path(delete, path = "/api/jobs/{job}/triggers/{trigger}", tag = "triggers",
    params(("job" = String, Path, description = "id or name"), ("trigger" = Uuid, Path)),
    responses((status = 204), (status = 404, body = Problem)))]
pub(crate) async fn remove_from_job(
    State(gateway): State<Gateway>,
    _person: Person,
    Named((name, trigger)): Named<(String, Uuid)>,
) -> Result<StatusCode, ApiError> {
    let target = job(&gateway, &name).await?;
    removed(&gateway, &target, TriggerId(trigger)).await
}

/// Lists the triggers of a blueprint, oldest first.
#[utoipa::path(get, path = "/api/task-configs/{config}/triggers", tag = "triggers",
    params(("config" = String, Path, description = "id or name")),
    responses((status = 200, body = Triggers), (status = 404, body = Problem)))]
pub(crate) async fn list_of_blueprint(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(name): Named<String>,
) -> Result<Json<Triggers>, ApiError> {
    listed(&gateway, &blueprint(&gateway, &name).await?).await
}

/// Adds a trigger to a blueprint.
#[utoipa::path(post, path = "/api/task-configs/{config}/triggers", tag = "triggers",
    params(("config" = String, Path, description = "id or name")), request_body = NewTrigger,
    responses((status = 201, body = OneTrigger), (status = 400, body = Problem),
              (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn add_to_blueprint(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(name): Named<String>,
    Body(new): Body<NewTrigger>,
) -> Result<(StatusCode, Json<OneTrigger>), ApiError> {
    created(&gateway, &blueprint(&gateway, &name).await?, new).await
}

/// Changes a trigger of a blueprint; its type stays.
#[utoipa::path(patch, path = "/api/task-configs/{config}/triggers/{trigger}", tag = "triggers",
    params(("config" = String, Path, description = "id or name"), ("trigger" = Uuid, Path)),
    request_body = TriggerPatch,
    responses((status = 200, body = OneTrigger), (status = 400, body = Problem),
              (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn change_of_blueprint(
    State(gateway): State<Gateway>,
    _person: Person,
    Named((name, trigger)): Named<(String, Uuid)>,
    Body(patch): Body<TriggerPatch>,
) -> Result<Json<OneTrigger>, ApiError> {
    let target = blueprint(&gateway, &name).await?;
    changed(&gateway, &target, TriggerId(trigger), patch).await
}

/// Removes a trigger of a blueprint.
#[utoipa::path(delete, path = "/api/task-configs/{config}/triggers/{trigger}", tag = "triggers",
    params(("config" = String, Path, description = "id or name"), ("trigger" = Uuid, Path)),
    responses((status = 204), (status = 404, body = Problem)))]
pub(crate) async fn remove_from_blueprint(
    State(gateway): State<Gateway>,
    _person: Person,
    Named((name, trigger)): Named<(String, Uuid)>,
) -> Result<StatusCode, ApiError> {
    let target = blueprint(&gateway, &name).await?;
    removed(&gateway, &target, TriggerId(trigger)).await
}

/// Lists the triggers of a job or a blueprint, oldest first.
#[utoipa::path(get, path = "/api/tasks/{task}/triggers", tag = "triggers",
    params(("task" = String, Path, description = "id of a job or a blueprint")),
    responses((status = 200, body = Triggers), (status = 404, body = Problem), (status = 405, body = Problem)))]
pub(crate) async fn list_of_task(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(name): Named<String>,
) -> Result<Json<Triggers>, ApiError> {
    listed(&gateway, &task(&gateway, &name).await?).await
}

/// Adds a trigger to a job or a blueprint.
#[utoipa::path(post, path = "/api/tasks/{task}/triggers", tag = "triggers",
    params(("task" = String, Path, description = "id of a job or a blueprint")), request_body = NewTrigger,
    responses((status = 201, body = OneTrigger), (status = 400, body = Problem),
              (status = 404, body = Problem), (status = 409, body = Problem), (status = 405, body = Problem)))]
pub(crate) async fn add_to_task(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(name): Named<String>,
    Body(new): Body<NewTrigger>,
) -> Result<(StatusCode, Json<OneTrigger>), ApiError> {
    created(&gateway, &task(&gateway, &name).await?, new).await
}

/// Changes a trigger of a job or a blueprint; its type stays.
#[utoipa::path(patch, path = "/api/tasks/{task}/triggers/{trigger}", tag = "triggers",
    params(("task" = String, Path, description = "id of a job or a blueprint"), ("trigger" = Uuid, Path)),
    request_body = TriggerPatch,
    responses((status = 200, body = OneTrigger), (status = 400, body = Problem),
              (status = 404, body = Problem), (status = 409, body = Problem), (status = 405, body = Problem)))]
pub(crate) async fn change_of_task(
    State(gateway): State<Gateway>,
    _person: Person,
    Named((name, trigger)): Named<(String, Uuid)>,
    Body(patch): Body<TriggerPatch>,
) -> Result<Json<OneTrigger>, ApiError> {
    let target = task(&gateway, &name).await?;
    changed(&gateway, &target, TriggerId(trigger), patch).await
}

/// Removes a trigger of a job or a blueprint.
#[utoipa::path(delete, path = "/api/tasks/{task}/triggers/{trigger}", tag = "triggers",
    params(("task" = String, Path, description = "id of a job or a blueprint"), ("trigger" = Uuid, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 405, body = Problem)))]
pub(crate) async fn remove_from_task(
    State(gateway): State<Gateway>,
    _person: Person,
    Named((name, trigger)): Named<(String, Uuid)>,
) -> Result<StatusCode, ApiError> {
    let target = task(&gateway, &name).await?;
    removed(&gateway, &target, TriggerId(trigger)).await
}
