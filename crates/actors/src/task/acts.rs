//! What people want, and what moves a task along its table.

use optio_domain::{
    actor::{Decision, Wait},
    agent::closing::MailFate,
    id::{RunId, TaskId},
    ports::SandboxError,
    run::{Failure, FailureClass, Verdict},
    task::{
        Intent, TaskEvent, TaskState,
        closing::Closing,
        feedback::{Acted, Feedback},
        prompt::Brief,
        seen::TaskType,
    },
    wire::runner::ToRunner,
};
use optio_runtime::{Fault, Progress};
use optio_store::tasks::{
    ClosedRun, Moved, NewTask, RepoSettings, TaskRow, TaskSight, review_spec,
};

use super::{Tasks, sandbox_of};

/// How long after a failed attempt a driver is asked again.
const DRIVER_PAUSE: chrono::TimeDelta = chrono::TimeDelta::seconds(2);

impl Tasks {
    pub(super) async fn begin(
        &self,
        sight: &TaskSight,
        wait: &Wait,
        decision: &Decision,
        new_epoch: bool,
    ) -> Result<optio_store::step::Step, Fault> {
        let key = sight.task.id.into();
        let store = &self.world.store;
        Ok(store
            .step(key, sight.version, wait, decision, new_epoch)
            .await?)
    }

    pub(super) async fn shift(
        &self,
        sight: &TaskSight,
        event: TaskEvent,
        reason: &str,
        wait: &Wait,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let from = sight.task.state;
        let to = next_state(from, event)?;
        let mut step = self.begin(sight, wait, decision, false).await?;
        let moved = Moved {
            from,
            to,
            event,
            reason,
            by: None,
        };
        step.task_state(&moved).await?;
        step.commit().await?;
        self.tell_those_who_wait(&sight.task, to).await;
        Ok(Progress::Again)
    }

    /// They were woken by the same transaction; this only spares them the wait.
    async fn tell_those_who_wait(&self, task: &TaskRow, to: TaskState) {
        if !to.over() {
            return;
        }
        self.hint(task.pool);
        match self.world.store.dependents(task.id).await {
            Ok(tasks) => tasks.into_iter().for_each(|it| self.hint(TaskId(it.id))),
            Err(error) => tracing::debug!(%error, "the dependents of a task could not be read"),
        }
    }

    /// Does what a person asked for. An open run is closed at once: whatever its process still says is of
    /// an old epoch.
    pub(super) async fn obey(
        &self,
        sight: &TaskSight,
        intent: Intent,
        event: TaskEvent,
        wait: &Wait,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let task = &sight.task;
        let (from, to) = (task.state, next_state(task.state, event)?);
        let mut step = self
            .begin(sight, wait, decision, sight.run.is_some())
            .await?;
        if let Some(run) = &sight.run {
            let closing = cancelled(sight);
            step.close_task_run(&ClosedRun {
                run: run.run,
                closing: &closing,
                facts: &run.facts,
                brief: None,
                verdict: None,
                keep_until: decision.at + optio_domain::pool::IDLE,
            })
            .await?;
        }
        let reason = task.intent_words.as_deref().unwrap_or(intent.name());
        let moved = Moved {
            from,
            to,
            event,
            reason,
            by: Some("a person"),
        };
        step.task_state(&moved).await?;
        let words = task.intent_words.clone();
        match intent {
            Intent::Cancel => {}
            Intent::Retry => step.task_goes_on(&again(sight), true, false).await?,
            Intent::Resume => {
                step.task_goes_on(&going_on(sight, words), true, true)
                    .await?
            }
            Intent::Restart => {
                step.task_goes_on(&Brief::Resume { words }, false, true)
                    .await?
            }
            Intent::Redo => {
                step.task_goes_on(&Brief::Start, false, false).await?;
                step.task_redone().await?;
            }
        }
        step.task_intent_met(intent).await?;
        step.commit().await?;
        self.tell_those_who_wait(task, to).await;
        self.room_again().await;
        Ok(Progress::Again)
    }

    /// What was written is the mail of the next run; here it only ends the rest.
    pub(super) async fn go_on(
        &self,
        sight: &TaskSight,
        wait: &Wait,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let (from, event) = (sight.task.state, TaskEvent::Resumed);
        let to = next_state(from, event)?;
        let mut step = self.begin(sight, wait, decision, false).await?;
        let moved = Moved {
            from,
            to,
            event,
            reason: "a person wrote to it",
            by: Some("a person"),
        };
        step.task_state(&moved).await?;
        step.task_goes_on(&going_on(sight, None), true, true)
            .await?;
        step.commit().await?;
        Ok(Progress::Again)
    }

    pub(super) async fn disregard(
        &self,
        sight: &TaskSight,
        intent: Intent,
        wait: &Wait,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let mut step = self.begin(sight, wait, decision, false).await?;
        step.task_intent_met(intent).await?;
        step.commit().await?;
        Ok(Progress::Again)
    }

    pub(super) async fn mark_running(
        &self,
        sight: &TaskSight,
        wait: &Wait,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        self.shift(
            sight,
            TaskEvent::Started,
            "its agent has started",
            wait,
            decision,
        )
        .await
    }

    /// Sends the agent back to its pull request; a conflict is solved with a clear head.
    pub(super) async fn send_back(
        &self,
        sight: &TaskSight,
        feedback: Feedback,
        acted: &Acted,
        wait: &Wait,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let from = sight.task.state;
        let event = TaskEvent::SentBack;
        let to = next_state(from, event)?;
        let reason = format!("{}: {}", feedback.name(), feedback.words());
        let keep_session = !matches!(feedback, Feedback::Conflict { .. });
        let mut step = self.begin(sight, wait, decision, false).await?;
        step.task_sent_back(&Brief::Feedback { feedback }, acted, keep_session)
            .await?;
        let moved = Moved {
            from,
            to,
            event,
            reason: &reason,
            by: None,
        };
        step.task_state(&moved).await?;
        step.commit().await?;
        Ok(Progress::Again)
    }

    /// A review is a task of its own, once per head.
    pub(super) async fn launch_review(
        &self,
        sight: &TaskSight,
        head: &str,
        settings: &RepoSettings,
        wait: &Wait,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let task = &sight.task;
        let spec = review_spec(task, head, settings);
        let id = TaskId(task.pool.beside(self.world.ids.fresh()));
        let mut step = self.begin(sight, wait, decision, false).await?;
        let new = NewTask {
            id,
            workspace: &task.workspace,
            spec: &spec,
            pool: task.pool,
            depends_on: &[],
            origin: None,
            created_by: &task.created_by,
            at: decision.at,
        };
        step.subtask(&new).await?;
        step.commit().await?;
        self.hint(id);
        Ok(Progress::Again)
    }

    pub(super) async fn ensure_sandbox(
        &self,
        sight: &TaskSight,
        settings: &RepoSettings,
        wait: &Wait,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let Some(sandbox) = sandbox_of(sight) else {
            return Err(Fault::Fallen("a run without a sandbox".to_owned()));
        };
        let step = self.begin(sight, wait, decision, false).await?;
        step.commit().await?;
        // A run of a job begins afresh each time; a task goes on in its worktree.
        let durable = sight.task.spec.kind != TaskType::Job;
        let order = self
            .world
            .sandbox_order(sandbox, sight.task.pool, durable)
            .await?;
        match (self.world.sandboxes.ensure(&order).await, &sight.run) {
            (Ok(()), _) => Ok(Progress::Rest { until: wait.until }),
            (Err(SandboxError::Broken(words)), Some(run)) => {
                let verdict = Verdict::Failed(Failure::new(FailureClass::Sandbox, words));
                let max = self.runs_max();
                let Some(sight) = self.world.store.see_task(sight.task.id, max).await? else {
                    return Ok(Progress::Gone);
                };
                self.close_run(&sight, run.run, &verdict, settings, decision)
                    .await
            }
            (Err(error), _) => {
                tracing::warn!(task.id = %sight.task.id, %error, "no sandbox yet, will try again");
                let Some(sight) = self
                    .world
                    .store
                    .see_task(sight.task.id, self.runs_max())
                    .await?
                else {
                    return Ok(Progress::Gone);
                };
                let until = decision.at + DRIVER_PAUSE;
                let key = sight.task.id.into();
                let world = &self.world;
                world
                    .no_sandbox_yet(key, sight.version, until, &error)
                    .await
            }
        }
    }

    pub(super) async fn stop_run(
        &self,
        sight: &TaskSight,
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

/// What the next run of a task is told that a person lets go on.
fn going_on(sight: &TaskSight, words: Option<String>) -> Brief {
    let reason = sight.task.state_reason.as_deref();
    if reason.is_some_and(|it| it.starts_with("plan_review")) {
        Brief::Execute { words }
    } else {
        Brief::Resume { words }
    }
}

/// What the next run of a task is told that a person lets try again.
fn again(sight: &TaskSight) -> Brief {
    match (&sight.task.error, sight.task.runs_taken) {
        (_, 0) => Brief::Start,
        (Some((failure, _)), _) => Brief::Again {
            failure: failure.clone(),
        },
        (None, _) => Brief::Resume { words: None },
    }
}

/// A closing that a person caused: the mail goes back as if nothing had been.
fn cancelled(sight: &TaskSight) -> Closing {
    Closing {
        event: TaskEvent::Cancelled,
        reason: "a person cancelled it".to_owned(),
        failure: None,
        mail: MailFate::Untouched,
        retries: sight.task.retries,
        rate_limits: 0,
        hold: None,
        forget_session: false,
    }
}

pub(super) fn next_state(from: TaskState, event: TaskEvent) -> Result<TaskState, Fault> {
    from.on(event)
        .map_err(|illegal| Fault::Fallen(illegal.to_string()))
}
