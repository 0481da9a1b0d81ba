//! The end that a stop message brings.

use optio_domain::{
    actor::{Decision, Wait},
    agent::{closing::cancelled, closing::keep_after},
    id::TurnId,
};
use optio_runtime::{Fault, Progress};
use optio_store::{
    agents::AgentSight,
    turns::{Closed, Keep},
};

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
        let (lifecycle, idle_ms) = (agent.spec.pod_lifecycle, agent.spec.idle_pod_timeout_ms);
        let closed = Closed {
            agent: agent.id,
            turn,
            from: agent.state,
            to: next_state(agent.state, closing.event)?,
            reason: "stopped by a message",
            closing: &closing,
            facts: &open.facts,
            // Its mail came back, so that the next turn follows at once.
            keep: Keep::Until(keep_after(lifecycle, idle_ms, true, decision.at)),
            warm: None,
        };
        let write = self.write(sight, wait, decision, true);
        self.world.store.close_turn(&write, &closed).await?;
        self.room_again().await;
        Ok(Progress::Again)
    }
}
