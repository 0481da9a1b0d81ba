//! What a program signs in with: the stored secrets of its workspace, in the place of what the
//! control plane was started with.

use chrono::TimeDelta;
use optio_domain::{
    id::{AgentId, RunId, SecretId},
    secret::{Scope, SecretName, SecretText},
    wire::runner::RunSpec,
};

use super::{
    runners::Play,
    world::{World, place},
};

const WELL: [&str; 2] = ["session s-1", "done 0 0 0 ok"];

async fn keep(world: &World, scope: &str, name: &str, value: &str) {
    let id = SecretId(world.given.ids.fresh());
    let place = Scope::parse(scope).unwrap().of("default", "ada");
    let name = SecretName::parse(name).unwrap();
    let value = SecretText::parse(value).unwrap();
    let kept = world
        .store
        .put_secret(id, &place, &name, &value, world.now());
    kept.await.unwrap();
}

/// The next turn, and what its runner was given.
async fn next(world: &World, agent: AgentId, number: i32) -> RunSpec {
    world.plays(agent, [Play::Stays(WELL.to_vec())]);
    world.write(agent, &format!("message {number}")).await;
    world.finished(agent, number).await;
    world.fleet.specs(place(agent)).pop().unwrap()
}

fn keys(spec: &RunSpec) -> Vec<(&str, &str)> {
    let ours = spec
        .secrets
        .iter()
        .filter(|(name, _)| name.starts_with("FAKE_"));
    ours.map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

fn process(spec: &RunSpec) -> Option<RunId> {
    spec.dialogue.as_ref().and_then(|dialogue| dialogue.process)
}

#[tokio::test]
async fn a_stored_credential_takes_the_place_of_all_that_the_server_was_started_with() {
    let world = World::new().await;
    let vesper = world
        .new_agent("vesper", |_| {}, [Play::Stays(WELL.to_vec())])
        .await;
    world.finished(vesper, 1).await;
    let spec = world.fleet.specs(place(vesper)).pop().unwrap();
    assert_eq!(keys(&spec), [("FAKE_KEY", "the server's")]);
    let first = RunId(world.turns(vesper).await[0].id);
    keep(&world, "global", "FAKE_TOKEN", "everybody's").await;
    keep(&world, "user", "FAKE_KEY", "a person's").await;
    let spec = next(&world, vesper, 2).await;
    assert_eq!(keys(&spec), [("FAKE_TOKEN", "everybody's")]);
    assert_eq!(
        process(&spec),
        None,
        "the process that waits has the old one"
    );
    let second = RunId(world.turns(vesper).await[1].id);
    keep(&world, "workspace", "FAKE_KEY", "ours").await;
    let spec = next(&world, vesper, 3).await;
    assert_eq!(keys(&spec), [("FAKE_KEY", "ours")]);
    assert_eq!(process(&spec), None);
    let third = RunId(world.turns(vesper).await[2].id);
    let spec = next(&world, vesper, 4).await;
    assert_eq!(process(&spec), Some(third), "nothing has changed");
    assert!(![first, second].contains(&third));
}

#[tokio::test]
async fn an_agent_whose_credentials_do_not_open_says_so_and_goes_on_once_they_do() {
    let world = World::new().await;
    let vesper = world
        .new_agent("vesper", |_| {}, [Play::Stays(WELL.to_vec())])
        .await;
    world.finished(vesper, 1).await;
    keep(&world, "workspace", "FAKE_KEY", "ours").await;
    let spoil = "UPDATE secrets SET sealed = set_byte(sealed, 0, get_byte(sealed, 0) # 1)";
    optio_store::testing::sql(&world.store, spoil).await;
    world.plays(vesper, [Play::Stays(WELL.to_vec())]);
    world.write(vesper, "hello").await;
    let wait = world.waits_a_while(vesper, "do not open").await;
    assert_eq!(wait.holder, "a person: mend the secrets");
    assert!(wait.reason.contains("FAKE_KEY (workspace)"), "{wait:?}");
    keep(&world, "workspace", "FAKE_KEY", "mended").await;
    world.pass(TimeDelta::seconds(11)).await;
    world.finished(vesper, 2).await;
    let spec = world.fleet.specs(place(vesper)).pop().unwrap();
    assert_eq!(keys(&spec), [("FAKE_KEY", "mended")]);
}
