//! Triggers: the column `next_fire_at` is the truth of every schedule.

use chrono::{DateTime, Utc};
use optio_domain::{
    actor::ActorKey,
    id::{AgentId, TriggerId},
};
use serde_json::Value;
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    Store, StoreError,
    mail::{self, NewMessage},
};

/// A trigger.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct TriggerRow {
    /// Its identity.
    pub id: Uuid,
    /// What it wakes.
    pub target_type: String,
    /// Which one it wakes.
    pub target_id: Uuid,
    /// `manual` or `schedule`.
    #[sqlx(rename = "type")]
    pub type_name: String,
    /// Its settings.
    pub config: Value,
    /// Sent along with each fire.
    pub param_mapping: Option<Value>,
    /// Whether it fires.
    pub enabled: bool,
    /// When it last fired.
    pub last_fired_at: Option<DateTime<Utc>>,
    /// When it fires next.
    pub next_fire_at: Option<DateTime<Utc>>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl Store {
    /// Stores a trigger.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn create_trigger(&self, trigger: &TriggerRow) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO triggers (id, target_type, target_id, type, config, param_mapping, enabled,
                                   next_fire_at, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)",
        )
        .bind(trigger.id)
        .bind(&trigger.target_type)
        .bind(trigger.target_id)
        .bind(&trigger.type_name)
        .bind(&trigger.config)
        .bind(&trigger.param_mapping)
        .bind(trigger.enabled)
        .bind(trigger.next_fire_at)
        .bind(trigger.created_at)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The triggers of an agent, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn triggers(&self, agent: AgentId) -> Result<Vec<TriggerRow>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT id, target_type, target_id, type, config, param_mapping, enabled, last_fired_at,
                    next_fire_at, created_at, updated_at
             FROM triggers WHERE target_type = 'persistent_agent' AND target_id = $1
             ORDER BY created_at, id",
        )
        .bind(agent.0)
        .fetch_all(&self.pool)
        .await?)
    }

    /// Removes a trigger of an agent. False when that agent has no such trigger.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn delete_trigger(
        &self,
        agent: AgentId,
        trigger: TriggerId,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "DELETE FROM triggers
             WHERE id = $1 AND target_type = 'persistent_agent' AND target_id = $2",
        )
        .bind(trigger.0)
        .bind(agent.0)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Triggers whose time has come.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn due_triggers(
        &self,
        now: DateTime<Utc>,
        max: i64,
    ) -> Result<Vec<TriggerRow>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT id, target_type, target_id, type, config, param_mapping, enabled, last_fired_at,
                    next_fire_at, created_at, updated_at
             FROM triggers WHERE enabled AND next_fire_at <= $1 ORDER BY next_fire_at LIMIT $2",
        )
        .bind(now)
        .bind(max)
        .fetch_all(&self.pool)
        .await?)
    }

    /// Fires a trigger: in one transaction its message is stored and its next fire written, and
    /// only by whoever still finds it due at `due`. Returns whether we fired it.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away; then it is still due.
    pub async fn fire(
        &self,
        trigger: TriggerId,
        due: DateTime<Utc>,
        next: Option<DateTime<Utc>>,
        message: &NewMessage,
    ) -> Result<bool, StoreError> {
        let mut tx = self.pool.begin().await?;
        let done = sqlx::query(
            "UPDATE triggers SET last_fired_at = $3, next_fire_at = $4, updated_at = $3
             WHERE id = $1 AND enabled AND next_fire_at = $2",
        )
        .bind(trigger.0)
        .bind(due)
        .bind(message.at)
        .bind(next)
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        let alive = mail::insert(&mut tx, message).await?;
        tx.commit().await?;
        Ok(alive)
    }

    /// Whether an actor's inbox still has a waiting message of a trigger: a tick on top of a tick
    /// would say nothing new.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn tick_waits(
        &self,
        receiver: ActorKey,
        trigger: TriggerId,
    ) -> Result<bool, StoreError> {
        let (waits,): (bool,) = sqlx::query_as(
            "SELECT EXISTS (SELECT 1 FROM messages
               WHERE receiver_kind = $1 AND receiver_id = $2 AND state = 'pending'
                 AND source = 'schedule' AND starts_with(key, $3))",
        )
        .bind(receiver.kind.name())
        .bind(receiver.id)
        .bind(format!("{trigger}@"))
        .fetch_one(&self.pool)
        .await?;
        Ok(waits)
    }

    /// Moves a due trigger on without firing it.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn skip_fire(
        &self,
        trigger: TriggerId,
        due: DateTime<Utc>,
        next: Option<DateTime<Utc>>,
    ) -> Result<(), StoreError> {
        sqlx::query("UPDATE triggers SET next_fire_at = $3 WHERE id = $1 AND next_fire_at = $2")
            .bind(trigger.0)
            .bind(due)
            .bind(next)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}
