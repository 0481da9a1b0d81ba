//! The pause of an agent that was woken too often.

use optio_domain::{
    actor::{Decision, Wait},
    agent::{AgentEvent, AgentState, breaker::Trip},
};
use optio_runtime::{Fault, Progress};
use optio_store::agents::AgentSight;

use super::{Agents, acts::next_state};

impl Agents {
    /// Pauses the agent and says why. Its mail accumulates until a person resumes it.
    pub(super) async fn trip(
        &self,
        sight: &AgentSight,
        trip: &Trip,
        wait: &Wait,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let agent = &sight.agent;
        tracing::warn!(agent.id = %agent.id, reason = %trip, "an agent is paused by the breaker");
        let to = next_state(agent.state, AgentEvent::Paused)?;
        let mut step = self.begin(sight, wait, decision, false).await?;
        step.agent_state(agent.state, to, &trip.to_string()).await?;
        step.paused_because(trip).await?;
        step.commit().await?;
        if agent.state == AgentState::Queued {
            self.room_again().await;
        }
        Ok(Progress::Again)
    }
}
