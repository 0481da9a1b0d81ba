//! Processes are killed without a word, in the middle of turns. Nothing is lost, nothing happens
//! twice, and running agents keep running.

use std::fs;

use serde_json::{Value, json};

use crate::world::{World, alive, kill9, until_gone};

/// A world with an agent whose first story was told in peace.
async fn storyteller() -> (World, String) {
    let mut world = World::plan().embedded().start().await;
    let agent = world.create("teller", json!({})).await;
    world.until_done(&agent, 1).await;
    begin_story(&mut world, &agent).await;
    open_gate(&world, &agent);
    world.until_done(&agent, 2).await;
    (world, agent)
}

/// Sends the story and waits until the agent stands before its gate.
async fn begin_story(world: &mut World, agent: &str) -> String {
    let message = world.send(agent, "story").await;
    let begun = world.workspace(agent, "begun");
    world.until_file(&begun).await;
    message
}

fn open_gate(world: &World, agent: &str) {
    fs::write(world.workspace(agent, "go"), "").unwrap();
}

/// Waits until the runner has written down that a run is finished.
async fn until_finished(world: &mut World, agent: &str) {
    let journals = world.sandbox(agent).join("runner/journals");
    let finished = async |_: &mut World| {
        let files = fs::read_dir(&journals).unwrap();
        let mut texts = files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
        let ended = |text: String| text.contains("\"cause\":\"finished\"");
        texts.any(ended).then_some(())
    };
    world.until("the end of the run", finished).await;
}

/// The agent program's own process.
fn program(world: &World, agent: &str) -> i32 {
    let found = world.processes_of(agent);
    let program = found
        .iter()
        .filter(|process| process.command.contains("--output-format stream-json"))
        .max_by_key(|process| process.pid);
    program.unwrap_or_else(|| panic!("{found:#?}")).pid
}

/// What a turn's stream must not differ in from one that nobody disturbed: its entries, in order.
async fn story(world: &World, agent: &str, turn: &Value) -> Vec<(String, String)> {
    let transcript = world.transcript(agent, turn).await;
    let told = |(kind, _): &(String, String)| kind != "system" && kind != "info";
    transcript.into_iter().filter(told).collect()
}

/// A turn was committed once, with the whole stream, and fed by this message alone.
async fn told_once(world: &World, agent: &str, number: usize, message: &str) {
    let turns = world.turns(agent).await;
    assert_eq!(turns.len(), number, "{turns:#?}");
    let turn = &turns[number - 1];
    assert_eq!(turn["summary"], "The story is told.");
    let [there, before] = [turn, &turns[1]].map(|turn| story(world, agent, turn));
    assert_eq!(there.await, before.await);
    let message = world.message(agent, message).await;
    assert_eq!(message["state"], "consumed");
    assert_eq!(message["attempts"], 0);
    assert_eq!(message["turnId"], turn["id"]);
    let events = world.events(agent, turn).await;
    let of_turn = |event: &&Value| event["turnId"] == turn["id"];
    let seqs: Vec<_> = events
        .iter()
        .filter(of_turn)
        .filter_map(|event| event["seq"].as_i64())
        .collect();
    assert!(seqs.is_sorted(), "{seqs:?}");
    let halted = |event: &&Value| event["type"] == "persistent_agent:turn_halted";
    assert_eq!(events.iter().filter(of_turn).filter(halted).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_goes_on_without_its_control_plane_and_is_committed_once() {
    let (mut world, agent) = storyteller().await;

    // Killed and started again while the agent works: the stream is taken up.
    let message = begin_story(&mut world, &agent).await;
    let process = program(&world, &agent);
    world.kill9();
    assert!(alive(process));
    world.start().await;
    assert_eq!(world.agent(&agent).await["state"], "running");
    assert!(alive(process));
    open_gate(&world, &agent);
    world.until_done(&agent, 3).await;
    told_once(&world, &agent, 3, &message).await;

    // The agent finishes while nobody listens: its runner has kept what it said. Its process waits
    // for the next turn all the while.
    let message = begin_story(&mut world, &agent).await;
    assert_eq!(program(&world, &agent), process);
    world.kill9();
    open_gate(&world, &agent);
    until_finished(&mut world, &agent).await;
    assert!(alive(process));
    world.start().await;
    world.until_done(&agent, 4).await;
    told_once(&world, &agent, 4, &message).await;

    // Postgres dies as well.
    let message = begin_story(&mut world, &agent).await;
    let (process, postmaster) = (program(&world, &agent), world.postmaster().unwrap());
    kill9(postmaster);
    world.kill9();
    until_gone(&[postmaster]);
    assert!(alive(process));
    world.start().await;
    assert_eq!(world.agent(&agent).await["state"], "running");
    open_gate(&world, &agent);
    world.until_done(&agent, 5).await;
    told_once(&world, &agent, 5, &message).await;
    world.until_rest(&agent).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_whose_runner_dies_fails_and_its_mail_feeds_the_next() {
    let (mut world, agent) = storyteller().await;
    let message = begin_story(&mut world, &agent).await;
    let process = program(&world, &agent);
    let runner = world.runner(&agent).unwrap();
    kill9(runner);
    let turn = world.until_turn(&agent, 3).await;
    assert_eq!(turn["haltReason"], "error");
    assert_eq!(turn["errorClass"], "crash");
    let error = turn["error"].as_str().unwrap();
    assert!(error.contains("runner died"), "{error}");
    assert!(turn["remedy"].is_string());
    until_gone(&[process, runner]);
    let given_back = world.message(&agent, &message).await;
    assert_eq!(given_back["attempts"], 1);
    open_gate(&world, &agent);
    world.until_done(&agent, 4).await;
    let consumed = world.message(&agent, &message).await;
    assert_eq!(consumed["state"], "consumed");
    let rested = world.until_rest(&agent).await;
    assert_eq!(rested["consecutiveFailures"], 0);
    world.end().await;
}
