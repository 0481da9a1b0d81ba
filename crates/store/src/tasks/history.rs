//! What has happened to a task: its states, its runs, and what its agent said.

use chrono::{DateTime, Utc};
use optio_domain::id::TaskId;
use rust_decimal::Decimal;
use serde_json::Value;
use sqlx::{FromRow, Postgres, QueryBuilder};
use uuid::Uuid;

use crate::{Store, StoreError};

/// One change of a task's state.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct TaskEventRow {
    /// Order.
    pub id: i64,
    /// From where; none where it was created.
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

/// A run of a task.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct TaskRunRow {
    /// Its identity.
    pub id: Uuid,
    /// Which of the task's runs.
    pub number: i32,
    /// What the agent was told.
    pub prompt: String,
    /// What it meant for the task.
    pub outcome: Option<String>,
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
    pub started_at: DateTime<Utc>,
    /// When it was closed.
    pub finished_at: Option<DateTime<Utc>>,
}

/// A line of what a task's agent said and did.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct TaskLogRow {
    /// Order.
    pub id: i64,
    /// The run.
    pub turn_id: Option<Uuid>,
    /// What was said, as the stream has it.
    pub data: Value,
    /// When.
    pub at: DateTime<Utc>,
}

/// Which lines are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WantedLogs {
    /// Only those with this text in them, whatever its case.
    pub search: Option<String>,
    /// Only those of this type, such as `tool_use`.
    pub log_type: Option<String>,
    /// Lines to leave out first.
    pub offset: i64,
    /// Most lines.
    pub limit: i64,
}

impl Store {
    /// The history of a task, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn task_events(&self, task: TaskId) -> Result<Vec<TaskEventRow>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT id, from_state, to_state, trigger, message, by, at FROM task_events
             WHERE task_id = $1 ORDER BY id",
        )
        .bind(task.0)
        .fetch_all(&self.pool)
        .await?)
    }

    /// The last runs of a task, newest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn task_runs(&self, task: TaskId, max: i64) -> Result<Vec<TaskRunRow>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT id, number, prompt, outcome, error, error_class, cost_usd, input_tokens, output_tokens,
                    model_used, session_id, summary, started_at, finished_at
             FROM task_runs WHERE task_id = $1 ORDER BY number DESC LIMIT $2",
        )
        .bind(task.0)
        .bind(max)
        .fetch_all(&self.pool)
        .await?)
    }

    /// One run of a task.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn task_run(
        &self,
        task: TaskId,
        run: Uuid,
    ) -> Result<Option<TaskRunRow>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT id, number, prompt, outcome, error, error_class, cost_usd, input_tokens, output_tokens,
                    model_used, session_id, summary, started_at, finished_at
             FROM task_runs WHERE task_id = $1 AND id = $2",
        )
        .bind(task.0)
        .bind(run)
        .fetch_optional(&self.pool)
        .await?)
    }

    /// The last lines of what a task's agent said and did, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn last_task_logs(
        &self,
        task: TaskId,
        max: i64,
    ) -> Result<Vec<TaskLogRow>, StoreError> {
        let mut rows: Vec<TaskLogRow> = sqlx::query_as(
            "SELECT id, turn_id, data, at FROM events
             WHERE type = 'task:log' AND actor_id = $1 ORDER BY id DESC LIMIT $2",
        )
        .bind(task.0)
        .bind(max)
        .fetch_all(&self.pool)
        .await?;
        rows.reverse();
        Ok(rows)
    }

    /// When a task's agent last said something, and the beginning of it.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn last_task_log(
        &self,
        task: TaskId,
    ) -> Result<Option<(DateTime<Utc>, String)>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT at, left(COALESCE(data->>'content', ''), 200) FROM events
             WHERE type = 'task:log' AND actor_id = $1 ORDER BY id DESC LIMIT 1",
        )
        .bind(task.0)
        .fetch_optional(&self.pool)
        .await?)
    }

    /// What a task's agent said and did, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn task_logs(
        &self,
        task: TaskId,
        wanted: &WantedLogs,
    ) -> Result<Vec<TaskLogRow>, StoreError> {
        let mut query = QueryBuilder::<Postgres>::new(
            "SELECT id, turn_id, data, at FROM events WHERE type = 'task:log' AND actor_id = ",
        );
        query.push_bind(task.0);
        if let Some(search) = &wanted.search {
            query.push(" AND position(lower(");
            query
                .push_bind(search)
                .push(") in lower(data->>'content')) > 0");
        }
        if let Some(log_type) = &wanted.log_type {
            query.push(" AND data->>'logType' = ").push_bind(log_type);
        }
        query.push(" ORDER BY id LIMIT ").push_bind(wanted.limit);
        query.push(" OFFSET ").push_bind(wanted.offset);
        Ok(query.build_query_as().fetch_all(&self.pool).await?)
    }
}
