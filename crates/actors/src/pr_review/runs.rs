//! Runs: opened, given to a runner, closed.

use std::sync::Arc;

use chrono::TimeDelta;
use optio_domain::{
    actor::{Decision, Wait},
    id::{RunId, SandboxId},
    pool::IDLE,
    pr_review::{
        PrReviewEvent, RunKind,
        closing::{Past, closing},
        prompt::{Order, assemble},
    },
    prompt_template::{TemplateKind, Words},
    run::{Failure, FailureClass, Verdict},
    wire::runner::ToRunner,
};
use optio_runtime::{Fault, Progress};
use optio_store::{
    pr_reviews::{
        ChatMessage, ClosedReviewRun, MovedReview, PrReviewSight, ReviewRunOpening, ReviewRunSight,
    },
    runs::RunRow,
    step::Write,
    tasks::{OpenedRun, RepoSettings},
};

use super::{PrReviews, acts::next_state, launch::RunOrder};

/// How often a review without a place in its pool looks again by itself.
const PLACE_LOOK: TimeDelta = TimeDelta::minutes(1);

impl PrReviews {
    pub(super) async fn open_run(
        &self,
        sight: &PrReviewSight,
        settings: &RepoSettings,
        wait: &Wait,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let review = &sight.review;
        let chat = self.chat(sight).await?;
        // An answer is about what was reviewed, and a look about what is there now.
        let head = match (review.kind, &review.draft) {
            (RunKind::Chat, Some((_, head))) => head.clone(),
            (RunKind::Chat, None) | (RunKind::Initial | RunKind::Rereview, _) => {
                sight.pull.head.clone()
            }
        };
        let session = match review.kind {
            RunKind::Chat => review.session_id.as_deref(),
            RunKind::Initial | RunKind::Rereview => None,
        };
        let letters: Vec<String> = chat.iter().map(|it| it.content.clone()).collect();
        let words = self.words(sight).await?;
        let prompt = assemble(&Order {
            kind: review.kind,
            repo: &review.repo()?.repo.to_string(),
            url: &review.url,
            title: &review.title,
            author: &review.author,
            description: &review.description,
            base: &sight.pull.base,
            head: &head,
            draft: review.draft.as_ref().map(|(draft, _)| draft),
            remembers: session.is_some(),
            letters: &letters,
            words: &words,
            test_command: settings.test_command.as_deref(),
        });
        let run = RunId(self.world.ids.fresh());
        let mut step = self.begin(sight, wait, decision, true).await?;
        let opening = ReviewRunOpening {
            review,
            run,
            new_sandbox: SandboxId(review.pool.beside(self.world.ids.fresh())),
            head: &head,
            prompt: &prompt.text,
            session,
            told_up_to: chat.last().map(|it| it.seq),
            provision_ms: self.provision_ms(),
            duration_ms: self.world.limits.task_run_ms_max,
            all_max: self.world.limits.reviews_running_max,
            pool: settings.pool,
        };
        if step.open_review_run(&opening).await? == OpenedRun::NoRoom {
            drop(step);
            let until = decision.at + PLACE_LOOK;
            let reason = "room in a sandbox of its repository";
            let wait = Wait::until(reason, "the tasks and reviews that run", until);
            return self.rest(sight, &wait.whatever_mail_comes()).await;
        }
        let event = PrReviewEvent::RunOpened { run };
        let reason = prompt.opened(review.runs_taken + 1);
        let moved = MovedReview {
            from: review.state,
            to: next_state(review.state, event)?,
            event,
            reason: &reason,
            by: None,
        };
        step.review_state(&moved).await?;
        step.commit().await?;
        if let Some(warning) = &prompt.warning {
            tracing::warn!(review.id = %review.id, run.id = %run, warning, "a prompt lacks something");
        }
        Ok(Progress::Again)
    }

    /// What the prompt of a review begins with.
    async fn words(&self, sight: &PrReviewSight) -> Result<Words, Fault> {
        let (workspace, repo) = (&sight.review.workspace, &sight.review.repo_url);
        let store = &self.world.store;
        let effective = store.effective_template(workspace, repo, TemplateKind::Review);
        Ok(effective.await?.words)
    }

    /// What people wrote and nobody has answered, where this run is to.
    async fn chat(&self, sight: &PrReviewSight) -> Result<Vec<ChatMessage>, Fault> {
        match sight.review.kind {
            RunKind::Chat => {
                let store = &self.world.store;
                Ok(store.review_chat_pending(sight.review.id).await?)
            }
            RunKind::Initial | RunKind::Rereview => Ok(Vec::new()),
        }
    }

    pub(super) async fn send_run(
        &self,
        sight: &PrReviewSight,
        run: RunId,
        settings: &RepoSettings,
        wait: &Wait,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let review = &sight.review;
        let name = review.agent_type.as_str();
        let Some(cli) = self.world.clis.get(name).map(Arc::clone) else {
            let words = format!("this Optio cannot run `{name}`");
            let verdict = Verdict::Failed(Failure::new(FailureClass::AgentMissing, words));
            return self.close_run(sight, run, &verdict, decision).await;
        };
        let store = &self.world.store;
        let (Some(open), Some((prompt, session))) =
            (&sight.run, store.review_run_words(run).await?)
        else {
            return Err(Fault::Moved);
        };
        let repo = review.repo()?;
        let stored = match self.secrets(sight).await {
            Ok(stored) => stored,
            Err(error) => return self.without_secrets(sight, decision, error).await,
        };
        let service = self.service(sight, &*cli);
        let order = RunOrder {
            open,
            epoch: sight.epoch,
            prompt: &prompt,
            session,
            turns_max: settings.policy.turns_review_max,
            repo: &repo,
            stored: &stored,
        };
        let spec = self.run_spec(sight, order, &service, &*cli);
        let write = Write {
            key: review.id.into(),
            read: sight.version,
            wait,
            decision,
            new_epoch: false,
        };
        store.run_sent(&write, run, &service).await?;
        if open.sent_at.is_none() {
            self.world.runs.put(row(sight, open), None);
        }
        // A runner that is gone again, or full, is looked after at the deadline just written.
        let frame = ToRunner::Start(Box::new(spec));
        let _sent = self.world.links.send(open.sandbox, frame);
        Ok(Progress::Again)
    }

    pub(super) async fn close_run(
        &self,
        sight: &PrReviewSight,
        run: RunId,
        verdict: &Verdict,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let review = &sight.review;
        let Some(open) = &sight.run else {
            return Err(Fault::Moved);
        };
        let verdict = &self.world.explained(open.sandbox, verdict);
        let end = open.facts.end.as_ref();
        let past = Past {
            kind: open.kind,
            answer: end.map_or("", |end| end.summary.as_str()),
            retries: review.retries,
            rate_limits: review.rate_limits,
        };
        let closing = closing(verdict, past, decision.at);
        let to = next_state(review.state, closing.event)?;
        let wait = Wait::until("the next look", "the control plane", decision.at);
        let mut step = self
            .begin(sight, &wait, decision, open.ended.is_none())
            .await?;
        step.close_review_run(&ClosedReviewRun {
            run,
            head: &open.head,
            closing: &closing,
            facts: &open.facts,
            keep_until: decision.at + IDLE,
        })
        .await?;
        if let Some(reply) = &closing.reply {
            step.review_says(self.world.ids.fresh(), run, reply).await?;
        }
        let moved = MovedReview {
            from: review.state,
            to,
            event: closing.event,
            reason: &closing.reason,
            by: None,
        };
        step.review_state(&moved).await?;
        step.commit().await?;
        if open.ended.is_some() {
            self.world.runs.moves_out(open.sandbox, review.id);
            let forget = ToRunner::Forget { run };
            let _said = self.world.links.send(open.sandbox, forget);
        }
        if let Some(failure) = &closing.failure {
            tracing::info!(
                review.id = %review.id, run.id = %run, class = failure.class.name(),
                reason = failure.message, "a run failed"
            );
        }
        self.hint(review.pool);
        self.room_again().await;
        Ok(Progress::Again)
    }
}

fn row(sight: &PrReviewSight, open: &ReviewRunSight) -> RunRow {
    RunRow {
        run: open.run,
        actor: sight.review.id.into(),
        sandbox: open.sandbox,
        epoch: sight.epoch,
        runtime: sight.review.agent_type.clone(),
        open: true,
        ended: false,
        acked_seq: 0,
        facts: open.facts.clone(),
    }
}
