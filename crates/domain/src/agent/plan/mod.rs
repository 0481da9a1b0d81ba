//! What should happen next with an agent: what was seen and the time in, one step and one wait out.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    AgentEvent, AgentState, Intent,
    breaker::{Trip, trip},
    seen::{Lingering, Link, OpenTurn, RunSeen, Seen},
};
use crate::{
    actor::Wait,
    id::{RunId, TurnId},
    limits::STOP_MS_MAX,
    ports::SandboxState,
    run::{Failure, FailureClass, Verdict},
};

/// How long a started run may outlive its limit before we end it over its runner's head.
const LIMIT_SLACK: TimeDelta = TimeDelta::seconds(10);
/// How often an agent without room looks again by itself. Whoever is first in the queue is told when a turn
/// closes, and once more every few seconds: thousands may wait, so waiting itself must cost nothing.
const ROOM_LOOK: TimeDelta = TimeDelta::minutes(10);
/// How often a runner that should dial in is looked after.
const RUNNER_LOOK: TimeDelta = TimeDelta::seconds(2);
/// How long a runner may take to say that it has passed something on.
const ANSWER_LOOK: TimeDelta = TimeDelta::seconds(2);
/// How long a runner may take to say that a run it was given has started.
const START_LOOK: TimeDelta = TimeDelta::seconds(5);

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Nothing now.
    Nothing,
    /// Do what a person asked for, closing the open turn where there is one.
    Obey {
        /// What was asked for.
        intent: Intent,
        /// The event it is; `None` when it is so already.
        event: Option<AgentEvent>,
    },
    /// A person asked for what the state does not allow: forget the wish.
    Disregard(Intent),
    /// Mail waits: join the queue.
    Enqueue,
    /// Nothing to do after all: leave the queue.
    StandDown,
    /// It was woken too often: pause it instead of opening a turn.
    Trip(Trip),
    /// Open a turn and give it the waiting mail; give its run to the runner where one is connected.
    OpenTurn,
    /// See to it that the sandbox's runner runs.
    EnsureSandbox,
    /// Give the run to the connected runner.
    SendRun(TurnId),
    /// The process runs.
    MarkRunning,
    /// Give the running turn the interrupts that wait, and those its runner has not answered for.
    Steer(TurnId),
    /// A stop message wants the turn ended: close it at once and give its mail back untouched.
    CancelTurn(TurnId),
    /// Close the turn.
    CloseTurn {
        /// Which.
        turn: TurnId,
        /// How it went.
        verdict: Verdict,
    },
    /// Ask the connected runner to end a run nobody wants any more.
    StopRun(RunId),
    /// End the sandbox, and whatever still runs in it.
    RetireSandbox,
    /// Remove every trace of the agent, its sandbox and its `/workspace` first.
    Purge,
}

impl Step {
    /// A word for logs and decisions.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Obey { intent, .. } => match intent {
                Intent::Pause => "obey pause",
                Intent::Resume => "obey resume",
                Intent::Archive => "obey archive",
                Intent::Restart => "obey restart",
                Intent::Delete => "obey delete",
            },
            Self::Disregard(_) => "disregard intent",
            Self::Enqueue => "enqueue",
            Self::StandDown => "stand down",
            Self::Trip(_) => "trip",
            Self::OpenTurn => "open turn",
            Self::EnsureSandbox => "ensure sandbox",
            Self::SendRun(_) => "send run",
            Self::MarkRunning => "mark running",
            Self::Steer(_) => "steer",
            Self::CancelTurn(_) => "cancel turn",
            Self::CloseTurn { .. } => "close turn",
            Self::StopRun(_) => "stop run",
            Self::RetireSandbox => "retire sandbox",
            Self::Purge => "purge",
        }
    }
}

/// A step, and what the agent waits for once it is done.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The step.
    pub step: Step,
    /// The wait.
    pub wait: Wait,
}

impl Plan {
    /// What an agent waits for whose next step this is: whoever has something to do has not done it
    /// yet, and were its hint lost, only this time would bring it about.
    #[must_use]
    pub fn wait_before(self, now: DateTime<Utc>) -> Wait {
        if self.step == Step::Nothing {
            self.wait
        } else {
            Wait::until("the next look", "the control plane", now)
        }
    }
}

fn step(step: Step, wait: Wait) -> Plan {
    Plan { step, wait }
}

/// Decides. First what a person wants, then what must end, then what the state is about.
#[must_use]
pub fn plan(state: AgentState, seen: &Seen, now: DateTime<Utc>) -> Plan {
    if let Some(intent) = seen.intent {
        let soon = Wait::until(
            format!("to {} the agent", intent.name()),
            "the control plane",
            now,
        );
        return match intent.meets(state) {
            Ok(event) => step(Step::Obey { intent, event }, soon),
            Err(_refusal) => step(Step::Disregard(intent), soon),
        };
    }
    let over = |open: &OpenTurn| matches!(open.run, RunSeen::Ended(_));
    // What has ended by itself needs no stop: its result counts.
    if let Some(turn) = state.turn()
        && seen.stop
        && !seen.turn.as_ref().is_some_and(over)
    {
        let wait = Wait::until("the next look", "the control plane", now);
        return step(Step::CancelTurn(turn), wait);
    }
    if let Some(lingering) = seen.lingering {
        return end_lingering(lingering, &seen.link, now);
    }
    match state {
        AgentState::Idle => idle(seen, now),
        AgentState::Queued => queued(seen, now),
        AgentState::Provisioning { turn } => match &seen.turn {
            Some(open) => provisioning(turn, open, seen, now),
            None => lost_turn(turn, now),
        },
        AgentState::Running { turn } => match &seen.turn {
            Some(open) => running(turn, open, seen, now),
            None => lost_turn(turn, now),
        },
        AgentState::Paused => at_rest(seen, paused(seen)),
        AgentState::Failed => at_rest(
            seen,
            Wait::at_rest("failed too often in a row", "a person: resume it").whatever_mail_comes(),
        ),
        AgentState::Archived => archived(seen),
    }
}

fn paused(seen: &Seen) -> Wait {
    let reason = match &seen.pause_reason {
        Some(reason) => format!("paused: {reason}"),
        None => "paused".to_owned(),
    };
    Wait::at_rest(&reason, "a person: resume it").whatever_mail_comes()
}

fn idle(seen: &Seen, now: DateTime<Utc>) -> Plan {
    if !seen.enabled {
        let wait = Wait::at_rest("disabled", "a person: enable it").whatever_mail_comes();
        return keep_or_retire(seen, now, wait);
    }
    if seen.waking == 0 {
        return keep_or_retire(seen, now, no_mail(seen.pending));
    }
    if let Some(wait) = held(seen, now) {
        return keep_or_retire(seen, now, wait);
    }
    // Whoever waits for room goes first.
    if seen.others_queued || seen.turns_max <= seen.turns_open {
        return step(
            Step::Enqueue,
            Wait::until("a turn", "the control plane", now),
        );
    }
    open_turn(seen, now)
}

/// A runner that is connected is given the run at once. Whoever was woken too often takes no turn.
fn open_turn(seen: &Seen, now: DateTime<Utc>) -> Plan {
    if let Some(trip) = trip(&seen.wakes, &seen.breaker, now) {
        let wait = Wait::until(trip.to_string(), "the control plane", now);
        return step(Step::Trip(trip), wait);
    }
    let wait = match seen.link {
        Link::Connected { .. } => Wait::until(
            "the agent's process to start",
            "the runner",
            now + START_LOOK,
        ),
        Link::Away { .. } => Wait::until("a sandbox", "the sandbox driver", now),
    };
    step(Step::OpenTurn, wait)
}

/// Notices alone wake nobody.
fn no_mail(notices: i64) -> Wait {
    let reason = match notices {
        0 => "no mail".to_owned(),
        notices => format!("no mail that wakes; {notices} of class notify wait for it"),
    };
    Wait::at_rest(&reason, "whoever writes to it")
}

fn held(seen: &Seen, now: DateTime<Utc>) -> Option<Wait> {
    let hold = seen.hold.as_ref().filter(|hold| now < hold.until)?;
    Some(Wait::until(hold.reason.clone(), "time", hold.until).whatever_mail_comes())
}

/// A sandbox whose window is over is retired; until then its end is one more time to look.
fn keep_or_retire(seen: &Seen, now: DateTime<Utc>, wait: Wait) -> Plan {
    match seen.sandbox.and_then(|kept| kept.until) {
        Some(until) if until <= now => step(Step::RetireSandbox, wait),
        Some(until) => {
            let until = wait.until.map_or(until, |own| own.min(until));
            step(
                Step::Nothing,
                Wait {
                    until: Some(until),
                    ..wait
                },
            )
        }
        None => step(Step::Nothing, wait),
    }
}

fn at_rest(seen: &Seen, wait: Wait) -> Plan {
    let todo = if seen.sandbox.is_some() {
        Step::RetireSandbox
    } else {
        Step::Nothing
    };
    step(todo, wait)
}

fn archived(seen: &Seen) -> Plan {
    let wait = Wait::at_rest("archived", "nobody: archived is final").whatever_mail_comes();
    match (seen.deleting, seen.sandbox) {
        (true, _) => step(Step::Purge, wait),
        (false, Some(_)) => step(Step::RetireSandbox, wait),
        (false, None) => step(Step::Nothing, wait),
    }
}

fn queued(seen: &Seen, now: DateTime<Utc>) -> Plan {
    if !seen.enabled || seen.waking == 0 || held(seen, now).is_some() {
        return step(
            Step::StandDown,
            Wait::until("to leave the queue", "the control plane", now),
        );
    }
    if seen.turns_max <= seen.turns_open {
        let reason = format!(
            "room: {} of {} turns are open",
            seen.turns_open, seen.turns_max
        );
        let wait = Wait::until(reason, "the agents whose turns run", now + ROOM_LOOK);
        return step(Step::Nothing, wait.whatever_mail_comes());
    }
    open_turn(seen, now)
}

fn provisioning(turn: TurnId, open: &OpenTurn, seen: &Seen, now: DateTime<Utc>) -> Plan {
    match &open.run {
        RunSeen::Ended(verdict) => close(turn, verdict.clone(), now),
        RunSeen::Started { at } => step(Step::MarkRunning, work(open.duration_ms, *at)),
        RunSeen::Unsent | RunSeen::Sent { .. } if open.provision_until <= now => {
            let words = seen.link.late("the sandbox was not ready in time");
            close(
                turn,
                Verdict::Failed(Failure::new(FailureClass::Sandbox, words)),
                now,
            )
        }
        RunSeen::Unsent => match &seen.link {
            Link::Connected { .. } => send(turn, open),
            Link::Away { runner } => runner_away(runner, open.provision_until, now),
        },
        RunSeen::Sent { at } => match &seen.link {
            Link::Connected { holds_run: false } => send(turn, open),
            Link::Connected { holds_run: true } => {
                let until = (*at + START_LOOK)
                    .max(now + RUNNER_LOOK)
                    .min(open.provision_until);
                step(
                    Step::Nothing,
                    Wait::until("the agent's process to start", "the runner", until),
                )
            }
            Link::Away { runner } => runner_away(runner, open.provision_until, now),
        },
    }
}

fn send(turn: TurnId, open: &OpenTurn) -> Plan {
    let wait = Wait::until(
        "the agent's process to start",
        "the runner",
        open.provision_until,
    );
    step(Step::SendRun(turn), wait)
}

/// A runner that is gone is started again even under a run: it reads its journal and says how the
/// run ended, which nobody else can know.
fn runner_away(runner: &SandboxState, deadline: DateTime<Utc>, now: DateTime<Utc>) -> Plan {
    let (reason, holder) = runner.awaited();
    let wait = Wait::until(reason, holder, deadline.min(now + RUNNER_LOOK));
    let todo = match runner {
        SandboxState::Alive | SandboxState::Held(_) => Step::Nothing,
        SandboxState::Gone => Step::EnsureSandbox,
    };
    step(todo, wait)
}

fn running(turn: TurnId, open: &OpenTurn, seen: &Seen, now: DateTime<Utc>) -> Plan {
    let started = match &open.run {
        RunSeen::Ended(verdict) => return close(turn, verdict.clone(), now),
        RunSeen::Started { at } | RunSeen::Sent { at } => *at,
        RunSeen::Unsent => return lost_turn(turn, now),
    };
    let deadline = deadline(open.duration_ms, started);
    if deadline <= now {
        let words = "the turn's time limit was reached and its runner did not say so";
        return close(
            turn,
            Verdict::Failed(Failure::new(FailureClass::Timeout, words)),
            now,
        );
    }
    match &seen.link {
        Link::Connected { holds_run: true } => at_work(turn, open, seen, deadline, now),
        Link::Connected { holds_run: false } => lost_turn(turn, now),
        Link::Away { runner } => runner_away(runner, deadline, now),
    }
}

/// A turn at work is told of interrupts at once. The runner may be told twice: it knows each by name.
fn at_work(
    turn: TurnId,
    open: &OpenTurn,
    seen: &Seen,
    deadline: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Plan {
    let again = open.unanswered_since.map(|since| since + ANSWER_LOOK);
    let due = again.is_some_and(|again| again <= now);
    if open.takes_input && (due || 0 < seen.interrupts_pending) {
        let until = deadline.min(now + ANSWER_LOOK);
        let wait = Wait::until("the agent to be interrupted", "the runner", until);
        return step(Step::Steer(turn), wait);
    }
    let look = again.filter(|_| open.takes_input);
    let until = look.map_or(deadline, |look| look.min(deadline));
    let wait = Wait::until("the agent's work", "the agent", until);
    step(Step::Nothing, wait)
}

/// What an agent waits for whose turn of `duration_ms` has started; its end is when the run is ended over
/// its runner's head.
#[must_use]
pub fn work(duration_ms: i64, started: DateTime<Utc>) -> Wait {
    Wait::until(
        "the agent's work",
        "the agent",
        deadline(duration_ms, started),
    )
}

fn deadline(duration_ms: i64, started: DateTime<Utc>) -> DateTime<Utc> {
    started + TimeDelta::milliseconds(duration_ms) + LIMIT_SLACK
}

fn close(turn: TurnId, verdict: Verdict, now: DateTime<Utc>) -> Plan {
    let wait = Wait::until("the next look", "the control plane", now);
    step(Step::CloseTurn { turn, verdict }, wait)
}

fn lost_turn(turn: TurnId, now: DateTime<Utc>) -> Plan {
    let words = "the runner no longer knows the run";
    let verdict = Verdict::Failed(Failure::new(FailureClass::Crash, words));
    close(turn, verdict, now)
}

fn end_lingering(lingering: Lingering, link: &Link, now: DateTime<Utc>) -> Plan {
    let holder = "the runner";
    let patience = TimeDelta::milliseconds(STOP_MS_MAX);
    match (lingering.stop_asked, link) {
        (Some(asked), _) if asked + patience <= now => step(
            Step::RetireSandbox,
            Wait::until("an old run to end", "the sandbox driver", now),
        ),
        (None, Link::Connected { .. }) => step(
            Step::StopRun(lingering.run),
            Wait::until("an old run to end", holder, now + patience),
        ),
        (Some(asked), Link::Connected { .. }) => step(
            Step::Nothing,
            Wait::until("an old run to end", holder, asked + patience),
        ),
        (_, Link::Away { .. }) => step(
            Step::RetireSandbox,
            Wait::until("an old run to end", "the sandbox driver", now),
        ),
    }
}

#[cfg(test)]
mod tests;
