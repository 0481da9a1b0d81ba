//! Reviews of pull requests as actors: read, plan, commit, carry out.

use std::sync::OnceLock;

use optio_domain::{
    actor::{ActorKey, ActorKind, Decision, Wait},
    agent::seen::{Hold, Link, RunSeen},
    id::{PrReviewId, SandboxId},
    ports::{Eventually, SandboxState},
    pr_review::{
        plan::{Plan, Step, plan},
        seen::{ReviewPolicy, Seen},
    },
    run::{judge, watch::OpenRun},
};
use optio_runtime::{Fault, Hints, Kind, Progress};
use optio_store::{
    pr_reviews::{PrReviewSight, ReviewRunSight},
    tasks::RepoSettings,
};
use uuid::Uuid;

use crate::World;

mod acts;
mod begin;
mod launch;
mod runs;
mod submit;

pub use begin::{Beginning, begin};

/// The kind `pr-review`.
pub struct PrReviews {
    world: World,
    hints: OnceLock<Hints>,
}

impl PrReviews {
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

    fn hint(&self, key: impl Into<ActorKey>) {
        if let Some(hints) = self.hints.get() {
            hints.look(key.into());
        }
    }

    /// Tells those who are first in the queue that there is room. Called whenever room was left, and
    /// every few seconds, since a hint in memory can be lost.
    pub async fn room_again(&self) {
        let max = self.world.limits.reviews_running_max;
        let now = self.world.clock.now();
        match self.world.store.next_reviews(now, max).await {
            Ok(reviews) => reviews.into_iter().for_each(|review| self.hint(review)),
            // The next who asks will tell them.
            Err(error) => tracing::debug!(%error, "the queue of reviews could not be read"),
        }
    }

    async fn one_step(&self, id: PrReviewId) -> Result<Progress, Fault> {
        let Some(sight) = self.world.store.see_review(id).await? else {
            return Ok(Progress::Gone);
        };
        if sight.quarantined {
            return Ok(Progress::Rest { until: None });
        }
        let now = self.world.clock.now();
        let review = &sight.review;
        let store = &self.world.store;
        let settings = store
            .repo_settings(&review.workspace, &review.repo_url)
            .await?;
        let seen = self.look(&sight, &settings).await;
        let plan = plan(review.state, &seen, now);
        let decision = Decision {
            at: now,
            step: plan.step.name().to_owned(),
            seen: words(&sight, &seen),
        };
        if plan.step != Step::Nothing {
            tracing::debug!(review.id = %id, step = plan.step.name(), seen = decision.seen, "step");
        }
        let progress = self.act(&sight, &settings, plan, &decision).await?;
        self.world.stream.hint();
        Ok(progress)
    }

    async fn look(&self, sight: &PrReviewSight, settings: &RepoSettings) -> Seen {
        let review = &sight.review;
        Seen {
            intent: review.intent,
            origin: review.origin,
            engaged: review.engaged,
            kind: review.kind,
            hold: review
                .hold
                .clone()
                .map(|(until, reason)| Hold { until, reason }),
            room: (sight.running, self.world.limits.reviews_running_max),
            run: sight.run.as_ref().map(open_run),
            lingering: sight.lingering,
            link: self.link(sight).await,
            pull: sight.pull.clone(),
            head: review.draft.as_ref().map(|(_, head)| head.clone()),
            handed_in: review.submitted_revision == Some(review.revision),
            refused: review.submit_error.is_some(),
            chat_pending: sight.chat_pending,
            auto_reviews: review.auto_reviews,
            policy: ReviewPolicy {
                mode: settings.external_reviews.mode,
                wait_for_ci: settings.external_reviews.wait_for_ci,
                auto_reviews_max: settings.policy.auto_resumes_max,
            },
        }
    }

    /// Asked only where the plan depends on it.
    async fn link(&self, sight: &PrReviewSight) -> Link {
        let run = sight.run.as_ref().map(|run| run.run);
        let wanted = run.or(sight.lingering.map(|old| old.run));
        let (Some(sandbox), Some(_)) = (sandbox_of(sight), wanted) else {
            return Link::Away {
                runner: SandboxState::Gone,
            };
        };
        self.world.runs.moves_in(sandbox, sight.review.id);
        self.world.link(sight.review.id, sandbox, run).await
    }

    async fn act(
        &self,
        sight: &PrReviewSight,
        settings: &RepoSettings,
        Plan { step, wait }: Plan,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        match step {
            Step::Nothing => self.rest(sight, &wait).await,
            Step::Obey { intent, event } => self.obey(sight, intent, event, &wait, decision).await,
            Step::Disregard(intent) => self.disregard(sight, intent, &wait, decision).await,
            Step::Shift { event, reason } => {
                self.shift(sight, event, &reason, &wait, decision).await
            }
            Step::Relaunch { kind, by_itself } => {
                self.relaunch(sight, kind, by_itself, &wait, decision).await
            }
            Step::OpenRun => self.open_run(sight, settings, &wait, decision).await,
            Step::EnsureSandbox => self.ensure_sandbox(sight, &wait, decision).await,
            Step::SendRun(run) => self.send_run(sight, run, settings, &wait, decision).await,
            Step::CloseRun { run, verdict } => self.close_run(sight, run, &verdict, decision).await,
            Step::StopRun(run) => self.stop_run(sight, run, &wait, decision).await,
            Step::Submit { by_itself } => self.submit(sight, by_itself, &wait, decision).await,
        }
    }

    async fn rest(&self, sight: &PrReviewSight, wait: &Wait) -> Result<Progress, Fault> {
        let world = &self.world;
        let read = (sight.version, &sight.wait);
        world.rest(sight.review.id.into(), read, wait).await
    }
}

impl Kind for PrReviews {
    fn kind(&self) -> ActorKind {
        ActorKind::PrReview
    }

    fn step(&self, id: Uuid) -> Eventually<'_, Result<Progress, Fault>> {
        Box::pin(self.one_step(PrReviewId(id)))
    }
}

/// Where the open run is, or else the last one.
fn sandbox_of(sight: &PrReviewSight) -> Option<SandboxId> {
    let open = sight.run.as_ref().map(|run| run.sandbox);
    open.or(sight.review.sandbox)
}

fn open_run(run: &ReviewRunSight) -> OpenRun {
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
    }
}

/// What was seen, in the few words a person needs to follow a decision.
fn words(sight: &PrReviewSight, seen: &Seen) -> String {
    let short = |head: &str| head.chars().take(8).collect::<String>();
    let mut words = sight.review.state.name().to_owned();
    if let (Some(run), Some(open)) = (&sight.run, &seen.run) {
        let how = match open.seen {
            RunSeen::Unsent => "unsent",
            RunSeen::Sent { .. } => "sent",
            RunSeen::Started { .. } => "started",
            RunSeen::Ended(_) => "ended",
        };
        words.push_str(&format!(", run {} {how}", run.number));
    }
    let pull = &seen.pull;
    words.push_str(&format!(
        ", pull request {} {} at {}, checks {}",
        pull.number,
        pull.status.name(),
        short(&pull.head),
        pull.checks.name()
    ));
    if let Some(head) = &seen.head {
        words.push_str(&format!(", draft of {}", short(head)));
    }
    if seen.engaged {
        words.push_str(", in a person's hands");
    }
    if 0 < seen.chat_pending {
        words.push_str(&format!(", {} messages", seen.chat_pending));
    }
    if let Some(intent) = seen.intent {
        words.push_str(&format!(", asked to {}", intent.name()));
    }
    if seen.lingering.is_some() {
        words.push_str(", an old run lingers");
    }
    words
}
