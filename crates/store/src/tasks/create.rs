//! Accepting a task.

use chrono::{DateTime, Utc};
use optio_domain::{
    id::{PoolId, TaskId},
    job::Origin,
    task::{TaskState, seen::TaskType, spec::TaskSpec},
};
use serde_json::json;
use sqlx::{PgConnection, Postgres, Transaction, types::Json};
use uuid::Uuid;

use super::{TaskRow, fetch};
use crate::{
    Store, StoreError,
    step::{self, NewEvent},
};

/// A task to be accepted.
#[derive(Debug)]
pub struct NewTask<'a> {
    /// Its identity, made beside its pool's.
    pub id: TaskId,
    /// Whose.
    pub workspace: &'a str,
    /// What is asked for.
    pub spec: &'a TaskSpec,
    /// Where it may run.
    pub pool: PoolId,
    /// What has to be completed first.
    pub depends_on: &'a [TaskId],
    /// The job or blueprint it is a run of.
    pub origin: Option<&'a Origin>,
    /// Who asks.
    pub created_by: &'a str,
    /// When.
    pub at: DateTime<Utc>,
}

const INSERT: &str = "
INSERT INTO tasks (id, workspace, kind, title, prompt, repo_url, base_branch, agent_type, model, priority,
                   retries_max, ticket_source, ticket_id, metadata, parent_id, blocks_parent, head, pool_id,
                   state, state_since, created_by, created_at, updated_at, job_id, trigger_id, params, hops)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $20, $20,
        $22, $23, $24, $25)";

impl Store {
    /// The pool of a repository in a workspace, made where there is none yet.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn pool_of(
        &self,
        workspace: &str,
        repo_url: &str,
        fresh: Uuid,
        at: DateTime<Utc>,
    ) -> Result<PoolId, StoreError> {
        let known = "SELECT id FROM pools WHERE workspace = $1 AND repo_url = $2";
        let find = || {
            sqlx::query_as::<_, (Uuid,)>(known)
                .bind(workspace)
                .bind(repo_url)
        };
        if let Some((id,)) = find().fetch_optional(&self.pool).await? {
            return Ok(PoolId(id));
        }
        let mut tx = self.pool.begin().await?;
        sqlx::query(
            "WITH made AS (
               INSERT INTO pools (id, workspace, repo_url, created_at) VALUES ($1, $2, $3, $4)
               ON CONFLICT (workspace, repo_url) DO NOTHING RETURNING id
             )
             INSERT INTO actors (kind, id, wake_at) SELECT 'pool', id, $4 FROM made",
        )
        .bind(fresh)
        .bind(workspace)
        .bind(repo_url)
        .bind(at)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        let (id,) = find().fetch_one(&self.pool).await?;
        Ok(PoolId(id))
    }

    /// Accepts a task with its actor and what it depends on, or nothing of it.
    ///
    /// # Errors
    /// [`StoreError::UnknownTask`] where a dependency is none of the workspace's tasks,
    /// [`StoreError::TicketTaken`] where another task has its ticket.
    pub async fn create_task(&self, new: &NewTask<'_>) -> Result<TaskRow, StoreError> {
        let mut tx = self.pool.begin().await?;
        insert_task(&mut tx, new).await?;
        let row = fetch(&mut tx, new.id).await?;
        tx.commit().await?;
        row.ok_or(StoreError::Moved)
    }
}

/// The same inside somebody else's transaction.
pub(crate) async fn insert_task(
    tx: &mut Transaction<'_, Postgres>,
    new: &NewTask<'_>,
) -> Result<(), StoreError> {
    known(tx, new.workspace, new.depends_on).await?;
    sqlx::query("INSERT INTO actors (kind, id, wake_at) VALUES ('task', $1, $2)")
        .bind(new.id.0)
        .bind(new.at)
        .execute(&mut **tx)
        .await?;
    let inserted = insert_row(tx, new).await;
    if let Err(error) = inserted {
        let constraint = error.as_database_error().and_then(|it| it.constraint());
        return Err(match (constraint, &new.spec.ticket_id) {
            (Some("tasks_of_ticket"), Some(ticket)) => StoreError::TicketTaken(ticket.clone()),
            _ => error.into(),
        });
    }
    for on in new.depends_on {
        sqlx::query("INSERT INTO task_dependencies (task_id, depends_on) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(new.id.0)
            .bind(on.0)
            .execute(&mut **tx)
            .await?;
    }
    let state = TaskState::Pending.name();
    sqlx::query(
        "INSERT INTO task_events (task_id, to_state, trigger, by, at) VALUES ($1, $2, 'created', $3, $4)",
    )
    .bind(new.id.0)
    .bind(state)
    .bind(new.created_by)
    .bind(new.at)
    .execute(&mut **tx)
    .await?;
    let event = NewEvent {
        actor_id: new.id.0,
        turn_id: None,
        type_name: match new.spec.kind {
            TaskType::Coding | TaskType::Review => "task:created",
            TaskType::Job => "workflow_run:created",
        },
        data: json!({
            "taskId": new.id, "title": new.spec.title, "state": state,
            "workflowId": new.origin.map(|origin| origin.job),
        }),
        at: new.at,
    };
    step::tell(tx, &[event]).await
}

async fn insert_row(
    tx: &mut Transaction<'_, Postgres>,
    new: &NewTask<'_>,
) -> Result<(), sqlx::Error> {
    let spec = new.spec;
    sqlx::query(INSERT)
        .bind(new.id.0)
        .bind(new.workspace)
        .bind(spec.kind.name())
        .bind(&spec.title)
        .bind(&spec.prompt)
        .bind(&spec.repo_url)
        .bind(&spec.base_branch)
        .bind(&spec.agent_type)
        .bind(&spec.model)
        .bind(spec.priority)
        .bind(spec.retries_max)
        .bind(&spec.ticket_source)
        .bind(&spec.ticket_id)
        .bind(&spec.metadata)
        .bind(spec.parent.map(|parent| parent.0))
        .bind(spec.blocks_parent)
        .bind(&spec.head)
        .bind(new.pool.0)
        .bind(TaskState::Pending.name())
        .bind(new.at)
        .bind(new.created_by)
        .bind(new.origin.map(|origin| origin.job.0))
        .bind(new.origin.and_then(|origin| Some(origin.trigger?.0)))
        .bind(new.origin.map(|origin| Json(&origin.params)))
        .bind(new.origin.map_or(0, |origin| origin.hops))
        .execute(&mut **tx)
        .await
        .map(drop)
}

/// Sees to it that these are tasks of the workspace.
pub(super) async fn known(
    connection: &mut PgConnection,
    workspace: &str,
    tasks: &[TaskId],
) -> Result<(), StoreError> {
    let ids: Vec<Uuid> = tasks.iter().map(|task| task.0).collect();
    let unknown: Option<(Uuid,)> = sqlx::query_as(
        "SELECT w.id FROM UNNEST($1::uuid[]) AS w (id)
         WHERE NOT EXISTS (SELECT FROM tasks t WHERE t.id = w.id AND t.workspace = $2) LIMIT 1",
    )
    .bind(ids)
    .bind(workspace)
    .fetch_optional(connection)
    .await?;
    match unknown {
        Some((id,)) => Err(StoreError::UnknownTask(TaskId(id))),
        None => Ok(()),
    }
}
