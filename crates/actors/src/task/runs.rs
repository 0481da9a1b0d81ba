//! Runs: opened, given to a runner, told more, closed.

use std::sync::Arc;

use optio_domain::{
    actor::{Decision, Wait},
    agent::prompt::interruption,
    git_host::RepoUrl,
    id::{MessageId, RunId, SandboxId},
    mail::Letter,
    pool::IDLE,
    prompt_template::{TemplateKind, Words},
    repo::GitPlatform,
    run::{Failure, FailureClass, Verdict},
    task::{
        TaskEvent, TaskState,
        closing::{Closing, Past, closing},
        policy::Policy,
        prompt::{Brief, Order, assemble},
        review::{self, Review},
        seen::TaskType,
        spec::work_branch,
    },
    wire::runner::ToRunner,
};
use optio_runtime::{Fault, Progress};
use optio_store::{
    StoreError,
    mail::MessageRow,
    runs::RunRow,
    tasks::{ClosedRun, Moved, OpenedRun, RepoSettings, RunOpening, RunSight, TaskRow, TaskSight},
};

use rust_decimal::Decimal;

use super::{Tasks, acts::next_state, hosts::Found, launch::RunOrder};

impl Tasks {
    pub(super) async fn open_run(
        &self,
        sight: &TaskSight,
        settings: &RepoSettings,
        wait: &Wait,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let task = &sight.task;
        let mail = self.world.store.mail_for_turn(task.id.into()).await?;
        let letters: Vec<Letter> = mail.iter().map(MessageRow::letter).collect();
        let plans = plans(sight, &settings.policy);
        let repo = repo_of(task)?;
        let named = repo.as_ref().map(|repo| repo.repo.to_string());
        let words = self.words(sight).await?;
        let prompt = assemble(&Order {
            spec: &task.spec,
            branch: &work_branch(task.id),
            repo: named.as_deref().unwrap_or_default(),
            pull: pull_url(sight),
            plans,
            brief: &task.brief,
            letters: &letters,
            policy: &settings.policy,
            words: &words,
            gitlab: repo
                .is_some_and(|repo| GitPlatform::of_host(&repo.host) == GitPlatform::GitLab),
            test_command: settings.test_command.as_deref(),
        });
        let run = RunId(self.world.ids.fresh());
        let mut step = self.begin(sight, wait, decision, true).await?;
        let opening = RunOpening {
            task,
            run,
            new_sandbox: SandboxId(task.pool.beside(self.world.ids.fresh())),
            prompt: &prompt.text,
            plans,
            mail: &mail,
            provision_ms: self.provision_ms(),
            duration_ms: self.world.limits.task_run_ms_max,
            all_max: self.runs_max().of(task.spec.kind),
            own_max: settings.policy.runs_max,
            pool: settings.pool,
        };
        if step.open_task_run(&opening).await? == OpenedRun::NoRoom {
            drop(step);
            return self.no_room(sight, decision).await;
        }
        let event = TaskEvent::RunOpened { run };
        let to = next_state(task.state, event)?;
        let reason = prompt.opened(task.runs_taken + 1);
        let moved = Moved {
            from: task.state,
            to,
            event,
            reason: &reason,
            by: None,
        };
        step.task_state(&moved).await?;
        step.commit().await?;
        // Where sandboxes are kept warm, one more may be wanted now.
        self.hint(task.pool);
        if let Some(warning) = &prompt.warning {
            tracing::warn!(task.id = %task.id, run.id = %run, warning, "a prompt lacks something");
        }
        Ok(Progress::Again)
    }

    /// What the prompt of a task begins with.
    async fn words(&self, sight: &TaskSight) -> Result<Words, Fault> {
        let task = &sight.task;
        let kind = match task.spec.kind {
            TaskType::Coding => TemplateKind::Prompt,
            TaskType::Review => TemplateKind::Review,
            // A job has words of its own.
            TaskType::Job => return Ok(Words::built_in(TemplateKind::Job)),
        };
        let (workspace, repo) = (&task.workspace, &task.spec.repo_url);
        let effective = self.world.store.effective_template(workspace, repo, kind);
        Ok(effective.await?.words)
    }

    /// Others were quicker, or its place is full: it is told when a run closes.
    async fn no_room(&self, sight: &TaskSight, decision: &Decision) -> Result<Progress, Fault> {
        let until = decision.at + chrono::TimeDelta::minutes(1);
        let wait = Wait::until(
            "room in a sandbox of its repository or job",
            "the tasks that run",
            until,
        )
        .whatever_mail_comes();
        self.rest(sight, &wait).await
    }

    pub(super) async fn send_run(
        &self,
        sight: &TaskSight,
        run: RunId,
        settings: &RepoSettings,
        wait: &Wait,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let task = &sight.task;
        let name = task.spec.agent_type.as_str();
        let Some(cli) = self.world.clis.get(name).map(Arc::clone) else {
            let words = format!("this Optio cannot run `{name}`");
            let verdict = Verdict::Failed(Failure::new(FailureClass::AgentMissing, words));
            return self
                .close_run(sight, run, &verdict, settings, decision)
                .await;
        };
        let (Some(open), Some(words)) = (&sight.run, self.world.store.run_words(run).await?) else {
            return Err(Fault::Moved);
        };
        let repo = repo_of(task)?;
        let stored = match self.secrets(sight).await {
            Ok(stored) => stored,
            Err(error) => return self.without_secrets(sight, decision, error).await,
        };
        let service = self.service(sight, &*cli);
        let order = RunOrder {
            run,
            epoch: sight.epoch,
            prompt: &words.prompt,
            fresh: words.fresh,
            settings,
            repo: repo.as_ref(),
            stored: &stored,
        };
        let spec = self.run_spec(sight, &order, &service, &*cli);
        let write = optio_store::step::Write {
            key: task.id.into(),
            read: sight.version,
            wait,
            decision,
            new_epoch: false,
        };
        self.world.store.run_sent(&write, run, &service).await?;
        if open.sent_at.is_none() {
            self.world.runs.put(self.row(sight, open), None);
        }
        // A runner that is gone again, or full, is looked after at the deadline just written.
        let frame = ToRunner::Start(Box::new(spec));
        let _sent = self.world.links.send(open.sandbox, frame);
        Ok(Progress::Again)
    }

    fn row(&self, sight: &TaskSight, open: &RunSight) -> RunRow {
        RunRow {
            run: open.run,
            actor: sight.task.id.into(),
            sandbox: open.sandbox,
            epoch: sight.epoch,
            runtime: sight.task.spec.agent_type.clone(),
            open: true,
            ended: false,
            acked_seq: 0,
            facts: open.facts.clone(),
        }
    }

    /// Gives the run what people wrote, and tells its runner, also of what it has not answered for.
    pub(super) async fn steer(
        &self,
        sight: &TaskSight,
        run: RunId,
        wait: &Wait,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let task = &sight.task;
        let (Some(cli), Some(open)) = (
            self.world.clis.get(task.spec.agent_type.as_str()),
            &sight.run,
        ) else {
            return Err(Fault::Moved);
        };
        let unanswered = self.world.store.untaken_by_task(run).await?;
        let fresh = self.world.store.mail_for_turn(task.id.into()).await?;
        let mut step = self.begin(sight, wait, decision, false).await?;
        step.steer_task(task.id, run, &fresh).await?;
        step.commit().await?;
        for row in unanswered.iter().chain(&fresh) {
            let input = MessageId(row.id);
            let text = cli.interrupt(input, &interruption(&row.letter()));
            // What does not get through is told again at the time just written.
            let _sent = self
                .world
                .links
                .send(open.sandbox, ToRunner::Input { run, input, text });
        }
        Ok(Progress::Rest { until: wait.until })
    }

    /// What came of a run is asked of the git host, not of the agent.
    pub(super) async fn close_run(
        &self,
        sight: &TaskSight,
        run: RunId,
        verdict: &Verdict,
        settings: &RepoSettings,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let task = &sight.task;
        let Some(open) = &sight.run else {
            return Err(Fault::Moved);
        };
        let verdict = &self.world.explained(open.sandbox, verdict);
        let found = match task.spec.kind {
            TaskType::Coding => match self.find_pull(sight).await {
                Ok(found) => found,
                Err(trouble) => return self.host_trouble(sight, decision, &trouble).await,
            },
            TaskType::Job | TaskType::Review => Found::Nothing,
        };
        let (verdict, review) = reviewed(task.spec.kind, verdict, open);
        let past = Past {
            kind: task.spec.kind,
            planned: open.plans,
            pull_open: matches!(found, Found::Pull(_)),
            retries: task.retries,
            retries_max: task.spec.retries_max,
            rate_limits: task.rate_limits,
            spent: spent(sight, open, settings.policy.budget_usd),
        };
        let closing = closing(&verdict, past, decision.at);
        let to = next_state(task.state, closing.event)?;
        self.write_close(sight, open, &closing, to, &found, review, decision)
            .await?;
        if open.ended.is_some() {
            self.world.runs.moves_out(open.sandbox, task.id);
            let _said = self
                .world
                .links
                .send(open.sandbox, ToRunner::Forget { run });
        }
        if let Some(failure) = &closing.failure {
            tracing::info!(
                task.id = %task.id, run.id = %run, class = failure.class.name(),
                reason = failure.message, "a run failed"
            );
        }
        self.hint(task.pool);
        self.room_again().await;
        Ok(Progress::Again)
    }

    #[expect(clippy::too_many_arguments, reason = "one step writes all of it")]
    async fn write_close(
        &self,
        sight: &TaskSight,
        open: &RunSight,
        closing: &Closing,
        to: TaskState,
        found: &Found,
        review: Option<Review>,
        decision: &Decision,
    ) -> Result<(), Fault> {
        let task = &sight.task;
        let wait = Wait::until("the next look", "the control plane", decision.at);
        let new_epoch = open.ended.is_none();
        let mut step = self.begin(sight, &wait, decision, new_epoch).await?;
        let brief = closing.failure.as_ref().map(|failure| Brief::Again {
            failure: failure.message.clone(),
        });
        // A limit is nothing the agent has to know of.
        let brief = brief.filter(|_| 0 < closing.retries);
        step.close_task_run(&ClosedRun {
            run: open.run,
            closing,
            facts: &open.facts,
            brief: brief.as_ref(),
            verdict: review.as_ref().map(|review| review.verdict.name()),
            keep_until: decision.at + IDLE,
        })
        .await?;
        let mut pull = None;
        if let Found::Pull(seen) = found {
            let fresh = optio_domain::id::PullId(self.world.ids.fresh());
            let (workspace, repo) = (&task.workspace, &task.spec.repo_url);
            pull = Some(step.task_pull(workspace, repo, fresh, seen).await?);
        }
        let moved = Moved {
            from: task.state,
            to,
            event: closing.event,
            reason: &closing.reason,
            by: None,
        };
        step.task_state(&moved).await?;
        step.commit().await?;
        if let Some(pull) = pull {
            self.hint(pull);
        }
        if let Some(parent) = task.spec.parent {
            self.hint(parent);
        }
        Ok(())
    }
}

/// A job need not have a repository.
pub(super) fn repo_of(task: &TaskRow) -> Result<Option<RepoUrl>, StoreError> {
    if task.spec.repo_url.is_empty() {
        return Ok(None);
    }
    task.repo().map(Some)
}

/// Whether its budget is spent, the run that ends now included.
fn spent(sight: &TaskSight, open: &RunSight, budget: Option<Decimal>) -> bool {
    let now = open.facts.end.as_ref().and_then(|end| end.cost_usd);
    budget.is_some_and(|budget| budget <= sight.task.cost_usd + now.unwrap_or_default())
}

/// The first run of a task whose repository wants plans only plans.
fn plans(sight: &TaskSight, policy: &Policy) -> bool {
    let first =
        matches!(sight.task.brief, Brief::Start | Brief::Again { .. }) && sight.pull.is_none();
    policy.planning && first && !sight.planned && sight.task.spec.kind == TaskType::Coding
}

fn pull_url(sight: &TaskSight) -> Option<&str> {
    let parent = sight.parent_pull.as_ref().map(|(_, url)| url.as_str());
    sight.pull.as_ref().map(|pull| pull.url.as_str()).or(parent)
}

/// A review that hands in no verdict has failed, however well its agent thinks of it.
fn reviewed(kind: TaskType, verdict: &Verdict, open: &RunSight) -> (Verdict, Option<Review>) {
    if kind != TaskType::Review || *verdict != Verdict::Done {
        return (verdict.clone(), None);
    }
    let words = open
        .facts
        .end
        .as_ref()
        .map_or("", |end| end.summary.as_str());
    match review::read(words) {
        Ok(review) => (Verdict::Done, Some(review)),
        Err(error) => {
            let failure = Failure::new(FailureClass::Protocol, error.to_string());
            (Verdict::Failed(failure), None)
        }
    }
}
