//! The stream of events: its order, and what survives a connection.

use optio_domain::wire::runner::{EndCause, Happening, ToRunner};

use crate::plane::{end, errors, lines};
use crate::world::{Kind, TOKEN, World, survivors, until};

#[tokio::test]
async fn a_run_tells_its_start_its_lines_and_its_end_in_order() {
    for kind in [Kind::Bare, Kind::Bubblewrap] {
        let world = World::new(kind).await;
        let spec = world.script("echo one; echo two; echo three >&2; printf four; exit 3");
        let events = world.plane.ended(world.plane.start(&spec)).await;

        assert!(matches!(events[0].what, Happening::Started { pid, process: None } if 0 < pid));
        assert_eq!(lines(&events), ["one", "two", "four"]);
        assert_eq!(errors(&events), ["three"]);
        assert_eq!(end(&events).cause, EndCause::Exited);
        assert_eq!(end(&events).code, Some(3));
        assert_eq!(end(&events).signal, None);
        let seqs: Vec<i64> = events.iter().map(|event| event.seq).collect();
        assert_eq!(seqs, (1..=seqs.len() as i64).collect::<Vec<_>>());
        assert!(events.iter().all(|event| event.epoch == spec.epoch));
        world.plane.look(|memory| {
            assert_eq!(memory.bearers, [format!("Bearer {TOKEN}")]);
            assert_eq!(memory.repeats, 0);
        });
    }
}

#[tokio::test]
async fn a_known_run_is_not_started_again() {
    let world = World::new(Kind::Bare).await;
    let spec = world.script("echo started >> log; cat log");
    let run = world.plane.start(&spec);
    world.plane.ended(run).await;
    world.plane.start(&spec);
    let other = world.script("cat log");
    let events = world.plane.ended(world.plane.start(&other)).await;
    assert_eq!(lines(&events), ["started"]);
}

#[tokio::test]
async fn a_connection_cut_in_the_middle_leaves_no_hole_and_no_contradiction() {
    let mut world = World::new(Kind::Bubblewrap).await;
    let count = 20_000;
    let spec = world.script(&format!(
        "seq 1 {count}; read word; seq 1 {count}; echo over"
    ));
    let run = world.plane.start(&spec);
    for after in [1_000, 9_000, 17_000] {
        world
            .plane
            .until("some lines", |memory| {
                (after < memory.events.get(&run)?.len()).then_some(())
            })
            .await;
        let before = world.plane.look(|memory| memory.hellos.len());
        world.plane.go_away().await;
        world.plane.come_back().await;
        world.hello_after(before).await;
    }
    let lines = lines(&world.plane.ended(run).await);
    let once: Vec<String> = (1..=count).map(|n| n.to_string()).collect();
    assert_eq!(lines[..count], once);
    assert_eq!(lines[count..2 * count], once);
    assert_eq!(lines[2 * count..], ["over"]);
}

#[tokio::test]
async fn acknowledged_events_are_not_sent_again() {
    let mut world = World::new(Kind::Bare).await;
    let spec = world.script("seq 1 1000");
    let run = world.plane.start(&spec);
    let events = world.plane.ended(run).await;
    // An acknowledgement of everything, and behind it something whose effect can be seen.
    world.plane.want(ToRunner::Ack {
        run,
        seq: events.len() as i64,
    });
    let next = world.script("true");
    world.plane.ended(world.plane.start(&next)).await;
    let before = world.plane.look(|memory| memory.hellos.len());
    world.plane.go_away().await;
    world.plane.come_back().await;
    world.hello_after(before).await;
    let last = world.script("true");
    world.plane.ended(world.plane.start(&last)).await;
    world.plane.look(|memory| {
        // At most the end of `next`, whose acknowledgement may have been on its way.
        assert!(memory.repeats <= 3, "{} repeats", memory.repeats);
        assert_eq!(memory.events[&run].len(), events.len());
    });
}

#[tokio::test]
async fn what_is_not_acknowledged_is_sent_again() {
    let mut world = World::new(Kind::Bare).await;
    world.plane.stop_acknowledging();
    let spec = world.script("seq 1 1000");
    let run = world.plane.start(&spec);
    let events = world.plane.ended(run).await;
    world.plane.go_away().await;
    world.plane.come_back().await;
    world
        .plane
        .until("everything again", |memory| {
            (memory.repeats == events.len()).then_some(())
        })
        .await;
    world.plane.look(|memory| {
        let held = memory.hellos.last().unwrap()[0];
        assert_eq!((held.run, held.epoch, held.alive), (run, 7, false));
        assert_eq!(held.last_seq, events.len() as i64);
    });
}

#[tokio::test]
async fn a_run_goes_on_and_ends_without_a_control_plane_and_is_told_later_in_full() {
    let mut world = World::new(Kind::Bubblewrap).await;
    let spec = world
        .script("echo begun; while ! test -e go; do sleep 0.02; done; seq 1 50000; touch done");
    let run = world.plane.start(&spec);
    world.plane.line(run, "begun").await;
    world.plane.go_away().await;
    std::fs::write(world.path("workspace/go"), "").unwrap();
    until("the end in the journal", || {
        world.journal(run).contains("\"ended\"").then_some(())
    })
    .await;
    assert!(world.path("workspace/done").exists());

    world.plane.come_back().await;
    let events = world.plane.ended(run).await;
    assert_eq!(lines(&events).len(), 50_001);
    assert_eq!(end(&events).code, Some(0));
}

#[tokio::test]
async fn a_forgotten_run_leaves_no_journal_and_is_not_held() {
    let mut world = World::new(Kind::Bare).await;
    let spec = world.script("echo hello");
    let run = world.plane.start(&spec);
    world.plane.ended(run).await;
    let journal = world.path(&format!("state/journals/{run}.jsonl"));
    assert!(journal.exists());
    world.plane.want(ToRunner::Forget { run });
    until("no journal", || (!journal.exists()).then_some(())).await;
    let before = world.plane.look(|memory| memory.hellos.len());
    world.plane.go_away().await;
    world.plane.come_back().await;
    world.hello_after(before).await;
    world
        .plane
        .look(|memory| assert_eq!(*memory.hellos.last().unwrap(), []));
}

#[tokio::test]
async fn two_runs_at_once_keep_their_streams_apart() {
    let world = World::new(Kind::Bubblewrap).await;
    let a = world.script("for i in $(seq 1 500); do echo a$i; done");
    let b = world.script("for i in $(seq 1 500); do echo b$i; done");
    let (a, b) = (world.plane.start(&a), world.plane.start(&b));
    let (a, b) = (world.plane.ended(a).await, world.plane.ended(b).await);
    assert!(lines(&a).iter().all(|line| line.starts_with('a')));
    assert!(lines(&b).iter().all(|line| line.starts_with('b')));
    assert_eq!((lines(&a).len(), lines(&b).len()), (500, 500));
}

#[tokio::test]
async fn memory_stays_small_while_nobody_listens() {
    let mut world = World::new(Kind::Bare).await;
    let line = "x".repeat(4_000);
    let count = 15_000;
    let spec = world.script(&format!(
        "echo begun; while ! test -e go; do sleep 0.02; done; yes {line} | head -n {count}"
    ));
    let run = world.plane.start(&spec);
    world.plane.line(run, "begun").await;
    world.plane.go_away().await;
    std::fs::write(world.path("workspace/go"), "").unwrap();
    until("the end in the journal", || {
        let bytes = std::fs::metadata(world.path(&format!("state/journals/{run}.jsonl")));
        (4_000 * count < bytes.unwrap().len() && survivors(run).is_empty()).then_some(())
    })
    .await;
    world.plane.come_back().await;
    let events = world.plane.ended(run).await;
    assert_eq!(lines(&events).len() as u64, count + 1);
    let peak = world.runner_memory_peak_kb();
    assert!(peak < 32 << 10, "{peak} kB for 60 MB of output");
}
