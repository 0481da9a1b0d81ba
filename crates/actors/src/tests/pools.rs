//! What pools remove: worktrees that nobody needs, sandboxes without work, and files that are old.

use chrono::TimeDelta;
use optio_domain::{
    git_host::{CheckState, PullPhase},
    id::{SandboxId, TaskId},
    pool::{DORMANT, IDLE, WORKTREE_KEPT},
    task::Intent,
};

use super::{tasks::patient, world::World};

impl World {
    /// A task whose pull request was merged.
    async fn merged(&self) -> (TaskId, SandboxId) {
        let task = self.task_with_pull(|_| {}).await;
        self.host.checks("aaa", CheckState::Passed);
        self.host.changes(|pull| pull.phase = PullPhase::Merged);
        self.watcher_looks(task).await;
        let row = self.task_is(task, "completed").await;
        (task, row.sandbox.unwrap())
    }

    /// A task that was cancelled while its agent worked.
    async fn cancelled(&self) -> (TaskId, SandboxId) {
        let task = self.task(|_| {}).await;
        let (sandbox, _run) = self.task_runs(task).await;
        self.want_of_task(task, Intent::Cancel, None).await;
        self.task_is(task, "cancelled").await;
        (task, sandbox)
    }

    pub(super) async fn until_removed(&self, sandbox: SandboxId, task: TaskId) {
        self.until("the worktree is removed", async || {
            let removed = self.fleet.removed(sandbox);
            removed.contains(&task.to_string()).then_some(())
        })
        .await;
        self.until("that is known", async || {
            self.store
                .worktree(task)
                .await
                .unwrap()
                .is_none()
                .then_some(())
        })
        .await;
    }

    async fn pool_looks(&self, task: TaskId) {
        self.hints().look(self.task_row(task).await.pool.into());
    }
}

#[tokio::test]
async fn the_worktree_of_a_merged_task_is_removed_at_once() {
    let world = patient().await;
    let (task, sandbox) = world.merged().await;
    world.until_removed(sandbox, task).await;
}

#[tokio::test]
async fn the_worktree_of_a_cancelled_task_is_kept_for_a_day_so_that_it_can_be_tried_again() {
    let world = patient().await;
    let (task, sandbox) = world.cancelled().await;
    let row = world.store.worktree(task).await.unwrap().unwrap();
    assert_eq!(row.due_at, Some(world.now() + WORKTREE_KEPT));
    world.want_of_task(task, Intent::Retry, None).await;
    let (again, _run) = world.task_runs(task).await;
    assert_eq!(again, sandbox);
    let row = world.store.worktree(task).await.unwrap().unwrap();
    assert_eq!(row.due_at, None, "it is needed again");
    assert!(world.fleet.removed(sandbox).is_empty());
}

#[tokio::test]
async fn work_that_is_nowhere_else_is_never_removed_and_says_so() {
    let world = patient().await;
    let (task, sandbox) = world.cancelled().await;
    world.fleet.keeps_to_itself(sandbox, &task.to_string(), 2);
    // Another run keeps the sandbox alive for so long.
    let other = world.task(|_| {}).await;
    world.task_runs(other).await;
    world.pass(WORKTREE_KEPT).await;
    world.pool_looks(task).await;
    let kept = world
        .until("the runner has kept it", async || {
            world.store.worktree(task).await.unwrap().unwrap().kept
        })
        .await;
    assert!(kept.contains("2 commits that were not pushed"), "{kept}");
    assert!(world.fleet.removed(sandbox).is_empty());
}

#[tokio::test]
async fn an_idle_sandbox_is_ended_its_files_are_used_again_and_are_removed_when_they_are_old() {
    let world = patient().await;
    let (task, sandbox) = world.merged().await;
    world.until_removed(sandbox, task).await;
    world.pass(IDLE).await;
    world.pool_looks(task).await;
    world
        .until("the sandbox is ended", async || {
            (!world.fleet.alive(sandbox)).then_some(())
        })
        .await;
    let next = world.task(|_| {}).await;
    let (there, _run) = world.task_runs(next).await;
    assert_eq!(there, sandbox, "its clone is there already");
    world.want_of_task(next, Intent::Cancel, None).await;
    world.task_is(next, "cancelled").await;
    world
        .until("its run is over", async || {
            world.fleet.run(sandbox).is_none().then_some(())
        })
        .await;
    world.pass(IDLE).await;
    world.pool_looks(task).await;
    world
        .until("the sandbox is ended again", async || {
            (!world.fleet.alive(sandbox)).then_some(())
        })
        .await;
    // What the cancelled run left is not known, so it is not thrown away unseen.
    world.pass(DORMANT + TimeDelta::minutes(1)).await;
    world.pool_looks(task).await;
    world
        .until("the pool rests", async || {
            let pool = world.task_row(task).await.pool;
            let actor = world.store.actor(pool.into()).await.unwrap().unwrap();
            actor.wait.until.is_none().then_some(())
        })
        .await;
    assert_eq!(world.fleet.asked(sandbox).2, 0);
}

#[tokio::test]
async fn files_that_nobody_has_used_for_long_are_removed() {
    let world = patient().await;
    let (task, sandbox) = world.merged().await;
    world.until_removed(sandbox, task).await;
    for time in [IDLE, DORMANT] {
        world.pass(time).await;
        world.pool_looks(task).await;
        world
            .until("the sandbox is ended", async || {
                (!world.fleet.alive(sandbox)).then_some(())
            })
            .await;
    }
    world
        .until("its files are removed", async || {
            (world.fleet.asked(sandbox).2 == 1).then_some(())
        })
        .await;
}
