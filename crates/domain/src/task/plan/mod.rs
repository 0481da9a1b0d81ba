//! What should happen next with a task: what was seen and the time in, one step and one wait out.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Intent, TaskEvent, TaskState,
    feedback::{Acted, Asks, Feedback, asks},
    review,
    seen::{OpenRun, Room, Seen, TaskType},
};
use crate::{
    actor::Wait,
    agent::seen::{Link, RunSeen},
    id::RunId,
    pull::{ChecksStatus, PullSeen, PullStatus, ReviewStatus},
    run::{
        Verdict,
        watch::{self, RunStep},
    },
};

/// How often a task without room looks again by itself. Whoever is first is told when a run closes, and
/// once more every few seconds.
const ROOM_LOOK: TimeDelta = TimeDelta::minutes(10);
/// How often a runner that should answer is looked after.
const RUNNER_LOOK: TimeDelta = TimeDelta::seconds(2);
/// How often a pull request is looked at that only its watcher can move.
const PULL_LOOK: TimeDelta = TimeDelta::minutes(10);

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
        event: TaskEvent,
    },
    /// A person asked for what the state does not allow: forget the wish.
    Disregard(Intent),
    /// A person wrote to it while it rested: go on with that.
    GoOn,
    /// Move along the table.
    Shift {
        /// What has happened.
        event: TaskEvent,
        /// Why, in words for people.
        reason: String,
    },
    /// Open a run.
    OpenRun,
    /// See to it that the sandbox's runner runs.
    EnsureSandbox,
    /// Give the run to the connected runner.
    SendRun(RunId),
    /// The process runs.
    MarkRunning,
    /// Give the running process what people wrote to it.
    Steer(RunId),
    /// The run is over: find out what came of it, and close it.
    CloseRun {
        /// Which.
        run: RunId,
        /// How it went.
        verdict: Verdict,
    },
    /// Ask the connected runner to end a run nobody wants any more.
    StopRun(RunId),
    /// Send the agent back to its pull request.
    SendBack {
        /// What it has to do.
        feedback: Feedback,
        /// What has been acted on from then on.
        acted: Acted,
    },
    /// Have the review agent look at this head.
    LaunchReview {
        /// Which.
        head: String,
    },
    /// Merge the pull request, at exactly this head.
    Merge {
        /// Which.
        head: String,
    },
    /// Tell the git host what the review agent decided.
    TellVerdict,
    /// Close the ticket.
    CloseTicket,
}

impl Step {
    /// A word for logs and decisions.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Obey { intent, .. } => match intent {
                Intent::Cancel => "obey cancel",
                Intent::Retry => "obey retry",
                Intent::Resume => "obey resume",
                Intent::Restart => "obey restart",
                Intent::Redo => "obey redo",
            },
            Self::Disregard(_) => "disregard intent",
            Self::GoOn => "go on",
            Self::Shift { event, .. } => event.name(),
            Self::OpenRun => "open run",
            Self::EnsureSandbox => "ensure sandbox",
            Self::SendRun(_) => "send run",
            Self::MarkRunning => "mark running",
            Self::Steer(_) => "steer",
            Self::CloseRun { .. } => "close run",
            Self::StopRun(_) => "stop run",
            Self::SendBack { .. } => "send back",
            Self::LaunchReview { .. } => "launch review",
            Self::Merge { .. } => "merge",
            Self::TellVerdict => "tell verdict",
            Self::CloseTicket => "close ticket",
        }
    }
}

/// A step, and what the task waits for once it is done.
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

/// A step after which it looks again.
fn now_do(todo: Step, now: DateTime<Utc>) -> Plan {
    step(todo, Wait::until("the next look", "the control plane", now))
}

fn shift(event: TaskEvent, reason: impl Into<String>, now: DateTime<Utc>) -> Plan {
    let reason = reason.into();
    now_do(Step::Shift { event, reason }, now)
}

/// Decides. First what a person wants, then what must end, then what the state is about.
#[must_use]
pub fn plan(state: TaskState, seen: &Seen, now: DateTime<Utc>) -> Plan {
    if let Some(intent) = seen.intent {
        return match intent.meets(state) {
            Ok(event) => now_do(Step::Obey { intent, event }, now),
            Err(_refusal) => now_do(Step::Disregard(intent), now),
        };
    }
    if let Some(lingering) = seen.lingering {
        return of_run(watch::linger(lingering, &seen.link, now));
    }
    match state {
        TaskState::Pending => pending(seen, now),
        TaskState::WaitingOnDeps => waiting(seen, now),
        TaskState::Queued => queued(seen, now),
        TaskState::Provisioning { run } => match &seen.run {
            Some(open) => provisioning(open, seen, now),
            None => of_run(watch::lost(run, now)),
        },
        TaskState::Running { run } => match &seen.run {
            Some(open) => running(run, open, seen, now),
            None => of_run(watch::lost(run, now)),
        },
        TaskState::PrOpened => pr_opened(seen, now),
        TaskState::NeedsAttention => needs_attention(seen, now),
        TaskState::Completed => completed(seen, now),
        TaskState::Failed => failed(seen, now),
        TaskState::Cancelled => told(seen, now)
            .unwrap_or_else(|| at_rest("cancelled", "a person: retry it, or write to it")),
    }
}

fn at_rest(reason: &str, holder: &str) -> Plan {
    step(Step::Nothing, Wait::at_rest(reason, holder))
}

/// A task at rest goes on with what a person writes to it.
fn told(seen: &Seen, now: DateTime<Utc>) -> Option<Plan> {
    (0 < seen.letters_new).then(|| now_do(Step::GoOn, now))
}

fn pending(seen: &Seen, now: DateTime<Utc>) -> Plan {
    let dependencies = seen.dependencies;
    if 0 < dependencies.open + dependencies.lost {
        return shift(
            TaskEvent::MustWait,
            "other tasks have to be completed first",
            now,
        );
    }
    shift(TaskEvent::Ready, "nothing stands in its way", now)
}

fn waiting(seen: &Seen, now: DateTime<Utc>) -> Plan {
    let dependencies = seen.dependencies;
    if 0 < dependencies.lost {
        return shift(
            TaskEvent::GaveUp,
            "a task it depends on failed or was cancelled",
            now,
        );
    }
    if dependencies.open == 0 {
        return shift(
            TaskEvent::Ready,
            "all tasks it depends on are completed",
            now,
        );
    }
    let reason = format!("{} tasks it depends on to be completed", dependencies.open);
    let wait = Wait::at_rest(&reason, "the tasks it depends on");
    step(Step::Nothing, wait.whatever_mail_comes())
}

fn queued(seen: &Seen, now: DateTime<Utc>) -> Plan {
    if let Some(hold) = seen.hold.as_ref().filter(|hold| now < hold.until) {
        let wait = Wait::until(hold.reason.clone(), "time", hold.until);
        return step(Step::Nothing, wait.whatever_mail_comes());
    }
    if seen.policy.off_peak_only
        && !seen.ignore_off_peak
        && let Some(until) = super::policy::peak_ends(now)
    {
        let wait = Wait::until(
            "the hours off the peak",
            "time; a person: run it now",
            until,
        );
        return step(Step::Nothing, wait.whatever_mail_comes());
    }
    if let Some(reason) = no_room(seen.kind, seen.room, seen.policy.runs_max) {
        let wait = Wait::until(reason, "the tasks that run", now + ROOM_LOOK);
        return step(Step::Nothing, wait.whatever_mail_comes());
    }
    step(
        Step::OpenRun,
        Wait::until("a sandbox", "the sandbox driver", now),
    )
}

/// Why there is no room for another run.
fn no_room(kind: TaskType, room: Room, own_max: i64) -> Option<String> {
    let (all, own) = match kind {
        TaskType::Coding | TaskType::Review => ("tasks run", "tasks of its repository run"),
        TaskType::Job => ("runs of jobs are at work", "runs of its job are at work"),
    };
    if room.all_max <= room.all {
        return Some(format!("room: {} of {} {all}", room.all, room.all_max));
    }
    (own_max <= room.own).then(|| format!("room: {} of {own_max} {own}", room.own))
}

fn provisioning(open: &OpenRun, seen: &Seen, now: DateTime<Utc>) -> Plan {
    let watched = open.watched();
    if let RunSeen::Started { at } = open.seen {
        let wait = Wait::until("the agent's work", "the agent", watched.deadline(at));
        return step(Step::MarkRunning, wait);
    }
    of_run(watch::watch(&watched, &seen.link, now))
}

/// What the watch over runs that share a sandbox has decided.
fn of_run((todo, wait): (RunStep, Wait)) -> Plan {
    let todo = match todo {
        RunStep::Nothing => Step::Nothing,
        RunStep::EnsureSandbox => Step::EnsureSandbox,
        RunStep::Send(run) => Step::SendRun(run),
        RunStep::Close(run, verdict) => Step::CloseRun { run, verdict },
        RunStep::Stop(run) => Step::StopRun(run),
    };
    step(todo, wait)
}

fn running(run: RunId, open: &OpenRun, seen: &Seen, now: DateTime<Utc>) -> Plan {
    let mut watched = open.watched();
    // It was told to run, so it counts as started until its runner says otherwise.
    let started = match open.seen {
        RunSeen::Ended(_) => return of_run(watch::watch(&watched, &seen.link, now)),
        RunSeen::Started { at } | RunSeen::Sent { at } => at,
        RunSeen::Unsent => return of_run(watch::lost(run, now)),
    };
    watched.seen = RunSeen::Started { at: started };
    let plan = of_run(watch::watch(&watched, &seen.link, now));
    let works = seen.link == Link::Connected { holds_run: true };
    if works && plan.step == Step::Nothing {
        return at_work(run, open, watched.deadline(started), now);
    }
    plan
}

/// What people write to a task that runs is given to its process, where that takes it.
fn at_work(run: RunId, open: &OpenRun, deadline: DateTime<Utc>, now: DateTime<Utc>) -> Plan {
    let again = open.unanswered_since.map(|since| since + RUNNER_LOOK);
    let due = again.is_some_and(|again| again <= now);
    if open.takes_input && (due || 0 < open.inputs_pending) {
        let until = deadline.min(now + RUNNER_LOOK);
        let wait = Wait::until("the agent to be told", "the runner", until);
        return step(Step::Steer(run), wait);
    }
    let look = again.filter(|_| open.takes_input);
    let until = look.map_or(deadline, |look| look.min(deadline));
    step(
        Step::Nothing,
        Wait::until("the agent's work", "the agent", until),
    )
}

fn pr_opened(seen: &Seen, now: DateTime<Utc>) -> Plan {
    let Some(pull) = &seen.pull else {
        return shift(TaskEvent::Asked, "its pull request is not known", now);
    };
    if let Some(plan) = decided(pull, now).or_else(|| told(seen, now)) {
        return plan;
    }
    match asks(pull, &seen.acted) {
        Asks::New(feedback, acted) => return send_back(seen, feedback, acted, now),
        Asks::Unsolved(feedback) => {
            let reason = format!(
                "{}, and the agent that was told so has pushed nothing",
                feedback.words()
            );
            return shift(TaskEvent::Asked, reason, now);
        }
        Asks::Nothing => {}
    }
    if review::due(pull, seen.review.as_ref(), &seen.policy) {
        let head = pull.head.clone();
        return now_do(Step::LaunchReview { head }, now);
    }
    match may_merge(pull, seen) {
        Ok(()) => merge(pull, seen, now),
        Err(reason) => {
            let wait = Wait::until(reason, "the pull request's watcher", now + PULL_LOOK);
            step(Step::Nothing, wait)
        }
    }
}

/// What follows from a pull request that is over.
fn decided(pull: &PullSeen, now: DateTime<Utc>) -> Option<Plan> {
    match pull.status {
        PullStatus::Merged => Some(shift(TaskEvent::Merged, "its pull request was merged", now)),
        PullStatus::Closed => {
            let reason = "its pull request was closed without being merged";
            Some(shift(TaskEvent::Closed, reason, now))
        }
        PullStatus::Open => None,
    }
}

fn send_back(seen: &Seen, feedback: Feedback, acted: Acted, now: DateTime<Utc>) -> Plan {
    if !seen.policy.auto_resume {
        let reason = format!(
            "{}; its repository does not let agents go on by themselves",
            feedback.words()
        );
        return shift(TaskEvent::Asked, reason, now);
    }
    if seen.policy.auto_resumes_max <= seen.auto_resumes {
        let reason = format!(
            "{}; the agent was sent back {} times without a person",
            feedback.words(),
            seen.auto_resumes
        );
        return shift(TaskEvent::Asked, reason, now);
    }
    now_do(Step::SendBack { feedback, acted }, now)
}

/// Whether its pull request may be merged by itself.
///
/// # Errors
/// What it waits for, in words.
pub fn may_merge(pull: &PullSeen, seen: &Seen) -> Result<(), String> {
    let policy = &seen.policy;
    if policy.cautious || !policy.auto_merge {
        return Err("a person to merge or close its pull request".to_owned());
    }
    if pull.draft {
        return Err("its pull request to be no draft any more".to_owned());
    }
    match pull.checks {
        ChecksStatus::Passing => {}
        // Checks may just not have registered yet: none is not green.
        ChecksStatus::None => return Err("checks of its pull request: there are none".to_owned()),
        ChecksStatus::Unknown | ChecksStatus::Pending => {
            return Err("the checks of its pull request".to_owned());
        }
        ChecksStatus::Failing => return Err("its checks to be mended".to_owned()),
    }
    if pull.review == ReviewStatus::ChangesRequested {
        return Err("its reviewer to look again".to_owned());
    }
    if policy.review && !review::approves(pull, seen.review.as_ref()) {
        return Err("the review agent's approval of this head".to_owned());
    }
    if 0 < seen.blocking_open {
        return Err(format!("{} subtasks that it waits for", seen.blocking_open));
    }
    match pull.mergeable {
        Some(true) => Ok(()),
        Some(false) | None => Err("the git host to say that it can be merged".to_owned()),
    }
}

fn merge(pull: &PullSeen, seen: &Seen, now: DateTime<Utc>) -> Plan {
    if let Some(hold) = seen.hold.as_ref().filter(|hold| now < hold.until) {
        let wait = Wait::until(hold.reason.clone(), "the git host", hold.until);
        return step(Step::Nothing, wait.whatever_mail_comes());
    }
    let head = pull.head.clone();
    step(
        Step::Merge { head },
        Wait::until("the merge", "the git host", now + RUNNER_LOOK),
    )
}

fn needs_attention(seen: &Seen, now: DateTime<Utc>) -> Plan {
    let decided = seen.pull.as_ref().and_then(|pull| decided(pull, now));
    if let Some(plan) = decided.or_else(|| told(seen, now)) {
        return plan;
    }
    at_rest(
        "a person to say how it goes on",
        "a person: write to it, resume, restart or cancel it",
    )
}

fn failed(seen: &Seen, now: DateTime<Utc>) -> Plan {
    if seen
        .pull
        .as_ref()
        .is_some_and(|pull| pull.status == PullStatus::Merged)
    {
        return shift(TaskEvent::Merged, "its pull request was merged", now);
    }
    told(seen, now)
        .unwrap_or_else(|| at_rest("failed", "a person: write to it, retry or resume it"))
}

fn completed(seen: &Seen, now: DateTime<Utc>) -> Plan {
    let told_later = |todo: Step, what: &str| match &seen.hold {
        Some(hold) if now < hold.until => {
            let wait = Wait::until(hold.reason.clone(), "the git host", hold.until);
            step(Step::Nothing, wait.whatever_mail_comes())
        }
        Some(_) | None => step(todo, Wait::until(what, "the git host", now + RUNNER_LOOK)),
    };
    match (seen.kind, seen.verdict_untold, seen.ticket_open) {
        (TaskType::Review, true, _) => told_later(Step::TellVerdict, "the review to be handed in"),
        (TaskType::Coding, _, true) => told_later(Step::CloseTicket, "its ticket to be closed"),
        (TaskType::Job, ..) | (TaskType::Review, false, _) | (TaskType::Coding, _, false) => {
            let wait = Wait::at_rest("completed", "nobody: it is done");
            step(Step::Nothing, wait.whatever_mail_comes())
        }
    }
}

#[cfg(test)]
mod tests;
