//! `/api/tasks`: create, list, search, count, show.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use optio_domain::{
    agent::spec::Invalid,
    id::TaskId,
    task::{seen::TaskType, spec::BadField},
};
use optio_store::tasks::{NewTask, TaskPage, TaskRow, WantedTasks};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::agents::WORKSPACE;
use crate::{
    Gateway,
    body::Params,
    caller::Person,
    error::{ApiError, Problem},
    page,
};

pub(crate) mod acts;
pub(crate) mod comments;
pub(crate) mod depends;
pub(crate) mod logs;
pub(crate) mod messages;
pub(crate) mod unified;
pub(crate) mod view;
pub(crate) mod written;

use view::TaskView;

/// Tasks of a page without a limit.
const PAGE: i64 = 50;
const PAGE_MAX: i64 = 1_000;
/// Hexadecimal digits by which a task may be named, where no other begins so.
const SHORT_MIN: usize = 8;

/// One task.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OneTask {
    task: TaskView,
}

/// One task, why it does not move, and the parts it has.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TaskShown {
    task: TaskView,
    /// What it waits for, who can change that, and until when.
    pending_reason: Option<String>,
    /// Its worktree; null before its first run.
    worktree: Option<WorktreeView>,
    /// How far its parts are; null where it has none.
    pipeline_progress: Option<Progress>,
    stall_info: Stall,
}

/// The worktree of a task.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WorktreeView {
    /// `active` while a run is in it, `kept` while the task may go on there, `preserved` where it could not
    /// be removed, and `removed`.
    state: &'static str,
    /// When it is removed; null while the task may go on there.
    due_at: Option<DateTime<Utc>>,
    /// Why it is preserved.
    reason: Option<String>,
}

/// How far the parts of a task are.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Progress {
    total_steps: usize,
    completed_steps: usize,
    failed_steps: usize,
    running_steps: usize,
}

/// How long its agent has been silent.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Stall {
    is_stalled: bool,
    silent_for_ms: i64,
    threshold_ms: i64,
    last_log_summary: Option<String>,
}

/// A page of what was searched for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FoundTasks {
    tasks: Vec<TaskView>,
    /// Hand it back as `cursor` for the next page; null on the last one.
    next_cursor: Option<String>,
}

/// What is searched for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Search {
    /// A text in title or prompt.
    q: Option<String>,
    /// Only tasks in this state.
    state: Option<String>,
    /// Only tasks of this repository.
    repo_url: Option<String>,
    /// Only tasks of this agent program.
    agent_type: Option<String>,
    /// `coding`, `review` or `job`; tasks on repositories where it is left out.
    task_type: Option<String>,
    /// At least so many dollars.
    cost_min: Option<String>,
    /// At most so many dollars.
    cost_max: Option<String>,
    /// Created at or after this moment.
    created_after: Option<DateTime<Utc>>,
    /// Created before this moment.
    created_before: Option<DateTime<Utc>>,
    /// Created by this person.
    author: Option<String>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
    /// How many at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 1000)]
    limit: Option<String>,
}

/// Where a page of tasks ended.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct After(
    #[serde(deserialize_with = "page::storable")] DateTime<Utc>,
    Uuid,
);

/// Accepts a task that was checked, and tells its actor.
pub(super) async fn accept(
    gateway: &Gateway,
    person: &str,
    spec: &optio_domain::task::spec::TaskSpec,
    depends_on: &[TaskId],
) -> Result<TaskRow, ApiError> {
    let world = gateway.world();
    let at = world.clock.now();
    let pool = world
        .store
        .pool_of(WORKSPACE, &spec.repo_url, world.ids.fresh(), at)
        .await?;
    let id = TaskId(pool.beside(world.ids.fresh()));
    let row = world
        .store
        .create_task(&NewTask {
            id,
            workspace: WORKSPACE,
            spec,
            pool,
            depends_on,
            origin: None,
            created_by: person,
            at,
        })
        .await?;
    gateway.hints().look(id.into());
    Ok(row)
}

/// Searches tasks, newest first.
#[utoipa::path(get, path = "/api/tasks/search", tag = "tasks", params(Search),
    responses((status = 200, body = FoundTasks), (status = 400, body = Problem)))]
pub(crate) async fn search(
    State(gateway): State<Gateway>,
    _person: Person,
    Params(search): Params<Search>,
) -> Result<Json<FoundTasks>, ApiError> {
    let limit = whole("limit", search.limit.as_deref(), PAGE, 1..=PAGE_MAX)?;
    let after = page::read_cursor(search.cursor.as_deref())?.map(|After(at, id)| (at, id));
    let wanted = WantedTasks {
        text: search.q.filter(|text| !text.is_empty()),
        state: search.state,
        repo_url: search.repo_url,
        agent_type: search.agent_type,
        kinds: kinds(search.task_type.as_deref())?,
        job: None,
        cost_min: dollars("costMin", search.cost_min.as_deref())?,
        cost_max: dollars("costMax", search.cost_max.as_deref())?,
        created_after: search.created_after,
        created_before: search.created_before,
        author: search.author,
        parent: None,
    };
    let page = TaskPage {
        after,
        offset: 0,
        limit,
    };
    let rows = gateway
        .world()
        .store
        .tasks(WORKSPACE, &wanted, page)
        .await?;
    let next_cursor = page::next(&rows, limit, |row| After(row.created_at, row.id.0));
    Ok(Json(FoundTasks {
        tasks: rows.into_iter().map(TaskView::of).collect(),
        next_cursor,
    }))
}

/// Counts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TaskStats {
    /// How many tasks are in each state.
    stats: std::collections::BTreeMap<String, i64>,
}

/// Counts tasks by state.
#[utoipa::path(get, path = "/api/tasks/stats", tag = "tasks",
    responses((status = 200, body = TaskStats)))]
pub(crate) async fn stats(
    State(gateway): State<Gateway>,
    _person: Person,
) -> Result<Json<TaskStats>, ApiError> {
    let mut stats: std::collections::BTreeMap<String, i64> = optio_domain::task::TaskState::NAMES
        .into_iter()
        .map(|name| (name.to_owned(), 0))
        .collect();
    stats.extend(gateway.world().store.task_stats(WORKSPACE).await?);
    let total = stats.values().sum();
    stats.insert("total".to_owned(), total);
    Ok(Json(TaskStats { stats }))
}

/// A task, and why it does not move.
async fn details(gateway: &Gateway, row: TaskRow) -> Result<TaskShown, ApiError> {
    let world = gateway.world();
    let actor = world.store.actor(row.id.into()).await?;
    let pending_reason = actor.filter(|_| !row.state.over()).map(|actor| {
        let wait = actor.wait;
        let until = wait
            .until
            .map_or_else(String::new, |at| format!(", until {at}"));
        format!("{} (held by {}{until})", wait.reason, wait.holder)
    });
    let last = world.store.last_task_log(row.id).await?;
    let since = last.as_ref().map(|(at, _)| *at).or(row.started_at);
    let threshold_ms = i64::try_from(world.limits.silence_ms_max).unwrap_or(i64::MAX);
    let silent = match (row.state, since) {
        (optio_domain::task::TaskState::Running { .. }, Some(at)) => {
            (world.clock.now() - at).num_milliseconds().max(0)
        }
        _ => 0,
    };
    Ok(TaskShown {
        pending_reason,
        worktree: worktree(gateway, &row).await?,
        pipeline_progress: progress(gateway, row.id).await?,
        stall_info: Stall {
            is_stalled: threshold_ms <= silent,
            silent_for_ms: silent,
            threshold_ms,
            last_log_summary: last.map(|(_, words)| words),
        },
        task: TaskView::of(row),
    })
}

async fn worktree(gateway: &Gateway, row: &TaskRow) -> Result<Option<WorktreeView>, ApiError> {
    let known = gateway.world().store.worktree(row.id).await?;
    let state = match &known {
        None if row.runs_taken == 0 => return Ok(None),
        None => "removed",
        Some(it) if it.kept.is_some() => "preserved",
        Some(_) if row.state.run().is_some() => "active",
        Some(_) => "kept",
    };
    Ok(Some(WorktreeView {
        state,
        due_at: known.as_ref().and_then(|it| it.due_at),
        reason: known.and_then(|it| it.kept),
    }))
}

async fn progress(gateway: &Gateway, parent: TaskId) -> Result<Option<Progress>, ApiError> {
    let parts = parts(gateway, parent).await?;
    if parts.is_empty() {
        return Ok(None);
    }
    let count = |names: &[&str]| {
        parts
            .iter()
            .filter(|it| names.contains(&it.state.name()))
            .count()
    };
    Ok(Some(Progress {
        total_steps: parts.len(),
        completed_steps: count(&["completed"]),
        failed_steps: count(&["failed", "cancelled"]),
        running_steps: count(&["provisioning", "running"]),
    }))
}

/// The parts of a task.
pub(super) async fn parts(gateway: &Gateway, parent: TaskId) -> Result<Vec<TaskRow>, ApiError> {
    let wanted = WantedTasks {
        parent: Some(parent),
        ..WantedTasks::default()
    };
    let page = TaskPage {
        after: None,
        offset: 0,
        limit: PAGE_MAX,
    };
    Ok(gateway
        .world()
        .store
        .tasks(WORKSPACE, &wanted, page)
        .await?)
}

/// Finds a task by its id, or by the first digits of it.
pub(crate) async fn find(gateway: &Gateway, task: &str) -> Result<TaskRow, ApiError> {
    let missing = || ApiError::Missing(format!("there is no task `{task}`"));
    let store = &gateway.world().store;
    if let Ok(id) = task.parse::<Uuid>() {
        let row = store.task(TaskId(id)).await?.ok_or_else(missing)?;
        return Ok(row);
    }
    let (low, high) = range(task).ok_or_else(missing)?;
    let mut rows = store.tasks_between(WORKSPACE, low, high).await?;
    match (rows.pop(), rows.is_empty()) {
        (Some(row), true) => Ok(row),
        (Some(_), false) => Err(ApiError::Conflict(format!(
            "more than one task begins with `{task}`; give more of its id"
        ))),
        (None, _) => Err(missing()),
    }
}

/// The ids that begin so.
pub(crate) fn range(short: &str) -> Option<(Uuid, Uuid)> {
    let digits: String = short.chars().filter(|c| *c != '-').collect();
    let fits =
        (SHORT_MIN..32).contains(&digits.len()) && digits.chars().all(|c| c.is_ascii_hexdigit());
    if !fits {
        return None;
    }
    let low = format!("{digits:0<32}").parse().ok()?;
    let high = format!("{digits:f<32}").parse().ok()?;
    Some((low, high))
}

/// A whole number in the query.
pub(crate) fn whole(
    field: &'static str,
    text: Option<&str>,
    default: i64,
    range: std::ops::RangeInclusive<i64>,
) -> Result<i64, ApiError> {
    let Some(text) = text else {
        return Ok(default);
    };
    text.parse()
        .ok()
        .filter(|it| range.contains(it))
        .ok_or_else(|| {
            let rule = format!(
                "must be a whole number from {} to {}",
                range.start(),
                range.end()
            );
            Invalid::new(field, rule).into()
        })
}

/// Runs of jobs are found where they are asked for.
fn kinds(text: Option<&str>) -> Result<Vec<TaskType>, ApiError> {
    match text {
        None => Ok(vec![TaskType::Coding, TaskType::Review]),
        Some(text) => match TaskType::parse(text) {
            Some(kind) => Ok(vec![kind]),
            None => {
                let rule = format!("must be coding, review or job, not `{text}`");
                Err(Invalid::new("taskType", rule).into())
            }
        },
    }
}

fn dollars(field: &'static str, text: Option<&str>) -> Result<Option<Decimal>, ApiError> {
    text.map(|text| {
        text.parse()
            .map_err(|_bad| Invalid::new(field, "must be a number of dollars").into())
    })
    .transpose()
}

impl From<BadField> for ApiError {
    fn from(bad: BadField) -> Self {
        Invalid::new(bad.field, bad.words).into()
    }
}
