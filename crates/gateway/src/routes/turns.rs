//! `/api/persistent-agents/{agent}/turns`.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use optio_domain::id::TurnId;
use optio_store::{events::LogRow, turns::TurnRow};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::agents::{find, remedy};
use crate::{
    Gateway,
    body::{Named, Params},
    caller::Person,
    error::{ApiError, Problem},
    page::{self, Page},
};

/// Turns of a page without a limit.
const PAGE: i64 = 50;
/// Lines of a transcript in one answer.
const LOGS: i64 = 1_000;

/// A turn.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TurnView {
    id: Uuid,
    agent_id: Uuid,
    turn_number: i32,
    epoch: i64,
    /// user, agent, webhook, schedule, ticket, system or initial.
    wake_source: String,
    wake_payload: Option<Value>,
    prompt_used: String,
    /// Messages it was given.
    message_count: i32,
    /// natural, wait_tool, max_duration, max_turns, budget, interrupted, cancelled or error; null
    /// while the turn is open.
    halt_reason: Option<String>,
    error: Option<String>,
    error_class: Option<String>,
    remedy: Option<&'static str>,
    /// Dollars, as a decimal string.
    cost_usd: Option<String>,
    input_tokens: Option<i64>,
    output_tokens: Option<i64>,
    model_used: Option<String>,
    session_id: Option<String>,
    summary: Option<String>,
    started_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
}

impl From<TurnRow> for TurnView {
    fn from(row: TurnRow) -> Self {
        Self {
            id: row.id,
            agent_id: row.agent_id,
            turn_number: row.turn_number,
            epoch: row.epoch,
            wake_source: row.wake_source,
            wake_payload: row.wake_payload,
            prompt_used: row.prompt_used,
            message_count: row.messages,
            halt_reason: row.halt_reason,
            error: row.error,
            remedy: row.error_class.as_deref().and_then(remedy),
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

/// A page of turns.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Turns {
    turns: Vec<TurnView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists an agent's turns, newest first.
#[utoipa::path(get, path = "/api/persistent-agents/{agent}/turns", tag = "turns",
    params(("agent" = String, Path, description = "id or slug"), Page),
    responses((status = 200, body = Turns), (status = 404, body = Problem)))]
pub(crate) async fn list(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(agent): Named<String>,
    Params(page): Params<Page>,
) -> Result<Json<Turns>, ApiError> {
    let row = find(&gateway, &agent).await?;
    let limit = page.limit(PAGE, LOGS)?;
    let rows = gateway
        .world()
        .store
        .turns(row.id, page.cursor()?, limit)
        .await?;
    let next_cursor = page::next(&rows, limit, |row| row.turn_number);
    Ok(Json(Turns {
        turns: rows.into_iter().map(TurnView::from).collect(),
        next_cursor,
    }))
}

/// A line of a transcript.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LogView {
    /// Its place in the transcript.
    id: i64,
    turn_id: Uuid,
    /// stdout or stderr.
    stream: Value,
    content: Value,
    /// text, thinking, tool_use, tool_result, system, info or error.
    log_type: Value,
    metadata: Value,
    timestamp: DateTime<Utc>,
}

impl LogView {
    pub(crate) fn of(row: &LogRow, turn: Uuid) -> Self {
        let member = |name: &str| row.data.get(name).cloned().unwrap_or_default();
        Self {
            id: row.id,
            turn_id: turn,
            stream: member("stream"),
            content: member("content"),
            log_type: member("logType"),
            metadata: member("metadata"),
            timestamp: row.at,
        }
    }
}

/// A turn with its transcript.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TurnShown {
    turn: TurnView,
    /// At most a thousand lines.
    logs: Vec<LogView>,
    /// Hand it back as `cursor` for the lines that follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Shows a turn with its transcript, oldest line first.
#[utoipa::path(get, path = "/api/persistent-agents/{agent}/turns/{turn}", tag = "turns",
    params(("agent" = String, Path, description = "id or slug"), ("turn" = Uuid, Path), Page),
    responses((status = 200, body = TurnShown), (status = 404, body = Problem)))]
pub(crate) async fn show(
    State(gateway): State<Gateway>,
    _person: Person,
    Named((agent, turn)): Named<(String, String)>,
    Params(page): Params<Page>,
) -> Result<Json<TurnShown>, ApiError> {
    let row = find(&gateway, &agent).await?;
    let missing = || ApiError::Missing(format!("`{agent}` has no turn `{turn}`"));
    let id: TurnId = turn.parse().map_err(|_bad| missing())?;
    let store = &gateway.world().store;
    let found = store.turn(row.id, id).await?.ok_or_else(missing)?;
    let limit = page.limit(LOGS, LOGS)?;
    let logs = store.turn_logs(id, page.cursor()?, limit).await?;
    let next_cursor = page::next(&logs, limit, |row| row.id);
    let logs = logs.iter().map(|row| LogView::of(row, id.0)).collect();
    Ok(Json(TurnShown {
        turn: found.into(),
        logs,
        next_cursor,
    }))
}
