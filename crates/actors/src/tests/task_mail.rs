//! What people write to tasks that rest.

use optio_domain::{
    id::TaskId,
    limits::ATTEMPTS_MAX,
    task::{Intent, TaskState},
};

use super::{tasks::patient, world::World};

impl World {
    async fn told(&self, task: TaskId, body: &str) {
        self.write(task, body).await;
        self.hints().look(task.into());
    }

    /// Waits for the run of this number, and returns what its agent was given.
    async fn given(&self, task: TaskId, number: i32) -> (String, Vec<String>) {
        self.until(format!("run {number} is alive"), async || {
            let row = self.task_row(task).await;
            (row.runs_taken == number).then_some(())
        })
        .await;
        let (sandbox, run) = self.task_runs(task).await;
        let spec = self.spec_of(sandbox, run);
        (spec.stdin, spec.args)
    }
}

#[tokio::test]
async fn a_task_with_an_open_pull_request_goes_on_with_what_is_written_to_it_in_its_session() {
    let world = patient().await;
    let task = world.task_with_pull(|_| {}).await;
    world.told(task, "say it better").await;
    let (prompt, args) = world.given(task, 2).await;
    assert!(prompt.contains("say it better"), "{prompt}");
    assert_eq!(args, ["--resume", "s-1"]);
    world.works(task, "bbb").await;
    world.task_is(task, "pr_opened").await;
    let messages = world.store.task_messages(task).await.unwrap();
    assert_eq!(messages.len(), 1);
    assert!(messages[0].acked_at.is_some());
}

#[tokio::test]
async fn a_task_that_failed_or_was_cancelled_goes_on_with_what_is_written_to_it_after_that() {
    let world = patient().await;
    let task = world.task(|_| {}).await;
    world.task_runs(task).await;
    world.want_of_task(task, Intent::Cancel, None).await;
    world.task_is(task, "cancelled").await;
    world.pass(chrono::TimeDelta::seconds(1)).await;
    world.told(task, "after all, do it").await;
    let (prompt, _args) = world.given(task, 2).await;
    assert!(prompt.contains("after all, do it"), "{prompt}");
}

#[tokio::test]
async fn what_was_written_before_a_person_cancelled_does_not_start_the_task_again() {
    let world = patient().await;
    let task = world.task(|_| {}).await;
    let (sandbox, _run) = world.task_runs(task).await;
    world.fleet.deafen(sandbox);
    world.told(task, "one more thing").await;
    world.pass(chrono::TimeDelta::seconds(1)).await;
    world.want_of_task(task, Intent::Cancel, None).await;
    world.task_is(task, "cancelled").await;
    world.task_wait(task, "an old run to end").await;
    world.fleet.dies(sandbox, &[]);
    world.task_wait(task, "cancelled").await;
    world.hints().look(task.into());
    let row = world.task_is(task, "cancelled").await;
    assert_eq!(row.runs_taken, 1);
}

#[tokio::test]
async fn a_message_to_a_task_survives_runs_that_fail_and_is_given_up_in_the_end() {
    let world = patient().await;
    let task = world.task(|spec| spec.retries_max = 10).await;
    let (sandbox, first) = world.task_runs(task).await;
    world.fleet.deafen(sandbox);
    world.told(task, "look at the tests").await;
    world.fleet.dies(sandbox, &["failed no idea"]);
    let mut last = first;
    for attempt in 1..=ATTEMPTS_MAX {
        let (sandbox, run) = world
            .until(format!("attempt {attempt}"), async || {
                world.pass(chrono::TimeDelta::seconds(30)).await;
                let TaskState::Running { run } = world.task_row(task).await.state else {
                    return None;
                };
                (run != last).then_some((world.task_row(task).await.sandbox?, run))
            })
            .await;
        last = run;
        let prompt = world.spec_of(sandbox, run).stdin;
        assert!(prompt.contains("look at the tests"), "{attempt}: {prompt}");
        world
            .fleet
            .finishes(sandbox, run, &["failed still no idea"])
            .await;
    }
    let message = world
        .until("the message is given up", async || {
            let mut messages = world.store.task_messages(task).await.unwrap();
            messages.pop().filter(|it| it.state == "dead")
        })
        .await;
    assert!(message.dead_reason.unwrap().contains("runs that failed"));
    assert_eq!(message.acked_at, None);
}
