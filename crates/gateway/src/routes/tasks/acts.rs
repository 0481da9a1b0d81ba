//! What people want of a task: cancel, retry, resume, restart, redo, run now, review.

use std::{collections::BTreeSet, time::Duration};

use axum::{Json, extract::State, http::StatusCode};
use optio_domain::{agent::spec::Invalid, id::TaskId, task::Intent};
use optio_store::tasks::TaskRow;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{super::agents::WORKSPACE, OneTask, find, view::TaskView};
use crate::{
    Gateway,
    body::{Body, Named, text},
    caller::Person,
    error::{ApiError, Problem},
};

/// How long the answer waits for the task to obey; it obeys later all the same.
const OBEY_LOOKS: u32 = 40;
const OBEY_PAUSE: Duration = Duration::from_millis(25);
/// Bytes of what a person says with it.
const WORDS_BYTES_MAX: usize = 64 << 10;
/// Tasks that are put in order at once: there are so many priorities.
const ORDER_MAX: usize = 1_000;

/// What a person says with it.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct Words {
    /// What the agent is told first.
    prompt: Option<String>,
}

/// Cancels a task. Its process is gone within five seconds, and nothing it does afterwards counts.
#[utoipa::path(post, path = "/api/tasks/{task}/cancel", tag = "tasks",
    params(("task" = String, Path, description = "id, or its first eight digits or more")),
    responses((status = 200, body = OneTask), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn cancel(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(task): Named<String>,
) -> Result<Json<OneTask>, ApiError> {
    want(&gateway, &task, Intent::Cancel, None).await
}

/// Lets a failed or cancelled task go on from where it is.
#[utoipa::path(post, path = "/api/tasks/{task}/retry", tag = "tasks",
    params(("task" = String, Path, description = "id, or its first eight digits or more")),
    responses((status = 200, body = OneTask), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn retry(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(task): Named<String>,
) -> Result<Json<OneTask>, ApiError> {
    want(&gateway, &task, Intent::Retry, None).await
}

/// Forgets the session, the pull request and what is in the worktree, and begins at the base branch.
#[utoipa::path(post, path = "/api/tasks/{task}/force-redo", tag = "tasks",
    params(("task" = String, Path, description = "id, or its first eight digits or more")),
    responses((status = 200, body = OneTask), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn redo(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(task): Named<String>,
) -> Result<Json<OneTask>, ApiError> {
    want(&gateway, &task, Intent::Redo, None).await
}

/// Lets a task that needs attention or has failed go on, with the same session and worktree.
#[utoipa::path(post, path = "/api/tasks/{task}/resume", tag = "tasks", request_body = Words,
    params(("task" = String, Path, description = "id, or its first eight digits or more")),
    responses((status = 200, body = OneTask), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn resume(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(task): Named<String>,
    Body(words): Body<Words>,
) -> Result<Json<OneTask>, ApiError> {
    want(&gateway, &task, Intent::Resume, words.prompt).await
}

/// Lets a task go on with a fresh session, in the worktree as it is.
#[utoipa::path(post, path = "/api/tasks/{task}/force-restart", tag = "tasks", request_body = Words,
    params(("task" = String, Path, description = "id, or its first eight digits or more")),
    responses((status = 200, body = OneTask), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn restart(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(task): Named<String>,
    Body(words): Body<Words>,
) -> Result<Json<OneTask>, ApiError> {
    want(&gateway, &task, Intent::Restart, words.prompt).await
}

async fn want(
    gateway: &Gateway,
    task: &str,
    intent: Intent,
    words: Option<String>,
) -> Result<Json<OneTask>, ApiError> {
    let task = TaskView::of(ask_for(gateway, task, intent, words).await?);
    Ok(Json(OneTask { task }))
}

/// Asks a task for something, and waits a moment for it to obey.
pub(crate) async fn ask_for(
    gateway: &Gateway,
    task: &str,
    intent: Intent,
    words: Option<String>,
) -> Result<TaskRow, ApiError> {
    let words = words.filter(|words| !words.trim().is_empty());
    if let Some(words) = &words {
        text("prompt", words, WORDS_BYTES_MAX)?;
    }
    let row = find(gateway, task).await?;
    intent.meets(row.state).map_err(|refusal| {
        ApiError::Conflict(format!("the task is {}: {refusal}", row.state.name()))
    })?;
    wished(gateway, row, intent, words.as_deref()).await
}

/// Notes a wish that the state allows, and waits a moment for it to be met.
pub(crate) async fn wished(
    gateway: &Gateway,
    row: TaskRow,
    intent: Intent,
    words: Option<&str>,
) -> Result<TaskRow, ApiError> {
    let world = gateway.world();
    let at = world.clock.now();
    world.store.want_task(row.id, intent, words, at).await?;
    gateway.hints().look(row.id.into());
    obeyed(gateway, row).await
}

async fn obeyed(gateway: &Gateway, row: TaskRow) -> Result<TaskRow, ApiError> {
    let mut last = row;
    for _look in 0..OBEY_LOOKS {
        let Some(row) = gateway.world().store.task(last.id).await? else {
            break;
        };
        last = row;
        if last.intent.is_none() {
            break;
        }
        tokio::time::sleep(OBEY_PAUSE).await;
    }
    Ok(last)
}

/// Lets a task that waits for cheaper hours start now.
#[utoipa::path(post, path = "/api/tasks/{task}/run-now", tag = "tasks",
    params(("task" = String, Path, description = "id, or its first eight digits or more")),
    responses((status = 200, body = OneTask), (status = 404, body = Problem)))]
pub(crate) async fn run_now(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(task): Named<String>,
) -> Result<Json<OneTask>, ApiError> {
    let row = find(&gateway, &task).await?;
    let world = gateway.world();
    world.store.run_task_now(row.id, world.clock.now()).await?;
    gateway.hints().look(row.id.into());
    let row = find(&gateway, &row.id.to_string()).await?;
    Ok(Json(OneTask {
        task: TaskView::of(row),
    }))
}

/// The review that was asked for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReviewAsked {
    review_task_id: Uuid,
}

/// Has the review agent look at a task's pull request.
#[utoipa::path(post, path = "/api/tasks/{task}/review", tag = "tasks",
    params(("task" = String, Path, description = "id, or its first eight digits or more")),
    responses((status = 201, body = ReviewAsked), (status = 400, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem)))]
pub(crate) async fn review(
    State(gateway): State<Gateway>,
    person: Person,
    Named(task): Named<String>,
) -> Result<(StatusCode, Json<ReviewAsked>), ApiError> {
    let row = find(&gateway, &task).await?;
    let world = gateway.world();
    let head = world.store.open_head(row.id).await?;
    let Some(head) = head else {
        return Err(ApiError::BadRequest(
            "the task has no open pull request to review".to_owned(),
        ));
    };
    let fresh = row.pool.beside(world.ids.fresh());
    let asked = world
        .store
        .ask_for_review(&row, &head, TaskId(fresh), &person.0, world.clock.now())
        .await?;
    gateway.hints().look(asked.into());
    Ok((
        StatusCode::CREATED,
        Json(ReviewAsked {
            review_task_id: asked.0,
        }),
    ))
}

/// What became of a wish for many.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Retried {
    retried: usize,
    total: usize,
}

/// What became of a wish for many.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CancelledMany {
    cancelled: usize,
    total: usize,
}

/// Lets all failed tasks go on.
#[utoipa::path(post, path = "/api/tasks/bulk/retry-failed", tag = "tasks",
    responses((status = 200, body = Retried)))]
pub(crate) async fn retry_failed(
    State(gateway): State<Gateway>,
    _person: Person,
) -> Result<Json<Retried>, ApiError> {
    let total = want_all(&gateway, &["failed"], Intent::Retry).await?;
    Ok(Json(Retried {
        retried: total,
        total,
    }))
}

/// Cancels all tasks that wait for room or run.
#[utoipa::path(post, path = "/api/tasks/bulk/cancel-active", tag = "tasks",
    responses((status = 200, body = CancelledMany)))]
pub(crate) async fn cancel_active(
    State(gateway): State<Gateway>,
    _person: Person,
) -> Result<Json<CancelledMany>, ApiError> {
    let states = ["queued", "provisioning", "running"];
    let total = want_all(&gateway, &states, Intent::Cancel).await?;
    Ok(Json(CancelledMany {
        cancelled: total,
        total,
    }))
}

async fn want_all(gateway: &Gateway, states: &[&str], intent: Intent) -> Result<usize, ApiError> {
    let world = gateway.world();
    let tasks = world
        .store
        .want_tasks(WORKSPACE, states, intent, world.clock.now())
        .await?;
    for task in &tasks {
        gateway.hints().look((*task).into());
    }
    Ok(tasks.len())
}

/// Which tasks go first.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Order {
    /// The tasks, the one that goes first at the beginning. At most 1000.
    task_ids: Vec<Uuid>,
}

/// What became of the order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Reordered {
    ok: bool,
    reordered: usize,
}

/// Gives tasks the priorities 1, 2, 3 … in this order, all of them or none.
#[utoipa::path(post, path = "/api/tasks/reorder", tag = "tasks", request_body = Order,
    responses((status = 200, body = Reordered), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn reorder(
    State(gateway): State<Gateway>,
    _person: Person,
    Body(order): Body<Order>,
) -> Result<Json<Reordered>, ApiError> {
    let ids: Vec<TaskId> = order.task_ids.into_iter().map(TaskId).collect();
    let distinct: BTreeSet<TaskId> = ids.iter().copied().collect();
    if ids.is_empty() || ORDER_MAX < ids.len() || distinct.len() < ids.len() {
        let rule = format!("must name 1 to {ORDER_MAX} tasks, each once");
        return Err(Invalid::new("taskIds", rule).into());
    }
    let world = gateway.world();
    let at = world.clock.now();
    if let Some(unknown) = world.store.reorder_tasks(WORKSPACE, &ids, at).await? {
        return Err(ApiError::Missing(format!(
            "there is no task {unknown}; nothing was changed"
        )));
    }
    for id in &ids {
        gateway.hints().look((*id).into());
    }
    Ok(Json(Reordered {
        ok: true,
        reordered: ids.len(),
    }))
}
