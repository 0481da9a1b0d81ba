//! The runner's own life: its start, its death, its end.

use std::io::Write as _;
use std::process::{Command, Stdio};

use optio_domain::wire::runner::{EndCause, ToRunner};
use rustix::process::Signal;

use crate::plane::{end, lines};
use crate::world::{Kind, World, running, survivors, until};

#[tokio::test]
async fn a_killed_runner_leaves_no_survivors_in_bubblewrap_and_its_successor_tells() {
    let mut world = World::new(Kind::Bubblewrap).await;
    let spec = world.script("setsid sleep 300 & echo ready; sleep 300");
    let run = world.plane.start(&spec);
    world.plane.line(run, "ready").await;
    assert!(!survivors(run).is_empty());
    world.kill_runner();
    until("no survivors", || survivors(run).is_empty().then_some(())).await;

    world.start_runner().await;
    let events = world.plane.ended(run).await;
    assert_eq!(end(&events).cause, EndCause::RunnerDied);
    assert_eq!(lines(&events), ["ready"]);
}

#[tokio::test]
async fn without_isolation_the_successor_ends_what_has_survived_before_it_tells() {
    let mut world = World::new(Kind::Bare).await;
    let mut spec = world.script("");
    let unmarked = format!("300.{}", std::process::id());
    spec.args[1] = format!(
        "setsid sleep 300 & (env -i sleep {unmarked} >/dev/null 2>&1 &); echo ready; sleep 300"
    );
    let run = world.plane.start(&spec);
    world.plane.line(run, "ready").await;
    let unmarked = format!("sleep\0{unmarked}");
    until("the unmarked one", || {
        (!running(&unmarked).is_empty()).then_some(())
    })
    .await;
    world.kill_runner();
    assert!(!survivors(run).is_empty());

    world.start_runner().await;
    let events = world.plane.ended(run).await;
    assert_eq!(end(&events).cause, EndCause::RunnerDied);
    assert_eq!(survivors(run), [""; 0]);
    assert_eq!(running(&unmarked), [""; 0]);
}

#[tokio::test]
async fn a_finished_run_survives_the_runner_without_a_second_end() {
    let mut world = World::new(Kind::Bare).await;
    let spec = world.script("echo hello");
    let run = world.plane.start(&spec);
    let before = world.plane.ended(run).await;
    world.kill_runner();
    world.start_runner().await;
    world
        .plane
        .until("the same again", |memory| {
            (memory.repeats == before.len()).then_some(())
        })
        .await;
    assert_eq!(world.plane.ended(run).await, before);
}

#[tokio::test]
async fn a_shutdown_ends_every_run_tells_it_and_exits_with_0() {
    for kind in [Kind::Bare, Kind::Bubblewrap] {
        let mut world = World::new(kind).await;
        let stubborn = "trap '' INT TERM; echo ready; while :; do sleep 0.05; done";
        let runs = [
            world.script(stubborn),
            world.script("echo ready; sleep 300"),
        ]
        .map(|spec| world.plane.start(&spec));
        for run in runs {
            world.plane.line(run, "ready").await;
        }
        world.plane.want(ToRunner::Shutdown);
        assert_eq!(world.runner_ended().await.code(), Some(0));
        for run in runs {
            assert_eq!(end(&world.plane.ended(run).await).cause, EndCause::Stopped);
            assert_eq!(survivors(run), [""; 0]);
        }
    }
}

#[tokio::test]
async fn a_sigterm_is_a_shutdown_and_a_hangup_is_nothing() {
    let mut world = World::new(Kind::Bubblewrap).await;
    let spec = world.script("echo ready; sleep 300");
    let run = world.plane.start(&spec);
    world.plane.line(run, "ready").await;
    world.signal_runner(Signal::HUP);
    let other = world.script("echo still here");
    let events = world.plane.ended(world.plane.start(&other)).await;
    assert_eq!(lines(&events), ["still here"]);
    world.signal_runner(Signal::TERM);
    assert_eq!(world.runner_ended().await.code(), Some(0));
    assert_eq!(end(&world.plane.ended(run).await).cause, EndCause::Stopped);
}

#[tokio::test]
async fn a_refused_runner_exits_with_4_and_leaves_nothing() {
    let mut world = World::new(Kind::Bare).await;
    let spec = world.script("echo ready; sleep 300");
    let run = world.plane.start(&spec);
    world.plane.line(run, "ready").await;
    world.plane.want(ToRunner::Refused {
        reason: "another protocol".to_owned(),
    });
    assert_eq!(world.runner_ended().await.code(), Some(4));
    assert!(world.log().contains("another protocol"));
    assert_eq!(survivors(run), [""; 0]);
}

#[tokio::test]
async fn a_second_runner_on_one_sandbox_exits_with_3() {
    let world = World::new(Kind::Bare).await;
    let mut second = world.spawn(&mut World::program());
    let status = until("its end", || second.try_wait().unwrap()).await;
    assert_eq!(status.code(), Some(3));
    assert!(world.log().contains("another runner"));
}

#[tokio::test]
async fn a_bad_bootstrap_exits_with_2_and_words() {
    let world = World::without_runner(Kind::Bare).await;
    let good = serde_json::to_string(&world.bootstrap).unwrap();
    for (text, words) in [
        (String::new(), "EOF"),
        ("{}".to_owned(), "missing field"),
        (good.replace("http://", "ftp://"), "http://"),
    ] {
        let mut child = World::program()
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(words), "{said}");
    }
}

#[tokio::test]
async fn an_orphan_ends_itself_and_keeps_its_journals() {
    let mut world = World::without_runner(Kind::Bare).await;
    world.bootstrap.orphan_ms_max = 500;
    world.start_runner().await;
    let spec = world.script("echo hello");
    let run = world.plane.start(&spec);
    world.plane.ended(run).await;
    world.plane.go_away().await;
    assert_eq!(world.runner_ended().await.code(), Some(0));
    assert!(world.journal(run).contains("hello"));
}

#[tokio::test]
async fn a_living_run_keeps_an_orphan_alive() {
    let mut world = World::without_runner(Kind::Bubblewrap).await;
    world.bootstrap.orphan_ms_max = 200;
    world.start_runner().await;
    let spec = world.script("echo ready; sleep 1; echo late");
    let run = world.plane.start(&spec);
    world.plane.line(run, "ready").await;
    world.plane.go_away().await;
    assert_eq!(world.runner_ended().await.code(), Some(0));
    assert!(world.journal(run).contains("late"));
    assert!(world.journal(run).contains("\"ended\""));
}

#[tokio::test]
async fn the_runner_outlives_whoever_reads_its_log() {
    let mut world = World::without_runner(Kind::Bare).await;
    let mut child = World::program()
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stderr.take());
    let text = serde_json::to_string(&world.bootstrap).unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    world.keep_runner(child);
    let spec = world.script("echo hello");
    let events = world.plane.ended(world.plane.start(&spec)).await;
    assert_eq!(lines(&events), ["hello"]);
}

#[tokio::test]
async fn a_full_journal_ends_the_run_and_the_end_is_told_all_the_same() {
    let mut world = World::without_runner(Kind::Bubblewrap).await;
    // Files of this runner cannot grow beyond 64 blocks: to it, the disk is full.
    let mut limited = Command::new("/bin/sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 64; exec \"$0\" 2>/dev/null"]);
    limited.arg(env!("CARGO_BIN_EXE_optio-runner"));
    let runner = world.spawn(&mut limited);
    world.keep_runner(runner);
    let spec = world.script("while :; do echo something to fill the journal with; done");
    let run = world.plane.start(&spec);
    let events = world.plane.ended(run).await;
    let ended = end(&events);
    assert_eq!(ended.cause, EndCause::JournalFailed);
    assert!(ended.detail.unwrap().contains("too large"));
    assert!(10 < lines(&events).len());
    assert_eq!(survivors(run), [""; 0]);
}

#[tokio::test]
async fn a_run_whose_journal_cannot_be_begun_is_not_started() {
    let mut world = World::without_runner(Kind::Bare).await;
    let mut limited = Command::new("/bin/sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" 2>/dev/null"]);
    limited.arg(env!("CARGO_BIN_EXE_optio-runner"));
    let runner = world.spawn(&mut limited);
    world.keep_runner(runner);
    let spec = world.script("touch never");
    let events = world.plane.ended(world.plane.start(&spec)).await;
    assert_eq!(events.len(), 1);
    assert_eq!(end(&events).cause, EndCause::JournalFailed);
    assert!(!world.path("workspace/never").exists());
}

#[tokio::test]
async fn a_run_that_is_forgotten_alive_is_ended_and_then_forgotten() {
    let world = World::new(Kind::Bare).await;
    let spec = world.script("echo ready; sleep 300");
    let run = world.plane.start(&spec);
    world.plane.line(run, "ready").await;
    world.plane.want(ToRunner::Forget { run });
    let journal = world.path(&format!("state/journals/{run}.jsonl"));
    until("no journal", || (!journal.exists()).then_some(())).await;
    assert_eq!(survivors(run), [""; 0]);
}

#[tokio::test]
async fn a_journal_that_cannot_be_read_does_not_keep_the_runner_from_its_work() {
    let mut world = World::without_runner(Kind::Bare).await;
    std::fs::create_dir_all(world.path("state/journals/odd.jsonl")).unwrap();
    std::fs::write(world.path("state/journals/empty.jsonl"), "").unwrap();
    std::fs::write(world.path("state/journals/notes.txt"), "mine").unwrap();
    world.start_runner().await;
    let spec = world.script("echo hello");
    let events = world.plane.ended(world.plane.start(&spec)).await;
    assert_eq!(lines(&events), ["hello"]);
    assert!(!world.path("state/journals/empty.jsonl").exists());
    assert!(world.path("state/journals/notes.txt").exists());
}
