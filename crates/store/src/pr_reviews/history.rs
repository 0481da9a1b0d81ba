//! What has happened to a review: its states, its runs, and what its agent said.

use chrono::{DateTime, Utc};
use optio_domain::id::PrReviewId;
use rust_decimal::Decimal;
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Store, StoreError, tasks::TaskLogRow};

/// One change of a review's state.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct PrReviewEventRow {
    /// Order.
    pub id: i64,
    /// The run that was open before or after.
    pub run_id: Option<Uuid>,
    /// From where; none where it was begun.
    pub from_state: Option<String>,
    /// Where to.
    pub to_state: String,
    /// What happened, in a word.
    pub trigger: String,
    /// Why, in words.
    pub message: Option<String>,
    /// The person who wanted it.
    pub by: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
}

/// A run of a review.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct PrReviewRunRow {
    /// Its identity.
    pub id: Uuid,
    /// Which of the review's runs.
    pub number: i32,
    /// What it is for.
    pub kind: String,
    /// The commit it looks at.
    pub head: String,
    /// `provisioning`, `running`, `completed`, `failed` or `cancelled`.
    pub state: String,
    /// What the agent was told.
    pub prompt: String,
    /// How it failed.
    pub error: Option<String>,
    /// The class of that failure.
    pub error_class: Option<String>,
    /// Dollars.
    pub cost_usd: Option<Decimal>,
    /// Tokens sent.
    pub input_tokens: Option<i64>,
    /// Tokens received.
    pub output_tokens: Option<i64>,
    /// The model.
    pub model_used: Option<String>,
    /// The vendor's session it left.
    pub session_id: Option<String>,
    /// Its last words.
    pub summary: Option<String>,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// When its process started.
    pub started_at: Option<DateTime<Utc>>,
    /// When it was closed.
    pub finished_at: Option<DateTime<Utc>>,
}

impl Store {
    /// The history of a review, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn review_events(
        &self,
        review: PrReviewId,
    ) -> Result<Vec<PrReviewEventRow>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT id, run_id, from_state, to_state, trigger, message, by, at FROM pr_review_events
             WHERE review_id = $1 ORDER BY id",
        )
        .bind(review.0)
        .fetch_all(&self.pool)
        .await?)
    }

    /// The last runs of a review, newest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn review_runs(
        &self,
        review: PrReviewId,
        max: i64,
    ) -> Result<Vec<PrReviewRunRow>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT w.id, w.number, w.kind, w.head, w.prompt, w.error, w.error_class, w.cost_usd,
                    w.input_tokens, w.output_tokens, w.model_used, w.session_id, w.summary, w.opened_at,
                    r.started_at, w.finished_at,
                    COALESCE(w.outcome, CASE WHEN r.started_at IS NULL THEN 'provisioning' ELSE 'running' END)
                      AS state
             FROM pr_review_runs w LEFT JOIN runs r ON r.id = w.id
             WHERE w.review_id = $1 ORDER BY w.number DESC LIMIT $2",
        )
        .bind(review.0)
        .bind(max)
        .fetch_all(&self.pool)
        .await?)
    }

    /// What the agent of a review said and did in a run, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn review_logs(
        &self,
        review: PrReviewId,
        run: Uuid,
        offset: i64,
        limit: i64,
    ) -> Result<Vec<TaskLogRow>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT id, turn_id, data, at FROM events
             WHERE type = 'pr_review_run:log' AND actor_id = $1 AND turn_id = $2
             ORDER BY id LIMIT $3 OFFSET $4",
        )
        .bind(review.0)
        .bind(run)
        .bind(limit)
        .bind(offset)
        .fetch_all(&self.pool)
        .await?)
    }
}
