//! Pull requests as actors: watched whoever is alive, and told to their tasks and reviews.

use std::sync::OnceLock;

use chrono::{DateTime, TimeDelta, Utc};
use optio_domain::{
    actor::{ActorKind, Decision, Wait},
    git_host::{GitHostError, PullNumber, RepoUrl, Seen as HostSeen},
    id::PullId,
    ports::Eventually,
    pull::{
        PullSeen, PullStatus,
        plan::{Step, pause_after, plan},
    },
};
use optio_runtime::{Fault, Hints, Kind, Progress};
use optio_store::pulls::{Every, PullSight};
use uuid::Uuid;

use crate::World;

/// The kind `pull-request`.
pub struct Pulls {
    world: World,
    hints: OnceLock<Hints>,
}

impl Pulls {
    /// The kind, in its world.
    #[must_use]
    pub fn new(world: World) -> Self {
        Self {
            world,
            hints: OnceLock::new(),
        }
    }

    /// How to tell tasks and reviews to look. Given once the engine runs.
    pub fn introduce(&self, hints: Hints) {
        drop(self.hints.set(hints));
    }

    async fn one_step(&self, id: PullId) -> Result<Progress, Fault> {
        let limits = &self.world.limits;
        let every = Every {
            task: TimeDelta::milliseconds(limits.task_poll_ms),
            review: TimeDelta::milliseconds(limits.pull_poll_ms),
        };
        let Some(sight) = self.world.store.see_pull(id, every).await? else {
            return Ok(Progress::Gone);
        };
        if sight.quarantined {
            return Ok(Progress::Rest { until: None });
        }
        let now = self.world.clock.now();
        let (step, wait) = plan(&sight.seen, now);
        let progress = match step {
            Step::Nothing => self.rest(&sight, &wait).await?,
            Step::Look => self.look(&sight, now).await?,
        };
        self.world.stream.hint();
        Ok(progress)
    }

    async fn rest(&self, sight: &PullSight, wait: &Wait) -> Result<Progress, Fault> {
        let world = &self.world;
        let read = (sight.version, &sight.wait);
        world.rest(sight.pull.into(), read, wait).await
    }

    async fn look(&self, sight: &PullSight, now: DateTime<Utc>) -> Result<Progress, Fault> {
        let decision = |what: String| Decision {
            at: now,
            step: Step::Look.name().to_owned(),
            seen: what,
        };
        match self.ask(sight).await {
            Ok(seen) => {
                let words = format!(
                    "{}, checks {}, review {}",
                    seen.status.name(),
                    seen.checks.name(),
                    seen.review.name()
                );
                self.told(sight, &seen, &decision(words)).await
            }
            Err(error) => {
                self.trouble(sight, &error, &decision(error.to_string()))
                    .await
            }
        }
    }

    /// The pull request itself, then the checks of its head, then its reviews. What has not changed since
    /// costs nothing where the host knows versions.
    async fn ask(&self, sight: &PullSight) -> Result<PullSeen, GitHostError> {
        let corrupt = |words: String| GitHostError::Refused(words);
        let repo: RepoUrl = sight
            .repo_url
            .parse()
            .map_err(|error| corrupt(format!("{error}")))?;
        let host = self.world.hosts.of(&repo);
        let host =
            host.ok_or_else(|| corrupt(format!("no git host `{}` is configured", repo.host)))?;
        let number = PullNumber(u64::try_from(sight.number).unwrap_or_default());
        let state = match host.pull(&repo.repo, number, None).await? {
            HostSeen::Changed { value, .. } => value,
            HostSeen::Unchanged => {
                return Err(GitHostError::Busy(
                    "it answered nothing new to a new question".to_owned(),
                ));
            }
        };
        let checks = host.checks(&repo.repo, &state.head_sha).await?;
        let reviews = host.reviews(&repo.repo, number).await?;
        let now = self.world.clock.now();
        Ok(PullSeen::of(&state, &checks, &reviews, now))
    }

    async fn told(
        &self,
        sight: &PullSight,
        seen: &PullSeen,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let unsettled = seen.status == PullStatus::Open && seen.mergeable.is_none();
        let now_seen = optio_domain::pull::plan::Seen {
            status: Some(seen.status),
            looked_at: Some(seen.at),
            told: false,
            unsettled_since: unsettled.then(|| sight.seen.unsettled_since.unwrap_or(decision.at)),
            troubles: 0,
            hold: None,
            ..sight.seen.clone()
        };
        let (_, wait) = plan(&now_seen, decision.at);
        let store = &self.world.store;
        let mut step = store
            .step(sight.pull.into(), sight.version, &wait, decision, false)
            .await?;
        let tasks = step.pull_seen(seen).await?;
        step.pull_mail_read(decision.at).await?;
        step.commit().await?;
        if let Some(hints) = self.hints.get() {
            tasks.into_iter().for_each(|task| hints.look(task));
        }
        Ok(Progress::Again)
    }

    async fn trouble(
        &self,
        sight: &PullSight,
        error: &GitHostError,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let pause = decision.at + pause_after(sight.seen.troubles);
        let until = match error {
            GitHostError::RateLimited { until } => (*until).max(decision.at),
            GitHostError::NotFound(_)
            | GitHostError::Unauthorized { .. }
            | GitHostError::Busy(_)
            | GitHostError::Refused(_) => pause,
        };
        tracing::warn!(pull.id = %sight.pull, %error, "a pull request could not be looked at");
        let wait = Wait::until(error.to_string(), "the git host", until).whatever_mail_comes();
        let store = &self.world.store;
        let mut step = store
            .step(sight.pull.into(), sight.version, &wait, decision, false)
            .await?;
        step.pull_trouble(until, &error.to_string()).await?;
        step.commit().await?;
        Ok(Progress::Rest { until: Some(until) })
    }
}

impl Kind for Pulls {
    fn kind(&self) -> ActorKind {
        ActorKind::PullRequest
    }

    fn step(&self, id: Uuid) -> Eventually<'_, Result<Progress, Fault>> {
        Box::pin(self.one_step(PullId(id)))
    }
}
