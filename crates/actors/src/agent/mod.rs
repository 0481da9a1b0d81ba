//! Persistent agents as actors: read, plan, commit, carry out.

use std::sync::{
    OnceLock,
    atomic::{AtomicBool, Ordering},
};

use chrono::{DateTime, Utc};
use optio_domain::{
    actor::{ActorKind, Decision, Wait},
    agent::{
        AgentEvent, AgentState,
        plan::{Plan, Step, plan},
        seen::{Link, OpenTurn, RunSeen, Seen},
    },
    id::{AgentId, RunId, SandboxId},
    ports::{Eventually, SandboxState},
    run::judge,
};
use optio_runtime::{Fault, Hints, Kind, Progress};
use optio_store::{
    StoreError,
    agents::{AgentSight, TurnSight},
};
use uuid::Uuid;

use crate::World;

mod acts;
mod breaker;
mod cancel;
mod credentials;
mod launch;
mod steer;
mod turns;

/// The kind `agent`.
pub struct Agents {
    world: World,
    hints: OnceLock<Hints>,
    /// Whether an agent found no room since somebody last told those who wait.
    room_wanted: AtomicBool,
}

impl Agents {
    /// The kind, in its world.
    #[must_use]
    pub fn new(world: World) -> Self {
        Self {
            world,
            hints: OnceLock::new(),
            room_wanted: AtomicBool::new(false),
        }
    }

    /// How to tell other agents that there is room again. Given once the engine runs.
    pub fn introduce(&self, hints: Hints) {
        drop(self.hints.set(hints));
    }

    async fn look(&self, sight: &AgentSight, now: DateTime<Utc>) -> Seen {
        let agent = &sight.agent;
        let sandbox = SandboxId::of_agent(agent.id);
        let run = sight.turn.as_ref().map(|turn| RunId::of_turn(turn.turn));
        let link = match self.world.links.holds(sandbox, run) {
            Some(holds_run) => Link::Connected { holds_run },
            None => Link::Away {
                runner: self.runner(sight, sandbox).await,
            },
        };
        Seen {
            enabled: agent.spec.enabled,
            intent: agent.intent,
            deleting: agent.deleting,
            pending: i64::from(agent.inbox_pending),
            waking: i64::from(agent.inbox_waking),
            interrupts_pending: sight.interrupts_pending,
            stop: sight.stop,
            wakes: sight.wakes.clone(),
            breaker: (&self.world.limits).into(),
            pause_reason: agent.pause_reason.clone(),
            hold: agent
                .hold
                .clone()
                .filter(|hold| hold.stands(agent.last_failure_at, now)),
            turns_open: sight.turns_open,
            others_queued: sight.others_queued,
            turns_max: self.world.limits.turns_running_max,
            turn: sight.turn.as_ref().map(open_turn),
            lingering: sight.lingering,
            sandbox: sight.sandbox,
            link,
        }
    }

    /// Whether the runner's process is there; asked only where the plan depends on it.
    async fn runner(&self, sight: &AgentSight, sandbox: SandboxId) -> SandboxState {
        if sight.turn.is_none() && sight.lingering.is_none() {
            return SandboxState::Gone;
        }
        self.world.runner(sight.agent.id, sandbox).await
    }

    async fn sight(&self, id: AgentId) -> Result<Option<AgentSight>, StoreError> {
        let turns_max = self.world.limits.wake_turns_max;
        self.world.store.see_agent_within(id, turns_max).await
    }

    async fn one_step(&self, id: AgentId) -> Result<Progress, Fault> {
        let Some(sight) = self.sight(id).await? else {
            return Ok(Progress::Gone);
        };
        if sight.quarantined {
            return Ok(Progress::Rest { until: None });
        }
        let now = self.world.clock.now();
        let seen = self.look(&sight, now).await;
        let plan = plan(sight.agent.state, &seen, now);
        let decision = Decision {
            at: now,
            step: plan.step.name().to_owned(),
            seen: words(&sight, &seen),
        };
        if plan.step != Step::Nothing {
            tracing::debug!(agent.id = %id, step = plan.step.name(), seen = decision.seen, "step");
        }
        let progress = self.act(&sight, &seen, plan, &decision).await?;
        self.world.stream.hint();
        Ok(progress)
    }

    async fn act(
        &self,
        sight: &AgentSight,
        seen: &Seen,
        Plan { step, wait }: Plan,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        match step {
            // A turn that closed between our look and this word would not know of us: look once more.
            Step::Nothing
                if sight.agent.state == AgentState::Queued
                    && !self.room_wanted.swap(true, Ordering::AcqRel) =>
            {
                Ok(Progress::Again)
            }
            Step::Nothing => self.rest(sight, &wait).await,
            Step::Obey { intent, event } => self.obey(sight, intent, event, &wait, decision).await,
            Step::Disregard(intent) => self.disregard(sight, intent, &wait, decision).await,
            Step::Enqueue => self.change(sight, AgentEvent::Woken, &wait, decision).await,
            Step::StandDown => {
                let progress = self
                    .change(sight, AgentEvent::StoodDown, &wait, decision)
                    .await?;
                // It may have been told of room that is the next one's now.
                self.room_again().await;
                Ok(progress)
            }
            Step::MarkRunning => self.mark_running(sight, &wait, decision, &seen.link).await,
            Step::Trip(trip) => self.trip(sight, &trip, &wait, decision).await,
            Step::Steer(turn) => self.steer(sight, turn, &wait, decision).await,
            Step::OpenTurn => self.open_turn(sight, &wait, decision).await,
            Step::EnsureSandbox => self.ensure_sandbox(sight, &wait, decision).await,
            Step::SendRun(turn) => self.send_run(sight, turn, &wait, decision).await,
            Step::CloseTurn { turn, verdict } => {
                self.close_turn(sight, turn, &verdict, decision).await
            }
            Step::CancelTurn(turn) => self.cancel_turn(sight, turn, &wait, decision).await,
            Step::StopRun(run) => self.stop_run(sight, run, &wait, decision).await,
            Step::RetireSandbox => self.retire(sight, &wait, decision).await,
            Step::Purge => self.purge(sight, &wait, decision).await,
        }
    }

    async fn rest(&self, sight: &AgentSight, wait: &Wait) -> Result<Progress, Fault> {
        let world = &self.world;
        let read = (sight.version, &sight.wait);
        world.rest(sight.agent.id.into(), read, wait).await
    }
}

impl Kind for Agents {
    fn kind(&self) -> ActorKind {
        ActorKind::Agent
    }

    fn step(&self, id: Uuid) -> Eventually<'_, Result<Progress, Fault>> {
        Box::pin(self.one_step(AgentId(id)))
    }
}

fn open_turn(turn: &TurnSight) -> OpenTurn {
    let run = match (&turn.ended, turn.started_at, turn.sent_at) {
        (Some(ended), ..) => RunSeen::Ended(judge(ended, &turn.facts)),
        (None, Some(at), _) => RunSeen::Started { at },
        (None, None, Some(at)) => RunSeen::Sent { at },
        (None, None, None) => RunSeen::Unsent,
    };
    OpenTurn {
        turn: turn.turn,
        provision_until: turn.provision_until,
        duration_ms: turn.duration_ms,
        run,
        takes_input: turn.setting.is_some(),
        unanswered_since: turn.unanswered_since,
    }
}

/// What was seen, in the few words a person needs to follow a decision.
fn words(sight: &AgentSight, seen: &Seen) -> String {
    let mut words = format!("{}, {} waiting", sight.agent.state.name(), seen.pending);
    if let Some(turn) = &sight.turn {
        let run = match seen.turn.as_ref().map(|open| &open.run) {
            Some(RunSeen::Unsent) | None => "unsent",
            Some(RunSeen::Sent { .. }) => "sent",
            Some(RunSeen::Started { .. }) => "started",
            Some(RunSeen::Ended(_)) => "ended",
        };
        words.push_str(&format!(", turn {} {run}", turn.number));
    }
    if seen.stop {
        words.push_str(", told to stop");
    }
    if let Some(intent) = seen.intent {
        words.push_str(&format!(", asked to {}", intent.name()));
    }
    if seen.lingering.is_some() {
        words.push_str(", an old run lingers");
    }
    words.push_str(
        match (&seen.link, sight.turn.is_some() || seen.lingering.is_some()) {
            (Link::Connected { .. }, _) => ", runner connected",
            (
                Link::Away {
                    runner: SandboxState::Alive,
                },
                true,
            ) => ", runner away",
            (
                Link::Away {
                    runner: SandboxState::Held(_),
                },
                true,
            ) => ", runner held up",
            (
                Link::Away {
                    runner: SandboxState::Gone,
                },
                true,
            ) => ", no runner",
            (Link::Away { .. }, false) => "",
        },
    );
    words
}
