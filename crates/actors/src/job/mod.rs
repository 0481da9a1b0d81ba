//! Jobs and blueprints as actors: their mail are the fires of their triggers, and each is answered by a run or
//! by a reason why there is none.

use std::sync::OnceLock;

use chrono::TimeDelta;
use optio_domain::{
    actor::{ActorKind, Decision, Wait},
    id::{JobId, MessageId, TaskId, TemplateId},
    job::{
        JobKind, Origin,
        params::checked,
        plan::{Step, plan},
        start::{Start, start},
    },
    ports::Eventually,
    trigger::Fired,
};
use optio_runtime::{Fault, Hints, Kind, Progress};
use optio_store::{
    Store, StoreError,
    jobs::{JobRow, JobSight, NewRun},
};
use uuid::Uuid;

use crate::{World, triggers::run_of};

/// Who starts what a trigger starts.
const TRIGGER: &str = "trigger";

/// The kind `job`.
pub struct Jobs {
    world: World,
    hints: OnceLock<Hints>,
}

/// Why a run cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum NoRun {
    /// What it is given, or the job itself, does not do; in words.
    #[error("{0}")]
    Refused(String),
    /// The database is away.
    #[error("the job could not be read")]
    Store(#[from] StoreError),
}

/// What a run of a job with these parameters is to do, and where it comes from.
///
/// # Errors
/// [`NoRun::Refused`] where parameters or texts are wrong.
pub async fn order(store: &Store, job: &JobRow, fired: &Fired) -> Result<(Start, Origin), NoRun> {
    let refused = |words: String| NoRun::Refused(words);
    let params = checked(job.spec.params_schema.as_ref(), fired.params.clone())
        .map_err(|error| refused(error.to_string()))?;
    let branch = match (&job.spec.repo_url, &job.spec.base_branch) {
        (Some(repo), None) => store.repo_defaults(&job.workspace, repo).await?.branch,
        (Some(_), Some(_)) | (None, _) => String::new(),
    };
    let prompt = match job.spec.template {
        None => job.spec.prompt.clone(),
        Some(id) => {
            let template = store.named_template(&job.workspace, TemplateId(id)).await?;
            let template = template.ok_or_else(|| {
                refused(format!(
                    "its template {id} is gone; choose another (promptTemplateId)"
                ))
            })?;
            template.spec.template
        }
    };
    let start =
        start(&job.spec, &prompt, &branch, &params).map_err(|error| refused(error.to_string()))?;
    if job.spec.kind == JobKind::Blueprint {
        start
            .spec
            .check()
            .map_err(|error| refused(error.to_string()))?;
    }
    let origin = Origin {
        job: job.id,
        trigger: fired.trigger,
        params,
        hops: fired.hops,
    };
    Ok((start, origin))
}

impl Jobs {
    /// The kind, in its world.
    #[must_use]
    pub fn new(world: World) -> Self {
        Self {
            world,
            hints: OnceLock::new(),
        }
    }

    /// How to tell other actors to look. Given once the engine runs.
    pub fn introduce(&self, hints: Hints) {
        drop(self.hints.set(hints));
    }

    fn hint(&self, task: TaskId) {
        if let Some(hints) = self.hints.get() {
            hints.look(task.into());
        }
    }

    async fn one_step(&self, id: JobId) -> Result<Progress, Fault> {
        let (limits, now) = (&self.world.limits, self.world.clock.now());
        let window = TimeDelta::milliseconds(limits.trigger_window_ms);
        let sight = self
            .world
            .store
            .see_job(id, now, window, limits.trigger_runs_max)
            .await?;
        let Some(sight) = sight else {
            return Ok(Progress::Gone);
        };
        if sight.quarantined {
            return Ok(Progress::Rest { until: None });
        }
        let (step, wait) = plan(&sight.seen, now);
        let decision = Decision {
            at: now,
            step: step.name().to_owned(),
            seen: words(&sight),
        };
        let progress = self.act(&sight, step, &wait, &decision).await?;
        self.world.stream.hint();
        Ok(progress)
    }

    async fn act(
        &self,
        sight: &JobSight,
        step: Step,
        wait: &Wait,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let Some(message) = sight.message else {
            return self.rest(sight, wait).await;
        };
        let fired = match &sight.seen.fire {
            Some(Ok(fired)) => Some(fired),
            Some(Err(_)) | None => None,
        };
        match (step, fired) {
            (Step::Nothing, _) | (Step::Start | Step::Replace, None) => {
                self.rest(sight, wait).await
            }
            (step @ (Step::Start | Step::Replace), Some(fired)) => {
                self.start(sight, &step, message, fired, decision).await
            }
            (Step::Skip(reason), fired) => {
                let mut step = self.begin(sight, wait, decision).await?;
                let trigger = fired.and_then(|fired| fired.trigger);
                step.fire_skipped(message, trigger, &reason).await?;
                step.commit().await?;
                Ok(Progress::Again)
            }
            (Step::Refuse(reason), fired) => {
                self.refuse(sight, message, fired, &reason, decision).await
            }
            (Step::Break(reason), fired) => {
                let mut step = self.begin(sight, wait, decision).await?;
                let trigger = fired.and_then(|fired| fired.trigger);
                step.fire_refused(message, trigger, &reason).await?;
                if let Some(trigger) = trigger {
                    tracing::warn!(job.id = %sight.job.id, trigger.id = %trigger, reason, "a trigger is disabled");
                    step.trigger_disabled(trigger, &reason).await?;
                }
                step.commit().await?;
                Ok(Progress::Again)
            }
        }
    }

    async fn start(
        &self,
        sight: &JobSight,
        todo: &Step,
        message: MessageId,
        fired: &Fired,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let job = &sight.job;
        let (start, origin) = match order(&self.world.store, job, fired).await {
            Ok(order) => order,
            Err(NoRun::Store(error)) => return Err(error.into()),
            Err(NoRun::Refused(words)) => {
                return self
                    .refuse(sight, message, Some(fired), &words, decision)
                    .await;
            }
        };
        let wait = Wait::until("the next look", "the control plane", decision.at);
        let mut step = self.begin(sight, &wait, decision).await?;
        let replaced = match todo {
            Step::Replace => step.cancel_runs(job.id).await?,
            Step::Nothing | Step::Start | Step::Skip(_) | Step::Refuse(_) | Step::Break(_) => {
                Vec::new()
            }
        };
        let run = NewRun {
            id: run_of(job.pool, message),
            workspace: &job.workspace,
            spec: &start.spec,
            pool: job.pool,
            origin: &origin,
            missing: &start.missing,
            ticket: fired.ticket.filter(|_| job.spec.kind == JobKind::Blueprint),
            created_by: TRIGGER,
            at: decision.at,
        };
        step.fire_started(message, &run).await?;
        step.commit().await?;
        self.hint(run.id);
        replaced.into_iter().for_each(|task| self.hint(task));
        Ok(Progress::Again)
    }

    async fn refuse(
        &self,
        sight: &JobSight,
        message: MessageId,
        fired: Option<&Fired>,
        reason: &str,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let wait = Wait::until("the next look", "the control plane", decision.at);
        let mut step = self.begin(sight, &wait, decision).await?;
        let trigger = fired.and_then(|fired| fired.trigger);
        step.fire_refused(message, trigger, reason).await?;
        step.commit().await?;
        tracing::info!(job.id = %sight.job.id, reason, "a fire was refused");
        Ok(Progress::Again)
    }

    async fn begin(
        &self,
        sight: &JobSight,
        wait: &Wait,
        decision: &Decision,
    ) -> Result<optio_store::step::Step, Fault> {
        let key = sight.job.id.into();
        let store = &self.world.store;
        Ok(store
            .step(key, sight.version, wait, decision, false)
            .await?)
    }

    async fn rest(&self, sight: &JobSight, wait: &Wait) -> Result<Progress, Fault> {
        let world = &self.world;
        let read = (sight.version, &sight.wait);
        world.rest(sight.job.id.into(), read, wait).await
    }
}

impl Kind for Jobs {
    fn kind(&self) -> ActorKind {
        ActorKind::Job
    }

    fn step(&self, id: Uuid) -> Eventually<'_, Result<Progress, Fault>> {
        Box::pin(self.one_step(JobId(id)))
    }
}

/// What was seen, in the few words a person needs to follow a decision.
fn words(sight: &JobSight) -> String {
    let fire = match &sight.seen.fire {
        None => "no fire".to_owned(),
        Some(Ok(fired)) => match fired.trigger {
            Some(trigger) => format!("a fire of trigger {trigger}"),
            None => "a fire of no trigger".to_owned(),
        },
        Some(Err(words)) => format!("a fire that cannot be read: {words}"),
    };
    format!("{fire}, {} runs not over", sight.seen.active)
}
