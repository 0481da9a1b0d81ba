//! What should happen next with an agent: what was seen and the time in, one step and one wait out.

use chrono::{DateTime, TimeDelta, Utc};

use super::{AgentEvent, AgentState, Intent, Lifecycle};
use crate::{
    actor::Wait,
    id::{RunId, TurnId},
    limits::STOP_MS_MAX,
    ports::SandboxState,
    run::{Failure, FailureClass, HaltReason, Verdict, rate_limit_ends},
};

/// How long a started run may outlive its limit before we end it over its runner's head.
const LIMIT_SLACK: TimeDelta = TimeDelta::seconds(10);
/// How often an agent without room looks again by itself; a closing turn wakes it earlier.
const ROOM_LOOK: TimeDelta = TimeDelta::seconds(10);
/// How often a runner that should dial in is looked after.
const RUNNER_LOOK: TimeDelta = TimeDelta::seconds(2);
/// How long a runner may take to say that a run it was given has started.
const START_LOOK: TimeDelta = TimeDelta::seconds(5);
/// The pause after a failure: doubled with each further one.
const FAILURE_PAUSE: TimeDelta = TimeDelta::seconds(1);
const FAILURE_PAUSE_MAX: TimeDelta = TimeDelta::minutes(5);

/// Everything the plan looks at.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Whether the agent takes turns at all.
    pub enabled: bool,
    /// What a person asked for and was not done yet.
    pub intent: Option<Intent>,
    /// Whether every trace is to be removed.
    pub deleting: bool,
    /// Messages that wait.
    pub pending: i64,
    /// Not before this, and why.
    pub hold: Option<Hold>,
    /// Turns that are open, of all agents.
    pub turns_open: i64,
    /// Turns that may be open at once.
    pub turns_max: i64,
    /// The open turn, in the two states that have one.
    pub turn: Option<OpenTurn>,
    /// A run that is not known to be gone although its turn is closed.
    pub lingering: Option<Lingering>,
    /// The sandbox, while there is one.
    pub sandbox: Option<Kept>,
    /// Whether the sandbox's runner can be spoken to.
    pub link: Link,
}

/// A pause with its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Until when.
    pub until: DateTime<Utc>,
    /// Why, in words.
    pub reason: String,
}

/// The open turn.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenTurn {
    /// Which.
    pub turn: TurnId,
    /// When it must be running.
    pub provision_until: DateTime<Utc>,
    /// How long it may run, in milliseconds.
    pub duration_ms: i64,
    /// How far its run is.
    pub run: RunSeen,
}

/// How far a run is.
#[derive(Debug, Clone, PartialEq)]
pub enum RunSeen {
    /// No runner was given it.
    Unsent,
    /// A runner was given it.
    Sent {
        /// When.
        at: DateTime<Utc>,
    },
    /// Its process runs.
    Started {
        /// Since when.
        at: DateTime<Utc>,
    },
    /// It is over and nothing of it is alive.
    Ended(Verdict),
}

/// A run whose turn is closed but whose process may still be alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lingering {
    /// Which.
    pub run: RunId,
    /// When its end was first asked for.
    pub stop_asked: Option<DateTime<Utc>>,
}

/// A sandbox that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// Until when it is kept without work; `None` is without end.
    pub until: Option<DateTime<Utc>>,
}

/// Whether a sandbox's runner can be spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// It is connected.
    Connected {
        /// Whether it holds the open turn's run.
        holds_run: bool,
    },
    /// It is not.
    Away {
        /// Whether its process is there.
        runner: SandboxState,
    },
}

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
    /// Open a turn and give it the waiting mail.
    OpenTurn,
    /// See to it that the sandbox's runner runs.
    EnsureSandbox,
    /// Give the run to the connected runner.
    SendRun(TurnId),
    /// The process runs.
    MarkRunning,
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
            Self::OpenTurn => "open turn",
            Self::EnsureSandbox => "ensure sandbox",
            Self::SendRun(_) => "send run",
            Self::MarkRunning => "mark running",
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
    if let Some(lingering) = seen.lingering {
        return end_lingering(lingering, seen.link, now);
    }
    match state {
        AgentState::Idle => idle(seen, now),
        AgentState::Queued => queued(seen, now),
        AgentState::Provisioning { turn } => match &seen.turn {
            Some(open) => provisioning(turn, open, seen, now),
            None => lost_turn(turn),
        },
        AgentState::Running { turn } => match &seen.turn {
            Some(open) => running(turn, open, seen, now),
            None => lost_turn(turn),
        },
        AgentState::Paused => at_rest(seen, Wait::at_rest("paused", "a person: resume it")),
        AgentState::Failed => at_rest(
            seen,
            Wait::at_rest("failed too often in a row", "a person: resume it"),
        ),
        AgentState::Archived => archived(seen),
    }
}

fn idle(seen: &Seen, now: DateTime<Utc>) -> Plan {
    if !seen.enabled {
        return keep_or_retire(seen, now, Wait::at_rest("disabled", "a person: enable it"));
    }
    if seen.pending == 0 {
        return keep_or_retire(seen, now, Wait::at_rest("no mail", "whoever writes to it"));
    }
    match held(seen, now) {
        Some(wait) => keep_or_retire(seen, now, wait),
        None => step(
            Step::Enqueue,
            Wait::until("a turn", "the control plane", now),
        ),
    }
}

fn held(seen: &Seen, now: DateTime<Utc>) -> Option<Wait> {
    let hold = seen.hold.as_ref().filter(|hold| now < hold.until)?;
    Some(Wait::until(hold.reason.clone(), "time", hold.until))
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
    let wait = Wait::at_rest("archived", "nobody: archived is final");
    match (seen.deleting, seen.sandbox) {
        (true, _) => step(Step::Purge, wait),
        (false, Some(_)) => step(Step::RetireSandbox, wait),
        (false, None) => step(Step::Nothing, wait),
    }
}

fn queued(seen: &Seen, now: DateTime<Utc>) -> Plan {
    if !seen.enabled || seen.pending == 0 || held(seen, now).is_some() {
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
        return step(
            Step::Nothing,
            Wait::until(reason, "the agents whose turns run", now + ROOM_LOOK),
        );
    }
    step(
        Step::OpenTurn,
        Wait::until("a sandbox", "the sandbox driver", now),
    )
}

fn provisioning(turn: TurnId, open: &OpenTurn, seen: &Seen, now: DateTime<Utc>) -> Plan {
    match &open.run {
        RunSeen::Ended(verdict) => close(turn, verdict.clone(), now),
        RunSeen::Started { .. } => step(
            Step::MarkRunning,
            Wait::until("the agent's work", "the agent", now),
        ),
        RunSeen::Unsent | RunSeen::Sent { .. } if open.provision_until <= now => {
            let words = "the sandbox was not ready in time";
            close(
                turn,
                Verdict::Failed(Failure::new(FailureClass::Sandbox, words)),
                now,
            )
        }
        RunSeen::Unsent => match seen.link {
            Link::Connected { .. } => send(turn, open),
            Link::Away { runner } => runner_away(runner, open.provision_until, now),
        },
        RunSeen::Sent { at } => match seen.link {
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
fn runner_away(runner: SandboxState, deadline: DateTime<Utc>, now: DateTime<Utc>) -> Plan {
    let wait = Wait::until(
        "the sandbox's runner to dial in",
        "the runner",
        deadline.min(now + RUNNER_LOOK),
    );
    let todo = match runner {
        SandboxState::Alive => Step::Nothing,
        SandboxState::Gone => Step::EnsureSandbox,
    };
    step(todo, wait)
}

fn running(turn: TurnId, open: &OpenTurn, seen: &Seen, now: DateTime<Utc>) -> Plan {
    let started = match &open.run {
        RunSeen::Ended(verdict) => return close(turn, verdict.clone(), now),
        RunSeen::Started { at } | RunSeen::Sent { at } => *at,
        RunSeen::Unsent => return lost_turn(turn),
    };
    let deadline = started + TimeDelta::milliseconds(open.duration_ms) + LIMIT_SLACK;
    if deadline <= now {
        let words = "the turn's time limit was reached and its runner did not say so";
        return close(
            turn,
            Verdict::Failed(Failure::new(FailureClass::Timeout, words)),
            now,
        );
    }
    match seen.link {
        Link::Connected { holds_run: true } => step(
            Step::Nothing,
            Wait::until("the agent's work", "the agent", deadline),
        ),
        Link::Connected { holds_run: false } => lost_turn(turn),
        Link::Away { runner } => runner_away(runner, deadline, now),
    }
}

fn close(turn: TurnId, verdict: Verdict, now: DateTime<Utc>) -> Plan {
    let wait = Wait::until("the next look", "the control plane", now);
    step(Step::CloseTurn { turn, verdict }, wait)
}

fn lost_turn(turn: TurnId) -> Plan {
    let words = "the runner no longer knows the run";
    let verdict = Verdict::Failed(Failure::new(FailureClass::Crash, words));
    step(
        Step::CloseTurn { turn, verdict },
        Wait::at_rest("the next look", "the control plane"),
    )
}

fn end_lingering(lingering: Lingering, link: Link, now: DateTime<Utc>) -> Plan {
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

/// What closing a turn means for everything around it.
#[derive(Debug, Clone, PartialEq)]
pub struct Closing {
    /// The agent's event: it goes on, or gives up.
    pub event: AgentEvent,
    /// Why the turn halted.
    pub halt: HaltReason,
    /// What went wrong.
    pub failure: Option<Failure>,
    /// What becomes of its mail.
    pub mail: MailFate,
    /// Failures in a row from now on.
    pub failures: i32,
    /// Rate limits in a row from now on.
    pub rate_limits: i32,
    /// Not before this, and why.
    pub hold: Option<Hold>,
    /// Whether the vendor's session must be forgotten.
    pub forget_session: bool,
}

/// What becomes of a turn's mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailFate {
    /// It fed a turn that succeeded.
    Consumed,
    /// Back into the inbox, one attempt older.
    GivenBack,
    /// Back into the inbox as if nothing had been: the failure was not the agent's.
    Untouched,
}

/// What came before, as far as closing a turn depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Past {
    /// Failures in a row.
    pub failures: i32,
    /// How many are too many.
    pub failure_limit: i32,
    /// Rate limits in a row.
    pub rate_limits: i32,
}

/// Decides what closing a turn means.
#[must_use]
pub fn closing(verdict: &Verdict, past: Past, now: DateTime<Utc>) -> Closing {
    let quiet = Closing {
        event: AgentEvent::TurnClosed,
        halt: HaltReason::Natural,
        failure: None,
        mail: MailFate::Consumed,
        failures: 0,
        rate_limits: 0,
        hold: None,
        forget_session: false,
    };
    match verdict {
        Verdict::Done => quiet,
        Verdict::Stopped => Closing {
            halt: HaltReason::Cancelled,
            mail: MailFate::Untouched,
            failures: past.failures,
            ..quiet
        },
        Verdict::Failed(failure) => failed(failure, past, quiet, now),
    }
}

fn failed(failure: &Failure, past: Past, quiet: Closing, now: DateTime<Utc>) -> Closing {
    let base = Closing {
        halt: failure.halt(),
        failure: Some(failure.clone()),
        mail: MailFate::Untouched,
        failures: past.failures,
        rate_limits: past.rate_limits,
        ..quiet
    };
    if failure.class == FailureClass::RateLimit {
        let until = rate_limit_ends(failure, u32::try_from(past.rate_limits).unwrap_or(0), now);
        let reason = format!("the vendor's rate limit to end: {}", failure.message);
        let rate_limits = past.rate_limits.saturating_add(1);
        return Closing {
            rate_limits,
            hold: Some(Hold { until, reason }),
            ..base
        };
    }
    if !failure.class.counts() {
        return Closing {
            forget_session: failure.class == FailureClass::Session,
            ..base
        };
    }
    let failures = past.failures.saturating_add(1);
    let gives_up = past.failure_limit <= failures;
    let exponent = u32::try_from(failures.clamp(0, 9)).unwrap_or(0);
    let pause = (FAILURE_PAUSE * 2_i32.pow(exponent)).min(FAILURE_PAUSE_MAX);
    let reason = format!("a pause after failure {failures}: {}", failure.message);
    Closing {
        event: if gives_up {
            AgentEvent::GaveUp
        } else {
            AgentEvent::TurnClosed
        },
        mail: MailFate::GivenBack,
        failures,
        hold: (!gives_up).then_some(Hold {
            until: now + pause,
            reason,
        }),
        ..base
    }
}

/// Until when a sandbox is kept once a turn has closed.
#[must_use]
pub fn keep_after(
    lifecycle: Lifecycle,
    idle_ms: i64,
    more_mail: bool,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    // With more mail waiting the next turn follows at once: taking the sandbox down in between
    // would only make the agent slower.
    let at = if more_mail {
        now + TimeDelta::seconds(30)
    } else {
        now
    };
    lifecycle.keep_until(idle_ms, at)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const ANY: TurnId = TurnId(Uuid::from_u128(1));

    fn now() -> DateTime<Utc> {
        "2026-01-01T12:00:00Z".parse().unwrap()
    }

    fn quiet() -> Seen {
        Seen {
            enabled: true,
            intent: None,
            deleting: false,
            pending: 0,
            hold: None,
            turns_open: 0,
            turns_max: 10,
            turn: None,
            lingering: None,
            sandbox: None,
            link: Link::Away {
                runner: SandboxState::Gone,
            },
        }
    }

    fn open(run: RunSeen) -> Option<OpenTurn> {
        Some(OpenTurn {
            turn: ANY,
            provision_until: now() + TimeDelta::minutes(2),
            duration_ms: 600_000,
            run,
        })
    }

    fn next(state: AgentState, seen: &Seen) -> Step {
        plan(state, seen, now()).step
    }

    #[test]
    fn mail_leads_to_a_turn_when_there_is_room() {
        let seen = Seen {
            pending: 1,
            ..quiet()
        };
        assert_eq!(next(AgentState::Idle, &seen), Step::Enqueue);
        assert_eq!(next(AgentState::Queued, &seen), Step::OpenTurn);
        let full = Seen {
            turns_open: 10,
            ..seen
        };
        let waiting = plan(AgentState::Queued, &full, now());
        assert_eq!(waiting.step, Step::Nothing);
        assert!(
            waiting.wait.reason.contains("10 of 10"),
            "{:?}",
            waiting.wait
        );
        assert!(waiting.wait.until.is_some());
    }

    #[test]
    fn a_disabled_agent_takes_no_turn() {
        let seen = Seen {
            pending: 1,
            enabled: false,
            ..quiet()
        };
        assert_eq!(next(AgentState::Idle, &seen), Step::Nothing);
        assert_eq!(next(AgentState::Queued, &seen), Step::StandDown);
    }

    #[test]
    fn a_wish_comes_before_everything_else() {
        let seen = Seen {
            intent: Some(Intent::Pause),
            pending: 3,
            turn: open(RunSeen::Ended(Verdict::Done)),
            ..quiet()
        };
        let obeyed = next(AgentState::Running { turn: ANY }, &seen);
        assert_eq!(
            obeyed,
            Step::Obey {
                intent: Intent::Pause,
                event: Some(AgentEvent::Paused)
            }
        );
        assert_eq!(
            next(AgentState::Archived, &seen),
            Step::Disregard(Intent::Pause)
        );
    }

    #[test]
    fn no_turn_opens_while_an_old_run_may_be_alive() {
        let lingering = Lingering {
            run: RunId(Uuid::from_u128(9)),
            stop_asked: None,
        };
        let seen = Seen {
            pending: 1,
            lingering: Some(lingering),
            link: Link::Connected { holds_run: false },
            ..quiet()
        };
        assert_eq!(
            next(AgentState::Queued, &seen),
            Step::StopRun(lingering.run)
        );
        let asked = Lingering {
            stop_asked: Some(now() - TimeDelta::seconds(5)),
            ..lingering
        };
        let seen = Seen {
            lingering: Some(asked),
            ..seen
        };
        assert_eq!(next(AgentState::Queued, &seen), Step::RetireSandbox);
    }

    #[test]
    fn a_dead_runner_is_started_again_under_a_run_so_that_its_journal_speaks() {
        let seen = Seen {
            turn: open(RunSeen::Started { at: now() }),
            ..quiet()
        };
        assert_eq!(
            next(AgentState::Running { turn: ANY }, &seen),
            Step::EnsureSandbox
        );
        let alive = Seen {
            link: Link::Away {
                runner: SandboxState::Alive,
            },
            ..seen
        };
        assert_eq!(
            next(AgentState::Running { turn: ANY }, &alive),
            Step::Nothing
        );
    }

    #[test]
    fn a_runner_that_does_not_know_the_run_has_lost_it() {
        let seen = Seen {
            turn: open(RunSeen::Started { at: now() }),
            link: Link::Connected { holds_run: false },
            ..quiet()
        };
        let step = next(AgentState::Running { turn: ANY }, &seen);
        assert!(
            matches!(
                step,
                Step::CloseTurn {
                    verdict: Verdict::Failed(_),
                    ..
                }
            ),
            "{step:?}"
        );
    }

    #[test]
    fn the_time_limit_holds_even_when_the_runner_is_silent() {
        let seen = Seen {
            turn: open(RunSeen::Started {
                at: now() - TimeDelta::minutes(11),
            }),
            link: Link::Connected { holds_run: true },
            ..quiet()
        };
        let Step::CloseTurn {
            verdict: Verdict::Failed(failure),
            ..
        } = next(AgentState::Running { turn: ANY }, &seen)
        else {
            panic!("the turn goes on");
        };
        assert_eq!(failure.class, FailureClass::Timeout);
    }

    #[test]
    fn a_sandbox_is_kept_for_its_window_and_no_longer() {
        let until = now() + TimeDelta::minutes(1);
        let seen = Seen {
            sandbox: Some(Kept { until: Some(until) }),
            ..quiet()
        };
        let kept = plan(AgentState::Idle, &seen, now());
        assert_eq!((kept.step, kept.wait.until), (Step::Nothing, Some(until)));
        assert_eq!(
            plan(AgentState::Idle, &seen, until).step,
            Step::RetireSandbox
        );
        let always = Seen {
            sandbox: Some(Kept { until: None }),
            ..quiet()
        };
        assert_eq!(next(AgentState::Idle, &always), Step::Nothing);
        assert_eq!(next(AgentState::Paused, &always), Step::RetireSandbox);
    }

    #[test]
    fn a_deleted_agent_loses_its_sandbox_before_its_row() {
        let seen = Seen {
            deleting: true,
            sandbox: Some(Kept { until: None }),
            ..quiet()
        };
        assert_eq!(next(AgentState::Archived, &seen), Step::DestroySandbox);
        assert_eq!(
            next(
                AgentState::Archived,
                &Seen {
                    sandbox: None,
                    ..seen
                }
            ),
            Step::Purge
        );
    }

    fn fail(class: FailureClass) -> Verdict {
        Verdict::Failed(Failure::new(class, "why"))
    }

    const FRESH: Past = Past {
        failures: 0,
        failure_limit: 3,
        rate_limits: 0,
    };

    #[test]
    fn only_a_finished_turn_consumes_its_mail() {
        assert_eq!(
            closing(&Verdict::Done, FRESH, now()).mail,
            MailFate::Consumed
        );
        assert_eq!(
            closing(&Verdict::Stopped, FRESH, now()).mail,
            MailFate::Untouched
        );
        assert_eq!(
            closing(&fail(FailureClass::Crash), FRESH, now()).mail,
            MailFate::GivenBack
        );
    }

    #[test]
    fn failures_in_a_row_lead_to_failed_and_a_success_forgives_them() {
        let past = Past {
            failures: 2,
            ..FRESH
        };
        let last = closing(&fail(FailureClass::Crash), past, now());
        assert_eq!((last.event, last.failures), (AgentEvent::GaveUp, 3));
        assert_eq!(closing(&Verdict::Done, past, now()).failures, 0);
    }

    #[test]
    fn a_rate_limit_waits_and_is_nobodys_fault() {
        let past = Past {
            failures: 2,
            ..FRESH
        };
        let limited = closing(&fail(FailureClass::RateLimit), past, now());
        assert_eq!(limited.event, AgentEvent::TurnClosed);
        assert_eq!((limited.failures, limited.mail), (2, MailFate::Untouched));
        assert_eq!(limited.hold.unwrap().until, now() + TimeDelta::minutes(1));
    }

    #[test]
    fn an_unknown_session_is_forgotten_and_tried_again_at_once() {
        let closed = closing(&fail(FailureClass::Session), FRESH, now());
        assert!(closed.forget_session && closed.hold.is_none());
        assert_eq!(closed.mail, MailFate::Untouched);
    }

    #[test]
    fn pauses_after_failures_grow_and_end() {
        let pause = |failures| {
            let past = Past {
                failures,
                failure_limit: 100,
                rate_limits: 0,
            };
            closing(&fail(FailureClass::Crash), past, now())
                .hold
                .unwrap()
                .until
                - now()
        };
        assert_eq!(pause(0), TimeDelta::seconds(2));
        assert_eq!(pause(1), TimeDelta::seconds(4));
        assert_eq!(pause(50), TimeDelta::minutes(5));
    }
}
