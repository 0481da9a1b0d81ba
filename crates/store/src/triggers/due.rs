//! Firing what is due: claimed, moved on and sent in one transaction, so that any number of control planes fire
//! each moment once, also where one of them dies at that very second.

use chrono::{DateTime, Utc};
use optio_domain::{actor::ActorKey, id::TriggerId};
use sqlx::FromRow;
use uuid::Uuid;

use super::{COLUMNS, TriggerRow, came_of, trigger_of};
use crate::{
    Store, StoreError,
    mail::{Bounds, NewMessage, Stored},
};

/// A schedule whose time has come, and that nobody else fires now.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct Claimed {
    /// The trigger.
    #[sqlx(flatten)]
    pub trigger: TriggerRow,
    /// Whether a message of it still waits in its target's inbox.
    pub waits: bool,
}

/// What becomes of one of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Firing {
    /// Which trigger.
    pub trigger: TriggerId,
    /// When it fires next.
    pub next: Option<DateTime<Utc>>,
    /// What is sent.
    pub messages: Vec<NewMessage>,
    /// What came of it, in words, where nothing is sent.
    pub outcome: Option<String>,
}

impl Store {
    /// Fires up to `max` schedules that are due, as `decide` says; returns how many there were, and whose
    /// inboxes got something.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away; then what is due stays due.
    pub async fn fire_due(
        &self,
        now: DateTime<Utc>,
        max: i64,
        bounds: Bounds,
        decide: impl Fn(&Claimed) -> Firing + Send,
    ) -> Result<(usize, Vec<ActorKey>), StoreError> {
        let mut tx = self.pool.begin().await?;
        let sql = format!(
            "SELECT {COLUMNS}, EXISTS (SELECT 1 FROM messages m
               WHERE m.receiver_kind = CASE t.target_type WHEN 'persistent_agent' THEN 'agent' ELSE 'job' END
                 AND m.receiver_id = t.target_id AND m.state = 'pending' AND m.source = 'schedule'
                 AND starts_with(m.key, t.id::text || '@')) AS waits
             FROM triggers t WHERE t.enabled AND t.next_fire_at <= $1
             ORDER BY t.next_fire_at, t.id LIMIT $2 FOR UPDATE OF t SKIP LOCKED"
        );
        let claimed: Vec<Claimed> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(now)
            .bind(max)
            .fetch_all(&mut *tx)
            .await?;
        if claimed.is_empty() {
            return Ok((0, Vec::new()));
        }
        let firings: Vec<Firing> = claimed.iter().map(decide).collect();
        moved_on(&mut tx, &firings, now).await?;
        let messages: Vec<NewMessage> = firings
            .iter()
            .flat_map(|firing| firing.messages.iter().cloned())
            .collect();
        let mut receivers = Vec::new();
        if !messages.is_empty() {
            let stored = crate::mail::send(&mut tx, &messages, bounds).await?;
            for (stored, message) in stored.iter().zip(&messages) {
                match stored {
                    Stored::Done(_) => receivers.push(message.receiver),
                    Stored::Again => return Err(StoreError::Moved),
                    Stored::Refused(error) => refused(&mut tx, message, error, now).await?,
                }
            }
        }
        tx.commit().await?;
        Ok((claimed.len(), receivers))
    }
}

async fn moved_on(
    tx: &mut sqlx::PgConnection,
    firings: &[Firing],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let ids: Vec<Uuid> = firings.iter().map(|it| it.trigger.0).collect();
    let nexts: Vec<Option<DateTime<Utc>>> = firings.iter().map(|it| it.next).collect();
    let counts: Vec<i64> = firings
        .iter()
        .map(|it| i64::try_from(it.messages.len()).unwrap_or(i64::MAX))
        .collect();
    let outcomes: Vec<Option<&str>> = firings.iter().map(|it| it.outcome.as_deref()).collect();
    sqlx::query(
        "UPDATE triggers t SET next_fire_at = w.next, fires = t.fires + w.count,
                last_fired_at = CASE WHEN 0 < w.count THEN $5 ELSE t.last_fired_at END,
                outcome = COALESCE(w.outcome, CASE t.target_type WHEN 'persistent_agent' THEN 'sent' ELSE t.outcome END),
                outcome_at = CASE WHEN w.outcome IS NOT NULL OR t.target_type = 'persistent_agent'
                  THEN $5 ELSE t.outcome_at END
         FROM UNNEST($1::uuid[], $2::timestamptz[], $3::bigint[], $4::text[]) AS w (id, next, count, outcome)
         WHERE t.id = w.id",
    )
    .bind(ids)
    .bind(nexts)
    .bind(counts)
    .bind(outcomes)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

/// A full inbox, or a target that is gone, is no reason to fire the same moment for ever.
async fn refused(
    tx: &mut sqlx::PgConnection,
    message: &NewMessage,
    error: &StoreError,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let trigger = trigger_of(message);
    let words = format!("not sent: {error}");
    tracing::warn!(trigger.id = ?trigger, %error, "a fire could not be sent");
    came_of(tx, trigger, &words, now).await
}
