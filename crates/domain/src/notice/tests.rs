use uuid::Uuid;

use super::*;
use crate::{
    actor::ActorKind,
    id::{RunId, TurnId},
};

const RUN: RunId = RunId(Uuid::nil());

fn states() -> Vec<TaskState> {
    let read = |name: &str| {
        let run = matches!(name, "provisioning" | "running").then_some(RUN);
        TaskState::from_parts(name, run).unwrap()
    };
    TaskState::NAMES.into_iter().map(read).collect()
}

/// What a way through the states tells others.
fn told(work: Work, way: &[&str]) -> Vec<&'static str> {
    let read = |name: &str| {
        let run = matches!(name, "provisioning" | "running").then_some(RUN);
        TaskState::from_parts(name, run).unwrap()
    };
    let pairs = way.iter().zip(way.iter().skip(1));
    pairs
        .filter_map(|(from, to)| of_task(work, read(from), read(to)))
        .map(NoticeEvent::name)
        .collect()
}

#[test]
fn every_event_is_read_back_by_its_name() {
    for event in NoticeEvent::ALL {
        assert_eq!(NoticeEvent::parse(event.name()), Some(event));
        assert_eq!(sample(event)["test"], true, "{}", event.name());
    }
    assert_eq!(NoticeEvent::parse("task.exploded"), None);
}

#[test]
fn a_task_tells_of_its_pull_request_and_of_its_end() {
    let way = [
        "pending",
        "queued",
        "provisioning",
        "running",
        "pr_opened",
        "completed",
    ];
    assert_eq!(
        told(Work::Coding, &way),
        ["task.pr_opened", "task.completed"]
    );
    assert_eq!(
        told(Work::Review, &way),
        ["task.pr_opened", "review.completed"]
    );
    let trouble = [
        "running",
        "needs_attention",
        "queued",
        "provisioning",
        "running",
        "failed",
    ];
    assert_eq!(
        told(Work::Coding, &trouble),
        ["task.needs_attention", "task.failed"]
    );
    assert_eq!(told(Work::Coding, &["running", "cancelled"]), [""; 0]);
}

#[test]
fn a_run_of_a_job_is_queued_once_however_often_it_is_tried() {
    let way = [
        "pending",
        "queued",
        "provisioning",
        "running",
        "queued",
        "provisioning",
        "running",
        "completed",
    ];
    assert_eq!(
        told(Work::Job, &way),
        [
            "workflow_run.queued",
            "workflow_run.started",
            "workflow_run.started",
            "workflow_run.completed"
        ]
    );
    // A person lets it go on.
    assert_eq!(
        told(Work::Job, &["running", "failed", "queued"]),
        ["workflow_run.failed", "workflow_run.queued"]
    );
    assert_eq!(
        told(Work::Job, &["running", "cancelled"]),
        ["workflow_run.failed"]
    );
    assert_eq!(
        told(Work::Job, &["waiting_on_deps", "queued"]),
        ["workflow_run.queued"]
    );
}

#[test]
fn jobs_and_tasks_never_tell_each_others_events() {
    for (from, to) in states()
        .into_iter()
        .flat_map(|from| states().into_iter().map(move |to| (from, to)))
    {
        let job = of_task(Work::Job, from, to).map(NoticeEvent::name);
        assert!(
            job.is_none_or(|name| name.starts_with("workflow_run.")),
            "{job:?}"
        );
        for work in [Work::Coding, Work::Review] {
            let task = of_task(work, from, to).map(NoticeEvent::name);
            assert!(
                task.is_none_or(|name| !name.starts_with("workflow_run.")),
                "{task:?}"
            );
        }
    }
}

#[test]
fn a_review_is_completed_by_its_draft_and_by_nothing_else() {
    assert_eq!(
        of_review(PrReviewEvent::Written),
        Some(NoticeEvent::ReviewCompleted)
    );
    for event in [
        PrReviewEvent::Answered,
        PrReviewEvent::Submitted,
        PrReviewEvent::GaveUp,
    ] {
        assert_eq!(of_review(event), None);
    }
}

#[test]
fn an_agent_tells_when_it_stops_taking_turns() {
    let running = AgentState::Running {
        turn: TurnId(Uuid::nil()),
    };
    assert_eq!(
        of_agent(running, AgentState::Failed),
        Some(NoticeEvent::AgentFailed)
    );
    assert_eq!(
        of_agent(AgentState::Idle, AgentState::Paused),
        Some(NoticeEvent::AgentPaused)
    );
    assert_eq!(of_agent(AgentState::Paused, AgentState::Paused), None);
    for to in [
        AgentState::Idle,
        AgentState::Queued,
        running,
        AgentState::Archived,
    ] {
        assert_eq!(of_agent(AgentState::Paused, to), None);
    }
}

#[test]
fn no_two_steps_tell_the_same_and_each_tells_it_once() {
    let actor = |kind, id| ActorKey {
        kind,
        id: Uuid::from_u128(id),
    };
    let all = [
        id_of(actor(ActorKind::Task, 1), 7, NoticeEvent::TaskFailed),
        id_of(actor(ActorKind::Task, 2), 7, NoticeEvent::TaskFailed),
        id_of(actor(ActorKind::Agent, 1), 7, NoticeEvent::TaskFailed),
        id_of(actor(ActorKind::Task, 1), 8, NoticeEvent::TaskFailed),
        id_of(actor(ActorKind::Task, 1), 7, NoticeEvent::TaskCompleted),
    ];
    for (at, id) in all.iter().enumerate() {
        assert!(!all[..at].contains(id), "{at}");
    }
    assert_eq!(
        all[0],
        id_of(actor(ActorKind::Task, 1), 7, NoticeEvent::TaskFailed)
    );
}

#[test]
fn what_is_shown_is_what_is_sent() {
    let notice = Notice {
        id: NoticeId(Uuid::nil()),
        event: "task.failed".to_owned(),
        at: "2026-01-01T12:00:00Z".parse().unwrap(),
        data: json!({ "b": 1, "a": [null, "ä"] }),
        hops: 0,
    };
    let sent: Value = serde_json::from_str(&notice.body()).unwrap();
    assert_eq!(sent, notice.payload());
}
