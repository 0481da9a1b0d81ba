//! Finding jobs and their runs.

use chrono::{DateTime, Utc};
use optio_domain::{id::JobId, job::JobKind};
use rust_decimal::Decimal;
use sqlx::FromRow;
use uuid::Uuid;

use super::{JobRow, RawJob, select};
use crate::{Store, StoreError};

/// What the runs of a job came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, FromRow)]
pub struct JobNumbers {
    /// The job.
    pub job_id: Uuid,
    /// All its runs.
    pub runs: i64,
    /// Those that succeeded.
    pub completed: i64,
    /// Those that failed or were cancelled.
    pub failed: i64,
    /// When the last one was started.
    pub last_run_at: Option<DateTime<Utc>>,
    /// Dollars of all of them.
    pub cost_usd: Decimal,
    /// Milliseconds that one took in the mean, of those that are over.
    pub mean_ms: Option<i64>,
}

/// How many runs stand where.
#[derive(Debug, Clone, Default, PartialEq, Eq, FromRow)]
pub struct RunStats {
    /// All.
    pub total: i64,
    /// They wait, or are being prepared.
    pub queued: i64,
    /// Their agents work.
    pub running: i64,
    /// They succeeded.
    pub completed: i64,
    /// They failed or were cancelled.
    pub failed: i64,
}

impl Store {
    /// The jobs of a kind in a workspace, newest first, without those that were deleted.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn jobs(
        &self,
        workspace: &str,
        kind: JobKind,
        limit: i64,
    ) -> Result<Vec<JobRow>, StoreError> {
        let mut query = select();
        query
            .push(" WHERE j.deleted_at IS NULL AND j.workspace = ")
            .push_bind(workspace)
            .push(" AND j.kind = ")
            .push_bind(kind.name())
            .push(" ORDER BY j.created_at DESC, j.id DESC LIMIT ")
            .push_bind(limit);
        let rows: Vec<RawJob> = query.build_query_as().fetch_all(&self.pool).await?;
        rows.into_iter().map(RawJob::read).collect()
    }

    /// The job of this kind and name.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn job_named(
        &self,
        workspace: &str,
        kind: JobKind,
        name: &str,
    ) -> Result<Option<JobRow>, StoreError> {
        let mut query = select();
        query
            .push(" WHERE j.deleted_at IS NULL AND j.workspace = ")
            .push_bind(workspace)
            .push(" AND j.kind = ")
            .push_bind(kind.name())
            .push(" AND j.name = ")
            .push_bind(name);
        let row: Option<RawJob> = query.build_query_as().fetch_optional(&self.pool).await?;
        row.map(RawJob::read).transpose()
    }

    /// What the runs of these jobs came to; a job without runs is not among them.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn job_numbers(&self, jobs: &[JobId]) -> Result<Vec<JobNumbers>, StoreError> {
        let ids: Vec<Uuid> = jobs.iter().map(|job| job.0).collect();
        Ok(sqlx::query_as(
            "SELECT job_id, count(*) AS runs,
                    count(*) FILTER (WHERE state = 'completed') AS completed,
                    count(*) FILTER (WHERE state IN ('failed', 'cancelled')) AS failed,
                    max(created_at) AS last_run_at, COALESCE(sum(cost_usd), 0) AS cost_usd,
                    (extract(epoch FROM avg(finished_at - started_at)) * 1000)::bigint AS mean_ms
             FROM tasks WHERE job_id = ANY($1) GROUP BY job_id",
        )
        .bind(ids)
        .fetch_all(&self.pool)
        .await?)
    }

    /// How many runs of all standalone jobs of a workspace stand where.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn run_stats(&self, workspace: &str) -> Result<RunStats, StoreError> {
        Ok(sqlx::query_as(
            "SELECT count(*) AS total,
                    count(*) FILTER (WHERE state IN ('pending', 'waiting_on_deps', 'queued', 'provisioning')) AS queued,
                    count(*) FILTER (WHERE state = 'running') AS running,
                    count(*) FILTER (WHERE state = 'completed') AS completed,
                    count(*) FILTER (WHERE state IN ('failed', 'cancelled')) AS failed
             FROM tasks WHERE workspace = $1 AND kind = 'job'",
        )
        .bind(workspace)
        .fetch_one(&self.pool)
        .await?)
    }
}
