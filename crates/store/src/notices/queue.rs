//! Who sends what, and how it went.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use optio_domain::{
    id::{NoticeId, RepoId, WebhookId},
    notice::{Notice, NoticeEvent},
};
use serde_json::{Value, json};
use sqlx::FromRow;
use uuid::Uuid;

use super::{outbox, webhooks};
use crate::{Store, StoreError, clean::storable};

/// A delivery that is ours to send.
#[derive(Debug, Clone, PartialEq)]
pub struct Claimed {
    /// Which delivery.
    seq: i64,
    /// Which attempt; only its own result is written.
    attempt: i32,
    /// Whom it goes to.
    pub target: Target,
    /// What it tells.
    pub notice: Notice,
    /// Attempts since a person last asked for it, this one among them.
    pub attempts: i32,
    /// How many there may be; the server's limit where none is given.
    pub attempts_max: Option<i32>,
}

/// Whom a delivery goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// A webhook.
    Webhook(WebhookId),
    /// Slack, the way of a repository.
    Slack(RepoId),
}

impl Target {
    /// Its identity.
    #[must_use]
    pub fn id(self) -> Uuid {
        match self {
            Self::Webhook(id) => id.0,
            Self::Slack(id) => id.0,
        }
    }
}

/// How many deliveries are taken.
#[derive(Debug)]
pub struct Taking<'a> {
    /// Now.
    pub now: DateTime<Utc>,
    /// How long sending one may last: after that, whoever took it is taken for dead.
    pub lease: TimeDelta,
    /// All together.
    pub max: i64,
    /// To one target, those among them that we send it already.
    pub target_max: i64,
    /// How many we send to each target already.
    pub sending: &'a BTreeMap<Uuid, i64>,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// When it was over.
    pub at: DateTime<Utc>,
    /// How many milliseconds it took.
    pub took_ms: i64,
    /// Whether it was taken.
    pub success: bool,
    /// What it was answered.
    pub status: Option<u16>,
    /// How that answer begins.
    pub excerpt: Option<String>,
    /// What went wrong.
    pub error: Option<String>,
    /// When it is tried again.
    pub next_at: Option<DateTime<Utc>>,
    /// Why its webhook is told nothing any more, where that is so.
    pub disable: Option<String>,
}

/// A test of a webhook.
#[derive(Debug, Clone, Copy)]
pub struct TestDelivery {
    /// Which webhook.
    pub webhook: WebhookId,
    /// Of which event.
    pub event: NoticeEvent,
    /// The identity of what is told.
    pub id: NoticeId,
    /// Now.
    pub at: DateTime<Utc>,
    /// How long sending it may last.
    pub lease: TimeDelta,
}

#[derive(FromRow)]
struct Columns {
    seq: i64,
    id: Uuid,
    webhook_id: Option<Uuid>,
    repo_id: Option<Uuid>,
    event: String,
    data: Value,
    hops: i32,
    created_at: DateTime<Utc>,
    attempt: i32,
    attempts_from: i32,
    attempts_max: Option<i32>,
}

/// The targets that something waits for are walked one by one in an index, so that the backlog of one hides
/// no other; of each the first few are taken that are due. A row that another server is taking just now is
/// left to it.
pub(crate) const TAKE: &str = "
WITH RECURSIVE targets (id) AS (
  (SELECT target_id FROM webhook_deliveries WHERE next_at IS NOT NULL ORDER BY target_id LIMIT 1)
  UNION ALL
  SELECT (SELECT d.target_id FROM webhook_deliveries d
          WHERE d.next_at IS NOT NULL AND targets.id < d.target_id ORDER BY d.target_id LIMIT 1)
  FROM targets WHERE targets.id IS NOT NULL
), due AS (
  SELECT d.seq, t.id AS target, row_number() OVER (PARTITION BY t.id ORDER BY d.next_at, d.seq) AS place
  FROM targets t CROSS JOIN LATERAL (
    SELECT seq, next_at FROM webhook_deliveries WHERE target_id = t.id AND next_at <= $1
    ORDER BY next_at LIMIT $4) d
), chosen AS (
  SELECT due.seq FROM due LEFT JOIN UNNEST($5::uuid[], $6::bigint[]) AS s (target, count) USING (target)
  WHERE due.place + COALESCE(s.count, 0) <= $4 ORDER BY due.place, due.seq LIMIT $3
), taken AS (
  SELECT seq FROM webhook_deliveries WHERE seq IN (SELECT seq FROM chosen) AND next_at <= $1
  FOR UPDATE SKIP LOCKED
)
UPDATE webhook_deliveries d SET attempt = attempt + 1, next_at = $2 FROM taken WHERE d.seq = taken.seq
RETURNING d.seq, d.id, d.webhook_id, d.repo_id, d.event, d.data, d.hops, d.created_at, d.attempt,
          d.attempts_from, d.attempts_max";

/// Attempts are kept up to a number, the last one first. What waits for a webhook that was turned off
/// meanwhile waits no longer.
const SETTLE: &str = "
UPDATE webhook_deliveries d SET
  success = $3, status_code = $4, response = $5, error = $6, delivered_at = $7,
  attempts = jsonb_path_query_array(jsonb_build_array($8::jsonb) || attempts, '$[0 to 19]'),
  next_at = CASE WHEN EXISTS (SELECT FROM webhooks w WHERE w.id = d.webhook_id AND NOT w.active)
                 THEN NULL ELSE $9 END
WHERE seq = $1 AND attempt = $2";

impl Store {
    /// Takes deliveries that are due. Each is then ours to send, until its lease is over.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away; then they stay due.
    pub async fn take_deliveries(&self, taking: &Taking<'_>) -> Result<Vec<Claimed>, StoreError> {
        let (targets, counts): (Vec<Uuid>, Vec<i64>) = taking
            .sending
            .iter()
            .map(|(id, count)| (*id, *count))
            .unzip();
        let rows: Vec<Columns> = sqlx::query_as(TAKE)
            .bind(taking.now)
            .bind(taking.now + taking.lease)
            .bind(taking.max)
            .bind(taking.target_max)
            .bind(targets)
            .bind(counts)
            .fetch_all(&self.pool)
            .await?;
        rows.into_iter().map(Claimed::try_from).collect()
    }

    /// Writes a test of a webhook, which is ours to send. It is tried once.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away or there is no such webhook.
    pub async fn take_test(&self, test: &TestDelivery) -> Result<Claimed, StoreError> {
        let notice = outbox::tested(test.event, test.id.0, test.at);
        let row: Columns = sqlx::query_as(
            "INSERT INTO webhook_deliveries (id, webhook_id, event, data, hops, created_at, next_at,
                                             attempt, attempts_max)
             VALUES ($1, $2, $3, $4, 0, $5, $6, 1, 1)
             RETURNING seq, id, webhook_id, repo_id, event, data, hops, created_at, attempt,
                       attempts_from, attempts_max",
        )
        .bind(test.id.0)
        .bind(test.webhook.0)
        .bind(&notice.event)
        .bind(&notice.data)
        .bind(test.at)
        .bind(test.at + test.lease)
        .fetch_one(&self.pool)
        .await?;
        row.try_into()
    }

    /// Writes how an attempt ended. False where that is of no interest any more: another attempt was made
    /// since.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away; then it is tried again once the lease is over.
    pub async fn settle_delivery(
        &self,
        claimed: &Claimed,
        settled: &Settled,
    ) -> Result<bool, StoreError> {
        let kept = storable(json!({
            "at": settled.at, "tookMs": settled.took_ms, "statusCode": settled.status,
            "error": settled.error,
        }))?;
        let shown = |text: &Option<String>| text.as_ref().map(|it| it.replace('\0', "\u{fffd}"));
        let mut tx = self.pool.begin().await?;
        if let (Some(reason), Target::Webhook(webhook)) = (&settled.disable, claimed.target) {
            webhooks::disable(&mut tx, webhook, reason, settled.at).await?;
        }
        let done = sqlx::query(SETTLE)
            .bind(claimed.seq)
            .bind(claimed.attempt)
            .bind(settled.success)
            .bind(settled.status.map(i32::from))
            .bind(shown(&settled.excerpt))
            .bind(shown(&settled.error))
            .bind(settled.at)
            .bind(kept)
            .bind(settled.next_at)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        self.counters
            .delivery(settled.success, settled.next_at.is_some());
        Ok(done.rows_affected() == 1)
    }
}

impl TryFrom<Columns> for Claimed {
    type Error = StoreError;

    fn try_from(row: Columns) -> Result<Self, StoreError> {
        let target = match (row.webhook_id, row.repo_id) {
            (Some(id), None) => Target::Webhook(WebhookId(id)),
            (None, Some(id)) => Target::Slack(RepoId(id)),
            (Some(_), Some(_)) | (None, None) => {
                let words = format!("delivery {} goes to nobody or to two", row.seq);
                return Err(StoreError::Corrupt(words));
            }
        };
        Ok(Self {
            seq: row.seq,
            attempt: row.attempt,
            target,
            notice: Notice {
                id: NoticeId(row.id),
                event: row.event,
                at: row.created_at,
                data: row.data,
                hops: row.hops,
            },
            attempts: row.attempt - row.attempts_from,
            attempts_max: row.attempts_max,
        })
    }
}
