//! What people write to a task.

use chrono::{DateTime, Utc};
use optio_domain::{
    actor::ActorKey,
    id::{MessageId, RunId, TaskId},
    wire::checkout::WorktreeState,
};
use sqlx::{FromRow, Postgres, Transaction};
use uuid::Uuid;

use crate::{Store, StoreError};

/// A message to a task, and whether it got through.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct TaskMessage {
    /// Its identity.
    pub id: Uuid,
    /// Who wrote it.
    pub sender_id: String,
    /// What it says.
    pub body: String,
    /// `interrupt`, or any other class, which is soft.
    pub class: String,
    /// Where it is.
    pub state: String,
    /// When it was accepted.
    pub received_at: DateTime<Utc>,
    /// When it was given to a run.
    pub delivered_at: Option<DateTime<Utc>>,
    /// When the agent's process took it, or the run that began with it succeeded.
    pub acked_at: Option<DateTime<Utc>>,
    /// Why it was given up.
    pub dead_reason: Option<String>,
}

/// Writes what a run left in its worktree.
pub(crate) async fn left(
    tx: &mut Transaction<'_, Postgres>,
    actor: ActorKey,
    state: &WorktreeState,
) -> Result<(), StoreError> {
    let count = |number: u64| i32::try_from(number).unwrap_or(i32::MAX);
    for statement in [
        "UPDATE tasks SET unpushed = $2, dirty = $3 WHERE id = $1",
        "UPDATE worktrees SET unpushed = $2, dirty = $3 WHERE id = $1",
    ] {
        sqlx::query(statement)
            .bind(actor.id)
            .bind(count(state.unpushed))
            .bind(count(state.dirty_files))
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

/// Writes that a run's process was told of a message. False where it is known already.
pub(crate) async fn taken(
    tx: &mut Transaction<'_, Postgres>,
    run: RunId,
    message: MessageId,
    at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE task_inputs SET taken_at = $3
         WHERE run_id = $1 AND message_id = $2 AND taken_at IS NULL",
    )
    .bind(run.0)
    .bind(message.0)
    .bind(at)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

impl Store {
    /// What people wrote to a task, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn task_messages(&self, task: TaskId) -> Result<Vec<TaskMessage>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT m.id, m.sender_id, m.body, m.class, m.state, m.received_at,
                    COALESCE(s.given_at, r.started_at) AS delivered_at,
                    COALESCE(s.taken_at, m.processed_at) AS acked_at, m.dead_reason
             FROM messages m
             LEFT JOIN task_inputs s ON s.run_id = m.turn_id AND s.message_id = m.id
             LEFT JOIN task_runs r ON r.id = m.turn_id
             WHERE m.receiver_kind = 'task' AND m.receiver_id = $1 ORDER BY m.seq",
        )
        .bind(task.0)
        .fetch_all(&self.pool)
        .await?)
    }
}
