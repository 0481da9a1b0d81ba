//! From an open turn to everything its runner needs, and to who serves it.

use optio_domain::{
    agent::{
        Lifecycle,
        warm::{self, Server, Service, Setting},
    },
    id::{RunId, TurnId},
    limits::LINE_BYTES_MAX,
    ports::{AgentCli, Launch, LaunchOrder},
    token::{TurnClaims, Verb},
    wire::runner::{Dialogue, RunLimits, RunSpec},
};
use optio_store::agents::AgentSight;
use serde_json::json;

use super::Agents;
use crate::credentials::{self, Stored};

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
}

impl Agents {
    /// Who serves the next run of an agent. Its session is resumed either way.
    pub(super) fn service(
        &self,
        sight: &AgentSight,
        cli: &dyn AgentCli,
        stored: &Stored,
    ) -> Service {
        let (agent, can) = (&sight.agent, cli.capabilities());
        let kept = can.warm
            && agent.spec.pod_lifecycle != Lifecycle::OnDemand
            && 0 < self.world.limits.warm_idle_ms_max;
        let setting = kept.then(|| self.setting(sight, cli, stored));
        let session = agent.session_id.as_deref();
        let server = setting.as_ref().map_or(Server::New, |setting| {
            warm::server(sight.warm.as_ref(), setting, session, can.set_model)
        });
        Service { server, setting }
    }

    /// The run of a turn, complete. The token goes the way of the secrets.
    pub(super) fn run_spec(
        &self,
        sight: &AgentSight,
        order: &TurnOrder,
        service: &Service,
        cli: &dyn AgentCli,
        stored: &Stored,
    ) -> RunSpec {
        let (agent, limits) = (&sight.agent, &self.world.limits);
        let kept = service.setting.is_some();
        // A session lies in the agent's home, and goes with it.
        let remembers =
            agent.spec.pod_lifecycle != Lifecycle::OnDemand || self.world.sandboxes.keeps_files();
        let wanted = LaunchOrder {
            prompt: order.prompt.clone(),
            model: agent.spec.model.clone(),
            resume: agent.session_id.clone().filter(|_| remembers),
            max_turns: max_turns(sight),
            budget_usd: None,
            tools_file: None,
            kept,
        };
        let launch = credentials::launch(cli, &wanted, stored);
        let dialogue = self.dialogue(sight, order, &launch, service.server, cli);
        let mut env = self.environment(sight);
        if !kept {
            // In a process that serves several turns it would soon be wrong.
            let name = "OPTIO_PERSISTENT_AGENT_TURN_ID".to_owned();
            env.push((name, order.turn.to_string()));
        }
        let mut secrets = launch.secrets;
        secrets.insert("OPTIO_AGENT_TOKEN".to_owned(), self.token(sight, order));
        RunSpec {
            run: RunId::of_turn(order.turn),
            epoch: order.epoch,
            program: launch.program,
            args: launch.args,
            env: launch.env.into_iter().chain(env).collect(),
            secrets,
            stdin: launch.stdin,
            files: launch.files,
            read_only: launch.read_only,
            limits: RunLimits {
                duration_ms: u64::try_from(agent.spec.max_turn_duration_ms).unwrap_or(u64::MAX),
                silence_ms: limits.silence_ms_max,
                line_bytes: LINE_BYTES_MAX,
                output_bytes: limits.output_bytes_max,
                grace_ms: GRACE_MS,
            },
            dialogue,
            checkout: None,
            directory: None,
            outputs: None,
            setup: None,
        }
    }

    fn dialogue(
        &self,
        sight: &AgentSight,
        order: &TurnOrder,
        launch: &Launch,
        server: Server,
        cli: &dyn AgentCli,
    ) -> Option<Dialogue> {
        let speech = launch.speech.clone()?;
        let model = match server {
            Server::New | Server::Warm(_) => None,
            Server::WarmWithModel(_) => Some(sight.agent.spec.model.as_deref()),
        };
        Some(Dialogue {
            process: server.process(),
            next: cli.next(&order.prompt, model),
            begins: speech.begins,
            ends: speech.ends,
            idle_ms_max: self.world.limits.warm_idle_ms_max,
            idle_rss_bytes_max: self.world.limits.warm_rss_bytes_max,
        })
    }

    /// What a kept process of this agent is set to: everything it would be started with but the
    /// turn, the model and the session, and the words it has been told.
    fn setting(&self, sight: &AgentSight, cli: &dyn AgentCli, stored: &Stored) -> Setting {
        let spec = &sight.agent.spec;
        let wanted = LaunchOrder {
            prompt: String::new(),
            model: None,
            resume: None,
            max_turns: max_turns(sight),
            budget_usd: None,
            tools_file: None,
            kept: true,
        };
        let launch = credentials::launch(cli, &wanted, stored);
        let all = json!([
            spec.agent_runtime,
            launch.program,
            launch.args,
            launch.env,
            launch.secrets,
            launch.files,
            launch.read_only,
            self.environment(sight),
            sight.agent.workspace,
            spec.system_prompt,
            spec.agents_md,
        ]);
        Setting {
            print: self.world.signer.fingerprint(all.to_string().as_bytes()),
            model: spec.model.clone(),
        }
    }

    /// The environment of every turn of an agent.
    fn environment(&self, sight: &AgentSight) -> Vec<(String, String)> {
        let agent = &sight.agent;
        [
            ("OPTIO_API_URL", self.world.api_url.clone()),
            ("OPTIO_PERSISTENT_AGENT_ID", agent.id.to_string()),
            ("OPTIO_PERSISTENT_AGENT_SLUG", agent.spec.slug.clone()),
            ("OPTIO_AGENT_RUNTIME", agent.spec.agent_runtime.clone()),
            ("OPTIO_AGENT_TYPE", agent.spec.agent_runtime.clone()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    fn token(&self, sight: &AgentSight, order: &TurnOrder) -> String {
        self.world.signer.turn(&TurnClaims {
            agent: sight.agent.id,
            turn: order.turn,
            epoch: order.epoch,
            workspace: sight.agent.workspace.clone(),
            verbs: Verb::ALL.to_vec(),
        })
    }
}

fn max_turns(sight: &AgentSight) -> u32 {
    u32::try_from(sight.agent.spec.max_turns).unwrap_or(u32::MAX)
}
