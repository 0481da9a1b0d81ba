//! Triggers: the column `next_fire_at` is the truth of every schedule, and a path belongs to one webhook.

use chrono::{DateTime, Utc};
use optio_domain::{
    id::{PoolId, TriggerId},
    trigger::{TargetKind, TriggerType},
};
use serde_json::Value;
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder};
use uuid::Uuid;

use crate::{Store, StoreError, mail::NewMessage};

mod due;

pub use due::{Claimed, Firing};

/// What came of a fire of an agent, which says nothing of it.
pub(crate) const SENT: &str = "sent";

/// A trigger.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct TriggerRow {
    /// Its identity.
    pub id: Uuid,
    /// What it starts: persistent_agent, job or task_config.
    pub target_type: String,
    /// Which one it starts.
    pub target_id: Uuid,
    /// manual, schedule, webhook or ticket.
    #[sqlx(rename = "type")]
    pub type_name: String,
    /// Its settings, without secrets.
    pub config: Value,
    /// Its parameters, or where they are found.
    pub param_mapping: Option<Value>,
    /// Where a webhook is called.
    pub path: Option<String>,
    /// Whether it fires.
    pub enabled: bool,
    /// Why it was disabled by itself.
    pub disabled_reason: Option<String>,
    /// How often it has fired.
    pub fires: i64,
    /// What came of its last fire.
    pub outcome: Option<String>,
    /// When that was.
    pub outcome_at: Option<DateTime<Utc>>,
    /// When it last fired.
    pub last_fired_at: Option<DateTime<Utc>>,
    /// When it fires next.
    pub next_fire_at: Option<DateTime<Utc>>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl TriggerRow {
    /// A trigger that has not fired yet.
    #[must_use]
    pub fn new(
        id: TriggerId,
        (target, target_id): (TargetKind, Uuid),
        kind: TriggerType,
        config: Value,
        at: DateTime<Utc>,
    ) -> Self {
        Self {
            id: id.0,
            target_type: target.name().to_owned(),
            target_id,
            type_name: kind.name().to_owned(),
            config,
            param_mapping: None,
            path: None,
            enabled: true,
            disabled_reason: None,
            fires: 0,
            outcome: None,
            outcome_at: None,
            last_fired_at: None,
            next_fire_at: None,
            created_at: at,
            updated_at: at,
        }
    }
}

pub(super) const COLUMNS: &str = "t.id, t.target_type, t.target_id, t.type, t.config, t.param_mapping, t.path, t.enabled,
    t.disabled_reason, t.fires, t.outcome, t.outcome_at, t.last_fired_at, t.next_fire_at, t.created_at,
    t.updated_at";

/// A webhook that is called, with what it starts.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct Called {
    /// The trigger.
    #[sqlx(flatten)]
    pub trigger: TriggerRow,
    /// Whose it is.
    pub workspace: Option<String>,
    /// The pool of the job or blueprint.
    pub pool_id: Option<Uuid>,
    /// Whether what it starts can be started.
    pub target_enabled: Option<bool>,
}

impl Called {
    /// Where runs of its target are.
    #[must_use]
    pub fn pool(&self) -> Option<PoolId> {
        self.pool_id.map(PoolId)
    }
}

/// A trigger that waits for tickets, with what it starts.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct Awaiting {
    /// The trigger.
    #[sqlx(flatten)]
    pub trigger: TriggerRow,
    /// What people call its target.
    pub target: String,
}

/// What a person changes about a trigger.
#[derive(Debug, Clone, PartialEq)]
pub struct TriggerChange {
    /// Its settings, without secrets.
    pub config: Value,
    /// Its parameters, or where they are found.
    pub param_mapping: Option<Value>,
    /// Where a webhook is called.
    pub path: Option<String>,
    /// Whether it fires.
    pub enabled: bool,
    /// When it fires next.
    pub next_fire_at: Option<DateTime<Utc>>,
}

fn taken(error: sqlx::Error, path: Option<&str>) -> StoreError {
    let constraint = error.as_database_error().and_then(|it| it.constraint());
    match (constraint, path) {
        (Some("triggers_by_path"), Some(path)) => StoreError::PathTaken(path.to_owned()),
        _ => error.into(),
    }
}

impl Store {
    /// Stores a trigger.
    ///
    /// # Errors
    /// [`StoreError::PathTaken`] where another webhook has its path.
    pub async fn create_trigger(&self, trigger: &TriggerRow) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO triggers (id, target_type, target_id, type, config, param_mapping, path, enabled,
                                   next_fire_at, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)",
        )
        .bind(trigger.id)
        .bind(&trigger.target_type)
        .bind(trigger.target_id)
        .bind(&trigger.type_name)
        .bind(&trigger.config)
        .bind(&trigger.param_mapping)
        .bind(&trigger.path)
        .bind(trigger.enabled)
        .bind(trigger.next_fire_at)
        .bind(trigger.created_at)
        .execute(&self.pool)
        .await
        .map_err(|error| taken(error, trigger.path.as_deref()))?;
        Ok(())
    }

    /// Changes a trigger of this target. `None` where it has no such trigger.
    ///
    /// # Errors
    /// As [`Store::create_trigger`].
    pub async fn change_trigger(
        &self,
        (target, target_id): (TargetKind, Uuid),
        trigger: TriggerId,
        change: &TriggerChange,
        at: DateTime<Utc>,
    ) -> Result<Option<TriggerRow>, StoreError> {
        let done = sqlx::query(
            "UPDATE triggers SET config = $4, param_mapping = $5, path = $6, enabled = $7, next_fire_at = $8,
                    updated_at = $9, disabled_reason = CASE WHEN $7 THEN NULL ELSE disabled_reason END
             WHERE id = $1 AND target_type = $2 AND target_id = $3",
        )
        .bind(trigger.0)
        .bind(target.name())
        .bind(target_id)
        .bind(&change.config)
        .bind(&change.param_mapping)
        .bind(&change.path)
        .bind(change.enabled)
        .bind(change.next_fire_at)
        .bind(at)
        .execute(&self.pool)
        .await
        .map_err(|error| taken(error, change.path.as_deref()))?;
        if done.rows_affected() == 0 {
            return Ok(None);
        }
        self.trigger(trigger).await
    }

    /// One trigger, whatever it starts.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn trigger(&self, id: TriggerId) -> Result<Option<TriggerRow>, StoreError> {
        let mut query = select();
        query.push(" WHERE t.id = ").push_bind(id.0);
        Ok(query.build_query_as().fetch_optional(&self.pool).await?)
    }

    /// The triggers of a target, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn triggers(
        &self,
        target: TargetKind,
        id: Uuid,
    ) -> Result<Vec<TriggerRow>, StoreError> {
        let mut query = select();
        query
            .push(" WHERE t.target_type = ")
            .push_bind(target.name())
            .push(" AND t.target_id = ")
            .push_bind(id)
            .push(" ORDER BY t.created_at, t.id");
        Ok(query.build_query_as().fetch_all(&self.pool).await?)
    }

    /// All triggers, of one type where one is given: those that fire next first.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn all_triggers(
        &self,
        type_name: Option<&str>,
        limit: i64,
    ) -> Result<Vec<TriggerRow>, StoreError> {
        let mut query = select();
        if let Some(type_name) = type_name {
            query
                .push(" WHERE t.type = ")
                .push_bind(type_name.to_owned());
        }
        query
            .push(" ORDER BY t.next_fire_at NULLS LAST, t.created_at, t.id LIMIT ")
            .push_bind(limit);
        Ok(query.build_query_as().fetch_all(&self.pool).await?)
    }

    /// Removes a trigger of a target. False when it has no such trigger.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn delete_trigger(
        &self,
        target: TargetKind,
        target_id: Uuid,
        trigger: TriggerId,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "DELETE FROM triggers WHERE id = $1 AND target_type = $2 AND target_id = $3",
        )
        .bind(trigger.0)
        .bind(target.name())
        .bind(target_id)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// The webhook that is called at a path.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn called(&self, path: &str) -> Result<Option<Called>, StoreError> {
        let mut query = QueryBuilder::<Postgres>::new("SELECT ");
        query.push(COLUMNS).push(
            ", COALESCE(j.workspace, g.workspace) AS workspace, j.pool_id,
               COALESCE(j.enabled AND j.deleted_at IS NULL, g.enabled) AS target_enabled
             FROM triggers t
             LEFT JOIN jobs j ON t.target_type IN ('job', 'task_config') AND j.id = t.target_id
             LEFT JOIN agents g ON t.target_type = 'persistent_agent' AND g.id = t.target_id
             WHERE t.path = ",
        );
        query.push_bind(path);
        Ok(query.build_query_as().fetch_optional(&self.pool).await?)
    }

    /// The triggers of a workspace that wait for tickets of such trackers and can fire, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn awaiting_tickets(
        &self,
        workspace: &str,
        source: &str,
    ) -> Result<Vec<Awaiting>, StoreError> {
        let mut query = QueryBuilder::<Postgres>::new("SELECT ");
        query.push(COLUMNS).push(
            ", COALESCE(j.name, g.slug) AS target
             FROM triggers t
             LEFT JOIN jobs j ON t.target_type IN ('job', 'task_config') AND j.id = t.target_id
               AND j.enabled AND j.deleted_at IS NULL
             LEFT JOIN agents g ON t.target_type = 'persistent_agent' AND g.id = t.target_id
               AND g.enabled AND NOT g.deleting
             WHERE t.type = 'ticket' AND t.enabled AND COALESCE(j.workspace, g.workspace) = ",
        );
        query.push_bind(workspace.to_owned());
        query
            .push(" AND t.config ->> 'source' = ")
            .push_bind(source.to_owned())
            .push(" ORDER BY t.created_at, t.id");
        Ok(query.build_query_as().fetch_all(&self.pool).await?)
    }

    /// Notes that a trigger has fired, where its target does not.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn has_fired(&self, trigger: TriggerId, at: DateTime<Utc>) -> Result<(), StoreError> {
        let mut connection = self.pool.acquire().await?;
        came_of(&mut connection, Some(trigger), SENT, at).await
    }
}

fn select() -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new("SELECT ");
    query.push(COLUMNS).push(" FROM triggers t");
    query
}

/// The trigger that a message is a fire of: its key begins with it.
pub(crate) fn trigger_of(message: &NewMessage) -> Option<TriggerId> {
    let (trigger, _) = message.key.as_deref()?.split_once('@')?;
    trigger.parse().ok().map(TriggerId)
}

/// Notes with its trigger what came of a fire. A schedule was counted when it fired; who calls from outside is
/// counted here.
pub(crate) async fn came_of(
    tx: &mut PgConnection,
    trigger: Option<TriggerId>,
    words: &str,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let Some(trigger) = trigger else {
        return Ok(());
    };
    sqlx::query(
        "UPDATE triggers SET outcome = $2, outcome_at = $3,
                fires = fires + CASE WHEN type IN ('webhook', 'ticket') THEN 1 ELSE 0 END,
                last_fired_at = CASE WHEN type IN ('webhook', 'ticket') THEN $3 ELSE last_fired_at END
         WHERE id = $1",
    )
        .bind(trigger.0)
        .bind(words)
        .bind(at)
        .execute(tx)
        .await?;
    Ok(())
}
