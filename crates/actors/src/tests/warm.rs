//! Who serves a turn: a new process, or the one that has served the turn before.

use optio_domain::{
    agent::{Intent, Lifecycle},
    id::{AgentId, MessageId, RunId, TurnId},
    limits::Limits,
    wire::runner::{RunSpec, ToRunner},
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

/// What a runner was told to give its runs, as (message, text).
fn inputs(world: &World, agent: AgentId) -> Vec<(MessageId, String)> {
    let heard = world.fleet.heard(place(agent));
    let input = |order| match order {
        ToRunner::Input { input, text, .. } => Some((input, text)),
        ToRunner::Start(_)
        | ToRunner::Stop { .. }
        | ToRunner::Ack { .. }
        | ToRunner::Forget { .. }
        | ToRunner::RemoveWorktree { .. }
        | ToRunner::Shutdown
        | ToRunner::Redirect { .. }
        | ToRunner::Peers { .. }
        | ToRunner::Refused { .. } => None,
    };
    heard.into_iter().filter_map(input).collect()
}

/// An agent in the middle of a turn.
async fn at_work(world: &World) -> (AgentId, RunId) {
    let vesper = world.agent("vesper").await;
    world.plays(vesper, [Play::Holds(vec!["session s-1"])]);
    world.write(vesper, "a long piece of work").await;
    let run = world.running(vesper).await;
    (vesper, run)
}

#[tokio::test]
async fn an_interrupt_reaches_the_running_turn_and_is_consumed_with_it_and_work_waits() {
    let world = World::new().await;
    let (vesper, run) = at_work(&world).await;
    let work = world.write(vesper, "later").await;
    let urgent = world.interrupt(vesper, "stop and listen").await;
    let told = world
        .until("the runner to be told", || async {
            inputs(&world, vesper).pop()
        })
        .await;
    assert_eq!(told.0, urgent);
    assert!(told.1.starts_with("interrupt # Interruption"), "{}", told.1);
    assert!(told.1.contains("stop and listen") && !told.1.contains("later"));
    let row = world.message(vesper, "stop and listen").await;
    assert_eq!((row.state.as_str(), row.turn_id), ("assigned", Some(run.0)));
    assert_eq!(world.message(vesper, "later").await.state, "pending");

    world.plays(vesper, [Play::Stays(WELL.to_vec())]);
    world
        .fleet
        .finishes(place(vesper), run, &["done 0 0 0 ok"])
        .await;
    let turn = world.finished(vesper, 2).await;
    assert_eq!(turn.messages, 2);
    let row = world.message(vesper, "stop and listen").await;
    assert_eq!(
        (row.state.as_str(), row.turn_id),
        ("consumed", Some(turn.id))
    );
    let next = world.finished(vesper, 3).await;
    assert_eq!(next.wake_payload.unwrap()["messageId"], work.to_string());
    assert_eq!(inputs(&world, vesper).len(), 1);
}

#[tokio::test]
async fn an_interrupt_the_runner_did_not_take_is_told_again_and_goes_back_with_the_turn() {
    let world = World::new().await;
    let (vesper, run) = at_work(&world).await;
    world.fleet.deafen(place(vesper));
    let urgent = world.interrupt(vesper, "stop and listen").await;
    let told = async |times: usize| {
        world
            .until("the runner to be told", || async {
                (times <= inputs(&world, vesper).len()).then_some(())
            })
            .await;
    };
    told(1).await;
    world.pass(chrono::TimeDelta::seconds(3)).await;
    told(2).await;
    let all: Vec<_> = inputs(&world, vesper).iter().map(|it| it.0).collect();
    assert!(all.iter().all(|id| *id == urgent), "{all:?}");
    // The turn goes well without it: it was not fed by this message, which is the next one's.
    world
        .fleet
        .finishes(place(vesper), run, &["done 0 0 0 ok"])
        .await;
    world.finished(vesper, 2).await;
    let row = world.message(vesper, "stop and listen").await;
    assert_eq!(row.attempts, 0);
    assert_ne!(row.state, "consumed");
    let row = world.row(vesper).await;
    assert_eq!(row.consecutive_failures, 0);
}

#[tokio::test]
async fn an_interrupt_of_a_cold_turn_is_the_first_mail_of_the_next() {
    let world = World::new().await;
    let on_demand = |spec: &mut optio_domain::agent::spec::AgentSpec| {
        spec.pod_lifecycle = Lifecycle::OnDemand;
    };
    let vesper = world.new_agent("vesper", on_demand, []).await;
    world.finished(vesper, 1).await;
    world.plays(vesper, [Play::Holds(vec!["session s-1"])]);
    world.write(vesper, "a long piece of work").await;
    let run = world.running(vesper).await;
    let urgent = world.interrupt(vesper, "stop and listen").await;
    world
        .fleet
        .finishes(place(vesper), run, &["done 0 0 0 ok"])
        .await;
    let next = world.finished(vesper, 3).await;
    assert_eq!(next.wake_payload.unwrap()["messageId"], urgent.to_string());
    assert!(inputs(&world, vesper).is_empty());
}

#[tokio::test]
async fn a_steered_turn_that_fails_gives_the_interrupt_back_as_all_its_mail() {
    let world = World::new().await;
    let (vesper, run) = at_work(&world).await;
    world.interrupt(vesper, "stop and listen").await;
    world
        .until("the answer", || async {
            let message = world.message(vesper, "stop and listen").await;
            let untaken = world.store.untaken(TurnId(run.0)).await.unwrap();
            (message.state == "assigned" && untaken.is_empty()).then_some(())
        })
        .await;
    world
        .fleet
        .finishes(place(vesper), run, &["failed the tests are red"])
        .await;
    world.finished(vesper, 2).await;
    for body in ["stop and listen", "a long piece of work"] {
        let row = world.message(vesper, body).await;
        assert_eq!((row.state.as_str(), row.attempts), ("pending", 1), "{body}");
    }
}
