//! What a task's agent said and did, its history, its runs, and all of it live.

use std::convert::Infallible;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{
        IntoResponse as _, Response,
        sse::{Event, Sse},
    },
};
use chrono::{DateTime, Utc};
use futures_util::Stream;
use optio_domain::agent::spec::Invalid;
use optio_store::tasks::{TaskEventRow, TaskLogRow, TaskRunRow, WantedLogs};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{super::live, find, whole};
use crate::{
    Gateway,
    body::{Named, Params},
    caller::Person,
    error::{ApiError, Problem},
    page::Place,
};

/// Lines of a page without a limit, and at most.
const LINES: i64 = 200;
const LINES_MAX: i64 = 10_000;
/// Lines of one export.
const EXPORT_MAX: i64 = 100_000;

/// Which lines.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Lines {
    /// How many at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 10000)]
    limit: Option<String>,
    /// How many to leave out first.
    #[param(value_type = Option<i64>, minimum = 0)]
    offset: Option<String>,
    /// Only lines with this text.
    search: Option<String>,
    /// Only lines of this type: text, thinking, tool_use, tool_result, system, error or info.
    log_type: Option<String>,
    /// Of an export: json, plaintext or markdown.
    format: Option<String>,
}

/// A line.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TaskLogView {
    id: i64,
    task_id: Uuid,
    /// The same, where the task is a run of a job.
    #[serde(skip_serializing_if = "Option::is_none")]
    workflow_run_id: Option<Uuid>,
    run_id: Option<Uuid>,
    /// stdout or stderr.
    stream: Value,
    content: Value,
    log_type: Value,
    metadata: Value,
    timestamp: DateTime<Utc>,
}

impl TaskLogView {
    fn of(task: Uuid, row: TaskLogRow) -> Self {
        let mut data = row.data;
        let mut take = |name: &str| data.get_mut(name).map(Value::take).unwrap_or_default();
        Self {
            id: row.id,
            task_id: task,
            workflow_run_id: None,
            run_id: row.turn_id,
            stream: take("stream"),
            content: take("content"),
            log_type: take("logType"),
            metadata: take("metadata"),
            timestamp: row.at,
        }
    }

    /// A line of a run of a job.
    pub(crate) fn of_run(run: Uuid, row: TaskLogRow) -> Self {
        Self {
            workflow_run_id: Some(run),
            ..Self::of(run, row)
        }
    }

    fn text(&self) -> (&str, &str) {
        (
            self.log_type.as_str().unwrap_or("text"),
            self.content.as_str().unwrap_or_default(),
        )
    }
}

/// Lines.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ManyTaskLogs {
    logs: Vec<TaskLogView>,
}

/// Lists what a task's agent said and did, oldest first.
#[utoipa::path(get, path = "/api/tasks/{task}/logs", tag = "tasks", params(Lines,
    ("task" = String, Path, description = "id, or its first eight digits or more")),
    responses((status = 200, body = ManyTaskLogs), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn list(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(task): Named<String>,
    Params(lines): Params<Lines>,
) -> Result<Json<ManyTaskLogs>, ApiError> {
    let limit = whole("limit", lines.limit.as_deref(), LINES, 1..=LINES_MAX)?;
    Ok(Json(ManyTaskLogs {
        logs: read(&gateway, &task, lines, limit).await?,
    }))
}

async fn read(
    gateway: &Gateway,
    task: &str,
    lines: Lines,
    limit: i64,
) -> Result<Vec<TaskLogView>, ApiError> {
    let row = find(gateway, task).await?;
    let wanted = WantedLogs {
        search: lines.search.filter(|text| !text.is_empty()),
        log_type: lines.log_type,
        offset: whole("offset", lines.offset.as_deref(), 0, 0..=i64::MAX)?,
        limit,
    };
    let rows = gateway.world().store.task_logs(row.id, &wanted).await?;
    Ok(rows
        .into_iter()
        .map(|line| TaskLogView::of(row.id.0, line))
        .collect())
}

/// Hands out the same as a file.
#[utoipa::path(get, path = "/api/tasks/{task}/logs/export", tag = "tasks", params(Lines,
    ("task" = String, Path, description = "id, or its first eight digits or more")),
    responses((status = 200, content((Vec<TaskLogView> = "application/json"), (String = "text/plain"), (String = "text/markdown"))), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn export(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(task): Named<String>,
    Params(lines): Params<Lines>,
) -> Result<Response, ApiError> {
    let format = lines.format.clone().unwrap_or_else(|| "json".to_owned());
    let (mime, ending): (&'static str, &'static str) = match format.as_str() {
        "json" => ("application/json", "json"),
        "plaintext" => ("text/plain; charset=utf-8", "txt"),
        "markdown" => ("text/markdown; charset=utf-8", "md"),
        other => {
            let rule = format!("must be json, plaintext or markdown, not `{other}`");
            return Err(Invalid::new("format", rule).into());
        }
    };
    let row = find(&gateway, &task).await?;
    let logs = read(&gateway, &task, lines, EXPORT_MAX).await?;
    let body = match ending {
        "json" => serde_json::to_string_pretty(&logs).unwrap_or_default(),
        "txt" => logs.iter().map(plain).collect(),
        _ => format!(
            "# {}\n\n{}",
            row.spec.title,
            logs.iter().map(marked).collect::<String>()
        ),
    };
    let name = format!("attachment; filename=\"task-{}.{ending}\"", row.id);
    let name = HeaderValue::from_str(&name).unwrap_or(HeaderValue::from_static("attachment"));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(mime)),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, body).into_response())
}

fn plain(line: &TaskLogView) -> String {
    let (kind, content) = line.text();
    format!(
        "{} [{kind}] {content}\n",
        line.timestamp.format("%Y-%m-%dT%H:%M:%SZ")
    )
}

fn marked(line: &TaskLogView) -> String {
    match line.text() {
        ("text", content) => format!("{content}\n\n"),
        (kind, content) => format!("**{kind}**\n\n```\n{content}\n```\n\n"),
    }
}

/// One change of a task's state.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TaskEventView {
    id: i64,
    task_id: Uuid,
    from_state: Option<String>,
    to_state: String,
    trigger: String,
    message: Option<String>,
    user_id: Option<String>,
    pub(super) created_at: DateTime<Utc>,
}

impl TaskEventView {
    pub(super) fn of(task: Uuid, row: TaskEventRow) -> Self {
        Self {
            id: row.id,
            task_id: task,
            from_state: row.from_state,
            to_state: row.to_state,
            trigger: row.trigger,
            message: row.message,
            user_id: row.by,
            created_at: row.at,
        }
    }
}

/// A history.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ManyTaskEvents {
    events: Vec<TaskEventView>,
}

/// Lists every change of a task's state, oldest first.
#[utoipa::path(get, path = "/api/tasks/{task}/events", tag = "tasks",
    params(("task" = String, Path, description = "id, or its first eight digits or more")),
    responses((status = 200, body = ManyTaskEvents), (status = 404, body = Problem)))]
pub(crate) async fn events(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(task): Named<String>,
) -> Result<Json<ManyTaskEvents>, ApiError> {
    let row = find(&gateway, &task).await?;
    let events = gateway.world().store.task_events(row.id).await?;
    let view = |event| TaskEventView::of(row.id.0, event);
    Ok(Json(ManyTaskEvents {
        events: events.into_iter().map(view).collect(),
    }))
}

/// A run of a task.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TaskRunView {
    id: Uuid,
    task_id: Uuid,
    number: i32,
    prompt: String,
    /// What it meant for the task; null while it is open.
    outcome: Option<String>,
    error_message: Option<String>,
    error_class: Option<String>,
    cost_usd: Option<String>,
    input_tokens: Option<i64>,
    output_tokens: Option<i64>,
    model_used: Option<String>,
    session_id: Option<String>,
    summary: Option<String>,
    started_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
}

impl TaskRunView {
    pub(super) fn of(task: Uuid, row: TaskRunRow) -> Self {
        Self {
            id: row.id,
            task_id: task,
            number: row.number,
            prompt: row.prompt,
            outcome: row.outcome,
            error_message: row.error,
            error_class: row.error_class,
            cost_usd: row.cost_usd.map(|cost| cost.to_string()),
            input_tokens: row.input_tokens,
            output_tokens: row.output_tokens,
            model_used: row.model_used,
            session_id: row.session_id,
            summary: row.summary,
            started_at: row.started_at,
            finished_at: row.finished_at,
        }
    }
}

/// Streams what happens to one task.
#[utoipa::path(get, path = "/api/tasks/{task}/stream", tag = "live",
    params(("task" = String, Path, description = "id, or its first eight digits or more"),
           ("Last-Event-ID" = Option<String>, Header, description = "id of the last event seen"),
           Place),
    responses((status = 200, content_type = "text/event-stream", body = String),
              (status = 404, body = Problem)))]
pub(crate) async fn stream(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(task): Named<String>,
    Params(from): Params<Place>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let row = find(&gateway, &task).await?;
    let cursor = live::cursor(&from, &headers)?;
    let listener = gateway
        .world()
        .stream
        .listen(cursor, Some(row.id.0))
        .await?;
    Ok(live::sse(listener))
}
