//! Processes that serve several runs, and runs that are given further input.

use std::collections::BTreeMap;

use optio_domain::id::{MessageId, RunId};
use optio_domain::wire::runner::{
    Dialogue, EndCause, Happening, Mark, RunEvent, RunSpec, ToRunner,
};

use optio_runner::talk::Talk;

use crate::plane::{end, errors, lines};
use crate::world::{Kind, World, survivors, until};

/// An agent that answers each line with itself. `sleep` takes long and can be cut short by the next
/// line, `die` is the end, `spawn` leaves something behind, `hang` says nothing more.
const AGENT: &str = r#"
begin() { echo '{"type":"system","subtype":"init"}'; }
end() { echo '{"result":"type","type":"result"}'; }
while read -r line; do
  case "$line" in
    interrupt) [ -z "$slow" ] || { kill $slow; slow=; echo aborted; end; } ;;
    sleep) begin; sleep 300 >/dev/null 2>&1 & slow=$!; echo asleep ;;
    die) begin; echo dying; kill -9 $$ ;;
    mute-death) exit 3 ;;
    spawn) begin; setsid sleep 300 >/dev/null 2>&1 & echo spawned; end ;;
    hang) begin; echo hanging ;;
    chatter) begin; end; echo more; echo and more ;;
    secret) begin; echo "the secret is $SECRET"; end ;;
    *) begin; echo "heard $line"; end ;;
  esac
done
"#;

fn mark(fields: &[(&str, &str)]) -> Mark {
    let fields = fields
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    Mark(fields.collect::<BTreeMap<_, _>>())
}

/// A run of that agent, to be served by the process of an earlier one where there is one.
pub(crate) fn said(world: &World, words: &str, process: Option<RunId>) -> RunSpec {
    let mut spec = world.script(AGENT);
    spec.stdin = format!("{words}\n");
    spec.dialogue = Some(Dialogue {
        process,
        next: format!("{words}\n"),
        begins: mark(&[("type", "system"), ("subtype", "init")]),
        ends: mark(&[("type", "result")]),
        idle_ms_max: 600_000,
        idle_rss_bytes_max: 1 << 30,
    });
    spec
}

fn input(run: RunId, number: u128, text: &str) -> ToRunner {
    ToRunner::Input {
        run,
        input: MessageId(uuid::Uuid::from_u128(number)),
        text: format!("interrupt\n{text}\n"),
    }
}

/// The processes that served a run: process id, and by whom it was started.
pub(crate) fn started(events: &[RunEvent]) -> Vec<(u32, Option<RunId>)> {
    let started = |event: &RunEvent| match event.what {
        Happening::Started { pid, process } => Some((pid, process)),
        _ => None,
    };
    events.iter().filter_map(started).collect()
}

fn taken(events: &[RunEvent]) -> Vec<u128> {
    let taken = |event: &RunEvent| match event.what {
        Happening::InputTaken { input } => Some(input.0.as_u128()),
        _ => None,
    };
    events.iter().filter_map(taken).collect()
}

/// The lines that are not marks.
fn words(events: &[RunEvent]) -> Vec<String> {
    let mut lines = lines(events);
    lines.retain(|line| !line.starts_with('{'));
    lines
}

async fn serve(world: &World, words: &str, process: Option<RunId>) -> (RunId, Vec<RunEvent>) {
    let run = world.plane.start(&said(world, words, process));
    (run, world.plane.ended(run).await)
}

#[tokio::test]
async fn one_process_serves_runs_one_after_the_other_and_each_has_its_own_stream() {
    for kind in [Kind::Bare, Kind::Bubblewrap] {
        let world = World::new(kind).await;
        let (first, one) = serve(&world, "one", None).await;
        let (_, two) = serve(&world, "two", Some(first)).await;
        let (_, three) = serve(&world, "three", Some(first)).await;
        let pid = started(&one)[0].0;
        assert_eq!(started(&one), [(pid, None)]);
        assert_eq!(started(&two), [(pid, Some(first))]);
        assert_eq!(started(&three), [(pid, Some(first))]);
        assert_eq!(words(&one), ["heard one"]);
        assert_eq!(words(&two), ["heard two"]);
        for events in [&one, &two, &three] {
            assert_eq!(end(events).cause, EndCause::Finished);
            assert_eq!((events[0].seq, end(events).code), (1, None));
        }
    }
}

#[tokio::test]
async fn what_an_agent_has_started_ends_with_the_run_and_the_agent_does_not() {
    for kind in [Kind::Bare, Kind::Bubblewrap] {
        let world = World::new(kind).await;
        let (first, one) = serve(&world, "spawn", None).await;
        let pid = started(&one)[0].0;
        let own = match kind {
            Kind::Bare => 1,
            // Bubblewrap twice, and the agent.
            Kind::Bubblewrap => 3,
        };
        assert_eq!(survivors(first).len(), own, "{kind:?}");
        let (_, two) = serve(&world, "two", Some(first)).await;
        assert_eq!(started(&two), [(pid, Some(first))]);
    }
}

#[tokio::test]
async fn a_run_that_the_waiting_process_does_not_fit_ends_it_and_starts_another() {
    let world = World::new(Kind::Bare).await;
    let (first, _) = serve(&world, "one", None).await;
    let (second, two) = serve(&world, "two", None).await;
    assert_eq!(survivors(first), [""; 0]);
    assert_eq!(started(&two)[0].1, None);
    // Nor does it outlive a run that is not spoken to.
    let cold = world.plane.start(&world.script("echo cold"));
    world.plane.ended(cold).await;
    assert_eq!(survivors(second), [""; 0]);
}

#[tokio::test]
async fn a_process_that_died_between_two_runs_is_replaced_without_a_word() {
    let world = World::new(Kind::Bubblewrap).await;
    let (first, one) = serve(&world, "one", None).await;
    let pid = rustix::process::Pid::from_raw(started(&one)[0].0.cast_signed()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    let (_, two) = serve(&world, "two", Some(first)).await;
    assert_eq!(words(&two), ["heard two"]);
    let (other, by) = *started(&two).last().unwrap();
    assert!(other != started(&one)[0].0 && by.is_none());
    assert_eq!(end(&two).cause, EndCause::Finished);
}

#[tokio::test]
async fn a_process_that_dies_before_it_begins_is_replaced_once_and_one_that_began_is_not() {
    let world = World::new(Kind::Bare).await;
    let (first, _) = serve(&world, "one", None).await;
    let mut spec = said(&world, "two", Some(first));
    spec.dialogue.as_mut().unwrap().next = "mute-death\n".to_owned();
    let second = world.plane.start(&spec);
    let two = world.plane.ended(second).await;
    assert_eq!(words(&two), ["heard two"]);
    assert_eq!(started(&two).len(), 2, "{two:?}");
    assert_eq!(started(&two)[1].1, None);

    let (_, three) = serve(&world, "die", Some(second)).await;
    assert_eq!(words(&three), ["dying"]);
    assert_eq!(started(&three).len(), 1);
    assert_eq!(
        (end(&three).cause, end(&three).signal),
        (EndCause::Exited, Some(9))
    );
}

#[tokio::test]
async fn waiting_has_limits_of_time_and_of_memory() {
    let world = World::new(Kind::Bare).await;
    for limit in ["time", "memory"] {
        let mut spec = said(&world, "one", None);
        let dialogue = spec.dialogue.as_mut().unwrap();
        match limit {
            "time" => dialogue.idle_ms_max = 300,
            _ => dialogue.idle_rss_bytes_max = 1,
        }
        let run = world.plane.start(&spec);
        let one = world.plane.ended(run).await;
        assert_eq!(end(&one).cause, EndCause::Finished, "{limit}");
        until(limit, || survivors(run).is_empty().then_some(())).await;
        let (_, two) = serve(&world, "two", Some(run)).await;
        assert_eq!(started(&two).len(), 1);
        assert_eq!(started(&two)[0].1, None, "{limit}");
    }
}

#[tokio::test]
async fn a_limit_or_a_stop_in_the_middle_of_a_run_ends_the_process_too() {
    let world = World::new(Kind::Bubblewrap).await;
    let (first, _) = serve(&world, "one", None).await;
    let mut spec = said(&world, "hang", Some(first));
    spec.limits.silence_ms = 300;
    let run = world.plane.start(&spec);
    assert_eq!(end(&world.plane.ended(run).await).cause, EndCause::Silence);
    assert_eq!(survivors(first), [""; 0]);

    let (first, _) = serve(&world, "one", None).await;
    let run = world.plane.start(&said(&world, "sleep", Some(first)));
    world.plane.line(run, "asleep").await;
    world.plane.stop(run);
    assert_eq!(end(&world.plane.ended(run).await).cause, EndCause::Stopped);
    assert_eq!(survivors(first), [""; 0]);
}

#[tokio::test]
async fn the_output_limit_is_of_each_run_alone() {
    let world = World::new(Kind::Bare).await;
    let mut process = None;
    for number in 0..5 {
        let mut spec = said(&world, &"x".repeat(500), process);
        spec.limits.output_bytes = 800;
        let run = world.plane.start(&spec);
        let events = world.plane.ended(run).await;
        assert_eq!(end(&events).cause, EndCause::Finished, "run {number}");
        process = process.or(Some(run));
    }
}

#[tokio::test]
async fn an_input_cuts_a_run_short_which_then_goes_on_and_ends_once() {
    let world = World::new(Kind::Bubblewrap).await;
    let run = world.plane.start(&said(&world, "sleep", None));
    world.plane.line(run, "asleep").await;
    world.plane.want(input(run, 1, "other"));
    world.plane.want(input(run, 1, "other"));
    let events = world.plane.ended(run).await;
    assert_eq!(words(&events), ["asleep", "aborted", "heard other"]);
    assert_eq!(taken(&events), [1]);
    assert_eq!(end(&events).cause, EndCause::Finished);
    assert_eq!(lines(&events).len() - words(&events).len(), 4);
}

#[tokio::test]
async fn two_inputs_in_one_moment_both_interrupt() {
    let world = World::new(Kind::Bare).await;
    let run = world.plane.start(&said(&world, "sleep", None));
    world.plane.line(run, "asleep").await;
    world.plane.want(input(run, 1, "sleep"));
    world.plane.want(input(run, 2, "last"));
    let events = world.plane.ended(run).await;
    let told = ["asleep", "aborted", "asleep", "aborted", "heard last"];
    assert_eq!(words(&events), told);
    assert_eq!(taken(&events), [1, 2]);
}

#[tokio::test]
async fn a_run_without_a_dialogue_refuses_input_and_goes_on() {
    let world = World::new(Kind::Bare).await;
    let run = world
        .plane
        .start(&world.script("echo ready; until [ -e go ]; do sleep 0.05; done"));
    world.plane.line(run, "ready").await;
    world.plane.want(input(run, 1, "hello"));
    world
        .plane
        .until("the refusal", |memory| {
            let events = memory.events.get(&run)?.iter();
            events
                .map(|event| &event.what)
                .any(|what| matches!(what, Happening::InputRefused { .. }))
                .then_some(())
        })
        .await;
    std::fs::write(world.path("workspace/go"), "").unwrap();
    let events = world.plane.ended(run).await;
    assert_eq!(
        (end(&events).cause, end(&events).code),
        (EndCause::Exited, Some(0))
    );
}

#[tokio::test]
async fn what_is_said_between_two_runs_is_counted_and_of_neither() {
    let world = World::new(Kind::Bare).await;
    let (first, one) = serve(&world, "chatter", None).await;
    assert_eq!(end(&one).cause, EndCause::Finished);
    let (_, two) = serve(&world, "two", Some(first)).await;
    assert!(words(&two).ends_with(&["heard two".to_owned()]));
    // How many of the two lines came before the run was over is a matter of luck.
    let late = words(&one).len() + words(&two).len() - 1;
    if late < 2 {
        let told = format!("{} lines came between two runs and are not kept", 2 - late);
        assert_eq!(errors(&two), [told]);
    }
}

#[tokio::test]
async fn the_secrets_of_the_process_stay_secret_in_every_run() {
    let world = World::new(Kind::Bare).await;
    let mut spec = said(&world, "secret", None);
    spec.secrets
        .insert("SECRET".to_owned(), "of the first run".to_owned());
    let first = world.plane.start(&spec);
    assert_eq!(
        words(&world.plane.ended(first).await),
        ["the secret is ***"]
    );
    let mut spec = said(&world, "secret", Some(first));
    spec.secrets
        .insert("SECRET".to_owned(), "of the second run".to_owned());
    let second = world.plane.start(&spec);
    assert_eq!(
        words(&world.plane.ended(second).await),
        ["the secret is ***"]
    );
}

#[tokio::test]
async fn nothing_waits_longer_than_the_runner_lives() {
    for kind in [Kind::Bare, Kind::Bubblewrap] {
        let mut world = World::new(kind).await;
        let (run, _) = serve(&world, "one", None).await;
        assert!(!survivors(run).is_empty());
        world.plane.want(ToRunner::Shutdown);
        assert!(world.runner_ended().await.success());
        assert_eq!(survivors(run), [""; 0]);
    }
}

#[tokio::test]
async fn a_killed_runners_waiting_process_serves_nobody_and_its_successor_starts_another() {
    let mut world = World::new(Kind::Bare).await;
    let (first, _) = serve(&world, "one", None).await;
    world.kill_runner();
    world.start_runner().await;
    assert_eq!(survivors(first), [""; 0]);
    let (_, two) = serve(&world, "two", Some(first)).await;
    assert_eq!(started(&two)[0].1, None);
    assert_eq!(words(&two), ["heard two"]);
    // A run served by another run's process is found too.
    let third = world.plane.start(&said(&world, "sleep", Some(two[0].run)));
    world.plane.line(third, "asleep").await;
    world.kill_runner();
    world.start_runner().await;
    let events = world.plane.ended(third).await;
    assert_eq!(end(&events).cause, EndCause::RunnerDied);
    assert_eq!(survivors(two[0].run), [""; 0]);
}

#[test]
fn an_input_waits_until_the_program_works_on_what_it_was_told_before() {
    let dialogue = Dialogue {
        process: None,
        next: String::new(),
        begins: mark(&[("type", "system"), ("subtype", "init")]),
        ends: mark(&[("type", "result")]),
        idle_ms_max: 0,
        idle_rss_bytes_max: 0,
    };
    const BEGIN: &[u8] = br#"{"subtype":"init","type":"system","n":{"type":"result"}}"#;
    const END: &[u8] = br#"{"result":"x","n":[1],"type":"result"}"#;
    let id = |number| MessageId(uuid::Uuid::from_u128(number));
    let mut talk = Talk::new(&dialogue);
    talk.offer(id(1), "one".to_owned()).unwrap();
    talk.offer(id(1), "one".to_owned()).unwrap();
    talk.offer(id(2), "two".to_owned()).unwrap();
    assert_eq!(talk.due(), None, "it has not begun");
    assert!(!talk.hear(BEGIN));
    assert_eq!(talk.due(), Some((id(1), "one".to_owned())));
    assert_eq!(talk.due(), None, "the interruption is not answered");
    assert!(!talk.hear(br#"{"type":"user","text":"type result"}"#));
    assert!(!talk.hear(END));
    assert_eq!(talk.due(), None, "it has not begun with the first");
    assert!(!talk.hear(BEGIN));
    assert_eq!(talk.due(), Some((id(2), "two".to_owned())));
    assert!(!talk.hear(END) && !talk.hear(BEGIN) && talk.hear(END));
}
