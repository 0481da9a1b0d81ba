//! Turns: opened, given to a runner, closed.

use std::sync::{Arc, atomic::Ordering};

use chrono::{DateTime, Utc};
use optio_domain::{
    actor::{Decision, Wait},
    agent::{
        AgentEvent, AgentState,
        closing::{Closing, MailFate, Past, closing, keep_after},
        plan::{Step, plan},
        prompt,
        seen::{Kept, Lingering, Link, Seen},
        warm::{WarmProcess, left_waiting},
    },
    id::{RunId, SandboxId, TurnId},
    ports::SandboxState,
    run::{Failure, FailureClass, Verdict},
    transcript::Facts,
    wire::runner::ToRunner,
};
use optio_runtime::{Fault, Progress};
use optio_store::{
    actors::Version,
    agents::{AgentSight, TurnSight},
    mail::MessageRow,
    runs::RunRow,
    turns::{Closed, Keep, Opened, Opening},
};

use super::{Agents, acts::next_state, launch::TurnOrder};
use crate::{credentials::Stored, known::OpenedTurn};

impl Agents {
    pub(super) async fn open_turn(
        &self,
        sight: &AgentSight,
        wait: &Wait,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let agent = &sight.agent;
        let mail = self.world.store.mail_for_turn(agent.id.into()).await?;
        if mail.is_empty() {
            tracing::warn!(agent.id = %agent.id, "the inbox was miscounted, counting it anew");
            let mut step = self.begin(sight, wait, decision, false).await?;
            step.recount_inbox().await?;
            step.commit().await?;
            return Ok(Progress::Again);
        }
        let letters: Vec<_> = mail.iter().map(MessageRow::letter).collect();
        let prompt = prompt::assemble(&agent.spec, &letters);
        let sandbox = SandboxId::of_agent(agent.id);
        let cli = self.world.clis.get(agent.spec.agent_runtime.as_str());
        let cli = cli.filter(|_| self.world.links.holds(sandbox, None).is_some());
        let stored = match cli {
            Some(cli) => self.stored(sight, &**cli).await,
            None => Ok(Stored::new()),
        };
        let stored = match stored {
            Ok(stored) => stored,
            Err(error) => return self.without_credentials(sight, decision, error).await,
        };
        let service = cli.map(|cli| self.service(sight, &**cli, &stored));
        let turn = TurnId(self.world.ids.fresh());
        let opening = Opening {
            agent: agent.id,
            from: agent.state,
            turn,
            number: agent.turns_taken + 1,
            prompt: &prompt,
            mail: &mail,
            session: agent.session_id.as_deref(),
            provision_ms: self.world.limits.provision_ms_max,
            sent: service.as_ref(),
            turns_max: self.world.limits.turns_running_max,
        };
        let write = self.write(sight, wait, decision, true);
        let (epoch, version) = match self.world.store.open_turn(&write, &opening).await? {
            Opened::Yes { epoch, version } => (epoch, version),
            // Another agent was quicker; what was just seen is old.
            Opened::NoRoom => return self.no_room(sight, decision).await,
        };
        let (Some(cli), Some(service)) = (cli, &service) else {
            return Ok(Progress::Again);
        };
        let order = TurnOrder {
            turn,
            epoch,
            prompt,
        };
        let spec = self.run_spec(sight, &order, service, &**cli, &stored);
        self.expect(sight, &order, agent.turns_taken + 1, version);
        if self
            .world
            .links
            .send(sandbox, ToRunner::Start(Box::new(spec)))
        {
            return Ok(Progress::Rest { until: wait.until });
        }
        Ok(Progress::Again)
    }

    /// Joins the queue, where the agent does not stand in it yet. Fewer turns open than may be means that
    /// somebody takes the last room just now, or that the limit was raised and the room is not there yet.
    async fn no_room(&self, sight: &AgentSight, decision: &Decision) -> Result<Progress, Fault> {
        let turns_max = self.world.limits.turns_running_max;
        if sight.turns_open < turns_max {
            self.world.store.make_room(turns_max).await?;
        }
        if sight.agent.state == AgentState::Queued {
            return Ok(Progress::Again);
        }
        let wait = Wait::until("a turn", "the control plane", decision.at);
        self.change(sight, AgentEvent::Woken, &wait, decision).await
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
            return self.close_turn(sight, turn, &verdict, decision).await;
        };
        let Some(row) = self.world.store.turn(agent.id, turn).await? else {
            return Err(Fault::Moved);
        };
        let stored = match self.stored(sight, &*cli).await {
            Ok(stored) => stored,
            Err(error) => return self.without_credentials(sight, decision, error).await,
        };
        let service = self.service(sight, &*cli, &stored);
        let order = TurnOrder {
            turn,
            epoch: row.epoch,
            prompt: row.prompt_used,
        };
        let spec = self.run_spec(sight, &order, &service, &*cli, &stored);
        let write = self.write(sight, wait, decision, false);
        let version = self
            .world
            .store
            .run_sent(&write, RunId::of_turn(turn), &service)
            .await?;
        let sent_before = sight
            .turn
            .as_ref()
            .is_some_and(|turn| turn.sent_at.is_some());
        if !sent_before {
            self.expect(sight, &order, row.turn_number, version);
        }
        // A runner that is gone again, or full, is looked after at the deadline just written.
        let sandbox = SandboxId::of_agent(agent.id);
        let _sent = self
            .world
            .links
            .send(sandbox, ToRunner::Start(Box::new(spec)));
        Ok(Progress::Again)
    }

    /// Its first report needs no look then.
    fn expect(&self, sight: &AgentSight, order: &TurnOrder, number: i32, version: Version) {
        let agent = &sight.agent;
        let row = RunRow {
            run: RunId::of_turn(order.turn),
            actor: agent.id.into(),
            sandbox: SandboxId::of_agent(agent.id),
            epoch: order.epoch,
            runtime: agent.spec.agent_runtime.clone(),
            open: true,
            ended: false,
            acked_seq: 0,
            facts: Facts::default(),
        };
        let opened = OpenedTurn {
            version,
            state: AgentState::Provisioning { turn: order.turn },
            number,
            duration_ms: agent.spec.max_turn_duration_ms,
        };
        self.world.runs.put(row, Some(opened));
    }

    pub(super) async fn close_turn(
        &self,
        sight: &AgentSight,
        turn: TurnId,
        verdict: &Verdict,
        decision: &Decision,
    ) -> Result<Progress, Fault> {
        let agent = &sight.agent;
        let verdict = &self.world.explained(SandboxId::of_agent(agent.id), verdict);
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
        let more = 0 < agent.inbox_waking && closing.hold.is_none();
        let keep = keep_after(
            agent.spec.pod_lifecycle,
            agent.spec.idle_pod_timeout_ms,
            more,
            decision.at,
        );
        let warm = sight.turn.as_ref().and_then(left_waiting_by);
        let to = next_state(agent.state, closing.event)?;
        let next = plan(
            to,
            &self.after(sight, &closing, turn, over, keep),
            decision.at,
        );
        let settled = over && closing.mail == MailFate::Consumed && next.step == Step::Nothing;
        let wait = next.wait_before(decision.at);
        let write = self.write(sight, &wait, decision, !over);
        let closed = Closed {
            agent: agent.id,
            turn,
            from: agent.state,
            to,
            reason: closing.halt.name(),
            closing: &closing,
            facts,
            keep: Keep::Until(keep),
            warm: warm.as_ref(),
        };
        let aftermath = self.world.store.close_turn(&write, &closed).await?;
        if over {
            let run = RunId::of_turn(turn);
            let sandbox = SandboxId::of_agent(agent.id);
            let _said = self.world.links.send(sandbox, ToRunner::Forget { run });
        }
        if self.room_wanted.swap(false, Ordering::AcqRel) || aftermath.queue {
            self.room_again().await;
        }
        // Mail that came meanwhile has its own hint, but nothing is lost by looking once more.
        if settled && aftermath.waking == 0 {
            return Ok(Progress::Rest { until: wait.until });
        }
        Ok(Progress::Again)
    }

    /// What will be seen once the turn is closed, as far as it can be told.
    fn after(
        &self,
        sight: &AgentSight,
        closing: &Closing,
        turn: TurnId,
        over: bool,
        keep: Option<DateTime<Utc>>,
    ) -> Seen {
        Seen {
            enabled: sight.agent.spec.enabled,
            intent: None,
            deleting: false,
            pending: i64::from(sight.agent.inbox_pending),
            waking: i64::from(sight.agent.inbox_waking),
            interrupts_pending: sight.interrupts_pending,
            stop: false,
            wakes: sight.wakes.clone(),
            breaker: (&self.world.limits).into(),
            pause_reason: None,
            hold: closing.hold.clone(),
            turns_open: sight.turns_open - 1,
            others_queued: sight.others_queued,
            turns_max: self.world.limits.turns_running_max,
            turn: None,
            lingering: (!over).then_some(Lingering {
                run: RunId::of_turn(turn),
                stop_asked: None,
            }),
            sandbox: Some(Kept { until: keep }),
            link: if over {
                Link::Connected { holds_run: false }
            } else {
                Link::Away {
                    runner: SandboxState::Gone,
                }
            },
        }
    }
}

fn left_waiting_by(turn: &TurnSight) -> Option<WarmProcess> {
    let process = turn.process.unwrap_or(RunId::of_turn(turn.turn));
    left_waiting(
        turn.ended.as_ref(),
        &turn.facts,
        process,
        turn.setting.as_ref(),
    )
}
