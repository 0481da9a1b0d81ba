//! What became of deliveries, for people.

use chrono::{DateTime, Utc};
use optio_domain::{
    id::{NoticeId, WebhookId},
    notice::Notice,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

use crate::{Store, StoreError};

/// A delivery to a webhook.
#[derive(Debug, Clone, PartialEq)]
pub struct DeliveryRow {
    /// In which order it was written.
    pub seq: i64,
    /// Which webhook.
    pub webhook: WebhookId,
    /// What it tells.
    pub notice: Notice,
    /// Attempts so far.
    pub attempt: i32,
    /// When it is sent next; `None` once nothing more becomes of it.
    pub next_at: Option<DateTime<Utc>>,
    /// Whether it was taken.
    pub success: bool,
    /// What the last attempt was answered.
    pub status: Option<i32>,
    /// How that answer begins.
    pub response: Option<String>,
    /// What went wrong with the last attempt.
    pub error: Option<String>,
    /// When the last attempt was over.
    pub delivered_at: Option<DateTime<Utc>>,
    /// The last attempts, the newest first.
    pub attempts: Vec<AttemptRow>,
}

/// How one attempt ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttemptRow {
    /// When it was over.
    pub at: DateTime<Utc>,
    /// How many milliseconds it took.
    pub took_ms: i64,
    /// What it was answered.
    pub status_code: Option<i32>,
    /// What went wrong.
    pub error: Option<String>,
}

#[derive(FromRow)]
struct Columns {
    seq: i64,
    id: Uuid,
    webhook_id: Uuid,
    event: String,
    data: Value,
    hops: i32,
    created_at: DateTime<Utc>,
    attempt: i32,
    next_at: Option<DateTime<Utc>>,
    success: bool,
    status_code: Option<i32>,
    response: Option<String>,
    error: Option<String>,
    delivered_at: Option<DateTime<Utc>>,
    attempts: Json<Vec<AttemptRow>>,
}

/// The columns of [`Columns`].
macro_rules! columns {
    () => {
        "seq, id, webhook_id, event, data, hops, created_at, attempt, next_at, success, status_code,
         response, error, delivered_at, attempts"
    };
}

impl Store {
    /// One page of what was told to a webhook, the newest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn deliveries(
        &self,
        webhook: WebhookId,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<DeliveryRow>, StoreError> {
        let rows: Vec<Columns> = sqlx::query_as(concat!(
            "SELECT ",
            columns!(),
            " FROM webhook_deliveries WHERE webhook_id = $1 AND ($2::bigint IS NULL OR seq < $2)
              ORDER BY seq DESC LIMIT $3"
        ))
        .bind(webhook.0)
        .bind(before)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(DeliveryRow::from).collect())
    }

    /// One delivery to a webhook.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn delivery(
        &self,
        webhook: WebhookId,
        id: NoticeId,
    ) -> Result<Option<DeliveryRow>, StoreError> {
        let row: Option<Columns> = sqlx::query_as(concat!(
            "SELECT ",
            columns!(),
            " FROM webhook_deliveries WHERE target_id = $1 AND id = $2"
        ))
        .bind(webhook.0)
        .bind(id.0)
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(DeliveryRow::from))
    }

    /// A delivery is due once more, with as many attempts as a new one. Its receiver knows it by its
    /// identity, which stays. `None` when there is none.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn replay_delivery(
        &self,
        webhook: WebhookId,
        id: NoticeId,
        now: DateTime<Utc>,
    ) -> Result<Option<DeliveryRow>, StoreError> {
        let row: Option<Columns> = sqlx::query_as(concat!(
            "UPDATE webhook_deliveries SET next_at = $3, attempts_from = attempt, attempts_max = NULL
             WHERE target_id = $1 AND id = $2 RETURNING ",
            columns!()
        ))
        .bind(webhook.0)
        .bind(id.0)
        .bind(now)
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(DeliveryRow::from))
    }
}

impl From<Columns> for DeliveryRow {
    fn from(row: Columns) -> Self {
        Self {
            seq: row.seq,
            webhook: WebhookId(row.webhook_id),
            notice: Notice {
                id: NoticeId(row.id),
                event: row.event,
                at: row.created_at,
                data: row.data,
                hops: row.hops,
            },
            attempt: row.attempt,
            next_at: row.next_at,
            success: row.success,
            status: row.status_code,
            response: row.response,
            error: row.error,
            delivered_at: row.delivered_at,
            attempts: row.attempts.0,
        }
    }
}
