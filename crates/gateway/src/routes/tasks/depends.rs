//! What a task depends on, and the parts it has.

use axum::{Json, extract::State, http::StatusCode};
use optio_domain::{
    agent::spec::Invalid,
    id::TaskId,
    task::{seen::TaskType, spec::TaskSpec},
};
use optio_store::tasks::Dependency;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{super::agents::WORKSPACE, accept, find, parts, view::TaskView, written};
use crate::{
    Gateway,
    body::{Body, Named},
    caller::Person,
    error::{ApiError, Problem},
};

/// A task that another depends on, or that depends on it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DependencyView {
    id: Uuid,
    title: String,
    state: String,
}

impl From<Dependency> for DependencyView {
    fn from(row: Dependency) -> Self {
        Self {
            id: row.id,
            title: row.title,
            state: row.state,
        }
    }
}

/// What a task depends on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Dependencies {
    dependencies: Vec<DependencyView>,
}

/// What depends on a task.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Dependents {
    dependents: Vec<DependencyView>,
}

/// Tasks that have to be completed first.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewDependencies {
    depends_on_ids: Vec<Uuid>,
}

/// Lists what a task depends on.
#[utoipa::path(get, path = "/api/tasks/{task}/dependencies", tag = "tasks",
    params(("task" = String, Path, description = "id, or its first eight digits or more")),
    responses((status = 200, body = Dependencies), (status = 404, body = Problem)))]
pub(crate) async fn list(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(task): Named<String>,
) -> Result<Json<Dependencies>, ApiError> {
    let row = find(&gateway, &task).await?;
    let rows = gateway.world().store.dependencies(row.id).await?;
    Ok(Json(Dependencies {
        dependencies: rows.into_iter().map(Into::into).collect(),
    }))
}

/// Lists what depends on a task.
#[utoipa::path(get, path = "/api/tasks/{task}/dependents", tag = "tasks",
    params(("task" = String, Path, description = "id, or its first eight digits or more")),
    responses((status = 200, body = Dependents), (status = 404, body = Problem)))]
pub(crate) async fn dependents(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(task): Named<String>,
) -> Result<Json<Dependents>, ApiError> {
    let row = find(&gateway, &task).await?;
    let rows = gateway.world().store.dependents(row.id).await?;
    Ok(Json(Dependents {
        dependents: rows.into_iter().map(Into::into).collect(),
    }))
}

/// Lets a task wait for others as well; a circle is refused by name, and nothing of it is stored.
#[utoipa::path(post, path = "/api/tasks/{task}/dependencies", tag = "tasks", request_body = NewDependencies,
    params(("task" = String, Path, description = "id, or its first eight digits or more")),
    responses((status = 201, body = Dependencies), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn add(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(task): Named<String>,
    Body(new): Body<NewDependencies>,
) -> Result<(StatusCode, Json<Dependencies>), ApiError> {
    let row = find(&gateway, &task).await?;
    if new.depends_on_ids.is_empty() {
        return Err(Invalid::new("dependsOnIds", "must name at least one task").into());
    }
    let world = gateway.world();
    let on: Vec<TaskId> = new.depends_on_ids.into_iter().map(TaskId).collect();
    world
        .store
        .add_dependencies(row.id, WORKSPACE, &on, world.clock.now())
        .await?;
    gateway.hints().look(row.id.into());
    let rows = world.store.dependencies(row.id).await?;
    let dependencies = rows.into_iter().map(Into::into).collect();
    Ok((StatusCode::CREATED, Json(Dependencies { dependencies })))
}

/// Lets a task no longer wait for another.
#[utoipa::path(delete, path = "/api/tasks/{task}/dependencies/{on}", tag = "tasks",
    params(("task" = String, Path, description = "id, or its first eight digits or more"),
           ("on" = Uuid, Path, description = "the task it no longer waits for")),
    responses((status = 204), (status = 404, body = Problem)))]
pub(crate) async fn remove(
    State(gateway): State<Gateway>,
    _person: Person,
    Named((task, on)): Named<(String, Uuid)>,
) -> Result<StatusCode, ApiError> {
    let row = find(&gateway, &task).await?;
    let world = gateway.world();
    if !world
        .store
        .remove_dependency(row.id, TaskId(on), world.clock.now())
        .await?
    {
        return Err(ApiError::Missing(format!(
            "the task does not depend on {on}"
        )));
    }
    gateway.hints().look(row.id.into());
    Ok(StatusCode::NO_CONTENT)
}

/// A part of a task.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewPart {
    /// One line for people.
    title: String,
    /// What the agent is to do.
    prompt: String,
    /// `child`, the default, or `step`, which begins when the part before it is completed. Reviews are asked
    /// for with `POST /api/tasks/{task}/review`.
    task_type: Option<String>,
    /// Whether the task's pull request waits for it.
    blocks_parent: Option<bool>,
    /// The agent program; the task's where it is left out.
    agent_type: Option<String>,
    /// 1 to 1000; the task's where it is left out.
    priority: Option<i32>,
}

/// A part.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OnePart {
    subtask: TaskView,
}

/// Parts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ManyParts {
    subtasks: Vec<TaskView>,
}

/// Lists the parts of a task.
#[utoipa::path(get, path = "/api/tasks/{task}/subtasks", tag = "tasks",
    params(("task" = String, Path, description = "id, or its first eight digits or more")),
    responses((status = 200, body = ManyParts), (status = 404, body = Problem)))]
pub(crate) async fn subtasks(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(task): Named<String>,
) -> Result<Json<ManyParts>, ApiError> {
    let row = find(&gateway, &task).await?;
    let rows = parts(&gateway, row.id).await?;
    Ok(Json(ManyParts {
        subtasks: rows.into_iter().map(TaskView::of).collect(),
    }))
}

/// How far the parts are that a task's pull request waits for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PartsStatus {
    /// Whether all of them are completed.
    all_complete: bool,
    total: usize,
    /// Waiting for other tasks, or just accepted.
    pending: usize,
    /// Queued, running, or at their own pull requests.
    running: usize,
    completed: usize,
    /// Failed or cancelled.
    failed: usize,
}

/// Counts the parts of a task that its pull request waits for.
#[utoipa::path(get, path = "/api/tasks/{task}/subtasks/status", tag = "tasks",
    params(("task" = String, Path, description = "id, or its first eight digits or more")),
    responses((status = 200, body = PartsStatus), (status = 404, body = Problem)))]
pub(crate) async fn status(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(task): Named<String>,
) -> Result<Json<PartsStatus>, ApiError> {
    let row = find(&gateway, &task).await?;
    let parts = parts(&gateway, row.id).await?;
    let blocking: Vec<&str> = parts
        .iter()
        .filter(|part| part.spec.blocks_parent)
        .map(|part| part.state.name())
        .collect();
    let count = |names: &[&str]| blocking.iter().filter(|it| names.contains(it)).count();
    let completed = count(&["completed"]);
    Ok(Json(PartsStatus {
        all_complete: completed == blocking.len(),
        total: blocking.len(),
        pending: count(&["pending", "waiting_on_deps"]),
        running: count(&[
            "queued",
            "provisioning",
            "running",
            "needs_attention",
            "pr_opened",
        ]),
        completed,
        failed: count(&["failed", "cancelled"]),
    }))
}

/// Creates a part of a task.
#[utoipa::path(post, path = "/api/tasks/{task}/subtasks", tag = "tasks", request_body = NewPart,
    params(("task" = String, Path, description = "id, or its first eight digits or more")),
    responses((status = 201, body = OnePart), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn add_subtask(
    State(gateway): State<Gateway>,
    person: Person,
    Named(task): Named<String>,
    Body(new): Body<NewPart>,
) -> Result<(StatusCode, Json<OnePart>), ApiError> {
    let row = find(&gateway, &task).await?;
    let step = match new.task_type.as_deref() {
        None | Some("child") => false,
        Some("step") => true,
        Some(other) => {
            let rule = format!(
                "must be child or step, not `{other}`; a review is asked for with POST …/review"
            );
            return Err(Invalid::new("taskType", rule).into());
        }
    };
    // Newest first: the part before is the first of the list.
    let before = parts(&gateway, row.id).await?;
    let before = before
        .into_iter()
        .find(|part| part.spec.kind == TaskType::Coding);
    let depends_on: Vec<TaskId> = before
        .filter(|_| step)
        .map(|part| part.id)
        .into_iter()
        .collect();
    let spec = TaskSpec {
        kind: TaskType::Coding,
        title: new.title,
        prompt: new.prompt,
        agent_type: new.agent_type.unwrap_or(row.spec.agent_type),
        priority: new.priority.unwrap_or(row.spec.priority),
        parent: Some(row.id),
        blocks_parent: new.blocks_parent.unwrap_or(false),
        ticket_source: None,
        ticket_id: None,
        metadata: None,
        head: None,
        ..row.spec
    };
    spec.check()?;
    written::agent(&spec.agent_type)?;
    let part = accept(&gateway, &person.0, &spec, &depends_on).await?;
    Ok((
        StatusCode::CREATED,
        Json(OnePart {
            subtask: TaskView::of(part),
        }),
    ))
}
