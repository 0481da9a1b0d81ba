//! Worktrees: where work begins, and that it is still there when it goes on.

use std::time::Duration;

use optio_domain::wire::checkout::{Author, Checkout, CheckoutStart, WorktreeState};
use optio_domain::wire::runner::{EndCause, FileSpec, Happening, RunEvent, RunSpec};

use crate::host::{Host, git};
use crate::plane::{end, lines};
use crate::world::{Kind, World, unique};

const KINDS: [Kind; 2] = [Kind::Bare, Kind::Bubblewrap];

/// A run in a worktree of the host's repository `shop`.
pub(crate) fn task(world: &World, host: &Host, worktree: &str, script: &str) -> RunSpec {
    let mut spec = world.script(&format!("set -e; {script}"));
    spec.checkout = Some(Checkout {
        url: host.url("shop"),
        clone: "shop".to_owned(),
        worktree: worktree.to_owned(),
        base: "main".to_owned(),
        branch: format!("optio/task-{worktree}"),
        start: CheckoutStart::Continue,
        author: Author {
            name: "The Agent".to_owned(),
            mail: "agent@acme.test".to_owned(),
        },
        files: vec![FileSpec {
            path: ".optio/task.md".to_owned(),
            content: "do it\n".to_owned(),
            mode: 0o644,
        }],
        submodules: false,
        git_ms_max: 60_000,
        setup_ms_max: 60_000,
    });
    spec
}

/// The same, in a way of its own.
pub(crate) fn with(mut spec: RunSpec, change: impl FnOnce(&mut Checkout)) -> RunSpec {
    spec.run.0 = unique();
    change(spec.checkout.as_mut().unwrap());
    spec
}

pub(crate) fn fresh(spec: RunSpec) -> RunSpec {
    with(spec, |checkout| checkout.start = CheckoutStart::Fresh)
}

pub(crate) async fn played(world: &World, spec: &RunSpec) -> Vec<RunEvent> {
    world.plane.ended(world.plane.start(spec)).await
}

/// Where the worktree came from, in words. Panics where it was not prepared.
pub(crate) fn how(events: &[RunEvent]) -> String {
    let prepared = events.iter().find_map(|event| match &event.what {
        Happening::Prepared { how, .. } => Some(how.clone()),
        _ => None,
    });
    prepared.unwrap_or_else(|| panic!("not prepared: {events:#?}"))
}

pub(crate) fn left(events: &[RunEvent]) -> WorktreeState {
    let left = events.iter().find_map(|event| match &event.what {
        Happening::Worktree(state) => Some(state.clone()),
        _ => None,
    });
    left.unwrap_or_else(|| panic!("no account: {events:#?}"))
}

pub(crate) fn preparing(events: &[RunEvent]) -> Vec<String> {
    let line = |event: &RunEvent| match &event.what {
        Happening::Preparing { line, .. } => Some(line.clone()),
        _ => None,
    };
    events.iter().filter_map(line).collect()
}

#[tokio::test]
async fn a_fresh_run_works_on_a_new_branch_from_the_base() {
    for kind in KINDS {
        let (world, host) = (World::new(kind).await, Host::up().await);
        let script = "basename $PWD; git branch --show-current; git log -1 --format=%s; \
                      cat .optio/task.md; git status --porcelain; git commit --quiet \
                      --allow-empty -m x; git log -1 '--format=%an %ae'; git reset -q --hard HEAD~";
        let events = played(&world, &fresh(task(&world, &host, "t1", script))).await;
        let wanted = [
            "t1",
            "optio/task-t1",
            "first",
            "do it",
            "The Agent agent@acme.test",
        ];
        assert_eq!(lines(&events), wanted, "{:?}", preparing(&events));
        assert_eq!(end(&events).code, Some(0));
        assert_eq!(how(&events), "a new branch optio/task-t1 from main");
        let head_sha = git(&host.repository("shop"), &["rev-parse", "main"]);
        let state = WorktreeState {
            worktree: "t1".to_owned(),
            head_sha,
            branch: Some("optio/task-t1".to_owned()),
            unpushed: 0,
            dirty_files: 0,
        };
        assert_eq!(left(&events), state);
        let kinds: Vec<_> = events.iter().map(|event| event.what.clone()).collect();
        let at = |is: fn(&Happening) -> bool| kinds.iter().position(is).unwrap();
        let prepared = at(|what| matches!(what, Happening::Prepared { .. }));
        assert!(prepared < at(|what| matches!(what, Happening::Started { .. })));
        assert_eq!(
            at(|what| matches!(what, Happening::Worktree(_))),
            kinds.len() - 2
        );
    }
}

#[tokio::test]
async fn commits_without_a_push_and_dirty_files_are_there_when_work_goes_on() {
    for kind in KINDS {
        let (world, host) = (World::new(kind).await, Host::up().await);
        let script = "echo a > a; git add a; git commit -qm work; echo b >> README.md; \
                      mkdir new; touch new/1 new/2";
        let events = played(&world, &fresh(task(&world, &host, "t1", script))).await;
        let before = left(&events);
        assert_eq!((before.unpushed, before.dirty_files), (1, 3));
        let look = "git log -1 --format=%s; tail -1 README.md; ls new";
        let events = played(&world, &task(&world, &host, "t1", look)).await;
        assert_eq!(lines(&events), ["work", "b", "1", "2"]);
        assert_eq!(how(&events), "the worktree as it was left");
        assert_eq!(left(&events), before);
        // Only this word throws it away.
        let look = fresh(task(&world, &host, "t1", "git log -1 --format=%s; ls"));
        let events = played(&world, &look).await;
        assert_eq!(lines(&events), ["first", "README.md"]);
        assert_eq!(left(&events).unpushed, 0);
    }
}

#[tokio::test]
async fn commits_outlive_the_directory_of_their_worktree() {
    for kind in KINDS {
        let (world, host) = (World::new(kind).await, Host::up().await);
        let work = "git commit -q --allow-empty -m work";
        played(&world, &fresh(task(&world, &host, "t1", work))).await;
        std::fs::remove_dir_all(world.path("workspace/tasks/t1")).unwrap();
        let look = task(&world, &host, "t1", "git log -1 --format=%s; ls");
        let events = played(&world, &look).await;
        assert_eq!(lines(&events), ["work", "README.md"]);
        assert_eq!(
            how(&events),
            "a new worktree of the local branch optio/task-t1"
        );
        assert_eq!(left(&events).unpushed, 1);
    }
}

#[tokio::test]
async fn a_worktree_whose_link_is_lost_is_mended_with_its_files() {
    let (world, host) = (World::new(Kind::Bubblewrap).await, Host::up().await);
    played(
        &world,
        &fresh(task(&world, &host, "t1", "touch dirty; rm .git")),
    )
    .await;
    let events = played(
        &world,
        &task(&world, &host, "t1", "ls; git status --porcelain"),
    )
    .await;
    assert_eq!(lines(&events), ["README.md", "dirty", "?? dirty"]);
    assert_eq!(how(&events), "the worktree as it was left");
}

#[tokio::test]
async fn what_is_no_worktree_stays_unless_the_run_is_to_be_fresh() {
    let (world, host) = (World::new(Kind::Bubblewrap).await, Host::up().await);
    let note = "mkdir -p $OPTIO_WORKSPACE/tasks/t1; touch $OPTIO_WORKSPACE/tasks/t1/mine";
    played(&world, &world.script(note)).await;
    let look = task(&world, &host, "t1", "ls");
    let ended = end(&played(&world, &look).await);
    assert_eq!(ended.cause, EndCause::Unprepared);
    assert!(ended.detail.unwrap().contains("no worktree any more"));
    assert!(world.path("workspace/tasks/t1/mine").exists());
    assert_eq!(lines(&played(&world, &fresh(look)).await), ["README.md"]);
}

#[tokio::test]
async fn another_sandbox_goes_on_from_the_pushed_branch() {
    let host = Host::up().await;
    let (one, two) = (
        World::new(Kind::Bubblewrap).await,
        World::new(Kind::Bubblewrap).await,
    );
    let work = |words: &str| format!("git commit -q --allow-empty -m {words}; git push -q");
    played(&one, &fresh(task(&one, &host, "t1", &work("one")))).await;
    let events = played(&two, &task(&two, &host, "t1", &work("two"))).await;
    assert_eq!(
        how(&events),
        "a new worktree of the pushed branch optio/task-t1"
    );
    assert_eq!(left(&events).unpushed, 0);
    let subject = ["log", "-2", "--format=%s", "optio/task-t1"];
    assert_eq!(git(&host.repository("shop"), &subject), "two\none");
    // The first one's branch is behind, and has nothing of its own.
    std::fs::remove_dir_all(one.path("workspace/tasks/t1")).unwrap();
    let events = played(&one, &task(&one, &host, "t1", "git log -1 --format=%s")).await;
    assert_eq!(lines(&events), ["two"]);
}

#[tokio::test]
async fn work_goes_on_although_the_remote_does_not_answer() {
    let (world, host) = (World::new(Kind::Bubblewrap).await, Host::up().await);
    let work = "git commit -q --allow-empty -m work";
    let spec = fresh(task(&world, &host, "t1", work));
    played(&world, &spec).await;
    host.close();
    let look = task(&world, &host, "t1", "git log -1 --format=%s");
    let events = played(&world, &look).await;
    assert_eq!(lines(&events), ["work"]);
    assert!(how(&events).contains("could not be asked"));
    // There is nothing here to go on with.
    let ended = end(&played(&world, &task(&world, &host, "t2", "ls")).await);
    assert_eq!(ended.cause, EndCause::Unprepared);
    assert!(ended.detail.unwrap().contains("cannot be fetched"));
}

#[tokio::test]
async fn a_commit_of_no_branch_is_looked_at_without_one() {
    let (world, host) = (World::new(Kind::Bubblewrap).await, Host::up().await);
    let head = host.commit("shop", "theirs", "theirs", &[("theirs", "")]);
    let shop = host.repository("shop");
    git(&shop, &["update-ref", "refs/pull/1/head", &head]);
    git(&shop, &["branch", "-D", "theirs"]);
    let at = |sha: &str| CheckoutStart::Detached {
        sha: sha.to_owned(),
    };
    let look = with(
        task(&world, &host, "t1", "git status | head -1; ls; touch dirty"),
        |it| {
            it.start = at(&head);
        },
    );
    let events = played(&world, &look).await;
    assert_eq!(
        lines(&events)[1..],
        ["README.md", "theirs"],
        "{:?}",
        end(&events)
    );
    assert_eq!((left(&events).unpushed, left(&events).dirty_files), (0, 1));
    assert_eq!((left(&events).head_sha, left(&events).branch), (head, None));
    let base = git(&shop, &["rev-parse", "main"]);
    let look = with(look, |it| it.start = at(&base));
    let events = played(&world, &look).await;
    assert_eq!(lines(&events)[1..], ["README.md", "dirty"]);
    assert_eq!(left(&events).head_sha, base);
    let commit = "git commit -q --allow-empty -m mine";
    let own = with(task(&world, &host, "t1", commit), |it| it.start = at(&base));
    assert_eq!(left(&played(&world, &own).await).unpushed, 1);
    let ended = end(&played(&world, &with(own, |_| {})).await);
    assert!(ended.detail.unwrap().contains("on no branch"));
    let nowhere = with(task(&world, &host, "t2", "ls"), |it| {
        it.start = at(&"12".repeat(20));
    });
    assert_eq!(
        end(&played(&world, &nowhere).await).cause,
        EndCause::Unprepared
    );
}

#[tokio::test]
async fn runs_of_one_repository_are_prepared_at_once_and_do_not_meet() {
    for kind in KINDS {
        let (world, host) = (World::new(kind).await, Host::up().await);
        let script = "git commit -q --allow-empty -m $(basename $PWD); git push -q; sleep 1; \
                      git log -1 --format=%s";
        let runs: Vec<_> = (1..=4)
            .map(|number| {
                let spec = fresh(task(&world, &host, &format!("t{number}"), script));
                world.plane.start(&spec)
            })
            .collect();
        for (run, name) in runs.into_iter().zip(["t1", "t2", "t3", "t4"]) {
            let events = world.plane.ended(run).await;
            assert_eq!(lines(&events), [name], "{:?}", preparing(&events));
            assert_eq!(left(&events).unpushed, 0);
        }
    }
}

#[tokio::test]
async fn a_worktree_has_one_run_at_a_time() {
    let (world, host) = (World::new(Kind::Bubblewrap).await, Host::up().await);
    let spec = fresh(task(&world, &host, "t1", "echo ready; sleep 300"));
    let one = world.plane.start(&spec);
    world.plane.line(one, "ready").await;
    let ended = end(&played(&world, &fresh(spec)).await);
    assert_eq!(ended.cause, EndCause::Unprepared);
    assert!(
        ended
            .detail
            .unwrap()
            .contains("somebody works in the worktree t1")
    );
    world.plane.stop(one);
    assert_eq!(end(&world.plane.ended(one).await).cause, EndCause::Stopped);
    let events = played(&world, &task(&world, &host, "t1", "echo here")).await;
    assert_eq!(lines(&events), ["here"]);
}

#[tokio::test]
async fn submodules_are_there_where_they_are_wanted() {
    let (world, host) = (World::new(Kind::Bubblewrap).await, Host::up().await);
    host.create("lib");
    let head = host.commit("lib", "main", "lib", &[("lib.txt", "lib\n")]);
    let desk = tempfile::tempdir().unwrap();
    let shop = host.repository("shop");
    git(desk.path(), &["clone", "-q", shop.to_str().unwrap(), "."]);
    let modules = "[submodule \"lib\"]\n\tpath = lib\n\turl = ../lib.git\n";
    std::fs::write(desk.path().join(".gitmodules"), modules).unwrap();
    git(desk.path(), &["add", ".gitmodules"]);
    let entry = format!("160000,{head},lib");
    git(
        desk.path(),
        &["update-index", "--add", "--cacheinfo", &entry],
    );
    git(desk.path(), &["commit", "-qm", "with lib"]);
    git(desk.path(), &["push", "-q", "origin", "main"]);
    let spec = fresh(task(&world, &host, "t1", "cat lib/lib.txt || echo none"));
    assert_eq!(lines(&played(&world, &spec).await), ["none"]);
    let spec = fresh(with(spec, |checkout| checkout.submodules = true));
    let events = played(&world, &spec).await;
    assert_eq!(lines(&events), ["lib"], "{:?}", preparing(&events));
    assert_eq!(left(&events).dirty_files, 0);
}

#[tokio::test]
async fn locks_of_whoever_was_killed_are_no_hindrance() {
    let (world, host) = (World::new(Kind::Bubblewrap).await, Host::up().await);
    let script = "c=$OPTIO_WORKSPACE/shop; touch $c/config.lock $c/packed-refs.lock \
                  $c/refs/remotes/origin/main.lock";
    played(&world, &fresh(task(&world, &host, "t1", script))).await;
    host.commit("shop", "main", "second", &[]);
    let spec = fresh(task(&world, &host, "t2", "git log -1 --format=%s"));
    let events = tokio::time::timeout(Duration::from_secs(20), played(&world, &spec)).await;
    assert_eq!(lines(&events.unwrap()), ["second"]);
}
