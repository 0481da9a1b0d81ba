//! What is told with which step.

use optio_domain::{
    agent::closing::{Closing, cancelled},
    id::RunId,
    run::{Failure, FailureClass},
};

use super::*;
use crate::tests::closing::done;

const ALL: [NoticeEvent; 12] = NoticeEvent::ALL;

#[tokio::test]
async fn whoever_wants_it_is_told_and_nobody_else() {
    let world = World::new().await;
    let wanting = world
        .hook(&[NoticeEvent::TaskCompleted, NoticeEvent::TaskFailed])
        .await;
    let other_event = world.hook(&[NoticeEvent::TaskPrOpened]).await;
    let elsewhere = world.hook_of("other", &hook_spec(&ALL), None).await.id;
    let off = WebhookSpec {
        active: false,
        ..hook_spec(&ALL)
    };
    let off = world.hook_of(W, &off, None).await.id;
    let task = world.task(TaskType::Coding).await;
    let run = RunId(fresh());
    let way = [
        TaskEvent::Ready,
        TaskEvent::RunOpened { run },
        TaskEvent::Started,
        TaskEvent::GaveUp,
    ];
    world.task_moves(task, TaskState::Pending, &way).await;
    let told = world.told(wanting).await;
    assert_eq!(told.len(), 1);
    let told = &told[0];
    assert_eq!(told.notice.event, "task.failed");
    assert_eq!((told.notice.at, told.next_at), (world.at, Some(world.at)));
    assert_eq!(
        (told.attempt, told.success, told.notice.hops),
        (0, false, 0)
    );
    let data = &told.notice.data;
    for (member, value) in [
        ("taskId", Value::from(task.to_string())),
        ("taskType", "coding".into()),
        ("title", "Add /healthz".into()),
        ("repoUrl", REPO.into()),
        ("fromState", "running".into()),
        ("toState", "failed".into()),
        ("reason", "a test".into()),
        ("prUrl", Value::Null),
        ("costUsd", "0".into()),
        ("createdBy", "ada".into()),
    ] {
        assert_eq!(data[member], value, "{member}");
    }
    assert_eq!(data.get("runId"), None);
    for nobody in [other_event, elsewhere, off] {
        assert!(world.told(nobody).await.is_empty());
    }
}

#[tokio::test]
async fn what_others_are_told_is_so_together_with_the_change_or_not_at_all() {
    let world = World::new().await;
    let hook = world.hook(&ALL).await;
    let task = world.task(TaskType::Coding).await;
    let run = RunId(fresh());
    let way = [
        TaskEvent::Ready,
        TaskEvent::RunOpened { run },
        TaskEvent::Started,
    ];
    let running = world.task_moves(task, TaskState::Pending, &way).await;
    drop(world.task_step(task, running, TaskEvent::Finished).await);
    assert!(world.told(hook).await.is_empty());
    let step = world.task_step(task, running, TaskEvent::Finished).await;
    assert!(world.told(hook).await.is_empty());
    step.commit().await.unwrap();
    assert_eq!(world.events_told(hook).await, ["task.completed"]);
}

#[tokio::test]
async fn a_review_task_is_a_review_and_a_run_of_a_job_is_a_run() {
    let world = World::new().await;
    let hook = world.hook(&ALL).await;
    let run = RunId(fresh());
    let way = [
        TaskEvent::Ready,
        TaskEvent::RunOpened { run },
        TaskEvent::Started,
        TaskEvent::TriedAgain,
        TaskEvent::RunOpened { run },
        TaskEvent::Started,
        TaskEvent::Finished,
    ];
    let review = world.task(TaskType::Review).await;
    world.task_moves(review, TaskState::Pending, &way).await;
    assert_eq!(world.events_told(hook).await, ["review.completed"]);
    world.sql("TRUNCATE webhook_deliveries").await;
    let (job, run) = world.run_of_job("digest").await;
    world.task_moves(run, TaskState::Pending, &way).await;
    assert_eq!(
        world.events_told(hook).await,
        [
            "workflow_run.queued",
            "workflow_run.started",
            "workflow_run.started",
            "workflow_run.completed",
        ]
    );
    let told = world.told(hook).await.remove(0).notice;
    assert_eq!(told.hops, 3);
    assert_eq!(told.data["runId"], run.to_string());
    assert_eq!(told.data.get("taskId"), None);
    assert_eq!(told.data["workflowId"], job.to_string());
    let (_, cancelled) = world.run_of_job("another").await;
    world
        .task_moves(cancelled, TaskState::Pending, &[TaskEvent::Cancelled])
        .await;
    assert_eq!(
        world.events_told(hook).await.pop().as_deref(),
        Some("workflow_run.failed")
    );
}

#[tokio::test]
async fn where_nobody_wants_to_be_told_nothing_is_written() {
    let world = World::new().await;
    let task = world.task(TaskType::Coding).await;
    world
        .task_moves(task, TaskState::Pending, &[TaskEvent::Cancelled])
        .await;
    let agent = world.agent("a").await;
    world.mail(agent, 1).await;
    let turn = world.open(agent).await.unwrap();
    world.done(agent, turn).await;
    assert_eq!(world.deliveries().await, 0);
}

#[tokio::test]
async fn an_agents_turn_tells_how_it_ended_and_how_far_its_mail_has_come() {
    let world = World::new().await;
    let hook = world.hook(&[NoticeEvent::AgentTurnHalted]).await;
    let agent = world.agent("vesper").await;
    world.mail(agent, 2).await;
    world
        .sql("UPDATE messages SET hops = 3 WHERE body = '1'")
        .await;
    let turn = world.open(agent).await.unwrap();
    world
        .close(agent, turn, &done(), &Facts::default())
        .await
        .unwrap();
    let told = world.told(hook).await;
    assert_eq!(told.len(), 1);
    let notice = &told[0].notice;
    assert_eq!(
        (notice.event.as_str(), notice.hops),
        ("agent.turn_halted", 3)
    );
    for (member, value) in [
        ("agentId", agent.to_string()),
        ("turnId", turn.to_string()),
        ("slug", "vesper".to_owned()),
        ("name", "vesper".to_owned()),
        ("haltReason", "natural".to_owned()),
    ] {
        assert_eq!(notice.data[member], value, "{member}");
    }
}

#[tokio::test]
async fn an_agent_that_stops_taking_turns_says_so_and_why() {
    let world = World::new().await;
    let hook = world
        .hook(&[NoticeEvent::AgentFailed, NoticeEvent::AgentPaused])
        .await;
    let agent = world.agent("vesper").await;
    world.mail(agent, 1).await;
    let turn = world.open(agent).await.unwrap();
    let failure = Failure::new(FailureClass::Crash, "it crashed");
    let closing = Closing {
        halt: failure.halt(),
        failure: Some(failure),
        ..cancelled(0)
    };
    world
        .close_to(agent, turn, &closing, AgentState::Failed)
        .await;
    let step = world.begin(agent).await;
    let mut step = step;
    step.agent_state(AgentState::Failed, AgentState::Idle, "resume")
        .await
        .unwrap();
    step.commit().await.unwrap();
    let mut step = world.begin(agent).await;
    step.agent_state(AgentState::Idle, AgentState::Paused, "too many turns")
        .await
        .unwrap();
    step.commit().await.unwrap();
    let told = world.told(hook).await;
    let words: Vec<_> = told
        .iter()
        .map(|it| {
            (
                it.notice.event.as_str(),
                &it.notice.data["reason"],
                &it.notice.data["slug"],
            )
        })
        .collect();
    assert_eq!(
        words,
        [
            (
                "agent.failed",
                &Value::from("gave up"),
                &Value::from("vesper")
            ),
            (
                "agent.paused",
                &Value::from("too many turns"),
                &Value::from("vesper")
            ),
        ]
    );
}

#[tokio::test]
async fn a_shift_that_is_something_to_others_tells_them_too() {
    let world = World::new().await;
    let hook = world.hook(&[NoticeEvent::AgentPaused]).await;
    let agent = world.agent("vesper").await;
    for (from, to) in [
        (AgentState::Idle, AgentState::Queued),
        (AgentState::Queued, AgentState::Paused),
    ] {
        let sight = world.see(agent).await;
        let (wait, decision) = (Wait::at_rest("x", "x"), world.decision("test"));
        let write = write(&sight, &wait, &decision);
        world
            .store
            .shift_agent(&write, from, to, "a test")
            .await
            .unwrap();
    }
    assert_eq!(world.events_told(hook).await, ["agent.paused"]);
    assert_eq!(world.see(agent).await.agent.state, AgentState::Paused);
}

impl World {
    async fn close_to(&self, agent: AgentId, turn: TurnId, closing: &Closing, to: AgentState) {
        let sight = self.see(agent).await;
        let closed = Closed {
            agent,
            turn,
            from: sight.agent.state,
            to,
            reason: "gave up",
            closing,
            facts: &Facts::default(),
            keep: Keep::AsItIs,
            warm: None,
        };
        let (wait, decision) = (Wait::at_rest("mail", "anybody"), self.decision("test"));
        let write = write(&sight, &wait, &decision);
        self.store.close_turn(&write, &closed).await.unwrap();
    }
}

#[tokio::test]
async fn a_webhook_that_is_just_being_removed_stops_no_step() {
    let world = World::new().await;
    let hook = world.hook(&ALL).await;
    let task = world.task(TaskType::Coding).await;
    let mut removing = world.store.pool.begin().await.unwrap();
    sqlx::query("DELETE FROM webhooks WHERE id = $1")
        .bind(hook.0)
        .execute(&mut *removing)
        .await
        .unwrap();
    let moving = {
        let world = world.clone();
        tokio::spawn(async move {
            let run = RunId(fresh());
            let way = [
                TaskEvent::Ready,
                TaskEvent::RunOpened { run },
                TaskEvent::Started,
                TaskEvent::GaveUp,
            ];
            world.task_moves(task, TaskState::Pending, &way).await;
        })
    };
    until("the step waits for the removal", async || {
        let waiting = "SELECT count(*) FROM pg_stat_activity
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";
        0 < world.number(waiting).await
    })
    .await;
    removing.commit().await.unwrap();
    moving.await.unwrap();
    assert_eq!(world.deliveries().await, 0);
}
