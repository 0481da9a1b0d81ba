//! Files of runs: stored once, shown when they are whole, and gone when they are old.

use optio_domain::{
    id::{RunId, TaskId},
    limits::Limits,
    run::files::FileNews,
    task::{
        seen::TaskType,
        spec::{PRIORITY_DEFAULT, TaskSpec},
    },
    wire::outputs::{FileLimits, Piece},
};

use super::{intake::ended, *};
use crate::{
    retention::Keep as Kept,
    run_files::FilesIntake,
    runs::{Intake, TakenIn},
    tasks::NewTask,
};

/// The digests of `abc` and of nothing.
const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn piece(path: &str, offset: u64, text: &str) -> FileNews {
    FileNews::Piece {
        path: path.to_owned(),
        offset,
        data: Piece(text.as_bytes().to_vec()),
    }
}

fn whole(path: &str, bytes: u64, sha256: &str) -> FileNews {
    FileNews::Whole {
        path: path.to_owned(),
        bytes,
        sha256: sha256.to_owned(),
        mode: 0o644,
    }
}

fn abc(path: &str) -> [FileNews; 2] {
    [piece(path, 0, "abc"), whole(path, 3, ABC)]
}

fn left(path: &str, reason: &str) -> FileNews {
    FileNews::Left {
        path: path.to_owned(),
        reason: reason.to_owned(),
    }
}

impl World {
    /// What an agent's run says of files, after so many events.
    fn said(&self, agent: AgentId, run: RunId, after: i64, news: &[FileNews]) -> Intake {
        Intake {
            up_to_seq: after + i64::try_from(news.len()).unwrap(),
            files: Some(FilesIntake {
                limits: FileLimits::from(&Limits::default()),
                news: news.iter().map(|it| (it.clone(), self.at)).collect(),
            }),
            ..self.intake(agent, run, after, &[])
        }
    }

    async fn stored(&self, intake: &Intake) {
        let taken = self.store.take_in(intake).await.unwrap();
        assert_eq!(taken, TakenIn::Stored);
    }

    /// Path, bytes, whether it is complete, and why it is not kept.
    async fn files(&self, run: RunId) -> Vec<(String, i64, bool, Option<String>)> {
        sqlx::query_as(
            "SELECT path, bytes, complete, left_reason FROM run_files WHERE run_id = $1 ORDER BY path",
        )
        .bind(run.0)
        .fetch_all(&self.store.pool)
        .await
        .unwrap()
    }

    async fn content(&self, run: RunId, path: &str) -> Vec<u8> {
        let mut content = Vec::new();
        loop {
            let at = i64::try_from(content.len()).unwrap();
            match self.store.file_piece(run, path, at).await.unwrap() {
                Some(piece) => content.extend(piece),
                None => return content,
            }
        }
    }

    async fn pieces(&self) -> i64 {
        self.number("SELECT count(*) FROM run_file_pieces").await
    }

    /// A task with so many runs, which are over.
    async fn task_with_runs(&self, runs: i32) -> (TaskId, Vec<RunId>) {
        let spec = TaskSpec {
            kind: TaskType::Coding,
            title: "t".to_owned(),
            prompt: "p".to_owned(),
            repo_url: "https://github.com/ada/engine".to_owned(),
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
        };
        let pool = self
            .store
            .pool_of("default", &spec.repo_url, fresh(), self.at);
        let pool = pool.await.unwrap();
        let id = TaskId(pool.beside(fresh()));
        let new = NewTask {
            id,
            workspace: "default",
            spec: &spec,
            pool,
            depends_on: &[],
            origin: None,
            created_by: "ada",
            at: self.at,
        };
        self.store.create_task(&new).await.unwrap();
        let mut made = Vec::new();
        for number in 1..=runs {
            let run = RunId(fresh());
            let at = self.at;
            self.sql(&format!(
                "INSERT INTO task_runs (id, task_id, number, epoch, brief, plans, fresh, prompt, sandbox_id,
                                        provision_until, duration_ms, started_at, finished_at)
                 VALUES ('{run}', '{id}', {number}, 1, '{{}}', false, false, 'p', '{run}', '{at}', 1, '{at}', '{at}');
                 INSERT INTO runs (id, actor_kind, actor_id, sandbox_id, epoch, runtime, created_at)
                 VALUES ('{run}', 'task', '{id}', '{run}', 1, 'claude-code', '{at}')"
            ))
            .await;
            made.push(run);
        }
        (id, made)
    }

    /// A run of a task says all it has to say of files, and ends.
    async fn task_said(&self, task: TaskId, run: RunId, news: &[FileNews]) {
        let said = Intake {
            actor: task.into(),
            ended: Some((ended(), self.at)),
            ..self.said(AgentId(task.0), run, 0, news)
        };
        self.stored(&said).await;
    }
}

#[tokio::test]
async fn a_file_is_stored_once_however_often_its_parts_come() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let (_, run) = world.run(agent).await;
    let first = world.said(agent, run, 0, &[piece("a/b", 0, "ab")]);
    world.stored(&first).await;
    assert_eq!(world.store.take_in(&first).await.unwrap(), TakenIn::Moved);
    let coming = ("a/b".to_owned(), 2, false, None);
    assert_eq!(world.files(run).await, [coming]);
    let rest = [
        piece("a/b", 2, "c"),
        whole("a/b", 3, ABC),
        whole("e", 0, NOTHING),
    ];
    let rest = world.said(agent, run, 1, &rest);
    world.stored(&rest).await;
    assert_eq!(world.store.take_in(&rest).await.unwrap(), TakenIn::Moved);
    let complete = [
        ("a/b".to_owned(), 3, true, None),
        ("e".to_owned(), 0, true, None),
    ];
    assert_eq!(world.files(run).await, complete);
    assert_eq!(world.content(run, "a/b").await, b"abc");
    assert_eq!(world.pieces().await, 2);
    let row = world.store.run(run).await.unwrap().unwrap();
    assert_eq!(row.acked_seq, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parts_from_many_connections_at_once_are_stored_once() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let (_, run) = world.run(agent).await;
    let batch = world.said(agent, run, 0, &abc("a"));
    let takers: Vec<_> = (0..8)
        .map(|_| {
            let (world, batch) = (world.clone(), batch.clone());
            tokio::spawn(async move { world.store.take_in(&batch).await.unwrap() })
        })
        .collect();
    let mut stored = 0;
    for taker in takers {
        stored += usize::from(taker.await.unwrap() == TakenIn::Stored);
    }
    assert_eq!((stored, world.pieces().await), (1, 1));
    assert_eq!(world.content(run, "a").await, b"abc");
}

#[tokio::test]
async fn a_file_with_another_digest_than_was_said_is_not_kept() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let (_, run) = world.run(agent).await;
    let news = [piece("a", 0, "abd"), whole("a", 3, ABC), whole("e", 0, ABC)];
    world.stored(&world.said(agent, run, 0, &news)).await;
    for (path, bytes, complete, reason) in world.files(run).await {
        assert_eq!((bytes, complete), (0, false), "{path}");
        assert!(reason.unwrap().contains("digest"), "{path}");
    }
    assert_eq!(world.pieces().await, 0);
}

#[tokio::test]
async fn a_file_that_is_left_takes_what_came_of_it_with_it() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let (_, run) = world.run(agent).await;
    world
        .stored(&world.said(agent, run, 0, &[piece("a", 0, "ab"), piece("a", 2, "c")]))
        .await;
    assert_eq!(world.pieces().await, 2);
    let news = [
        left("a", "it changed\0"),
        piece("a", 3, "d"),
        left(".", "late"),
    ];
    world.stored(&world.said(agent, run, 2, &news)).await;
    let wanted = [
        (".".to_owned(), 0, false, Some("late".to_owned())),
        (
            "a".to_owned(),
            0,
            false,
            Some("it changed\u{fffd}".to_owned()),
        ),
    ];
    assert_eq!(world.files(run).await, wanted);
    assert_eq!(world.pieces().await, 0);
}

#[tokio::test]
async fn limits_count_what_earlier_batches_have_brought() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let (_, run) = world.run(agent).await;
    let limits = FileLimits {
        files_max: 9,
        file_bytes_max: 4,
        bytes_max: 5,
    };
    let narrow = |mut intake: Intake| {
        intake.files.as_mut().unwrap().limits = limits;
        intake
    };
    world
        .stored(&narrow(world.said(agent, run, 0, &abc("a"))))
        .await;
    world
        .stored(&narrow(world.said(agent, run, 2, &abc("b"))))
        .await;
    let files = world.files(run).await;
    assert!(files[0].2 && !files[1].2);
    assert!(files[1].3.as_ref().unwrap().contains("run_files_bytes_max"));
    assert_eq!(world.pieces().await, 1);
}

#[tokio::test]
async fn a_run_nobody_wants_leaves_no_files() {
    let world = World::new().await;
    let agent = world.agent("a").await;
    let (turn, run) = world.run(agent).await;
    world
        .close(agent, turn, &closing::done(), &Facts::default())
        .await
        .unwrap();
    let late = world.said(agent, run, 0, &abc("a"));
    assert_eq!(world.store.take_in(&late).await.unwrap(), TakenIn::Stale);
    assert_eq!((world.files(run).await.len(), world.pieces().await), (0, 0));
}

#[tokio::test]
async fn of_each_path_the_last_attempts_file_is_shown_and_any_can_be_asked_for() {
    let world = World::new().await;
    let (task, runs) = world.task_with_runs(3).await;
    let first = [&abc("both")[..], &abc("first"), &[left("x", "old")]].concat();
    world.task_said(task, runs[0], &first).await;
    let second = [
        &abc("both")[..],
        &[left("x", "a link"), piece("torn", 0, "ab")],
    ]
    .concat();
    world.task_said(task, runs[1], &second).await;
    let store = &world.store;
    let shown = |rows: Vec<crate::run_files::RunFileRow>| -> Vec<(String, i32)> {
        rows.into_iter()
            .map(|row| (row.path, row.attempt))
            .collect()
    };
    let all = shown(store.task_files(task, None).await.unwrap());
    assert_eq!(all, [("both".to_owned(), 2), ("first".to_owned(), 1)]);
    let one = shown(store.task_files(task, Some(1)).await.unwrap());
    assert_eq!(one, [("both".to_owned(), 1), ("first".to_owned(), 1)]);
    let file = store.task_file(task, None, "both").await.unwrap().unwrap();
    assert_eq!(
        (file.run_id, file.bytes, file.sha256.as_str()),
        (runs[1].0, 3, ABC)
    );
    for path in ["x", "torn", "nothing"] {
        assert_eq!(
            store.task_file(task, None, path).await.unwrap(),
            None,
            "{path}"
        );
    }
    let reasons = async |attempt| {
        let rows = store.task_files_left(task, attempt).await.unwrap();
        let row = |row: crate::run_files::LeftFileRow| (row.path, row.reason, row.attempt);
        rows.into_iter().map(row).collect::<Vec<_>>()
    };
    let torn = "not all of it has come".to_owned();
    let last = [
        ("torn".to_owned(), torn, 2),
        ("x".to_owned(), "a link".to_owned(), 2),
    ];
    assert_eq!(reasons(None).await, last);
    assert_eq!(
        reasons(Some(1)).await,
        [("x".to_owned(), "old".to_owned(), 1)]
    );
    assert_eq!(reasons(Some(3)).await, []);
    let (other, _) = world.task_with_runs(1).await;
    assert_eq!(store.task_files(other, None).await.unwrap(), []);
}

#[tokio::test]
async fn what_is_still_coming_is_neither_kept_nor_left() {
    let world = World::new().await;
    let (task, runs) = world.task_with_runs(1).await;
    let coming = Intake {
        actor: task.into(),
        ..world.said(AgentId(task.0), runs[0], 0, &[piece("a", 0, "ab")])
    };
    world.stored(&coming).await;
    let store = &world.store;
    assert_eq!(store.task_files(task, None).await.unwrap(), []);
    assert_eq!(store.task_files_left(task, None).await.unwrap(), []);
}

#[tokio::test]
async fn files_go_with_their_content_when_they_are_old_and_their_run_is_over() {
    let world = World::new().await;
    let (_, runs) = world.task_with_runs(1).await;
    let (task, more) = world.task_with_runs(1).await;
    world.task_said(task, more[0], &abc("a")).await;
    let coming = Intake {
        actor: task.into(),
        ..world.said(AgentId(task.0), runs[0], 0, &[piece("a", 0, "ab")])
    };
    world.stored(&coming).await;
    let keep = Kept {
        files: TimeDelta::days(14),
        ..Kept::from(&Limits::default())
    };
    let day = 86_400;
    let early = world.store.tidy(keep, world.later(14 * day)).await.unwrap();
    assert_eq!((early.files, world.pieces().await), (0, 2));
    let late = world.later(14 * day + 1);
    assert_eq!(world.store.tidy(keep, late).await.unwrap().files, 1);
    assert_eq!(
        (world.pieces().await, world.files(runs[0]).await.len()),
        (1, 1)
    );
    world.sql("DELETE FROM runs").await;
    assert_eq!(world.pieces().await, 0, "they go with their run");
}
