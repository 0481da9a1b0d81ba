//! Pools as actors: they remove the worktrees, and end the sandboxes, that nobody needs.

use chrono::TimeDelta;
use optio_domain::{
    actor::{ActorKind, Decision, Wait},
    id::{PoolId, SandboxId},
    pool::{DORMANT, Step, plan},
    ports::{Eventually, SandboxError},
    wire::runner::ToRunner,
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
        let Some(mut sight) = self.world.store.see_pool(id).await? else {
            return Ok(Progress::Gone);
        };
        if sight.quarantined {
            return Ok(Progress::Rest { until: None });
        }
        for it in &mut sight.seen.worktrees {
            it.connected = self.world.links.holds(it.sandbox, None).is_some();
        }
        for it in &mut sight.seen.instances {
            it.connected = self.world.links.holds(it.sandbox, None).is_some();
        }
        let now = self.world.clock.now();
        let (step, wait) = plan(&sight.seen, now);
        let decision = Decision {
            at: now,
            step: step.name().to_owned(),
            seen: format!(
                "{} sandboxes, {} that were ended, {} worktrees",
                sight.seen.instances.len(),
                sight.seen.dormant.len(),
                sight.seen.worktrees.len()
            ),
        };
        match step {
            Step::Nothing => self.rest(&sight, &wait).await,
            Step::Clear { sandbox, worktree } => {
                self.clear(&sight, sandbox, worktree, &wait, &decision)
                    .await
            }
            Step::Retire(sandbox) => self.retire(&sight, sandbox, &wait, &decision).await,
            Step::Destroy(sandbox) => self.destroy(&sight, sandbox, &wait, &decision).await,
            Step::Warm => self.warm(&sight, &wait, &decision).await,
            Step::Revive(sandbox) => self.revive(&sight, sandbox, &wait, &decision).await,
        }
    }

    async fn rest(&self, sight: &PoolSight, wait: &Wait) -> Result<Progress, Fault> {
        let world = &self.world;
        let read = (sight.version, &sight.wait);
        world.rest(sight.pool.into(), read, wait).await
    }

    async fn begin(
        &self,
        sight: &PoolSight,
        wait: &Wait,
        decision: &Decision,
    ) -> Result<optio_store::step::Step, Fault> {
        let (key, store) = (sight.pool.into(), &self.world.store);
        Ok(store
            .step(key, sight.version, wait, decision, false)
            .await?)
    }

    /// The runner answers with what became of it; where it does not, it is asked again.
    async fn clear(
        &self,
        sight: &PoolSight,
        sandbox: SandboxId,
        worktree: Uuid,
        wait: &Wait,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let mut step = self.begin(sight, wait, decision).await?;
        if !step.worktree_asked(worktree).await? {
            return Err(Fault::Moved);
        }
        step.commit().await?;
        let ask = ToRunner::RemoveWorktree {
            name: worktree.to_string(),
            discard_unpushed: sight.discard.contains(&worktree),
        };
        let _sent = self.world.links.send(sandbox, ask);
        Ok(Progress::Again)
    }

    /// The row is locked while the sandbox ends, so that nobody opens a run in it meanwhile. What is in
    /// its workspace stays: the next sandbox goes on with its clone, and worktrees with work that is
    /// nowhere else may be among it.
    async fn retire(
        &self,
        sight: &PoolSight,
        sandbox: SandboxId,
        wait: &Wait,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let mut step = self.begin(sight, wait, decision).await?;
        if !step
            .pool_sandbox_dormant(sandbox, decision.at + DORMANT)
            .await?
        {
            return Err(Fault::Moved);
        }
        match self.world.sandboxes.retire(sandbox).await {
            Ok(()) => {
                step.commit().await?;
                Ok(Progress::Again)
            }
            Err(error) => {
                drop(step);
                self.trouble(sight, decision, &error).await
            }
        }
    }

    /// As [`Pools::retire`], with the files.
    async fn destroy(
        &self,
        sight: &PoolSight,
        sandbox: SandboxId,
        wait: &Wait,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let mut step = self.begin(sight, wait, decision).await?;
        if !step.pool_sandbox_gone(sandbox).await? {
            return Err(Fault::Moved);
        }
        match self.world.sandboxes.destroy(sandbox).await {
            Ok(()) => {
                step.commit().await?;
                Ok(Progress::Again)
            }
            Err(error) => {
                drop(step);
                self.trouble(sight, decision, &error).await
            }
        }
    }

    /// One more, written down before it is started, so that it is known whatever happens to us.
    async fn warm(
        &self,
        sight: &PoolSight,
        wait: &Wait,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let sandbox = SandboxId(sight.pool.beside(self.world.ids.fresh()));
        let mut step = self.begin(sight, wait, decision).await?;
        step.pool_sandbox_warm(sandbox).await?;
        step.commit().await?;
        Ok(Progress::Again)
    }

    async fn revive(
        &self,
        sight: &PoolSight,
        sandbox: SandboxId,
        wait: &Wait,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let step = self.begin(sight, wait, decision).await?;
        step.commit().await?;
        let order = self
            .world
            .sandbox_order(sandbox, sight.pool, sight.durable)
            .await?;
        if let Err(error) = self.world.sandboxes.ensure(&order).await {
            tracing::warn!(pool.id = %sight.pool, %error, "a warm sandbox could not be started, will try again");
        }
        Ok(Progress::Rest { until: wait.until })
    }

    async fn trouble(
        &self,
        sight: &PoolSight,
        decision: &Decision,
        error: &SandboxError,
    ) -> Result<Progress, Fault> {
        tracing::warn!(pool.id = %sight.pool, %error, "a sandbox could not be ended, will try again");
        let until = decision.at + DRIVER_PAUSE;
        let wait = Wait::until(error.to_string(), "the sandbox driver", until);
        self.rest(sight, &wait).await
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
