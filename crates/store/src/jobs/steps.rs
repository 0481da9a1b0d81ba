//! What a job's step may change: it answers a fire with a run, or with a reason why there is none.

use chrono::{DateTime, Utc};
use optio_domain::{
    id::{JobId, MessageId, PoolId, TaskId, TicketId, TriggerId},
    job::Origin,
    task::{Intent, spec::TaskSpec},
};
use uuid::Uuid;

use crate::{
    Store, StoreError,
    step::Step,
    tasks::{NewTask, TaskRow, insert_task},
    triggers::came_of,
};

/// A run to be started.
#[derive(Debug)]
pub struct NewRun<'a> {
    /// Its identity, made beside its pool's.
    pub id: TaskId,
    /// Whose.
    pub workspace: &'a str,
    /// What it is to do.
    pub spec: &'a TaskSpec,
    /// Where it may run.
    pub pool: PoolId,
    /// Where it comes from.
    pub origin: &'a Origin,
    /// Parameters its texts asked for and that were not there.
    pub missing: &'a [String],
    /// The ticket that is told when it is done, unless that has a task already.
    pub ticket: Option<TicketId>,
    /// Who starts it.
    pub created_by: &'a str,
    /// When.
    pub at: DateTime<Utc>,
}

impl NewRun<'_> {
    async fn insert(
        &self,
        tx: &mut sqlx::Transaction<'_, sqlx::Postgres>,
    ) -> Result<(), StoreError> {
        let task = NewTask {
            id: self.id,
            workspace: self.workspace,
            spec: self.spec,
            pool: self.pool,
            depends_on: &[],
            origin: Some(self.origin),
            created_by: self.created_by,
            at: self.at,
        };
        insert_task(tx, &task).await?;
        if let Some(ticket) = self.ticket {
            sqlx::query("UPDATE tickets SET task_id = $2 WHERE id = $1 AND task_id IS NULL")
                .bind(ticket.0)
                .bind(self.id.0)
                .execute(&mut **tx)
                .await?;
        }
        if self.missing.is_empty() {
            return Ok(());
        }
        let words = format!(
            "its texts ask for parameters that were not given: {}; they stand there as they were written",
            self.missing.join(", ")
        );
        sqlx::query(
            "INSERT INTO task_events (task_id, from_state, to_state, trigger, message, at)
             VALUES ($1, 'pending', 'pending', 'warning', $2, $3)",
        )
        .bind(self.id.0)
        .bind(words)
        .bind(self.at)
        .execute(&mut **tx)
        .await?;
        Ok(())
    }
}

impl Store {
    /// Starts a run at a person's wish.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn start_run(&self, run: &NewRun<'_>) -> Result<TaskRow, StoreError> {
        let mut tx = self.pool.begin().await?;
        run.insert(&mut tx).await?;
        let row = crate::tasks::fetch(&mut tx, run.id).await?;
        tx.commit().await?;
        row.ok_or(StoreError::Moved)
    }
}

impl Step {
    /// Answers a fire with a run.
    ///
    /// # Errors
    /// [`StoreError::Moved`] where the fire was answered already.
    pub async fn fire_started(
        &mut self,
        message: MessageId,
        run: &NewRun<'_>,
    ) -> Result<(), StoreError> {
        self.settle_fire(message, "consumed", None).await?;
        run.insert(&mut self.tx).await?;
        let words = format!("started run {}", run.id);
        came_of(&mut self.tx, run.origin.trigger, &words, self.now).await
    }

    /// Answers a fire without a run, as its trigger wants it.
    ///
    /// # Errors
    /// [`StoreError::Moved`] where the fire was answered already.
    pub async fn fire_skipped(
        &mut self,
        message: MessageId,
        trigger: Option<TriggerId>,
        reason: &str,
    ) -> Result<(), StoreError> {
        self.settle_fire(message, "consumed", None).await?;
        let words = format!("skipped: {reason}");
        came_of(&mut self.tx, trigger, &words, self.now).await
    }

    /// Gives a fire up: it is a dead letter until a person replays or discards it.
    ///
    /// # Errors
    /// [`StoreError::Moved`] where the fire was answered already.
    pub async fn fire_refused(
        &mut self,
        message: MessageId,
        trigger: Option<TriggerId>,
        reason: &str,
    ) -> Result<(), StoreError> {
        self.settle_fire(message, "dead", Some(reason)).await?;
        let words = format!("refused: {reason}");
        came_of(&mut self.tx, trigger, &words, self.now).await
    }

    /// Disables a trigger that fires without end.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn trigger_disabled(
        &mut self,
        trigger: TriggerId,
        reason: &str,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE triggers SET enabled = false, disabled_reason = $2, updated_at = $3 WHERE id = $1",
        )
        .bind(trigger.0)
        .bind(reason)
        .bind(self.now)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Asks all runs of the job that are at work or wait for it to end.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn cancel_runs(&mut self, job: JobId) -> Result<Vec<TaskId>, StoreError> {
        let rows: Vec<(Uuid,)> = sqlx::query_as(
            "WITH wanted AS (
               SELECT a.id FROM actors a JOIN tasks t ON t.id = a.id
               WHERE a.kind = 'task' AND t.job_id = $1 AND t.state NOT IN
                 ('completed', 'failed', 'cancelled', 'pr_opened', 'needs_attention')
               ORDER BY a.id FOR NO KEY UPDATE OF a
             ), woken AS (
               UPDATE actors SET wake_at = $3, version = version + 1 FROM wanted
               WHERE actors.kind = 'task' AND actors.id = wanted.id
             )
             UPDATE tasks SET intent = $2, intent_words = 'another run takes its place', updated_at = $3
             FROM wanted WHERE tasks.id = wanted.id RETURNING tasks.id",
        )
        .bind(job.0)
        .bind(Intent::Cancel.name())
        .bind(self.now)
        .fetch_all(&mut *self.tx)
        .await?;
        Ok(rows.into_iter().map(|(id,)| TaskId(id)).collect())
    }

    async fn settle_fire(
        &mut self,
        message: MessageId,
        state: &str,
        reason: Option<&str>,
    ) -> Result<(), StoreError> {
        let done = sqlx::query(
            "WITH settled AS (
               UPDATE messages SET state = $3, dead_reason = $4,
                      processed_at = CASE WHEN $3 = 'consumed' THEN $5 END
               WHERE id = $2 AND state = 'pending' RETURNING class
             )
             UPDATE actors SET inbox_pending = inbox_pending - 1, inbox_waking = inbox_waking
               - (SELECT count(*) FILTER (WHERE class IN ('work', 'interrupt'))::int FROM settled)
             WHERE kind = 'job' AND id = $1 AND EXISTS (SELECT FROM settled)",
        )
        .bind(self.key.id)
        .bind(message.0)
        .bind(state)
        .bind(reason)
        .bind(self.now)
        .execute(&mut *self.tx)
        .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::Moved);
        }
        Ok(())
    }
}
