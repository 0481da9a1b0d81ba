//! What a task depends on.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use optio_domain::{
    id::TaskId,
    task::{depends::circle, spec::DEPENDENCIES_MAX},
};
use sqlx::{FromRow, Postgres, Transaction};
use uuid::Uuid;

use super::create::known;
use crate::{Store, StoreError};

/// A task that another depends on, or that depends on it.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Dependency {
    /// Which.
    pub id: Uuid,
    /// Its title.
    pub title: String,
    /// Where it stands.
    pub state: String,
}

/// Held while dependencies are added, so that two additions at once cannot close a circle together.
const GATE: i64 = 0x0070_7469_6f64_6570;

impl Store {
    /// Makes a task depend on others as well.
    ///
    /// # Errors
    /// [`StoreError::UnknownTask`], [`StoreError::TaskCircle`] where it would wait for itself in the end,
    /// [`StoreError::TooMany`]; then nothing is stored.
    pub async fn add_dependencies(
        &self,
        task: TaskId,
        workspace: &str,
        on: &[TaskId],
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut tx = self.pool.begin().await?;
        sqlx::query("SELECT pg_advisory_xact_lock($1)")
            .bind(GATE)
            .execute(&mut *tx)
            .await?;
        known(&mut tx, workspace, on).await?;
        let edges = edges_from(&mut tx, on).await?;
        if let Some(circle) = circle(task, on, &edges) {
            return Err(StoreError::TaskCircle(circle));
        }
        // Whoever has looked before sees it at the next look: the version moves.
        sqlx::query(
            "UPDATE actors SET wake_at = $2, version = version + 1 WHERE kind = 'task' AND id = $1",
        )
        .bind(task.0)
        .bind(at)
        .execute(&mut *tx)
        .await?;
        let ids: Vec<Uuid> = on.iter().map(|id| id.0).collect();
        sqlx::query(
            "INSERT INTO task_dependencies (task_id, depends_on) SELECT $1, UNNEST($2::uuid[]) ON CONFLICT DO NOTHING",
        )
        .bind(task.0)
        .bind(ids)
        .execute(&mut *tx)
        .await?;
        let (count,): (i64,) =
            sqlx::query_as("SELECT count(*) FROM task_dependencies WHERE task_id = $1")
                .bind(task.0)
                .fetch_one(&mut *tx)
                .await?;
        if i64::try_from(DEPENDENCIES_MAX).unwrap_or(i64::MAX) < count {
            return Err(StoreError::TooMany(format!(
                "a task may depend on {DEPENDENCIES_MAX} others"
            )));
        }
        tx.commit().await?;
        Ok(())
    }

    /// Lets a task no longer depend on another. False where it did not.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn remove_dependency(
        &self,
        task: TaskId,
        on: TaskId,
        at: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut tx = self.pool.begin().await?;
        sqlx::query(
            "UPDATE actors SET wake_at = $2, version = version + 1 WHERE kind = 'task' AND id = $1",
        )
        .bind(task.0)
        .bind(at)
        .execute(&mut *tx)
        .await?;
        let done =
            sqlx::query("DELETE FROM task_dependencies WHERE task_id = $1 AND depends_on = $2")
                .bind(task.0)
                .bind(on.0)
                .execute(&mut *tx)
                .await?;
        tx.commit().await?;
        Ok(done.rows_affected() == 1)
    }

    /// What a task depends on.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn dependencies(&self, task: TaskId) -> Result<Vec<Dependency>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT t.id, t.title, t.state FROM task_dependencies d JOIN tasks t ON t.id = d.depends_on
             WHERE d.task_id = $1 ORDER BY t.created_at, t.id",
        )
        .bind(task.0)
        .fetch_all(&self.pool)
        .await?)
    }

    /// What depends on a task.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn dependents(&self, task: TaskId) -> Result<Vec<Dependency>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT t.id, t.title, t.state FROM task_dependencies d JOIN tasks t ON t.id = d.task_id
             WHERE d.depends_on = $1 ORDER BY t.created_at, t.id",
        )
        .bind(task.0)
        .fetch_all(&self.pool)
        .await?)
    }
}

/// Everything that can be reached from these tasks, and only that.
async fn edges_from(
    tx: &mut Transaction<'_, Postgres>,
    from: &[TaskId],
) -> Result<BTreeMap<TaskId, Vec<TaskId>>, StoreError> {
    let ids: Vec<Uuid> = from.iter().map(|id| id.0).collect();
    let rows: Vec<(Uuid, Uuid)> = sqlx::query_as(
        "WITH RECURSIVE reached AS (
           SELECT UNNEST($1::uuid[]) AS id
           UNION SELECT d.depends_on FROM reached r JOIN task_dependencies d ON d.task_id = r.id
         )
         SELECT d.task_id, d.depends_on FROM reached r JOIN task_dependencies d ON d.task_id = r.id",
    )
    .bind(ids)
    .fetch_all(&mut **tx)
    .await?;
    let mut edges: BTreeMap<TaskId, Vec<TaskId>> = BTreeMap::new();
    for (task, on) in rows {
        edges.entry(TaskId(task)).or_default().push(TaskId(on));
    }
    Ok(edges)
}
