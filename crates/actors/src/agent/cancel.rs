//! The end that a stop message brings.

use optio_domain::{
    actor::{Decision, Wait},
    agent::{closing::cancelled, closing::keep_after},
    id::{RunId, TurnId},
};
use optio_runtime::{Fault, Progress};
use optio_store::{agents::AgentSight, turns::Closed};

use super::{Agents, acts::next_state};

impl Agents {
    /// Closes the turn as a person's wish would, and leaves the agent ready for its next mail. The
    /// process is of an old epoch from now on and is ended as whatever lingers.
    pub(super) async fn cancel_turn(
        &self,
        sight: &AgentSight,
        turn: TurnId,
        wait: &Wait,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let agent = &sight.agent;
        let Some(open) = sight.turn.as_ref() else {
            return Err(Fault::Moved);
        };
        let closing = cancelled(agent.consecutive_failures);
        let mut step = self.begin(sight, wait, decision, true).await?;
        step.close_turn(&Closed {
            agent: agent.id,
            turn,
            closing: &closing,
            facts: &open.facts,
        })
        .await?;
        step.drop_unsent(RunId::of_turn(turn)).await?;
        let to = next_state(agent.state, closing.event)?;
        step.agent_state(agent.state, to, "stopped by a message")
            .await?;
        let (lifecycle, idle_ms) = (agent.spec.pod_lifecycle, agent.spec.idle_pod_timeout_ms);
        // Its mail came back, so that the next turn follows at once.
        step.sandbox_kept(keep_after(lifecycle, idle_ms, true, decision.at))
            .await?;
        step.commit().await?;
        self.room_again().await;
        Ok(Progress::Again)
    }
}
