//! From an open turn to everything its runner needs.

use optio_domain::{
    id::{RunId, TurnId},
    limits::LINE_BYTES_MAX,
    ports::{AgentCli, LaunchOrder},
    token::{TurnClaims, Verb},
    wire::runner::{RunLimits, RunSpec},
};
use optio_store::agents::AgentSight;

use super::Agents;

/// Milliseconds between interrupt, terminate and kill.
const GRACE_MS: u64 = 1_000;

/// A turn as far as its run depends on it.
pub(super) struct TurnOrder {
    /// Which.
    pub(super) turn: TurnId,
    /// Its epoch.
    pub(super) epoch: i64,
    /// What the agent is told.
    pub(super) prompt: String,
    /// The vendor's session to resume.
    pub(super) resume: Option<String>,
}

impl Agents {
    /// The run of a turn, complete. The token goes the way of the secrets.
    pub(super) fn run_spec(
        &self,
        sight: &AgentSight,
        order: TurnOrder,
        cli: &dyn AgentCli,
    ) -> RunSpec {
        let agent = &sight.agent;
        let (turn_id, epoch) = (order.turn, order.epoch);
        let launch = cli.launch(&LaunchOrder {
            prompt: order.prompt,
            model: agent.spec.model.clone(),
            resume: order.resume,
            max_turns: u32::try_from(agent.spec.max_turns).unwrap_or(u32::MAX),
        });
        let token = self.world.signer.turn(&TurnClaims {
            agent: agent.id,
            turn: turn_id,
            epoch,
            workspace: agent.workspace.clone(),
            verbs: Verb::ALL.to_vec(),
        });
        let mut env = launch.env;
        env.extend([
            ("OPTIO_API_URL".to_owned(), self.world.api_url.clone()),
            ("OPTIO_PERSISTENT_AGENT_ID".to_owned(), agent.id.to_string()),
            (
                "OPTIO_PERSISTENT_AGENT_SLUG".to_owned(),
                agent.spec.slug.clone(),
            ),
            (
                "OPTIO_PERSISTENT_AGENT_TURN_ID".to_owned(),
                turn_id.to_string(),
            ),
            (
                "OPTIO_AGENT_RUNTIME".to_owned(),
                agent.spec.agent_runtime.clone(),
            ),
            (
                "OPTIO_AGENT_TYPE".to_owned(),
                agent.spec.agent_runtime.clone(),
            ),
        ]);
        let mut secrets = launch.secrets;
        secrets.insert("OPTIO_AGENT_TOKEN".to_owned(), token);
        RunSpec {
            run: RunId::of_turn(turn_id),
            epoch,
            program: launch.program,
            args: launch.args,
            env,
            secrets,
            stdin: launch.stdin,
            files: launch.files,
            read_only: launch.read_only,
            limits: RunLimits {
                duration_ms: u64::try_from(agent.spec.max_turn_duration_ms).unwrap_or(u64::MAX),
                silence_ms: self.world.limits.silence_ms_max,
                line_bytes: LINE_BYTES_MAX,
                output_bytes: self.world.limits.output_bytes_max,
                grace_ms: GRACE_MS,
            },
        }
    }
}
