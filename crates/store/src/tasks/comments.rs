//! What people say to each other about a task.

use chrono::{DateTime, Utc};
use optio_domain::id::TaskId;
use serde_json::json;
use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    Store, StoreError,
    step::{self, NewEvent},
};

/// A comment on a task.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct TaskComment {
    /// Its identity.
    pub id: Uuid,
    /// About which task.
    pub task_id: Uuid,
    /// Who says it.
    pub user_id: String,
    /// What is said.
    pub content: String,
    /// When it was said.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// What became of a change of a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommentChange {
    /// It is so now.
    Done(TaskComment),
    /// Somebody else wrote it.
    NotYours,
    /// There is no such comment on that task.
    Missing,
}

const COLUMNS: &str = "id, task_id, user_id, content, created_at, updated_at";

impl Store {
    /// The comments on a task, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn task_comments(&self, task: TaskId) -> Result<Vec<TaskComment>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM task_comments WHERE task_id = $1 ORDER BY created_at, id"
        );
        Ok(sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(task.0)
            .fetch_all(&self.pool)
            .await?)
    }

    /// Writes a comment, and tells the stream.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn comment_on_task(
        &self,
        id: Uuid,
        task: TaskId,
        user: &str,
        content: &str,
        at: DateTime<Utc>,
    ) -> Result<TaskComment, StoreError> {
        let mut tx = self.pool.begin().await?;
        let sql = format!(
            "INSERT INTO task_comments (id, task_id, user_id, content, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $5) RETURNING {COLUMNS}"
        );
        let comment: TaskComment = sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(id)
            .bind(task.0)
            .bind(user)
            .bind(content)
            .bind(at)
            .fetch_one(&mut *tx)
            .await?;
        let event = NewEvent {
            actor_id: task.0,
            turn_id: None,
            type_name: "task:comment",
            data: json!({
                "taskId": task, "commentId": id, "userId": user, "content": content,
            }),
            at,
        };
        step::tell(&mut tx, &[event]).await?;
        tx.commit().await?;
        Ok(comment)
    }

    /// Says something else in a comment, for whoever wrote it.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn change_comment(
        &self,
        task: TaskId,
        id: Uuid,
        user: &str,
        content: &str,
        at: DateTime<Utc>,
    ) -> Result<CommentChange, StoreError> {
        let sql = format!(
            "UPDATE task_comments SET content = $4, updated_at = $5
             WHERE id = $1 AND task_id = $2 AND user_id = $3 RETURNING {COLUMNS}"
        );
        let changed: Option<TaskComment> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(id)
            .bind(task.0)
            .bind(user)
            .bind(content)
            .bind(at)
            .fetch_optional(&self.pool)
            .await?;
        self.said(task, id, changed).await
    }

    /// Takes a comment back, for whoever wrote it.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn remove_comment(
        &self,
        task: TaskId,
        id: Uuid,
        user: &str,
    ) -> Result<CommentChange, StoreError> {
        let sql = format!(
            "DELETE FROM task_comments WHERE id = $1 AND task_id = $2 AND user_id = $3 RETURNING {COLUMNS}"
        );
        let removed: Option<TaskComment> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(id)
            .bind(task.0)
            .bind(user)
            .fetch_optional(&self.pool)
            .await?;
        self.said(task, id, removed).await
    }

    async fn said(
        &self,
        task: TaskId,
        id: Uuid,
        changed: Option<TaskComment>,
    ) -> Result<CommentChange, StoreError> {
        if let Some(comment) = changed {
            return Ok(CommentChange::Done(comment));
        }
        let there: Option<(Uuid,)> =
            sqlx::query_as("SELECT id FROM task_comments WHERE id = $1 AND task_id = $2")
                .bind(id)
                .bind(task.0)
                .fetch_optional(&self.pool)
                .await?;
        Ok(there.map_or(CommentChange::Missing, |_| CommentChange::NotYours))
    }
}
