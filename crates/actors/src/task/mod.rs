//! Tasks as actors: read, plan, commit, carry out.

use std::sync::OnceLock;

use optio_domain::{
    actor::{ActorKind, Decision, Wait},
    agent::seen::{Hold, Link, RunSeen},
    id::{SandboxId, TaskId},
    ports::{Eventually, SandboxState},
    run::judge,
    task::{
        plan::{Plan, Step, plan},
        seen::{OpenRun, RunsMax, Seen},
    },
};
use optio_runtime::{Fault, Hints, Kind, Progress};
use optio_store::tasks::{RepoSettings, RunSight, TaskSight};
use uuid::Uuid;

use crate::World;

mod acts;
mod hosts;
mod launch;
mod runs;

/// The kind `task`.
pub struct Tasks {
    world: World,
    hints: OnceLock<Hints>,
}

impl Tasks {
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

    fn hint(&self, key: impl Into<optio_domain::actor::ActorKey>) {
        if let Some(hints) = self.hints.get() {
            hints.look(key.into());
        }
    }

    /// Tells those who are first in the queue that there is room. Called whenever room was left, and
    /// every few seconds, since a hint in memory can be lost.
    pub async fn room_again(&self) {
        let limits = &self.world.limits;
        let max = limits.tasks_running_max.max(limits.jobs_running_max);
        match self
            .world
            .store
            .next_tasks(self.world.clock.now(), max)
            .await
        {
            Ok(tasks) => tasks.into_iter().for_each(|task| self.hint(task)),
            // The next who asks will tell them.
            Err(error) => tracing::debug!(%error, "the queue of tasks could not be read"),
        }
    }

    /// How many runs there may be at once.
    fn runs_max(&self) -> RunsMax {
        RunsMax::from(&self.world.limits)
    }

    async fn one_step(&self, id: TaskId) -> Result<Progress, Fault> {
        let Some(sight) = self.world.store.see_task(id, self.runs_max()).await? else {
            return Ok(Progress::Gone);
        };
        if sight.quarantined {
            return Ok(Progress::Rest { until: None });
        }
        let now = self.world.clock.now();
        let settings = self.world.store.task_settings(&sight.task).await?;
        let seen = self.look(&sight, &settings).await;
        let plan = plan(sight.task.state, &seen, now);
        let decision = Decision {
            at: now,
            step: plan.step.name().to_owned(),
            seen: words(&sight, &seen),
        };
        if plan.step != Step::Nothing {
            tracing::debug!(task.id = %id, step = plan.step.name(), seen = decision.seen, "step");
        }
        let steps = plan.step != Step::Nothing;
        let progress = self.act(&sight, &settings, plan, &decision).await?;
        if let (true, Some(origin)) = (steps, &sight.task.origin) {
            // A fire of its job may have waited for this; the timer would find it later.
            self.hint(origin.job);
        }
        self.world.stream.hint();
        Ok(progress)
    }

    async fn look(&self, sight: &TaskSight, settings: &RepoSettings) -> Seen {
        let task = &sight.task;
        Seen {
            kind: task.spec.kind,
            intent: task.intent,
            dependencies: sight.dependencies,
            hold: task
                .hold
                .clone()
                .map(|(until, reason)| Hold { until, reason }),
            ignore_off_peak: task.ignore_off_peak,
            room: sight.room,
            run: sight
                .run
                .as_ref()
                .map(|run| open_run(run, sight.inputs_pending)),
            lingering: sight.lingering,
            link: self.link(sight).await,
            pull: sight.pull.clone(),
            acted: task.acted.clone(),
            auto_resumes: task.auto_resumes,
            blocking_open: sight.blocking_open,
            review: sight.review.clone(),
            letters_new: sight.letters_new,
            verdict_untold: sight.verdict_untold,
            ticket_open: sight.ticket_open,
            policy: settings.policy.clone(),
        }
    }

    /// Asked only where the plan depends on it.
    async fn link(&self, sight: &TaskSight) -> Link {
        let gone = Link::Away {
            runner: SandboxState::Gone,
        };
        let run = sight.run.as_ref().map(|run| run.run);
        let wanted = run.or(sight.lingering.map(|old| old.run));
        let (Some(sandbox), Some(_)) = (sandbox_of(sight), wanted) else {
            return gone;
        };
        self.world.runs.moves_in(sandbox, sight.task.id);
        self.world.link(sight.task.id, sandbox, run).await
    }

    async fn act(
        &self,
        sight: &TaskSight,
        settings: &RepoSettings,
        Plan { step, wait }: Plan,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        match step {
            Step::Nothing => self.rest(sight, &wait).await,
            Step::Obey { intent, event } => self.obey(sight, intent, event, &wait, decision).await,
            Step::Disregard(intent) => self.disregard(sight, intent, &wait, decision).await,
            Step::GoOn => self.go_on(sight, &wait, decision).await,
            Step::Shift { event, reason } => {
                self.shift(sight, event, &reason, &wait, decision).await
            }
            Step::OpenRun => self.open_run(sight, settings, &wait, decision).await,
            Step::EnsureSandbox => self.ensure_sandbox(sight, settings, &wait, decision).await,
            Step::SendRun(run) => self.send_run(sight, run, settings, &wait, decision).await,
            Step::MarkRunning => self.mark_running(sight, &wait, decision).await,
            Step::Steer(run) => self.steer(sight, run, &wait, decision).await,
            Step::CloseRun { run, verdict } => {
                self.close_run(sight, run, &verdict, settings, decision)
                    .await
            }
            Step::StopRun(run) => self.stop_run(sight, run, &wait, decision).await,
            Step::SendBack { feedback, acted } => {
                self.send_back(sight, feedback, &acted, &wait, decision)
                    .await
            }
            Step::LaunchReview { head } => {
                self.launch_review(sight, &head, settings, &wait, decision)
                    .await
            }
            Step::Merge { head } => self.merge(sight, &head, &wait, decision).await,
            Step::TellVerdict => self.tell_verdict(sight, decision).await,
            Step::CloseTicket => self.close_ticket(sight, decision).await,
        }
    }

    async fn rest(&self, sight: &TaskSight, wait: &Wait) -> Result<Progress, Fault> {
        let world = &self.world;
        let read = (sight.version, &sight.wait);
        world.rest(sight.task.id.into(), read, wait).await
    }
}

impl Kind for Tasks {
    fn kind(&self) -> ActorKind {
        ActorKind::Task
    }

    fn step(&self, id: Uuid) -> Eventually<'_, Result<Progress, Fault>> {
        Box::pin(self.one_step(TaskId(id)))
    }
}

/// Where the open run is, or else the last one.
fn sandbox_of(sight: &TaskSight) -> Option<SandboxId> {
    let open = sight.run.as_ref().map(|run| run.sandbox);
    open.or(sight.task.sandbox)
}

fn open_run(run: &RunSight, inputs_pending: i64) -> OpenRun {
    let seen = match (&run.ended, run.started_at, run.sent_at) {
        (Some(ended), ..) => RunSeen::Ended(judge(ended, &run.facts)),
        (None, Some(at), _) => RunSeen::Started { at },
        (None, None, Some(at)) => RunSeen::Sent { at },
        (None, None, None) => RunSeen::Unsent,
    };
    OpenRun {
        run: run.run,
        provision_until: run.provision_until,
        duration_ms: run.duration_ms,
        seen,
        takes_input: run.setting.is_some(),
        inputs_pending,
        unanswered_since: run.unanswered_since,
    }
}

/// What was seen, in the few words a person needs to follow a decision.
fn words(sight: &TaskSight, seen: &Seen) -> String {
    let mut words = sight.task.state.name().to_owned();
    if let (Some(run), Some(open)) = (&sight.run, &seen.run) {
        let how = match open.seen {
            RunSeen::Unsent => "unsent",
            RunSeen::Sent { .. } => "sent",
            RunSeen::Started { .. } => "started",
            RunSeen::Ended(_) => "ended",
        };
        words.push_str(&format!(", run {} {how}", run.number));
    }
    if let Some(pull) = &seen.pull {
        let head: String = pull.head.chars().take(8).collect();
        words.push_str(&format!(
            ", pull request {} {} at {head}, checks {}, review {}",
            pull.number,
            pull.status.name(),
            pull.checks.name(),
            pull.review.name()
        ));
    }
    if let Some(intent) = seen.intent {
        words.push_str(&format!(", asked to {}", intent.name()));
    }
    if 0 < seen.letters_new {
        words.push_str(", somebody wrote to it");
    }
    if seen.lingering.is_some() {
        words.push_str(", an old run lingers");
    }
    words
}
