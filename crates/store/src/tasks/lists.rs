//! Finding tasks.

use chrono::{DateTime, Utc};
use optio_domain::{
    id::{JobId, TaskId},
    task::seen::TaskType,
};
use rust_decimal::Decimal;
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use super::{RawTask, TaskRow, select};
use crate::{Store, StoreError};

/// Which tasks are wanted; what is not given does not matter.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WantedTasks {
    /// With this text in title or prompt, whatever its case.
    pub text: Option<String>,
    /// In this state.
    pub state: Option<String>,
    /// Of this repository.
    pub repo_url: Option<String>,
    /// With this agent program.
    pub agent_type: Option<String>,
    /// One of these kinds: coding, review, job.
    pub kinds: Vec<TaskType>,
    /// Run of this job or blueprint.
    pub job: Option<JobId>,
    /// At least so many dollars.
    pub cost_min: Option<Decimal>,
    /// At most so many dollars.
    pub cost_max: Option<Decimal>,
    /// Created at or after.
    pub created_after: Option<DateTime<Utc>>,
    /// Created before.
    pub created_before: Option<DateTime<Utc>>,
    /// By this person.
    pub author: Option<String>,
    /// Part of this task.
    pub parent: Option<TaskId>,
}

/// Which page of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskPage {
    /// After this one, where a page before has ended.
    pub after: Option<(DateTime<Utc>, Uuid)>,
    /// Tasks to leave out first.
    pub offset: i64,
    /// Most tasks.
    pub limit: i64,
}

impl Store {
    /// One page of a workspace's tasks, newest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn tasks(
        &self,
        workspace: &str,
        wanted: &WantedTasks,
        page: TaskPage,
    ) -> Result<Vec<TaskRow>, StoreError> {
        let mut query = select();
        query.push(" WHERE t.workspace = ").push_bind(workspace);
        narrow(&mut query, wanted);
        if let Some((at, id)) = page.after {
            query.push(" AND (t.created_at, t.id) < (").push_bind(at);
            query.push(", ").push_bind(id).push(")");
        }
        query.push(" ORDER BY t.created_at DESC, t.id DESC LIMIT ");
        query
            .push_bind(page.limit)
            .push(" OFFSET ")
            .push_bind(page.offset);
        let rows: Vec<RawTask> = query.build_query_as().fetch_all(&self.pool).await?;
        rows.into_iter().map(RawTask::read).collect()
    }

    /// How many tasks of a workspace stand where.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn task_stats(&self, workspace: &str) -> Result<Vec<(String, i64)>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT state, count(*) FROM tasks WHERE workspace = $1 AND kind <> 'job'
             GROUP BY state ORDER BY state",
        )
        .bind(workspace)
        .fetch_all(&self.pool)
        .await?)
    }

    /// Tasks of a workspace whose ids are in this range, two at most.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn tasks_between(
        &self,
        workspace: &str,
        low: Uuid,
        high: Uuid,
    ) -> Result<Vec<TaskRow>, StoreError> {
        let mut query = select();
        query.push(" WHERE t.id BETWEEN ").push_bind(low);
        query.push(" AND ").push_bind(high);
        query
            .push(" AND t.workspace = ")
            .push_bind(workspace)
            .push(" LIMIT 2");
        let rows: Vec<RawTask> = query.build_query_as().fetch_all(&self.pool).await?;
        rows.into_iter().map(RawTask::read).collect()
    }

    /// The queued tasks that go first, as many of each pool as there may be runs: a pool that is full hides no
    /// other.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn next_tasks(
        &self,
        now: DateTime<Utc>,
        max: i64,
    ) -> Result<Vec<TaskId>, StoreError> {
        let rows: Vec<(Uuid,)> = sqlx::query_as(
            "SELECT id FROM (
               SELECT id, priority, created_at,
                      row_number() OVER (PARTITION BY pool_id ORDER BY priority, created_at, id) AS place
               FROM tasks WHERE state = 'queued' AND COALESCE(hold_until <= $1, true)
             ) q WHERE place <= $2 ORDER BY priority, created_at, id LIMIT $2 * 20",
        )
        .bind(now)
        .bind(max)
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|(id,)| TaskId(id)).collect())
    }
}

fn narrow(query: &mut QueryBuilder<Postgres>, wanted: &WantedTasks) {
    if let Some(text) = &wanted.text {
        query.push(" AND (position(lower(").push_bind(text.clone());
        query.push(") in lower(t.title)) > 0 OR position(lower(");
        query
            .push_bind(text.clone())
            .push(") in lower(t.prompt)) > 0)");
    }
    for (column, value) in [
        ("t.state", &wanted.state),
        ("t.repo_url", &wanted.repo_url),
        ("t.agent_type", &wanted.agent_type),
        ("t.created_by", &wanted.author),
    ] {
        if let Some(value) = value {
            query
                .push(format!(" AND {column} = "))
                .push_bind(value.clone());
        }
    }
    if !wanted.kinds.is_empty() {
        let kinds: Vec<&str> = wanted.kinds.iter().map(|kind| kind.name()).collect();
        query.push(" AND t.kind = ANY(").push_bind(kinds).push(")");
    }
    if let Some(job) = wanted.job {
        query.push(" AND t.job_id = ").push_bind(job.0);
    }
    if let Some(parent) = wanted.parent {
        query.push(" AND t.parent_id = ").push_bind(parent.0);
    }
    if let Some(min) = wanted.cost_min {
        query.push(" AND t.cost_usd >= ").push_bind(min);
    }
    if let Some(max) = wanted.cost_max {
        query.push(" AND t.cost_usd <= ").push_bind(max);
    }
    if let Some(after) = wanted.created_after {
        query.push(" AND t.created_at >= ").push_bind(after);
    }
    if let Some(before) = wanted.created_before {
        query.push(" AND t.created_at < ").push_bind(before);
    }
}
