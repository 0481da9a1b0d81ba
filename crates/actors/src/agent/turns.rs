//! Turns: opened, given to a runner, closed.

use std::sync::Arc;

use optio_domain::{
    actor::{Decision, Wait},
    agent::{
        AgentEvent,
        closing::{Past, closing, keep_after},
    },
    id::{RunId, SandboxId, TurnId},
    run::{Failure, FailureClass, Verdict},
    transcript::Facts,
    wire::runner::ToRunner,
};
use optio_runtime::{Fault, Progress};
use optio_store::{
    agents::AgentSight,
    turns::{Closed, Opening},
};

use super::{Agents, acts::next_state};

impl Agents {
    pub(super) async fn open_turn(
        &self,
        sight: &AgentSight,
        wait: &Wait,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let agent = &sight.agent;
        let turn = TurnId(self.world.ids.fresh());
        let mut step = self.begin(sight, wait, decision, true).await?;
        if !step
            .room_for_a_turn(self.world.limits.turns_running_max)
            .await?
        {
            // Another agent was quicker; what was just seen is old.
            return Ok(Progress::Again);
        }
        let opening = Opening {
            agent: agent.id,
            turn,
            spec: &agent.spec,
            session: agent.session_id.as_deref(),
            provision_ms: self.world.limits.provision_ms_max,
        };
        if !step.open_turn(&opening).await? {
            tracing::warn!(agent.id = %agent.id, "the inbox was miscounted, counting it anew");
            step.recount_inbox().await?;
            step.commit().await?;
            return Ok(Progress::Again);
        }
        let to = next_state(agent.state, AgentEvent::TurnOpened { turn })?;
        step.agent_state(agent.state, to, "turn opened").await?;
        step.sandbox_wanted().await?;
        step.commit().await?;
        Ok(Progress::Again)
    }

    pub(super) async fn send_run(
        &self,
        sight: &AgentSight,
        turn: TurnId,
        wait: &Wait,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let agent = &sight.agent;
        let Some(cli) = self
            .world
            .clis
            .get(agent.spec.agent_runtime.as_str())
            .map(Arc::clone)
        else {
            let words = format!("this Optio cannot run `{}`", agent.spec.agent_runtime);
            let verdict = Verdict::Failed(Failure::new(FailureClass::AgentMissing, words));
            return self.close_turn(sight, turn, &verdict, wait, decision).await;
        };
        let Some(row) = self.world.store.turn(agent.id, turn).await? else {
            return Err(Fault::Moved);
        };
        let spec = self.run_spec(sight, &row, agent.session_id.clone(), &*cli);
        let mut step = self.begin(sight, wait, decision, false).await?;
        step.run_sent(RunId::of_turn(turn)).await?;
        step.commit().await?;
        // A runner that is gone again, or full, is looked after at the deadline just written.
        let sandbox = SandboxId::of_agent(agent.id);
        let _sent = self
            .world
            .links
            .send(sandbox, ToRunner::Start(Box::new(spec)));
        Ok(Progress::Again)
    }

    pub(super) async fn close_turn(
        &self,
        sight: &AgentSight,
        turn: TurnId,
        verdict: &Verdict,
        wait: &Wait,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let agent = &sight.agent;
        let past = Past {
            failures: agent.consecutive_failures,
            failure_limit: agent.spec.consecutive_failure_limit,
            rate_limits: agent.rate_limits,
        };
        let closing = closing(verdict, past, decision.at);
        let nothing = Facts::default();
        let (facts, over) = sight
            .turn
            .as_ref()
            .map_or((&nothing, true), |turn| (&turn.facts, turn.ended.is_some()));
        if let Some(failure) = &closing.failure {
            tracing::info!(
                agent.id = %agent.id, turn.id = %turn, class = failure.class.name(),
                reason = failure.message, "a turn failed"
            );
        }
        let mut step = self.begin(sight, wait, decision, !over).await?;
        step.close_turn(&Closed {
            agent: agent.id,
            turn,
            closing: &closing,
            facts,
        })
        .await?;
        step.drop_unsent(RunId::of_turn(turn)).await?;
        let to = next_state(agent.state, closing.event)?;
        step.agent_state(agent.state, to, closing.halt.name())
            .await?;
        let more = 0 < agent.inbox_waking && closing.hold.is_none();
        let keep = keep_after(
            agent.spec.pod_lifecycle,
            agent.spec.idle_pod_timeout_ms,
            more,
            decision.at,
        );
        step.sandbox_kept(keep).await?;
        step.commit().await?;
        if over {
            let run = RunId::of_turn(turn);
            let sandbox = SandboxId::of_agent(agent.id);
            let _said = self.world.links.send(sandbox, ToRunner::Forget { run });
        }
        self.room_again().await;
        Ok(Progress::Again)
    }
}
