//! Ending a run: on request, at a limit, at its own end; and that nothing of it is left.

use std::time::{Duration, Instant};

use optio_domain::wire::runner::{EndCause, RunSpec};

use crate::plane::{end, lines};
use crate::world::{Kind, World, running, survivors, until};

const KINDS: [Kind; 2] = [Kind::Bare, Kind::Bubblewrap];

/// A grandchild in a session of its own, with an empty environment, whose parents are gone; `name`
/// finds it again.
fn hidden(name: &str) -> String {
    format!("(setsid env -i sh -c 'sleep 300 & exec sleep 300.{name}' >/dev/null 2>&1 &)")
}

fn name(spec: &RunSpec) -> String {
    // Something that `sleep` takes for a number.
    let digits = spec.run.0.as_u128().to_string();
    digits[digits.len() - 18..].to_owned()
}

fn with_hidden(world: &World, then: &str) -> (RunSpec, String) {
    let mut spec = world.script("");
    let name = name(&spec);
    let wait = "until grep -qs sleep /proc/*/comm; do :; done";
    spec.args[1] = format!("{}; {wait}; {then}", hidden(&name));
    (spec, format!("sleep\0300.{name}"))
}

#[tokio::test]
async fn nothing_is_left_of_a_stopped_run() {
    for kind in KINDS {
        let world = World::new(kind).await;
        let (spec, hidden) = with_hidden(&world, "setsid sleep 300 & echo ready; sleep 300");
        let run = world.plane.start(&spec);
        world.plane.line(run, "ready").await;
        until("the hidden one", || {
            (!running(&hidden).is_empty()).then_some(())
        })
        .await;
        world.plane.stop(run);
        let ended = end(&world.plane.ended(run).await);
        assert_eq!(ended.cause, EndCause::Stopped);
        assert_eq!(survivors(run), [""; 0], "{kind:?}");
        assert_eq!(running(&hidden), [""; 0], "{kind:?}");
    }
}

#[tokio::test]
async fn nothing_is_left_of_a_run_that_ends_by_itself() {
    for kind in KINDS {
        let world = World::new(kind).await;
        let (spec, hidden) = with_hidden(&world, "setsid sleep 300 & echo ready");
        let run = world.plane.start(&spec);
        let ended = end(&world.plane.ended(run).await);
        assert_eq!((ended.cause, ended.code), (EndCause::Exited, Some(0)));
        assert_eq!(survivors(run), [""; 0], "{kind:?}");
        assert_eq!(running(&hidden), [""; 0], "{kind:?}");
    }
}

#[tokio::test]
async fn the_end_of_one_run_does_not_touch_another() {
    for kind in KINDS {
        let world = World::new(kind).await;
        let stays = world.script("setsid sleep 300 & echo ready; read word; echo $word; sleep 300");
        let stays = world.plane.start(&stays);
        world.plane.line(stays, "ready").await;
        let before = survivors(stays);
        let goes = world.script("setsid sleep 300 & echo ready; exit 0");
        world.plane.ended(world.plane.start(&goes)).await;
        let after = survivors(stays);
        assert!(
            before.iter().all(|pid| after.contains(pid)),
            "{kind:?}: {before:?}, then {after:?}"
        );
        world.plane.stop(stays);
        world.plane.ended(stays).await;
        assert_eq!(survivors(stays), [""; 0]);
    }
}

#[tokio::test]
async fn an_interrupt_reaches_the_agent_itself_and_it_may_say_a_last_word() {
    for kind in KINDS {
        let world = World::new(kind).await;
        let mut spec = world.script(
            "trap 'echo interrupted; exit 5' INT; echo ready; while :; do sleep 0.05; done",
        );
        spec.limits.grace_ms = 20_000;
        let run = world.plane.start(&spec);
        world.plane.line(run, "ready").await;
        world.plane.stop(run);
        let events = world.plane.ended(run).await;
        assert_eq!(lines(&events), ["ready", "interrupted"], "{kind:?}");
        assert_eq!(end(&events).cause, EndCause::Stopped);
        assert_eq!(end(&events).code, Some(5));
    }
}

#[tokio::test]
async fn a_terminate_reaches_the_tools_in_sessions_of_their_own() {
    for kind in KINDS {
        let world = World::new(kind).await;
        let tool = "trap 'echo tool over; exit 0' TERM; echo ready; while :; do sleep 0.05; done";
        let mut spec = world.script("trap : INT TERM; setsid sh -c \"$TOOL\"; sleep 300");
        spec.env.insert("TOOL".to_owned(), tool.to_owned());
        let run = world.plane.start(&spec);
        world.plane.line(run, "ready").await;
        world.plane.stop(run);
        let events = world.plane.ended(run).await;
        assert_eq!(lines(&events), ["ready", "tool over"], "{kind:?}");
        assert_eq!(survivors(run), [""; 0]);
    }
}

#[tokio::test]
async fn who_ignores_every_signal_is_dead_within_three_times_the_grace() {
    for kind in KINDS {
        let world = World::new(kind).await;
        let mut spec =
            world.script("trap '' INT TERM HUP; echo ready; while :; do sleep 0.05; done");
        spec.limits.grace_ms = 1_000;
        let run = world.plane.start(&spec);
        world.plane.line(run, "ready").await;
        let asked = Instant::now();
        world.plane.stop(run);
        let ended = end(&world.plane.ended(run).await);
        let took = asked.elapsed();
        assert!(took < Duration::from_secs(3), "{kind:?}: {took:?}");
        assert!(
            Duration::from_secs(2) <= took,
            "killed before its time: {took:?}"
        );
        assert_eq!((ended.cause, ended.signal), (EndCause::Stopped, Some(9)));
        assert_eq!(survivors(run), [""; 0]);
    }
}

#[tokio::test]
async fn the_time_limit_holds_without_a_connection() {
    let mut world = World::new(Kind::Bubblewrap).await;
    let mut spec = world.script("while :; do echo busy; sleep 0.05; done");
    spec.limits.duration_ms = 1_000;
    let run = world.plane.start(&spec);
    world.plane.line(run, "busy").await;
    world.plane.go_away().await;
    until("the end in the journal", || {
        world.journal(run).contains("\"ended\"").then_some(())
    })
    .await;
    assert_eq!(survivors(run), [""; 0]);
    world.plane.come_back().await;
    let ended = end(&world.plane.ended(run).await);
    assert_eq!(ended.cause, EndCause::Duration);
    assert_eq!(ended.detail.as_deref(), Some("ran for 1000 ms"));
}

#[tokio::test]
async fn who_says_nothing_for_too_long_is_ended() {
    let world = World::new(Kind::Bare).await;
    let mut spec = world.script("echo a; sleep 0.3; echo b; sleep 0.3; echo c >&2; sleep 300");
    spec.limits.silence_ms = 1_000;
    let events = world.plane.ended(world.plane.start(&spec)).await;
    assert_eq!(lines(&events), ["a", "b"]);
    assert_eq!(end(&events).cause, EndCause::Silence);
}

#[tokio::test]
async fn who_says_too_much_is_ended_and_the_journal_stays_small() {
    for script in ["yes", "yes ''", "cat /dev/zero"] {
        let world = World::new(Kind::Bubblewrap).await;
        let mut spec = world.script(script);
        spec.limits.output_bytes = 200_000;
        let run = world.plane.start(&spec);
        let events = world.plane.ended(run).await;
        assert_eq!(end(&events).cause, EndCause::Output, "{script}");
        let said: usize = lines(&events).iter().map(|line| line.len() + 1).sum();
        assert!(said <= 200_000, "{script}: {said}");
        let journal = world.journal(run).len();
        assert!(journal < 3 << 20, "{script}: {journal}");
        assert_eq!(survivors(run), [""; 0]);
    }
}

#[tokio::test]
async fn a_death_by_signal_is_told_as_one_in_both_places() {
    for kind in KINDS {
        let world = World::new(kind).await;
        let spec = world.script("kill -SEGV $$");
        let ended = end(&world.plane.ended(world.plane.start(&spec)).await);
        assert_eq!(
            (ended.cause, ended.signal),
            (EndCause::Exited, Some(11)),
            "{kind:?}"
        );
    }
}

#[tokio::test]
async fn an_exit_code_that_only_looks_like_a_signal_stays_an_exit_code() {
    let world = World::new(Kind::Bubblewrap).await;
    for code in [145, 147, 173, 255] {
        let spec = world.script(&format!("exit {code}"));
        let ended = end(&world.plane.ended(world.plane.start(&spec)).await);
        assert_eq!((ended.code, ended.signal), (Some(code), None));
    }
}
