//! What people want, and what moves a review along its table.

use optio_domain::{
    actor::{Decision, Wait},
    id::RunId,
    pool::IDLE,
    ports::SandboxError,
    pr_review::{Intent, PrReviewEvent, PrReviewState, RunKind, closing::dropped},
    run::{Failure, FailureClass, Verdict},
    wire::runner::ToRunner,
};
use optio_runtime::{Fault, Progress};
use optio_store::{
    pr_reviews::{ClosedReviewRun, MovedReview, PrReviewSight},
    step::Step,
};

use super::{PrReviews, sandbox_of};

/// How long after a failed attempt a driver is asked again.
const DRIVER_PAUSE: chrono::TimeDelta = chrono::TimeDelta::seconds(2);
/// Who is named in the history where a person wanted it.
const PERSON: &str = "a person";

impl PrReviews {
    pub(super) async fn begin(
        &self,
        sight: &PrReviewSight,
        wait: &Wait,
        decision: &Decision,
        new_epoch: bool,
    ) -> Result<Step, Fault> {
        let key = sight.review.id.into();
        let store = &self.world.store;
        Ok(store
            .step(key, sight.version, wait, decision, new_epoch)
            .await?)
    }

    /// Moves along the table. Where a run is open that nobody wants any more, it is closed at once: what its
    /// process still says is of an old epoch.
    pub(super) async fn shift(
        &self,
        sight: &PrReviewSight,
        event: PrReviewEvent,
        reason: &str,
        wait: &Wait,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let step = self.moved(sight, event, reason, None, wait, decision);
        step.await?.commit().await?;
        self.left(sight).await;
        Ok(Progress::Again)
    }

    pub(super) async fn obey(
        &self,
        sight: &PrReviewSight,
        intent: Intent,
        event: PrReviewEvent,
        wait: &Wait,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let reason = match intent {
            Intent::Cancel => "a person cancelled it",
            Intent::Rereview => "a person wants it reviewed again",
            Intent::Submit => "a person handed it in",
        };
        let moved = self.moved(sight, event, reason, Some(PERSON), wait, decision);
        let mut step = moved.await?;
        if intent == Intent::Rereview {
            let kind = match sight.review.draft {
                Some(_) => RunKind::Rereview,
                None => RunKind::Initial,
            };
            step.review_relaunched(kind, false).await?;
        }
        step.review_intent_met(intent).await?;
        step.commit().await?;
        self.left(sight).await;
        Ok(Progress::Again)
    }

    async fn moved(
        &self,
        sight: &PrReviewSight,
        event: PrReviewEvent,
        reason: &str,
        by: Option<&str>,
        wait: &Wait,
        decision: &Decision,
    ) -> Result<Step, Fault> {
        let from = sight.review.state;
        let to = next_state(from, event)?;
        let open = sight.run.as_ref();
        let mut step = self.begin(sight, wait, decision, open.is_some()).await?;
        if let Some(run) = open {
            let closing = dropped(event, reason);
            step.close_review_run(&ClosedReviewRun {
                run: run.run,
                head: &run.head,
                closing: &closing,
                facts: &run.facts,
                keep_until: decision.at + IDLE,
            })
            .await?;
        }
        let moved = MovedReview {
            from,
            to,
            event,
            reason,
            by,
        };
        step.review_state(&moved).await?;
        Ok(step)
    }

    /// Where a run was open, there is room now.
    async fn left(&self, sight: &PrReviewSight) {
        if sight.run.is_some() {
            self.hint(sight.review.pool);
            self.room_again().await;
        }
    }

    pub(super) async fn disregard(
        &self,
        sight: &PrReviewSight,
        intent: Intent,
        wait: &Wait,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let mut step = self.begin(sight, wait, decision, false).await?;
        step.review_intent_met(intent).await?;
        step.commit().await?;
        Ok(Progress::Again)
    }

    pub(super) async fn relaunch(
        &self,
        sight: &PrReviewSight,
        kind: RunKind,
        by_itself: bool,
        wait: &Wait,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let reason = match kind {
            RunKind::Initial | RunKind::Rereview => "the pull request has a new head",
            RunKind::Chat => "somebody wrote to its agent",
        };
        let event = PrReviewEvent::Relaunched;
        let moved = self.moved(sight, event, reason, None, wait, decision);
        let mut step = moved.await?;
        step.review_relaunched(kind, by_itself).await?;
        step.commit().await?;
        Ok(Progress::Again)
    }

    pub(super) async fn ensure_sandbox(
        &self,
        sight: &PrReviewSight,
        wait: &Wait,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let Some(sandbox) = sandbox_of(sight) else {
            return Err(Fault::Fallen("a run without a sandbox".to_owned()));
        };
        let step = self.begin(sight, wait, decision, false).await?;
        step.commit().await?;
        let order = self
            .world
            .sandbox_order(sandbox, sight.review.pool, true)
            .await?;
        match (self.world.sandboxes.ensure(&order).await, &sight.run) {
            (Ok(()), _) => Ok(Progress::Rest { until: wait.until }),
            (Err(SandboxError::Broken(words)), Some(run)) => {
                let verdict = Verdict::Failed(Failure::new(FailureClass::Sandbox, words));
                let Some(sight) = self.world.store.see_review(sight.review.id).await? else {
                    return Ok(Progress::Gone);
                };
                self.close_run(&sight, run.run, &verdict, decision).await
            }
            (Err(error), _) => {
                tracing::warn!(review.id = %sight.review.id, %error, "no sandbox yet, will try again");
                let Some(sight) = self.world.store.see_review(sight.review.id).await? else {
                    return Ok(Progress::Gone);
                };
                let until = decision.at + DRIVER_PAUSE;
                let key = sight.review.id.into();
                let world = &self.world;
                world
                    .no_sandbox_yet(key, sight.version, until, &error)
                    .await
            }
        }
    }

    pub(super) async fn stop_run(
        &self,
        sight: &PrReviewSight,
        run: RunId,
        wait: &Wait,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let mut step = self.begin(sight, wait, decision, false).await?;
        step.stop_asked_again(run).await?;
        step.commit().await?;
        if let Some(sandbox) = sandbox_of(sight) {
            // What does not get through is said again at the time just written.
            let _sent = self.world.links.send(sandbox, ToRunner::Stop { run });
        }
        Ok(Progress::Rest { until: wait.until })
    }
}

pub(super) fn next_state(
    from: PrReviewState,
    event: PrReviewEvent,
) -> Result<PrReviewState, Fault> {
    from.on(event)
        .map_err(|illegal| Fault::Fallen(illegal.to_string()))
}
