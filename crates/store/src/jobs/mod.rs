//! Jobs and blueprints: their rows, and how they are made, changed and deleted.

use chrono::{DateTime, Utc};
use optio_domain::{
    id::{JobId, PoolId},
    job::{JobKind, JobSpec},
    sandbox::SandboxSpec,
};
use rust_decimal::Decimal;
use serde_json::Value;
use sqlx::{FromRow, PgConnection, Postgres, QueryBuilder, types::Json};
use uuid::Uuid;

use crate::{Store, StoreError};

mod lists;
mod sight;
mod steps;
mod write;

pub use lists::{JobNumbers, RunStats};
pub use sight::JobSight;
pub use steps::NewRun;
pub use write::NewJob;

/// A job as its row has it.
#[derive(Debug, Clone, PartialEq)]
pub struct JobRow {
    /// Its identity.
    pub id: JobId,
    /// Whose.
    pub workspace: String,
    /// What a person decided.
    pub spec: JobSpec,
    /// Where its runs may run.
    pub pool: PoolId,
    /// Whether it was deleted.
    pub deleted: bool,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

#[derive(FromRow)]
pub(super) struct RawJob {
    id: Uuid,
    workspace: String,
    kind: String,
    name: String,
    description: Option<String>,
    title: Option<String>,
    prompt: String,
    template_id: Option<Uuid>,
    repo_url: Option<String>,
    base_branch: Option<String>,
    agent_type: String,
    model: Option<String>,
    priority: i32,
    retries_max: i32,
    turns_max: Option<i32>,
    budget_usd: Option<Decimal>,
    runs_max: i32,
    warm: i32,
    sandboxes_max: i32,
    runs_each_max: i32,
    environment: Option<Value>,
    sandbox: Json<SandboxSpec>,
    params_schema: Option<Value>,
    enabled: bool,
    pool_id: Uuid,
    deleted_at: Option<DateTime<Utc>>,
    created_by: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

pub(super) const COLUMNS: &str = "j.id, j.workspace, j.kind, j.name, j.description, j.title, j.prompt,
    j.template_id, j.repo_url, j.base_branch, j.agent_type, j.model, j.priority, j.retries_max, j.turns_max,
    j.budget_usd, j.runs_max, j.warm, j.sandboxes_max, j.runs_each_max, j.environment, j.sandbox, j.params_schema,
    j.enabled, j.pool_id, j.deleted_at, j.created_by, j.created_at, j.updated_at";

impl RawJob {
    pub(super) fn read(self) -> Result<JobRow, StoreError> {
        let kind = JobKind::parse(&self.kind)
            .ok_or_else(|| StoreError::Corrupt(format!("job {}: its kind is unknown", self.id)))?;
        Ok(JobRow {
            id: JobId(self.id),
            workspace: self.workspace,
            spec: JobSpec {
                kind,
                name: self.name,
                description: self.description,
                title: self.title,
                prompt: self.prompt,
                template: self.template_id,
                repo_url: self.repo_url,
                base_branch: self.base_branch,
                agent_type: self.agent_type,
                model: self.model,
                priority: self.priority,
                retries_max: self.retries_max,
                turns_max: self.turns_max,
                budget_usd: self.budget_usd,
                runs_max: self.runs_max,
                warm: self.warm,
                sandboxes_max: self.sandboxes_max,
                runs_each_max: self.runs_each_max,
                environment: self.environment,
                sandbox: self.sandbox.0,
                params_schema: self.params_schema,
                enabled: self.enabled,
            },
            pool: PoolId(self.pool_id),
            deleted: self.deleted_at.is_some(),
            created_by: self.created_by,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

pub(super) fn select() -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new("SELECT ");
    query.push(COLUMNS).push(" FROM jobs j");
    query
}

pub(super) async fn fetch(
    connection: &mut PgConnection,
    id: JobId,
) -> Result<Option<JobRow>, StoreError> {
    let mut query = select();
    query.push(" WHERE j.id = ").push_bind(id.0);
    let row: Option<RawJob> = query.build_query_as().fetch_optional(connection).await?;
    row.map(RawJob::read).transpose()
}

impl Store {
    /// Reads a job, also one that was deleted.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away or the row contradicts itself.
    pub async fn job(&self, id: JobId) -> Result<Option<JobRow>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        fetch(&mut connection, id).await
    }
}
