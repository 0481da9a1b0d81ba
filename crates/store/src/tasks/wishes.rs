//! What people want of tasks.

use chrono::{DateTime, Utc};
use optio_domain::{
    id::TaskId,
    task::{
        Intent,
        seen::TaskType,
        spec::{PRIORITY_REVIEW, TaskSpec},
    },
};
use uuid::Uuid;

use super::{NewTask, RepoSettings, TaskRow, create::insert_task};
use crate::{Store, StoreError};

impl Store {
    /// Notes what a person wants of a task. False where there is no such task.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn want_task(
        &self,
        id: TaskId,
        intent: Intent,
        words: Option<&str>,
        at: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut tx = self.pool.begin().await?;
        // The version moves, so that a look that has not seen the wish writes nothing. Actors are locked
        // before their tasks, as by every step.
        let done = sqlx::query(
            "UPDATE actors SET wake_at = $2, version = version + 1 WHERE kind = 'task' AND id = $1",
        )
        .bind(id.0)
        .bind(at)
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "UPDATE tasks SET intent = $2, intent_words = $3, updated_at = $4 WHERE id = $1",
        )
        .bind(id.0)
        .bind(intent.name())
        .bind(words)
        .bind(at)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(done.rows_affected() == 1)
    }

    /// Gives tasks of a workspace the priorities 1, 2, 3 … in this order, and names one that is none of
    /// them: then nothing has changed.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn reorder_tasks(
        &self,
        workspace: &str,
        order: &[TaskId],
        at: DateTime<Utc>,
    ) -> Result<Option<TaskId>, StoreError> {
        let ids: Vec<Uuid> = order.iter().map(|task| task.0).collect();
        let mut tx = self.pool.begin().await?;
        // Locked in one order, so that two such wishes never wait for each other.
        let known: Vec<(Uuid,)> = sqlx::query_as(
            "SELECT id FROM tasks WHERE id = ANY($1) AND workspace = $2 ORDER BY id FOR NO KEY UPDATE",
        )
        .bind(&ids)
        .bind(workspace)
        .fetch_all(&mut *tx)
        .await?;
        let unknown = order.iter().find(|task| !known.contains(&(task.0,)));
        if let Some(unknown) = unknown {
            return Ok(Some(*unknown));
        }
        sqlx::query(
            "UPDATE tasks SET priority = w.place, updated_at = $2
             FROM UNNEST($1::uuid[]) WITH ORDINALITY AS w (id, place) WHERE tasks.id = w.id",
        )
        .bind(&ids)
        .bind(at)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(None)
    }

    /// Notes the same wish for all tasks of a workspace that stand in these states, and names them.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn want_tasks(
        &self,
        workspace: &str,
        states: &[&str],
        intent: Intent,
        at: DateTime<Utc>,
    ) -> Result<Vec<TaskId>, StoreError> {
        let rows: Vec<(Uuid,)> = sqlx::query_as(
            "WITH wanted AS (
               SELECT a.id FROM actors a JOIN tasks t ON t.id = a.id
               WHERE a.kind = 'task' AND t.workspace = $1 AND t.state = ANY($2) AND t.kind <> 'job'
               ORDER BY a.id FOR NO KEY UPDATE OF a
             ), woken AS (
               UPDATE actors SET wake_at = $4, version = version + 1 FROM wanted
               WHERE actors.kind = 'task' AND actors.id = wanted.id
             )
             UPDATE tasks SET intent = $3, intent_words = NULL, updated_at = $4 FROM wanted
             WHERE tasks.id = wanted.id RETURNING tasks.id",
        )
        .bind(workspace)
        .bind(states)
        .bind(intent.name())
        .bind(at)
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|(id,)| TaskId(id)).collect())
    }

    /// A task may start whatever the hour.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn run_task_now(&self, id: TaskId, at: DateTime<Utc>) -> Result<(), StoreError> {
        sqlx::query(
            "WITH woken AS (
               UPDATE actors SET wake_at = $2, version = version + 1
               WHERE kind = 'task' AND id = $1 RETURNING id
             )
             UPDATE tasks SET ignore_off_peak = true, updated_at = $2 FROM woken WHERE tasks.id = woken.id",
        )
        .bind(id.0)
        .bind(at)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The head of a task's open pull request.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn open_head(&self, id: TaskId) -> Result<Option<String>, StoreError> {
        let row: Option<(String,)> = sqlx::query_as(
            "SELECT p.head FROM tasks t JOIN pulls p ON p.id = t.pull_id
             WHERE t.id = $1 AND p.status = 'open'",
        )
        .bind(id.0)
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|(head,)| head))
    }

    /// Creates the review of a head, or names the one there is.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn ask_for_review(
        &self,
        of: &TaskRow,
        head: &str,
        fresh: TaskId,
        by: &str,
        at: DateTime<Utc>,
    ) -> Result<TaskId, StoreError> {
        let settings = self.repo_settings(&of.workspace, &of.spec.repo_url).await?;
        let spec = review_spec(of, head, &settings);
        let known = "SELECT id FROM tasks WHERE parent_id = $1 AND head = $2 AND kind = 'review'";
        let find = || sqlx::query_as::<_, (Uuid,)>(known).bind(of.id.0).bind(head);
        if let Some((id,)) = find().fetch_optional(&self.pool).await? {
            return Ok(TaskId(id));
        }
        let mut tx = self.pool.begin().await?;
        insert_task(
            &mut tx,
            &NewTask {
                id: fresh,
                workspace: &of.workspace,
                spec: &spec,
                pool: of.pool,
                depends_on: &[],
                origin: None,
                created_by: by,
                at,
            },
        )
        .await?;
        tx.commit().await?;
        Ok(fresh)
    }
}

/// The review of a task's pull request, as a task.
#[must_use]
pub fn review_spec(of: &TaskRow, head: &str, settings: &RepoSettings) -> TaskSpec {
    TaskSpec {
        kind: TaskType::Review,
        title: format!("Review: {}", of.spec.title),
        agent_type: settings
            .review_agent
            .clone()
            .unwrap_or_else(|| of.spec.agent_type.clone()),
        model: settings.review_model.clone(),
        priority: PRIORITY_REVIEW,
        ticket_source: None,
        ticket_id: None,
        metadata: None,
        parent: Some(of.id),
        blocks_parent: true,
        head: Some(head.to_owned()),
        ..of.spec.clone()
    }
}
