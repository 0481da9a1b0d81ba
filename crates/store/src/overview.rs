//! Everything at one look: who works, who waits and why, what failed, which sandboxes there are, what happened.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Store, StoreError};

/// Someone who is not at rest: an agent, a task, a run of a job, or a review.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct BusyRow {
    /// agent, task, job or `pr_review`.
    pub kind: String,
    /// Which.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// Where it stands, in the word of its kind.
    pub state: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Why, as far as its state says.
    pub reason: Option<String>,
    /// What last went wrong: the class of failure.
    pub error_class: Option<String>,
    /// What it waits for, in words.
    pub waits_for: String,
    /// Who can end that.
    pub holder: String,
    /// When it looks again by itself.
    pub until: Option<DateTime<Utc>>,
    /// Why it was left alone.
    pub quarantine: Option<String>,
}

/// A sandbox.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct SandboxRow {
    /// Which.
    pub id: Uuid,
    /// agent, repository or job.
    pub owner_kind: String,
    /// Whose: an agent, or a pool.
    pub owner: Uuid,
    /// What people call that.
    pub owner_name: Option<String>,
    /// Runs in it that are not over.
    pub runs: i64,
    /// When it was first wanted.
    pub created_at: DateTime<Utc>,
    /// Until when it is kept without work.
    pub keep_until: Option<DateTime<Utc>>,
    /// Since when only its files are kept.
    pub dormant_since: Option<DateTime<Utc>>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct HappenedRow {
    /// Its place among all.
    pub id: i64,
    /// Such as `task:state_changed`.
    #[sqlx(rename = "type")]
    pub type_name: String,
    /// To whom.
    pub actor_id: Uuid,
    /// What people call that.
    pub name: Option<String>,
    /// The event.
    pub data: Value,
    /// When.
    pub at: DateTime<Utc>,
}

const BUSY: &str = "
SELECT b.kind, b.id, b.name, b.state, b.since, b.reason, b.error_class, a.wait_reason AS waits_for,
       a.wait_holder AS holder, a.wake_at AS until, a.quarantine_reason AS quarantine
FROM (
  SELECT 'agent' AS kind, 'agent' AS actor, g.id, g.slug AS name, g.state, g.state_since AS since,
         COALESCE(g.pause_reason, CASE WHEN g.state = 'failed' THEN g.last_failure_reason END) AS reason,
         CASE WHEN g.state = 'failed' THEN g.last_failure_class END AS error_class
    FROM agents g WHERE g.workspace = $1 AND NOT g.deleting AND g.state NOT IN ('idle', 'archived')
  UNION ALL
  SELECT CASE t.kind WHEN 'job' THEN 'job' ELSE 'task' END, 'task', t.id, t.title, t.state, t.state_since,
         COALESCE(t.error, t.state_reason), t.error_class
    FROM tasks t WHERE t.workspace = $1
     AND (t.state NOT IN ('completed', 'cancelled', 'failed') OR (t.state = 'failed' AND t.state_since > $2))
  UNION ALL
  SELECT 'pr_review', 'pr-review', v.id, v.title, v.state, v.state_since, NULL, NULL
    FROM pr_reviews v WHERE v.workspace = $1
     AND (v.state IN ('queued', 'waiting_ci', 'reviewing', 'ready') OR (v.state = 'failed' AND v.state_since > $2))
) b JOIN actors a ON a.kind = b.actor AND a.id = b.id
ORDER BY b.since DESC, b.id LIMIT $3";

impl Store {
    /// Who is not at rest, the latest first; what has failed only as far as that was after a moment.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn busy(
        &self,
        workspace: &str,
        failed_after: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<BusyRow>, StoreError> {
        Ok(sqlx::query_as(BUSY)
            .bind(workspace)
            .bind(failed_after)
            .bind(limit)
            .fetch_all(&self.pool)
            .await?)
    }

    /// The sandboxes there are, those that work first.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn sandboxes_of(
        &self,
        workspace: &str,
        limit: i64,
    ) -> Result<Vec<SandboxRow>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT s.id, CASE WHEN g.id IS NOT NULL THEN 'agent' WHEN p.job_id IS NOT NULL THEN 'job'
                               ELSE 'repository' END AS owner_kind,
                    s.actor_id AS owner, COALESCE(g.slug, j.name, p.repo_url) AS owner_name,
                    (SELECT count(*) FROM runs r WHERE r.sandbox_id = s.id AND r.state <> 'ended') AS runs,
                    s.created_at, s.keep_until, s.dormant_since
             FROM sandboxes s
             LEFT JOIN agents g ON s.actor_kind = 'agent' AND g.id = s.actor_id
             LEFT JOIN pools p ON s.actor_kind = 'pool' AND p.id = s.actor_id
             LEFT JOIN jobs j ON j.id = p.job_id
             WHERE COALESCE(g.workspace, p.workspace) = $1
             ORDER BY s.dormant_since IS NOT NULL, 5 DESC, s.created_at DESC, s.id LIMIT $2",
        )
        .bind(workspace)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?)
    }

    /// What has happened since a moment, the latest first, without the lines of runs: of these types, all where
    /// none is named, and before a place.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn happened(
        &self,
        since: DateTime<Utc>,
        types: &[String],
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<HappenedRow>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT e.id, e.type, e.actor_id, COALESCE(g.slug, t.title, v.title, j.name) AS name, e.data, e.at
             FROM events e
             LEFT JOIN agents g ON g.id = e.actor_id
             LEFT JOIN tasks t ON t.id = e.actor_id
             LEFT JOIN pr_reviews v ON v.id = e.actor_id
             LEFT JOIN jobs j ON j.id = e.actor_id
             WHERE e.type NOT LIKE '%:log' AND $1 <= e.at AND ($2::bigint IS NULL OR e.id < $2)
               AND (cardinality($3::text[]) = 0 OR split_part(e.type, ':', 1) = ANY($3))
             ORDER BY e.id DESC LIMIT $4",
        )
        .bind(since)
        .bind(before)
        .bind(types)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?)
    }
}
