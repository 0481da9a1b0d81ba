//! What should happen next with a review: what was seen and the time in, one step and one wait out.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Intent, Origin, PrReviewEvent, PrReviewState, RunKind, seen::Seen};
use crate::{
    actor::Wait,
    id::RunId,
    pull::{ChecksStatus, PullStatus},
    repo::ExternalReviewMode,
    run::{
        Verdict,
        watch::{RunStep, linger, lost, watch},
    },
};

/// How often a review without room looks again by itself. Whoever is first is told when a run closes,
/// and once more every few seconds.
const ROOM_LOOK: TimeDelta = TimeDelta::minutes(10);
/// How often a review looks that only the watcher of its pull request can move.
const PULL_LOOK: TimeDelta = TimeDelta::minutes(10);
/// How soon it is looked whether a draft that is being handed in has arrived.
const HOST_LOOK: TimeDelta = TimeDelta::seconds(30);

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Nothing now.
    Nothing,
    /// Do what a person asked for, closing the open run where there is one.
    Obey {
        /// What was asked for.
        intent: Intent,
        /// The event it is.
        event: PrReviewEvent,
    },
    /// A person asked for what the state does not allow: forget the wish.
    Disregard(Intent),
    /// Move along the table.
    Shift {
        /// What has happened.
        event: PrReviewEvent,
        /// Why, in words for people.
        reason: String,
    },
    /// Have the agent look or answer once more.
    Relaunch {
        /// What its run is for.
        kind: RunKind,
        /// Whether nobody asked for it.
        by_itself: bool,
    },
    /// Open a run.
    OpenRun,
    /// See to it that the sandbox's runner runs.
    EnsureSandbox,
    /// Give the run to the connected runner.
    SendRun(RunId),
    /// The run is over: find out what came of it, and close it.
    CloseRun {
        /// Which.
        run: RunId,
        /// How it went.
        verdict: Verdict,
    },
    /// Ask the connected runner to end a run nobody wants any more.
    StopRun(RunId),
    /// Hand the draft in.
    Submit {
        /// Whether nobody asked for it.
        by_itself: bool,
    },
}

impl Step {
    /// A word for logs and decisions.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Obey { intent, .. } => match intent {
                Intent::Cancel => "obey cancel",
                Intent::Rereview => "obey rereview",
                Intent::Submit => "obey submit",
            },
            Self::Disregard(_) => "disregard intent",
            Self::Shift { event, .. } => event.name(),
            Self::Relaunch { kind, .. } => match kind {
                RunKind::Initial => "launch initial",
                RunKind::Rereview => "launch rereview",
                RunKind::Chat => "launch chat",
            },
            Self::OpenRun => "open run",
            Self::EnsureSandbox => "ensure sandbox",
            Self::SendRun(_) => "send run",
            Self::CloseRun { .. } => "close run",
            Self::StopRun(_) => "stop run",
            Self::Submit { .. } => "submit",
        }
    }
}

impl From<RunStep> for Step {
    fn from(step: RunStep) -> Self {
        match step {
            RunStep::Nothing => Self::Nothing,
            RunStep::EnsureSandbox => Self::EnsureSandbox,
            RunStep::Send(run) => Self::SendRun(run),
            RunStep::Close(run, verdict) => Self::CloseRun { run, verdict },
            RunStep::Stop(run) => Self::StopRun(run),
        }
    }
}

/// A step, and what the review waits for once it is done.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The step.
    pub step: Step,
    /// The wait.
    pub wait: Wait,
}

impl From<(RunStep, Wait)> for Plan {
    fn from((step, wait): (RunStep, Wait)) -> Self {
        let step = step.into();
        Self { step, wait }
    }
}

/// A step after which it looks again.
fn now_do(step: Step, now: DateTime<Utc>) -> Plan {
    let wait = Wait::until("the next look", "the control plane", now);
    Plan { step, wait }
}

fn shift(event: PrReviewEvent, reason: &str, now: DateTime<Utc>) -> Plan {
    let reason = reason.to_owned();
    now_do(Step::Shift { event, reason }, now)
}

fn rest(wait: Wait) -> Plan {
    Plan {
        step: Step::Nothing,
        wait: wait.whatever_mail_comes(),
    }
}

/// Decides. First what a person wants, then what must end, then what has become of the pull request,
/// then what the state is about.
#[must_use]
pub fn plan(state: PrReviewState, seen: &Seen, now: DateTime<Utc>) -> Plan {
    match seen.intent.map(|intent| (intent, intent.meets(state))) {
        Some((intent, Err(_refusal))) => return now_do(Step::Disregard(intent), now),
        Some((intent @ (Intent::Cancel | Intent::Rereview), Ok(event))) => {
            return now_do(Step::Obey { intent, event }, now);
        }
        // Handing in is a call to the host, which the states below make.
        Some((Intent::Submit, Ok(_))) | None => {}
    }
    if let Some(old) = seen.lingering {
        return linger(old, &seen.link, now).into();
    }
    if let Some(plan) = pull_over(state, seen, now) {
        return plan;
    }
    match state {
        PrReviewState::Queued => queued(seen, now),
        PrReviewState::WaitingCi => waiting_ci(seen, now),
        PrReviewState::Reviewing { run: None } => open_run(seen, now),
        PrReviewState::Reviewing { run: Some(run) } => match &seen.run {
            Some(open) => watch(open, &seen.link, now).into(),
            None => lost(run, now).into(),
        },
        PrReviewState::Ready => ready(seen, now),
        PrReviewState::Stale => stale(seen, now),
        PrReviewState::Submitted => submitted(seen, now),
        PrReviewState::Failed => rest(Wait::at_rest(
            "failed",
            "a person: review again or cancel it",
        )),
        PrReviewState::Cancelled => rest(Wait::at_rest("cancelled", "nobody: it is over")),
    }
}

/// Nothing is left to review once a pull request is merged or closed. What was handed in stays so.
fn pull_over(state: PrReviewState, seen: &Seen, now: DateTime<Utc>) -> Option<Plan> {
    let reason = match seen.pull.status {
        PullStatus::Open => return None,
        PullStatus::Merged => "its pull request was merged",
        PullStatus::Closed => "its pull request was closed",
    };
    match state {
        PrReviewState::Cancelled => None,
        PrReviewState::Submitted => Some(rest(Wait::at_rest(reason, "nobody: it is over"))),
        PrReviewState::Queued
        | PrReviewState::WaitingCi
        | PrReviewState::Reviewing { .. }
        | PrReviewState::Ready
        | PrReviewState::Stale
        | PrReviewState::Failed => Some(shift(PrReviewEvent::PullOver, reason, now)),
    }
}

/// Whether the checks of its head may still change what there is to say of it.
fn checks_open(seen: &Seen) -> bool {
    seen.policy.wait_for_ci
        && matches!(
            seen.pull.checks,
            ChecksStatus::Pending | ChecksStatus::Unknown
        )
}

fn watched(reason: &str, now: DateTime<Utc>) -> Plan {
    rest(Wait::until(
        reason,
        "the pull request's watcher",
        now + PULL_LOOK,
    ))
}

fn queued(seen: &Seen, now: DateTime<Utc>) -> Plan {
    if seen.origin == Origin::Auto && seen.kind == RunKind::Initial && checks_open(seen) {
        return match seen.pull.checks {
            ChecksStatus::Pending => shift(
                PrReviewEvent::ChecksPending,
                "the checks of the pull request are not over",
                now,
            ),
            ChecksStatus::Unknown
            | ChecksStatus::None
            | ChecksStatus::Passing
            | ChecksStatus::Failing => watched("the first look at its checks", now),
        };
    }
    open_run(seen, now)
}

fn waiting_ci(seen: &Seen, now: DateTime<Utc>) -> Plan {
    if checks_open(seen) {
        return watched("the checks of the pull request to be over", now);
    }
    open_run(seen, now)
}

fn open_run(seen: &Seen, now: DateTime<Utc>) -> Plan {
    if let Some(plan) = held(seen, "time", now) {
        return plan;
    }
    let (running, max) = seen.room;
    if max <= running {
        let reason = format!("room: {running} of {max} reviews run");
        return rest(Wait::until(reason, "the reviews that run", now + ROOM_LOOK));
    }
    let wait = Wait::until("a sandbox", "the sandbox driver", now);
    Plan {
        step: Step::OpenRun,
        wait,
    }
}

fn held(seen: &Seen, holder: &str, now: DateTime<Utc>) -> Option<Plan> {
    let hold = seen.hold.as_ref().filter(|hold| now < hold.until)?;
    Some(rest(Wait::until(hold.reason.clone(), holder, hold.until)))
}

fn has_moved(seen: &Seen) -> bool {
    seen.head
        .as_ref()
        .is_some_and(|head| *head != seen.pull.head)
}

fn ready(seen: &Seen, now: DateTime<Utc>) -> Plan {
    if seen.intent == Some(Intent::Submit) {
        return submit(seen, false, now);
    }
    if 0 < seen.chat_pending {
        return relaunch(RunKind::Chat, false, now);
    }
    if has_moved(seen) {
        return moved(seen, now);
    }
    if seen.handed_in {
        let words = "the draft is on the pull request as it was";
        return shift(PrReviewEvent::Submitted, words, now);
    }
    let posts = seen.policy.mode == ExternalReviewMode::OnPullPost;
    if posts && seen.is_automatic() && !seen.refused {
        return submit(seen, true, now);
    }
    rest(Wait::until(
        "a person to hand the draft in, and the head of the pull request",
        "a person",
        now + PULL_LOOK,
    ))
}

fn stale(seen: &Seen, now: DateTime<Utc>) -> Plan {
    if seen.intent == Some(Intent::Submit) {
        return submit(seen, false, now);
    }
    if 0 < seen.chat_pending {
        return relaunch(RunKind::Chat, false, now);
    }
    if !may_look_again(seen) {
        return rest(Wait::until(
            "a person to have the new head reviewed, or to hand the draft in",
            "a person",
            now + PULL_LOOK,
        ));
    }
    if checks_open(seen) {
        return watched("the checks of the new head to be over", now);
    }
    relaunch(RunKind::Rereview, true, now)
}

fn submitted(seen: &Seen, now: DateTime<Utc>) -> Plan {
    if 0 < seen.chat_pending {
        return relaunch(RunKind::Chat, false, now);
    }
    if has_moved(seen) {
        return moved(seen, now);
    }
    watched("the head of the pull request to move", now)
}

/// Whether a new head is looked at by itself.
fn may_look_again(seen: &Seen) -> bool {
    seen.is_automatic() && seen.auto_reviews < seen.policy.auto_reviews_max
}

fn moved(seen: &Seen, now: DateTime<Utc>) -> Plan {
    if may_look_again(seen) && !checks_open(seen) {
        return relaunch(RunKind::Rereview, true, now);
    }
    let words = "the head of the pull request is another one than was reviewed";
    shift(PrReviewEvent::HeadMoved, words, now)
}

fn relaunch(kind: RunKind, by_itself: bool, now: DateTime<Utc>) -> Plan {
    now_do(Step::Relaunch { kind, by_itself }, now)
}

fn submit(seen: &Seen, by_itself: bool, now: DateTime<Utc>) -> Plan {
    if let Some(plan) = held(seen, "the git host", now) {
        return plan;
    }
    let wait = Wait::until("the draft to be handed in", "the git host", now + HOST_LOOK);
    Plan {
        step: Step::Submit { by_itself },
        wait,
    }
}

#[cfg(test)]
mod tests;
