//! A running turn is told of what cannot wait.

use optio_domain::{
    actor::{Decision, Wait},
    agent::prompt,
    id::{MessageId, RunId, SandboxId, TurnId},
    wire::runner::ToRunner,
};
use optio_runtime::{Fault, Progress};
use optio_store::agents::AgentSight;

use super::Agents;

impl Agents {
    /// Gives the turn the interrupts that wait and tells its runner, also of those it was told of
    /// before and has not answered for.
    pub(super) async fn steer(
        &self,
        sight: &AgentSight,
        turn: TurnId,
        wait: &Wait,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let agent = &sight.agent;
        let Some(cli) = self.world.clis.get(agent.spec.agent_runtime.as_str()) else {
            return Err(Fault::Fallen(format!(
                "a `{}` runs that this Optio does not know",
                agent.spec.agent_runtime
            )));
        };
        let unanswered = match sight.turn.as_ref().and_then(|it| it.unanswered_since) {
            Some(_) => self.world.store.untaken(turn).await?,
            None => Vec::new(),
        };
        let fresh = self.world.store.interrupts(agent.id.into()).await?;
        let write = self.write(sight, wait, decision, false);
        self.world.store.steer(&write, turn, &fresh).await?;
        let sandbox = SandboxId::of_agent(agent.id);
        for row in unanswered.iter().chain(&fresh) {
            let input = MessageId(row.id);
            let frame = ToRunner::Input {
                run: RunId::of_turn(turn),
                input,
                text: cli.interrupt(input, &prompt::interruption(&row.letter())),
            };
            // What does not get through is told again at the time just written.
            let _sent = self.world.links.send(sandbox, frame);
        }
        Ok(Progress::Rest { until: wait.until })
    }
}
