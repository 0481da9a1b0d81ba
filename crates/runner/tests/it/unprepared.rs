//! Worktrees that cannot be prepared, and repositories that would do harm.

use std::time::{Duration, Instant};

use optio_domain::wire::checkout::CheckoutStart;
use optio_domain::wire::runner::{EndCause, Happening};

use crate::host::{Host, git};
use crate::plane::{end, lines};
use crate::worktree::{fresh, how, left, played, preparing, task, with};
use crate::world::{Kind, World, carriers};

const KINDS: [Kind; 2] = [Kind::Bare, Kind::Bubblewrap];

/// A setup script that counts how often it was executed, and says what it was given.
const SETUP: &str = "echo setting up $GIVEN $HUSH; echo x >> ~/count; echo made > made-by-setup\n";

fn count(world: &World) -> usize {
    let text = std::fs::read_to_string(world.path("home/count")).unwrap_or_default();
    text.lines().count()
}

#[tokio::test]
async fn a_new_worktree_is_set_up_once_by_the_repositorys_own_script() {
    for kind in KINDS {
        let (world, host) = (World::new(kind).await, Host::up().await);
        let ignore = "made-by-setup\n";
        let files = [(".optio/setup.sh", SETUP), (".gitignore", ignore)];
        host.commit("shop", "main", "setup", &files);
        let mut spec = fresh(task(&world, &host, "t1", "cat made-by-setup"));
        spec.env.insert("GIVEN".to_owned(), "given".to_owned());
        spec.secrets
            .insert("HUSH".to_owned(), "very-secret".to_owned());
        let events = played(&world, &spec).await;
        assert_eq!(lines(&events), ["made"]);
        assert!(preparing(&events).contains(&"setting up given ***".to_owned()));
        assert_eq!((count(&world), left(&events).dirty_files), (1, 0));
        played(&world, &task(&world, &host, "t1", "true")).await;
        assert_eq!(count(&world), 1);
        std::fs::remove_dir_all(world.path("workspace/tasks/t1")).unwrap();
        played(&world, &task(&world, &host, "t1", "true")).await;
        assert_eq!(count(&world), 2);
    }
}

#[tokio::test]
async fn a_setup_that_fails_is_the_end_with_its_words_and_is_tried_again() {
    for kind in KINDS {
        let (world, host) = (World::new(kind).await, Host::up().await);
        let script = "echo out; echo no compiler >&2; test -e ~/compiler || exit 3\n";
        host.commit("shop", "main", "setup", &[(".optio/setup.sh", script)]);
        let events = played(&world, &fresh(task(&world, &host, "t1", "echo never"))).await;
        let ended = end(&events);
        assert_eq!(ended.cause, EndCause::Unprepared);
        let detail = ended.detail.unwrap();
        for words in [".optio/setup.sh failed", "exit status: 3", "no compiler"] {
            assert!(detail.contains(words), "{detail}");
        }
        assert!(preparing(&events).contains(&"out".to_owned()));
        assert!(
            !events
                .iter()
                .any(|event| matches!(event.what, Happening::Started { .. }))
        );
        played(&world, &world.script("touch ~/compiler")).await;
        let events = played(&world, &task(&world, &host, "t1", "echo works")).await;
        assert_eq!(lines(&events), ["works"]);
        assert_eq!(
            preparing(&events)
                .iter()
                .filter(|line| *line == "out")
                .count(),
            1
        );
    }
}

#[tokio::test]
async fn a_setup_that_takes_too_long_is_ended_with_everything_it_started() {
    for kind in KINDS {
        let (world, host) = (World::new(kind).await, Host::up().await);
        let script = "setsid sleep 300 & sleep 300\n";
        host.commit("shop", "main", "setup", &[(".optio/setup.sh", script)]);
        let spec = fresh(task(&world, &host, "t1", "echo never"));
        let spec = with(spec, |checkout| checkout.setup_ms_max = 500);
        let ended = end(&played(&world, &spec).await);
        assert_eq!(ended.cause, EndCause::Unprepared);
        assert_eq!(
            ended.detail.unwrap(),
            ".optio/setup.sh took longer than 500 ms"
        );
        assert_eq!(carriers(&world), [""; 0]);
    }
}

#[tokio::test]
async fn a_stop_ends_a_clone_within_seconds() {
    for kind in KINDS {
        let (world, host) = (World::new(kind).await, Host::up().await);
        let spec = fresh(task(&world, &host, "t1", "echo here"));
        let slow = with(spec.clone(), |it| {
            it.url = format!("{}/slow/shop.git", host.base())
        });
        let run = world.plane.start(&slow);
        let cloning = |memory: &crate::plane::Memory| {
            let events = memory.events.get(&run)?;
            preparing(events)
                .iter()
                .any(|line| line.starts_with("cloning"))
                .then_some(())
        };
        world.plane.until("the clone", cloning).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        let begin = Instant::now();
        world.plane.stop(run);
        let events = world.plane.ended(run).await;
        assert_eq!(end(&events).cause, EndCause::Stopped);
        assert!(begin.elapsed() < Duration::from_secs(5));
        assert_eq!(carriers(&world), [""; 0]);
        // Half a clone is no hindrance.
        assert_eq!(lines(&played(&world, &spec).await), ["here"]);
    }
}

#[tokio::test]
async fn a_clone_that_takes_too_long_is_ended() {
    let (world, host) = (World::new(Kind::Bubblewrap).await, Host::up().await);
    let spec = with(task(&world, &host, "t1", "echo never"), |checkout| {
        checkout.url = format!("{}/slow/shop.git", host.base());
        checkout.git_ms_max = 700;
    });
    let ended = end(&played(&world, &spec).await);
    assert_eq!(ended.cause, EndCause::Unprepared);
    assert_eq!(ended.detail.unwrap(), "git took longer than 700 ms");
    assert_eq!(carriers(&world), [""; 0]);
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let (world, host) = (World::new(Kind::Bubblewrap).await, Host::up().await);
    let spec = fresh(task(&world, &host, "t1", "echo never"));
    let no_branch = with(spec.clone(), |it| it.base = "nowhere".to_owned());
    let ended = end(&played(&world, &no_branch).await);
    assert_eq!(ended.cause, EndCause::Unprepared);
    assert!(ended.detail.unwrap().contains("no branch nowhere"));
    let no_repository = with(spec, |it| {
        it.url = host.url("nowhere");
        it.clone = "nowhere".to_owned();
    });
    let ended = end(&played(&world, &no_repository).await);
    assert_eq!(ended.cause, EndCause::Unprepared);
    let detail = ended.detail.unwrap();
    assert!(
        detail.contains("cannot be fetched") && detail.contains("not found"),
        "{detail}"
    );
}

#[tokio::test]
async fn hostile_names_end_a_run_before_git_hears_them() {
    let (world, host) = (World::new(Kind::Bare).await, Host::up().await);
    let evidence = world.path("evidence");
    let touch = format!("touch {}", evidence.display());
    let good = || fresh(task(&world, &host, "t1", "echo never"));
    let specs = [
        with(good(), |it| it.branch = format!("--upload-pack={touch}")),
        with(good(), |it| it.branch = "../../../evil".to_owned()),
        with(good(), |it| it.branch = "a b".to_owned()),
        with(good(), |it| it.base = "-f".to_owned()),
        with(good(), |it| it.base = "main:refs/heads/evil".to_owned()),
        with(good(), |it| it.worktree = "../evil".to_owned()),
        with(good(), |it| it.worktree = ".git".to_owned()),
        with(good(), |it| it.clone = "/tmp/evil".to_owned()),
        with(good(), |it| it.clone = "tasks".to_owned()),
        with(good(), |it| it.url = format!("ext::sh -c {touch}")),
        with(good(), |it| {
            it.url = "https://me:hush@acme.test/shop".to_owned()
        }),
        with(good(), |it| it.author.name = "a\nb <c>".to_owned()),
        with(good(), |it| {
            it.files[0].path = "../../home/.profile".to_owned()
        }),
        with(good(), |it| {
            it.files[0].path = ".git/hooks/post-checkout".to_owned()
        }),
        with(good(), |it| {
            it.start = CheckoutStart::Detached {
                sha: "--all".to_owned(),
            };
        }),
    ];
    for spec in specs {
        let events = played(&world, &spec).await;
        assert_eq!(events.len(), 1, "{spec:?}: {events:?}");
        assert_eq!(end(&events).cause, EndCause::Unprepared, "{events:?}");
        assert!(!end(&events).detail.unwrap().contains("hush"));
    }
    assert!(!evidence.exists());
    assert!(!world.path("workspace/shop").exists());
}

/// What the agent of an earlier run may leave for the git of the next one.
const TRAP: &str = r#"
c=$OPTIO_WORKSPACE/shop
printf '#!/bin/sh\necho hook >> %s/evidence\n' "$OPTIO_WORKSPACE" > trap
chmod +x trap; mkdir -p $c/hooks; cp trap $c/hooks/post-checkout; cp trap $c/hooks/reference-transaction
printf '#!/bin/sh\n(id -u; ls -d %s 2>&1) >> %s/evidence; cat\n' "$OUTSIDE" "$OPTIO_WORKSPACE" > $OPTIO_WORKSPACE/filter
chmod +x $OPTIO_WORKSPACE/filter
git config core.hooksPath $c/hooks
git config core.fsmonitor $c/hooks/post-checkout
git config filter.trap.smudge $OPTIO_WORKSPACE/filter
mkdir -p $c/info; echo '* filter=trap' > $c/info/attributes
rm trap
"#;

#[tokio::test]
async fn what_an_agent_leaves_for_git_is_never_executed_as_the_runner_or_outside() {
    for kind in KINDS {
        let (world, host) = (World::new(kind).await, Host::up().await);
        let outside = world.path("state");
        let mut trap = fresh(task(&world, &host, "t1", TRAP));
        let shown = outside.display().to_string();
        trap.env.insert("OUTSIDE".to_owned(), shown.clone());
        let events = played(&world, &trap).await;
        assert_eq!(end(&events).code, Some(0), "{events:?}");
        drop(std::fs::remove_file(world.path("workspace/evidence")));
        let events = played(&world, &fresh(task(&world, &host, "t2", "cat README.md"))).await;
        assert_eq!(lines(&events), ["a shop"], "{:?}", preparing(&events));
        let evidence = std::fs::read_to_string(world.path("workspace/evidence")).unwrap();
        assert!(!evidence.contains("hook"), "{evidence}");
        // The filter belongs to the work, and was executed where the agents are.
        if rustix::process::geteuid().is_root() {
            assert_eq!(evidence.lines().next(), Some("61000"));
        }
        if kind == Kind::Bubblewrap {
            assert!(!evidence.lines().any(|line| line == shown), "{evidence}");
        }
    }
}

#[tokio::test]
async fn files_are_not_written_through_links_of_the_repository() {
    let (world, host) = (World::new(Kind::Bare).await, Host::up().await);
    let outside = world.path("outside");
    std::fs::create_dir(&outside).unwrap();
    let desk = tempfile::tempdir().unwrap();
    let shop = host.repository("shop");
    git(desk.path(), &["clone", "-q", shop.to_str().unwrap(), "."]);
    std::os::unix::fs::symlink(&outside, desk.path().join(".optio")).unwrap();
    git(desk.path(), &["add", "--all"]);
    git(desk.path(), &["commit", "-qm", "a link"]);
    git(desk.path(), &["push", "-q", "origin", "main"]);
    let ended = end(&played(&world, &fresh(task(&world, &host, "t1", "echo never"))).await);
    assert_eq!(ended.cause, EndCause::Unprepared);
    assert!(ended.detail.unwrap().contains(".optio/task.md"));
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0);
}

#[tokio::test]
async fn a_run_goes_on_in_its_worktree_after_the_runner_died() {
    let (mut world, host) = (World::new(Kind::Bubblewrap).await, Host::up().await);
    let script = "git commit -q --allow-empty -m work; touch dirty; echo ready; sleep 300";
    let spec = fresh(task(&world, &host, "t1", script));
    let run = world.plane.start(&spec);
    world.plane.line(run, "ready").await;
    world.kill_runner();
    world.start_runner().await;
    assert_eq!(
        end(&world.plane.ended(run).await).cause,
        EndCause::RunnerDied
    );
    let look = task(&world, &host, "t1", "git log -1 --format=%s; ls");
    let events = played(&world, &look).await;
    assert_eq!(lines(&events), ["work", "README.md", "dirty"]);
    assert_eq!(how(&events), "the worktree as it was left");
}
