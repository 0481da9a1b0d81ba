//! Who serves a turn: a new process, or the one that has served the turn before.

use optio_domain::{
    agent::{Intent, Lifecycle},
    id::{AgentId, RunId},
    limits::Limits,
    wire::runner::RunSpec,
};

use super::{
    runners::Play,
    world::{World, place},
};

const WELL: [&str; 2] = ["session s-1", "done 0 0 0 ok"];

/// An agent whose first turn has left a process waiting.
async fn warmed(world: &World) -> AgentId {
    let vesper = world
        .new_agent("vesper", |_| {}, [Play::Stays(WELL.to_vec())])
        .await;
    world.finished(vesper, 1).await;
    vesper
}

/// The next turn, and what its runner was given.
async fn next(world: &World, agent: AgentId, number: i32) -> RunSpec {
    world.write(agent, &format!("message {number}")).await;
    world.finished(agent, number).await;
    world.fleet.specs(place(agent)).pop().unwrap()
}

fn asked_for(spec: &RunSpec) -> Option<RunId> {
    spec.dialogue.as_ref().and_then(|dialogue| dialogue.process)
}

#[tokio::test]
async fn the_next_turn_is_given_to_the_process_that_waits() {
    let world = World::new().await;
    let vesper = warmed(&world).await;
    let first = RunId(world.turns(vesper).await[0].id);
    let stays = || Play::Stays(WELL.to_vec());
    world.plays(vesper, [stays(), stays()]);
    for number in [2, 3] {
        let spec = next(&world, vesper, number).await;
        assert_eq!(asked_for(&spec), Some(first), "turn {number}");
        // Should it be dead, the session is resumed by another.
        assert_eq!(spec.args, ["--resume", "s-1"]);
        let dialogue = spec.dialogue.unwrap();
        assert!(dialogue.next.starts_with("None "), "{}", dialogue.next);
        assert!(dialogue.next.contains(&format!("message {number}")));
    }
}

#[tokio::test]
async fn another_model_is_set_and_any_other_change_starts_another_process() {
    let world = World::new().await;
    let vesper = warmed(&world).await;
    let first = RunId(world.turns(vesper).await[0].id);
    let stays = || Play::Stays(WELL.to_vec());
    world.plays(vesper, [stays(), stays(), stays()]);
    let model = Some("haiku".to_owned());
    world.change(vesper, |spec| spec.model = model).await;
    let spec = next(&world, vesper, 2).await;
    assert_eq!(asked_for(&spec), Some(first));
    let words = spec.dialogue.unwrap().next;
    assert!(words.starts_with("Some(Some(\"haiku\")) "), "{words}");
    // It is so from now on.
    let spec = next(&world, vesper, 3).await;
    assert_eq!(asked_for(&spec), Some(first));
    assert!(spec.dialogue.unwrap().next.starts_with("None "));
    let role = Some("Be brief.".to_owned());
    world.change(vesper, |spec| spec.system_prompt = role).await;
    let spec = next(&world, vesper, 4).await;
    assert_eq!(asked_for(&spec), None);
    assert!(spec.dialogue.is_some());
    assert_eq!(spec.args, ["--resume", "s-1"]);
}

#[tokio::test]
async fn a_process_that_failed_or_is_to_forget_serves_no_more() {
    let world = World::new().await;
    let vesper = warmed(&world).await;
    let failed = Play::Stays(vec!["failed the tests are red"]);
    world.plays(vesper, [failed, Play::Stays(WELL.to_vec())]);
    world.write(vesper, "do it").await;
    world.finished(vesper, 2).await;
    world.pass(chrono::TimeDelta::minutes(1)).await;
    world.finished(vesper, 3).await;
    let spec = world.fleet.specs(place(vesper)).pop().unwrap();
    assert_eq!(asked_for(&spec), None);

    world.want(vesper, Intent::Restart).await;
    let spec = next(&world, vesper, 4).await;
    assert_eq!(asked_for(&spec), None);
    assert!(spec.args.is_empty(), "{:?}", spec.args);
}

#[tokio::test]
async fn an_agent_on_demand_is_never_kept_warm_and_nobody_is_where_the_limit_says_so() {
    let world = World::new().await;
    let on_demand = |spec: &mut optio_domain::agent::spec::AgentSpec| {
        spec.pod_lifecycle = Lifecycle::OnDemand;
    };
    let vesper = world.new_agent("vesper", on_demand, []).await;
    world.finished(vesper, 1).await;
    let spec = world.fleet.specs(place(vesper)).pop().unwrap();
    assert_eq!(spec.dialogue, None);
    assert!(spec.env.contains_key("OPTIO_PERSISTENT_AGENT_TURN_ID"));

    let limits = Limits {
        warm_idle_ms_max: 0,
        ..Limits::default()
    };
    let world = World::with(limits).await;
    let sticky = world.new_agent("vesper", |_| {}, []).await;
    world.finished(sticky, 1).await;
    let spec = world.fleet.specs(place(sticky)).pop().unwrap();
    assert_eq!(spec.dialogue, None);
}
