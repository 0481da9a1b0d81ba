//! What the agent of a review said and did, its history, its runs, and all of it live.

use std::convert::Infallible;

use axum::{
    Json,
    extract::State,
    http::HeaderMap,
    response::sse::{Event, Sse},
};
use chrono::{DateTime, Utc};
use futures_util::Stream;
use optio_domain::agent::spec::Invalid;
use optio_store::{
    pr_reviews::{PrReviewEventRow, PrReviewRunRow},
    tasks::TaskLogRow,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    super::{live, tasks::whole},
    find,
};
use crate::{
    Gateway,
    body::{Named, Params},
    caller::Person,
    error::{ApiError, Problem},
    page::Place,
};

/// Lines of a page without a limit, and at most.
const LINES: i64 = 1_000;
const LINES_MAX: i64 = 10_000;
/// Runs that are listed.
const RUNS_MAX: i64 = 50;

/// Which lines.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReviewLines {
    /// Of which run; of the last one where it is left out.
    #[param(value_type = Option<Uuid>)]
    run_id: Option<String>,
    /// How many at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 10000)]
    limit: Option<String>,
    /// How many to leave out first.
    #[param(value_type = Option<i64>, minimum = 0)]
    offset: Option<String>,
}

/// A line.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PrReviewLogView {
    id: i64,
    pr_review_id: Uuid,
    pr_review_run_id: Option<Uuid>,
    /// stdout or stderr.
    stream: Value,
    content: Value,
    log_type: Value,
    metadata: Value,
    timestamp: DateTime<Utc>,
}

impl PrReviewLogView {
    fn of(review: Uuid, row: TaskLogRow) -> Self {
        let mut data = row.data;
        let mut take = |name: &str| data.get_mut(name).map(Value::take).unwrap_or_default();
        Self {
            id: row.id,
            pr_review_id: review,
            pr_review_run_id: row.turn_id,
            stream: take("stream"),
            content: take("content"),
            log_type: take("logType"),
            metadata: take("metadata"),
            timestamp: row.at,
        }
    }
}

/// Lines.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ManyPrReviewLogs {
    logs: Vec<PrReviewLogView>,
}

/// Lists what the agent of a review said and did in its last run, or in another one, oldest first.
#[utoipa::path(get, path = "/api/pr-reviews/{review}/logs", tag = "pr-reviews", params(ReviewLines,
    ("review" = String, Path, description = "id, or its first eight digits or more")),
    responses((status = 200, body = ManyPrReviewLogs), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn list(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(review): Named<String>,
    Params(lines): Params<ReviewLines>,
) -> Result<Json<ManyPrReviewLogs>, ApiError> {
    let limit = whole("limit", lines.limit.as_deref(), LINES, 1..=LINES_MAX)?;
    let offset = whole("offset", lines.offset.as_deref(), 0, 0..=i64::MAX)?;
    let row = find(&gateway, &review).await?;
    let store = &gateway.world().store;
    let run = match lines.run_id {
        Some(run) => {
            let run: Uuid = run
                .parse()
                .map_err(|_bad| Invalid::new("runId", "must be the id of a run"))?;
            Some(run)
        }
        None => {
            let runs = store.review_runs(row.id, 1).await?;
            runs.first().map(|run| run.id)
        }
    };
    let logs = match run {
        Some(run) => store.review_logs(row.id, run, offset, limit).await?,
        None => Vec::new(),
    };
    let view = |line| PrReviewLogView::of(row.id.0, line);
    Ok(Json(ManyPrReviewLogs {
        logs: logs.into_iter().map(view).collect(),
    }))
}

/// One change of a review's state.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PrReviewEventView {
    id: i64,
    pr_review_id: Uuid,
    run_id: Option<Uuid>,
    from_state: Option<String>,
    to_state: String,
    trigger: String,
    message: Option<String>,
    user_id: Option<String>,
    created_at: DateTime<Utc>,
}

impl PrReviewEventView {
    fn of(review: Uuid, row: PrReviewEventRow) -> Self {
        Self {
            id: row.id,
            pr_review_id: review,
            run_id: row.run_id,
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
pub(crate) struct ManyPrReviewEvents {
    events: Vec<PrReviewEventView>,
}

/// Lists every change of a review's state, oldest first.
#[utoipa::path(get, path = "/api/pr-reviews/{review}/events", tag = "pr-reviews",
    params(("review" = String, Path, description = "id, or its first eight digits or more")),
    responses((status = 200, body = ManyPrReviewEvents), (status = 404, body = Problem)))]
pub(crate) async fn events(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(review): Named<String>,
) -> Result<Json<ManyPrReviewEvents>, ApiError> {
    let row = find(&gateway, &review).await?;
    let events = gateway.world().store.review_events(row.id).await?;
    let view = |event| PrReviewEventView::of(row.id.0, event);
    Ok(Json(ManyPrReviewEvents {
        events: events.into_iter().map(view).collect(),
    }))
}

/// A run of a review.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PrReviewRunView {
    id: Uuid,
    pr_review_id: Uuid,
    number: i32,
    /// initial, rereview or chat.
    kind: String,
    /// provisioning, running, completed, failed or cancelled.
    state: String,
    /// The commit it looks at.
    head_sha: String,
    prompt: Option<String>,
    session_id: Option<String>,
    result_summary: Option<String>,
    error_message: Option<String>,
    error_class: Option<String>,
    cost_usd: Option<String>,
    input_tokens: Option<i64>,
    output_tokens: Option<i64>,
    model_used: Option<String>,
    started_at: Option<DateTime<Utc>>,
    completed_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl PrReviewRunView {
    pub(crate) fn of(review: Uuid, row: PrReviewRunRow) -> Self {
        Self {
            id: row.id,
            pr_review_id: review,
            number: row.number,
            kind: row.kind,
            state: row.state,
            head_sha: row.head,
            prompt: Some(row.prompt),
            session_id: row.session_id,
            result_summary: row.summary,
            error_message: row.error,
            error_class: row.error_class,
            cost_usd: row.cost_usd.map(|cost| cost.to_string()),
            input_tokens: row.input_tokens,
            output_tokens: row.output_tokens,
            model_used: row.model_used,
            started_at: row.started_at,
            completed_at: row.finished_at,
            created_at: row.opened_at,
            updated_at: row.finished_at.or(row.started_at).unwrap_or(row.opened_at),
        }
    }
}

/// Runs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ManyPrReviewRuns {
    runs: Vec<PrReviewRunView>,
}

/// Lists the last runs of a review, newest first.
#[utoipa::path(get, path = "/api/pr-reviews/{review}/runs", tag = "pr-reviews",
    params(("review" = String, Path, description = "id, or its first eight digits or more")),
    responses((status = 200, body = ManyPrReviewRuns), (status = 404, body = Problem)))]
pub(crate) async fn runs(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(review): Named<String>,
) -> Result<Json<ManyPrReviewRuns>, ApiError> {
    let row = find(&gateway, &review).await?;
    let store = &gateway.world().store;
    let runs = store.review_runs(row.id, RUNS_MAX).await?;
    let view = |run| PrReviewRunView::of(row.id.0, run);
    Ok(Json(ManyPrReviewRuns {
        runs: runs.into_iter().map(view).collect(),
    }))
}

/// Streams what happens to one review.
#[utoipa::path(get, path = "/api/pr-reviews/{review}/stream", tag = "live",
    params(("review" = String, Path, description = "id, or its first eight digits or more"),
           ("Last-Event-ID" = Option<String>, Header, description = "id of the last event seen"),
           Place),
    responses((status = 200, content_type = "text/event-stream", body = String),
              (status = 404, body = Problem)))]
pub(crate) async fn stream(
    State(gateway): State<Gateway>,
    _person: Person,
    Named(review): Named<String>,
    Params(from): Params<Place>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let row = find(&gateway, &review).await?;
    let cursor = live::cursor(&from, &headers)?;
    let stream = &gateway.world().stream;
    let listener = stream.listen(cursor, Some(row.id.0)).await?;
    Ok(live::sse(listener))
}
