//! Pools as actors: they end the sandboxes that nobody needs.

use chrono::TimeDelta;
use optio_domain::{
    actor::{ActorKind, Decision, Wait},
    id::{PoolId, SandboxId},
    pool::plan,
    ports::Eventually,
};
use optio_runtime::{Fault, Kind, Progress};
use optio_store::pools::PoolSight;
use uuid::Uuid;

use crate::World;

/// How long after a failed attempt a driver is asked again.
const DRIVER_PAUSE: TimeDelta = TimeDelta::seconds(10);

/// The kind `pool`.
pub struct Pools {
    world: World,
}

impl Pools {
    /// The kind, in its world.
    #[must_use]
    pub fn new(world: World) -> Self {
        Self { world }
    }

    async fn one_step(&self, id: PoolId) -> Result<Progress, Fault> {
        let Some(sight) = self.world.store.see_pool(id).await? else {
            return Ok(Progress::Gone);
        };
        if sight.quarantined {
            return Ok(Progress::Rest { until: None });
        }
        let now = self.world.clock.now();
        let (over, wait) = plan(&sight.instances, now);
        let Some(sandbox) = over else {
            return self.rest(&sight, &wait).await;
        };
        let decision = Decision {
            at: now,
            step: "retire sandbox".to_owned(),
            seen: format!("{} sandboxes", sight.instances.len()),
        };
        self.retire(&sight, sandbox, &wait, &decision).await
    }

    async fn rest(&self, sight: &PoolSight, wait: &Wait) -> Result<Progress, Fault> {
        if *wait != sight.wait {
            let store = &self.world.store;
            store.wait(sight.pool.into(), sight.version, wait).await?;
        }
        Ok(Progress::Rest { until: wait.until })
    }

    /// The row is locked while the sandbox ends, so that nobody opens a run in it meanwhile. What is in
    /// its workspace stays: worktrees with work that is nowhere else may be among it.
    async fn retire(
        &self,
        sight: &PoolSight,
        sandbox: SandboxId,
        wait: &Wait,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let store = &self.world.store;
        let mut step = store
            .step(sight.pool.into(), sight.version, wait, decision, false)
            .await?;
        if !step.pool_sandbox_gone(sandbox).await? {
            return Err(Fault::Moved);
        }
        if let Err(error) = self.world.sandboxes.retire(sandbox).await {
            drop(step);
            tracing::warn!(pool.id = %sight.pool, %error, "a sandbox could not be ended, will try again");
            let until = decision.at + DRIVER_PAUSE;
            let wait = Wait::until(error.to_string(), "the sandbox driver", until);
            return self.rest(sight, &wait).await;
        }
        step.commit().await?;
        Ok(Progress::Again)
    }
}

impl Kind for Pools {
    fn kind(&self) -> ActorKind {
        ActorKind::Pool
    }

    fn step(&self, id: Uuid) -> Eventually<'_, Result<Progress, Fault>> {
        Box::pin(self.one_step(PoolId(id)))
    }
}
