//! One process of the real agent program serves many turns, and a running turn can be interrupted.

use std::{
    fs,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::world::{World, alive, kill9};

/// The agent program's own process.
fn program(world: &World, agent: &str) -> Option<i32> {
    let found = world.processes_of(agent);
    let programs = found
        .iter()
        .filter(|process| process.command.contains("--input-format stream-json"))
        .filter(|process| !process.command.contains("bwrap"));
    programs.map(|process| process.pid).max()
}

async fn echo(world: &mut World, agent: &str, words: &str, number: usize) -> Value {
    world.send(agent, &format!("run: echo {words}")).await;
    let turn = world.until_done(agent, number).await;
    assert_eq!(turn["summary"], format!("It printed: {words}"));
    turn
}

#[tokio::test(flavor = "multi_thread")]
async fn turns_of_one_process_are_charged_one_by_one() {
    let mut world = World::plan().start().await;
    let agent = world.create("warm", json!({})).await;
    world.until_done(&agent, 1).await;
    let process = program(&world, &agent).unwrap();
    let second = echo(&mut world, &agent, "second", 2).await;
    let third = echo(&mut world, &agent, "third", 3).await;
    assert_eq!(program(&world, &agent), Some(process));
    assert_eq!(second["sessionId"], third["sessionId"]);
    assert_eq!(second["costUsd"], third["costUsd"]);
    assert_eq!(second["inputTokens"], 10_000);
    assert_eq!(
        (&third["inputTokens"], &third["outputTokens"]),
        (&json!(10_000), &json!(200))
    );

    // The death of a process between two turns is nothing a sender could see.
    kill9(process);
    let fourth = echo(&mut world, &agent, "fourth", 4).await;
    let colder = program(&world, &agent).unwrap();
    assert_ne!(colder, process);
    assert_eq!(fourth["sessionId"], third["sessionId"]);
    assert_eq!(fourth["inputTokens"], 10_000);

    // Nor is that of the control plane.
    world.kill9();
    world.start().await;
    echo(&mut world, &agent, "fifth", 5).await;
    assert_eq!(program(&world, &agent), Some(colder));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_in_a_turn_fails_it_and_the_mail_feeds_the_next() {
    let mut world = World::plan().start().await;
    let agent = world.create("warm", json!({})).await;
    world.until_done(&agent, 1).await;
    let process = program(&world, &agent).unwrap();
    let message = world.send(&agent, "story").await;
    let begun = world.workspace(&agent, "begun");
    world.until_file(&begun).await;
    kill9(process);
    let turn = world.until_turn(&agent, 2).await;
    assert_eq!(turn["errorClass"], "crash", "{turn:#}");
    fs::write(world.workspace(&agent, "go"), "").unwrap();
    let turn = world.until_done(&agent, 3).await;
    assert_eq!(turn["summary"], "The story is told.");
    let message = world.message(&agent, &message).await;
    assert_eq!(
        (&message["state"], &message["attempts"]),
        (&json!("consumed"), &json!(1))
    );
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_reaches_the_model_within_two_seconds_and_the_turn_commits_once() {
    let mut world = World::plan().start().await;
    let agent = world.create("warm", json!({})).await;
    world.until_done(&agent, 1).await;
    let long = world.send(&agent, "run: touch begun; sleep 60").await;
    let begun = world.workspace(&agent, "begun");
    world.until_file(&begun).await;
    let work = world.send(&agent, "run: echo later").await;
    let since = Instant::now();
    let path = format!("/api/persistent-agents/{agent}/messages");
    let body = json!({"body": "run: touch heard; echo steered", "class": "interrupt"});
    let receipt = world.post(&path, &body).await;
    assert_eq!(receipt["delivery"], "running-turn", "{receipt}");
    let heard = world.workspace(&agent, "heard");
    world.until_file(&heard).await;
    let took = since.elapsed();
    assert!(took < Duration::from_secs(2), "it took {took:?}");

    let turn = world.until_done(&agent, 2).await;
    assert_eq!(turn["summary"], "It printed: steered");
    assert_eq!(turn["messageCount"], 2);
    // One call before the interruption and two after it.
    assert_eq!(turn["inputTokens"], 15_000, "{turn:#}");
    let interrupt = receipt["messageId"].as_str().unwrap();
    for id in [long.as_str(), interrupt] {
        let message = world.message(&agent, id).await;
        assert_eq!(message["state"], "consumed", "{message:#}");
        assert_eq!(message["turnId"], turn["id"]);
    }
    let next = world.until_done(&agent, 3).await;
    assert_eq!(next["summary"], "It printed: later");
    assert_eq!(world.message(&agent, &work).await["turnId"], next["id"]);
    let events = world.events(&agent, &next).await;
    let of_type = |name: &str| {
        let name = format!("persistent_agent:{name}");
        let found = events.iter().filter(|event| event["type"] == name.as_str());
        found.cloned().collect::<Vec<_>>()
    };
    let steered = of_type("message_steered");
    assert_eq!(steered.len(), 1, "{steered:#?}");
    assert_eq!(steered[0]["messageId"], interrupt);
    assert_eq!(of_type("turn_halted").len(), 3);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_too_long_ends_a_process_and_the_next_turn_resumes_its_session() {
    let mut world = World::plan()
        .set("OPTIO_LIMITS_WARM_IDLE_MS_MAX", "500")
        .start()
        .await;
    let agent = world.create("warm", json!({})).await;
    let first = world.until_done(&agent, 1).await;
    let gone = async |world: &mut World| program(world, &agent).is_none().then_some(());
    world.until("the process to be gone", gone).await;
    let runner = world.runner(&agent).unwrap();
    assert!(alive(runner));
    let second = echo(&mut world, &agent, "second", 2).await;
    assert_eq!(first["sessionId"], second["sessionId"]);
    assert_eq!(world.runner(&agent), Some(runner));
    world.end().await;
}
