//! Tasks from the first run to the merge, with a git host and runners that are played by hand.

use chrono::TimeDelta;
use optio_domain::{
    actor::ActorKey,
    git_host::{CheckState, GitHostError, PullPhase, ReviewState},
    id::{RepoId, RunId, TaskId},
    limits::Limits,
    repo::{RepoSpec, RepoUrl},
    task::{
        Intent, TaskState,
        seen::TaskType,
        spec::{PRIORITY_DEFAULT, TaskSpec, work_branch},
    },
    wire::{checkout::CheckoutStart, runner::RunSpec},
};
use optio_store::tasks::{NewTask, TaskPage, TaskRow, WantedTasks};

use super::{host::HOST, runners::Play, world::World};

const WORKSPACE: &str = "default";

fn spec() -> TaskSpec {
    TaskSpec {
        kind: TaskType::Coding,
        title: "Add /healthz".to_owned(),
        prompt: "It answers 200.".to_owned(),
        repo_url: format!("https://{HOST}/o/r"),
        base_branch: "main".to_owned(),
        agent_type: "claude-code".to_owned(),
        model: None,
        priority: PRIORITY_DEFAULT,
        retries_max: 1,
        ticket_source: None,
        ticket_id: None,
        metadata: None,
        parent: None,
        blocks_parent: false,
        head: None,
    }
}

impl World {
    pub(super) async fn task(&self, change: impl FnOnce(&mut TaskSpec)) -> TaskId {
        self.task_after(change, &[]).await
    }

    async fn task_after(
        &self,
        change: impl FnOnce(&mut TaskSpec),
        depends_on: &[TaskId],
    ) -> TaskId {
        let mut spec = spec();
        change(&mut spec);
        let (at, fresh) = (self.now(), self.given.ids.fresh());
        let pool = self
            .store
            .pool_of(WORKSPACE, &spec.repo_url, fresh, at)
            .await
            .unwrap();
        let id = TaskId(pool.beside(self.given.ids.fresh()));
        let new = NewTask {
            id,
            workspace: WORKSPACE,
            spec: &spec,
            pool,
            depends_on,
            origin: None,
            created_by: "local",
            at,
        };
        self.store.create_task(&new).await.unwrap();
        self.hints().look(id.into());
        id
    }

    pub(super) async fn task_row(&self, task: TaskId) -> TaskRow {
        self.store.task(task).await.unwrap().unwrap()
    }

    /// Waits until a task stands so.
    pub(super) async fn task_is(&self, task: TaskId, state: &str) -> TaskRow {
        self.until(format!("the task is {state}"), async || {
            let row = self.task_row(task).await;
            (row.state.name() == state).then_some(row)
        })
        .await
    }

    /// Waits until a run of a task is alive, and returns it.
    pub(super) async fn task_runs(&self, task: TaskId) -> (optio_domain::id::SandboxId, RunId) {
        self.until("a run is alive", async || {
            let row = self.task_row(task).await;
            let TaskState::Running { run } = row.state else {
                return None;
            };
            Some((row.sandbox?, run))
        })
        .await
    }

    pub(super) async fn task_wait(&self, task: TaskId, reason: &str) {
        self.until(format!("the task waits for {reason}"), async || {
            let actor = self
                .store
                .actor(ActorKey::from(task))
                .await
                .unwrap()
                .unwrap();
            actor.wait.reason.contains(reason).then_some(())
        })
        .await;
    }

    pub(super) async fn want_of_task(&self, task: TaskId, intent: Intent, words: Option<&str>) {
        self.store
            .want_task(task, intent, words, self.now())
            .await
            .unwrap();
        self.hints().look(task.into());
    }

    /// The repository is registered, with something changed about it.
    pub(super) async fn repo(&self, change: impl FnOnce(&mut RepoSpec)) {
        let url = RepoUrl::parse(&spec().repo_url).unwrap();
        let mut repo = RepoSpec::new(url);
        change(&mut repo);
        let id = RepoId(self.given.ids.fresh());
        let added = self
            .store
            .add_repo(id, WORKSPACE, &repo, "local", self.now());
        added.await.unwrap();
    }

    /// The first part of a task.
    pub(super) async fn part_of(&self, task: TaskId) -> TaskId {
        let wanted = WantedTasks {
            parent: Some(task),
            ..WantedTasks::default()
        };
        let page = TaskPage {
            after: None,
            offset: 0,
            limit: 9,
        };
        let parts = self.store.tasks(WORKSPACE, &wanted, page).await.unwrap();
        parts.first().unwrap().id
    }

    /// The watcher of the pull request is told to look.
    pub(super) async fn watcher_looks(&self, task: TaskId) {
        self.pass(TimeDelta::seconds(31)).await;
        let pull = self.task_row(task).await.pull.unwrap().id;
        self.hints().look(optio_domain::id::PullId(pull).into());
    }

    /// What the runner was given for a run.
    pub(super) fn spec_of(&self, sandbox: optio_domain::id::SandboxId, run: RunId) -> RunSpec {
        let specs = self.fleet.specs(sandbox);
        specs.into_iter().find(|spec| spec.run == run).unwrap()
    }

    /// A task whose agent has opened a pull request at head `aaa`.
    pub(super) async fn task_with_pull(&self, change: impl FnOnce(&mut TaskSpec)) -> TaskId {
        let task = self.task(change).await;
        self.works(task, "aaa").await;
        self.task_is(task, "pr_opened").await;
        task
    }

    /// The agent of a task works until this head is pushed and its pull request open.
    pub(super) async fn works(&self, task: TaskId, head: &str) {
        let (sandbox, run) = self.task_runs(task).await;
        if self.task_row(task).await.pull.is_some() {
            self.host
                .changes(|pull| head.clone_into(&mut pull.head_sha));
        } else {
            self.host.opens(&work_branch(task), head);
        }
        self.fleet
            .finishes(sandbox, run, &["session s-1", "done 0.5 10 20 pushed"])
            .await;
    }
}

/// Every run of these worlds waits for the test.
pub(super) async fn patient() -> World {
    let world = World::new().await;
    world.fleet.by_default(Play::Holds(vec!["session s-1"]));
    world
}

#[tokio::test]
async fn a_task_runs_in_its_worktree_and_its_open_pull_request_is_seen() {
    let world = patient().await;
    let task = world.task(|_| {}).await;
    let (sandbox, run) = world.task_runs(task).await;
    let spec = world.spec_of(sandbox, run);
    let checkout = spec.checkout.unwrap();
    assert_eq!(
        (checkout.base.as_str(), checkout.branch.as_str()),
        ("main", work_branch(task).as_str())
    );
    assert_eq!(checkout.start, CheckoutStart::Continue);
    assert!(spec.secrets.contains_key("OPTIO_RUN_TOKEN"));
    world.works(task, "aaa").await;
    let row = world.task_is(task, "pr_opened").await;
    assert_eq!(row.pull.unwrap().number, 1);
    assert_eq!(
        (row.cost_usd.to_string().as_str(), row.session_id.as_deref()),
        ("0.5", Some("s-1"))
    );
}

#[tokio::test]
async fn an_agent_that_opens_no_pull_request_is_a_persons_concern_whatever_it_says() {
    let world = patient().await;
    let task = world.task(|_| {}).await;
    let (sandbox, run) = world.task_runs(task).await;
    let lie = "done 0 0 0 I opened https://git.example/o/r/pull/7";
    world.fleet.finishes(sandbox, run, &[lie]).await;
    let row = world.task_is(task, "needs_attention").await;
    assert!(
        row.state_reason
            .unwrap()
            .starts_with("completed_without_pr")
    );
    assert_eq!(row.pull, None);
}

#[tokio::test]
async fn red_checks_and_a_review_send_the_agent_back_once_each_and_a_merge_closes_the_ticket() {
    let world = patient().await;
    let ticket = |spec: &mut TaskSpec| {
        spec.ticket_source = Some("github".to_owned());
        spec.ticket_id = Some("7".to_owned());
    };
    let task = world.task_with_pull(ticket).await;
    world.host.checks("aaa", CheckState::Failed);
    world.watcher_looks(task).await;
    let (sandbox, run) = world.task_runs(task).await;
    let spec = world.spec_of(sandbox, run);
    assert!(
        spec.stdin
            .starts_with("# The checks of your pull request failed"),
        "{}",
        spec.stdin
    );
    assert_eq!(spec.args, ["--resume", "s-1"], "the same session");
    world.works(task, "bbb").await;
    world.task_is(task, "pr_opened").await;
    world.host.checks("bbb", CheckState::Passed);
    world
        .host
        .reviews(ReviewState::ChangesRequested, "bbb", "name it better");
    world.watcher_looks(task).await;
    let (sandbox, run) = world.task_runs(task).await;
    assert!(world.spec_of(sandbox, run).stdin.contains("name it better"));
    world.works(task, "ccc").await;
    world.task_is(task, "pr_opened").await;
    world.watcher_looks(task).await;
    world.task_wait(task, "a person to merge").await;
    assert_eq!(world.store.task_runs(task, 9).await.unwrap().len(), 3);
    world.host.changes(|pull| pull.phase = PullPhase::Merged);
    world.watcher_looks(task).await;
    world.task_is(task, "completed").await;
    let (comments, closed) = world
        .until("the ticket is closed", async || {
            let said = world.host.said();
            (!said.1.is_empty()).then_some(said)
        })
        .await;
    assert_eq!((comments.len(), closed.contains(&7)), (1, true));
}

#[tokio::test]
async fn feedback_that_changed_nothing_asks_a_person_and_does_not_go_round() {
    let world = patient().await;
    let task = world.task_with_pull(|_| {}).await;
    world.host.checks("aaa", CheckState::Failed);
    world.watcher_looks(task).await;
    world.works(task, "aaa").await;
    let row = world.task_is(task, "needs_attention").await;
    assert!(row.state_reason.unwrap().contains("has pushed nothing"));
    assert_eq!(world.store.task_runs(task, 9).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_closed_pull_request_fails_the_task_and_a_later_merge_completes_it() {
    let world = patient().await;
    let task = world.task_with_pull(|_| {}).await;
    world.host.changes(|pull| pull.phase = PullPhase::Closed);
    world.watcher_looks(task).await;
    world.task_is(task, "failed").await;
    world.host.changes(|pull| pull.phase = PullPhase::Merged);
    world.watcher_looks(task).await;
    world.task_is(task, "completed").await;
}

#[tokio::test]
async fn a_cancelled_run_is_stopped_and_nothing_it_still_says_counts() {
    let world = patient().await;
    let task = world.task(|_| {}).await;
    let (sandbox, run) = world.task_runs(task).await;
    world.want_of_task(task, Intent::Cancel, None).await;
    world.task_is(task, "cancelled").await;
    world
        .until("the run is stopped", async || {
            world.fleet.run(sandbox).is_none().then_some(())
        })
        .await;
    let row = world.task_row(task).await;
    assert_eq!((row.state, row.summary), (TaskState::Cancelled, None));
    let heard = world.fleet.heard(sandbox);
    assert!(heard.iter().any(
        |it| matches!(it, optio_domain::wire::runner::ToRunner::Stop { run: it } if *it == run)
    ));
    world.want_of_task(task, Intent::Retry, None).await;
    world.task_runs(task).await;
}

#[tokio::test]
async fn failed_runs_are_tried_again_and_then_given_up_and_a_person_may_go_on() {
    let world = patient().await;
    let task = world.task(|_| {}).await;
    let (sandbox, run) = world.task_runs(task).await;
    world
        .fleet
        .finishes(sandbox, run, &["failed no idea"])
        .await;
    world.task_wait(task, "a pause before retry 1").await;
    world.pass(TimeDelta::seconds(5)).await;
    let (sandbox, run) = world.task_runs(task).await;
    assert!(
        world
            .spec_of(sandbox, run)
            .stdin
            .contains("Your last run did not end well")
    );
    world
        .fleet
        .finishes(sandbox, run, &["failed still no idea"])
        .await;
    let row = world.task_is(task, "failed").await;
    assert!(row.error.unwrap().0.contains("still no idea"));
    world
        .want_of_task(task, Intent::Resume, Some("try the other way"))
        .await;
    let (sandbox, run) = world.task_runs(task).await;
    assert!(
        world
            .spec_of(sandbox, run)
            .stdin
            .contains("try the other way")
    );
}

#[tokio::test]
async fn a_task_begins_when_what_it_depends_on_is_completed_and_fails_when_that_is_lost() {
    let world = patient().await;
    let first = world.task_with_pull(|_| {}).await;
    let then = world.task_after(|_| {}, &[first]).await;
    world.task_is(then, "waiting_on_deps").await;
    world.host.changes(|pull| pull.phase = PullPhase::Merged);
    world.watcher_looks(first).await;
    world.task_runs(then).await;
    let never = world.task_after(|_| {}, &[then]).await;
    world.task_is(never, "waiting_on_deps").await;
    world.want_of_task(then, Intent::Cancel, None).await;
    let row = world.task_is(never, "failed").await;
    assert!(row.state_reason.unwrap().contains("depends on"));
}

#[tokio::test]
async fn a_host_that_does_not_answer_is_asked_again_and_nothing_is_lost() {
    let world = patient().await;
    let task = world.task(|_| {}).await;
    world.host.refuses([GitHostError::Busy("502".to_owned())]);
    world.works(task, "aaa").await;
    world.task_wait(task, "the git host to answer").await;
    assert_eq!(world.task_row(task).await.state.name(), "running");
    world.pass(TimeDelta::seconds(16)).await;
    world.task_is(task, "pr_opened").await;
}

#[tokio::test]
async fn tasks_of_one_repository_share_a_sandbox_up_to_its_room_and_the_next_begins_when_one_ends()
{
    let world = patient().await;
    let one = world.task(|_| {}).await;
    let two = world.task(|_| {}).await;
    let (first, second) = (world.task_runs(one).await, world.task_runs(two).await);
    assert_eq!(first.0, second.0);
    let three = world.task(|_| {}).await;
    world
        .task_wait(three, "2 of 2 tasks of its repository run")
        .await;
    world
        .fleet
        .finishes(first.0, first.1, &["done 0 0 0 ok"])
        .await;
    world.task_runs(three).await;
}

#[tokio::test]
async fn there_are_never_more_runs_than_there_may_be() {
    let world = World::with(Limits {
        tasks_running_max: 2,
        ..Limits::default()
    })
    .await;
    let mut tasks = Vec::new();
    for number in 0..6 {
        let repo = format!("https://{HOST}/o/r{number}");
        tasks.push(world.task(|spec| spec.repo_url = repo).await);
    }
    for task in tasks {
        world.task_is(task, "needs_attention").await;
    }
    assert!(world.fleet.runs_peak() <= 2, "{}", world.fleet.runs_peak());
}

#[tokio::test]
async fn a_control_plane_that_comes_back_finds_runs_and_pull_requests_where_they_are() {
    let mut world = patient().await;
    let task = world.task(|_| {}).await;
    let (sandbox, run) = world.task_runs(task).await;
    world.stop().await;
    world.host.opens(&work_branch(task), "aaa");
    world.start_again().await;
    assert_eq!(world.fleet.run(sandbox), Some(run), "the agent went on");
    world
        .fleet
        .finishes(sandbox, run, &["done 0 0 0 pushed"])
        .await;
    world.task_is(task, "pr_opened").await;
    world.stop().await;
    world.host.changes(|pull| pull.phase = PullPhase::Merged);
    world.start_again().await;
    world.watcher_looks(task).await;
    world.task_is(task, "completed").await;
    assert_eq!(world.store.task_runs(task, 9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_dead_runner_is_started_again_and_the_run_goes_on_from_its_worktree() {
    let world = patient().await;
    let task = world.task(|_| {}).await;
    let (sandbox, _run) = world.task_runs(task).await;
    world.fleet.dies(sandbox, &[]);
    world.task_wait(task, "a pause before retry 1").await;
    world.pass(TimeDelta::seconds(5)).await;
    let (again, run) = world.task_runs(task).await;
    assert_eq!(again, sandbox, "where its worktree is");
    let checkout = world.spec_of(again, run).checkout.unwrap();
    assert_eq!(checkout.start, CheckoutStart::Continue);
}

#[tokio::test]
async fn an_idle_sandbox_is_ended_and_the_task_comes_back_to_it() {
    let world = patient().await;
    let task = world.task_with_pull(|_| {}).await;
    let sandbox = world.task_row(task).await.sandbox.unwrap();
    world.pass(optio_domain::pool::IDLE).await;
    world
        .until("it is ended", async || {
            (!world.fleet.alive(sandbox)).then_some(())
        })
        .await;
    assert_eq!(world.fleet.asked(sandbox).2, 0, "its workspace stays");
    world.host.checks("aaa", CheckState::Failed);
    world.watcher_looks(task).await;
    assert_eq!(world.task_runs(task).await.0, sandbox);
}

#[tokio::test]
async fn a_green_pull_request_is_merged_at_exactly_the_head_that_was_judged() {
    let world = patient().await;
    world.repo(|repo| repo.auto_merge = true).await;
    let task = world.task_with_pull(|_| {}).await;
    world.task_wait(task, "there are none").await;
    world.host.checks("aaa", CheckState::Passed);
    world.watcher_looks(task).await;
    world.task_is(task, "completed").await;
    assert_eq!(world.host.merges(), ["aaa"]);
}

#[tokio::test]
async fn with_review_on_the_review_agents_approval_of_the_head_opens_the_way() {
    let world = patient().await;
    world
        .repo(|repo| {
            repo.auto_merge = true;
            repo.review_enabled = true;
        })
        .await;
    let task = world.task_with_pull(|_| {}).await;
    world.host.checks("aaa", CheckState::Passed);
    world.watcher_looks(task).await;
    world.task_wait(task, "the review agent's approval").await;
    let review = world.part_of(task).await;
    let (sandbox, run) = world.task_runs(review).await;
    let spec = world.spec_of(sandbox, run);
    assert_eq!(
        spec.checkout.unwrap().start,
        CheckoutStart::Detached {
            sha: "aaa".to_owned()
        }
    );
    let verdict = r#"done 0 0 0 {"verdict": "approve", "summary": "fine"}"#;
    world.fleet.finishes(sandbox, run, &[verdict]).await;
    world.task_is(review, "completed").await;
    world
        .until("it is merged", async || {
            (!world.host.merges().is_empty()).then_some(())
        })
        .await;
    world.watcher_looks(task).await;
    world.task_is(task, "completed").await;
    assert_eq!(world.host.handed_in().len(), 1);
}
