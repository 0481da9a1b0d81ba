//! What runs leave in their outputs, from their runners to the store.

use optio_domain::{
    id::{JobId, PoolId, RunId, SandboxId, TaskId},
    job::{JobKind, JobSpec, Origin},
    sandbox::SandboxSpec,
    task::{
        Intent,
        seen::TaskType,
        spec::{PRIORITY_DEFAULT, TaskSpec},
    },
    wire::{
        outputs::{DirectoryStart, FileLimits, Outputs, Piece, RunDirectory},
        runner::{EndCause, Happening},
    },
};
use optio_store::jobs::{NewJob, NewRun};

use super::{tasks::patient, world::World};

/// The digest of `abc`.
const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

fn piece(path: &str, offset: u64, text: &str) -> Happening {
    Happening::FilePiece {
        path: path.to_owned(),
        offset,
        data: Piece(text.as_bytes().to_vec()),
    }
}

fn whole(path: &str) -> Happening {
    Happening::File {
        path: path.to_owned(),
        bytes: 3,
        sha256: ABC.to_owned(),
        mode: 0o644,
    }
}

fn left(path: &str) -> Happening {
    Happening::FileLeft {
        path: path.to_owned(),
        reason: "it is a link".to_owned(),
    }
}

fn job_spec() -> JobSpec {
    JobSpec {
        kind: JobKind::Standalone,
        name: "digest".to_owned(),
        description: None,
        title: None,
        prompt: "p".to_owned(),
        template: None,
        repo_url: None,
        base_branch: None,
        agent_type: "claude-code".to_owned(),
        model: None,
        priority: PRIORITY_DEFAULT,
        retries_max: 0,
        turns_max: None,
        budget_usd: None,
        runs_max: 2,
        warm: 0,
        sandboxes_max: 1,
        runs_each_max: 2,
        environment: None,
        sandbox: SandboxSpec::default(),
        params_schema: None,
        enabled: true,
    }
}

fn run_spec() -> TaskSpec {
    TaskSpec {
        kind: TaskType::Job,
        title: "digest".to_owned(),
        prompt: "p".to_owned(),
        repo_url: String::new(),
        base_branch: String::new(),
        agent_type: "claude-code".to_owned(),
        model: None,
        priority: PRIORITY_DEFAULT,
        retries_max: 0,
        ticket_source: None,
        ticket_id: None,
        metadata: None,
        parent: None,
        blocks_parent: false,
        head: None,
    }
}

impl World {
    /// A task with an open run.
    async fn at_work(&self) -> (TaskId, SandboxId, RunId) {
        let task = self.task(|_| {}).await;
        let (sandbox, run) = self.task_runs(task).await;
        (task, sandbox, run)
    }

    /// A run of a job that has no repository.
    async fn of_a_job(&self) -> TaskId {
        let (at, pool) = (self.now(), PoolId(self.given.ids.fresh()));
        let job = JobId(self.given.ids.fresh());
        let made = NewJob {
            id: job,
            workspace: "default",
            spec: &JobSpec {
                name: job.to_string(),
                ..job_spec()
            },
            pool,
            created_by: "local",
            at,
        };
        self.store.create_job(&made).await.unwrap();
        let origin = Origin {
            job,
            trigger: None,
            params: serde_json::Map::new(),
            hops: 0,
        };
        let run = NewRun {
            id: TaskId(pool.beside(self.given.ids.fresh())),
            workspace: "default",
            spec: &run_spec(),
            pool,
            origin: &origin,
            missing: &[],
            ticket: None,
            created_by: "local",
            at,
        };
        let row = self.store.start_run(&run).await.unwrap();
        self.hints().look(row.id.into());
        row.id
    }

    async fn kept(&self, task: TaskId) -> Vec<(String, i64)> {
        let files = self.store.task_files(task, None).await.unwrap();
        files.into_iter().map(|it| (it.path, it.bytes)).collect()
    }
}

#[tokio::test]
async fn a_runner_is_told_what_of_a_task_is_kept_and_of_a_review_nothing_is() {
    let world = patient().await;
    let (_, sandbox, run) = world.at_work().await;
    let spec = world.spec_of(sandbox, run);
    let limits = FileLimits::from(&world.given.limits);
    let dir = "outputs".to_owned();
    assert_eq!(spec.outputs, Some(Outputs { dir, limits }));
    assert_eq!(spec.check_directory(), Ok(()));
    let review = world
        .task(|spec| {
            spec.kind = TaskType::Review;
            spec.head = Some("ab".repeat(20));
        })
        .await;
    let (sandbox, run) = world.task_runs(review).await;
    assert_eq!(world.spec_of(sandbox, run).outputs, None);
}

#[tokio::test]
async fn files_are_taken_in_once_although_the_connection_breaks_in_the_middle() {
    let world = patient().await;
    let (task, sandbox, run) = world.at_work().await;
    let fleet = &world.fleet;
    fleet.says(sandbox, run, vec![piece("a", 0, "a")]).await;
    fleet.hangs_up(sandbox);
    let rest = vec![
        piece("a", 1, "bc"),
        whole("a"),
        left("b"),
        piece("c", 0, "x"),
    ];
    fleet.says(sandbox, run, rest).await;
    assert_eq!(world.kept(task).await, [], "nobody has heard the rest");
    fleet.dials_in(sandbox).await;
    fleet.finishes(sandbox, run, &["done 0 0 0 pushed"]).await;
    world.task_is(task, "needs_attention").await;
    assert_eq!(world.kept(task).await, [("a".to_owned(), 3)]);
    let content = world.store.file_piece(run, "a", 1).await.unwrap();
    assert_eq!(content.unwrap(), b"bc");
    let left = world.store.task_files_left(task, None).await.unwrap();
    let left: Vec<_> = left.iter().map(|it| (&*it.path, &*it.reason)).collect();
    assert_eq!(
        left,
        [("b", "it is a link"), ("c", "not all of it has come")]
    );
    let lines = world.store.last_task_logs(task, 50).await.unwrap();
    let words = |line: &optio_store::tasks::TaskLogRow| line.data["content"].clone();
    let lines: Vec<_> = lines.iter().map(words).collect();
    for line in [
        "Kept the file a: 3 bytes",
        "Did not keep the file b: it is a link",
    ] {
        let count = lines.iter().filter(|it| *it == line).count();
        assert_eq!(count, 1, "{line}: {lines:?}");
    }
}

#[tokio::test]
async fn files_of_a_run_that_nobody_wants_any_more_are_stored_nowhere() {
    let world = patient().await;
    let (task, sandbox, run) = world.at_work().await;
    world.fleet.deafen(sandbox);
    world.want_of_task(task, Intent::Cancel, None).await;
    world.task_is(task, "cancelled").await;
    let late = vec![piece("a", 0, "abc"), whole("a")];
    world.fleet.says(sandbox, run, late).await;
    assert_eq!(world.kept(task).await, []);
    let refused = world.store.refused(task.into(), 9).await.unwrap();
    let kinds: Vec<_> = refused
        .iter()
        .map(|it| it.report["what"]["kind"].clone())
        .collect();
    assert_eq!(kinds, ["file"], "its content is too large for that");
}

#[tokio::test]
async fn a_control_plane_keeps_its_own_limits() {
    let world = patient().await;
    let (task, sandbox, run) = world.at_work().await;
    let max = world.given.limits.run_files_max;
    let events = (0..=max).flat_map(|number| {
        let path = format!("f{number:04}");
        [piece(&path, 0, "abc"), whole(&path)]
    });
    world.fleet.says(sandbox, run, events.collect()).await;
    assert_eq!(world.kept(task).await.len() as u64, max);
    world
        .fleet
        .finishes(sandbox, run, &["done 0 0 0 pushed"])
        .await;
    let left = world.store.task_files_left(task, None).await.unwrap();
    assert!(left[0].reason.contains("run_files_max"), "{left:?}");
}

#[tokio::test]
async fn each_run_of_a_job_has_a_directory_of_its_own_that_its_next_attempt_finds_again() {
    let world = patient().await;
    let (one, two) = (world.of_a_job().await, world.of_a_job().await);
    let mut names = Vec::new();
    for task in [one, two] {
        let (sandbox, run) = world.task_runs(task).await;
        let spec = world.spec_of(sandbox, run);
        assert_eq!((&spec.checkout, spec.check_directory()), (&None, Ok(())));
        assert!(spec.outputs.is_some());
        names.push(spec.directory.unwrap());
    }
    let directory = |task: TaskId| RunDirectory {
        name: task.to_string(),
        start: DirectoryStart::Continue,
    };
    assert_eq!(names, [directory(one), directory(two)]);
    let (sandbox, run) = world.task_runs(one).await;
    let late = vec![piece("a", 0, "abc"), whole("a")];
    world.fleet.says(sandbox, run, late).await;
    world.fleet.ends(sandbox, run, EndCause::Exited).await;
    world.task_is(one, "failed").await;
    world.want_of_task(one, Intent::Retry, None).await;
    let (sandbox, run) = world.task_runs(one).await;
    assert_eq!(world.spec_of(sandbox, run).directory, Some(directory(one)));
    world.fleet.finishes(sandbox, run, &["done 0 0 0 ok"]).await;
    world.task_is(one, "completed").await;
    let files = world.store.task_files(one, None).await.unwrap();
    let files: Vec<_> = files.iter().map(|it| (&*it.path, it.attempt)).collect();
    assert_eq!(files, [("a", 1)]);
}

#[tokio::test]
async fn the_directory_of_a_run_that_is_over_is_removed_whatever_is_in_it() {
    let world = patient().await;
    let task = world.of_a_job().await;
    let (sandbox, run) = world.task_runs(task).await;
    world.fleet.finishes(sandbox, run, &["done 0 0 0 ok"]).await;
    world.task_is(task, "completed").await;
    world.until_removed(sandbox, task).await;
}
