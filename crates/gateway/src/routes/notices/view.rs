//! Webhooks and deliveries as they are shown.

use chrono::{DateTime, Utc};
use optio_store::notices::{AttemptRow, DeliveryRow, WebhookRow};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// What stands for a secret that is kept.
pub(in crate::routes) const MASK: &str = "***";

/// A webhook.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WebhookView {
    id: Uuid,
    workspace_id: Option<Uuid>,
    url: String,
    /// What it is told of.
    events: Vec<&'static str>,
    /// `***` where deliveries are signed; the secret itself is never shown.
    secret: Option<&'static str>,
    /// Until when deliveries are signed with the secret before too.
    previous_secret_until: Option<DateTime<Utc>>,
    description: Option<String>,
    active: bool,
    /// Why it was turned off by itself.
    disabled_reason: Option<String>,
    created_by: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<WebhookRow> for WebhookView {
    fn from(row: WebhookRow) -> Self {
        Self {
            id: row.id.0,
            workspace_id: None,
            url: row.spec.url.as_str().to_owned(),
            events: row.spec.events.iter().map(|event| event.name()).collect(),
            secret: row.signed.then_some(MASK),
            previous_secret_until: row.previous_secret_until,
            description: row.spec.description,
            active: row.spec.active,
            disabled_reason: row.disabled_reason,
            created_by: row.created_by,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// One webhook.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OneWebhook {
    webhook: WebhookView,
}

impl From<WebhookRow> for OneWebhook {
    fn from(row: WebhookRow) -> Self {
        Self {
            webhook: row.into(),
        }
    }
}

/// A page of webhooks.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ManyWebhooks {
    pub(super) webhooks: Vec<WebhookView>,
    /// Hand it back as `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_cursor: Option<String>,
}

/// Something that a webhook was told or will be.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeliveryView {
    /// The same as the header `webhook-id`.
    id: Uuid,
    webhook_id: Uuid,
    event: String,
    /// What is sent: event, timestamp and data.
    #[schema(value_type = Object)]
    payload: Value,
    /// Whether it was taken.
    success: bool,
    /// Attempts so far.
    attempt: i32,
    /// What the last attempt was answered.
    status_code: Option<i32>,
    /// How that answer begins.
    response_body: Option<String>,
    /// What went wrong with the last attempt.
    error: Option<String>,
    /// When the last attempt was over.
    delivered_at: Option<DateTime<Utc>>,
    /// When it is sent next; null once nothing more becomes of it.
    next_attempt_at: Option<DateTime<Utc>>,
    /// The last attempts, the newest first.
    attempts: Vec<AttemptView>,
    /// When it happened.
    created_at: DateTime<Utc>,
}

/// How one attempt ended.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AttemptView {
    at: DateTime<Utc>,
    took_ms: i64,
    status_code: Option<i32>,
    error: Option<String>,
}

impl From<AttemptRow> for AttemptView {
    fn from(row: AttemptRow) -> Self {
        Self {
            at: row.at,
            took_ms: row.took_ms,
            status_code: row.status_code,
            error: row.error,
        }
    }
}

impl From<DeliveryRow> for DeliveryView {
    fn from(row: DeliveryRow) -> Self {
        Self {
            id: row.notice.id.0,
            webhook_id: row.webhook.0,
            payload: row.notice.payload(),
            event: row.notice.event,
            success: row.success,
            attempt: row.attempt,
            status_code: row.status,
            response_body: row.response,
            error: row.error,
            delivered_at: row.delivered_at,
            next_attempt_at: row.next_at,
            attempts: row.attempts.into_iter().map(AttemptView::from).collect(),
            created_at: row.notice.at,
        }
    }
}

/// One delivery.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OneDelivery {
    delivery: DeliveryView,
}

impl From<DeliveryRow> for OneDelivery {
    fn from(row: DeliveryRow) -> Self {
        Self {
            delivery: row.into(),
        }
    }
}

/// A page of deliveries.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ManyDeliveries {
    pub(super) deliveries: Vec<DeliveryView>,
    /// Hand it back as `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_cursor: Option<String>,
}
