//! Pools: the sandboxes of a repository.

use chrono::{DateTime, Utc};
use optio_domain::{
    actor::Wait,
    id::{PoolId, SandboxId},
    pool::Instance,
};
use sqlx::FromRow;
use uuid::Uuid;

use crate::{Store, StoreError, actors::Version, step::Step};

/// The sandboxes of the pool `$1`, and how many runs in each are not known to be over.
pub(crate) const INSTANCES: &str = "
SELECT s.id, s.keep_until,
       (SELECT count(*) FROM runs r WHERE r.sandbox_id = s.id AND r.state <> 'ended') AS runs
FROM sandboxes s WHERE s.actor_kind = 'pool' AND s.actor_id = $1 ORDER BY s.created_at, s.id";

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
        })
        .collect()
}

/// What a pool's plan looks at.
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
    /// Its sandboxes.
    pub instances: Vec<Instance>,
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
        Ok(Some(PoolSight {
            pool,
            version: actor.version,
            wait: actor.wait,
            quarantined: actor.quarantine.is_some(),
            instances: instances(rows),
        }))
    }
}

impl Step {
    /// Notes that a sandbox of the pool is about to be ended, where no run is in it. False where one is.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses.
    pub async fn pool_sandbox_gone(&mut self, sandbox: SandboxId) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "DELETE FROM sandboxes WHERE id = $1 AND keep_until <= $2
               AND NOT EXISTS (SELECT FROM runs WHERE sandbox_id = $1 AND state <> 'ended')",
        )
        .bind(sandbox.0)
        .bind(self.now)
        .execute(&mut *self.tx)
        .await?;
        Ok(done.rows_affected() == 1)
    }
}
