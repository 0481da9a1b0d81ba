//! What a step may change about a task.

use chrono::{DateTime, Utc};
use optio_domain::{
    id::TaskId,
    pool::WORKTREE_KEPT,
    task::{Intent, TaskEvent, TaskState, feedback::Acted, prompt::Brief, seen::TaskType},
};
use serde_json::json;
use sqlx::types::Json;
use uuid::Uuid;

use super::create::{NewTask, insert_task};
use crate::{
    StoreError,
    step::{NewEvent, Step},
};

/// A change of a task's state.
#[derive(Debug, Clone, Copy)]
pub struct Moved<'a> {
    /// From where.
    pub from: TaskState,
    /// Where to.
    pub to: TaskState,
    /// What happened.
    pub event: TaskEvent,
    /// Why, in words.
    pub reason: &'a str,
    /// The person who wanted it.
    pub by: Option<&'a str>,
}

/// Where a change is everybody's concern who waits for the task. Their versions move, so that a look of
/// theirs that has not seen it writes nothing.
const WAKE_THOSE_WHO_WAIT: &str = "
UPDATE actors SET wake_at = $2, version = version + 1
WHERE kind = 'task' AND id IN (
  SELECT task_id FROM task_dependencies WHERE depends_on = $1
  UNION SELECT parent_id FROM tasks WHERE id = $1 AND parent_id IS NOT NULL)";

impl Step {
    /// Moves the task from one state to another, writes its history, and tells the stream and others. What
    /// others are told is what the task's row says by now.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn task_state(&mut self, moved: &Moved<'_>) -> Result<(), StoreError> {
        let (from, to) = (moved.from.name(), moved.to.name());
        let (kind, job): (String, Option<Uuid>) = sqlx::query_as(
            "UPDATE tasks SET state = $2, open_run = $3, state_since = $4, state_reason = $5, updated_at = $4,
                    started_at = CASE WHEN $2 = 'running' THEN COALESCE(started_at, $4) ELSE started_at END,
                    finished_at = CASE WHEN $6 THEN $4 END
             WHERE id = $1 RETURNING kind, job_id",
        )
        .bind(self.key.id)
        .bind(to)
        .bind(moved.to.run().map(|run| run.0))
        .bind(self.now)
        .bind(moved.reason)
        .bind(moved.to.over())
        .fetch_one(&mut *self.tx)
        .await?;
        sqlx::query(
            "INSERT INTO task_events (task_id, from_state, to_state, trigger, message, by, at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(self.key.id)
        .bind(from)
        .bind(to)
        .bind(moved.event.name())
        .bind(moved.reason)
        .bind(moved.by)
        .bind(self.now)
        .execute(&mut *self.tx)
        .await?;
        if moved.to.over() || moved.from.over() {
            sqlx::query(WAKE_THOSE_WHO_WAIT)
                .bind(self.key.id)
                .bind(self.now)
                .execute(&mut *self.tx)
                .await?;
            self.worktree_due(moved.to).await?;
        }
        if let Some(job) = job {
            self.wake_job(job).await?;
        }
        let event = NewEvent {
            actor_id: self.key.id,
            turn_id: moved.to.run().or(moved.from.run()).map(|run| run.0),
            type_name: if kind == TaskType::Job.name() {
                "workflow_run:state_changed"
            } else {
                "task:state_changed"
            },
            data: json!({
                "taskId": self.key.id, "workflowId": job, "fromState": from, "toState": to,
                "trigger": moved.event.name(), "reason": moved.reason,
            }),
            at: self.now,
        };
        self.tell(&[event]).await?;
        self.notice_task(moved).await
    }

    /// A fire of its job may wait for this run.
    async fn wake_job(&mut self, job: Uuid) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE actors SET wake_at = $2, version = version + 1
             WHERE kind = 'job' AND id = $1 AND 0 < inbox_pending",
        )
        .bind(job)
        .bind(self.now)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Says from when on nobody needs the task's worktree: at once where what is in it was merged, and after
    /// some time where the task may be tried again.
    async fn worktree_due(&mut self, to: TaskState) -> Result<(), StoreError> {
        self.wake_pool_of("tasks").await?;
        let due = match to {
            TaskState::Completed => Some(self.now),
            TaskState::Failed | TaskState::Cancelled => Some(self.now + WORKTREE_KEPT),
            TaskState::Pending
            | TaskState::WaitingOnDeps
            | TaskState::Queued
            | TaskState::Provisioning { .. }
            | TaskState::Running { .. }
            | TaskState::PrOpened
            | TaskState::NeedsAttention => None,
        };
        sqlx::query(
            "UPDATE worktrees w SET due_at = $2, asked_at = NULL, kept = NULL,
                    discard = t.kind IN ('review', 'job') OR ($3 AND t.unpushed = 0)
             FROM tasks t WHERE w.id = $1 AND t.id = $1",
        )
        .bind(self.key.id)
        .bind(due)
        .bind(to == TaskState::Completed)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Forgets what a person asked for, because it is done or cannot be.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn task_intent_met(&mut self, intent: Intent) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE tasks SET intent = NULL, intent_words = NULL WHERE id = $1 AND intent = $2",
        )
        .bind(self.key.id)
        .bind(intent.name())
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// A person said how it goes on: with this, and as if nothing had gone wrong before.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn task_goes_on(
        &mut self,
        brief: &Brief,
        keep_session: bool,
        ignore_off_peak: bool,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE tasks SET brief = $2, auto_resumes = 0, retries = 0, rate_limits = 0, hold_until = NULL,
                    hold_reason = NULL, error = NULL, error_class = NULL,
                    session_id = CASE WHEN $3 THEN session_id END,
                    ignore_off_peak = ignore_off_peak OR $4
             WHERE id = $1",
        )
        .bind(self.key.id)
        .bind(Json(brief))
        .bind(keep_session)
        .bind(ignore_off_peak)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// A person wants it afresh: without its pull request, its session, and what is in its worktree.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn task_redone(&mut self) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE tasks SET fresh = true, pull_id = NULL, acted = '{}', summary = NULL, verdict = NULL,
                    verdict_told_at = NULL, started_at = NULL
             WHERE id = $1",
        )
        .bind(self.key.id)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// It is sent back to its pull request by itself.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn task_sent_back(
        &mut self,
        brief: &Brief,
        acted: &Acted,
        keep_session: bool,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE tasks SET brief = $2, acted = $3, auto_resumes = auto_resumes + 1,
                    session_id = CASE WHEN $4 THEN session_id END
             WHERE id = $1",
        )
        .bind(self.key.id)
        .bind(Json(brief))
        .bind(Json(acted))
        .bind(keep_session)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Not before this, and why.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn task_held(
        &mut self,
        until: DateTime<Utc>,
        reason: &str,
    ) -> Result<(), StoreError> {
        sqlx::query("UPDATE tasks SET hold_until = $2, hold_reason = $3 WHERE id = $1")
            .bind(self.key.id)
            .bind(until)
            .bind(reason)
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    /// The git host was told of its verdict, which counts from then on: whoever waits for it is woken.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn task_verdict_told(&mut self) -> Result<(), StoreError> {
        for statement in [
            "UPDATE tasks SET verdict_told_at = $2 WHERE id = $1",
            WAKE_THOSE_WHO_WAIT,
        ] {
            sqlx::query(statement)
                .bind(self.key.id)
                .bind(self.now)
                .execute(&mut *self.tx)
                .await?;
        }
        Ok(())
    }

    /// Its ticket is closed.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn task_ticket_told(&mut self) -> Result<(), StoreError> {
        sqlx::query("UPDATE tasks SET ticket_told_at = $2 WHERE id = $1")
            .bind(self.key.id)
            .bind(self.now)
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    /// Creates a part of the task.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses; a review of a head that has one is [`StoreError::Moved`].
    pub async fn subtask(&mut self, new: &NewTask<'_>) -> Result<TaskId, StoreError> {
        match insert_task(&mut self.tx, new).await {
            Ok(()) => Ok(new.id),
            Err(StoreError::Failed(error)) if twin(&error) => Err(StoreError::Moved),
            Err(error) => Err(error),
        }
    }
}

fn twin(error: &sqlx::Error) -> bool {
    let constraint = error.as_database_error().and_then(|it| it.constraint());
    constraint == Some("tasks_review_of_head")
}
