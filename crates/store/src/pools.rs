//! Pools: the sandboxes of a repository, and the worktrees in them.

use chrono::{DateTime, Utc};
use optio_domain::{
    actor::Wait,
    id::{PoolId, SandboxId, TaskId},
    pool::{Dormant, Instance, Seen, Worktree},
    wire::checkout::Removal,
};
use sqlx::{AssertSqlSafe, FromRow};
use uuid::Uuid;

use crate::{Store, StoreError, actors::Version, step::Step};

/// The sandboxes of the pool `$1` that are in use, and how many runs in each are not known to be over.
pub(crate) const INSTANCES: &str = "
SELECT s.id, s.keep_until,
       (SELECT count(*) FROM runs r WHERE r.sandbox_id = s.id AND r.state <> 'ended') AS runs
FROM sandboxes s WHERE s.actor_kind = 'pool' AND s.actor_id = $1 AND s.dormant_since IS NULL
ORDER BY s.created_at, s.id";

#[derive(FromRow)]
pub(crate) struct Row {
    id: Uuid,
    keep_until: Option<DateTime<Utc>>,
    runs: i64,
}

pub(crate) fn instances(rows: Vec<Row>) -> Vec<Instance> {
    rows.into_iter()
        .map(|row| Instance {
            sandbox: SandboxId(row.id),
            runs: row.runs,
            keep_until: row.keep_until,
            // Whoever is connected to its runner knows.
            connected: false,
        })
        .collect()
}

#[derive(FromRow)]
struct RawWorktree {
    id: Uuid,
    sandbox_id: Uuid,
    due_at: Option<DateTime<Utc>>,
    asked_at: Option<DateTime<Utc>>,
    holds_work: Option<bool>,
    discard: bool,
}

/// What a pool's plan looks at, except for what only memory knows.
#[derive(Debug, Clone, PartialEq)]
pub struct PoolSight {
    /// Which.
    pub pool: PoolId,
    /// The version that was read.
    pub version: Version,
    /// What its row says it waits for.
    pub wait: Wait,
    /// Whether it is left alone.
    pub quarantined: bool,
    /// Its sandboxes and worktrees; which of them are connected is not told.
    pub seen: Seen,
    /// The worktrees in which everything may be thrown away.
    pub discard: Vec<Uuid>,
    /// Whether the files of its sandboxes are to outlive the places they run in: a repository's are.
    pub durable: bool,
}

/// How a worktree of a task stands.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct WorktreeRow {
    /// From when on nobody needs it.
    pub due_at: Option<DateTime<Utc>>,
    /// Why its runner did not remove it.
    pub kept: Option<String>,
}

impl Store {
    /// Reads everything a pool's plan looks at.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn see_pool(&self, pool: PoolId) -> Result<Option<PoolSight>, StoreError> {
        let Some(actor) = self.actor(pool.into()).await? else {
            return Ok(None);
        };
        let rows: Vec<Row> = sqlx::query_as(INSTANCES)
            .bind(pool.0)
            .fetch_all(&self.pool)
            .await?;
        let dormant: Vec<(Uuid, DateTime<Utc>)> = sqlx::query_as(
            "SELECT id, COALESCE(keep_until, dormant_since) FROM sandboxes
             WHERE actor_kind = 'pool' AND actor_id = $1 AND dormant_since IS NOT NULL
             ORDER BY dormant_since, id",
        )
        .bind(pool.0)
        .fetch_all(&self.pool)
        .await?;
        let worktrees: Vec<RawWorktree> = sqlx::query_as(
            "SELECT id, sandbox_id, due_at, asked_at, discard,
                    CASE WHEN kept IS NOT NULL THEN true WHEN discard THEN false
                         ELSE 0 < unpushed + dirty END AS holds_work
             FROM worktrees WHERE pool_id = $1 ORDER BY due_at, id",
        )
        .bind(pool.0)
        .fetch_all(&self.pool)
        .await?;
        let warm: Option<(i32, i32)> = sqlx::query_as(
            "SELECT j.warm, j.sandboxes_max FROM pools p JOIN jobs j ON j.id = p.job_id
             WHERE p.id = $1 AND j.enabled AND j.deleted_at IS NULL",
        )
        .bind(pool.0)
        .fetch_optional(&self.pool)
        .await?;
        let (warm, sandboxes_max) = warm.unwrap_or_default();
        let durable = sqlx::query_scalar("SELECT repo_url IS NOT NULL FROM pools WHERE id = $1")
            .bind(pool.0)
            .fetch_one(&self.pool)
            .await?;
        let discard = worktrees
            .iter()
            .filter(|it| it.discard)
            .map(|it| it.id)
            .collect();
        Ok(Some(PoolSight {
            pool,
            version: actor.version,
            wait: actor.wait,
            quarantined: actor.quarantine.is_some(),
            seen: Seen {
                instances: instances(rows),
                dormant: dormant
                    .into_iter()
                    .map(|(sandbox, keep_until)| Dormant {
                        sandbox: SandboxId(sandbox),
                        keep_until,
                    })
                    .collect(),
                worktrees: worktrees.into_iter().map(worktree).collect(),
                warm: warm.into(),
                sandboxes_max: sandboxes_max.into(),
            },
            discard,
            durable,
        }))
    }

    /// How the worktree of a task stands; none before its first run and after it was removed.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn worktree(&self, task: TaskId) -> Result<Option<WorktreeRow>, StoreError> {
        Ok(
            sqlx::query_as("SELECT due_at, kept FROM worktrees WHERE id = $1")
                .bind(task.0)
                .fetch_optional(&self.pool)
                .await?,
        )
    }

    /// Takes in what a runner says about the removal of a worktree, and says whose pool that concerns. What
    /// is said of a worktree that is needed again, or is elsewhere, changes nothing.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away.
    pub async fn worktree_answered(
        &self,
        sandbox: SandboxId,
        worktree: Uuid,
        outcome: &Removal,
        now: DateTime<Utc>,
    ) -> Result<Option<PoolId>, StoreError> {
        let kept = match outcome {
            Removal::Removed | Removal::Absent => None,
            Removal::InUse => return Ok(None),
            Removal::Unpushed(state) => Some(format!(
                "{} commits that were not pushed and {} files that were not committed are in it",
                state.unpushed, state.dirty_files
            )),
            Removal::Failed { reason } => Some(reason.clone()),
        };
        let mut tx = self.pool.begin().await?;
        let pool: Option<(Uuid,)> = sqlx::query_as(
            "SELECT pool_id FROM worktrees WHERE id = $1 AND sandbox_id = $2 AND due_at IS NOT NULL",
        )
        .bind(worktree)
        .bind(sandbox.0)
        .fetch_optional(&mut *tx)
        .await?;
        let Some((pool,)) = pool else {
            return Ok(None);
        };
        // The pool's row first, as everybody locks it.
        sqlx::query(
            "UPDATE actors SET wake_at = LEAST(wake_at, $2), version = version + 1
             WHERE kind = 'pool' AND id = $1",
        )
        .bind(pool)
        .bind(now)
        .execute(&mut *tx)
        .await?;
        let sql = match kept {
            None => {
                "DELETE FROM worktrees WHERE id = $1 AND sandbox_id = $2 AND due_at IS NOT NULL AND $3::text IS NULL"
            }
            Some(_) => {
                "UPDATE worktrees SET kept = $3 WHERE id = $1 AND sandbox_id = $2 AND due_at IS NOT NULL"
            }
        };
        sqlx::query(sql)
            .bind(worktree)
            .bind(sandbox.0)
            .bind(kept)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(Some(PoolId(pool)))
    }
}

fn worktree(row: RawWorktree) -> Worktree {
    Worktree {
        name: row.id,
        sandbox: SandboxId(row.sandbox_id),
        due: row.due_at,
        asked: row.asked_at,
        holds_work: row.holds_work,
        connected: false,
    }
}

impl Step {
    /// Writes down a sandbox of the pool that is started before anything runs in it.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn pool_sandbox_warm(&mut self, sandbox: SandboxId) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO sandboxes (id, actor_kind, actor_id, created_at) VALUES ($1, 'pool', $2, $3)",
        )
        .bind(sandbox.0)
        .bind(self.key.id)
        .bind(self.now)
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Wakes the pool of whose step it is, also where nobody is there to be told. The table is where it is
    /// written down.
    pub(crate) async fn wake_pool_of(&mut self, table: &'static str) -> Result<(), StoreError> {
        let sql = format!(
            "UPDATE actors SET wake_at = LEAST(wake_at, $2), version = version + 1
             WHERE kind = 'pool' AND id = (SELECT pool_id FROM {table} WHERE id = $1)"
        );
        sqlx::query(AssertSqlSafe(sql))
            .bind(self.key.id)
            .bind(self.now)
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    /// Notes that a sandbox of the pool is about to be ended and its files to be kept until then, where no
    /// run is in it. False where one is.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn pool_sandbox_dormant(
        &mut self,
        sandbox: SandboxId,
        keep_until: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE sandboxes SET dormant_since = $2, keep_until = $3
             WHERE id = $1 AND keep_until <= $2 AND dormant_since IS NULL
               AND NOT EXISTS (SELECT FROM runs WHERE sandbox_id = $1 AND state <> 'ended')",
        )
        .bind(sandbox.0)
        .bind(self.now)
        .bind(keep_until)
        .execute(&mut *self.tx)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Notes that the files of an ended sandbox are about to be removed, with the worktrees in it. False
    /// where it is in use again.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn pool_sandbox_gone(&mut self, sandbox: SandboxId) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "DELETE FROM sandboxes WHERE id = $1 AND dormant_since IS NOT NULL AND keep_until <= $2
               AND NOT EXISTS (SELECT FROM runs WHERE sandbox_id = $1 AND state <> 'ended')
               AND NOT EXISTS (SELECT FROM worktrees WHERE sandbox_id = $1 AND due_at IS NULL)",
        )
        .bind(sandbox.0)
        .bind(self.now)
        .execute(&mut *self.tx)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query("DELETE FROM worktrees WHERE sandbox_id = $1")
            .bind(sandbox.0)
            .execute(&mut *self.tx)
            .await?;
        Ok(true)
    }

    /// Notes that a runner is about to be asked to remove a worktree. False where somebody needs it again.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn worktree_asked(&mut self, worktree: Uuid) -> Result<bool, StoreError> {
        let done = sqlx::query("UPDATE worktrees SET asked_at = $2 WHERE id = $1 AND due_at <= $2")
            .bind(worktree)
            .bind(self.now)
            .execute(&mut *self.tx)
            .await?;
        Ok(done.rows_affected() == 1)
    }
}
