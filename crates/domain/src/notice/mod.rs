//! Notices: what is told to others when something happens here. Which change is which event, what a
//! delivery looks like, when it is tried again, and where it may go.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    actor::ActorKey, agent::AgentState, id::NoticeId, pr_review::PrReviewEvent, task::TaskState,
};

mod address;
pub mod guard;
pub mod post;
pub mod retry;
pub mod signature;
pub mod slack;
pub mod spec;

pub use address::WebhookUrl;

/// What somebody can be told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoticeEvent {
    /// A task is done.
    TaskCompleted,
    /// A task did not work out.
    TaskFailed,
    /// A task waits for a person.
    TaskNeedsAttention,
    /// A task's pull request is open.
    TaskPrOpened,
    /// A review is written.
    ReviewCompleted,
    /// A run of a job waits for room.
    RunQueued,
    /// The agent of a job's run works.
    RunStarted,
    /// A run of a job is done.
    RunCompleted,
    /// A run of a job did not work out, or was cancelled.
    RunFailed,
    /// A persistent agent failed too often and takes no more turns.
    AgentFailed,
    /// A persistent agent was paused, by a person or by itself.
    AgentPaused,
    /// A turn of a persistent agent is over.
    AgentTurnHalted,
}

impl NoticeEvent {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::TaskCompleted,
        Self::TaskFailed,
        Self::TaskNeedsAttention,
        Self::TaskPrOpened,
        Self::ReviewCompleted,
        Self::RunQueued,
        Self::RunStarted,
        Self::RunCompleted,
        Self::RunFailed,
        Self::AgentFailed,
        Self::AgentPaused,
        Self::AgentTurnHalted,
    ];

    /// Its name in the API, in payloads and in SQL.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::TaskCompleted => "task.completed",
            Self::TaskFailed => "task.failed",
            Self::TaskNeedsAttention => "task.needs_attention",
            Self::TaskPrOpened => "task.pr_opened",
            Self::ReviewCompleted => "review.completed",
            Self::RunQueued => "workflow_run.queued",
            Self::RunStarted => "workflow_run.started",
            Self::RunCompleted => "workflow_run.completed",
            Self::RunFailed => "workflow_run.failed",
            Self::AgentFailed => "agent.failed",
            Self::AgentPaused => "agent.paused",
            Self::AgentTurnHalted => "agent.turn_halted",
        }
    }

    /// Reads its name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.name() == name)
    }
}

/// What kind of work a task is, as far as events tell it apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// It ends in a pull request.
    Coding,
    /// It ends in a verdict on one.
    Review,
    /// It is a run of a job.
    Job,
}

/// What a change of a task's state is to others. A job's run that is tried again by itself is not queued
/// anew; one that a person lets go on is.
#[must_use]
pub fn of_task(work: Work, from: TaskState, to: TaskState) -> Option<NoticeEvent> {
    use NoticeEvent as N;
    use TaskState as S;
    match (work, to) {
        (Work::Coding, S::Completed) => Some(N::TaskCompleted),
        (Work::Review, S::Completed) => Some(N::ReviewCompleted),
        (Work::Coding | Work::Review, S::Failed) => Some(N::TaskFailed),
        (Work::Coding | Work::Review, S::NeedsAttention) => Some(N::TaskNeedsAttention),
        (Work::Coding | Work::Review, S::PrOpened) => Some(N::TaskPrOpened),
        (Work::Job, S::Queued) => from.run().is_none().then_some(N::RunQueued),
        (Work::Job, S::Running { .. }) => Some(N::RunStarted),
        (Work::Job, S::Completed) => Some(N::RunCompleted),
        (Work::Job, S::Failed | S::Cancelled) => Some(N::RunFailed),
        (
            Work::Coding | Work::Review,
            S::Pending
            | S::WaitingOnDeps
            | S::Queued
            | S::Provisioning { .. }
            | S::Running { .. }
            | S::Cancelled,
        )
        | (
            Work::Job,
            S::Pending
            | S::WaitingOnDeps
            | S::Provisioning { .. }
            | S::NeedsAttention
            | S::PrOpened,
        ) => None,
    }
}

/// What happened to a review of a pull request that no task has opened, to others: its draft is there.
/// An answer to what people wrote in its chat is none.
#[must_use]
pub fn of_review(event: PrReviewEvent) -> Option<NoticeEvent> {
    (event == PrReviewEvent::Written).then_some(NoticeEvent::ReviewCompleted)
}

/// What a change of a persistent agent's state is to others.
#[must_use]
pub fn of_agent(from: AgentState, to: AgentState) -> Option<NoticeEvent> {
    match to {
        AgentState::Failed if from != to => Some(NoticeEvent::AgentFailed),
        AgentState::Paused if from != to => Some(NoticeEvent::AgentPaused),
        AgentState::Idle
        | AgentState::Queued
        | AgentState::Provisioning { .. }
        | AgentState::Running { .. }
        | AgentState::Paused
        | AgentState::Failed
        | AgentState::Archived => None,
    }
}

/// The identity of what a step of an actor tells: whoever looks at the same step gives it the same.
#[must_use]
pub fn id_of(actor: ActorKey, version: i64, event: NoticeEvent) -> NoticeId {
    let digest = Sha256::new()
        .chain_update(actor.kind.name())
        .chain_update([0])
        .chain_update(actor.id.as_bytes())
        .chain_update(version.to_be_bytes())
        .chain_update(event.name())
        .finalize();
    let mut bytes = [0; 16];
    for (byte, of) in bytes.iter_mut().zip(digest) {
        *byte = of;
    }
    NoticeId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

/// Something that happened, as others are told.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// Its identity: the same however often and to however many it is delivered.
    pub id: NoticeId,
    /// What happened, by name. One that this version does not know may be stored.
    pub event: String,
    /// When.
    pub at: DateTime<Utc>,
    /// To what, and how.
    pub data: Value,
    /// How many deliveries lie before it, one causing the next.
    pub hops: i32,
}

#[derive(Serialize)]
struct Envelope<'a> {
    event: &'a str,
    timestamp: String,
    data: &'a Value,
}

impl Notice {
    /// What is delivered, byte for byte the same each time: `{event, timestamp, data}`.
    #[must_use]
    pub fn body(&self) -> String {
        let envelope = Envelope {
            event: &self.event,
            timestamp: self.at.to_rfc3339_opts(SecondsFormat::Millis, true),
            data: &self.data,
        };
        // A JSON value always has a text.
        serde_json::to_string(&envelope).unwrap_or_default()
    }

    /// The same as a value.
    #[must_use]
    pub fn payload(&self) -> Value {
        json!({
            "event": self.event,
            "timestamp": self.at.to_rfc3339_opts(SecondsFormat::Millis, true),
            "data": self.data,
        })
    }
}

/// What a test of an event says happened. Whoever is told can tell it from what really happens by
/// `test`.
#[must_use]
pub fn sample(event: NoticeEvent) -> Value {
    const ID: &str = "00000000-0000-4000-8000-000000000000";
    let task = |state: &str, kind: &str, error: Option<&str>| {
        json!({
            "test": true, "taskId": ID, "title": "A test of this webhook", "taskType": kind,
            "fromState": "running", "toState": state, "trigger": "a test", "reason": "a person asked for a test",
            "repoUrl": "https://github.com/example/example", "repoBranch": "main",
            "prUrl": "https://github.com/example/example/pull/1", "prNumber": 1,
            "agentType": "claude-code", "costUsd": "0", "errorMessage": error,
            "resultSummary": "Nothing was done.",
        })
    };
    let run = |state: &str| {
        json!({
            "test": true, "runId": ID, "workflowId": ID, "title": "A test of this webhook",
            "fromState": "queued", "toState": state, "trigger": "a test",
            "reason": "a person asked for a test", "costUsd": "0",
        })
    };
    let agent = |from: &str, to: &str| {
        json!({
            "test": true, "agentId": ID, "slug": "example", "name": "Example",
            "fromState": from, "toState": to, "reason": "a person asked for a test",
        })
    };
    match event {
        NoticeEvent::TaskCompleted => task("completed", "coding", None),
        NoticeEvent::TaskFailed => task("failed", "coding", Some("It is only a test.")),
        NoticeEvent::TaskNeedsAttention => task("needs_attention", "coding", None),
        NoticeEvent::TaskPrOpened => task("pr_opened", "coding", None),
        NoticeEvent::ReviewCompleted => task("completed", "review", None),
        NoticeEvent::RunQueued => run("queued"),
        NoticeEvent::RunStarted => run("running"),
        NoticeEvent::RunCompleted => run("completed"),
        NoticeEvent::RunFailed => run("failed"),
        NoticeEvent::AgentFailed => agent("running", "failed"),
        NoticeEvent::AgentPaused => agent("idle", "paused"),
        NoticeEvent::AgentTurnHalted => json!({
            "test": true, "agentId": ID, "slug": "example", "name": "Example", "turnId": ID,
            "haltReason": "natural", "summary": "Nothing was done.", "costUsd": "0",
        }),
    }
}

#[cfg(test)]
mod tests;
