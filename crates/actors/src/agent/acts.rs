//! What people want, and what becomes of sandboxes.

use chrono::TimeDelta;
use optio_domain::{
    actor::{Decision, Wait},
    agent::{AgentEvent, AgentState, Intent, Lifecycle, closing::cancelled, seen::Link},
    id::{RunId, SandboxId},
    ports::SandboxError,
    run::{Failure, FailureClass, Verdict},
    wire::runner::ToRunner,
};
use optio_runtime::{Fault, Progress};
use optio_store::{
    agents::AgentSight,
    step::Write,
    turns::{Closed, Keep},
};

use super::Agents;

/// How long after a failed attempt a driver is asked again.
const DRIVER_PAUSE: TimeDelta = TimeDelta::seconds(2);

impl Agents {
    /// Moves the agent along its table, and nothing else.
    pub(super) async fn change(
        &self,
        sight: &AgentSight,
        event: AgentEvent,
        wait: &Wait,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let from = sight.agent.state;
        let to = next_state(from, event)?;
        let write = self.write(sight, wait, decision, false);
        let store = &self.world.store;
        store.shift_agent(&write, from, to, event.name()).await?;
        Ok(Progress::Again)
    }

    /// The process runs. While its runner is connected there is nothing to look after before the
    /// deadline.
    pub(super) async fn mark_running(
        &self,
        sight: &AgentSight,
        wait: &Wait,
        decision: &Decision,
        link: &Link,
    ) -> Result<Progress, Fault> {
        let progress = self
            .change(sight, AgentEvent::Started, wait, decision)
            .await?;
        Ok(match link {
            Link::Connected { holds_run: true } => Progress::Rest { until: wait.until },
            Link::Connected { holds_run: false } | Link::Away { .. } => progress,
        })
    }

    pub(super) fn write<'a>(
        &self,
        sight: &AgentSight,
        wait: &'a Wait,
        decision: &'a Decision,
        new_epoch: bool,
    ) -> Write<'a> {
        Write {
            key: sight.agent.id.into(),
            read: sight.version,
            wait,
            decision,
            new_epoch,
        }
    }

    pub(super) async fn begin(
        &self,
        sight: &AgentSight,
        wait: &Wait,
        decision: &Decision,
        new_epoch: bool,
    ) -> Result<optio_store::step::Step, Fault> {
        let key = sight.agent.id.into();
        Ok(self
            .world
            .store
            .step(key, sight.version, wait, decision, new_epoch)
            .await?)
    }

    /// Does what a person asked for. An open turn is closed at once: whatever its process still
    /// says is of an old epoch.
    pub(super) async fn obey(
        &self,
        sight: &AgentSight,
        intent: Intent,
        event: Option<AgentEvent>,
        wait: &Wait,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let ended = sight.turn.as_ref().zip(event);
        let mut step = match (ended, event) {
            (Some((turn, event)), _) => {
                let closing = cancelled(sight.agent.consecutive_failures);
                let closed = Closed {
                    agent: sight.agent.id,
                    turn: turn.turn,
                    from: sight.agent.state,
                    to: next_state(sight.agent.state, event)?,
                    reason: intent.name(),
                    closing: &closing,
                    facts: &turn.facts,
                    keep: Keep::AsItIs,
                    warm: None,
                };
                let write = self.write(sight, wait, decision, true);
                self.world.store.closing_step(&write, &closed).await?
            }
            (None, Some(event)) => {
                let mut step = self.begin(sight, wait, decision, false).await?;
                let from = sight.agent.state;
                step.agent_state(from, next_state(from, event)?, intent.name())
                    .await?;
                step
            }
            (None, None) => self.begin(sight, wait, decision, false).await?,
        };
        match intent {
            Intent::Resume | Intent::Restart => {
                step.forgive(intent == Intent::Restart).await?;
                step.forget_wakes().await?;
            }
            Intent::Pause | Intent::Archive | Intent::Delete => {}
        }
        step.intent_met(intent).await?;
        step.commit().await?;
        self.room_again().await;
        Ok(Progress::Again)
    }

    pub(super) async fn disregard(
        &self,
        sight: &AgentSight,
        intent: Intent,
        wait: &Wait,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let mut step = self.begin(sight, wait, decision, false).await?;
        step.intent_met(intent).await?;
        step.commit().await?;
        Ok(Progress::Again)
    }

    pub(super) async fn ensure_sandbox(
        &self,
        sight: &AgentSight,
        wait: &Wait,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let sandbox = SandboxId::of_agent(sight.agent.id);
        let mut step = self.begin(sight, wait, decision, false).await?;
        step.sandbox_wanted().await?;
        step.commit().await?;
        let durable = sight.agent.spec.pod_lifecycle != Lifecycle::OnDemand;
        let order = self
            .world
            .sandbox_order(sandbox, sight.agent.id, durable)
            .await?;
        match (self.world.sandboxes.ensure(&order).await, &sight.turn) {
            (Ok(()), _) => Ok(Progress::Rest { until: wait.until }),
            (Err(SandboxError::Broken(words)), Some(turn)) => {
                let verdict = Verdict::Failed(Failure::new(FailureClass::Sandbox, words));
                let Some(sight) = self.world.store.see_agent(sight.agent.id).await? else {
                    return Ok(Progress::Gone);
                };
                self.close_turn(&sight, turn.turn, &verdict, decision).await
            }
            (Err(error), _) => {
                tracing::warn!(agent.id = %sight.agent.id, %error, "no sandbox, will try again");
                let Some(sight) = self.world.store.see_agent(sight.agent.id).await? else {
                    return Ok(Progress::Gone);
                };
                self.ask_driver_again(&sight, decision, "a sandbox", &error)
                    .await
            }
        }
    }

    pub(super) async fn stop_run(
        &self,
        sight: &AgentSight,
        run: RunId,
        wait: &Wait,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let mut step = self.begin(sight, wait, decision, false).await?;
        step.stop_asked(run).await?;
        step.commit().await?;
        let sandbox = SandboxId::of_agent(sight.agent.id);
        // Where it cannot be said, the deadline just written ends the sandbox instead.
        let _said = self.world.links.send(sandbox, ToRunner::Stop { run });
        Ok(Progress::Rest { until: wait.until })
    }

    pub(super) async fn retire(
        &self,
        sight: &AgentSight,
        wait: &Wait,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let sandbox = SandboxId::of_agent(sight.agent.id);
        if let Err(error) = self.world.sandboxes.retire(sandbox).await {
            return self.driver_refused(sight, decision, &error).await;
        }
        let mut step = self.begin(sight, wait, decision, false).await?;
        step.sandbox_gone().await?;
        step.commit().await?;
        Ok(Progress::Again)
    }

    pub(super) async fn purge(
        &self,
        sight: &AgentSight,
        wait: &Wait,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let sandbox = SandboxId::of_agent(sight.agent.id);
        if let Err(error) = self.world.sandboxes.destroy(sandbox).await {
            return self.driver_refused(sight, decision, &error).await;
        }
        let mut step = self.begin(sight, wait, decision, false).await?;
        step.sandbox_gone().await?;
        step.purge_agent().await?;
        step.commit().await?;
        Ok(Progress::Gone)
    }

    async fn driver_refused(
        &self,
        sight: &AgentSight,
        decision: &Decision,
        error: &SandboxError,
    ) -> Result<Progress, Fault> {
        tracing::warn!(agent.id = %sight.agent.id, %error, "the sandbox could not be ended, will try again");
        self.ask_driver_again(sight, decision, "the sandbox to end", error)
            .await
    }

    async fn ask_driver_again(
        &self,
        sight: &AgentSight,
        decision: &Decision,
        what: &str,
        error: &SandboxError,
    ) -> Result<Progress, Fault> {
        let holder = "the sandbox driver";
        self.ask_again(sight, decision, what, holder, DRIVER_PAUSE, error)
            .await
    }

    /// Rests until whoever refused is asked again, and says what it said.
    pub(super) async fn ask_again(
        &self,
        sight: &AgentSight,
        decision: &Decision,
        what: &str,
        holder: &str,
        pause: TimeDelta,
        error: &(dyn std::error::Error + Sync),
    ) -> Result<Progress, Fault> {
        let until = decision.at + pause;
        let wait = Wait::until(format!("{what}: {error}"), holder, until);
        self.world
            .store
            .wait(sight.agent.id.into(), sight.version, &wait)
            .await?;
        Ok(Progress::Rest { until: Some(until) })
    }

    /// Tells those who are first in the queue that there is room, as many as there is room for. Called
    /// whenever room was left, and every few seconds, since a hint in memory can be lost.
    pub async fn room_again(&self) {
        let Some(hints) = self.hints.get() else {
            return;
        };
        let max = self.world.limits.turns_running_max;
        match self.world.store.next_in_queue(max).await {
            Ok(agents) => agents
                .into_iter()
                .for_each(|agent| hints.look(agent.into())),
            // The next who asks will tell them.
            Err(error) => tracing::debug!(%error, "the queue could not be read"),
        }
    }
}

pub(super) fn next_state(from: AgentState, event: AgentEvent) -> Result<AgentState, Fault> {
    from.on(event)
        .map_err(|illegal| Fault::Fallen(illegal.to_string()))
}
