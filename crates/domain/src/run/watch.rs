//! What should happen next with a run that is open, and with one that is closed and may still be alive:
//! the same for every kind of actor whose runs share a sandbox.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Failure, FailureClass, Verdict};
use crate::{
    actor::Wait,
    agent::seen::{Lingering, Link, RunSeen},
    id::RunId,
    limits::STOP_MS_MAX,
    ports::SandboxState,
};

/// How long a started run may outlive its limit before we end it over its runner's head.
const LIMIT_SLACK: TimeDelta = TimeDelta::seconds(10);
/// How often a runner that should dial in is looked after.
const RUNNER_LOOK: TimeDelta = TimeDelta::seconds(2);

/// The open run.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenRun {
    /// Which.
    pub run: RunId,
    /// When it must be running.
    pub provision_until: DateTime<Utc>,
    /// How long it may run, in milliseconds.
    pub duration_ms: i64,
    /// How far it is.
    pub seen: RunSeen,
}

impl OpenRun {
    /// When a run that started then is over, whatever it says.
    #[must_use]
    pub fn deadline(&self, started: DateTime<Utc>) -> DateTime<Utc> {
        started + TimeDelta::milliseconds(self.duration_ms) + LIMIT_SLACK
    }
}

/// What is to be done about a run.
#[derive(Debug, Clone, PartialEq)]
pub enum RunStep {
    /// Nothing now.
    Nothing,
    /// See to it that the sandbox's runner runs.
    EnsureSandbox,
    /// Give the run to the connected runner.
    Send(RunId),
    /// The run is over: find out what came of it, and close it.
    Close(RunId, Verdict),
    /// Ask the connected runner to end a run nobody wants any more.
    Stop(RunId),
}

/// Decides about an open run.
#[must_use]
pub fn watch(open: &OpenRun, link: &Link, now: DateTime<Utc>) -> (RunStep, Wait) {
    match &open.seen {
        RunSeen::Ended(verdict) => close(open.run, verdict.clone(), now),
        RunSeen::Started { at } => started(open, *at, link, now),
        RunSeen::Unsent | RunSeen::Sent { .. } if open.provision_until <= now => {
            let words = link.late("its sandbox and worktree were not ready in time");
            close(open.run, failed(FailureClass::Sandbox, &words), now)
        }
        RunSeen::Unsent => match link {
            Link::Connected { .. } => send(open),
            Link::Away { runner } => runner_away(runner, open.provision_until, now),
        },
        RunSeen::Sent { .. } => match link {
            Link::Connected { holds_run: false } => send(open),
            Link::Connected { holds_run: true } => (
                RunStep::Nothing,
                preparation(open.provision_until).whatever_mail_comes(),
            ),
            Link::Away { runner } => runner_away(runner, open.provision_until, now),
        },
    }
}

fn started(open: &OpenRun, at: DateTime<Utc>, link: &Link, now: DateTime<Utc>) -> (RunStep, Wait) {
    let deadline = open.deadline(at);
    if deadline <= now {
        let words = "the run's time limit was reached and its runner did not say so";
        return close(open.run, failed(FailureClass::Timeout, words), now);
    }
    match link {
        Link::Connected { holds_run: true } => {
            let wait = Wait::until("the agent's work", "the agent", deadline);
            (RunStep::Nothing, wait.whatever_mail_comes())
        }
        Link::Connected { holds_run: false } => lost(open.run, now),
        Link::Away { runner } => runner_away(runner, deadline, now),
    }
}

/// A run that nobody knows any more.
#[must_use]
pub fn lost(run: RunId, now: DateTime<Utc>) -> (RunStep, Wait) {
    let words = "the runner no longer knows the run";
    close(run, failed(FailureClass::Crash, words), now)
}

/// Decides about a run that is closed and may still be alive. Other runs may be at work in the same
/// sandbox, so it is not ended over their heads: the runner is asked until it says that the run is gone,
/// and a dead one is started again, which ends what it left.
#[must_use]
pub fn linger(old: Lingering, link: &Link, now: DateTime<Utc>) -> (RunStep, Wait) {
    let patience = TimeDelta::milliseconds(STOP_MS_MAX);
    let wait = |until| Wait::until("an old run to end", "the runner", until);
    let again = old.stop_asked.map(|asked| asked + patience);
    match (link, again) {
        (Link::Connected { .. }, Some(again)) if now < again => (RunStep::Nothing, wait(again)),
        (Link::Connected { .. }, _) => (RunStep::Stop(old.run), wait(now + patience)),
        (Link::Away { runner }, _) => match runner {
            SandboxState::Gone => (RunStep::EnsureSandbox, wait(now + RUNNER_LOOK)),
            SandboxState::Alive | SandboxState::Held(_) => {
                (RunStep::Nothing, wait(now + RUNNER_LOOK))
            }
        },
    }
}

fn failed(class: FailureClass, words: &str) -> Verdict {
    Verdict::Failed(Failure::new(class, words))
}

fn close(run: RunId, verdict: Verdict, now: DateTime<Utc>) -> (RunStep, Wait) {
    let wait = Wait::until("the next look", "the control plane", now);
    (RunStep::Close(run, verdict), wait)
}

fn preparation(until: DateTime<Utc>) -> Wait {
    Wait::until("its worktree and the agent's process", "the runner", until)
}

fn send(open: &OpenRun) -> (RunStep, Wait) {
    (RunStep::Send(open.run), preparation(open.provision_until))
}

/// A runner that is gone is started again even under a run: it reads its journal and says how the run
/// ended, which nobody else can know.
fn runner_away(
    runner: &SandboxState,
    deadline: DateTime<Utc>,
    now: DateTime<Utc>,
) -> (RunStep, Wait) {
    let until = deadline.min(now + RUNNER_LOOK);
    let (reason, holder) = runner.awaited();
    let wait = Wait::until(reason, holder, until);
    let todo = match runner {
        SandboxState::Alive | SandboxState::Held(_) => RunStep::Nothing,
        SandboxState::Gone => RunStep::EnsureSandbox,
    };
    (todo, wait)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const RUN: RunId = RunId(Uuid::nil());
    const HOLDS: Link = Link::Connected { holds_run: true };
    const FORGOT: Link = Link::Connected { holds_run: false };
    const GONE: Link = Link::Away {
        runner: SandboxState::Gone,
    };

    fn now() -> DateTime<Utc> {
        "2026-01-01T12:00:00Z".parse().unwrap()
    }

    fn open(seen: RunSeen) -> OpenRun {
        OpenRun {
            run: RUN,
            provision_until: now() + TimeDelta::minutes(2),
            duration_ms: 60_000,
            seen,
        }
    }

    fn closes(step: RunStep) -> Option<FailureClass> {
        match step {
            RunStep::Close(_, Verdict::Failed(failure)) => Some(failure.class),
            RunStep::Close(_, Verdict::Done | Verdict::Stopped)
            | RunStep::Nothing
            | RunStep::EnsureSandbox
            | RunStep::Send(_)
            | RunStep::Stop(_) => None,
        }
    }

    #[test]
    fn a_run_is_given_to_a_runner_until_that_holds_it() {
        let unsent = open(RunSeen::Unsent);
        assert_eq!(watch(&unsent, &FORGOT, now()).0, RunStep::Send(RUN));
        assert_eq!(watch(&unsent, &GONE, now()).0, RunStep::EnsureSandbox);
        let sent = open(RunSeen::Sent { at: now() });
        assert_eq!(watch(&sent, &FORGOT, now()).0, RunStep::Send(RUN));
        assert_eq!(watch(&sent, &HOLDS, now()).0, RunStep::Nothing);
        let late = now() + TimeDelta::minutes(2);
        assert_eq!(
            closes(watch(&sent, &HOLDS, late).0),
            Some(FailureClass::Sandbox)
        );
    }

    #[test]
    fn a_run_that_began_ends_by_its_own_word_its_limit_or_when_it_is_lost() {
        let begun = open(RunSeen::Started { at: now() });
        let (step, wait) = watch(&begun, &HOLDS, now());
        assert_eq!(step, RunStep::Nothing);
        assert_eq!(wait.until, Some(now() + TimeDelta::seconds(70)));
        assert_eq!(
            closes(watch(&begun, &FORGOT, now()).0),
            Some(FailureClass::Crash)
        );
        assert_eq!(watch(&begun, &GONE, now()).0, RunStep::EnsureSandbox);
        let late = now() + TimeDelta::seconds(70);
        assert_eq!(
            closes(watch(&begun, &HOLDS, late).0),
            Some(FailureClass::Timeout)
        );
        let ended = open(RunSeen::Ended(Verdict::Done));
        assert_eq!(
            watch(&ended, &GONE, now()).0,
            RunStep::Close(RUN, Verdict::Done)
        );
    }

    #[test]
    fn an_old_run_is_asked_to_end_until_it_has() {
        let old = |stop_asked| Lingering {
            run: RUN,
            stop_asked,
        };
        assert_eq!(linger(old(None), &HOLDS, now()).0, RunStep::Stop(RUN));
        let asked = old(Some(now()));
        assert_eq!(linger(asked, &HOLDS, now()).0, RunStep::Nothing);
        let later = now() + TimeDelta::milliseconds(STOP_MS_MAX);
        assert_eq!(linger(asked, &HOLDS, later).0, RunStep::Stop(RUN));
        assert_eq!(linger(asked, &GONE, now()).0, RunStep::EnsureSandbox);
    }
}
