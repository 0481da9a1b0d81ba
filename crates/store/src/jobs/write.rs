//! Making, changing and deleting a job.

use chrono::{DateTime, Utc};
use optio_domain::{
    id::{JobId, PoolId},
    job::{JobKind, JobSpec},
    task::Intent,
};
use sqlx::{PgConnection, postgres::PgArguments, query::Query, types::Json};
use uuid::Uuid;

use super::{JobRow, fetch};
use crate::{Store, StoreError, clean::storable};

/// A job to be made.
#[derive(Debug)]
pub struct NewJob<'a> {
    /// Its identity.
    pub id: JobId,
    /// Whose.
    pub workspace: &'a str,
    /// What a person decided, checked.
    pub spec: &'a JobSpec,
    /// The pool of a blueprint's repository; that of a job is made with it, under this identity.
    pub pool: PoolId,
    /// Who makes it.
    pub created_by: &'a str,
    /// When.
    pub at: DateTime<Utc>,
}

const INSERT: &str = "
INSERT INTO jobs (id, name, description, title, prompt, template_id, repo_url, base_branch, agent_type, model,
                  priority, retries_max, turns_max, budget_usd, runs_max, warm, sandboxes_max, runs_each_max,
                  environment, params_schema, enabled, pool_id, updated_at, sandbox, kind, workspace,
                  created_by, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
        $23, $24, $25, $26, $27, $23)";

const UPDATE: &str = "
UPDATE jobs SET name = $2, description = $3, title = $4, prompt = $5, template_id = $6, repo_url = $7,
       base_branch = $8, agent_type = $9, model = $10, priority = $11, retries_max = $12, turns_max = $13,
       budget_usd = $14, runs_max = $15, warm = $16, sandboxes_max = $17, runs_each_max = $18,
       environment = $19, params_schema = $20, enabled = $21, pool_id = $22, updated_at = $23,
       sandbox = $24
WHERE id = $1 AND deleted_at IS NULL";

/// The parameters 1 to 24 of both.
fn said<'q>(
    statement: &'static str,
    id: JobId,
    spec: &'q JobSpec,
    pool: PoolId,
    at: DateTime<Utc>,
) -> Result<Query<'q, sqlx::Postgres, PgArguments>, StoreError> {
    let environment = spec.environment.as_ref().map(storable).transpose()?;
    let schema = spec.params_schema.as_ref().map(storable).transpose()?;
    Ok(sqlx::query(statement)
        .bind(id.0)
        .bind(&spec.name)
        .bind(&spec.description)
        .bind(&spec.title)
        .bind(&spec.prompt)
        .bind(spec.template)
        .bind(&spec.repo_url)
        .bind(&spec.base_branch)
        .bind(&spec.agent_type)
        .bind(&spec.model)
        .bind(spec.priority)
        .bind(spec.retries_max)
        .bind(spec.turns_max)
        .bind(spec.budget_usd)
        .bind(spec.runs_max)
        .bind(spec.warm)
        .bind(spec.sandboxes_max)
        .bind(spec.runs_each_max)
        .bind(environment)
        .bind(schema)
        .bind(spec.enabled)
        .bind(pool.0)
        .bind(at)
        .bind(Json(&spec.sandbox)))
}

fn named(error: sqlx::Error, spec: &JobSpec) -> StoreError {
    let constraint = error.as_database_error().and_then(|it| it.constraint());
    match constraint {
        Some("jobs_by_name") => StoreError::NameTaken {
            what: spec.kind.word(),
            name: spec.name.clone(),
        },
        _ => error.into(),
    }
}

impl Store {
    /// Makes a job with its actor, and with its pool where it has one of its own.
    ///
    /// # Errors
    /// [`StoreError::NameTaken`] where another of its kind has its name.
    pub async fn create_job(&self, new: &NewJob<'_>) -> Result<JobRow, StoreError> {
        let mut tx = self.pool.begin().await?;
        if new.spec.kind == JobKind::Standalone {
            own_pool(&mut tx, new).await?;
        }
        sqlx::query("INSERT INTO actors (kind, id, wake_at) VALUES ('job', $1, $2)")
            .bind(new.id.0)
            .bind(new.at)
            .execute(&mut *tx)
            .await?;
        said(INSERT, new.id, new.spec, new.pool, new.at)?
            .bind(new.spec.kind.name())
            .bind(new.workspace)
            .bind(new.created_by)
            .execute(&mut *tx)
            .await
            .map_err(|error| named(error, new.spec))?;
        let row = fetch(&mut tx, new.id).await?;
        tx.commit().await?;
        row.ok_or(StoreError::Moved)
    }

    /// Changes a job; `None` where there is none. Runs that were started keep what they were told; what bounds
    /// them holds from now on.
    ///
    /// # Errors
    /// As [`Store::create_job`].
    pub async fn change_job(
        &self,
        id: JobId,
        spec: &JobSpec,
        pool: PoolId,
        at: DateTime<Utc>,
    ) -> Result<Option<JobRow>, StoreError> {
        let mut tx = self.pool.begin().await?;
        // The actors first, as by every step: the job may be started now, its pool may have to grow.
        sqlx::query(
            "UPDATE actors SET wake_at = $3, version = version + 1
             WHERE (kind, id) IN (('job', $1), ('pool', $2))",
        )
        .bind(id.0)
        .bind(pool.0)
        .bind(at)
        .execute(&mut *tx)
        .await?;
        let done = said(UPDATE, id, spec, pool, at)?
            .execute(&mut *tx)
            .await
            .map_err(|error| named(error, spec))?;
        if done.rows_affected() == 0 {
            return Ok(None);
        }
        let row = fetch(&mut tx, id).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Deletes a job with its triggers, and cancels its runs. What they did stays. False where there is no such
    /// job.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn delete_job(&self, job: &JobRow, at: DateTime<Utc>) -> Result<bool, StoreError> {
        let mut tx = self.pool.begin().await?;
        wake(&mut tx, job, at).await?;
        sqlx::query(
            "UPDATE actors a SET wake_at = $2, version = version + 1 FROM tasks t
             WHERE t.job_id = $1 AND t.kind = 'job' AND a.kind = 'task' AND a.id = t.id
               AND t.state NOT IN ('completed', 'failed', 'cancelled')",
        )
        .bind(job.id.0)
        .bind(at)
        .execute(&mut *tx)
        .await?;
        let done = sqlx::query(
            "UPDATE jobs SET deleted_at = $2, updated_at = $2, enabled = false
             WHERE id = $1 AND deleted_at IS NULL",
        )
        .bind(job.id.0)
        .bind(at)
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query(
            "DELETE FROM triggers WHERE target_type IN ('job', 'task_config') AND target_id = $1",
        )
        .bind(job.id.0)
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "UPDATE tasks SET intent = $2, intent_words = 'its job was deleted', updated_at = $3
             WHERE job_id = $1 AND kind = 'job' AND state NOT IN ('completed', 'failed', 'cancelled')",
        )
        .bind(job.id.0)
        .bind(Intent::Cancel.name())
        .bind(at)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(true)
    }
}

async fn own_pool(tx: &mut PgConnection, new: &NewJob<'_>) -> Result<(), StoreError> {
    sqlx::query(
        "WITH made AS (
           INSERT INTO pools (id, workspace, job_id, created_at) VALUES ($1, $2, $3, $4) RETURNING id
         )
         INSERT INTO actors (kind, id, wake_at) SELECT 'pool', id, $4 FROM made",
    )
    .bind(new.pool.0)
    .bind(new.workspace)
    .bind(new.id.0)
    .bind(new.at)
    .execute(tx)
    .await?;
    Ok(())
}

async fn wake(tx: &mut PgConnection, job: &JobRow, at: DateTime<Utc>) -> Result<(), StoreError> {
    let keys: [(&str, Uuid); 2] = [("job", job.id.0), ("pool", job.pool.0)];
    for (kind, id) in keys {
        sqlx::query(
            "UPDATE actors SET wake_at = $3, version = version + 1 WHERE kind = $1 AND id = $2",
        )
        .bind(kind)
        .bind(id)
        .bind(at)
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}
