//! Places to run in: had, kept, lost and found again.

use std::sync::Arc;

use chrono::TimeDelta;
use optio_domain::{
    agent::Lifecycle,
    id::AgentId,
    limits::Limits,
    ports::{AgentCli, Launch, LaunchOrder, Reading},
};

use super::{
    runners::{Mood, Play},
    world::{World, place},
};

async fn kept(world: &World, lifecycle: Lifecycle) -> AgentId {
    let vesper = world
        .agent_with("vesper", |spec| spec.pod_lifecycle = lifecycle)
        .await;
    world.waits(vesper, "no mail").await;
    vesper
}

async fn retired(world: &World, agent: AgentId) {
    world
        .until("the sandbox is retired", async || {
            (!world.fleet.alive(place(agent))).then_some(())
        })
        .await;
}

#[tokio::test]
async fn an_always_on_sandbox_is_kept_without_end() {
    let world = World::new().await;
    let vesper = kept(&world, Lifecycle::AlwaysOn).await;
    world.pass(TimeDelta::days(30)).await;
    let wait = world.waits(vesper, "no mail").await;
    assert_eq!(wait.until, None);
    assert!(world.fleet.alive(place(vesper)));
    assert_eq!(world.fleet.asked(place(vesper)), (1, 0, 0));
}

#[tokio::test]
async fn a_sticky_sandbox_is_retired_after_its_window_and_not_before() {
    let world = World::new().await;
    let vesper = kept(&world, Lifecycle::Sticky).await;
    let wait = world.waits(vesper, "no mail").await;
    assert_eq!(wait.until, Some(world.now() + TimeDelta::minutes(5)));
    world
        .pass(TimeDelta::minutes(5) - TimeDelta::milliseconds(1))
        .await;
    world.hints().look(vesper.into());
    world.waits(vesper, "no mail").await;
    assert!(world.fleet.alive(place(vesper)));
    world.pass(TimeDelta::milliseconds(1)).await;
    retired(&world, vesper).await;
    world
        .until("it waits for mail alone", async || {
            world.actor(vesper).await.wait.until.is_none().then_some(())
        })
        .await;
}

#[tokio::test]
async fn an_on_demand_sandbox_is_gone_after_its_turn() {
    let world = World::new().await;
    let vesper = kept(&world, Lifecycle::OnDemand).await;
    retired(&world, vesper).await;
    world.write(vesper, "hello").await;
    world.finished(vesper, 2).await;
    assert_eq!(
        world.fleet.asked(place(vesper)).0,
        2,
        "another one for the next turn"
    );
}

#[tokio::test]
async fn the_next_turn_finds_the_sandbox_warm() {
    let world = World::new().await;
    let vesper = kept(&world, Lifecycle::Sticky).await;
    for turn in 2..5 {
        world.write(vesper, "hello").await;
        world.finished(vesper, turn).await;
    }
    assert_eq!(world.fleet.asked(place(vesper)), (1, 0, 0));
    assert_eq!(world.fleet.specs(place(vesper)).len(), 4);
}

#[tokio::test]
async fn a_runner_that_dies_under_a_turn_is_started_again_and_its_journal_is_believed() {
    let world = World::new().await;
    let vesper = world.agent("vesper").await;
    world.plays(vesper, [Play::Holds(vec!["session s-1"])]);
    world.write(vesper, "hello").await;
    world.running(vesper).await;
    // The run had ended well, and the runner died before it could say so.
    world.fleet.dies(place(vesper), &["done 0.5 1 1 Finished."]);
    let turn = world.finished(vesper, 2).await;
    assert_eq!(turn.halt_reason.as_deref(), Some("natural"));
    assert_eq!(
        (turn.summary.as_deref(), turn.cost_usd.unwrap().to_string()),
        (Some("Finished."), "0.5".to_owned())
    );
    assert_eq!(world.fleet.asked(place(vesper)).0, 2);
    assert_eq!(
        world.fleet.specs(place(vesper)).len(),
        2,
        "it was not run again"
    );
}

#[tokio::test]
async fn a_run_that_died_with_its_runner_is_a_crash_that_gives_the_mail_back() {
    let world = World::new().await;
    let vesper = world.agent("vesper").await;
    world.plays(vesper, [Play::Holds(vec!["session s-1"])]);
    world.write(vesper, "hello").await;
    world.running(vesper).await;
    world.fleet.dies(place(vesper), &[]);
    let turn = world.finished(vesper, 2).await;
    assert_eq!(turn.error_class.as_deref(), Some("crash"));
    assert!(
        turn.error
            .unwrap()
            .contains("the runner died under the run")
    );
    let message = world.message(vesper, "hello").await;
    assert_eq!((message.state.as_str(), message.attempts), ("pending", 1));
}

#[tokio::test]
async fn a_connection_that_breaks_and_comes_back_costs_nothing() {
    let world = World::new().await;
    let vesper = world.agent("vesper").await;
    world.plays(vesper, [Play::Holds(vec!["say one"])]);
    world.write(vesper, "hello").await;
    let run = world.running(vesper).await;
    world.fleet.hangs_up(place(vesper));
    world.waits(vesper, "runner to dial in").await;
    world
        .fleet
        .finishes(place(vesper), run, &["say two", "done 0 0 0 ok"])
        .await;
    world.fleet.dials_in(place(vesper)).await;
    let turn = world.finished(vesper, 2).await;
    assert_eq!(turn.halt_reason.as_deref(), Some("natural"));
    let lines = world
        .store
        .turn_logs(optio_domain::id::TurnId(turn.id), None, 10)
        .await
        .unwrap();
    let said: Vec<_> = lines
        .iter()
        .map(|line| line.data["content"].clone())
        .collect();
    assert_eq!(said, ["one", "two"], "each line once");
    assert_eq!(world.fleet.asked(place(vesper)), (1, 0, 0));
}

#[tokio::test]
async fn a_runner_that_swallows_a_run_fails_the_turn_when_the_time_to_start_is_over() {
    let world = World::new().await;
    let vesper = world.agent("vesper").await;
    world.plays(vesper, [Play::Swallows]);
    world.write(vesper, "hello").await;
    let wait = world.waits(vesper, "the agent's process to start").await;
    assert_eq!(wait.holder, "the runner");
    world.pass(TimeDelta::minutes(2)).await;
    let turn = world.finished(vesper, 2).await;
    assert_eq!(turn.error_class.as_deref(), Some("sandbox"));
    assert!(turn.error.unwrap().contains("not ready in time"));
}

#[tokio::test]
async fn a_runner_that_never_dials_in_fails_the_turn_when_its_time_is_over() {
    let world = World::new().await;
    world.fleet.mood(Mood::Silent);
    let vesper = world.new_agent("vesper", |_| {}, []).await;
    let wait = world.waits(vesper, "the sandbox's runner to dial in").await;
    assert_eq!(wait.until, Some(world.now() + TimeDelta::seconds(2)));
    world.pass(TimeDelta::minutes(2)).await;
    let turn = world.finished(vesper, 1).await;
    assert_eq!(turn.error_class.as_deref(), Some("sandbox"));
}

#[tokio::test]
async fn a_busy_driver_is_asked_again_and_the_agent_says_so() {
    let world = World::new().await;
    world.fleet.mood(Mood::Busy);
    let vesper = world.new_agent("vesper", |_| {}, []).await;
    let wait = world.waits(vesper, "the host is full").await;
    assert_eq!(
        (wait.holder.as_str(), wait.until),
        (
            "the sandbox driver",
            Some(world.now() + TimeDelta::seconds(2))
        )
    );
    world.fleet.mood(Mood::Well);
    world.pass(TimeDelta::seconds(2)).await;
    assert_eq!(
        world.finished(vesper, 1).await.halt_reason.as_deref(),
        Some("natural")
    );
}

#[tokio::test]
async fn a_broken_driver_fails_the_turn_in_its_own_words() {
    let world = World::new().await;
    world.fleet.mood(Mood::Broken);
    let vesper = world.new_agent("vesper", |_| {}, []).await;
    let turn = world.finished(vesper, 1).await;
    assert_eq!(turn.error_class.as_deref(), Some("sandbox"));
    assert_eq!(
        turn.error.as_deref(),
        Some("bwrap is missing; install bubblewrap")
    );
    assert_eq!(
        world.row(vesper).await.last_failure_class.as_deref(),
        Some("sandbox")
    );
    assert_eq!(
        world.message(vesper, "Greet the team.").await.state,
        "pending"
    );
}

/// A program that is none of the agent's.
struct Other;

impl AgentCli for Other {
    fn runtime(&self) -> &'static str {
        "other"
    }

    fn launch(&self, _order: &LaunchOrder) -> Launch {
        unreachable!("nobody asks for it")
    }

    fn read(&self, _line: &str) -> Reading {
        Reading::default()
    }
}

#[tokio::test]
async fn an_agent_program_this_optio_does_not_have_fails_the_turn_by_name() {
    let world = World::with_programs(Limits::default(), vec![Arc::new(Other)]).await;
    let vesper = world.new_agent("vesper", |_| {}, []).await;
    let turn = world.finished(vesper, 1).await;
    assert_eq!(turn.error_class.as_deref(), Some("agent_missing"));
    assert!(turn.error.unwrap().contains("`claude-code`"));
}
