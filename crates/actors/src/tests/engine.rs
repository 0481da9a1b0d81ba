//! What holds for all agents together: room, restarts of the control plane, waits, schedules.

use chrono::TimeDelta;
use optio_domain::{
    agent::Intent,
    id::{AgentId, TriggerId},
    limits::Limits,
    trigger::{TargetKind, TriggerType},
};
use optio_store::triggers::TriggerRow;
use serde_json::{Value, json};

use super::{
    runners::Play,
    world::{World, place},
};
use crate::triggers::Schedules;

fn room(turns: i64) -> Limits {
    Limits {
        turns_running_max: turns,
        ..Limits::default()
    }
}

#[tokio::test]
async fn thirty_agents_share_room_for_three_and_hand_it_on_at_once() {
    let world = World::with(room(3)).await;
    let mut agents = Vec::new();
    for number in 0..30 {
        let holds = [Play::Holds(vec![])];
        agents.push(
            world
                .new_agent(&format!("agent-{number}"), |_| {}, holds)
                .await,
        );
    }
    // No time passes: whoever waits for room is told when there is some.
    for _turn in 0..30 {
        let (sandbox, run) = world
            .until("somebody runs", async || {
                let open = world
                    .store
                    .see_agent(agents[0])
                    .await
                    .unwrap()
                    .unwrap()
                    .turns_open;
                assert!(open <= 3, "{open} turns are open");
                world.fleet.runs().pop()
            })
            .await;
        world.fleet.finishes(sandbox, run, &["done 0 0 0 ok"]).await;
    }
    for agent in agents {
        world.finished(agent, 1).await;
    }
    assert_eq!(world.fleet.runs_peak(), 3);
}

#[tokio::test]
async fn a_running_turn_survives_the_control_plane_and_commits_once() {
    let mut world = World::new().await;
    let vesper = world.agent("vesper").await;
    world.plays(vesper, [Play::Holds(vec!["session s-1", "say one"])]);
    world.write(vesper, "hello").await;
    let run = world.running(vesper).await;
    world.start_again().await;
    assert_eq!(
        world.stands(vesper, "running").await.turn().unwrap().0,
        run.0
    );
    world
        .fleet
        .finishes(place(vesper), run, &["say two", "done 0.25 1 1 ok"])
        .await;
    world.finished(vesper, 2).await;
    world.start_again().await;
    world.waits(vesper, "no mail").await;
    let agent = world.row(vesper).await;
    assert_eq!(
        (agent.total_cost_usd.to_string(), agent.turns_taken),
        ("0.25".to_owned(), 2)
    );
    let lines = world
        .store
        .turn_logs(optio_domain::id::TurnId(run.0), None, 10)
        .await
        .unwrap();
    assert_eq!(lines.len(), 2);
}

#[tokio::test]
async fn what_happened_while_no_control_plane_was_there_is_taken_up_by_the_next() {
    let mut world = World::new().await;
    let (vesper, mira) = (world.agent("vesper").await, world.agent("mira").await);
    world.plays(vesper, [Play::Holds(vec![])]);
    world.write(vesper, "hello").await;
    let run = world.running(vesper).await;
    world.stop().await;
    world.fleet.hangs_up(place(vesper));
    world
        .fleet
        .finishes(place(vesper), run, &["done 0.25 1 1 ok"])
        .await;
    world.write(mira, "anybody there?").await;
    let late = world.new_agent("late", |_| {}, []).await;
    world.start_again().await;
    assert_eq!(
        world.finished(vesper, 2).await.halt_reason.as_deref(),
        Some("natural")
    );
    world.finished(mira, 2).await;
    world.finished(late, 1).await;
    assert_eq!(world.row(vesper).await.total_cost_usd.to_string(), "0.25");
}

#[tokio::test]
async fn a_run_that_was_told_to_stop_stays_so_over_a_restart() {
    let mut world = World::new().await;
    let vesper = world.agent("vesper").await;
    world.plays(vesper, [Play::Holds(vec![])]);
    world.write(vesper, "hello").await;
    world.running(vesper).await;
    world.fleet.deafen(place(vesper));
    world.want(vesper, Intent::Pause).await;
    world.waits(vesper, "an old run to end").await;
    world.start_again().await;
    world.pass(TimeDelta::milliseconds(3_500)).await;
    world
        .until("its process is gone", async || {
            world.fleet.runs().is_empty().then_some(())
        })
        .await;
    world.waits(vesper, "paused").await;
}

#[tokio::test]
async fn whoever_does_not_move_says_why_who_can_change_it_and_until_when() {
    let world = World::with(room(1)).await;
    let first = world.agent("first").await;
    let idle = world.waits(first, "no mail").await;
    world.plays(first, [Play::Holds(vec![]), Play::Swallows]);
    world.write(first, "hello").await;
    let run = world.running(first).await;
    let running = world.waits_a_while(first, "the agent's work").await;
    let second = world.new_agent("second", |_| {}, []).await;
    world.stands(second, "queued").await;
    let queued = world
        .waits_a_while(second, "room: 1 of 1 turns are open")
        .await;
    world
        .fleet
        .finishes(place(first), run, &["done 0 0 0 ok"])
        .await;
    world.finished(second, 1).await;
    world.write(first, "more").await;
    world.stands(first, "provisioning").await;
    let provisioning = world
        .waits_a_while(first, "the agent's process to start")
        .await;
    let holders = [&idle, &running, &queued, &provisioning].map(|wait| wait.holder.as_str());
    assert_eq!(
        holders,
        [
            "whoever writes to it",
            "the agent",
            "the agents whose turns run",
            "the runner"
        ]
    );
    let actor = world.actor(first).await;
    let decisions: Vec<_> = actor
        .decisions
        .iter()
        .map(|decision| decision.step.as_str())
        .collect();
    assert_eq!(decisions[..3], ["open turn", "close turn", "mark running"]);
    assert!(actor.decisions.len() <= 10);
    assert!(
        actor.decisions[0].seen.contains("idle, 1 waiting"),
        "{:?}",
        actor.decisions[0]
    );
}

#[tokio::test]
async fn a_disabled_agent_keeps_its_mail_and_takes_no_turn_until_it_is_enabled() {
    let world = World::new().await;
    let vesper = world
        .new_agent("vesper", |spec| spec.enabled = false, [])
        .await;
    let wait = world.waits(vesper, "disabled").await;
    assert_eq!(
        (wait.holder.as_str(), wait.until),
        ("a person: enable it", None)
    );
    world.write(vesper, "hello").await;
    world.pass(TimeDelta::hours(1)).await;
    world.waits(vesper, "disabled").await;
    assert_eq!(world.turns(vesper).await, []);
    world.change(vesper, |spec| spec.enabled = true).await;
    assert_eq!(world.finished(vesper, 1).await.messages, 2);
}

#[tokio::test]
async fn disabling_an_agent_lets_its_turn_finish_and_opens_no_other() {
    let world = World::new().await;
    let vesper = world.agent("vesper").await;
    world.plays(vesper, [Play::Holds(vec![])]);
    world.write(vesper, "hello").await;
    let run = world.running(vesper).await;
    world.change(vesper, |spec| spec.enabled = false).await;
    world.write(vesper, "more").await;
    world
        .fleet
        .finishes(place(vesper), run, &["done 0 0 0 ok"])
        .await;
    assert_eq!(
        world.finished(vesper, 2).await.halt_reason.as_deref(),
        Some("natural")
    );
    world.waits(vesper, "disabled").await;
    assert_eq!(world.turns(vesper).await.len(), 2);
}

async fn every_ten_minutes(world: &World, agent: AgentId, mut config: Value) -> TriggerId {
    config["cronExpression"] = json!("*/10 * * * *");
    let trigger = TriggerRow {
        param_mapping: config.get("prompt").map(|_| json!({ "shift": "night" })),
        next_fire_at: Some(world.now() + TimeDelta::minutes(10)),
        ..TriggerRow::new(
            TriggerId(uuid::Uuid::from_u128(0xC0FFEE)),
            (TargetKind::Agent, agent.0),
            TriggerType::Schedule,
            config,
            world.now(),
        )
    };
    world.store.create_trigger(&trigger).await.unwrap();
    TriggerId(trigger.id)
}

async fn look_at_schedules(world: &World) {
    let schedules = Schedules::new(world.given.clone(), world.hints());
    schedules.fire_due().await.unwrap();
}

#[tokio::test]
async fn a_schedule_fires_once_at_its_time() {
    let world = World::new().await;
    let vesper = world.agent("vesper").await;
    every_ten_minutes(&world, vesper, json!({ "prompt": "Water the plants." })).await;
    look_at_schedules(&world).await;
    world.pass(TimeDelta::minutes(10)).await;
    look_at_schedules(&world).await;
    look_at_schedules(&world).await;
    let turn = world.finished(vesper, 2).await;
    assert_eq!((turn.wake_source.as_str(), turn.messages), ("schedule", 1));
    assert_eq!(
        turn.wake_payload.unwrap()["payload"],
        json!({ "shift": "night" })
    );
    assert!(turn.prompt_used.contains("Water the plants."));
    let trigger = world
        .store
        .triggers(TargetKind::Agent, vesper.0)
        .await
        .unwrap()
        .remove(0);
    assert_eq!(trigger.last_fired_at, Some(world.now()));
    assert_eq!(
        trigger.next_fire_at,
        Some(world.now() + TimeDelta::minutes(10))
    );
    assert_eq!(world.mail(vesper).await.len(), 2);
}

#[tokio::test]
async fn a_schedule_that_was_missed_often_fires_once() {
    let mut world = World::new().await;
    let vesper = world.agent("vesper").await;
    every_ten_minutes(&world, vesper, json!({})).await;
    world.stop().await;
    world.start_again().await;
    world.pass(TimeDelta::minutes(65)).await;
    look_at_schedules(&world).await;
    world.finished(vesper, 2).await;
    look_at_schedules(&world).await;
    world.waits(vesper, "no mail").await;
    assert_eq!(
        world.mail(vesper).await.len(),
        2,
        "the mission and one tick"
    );
    let trigger = world
        .store
        .triggers(TargetKind::Agent, vesper.0)
        .await
        .unwrap()
        .remove(0);
    assert_eq!(
        trigger.next_fire_at,
        Some(world.now() + TimeDelta::minutes(5))
    );
}

#[tokio::test]
async fn a_tick_on_top_of_a_tick_that_still_waits_is_left_out() {
    let world = World::new().await;
    let vesper = world.agent("vesper").await;
    every_ten_minutes(&world, vesper, json!({})).await;
    world.want(vesper, Intent::Pause).await;
    world.stands(vesper, "paused").await;
    for _tick in 0..3 {
        world.pass(TimeDelta::minutes(10)).await;
        look_at_schedules(&world).await;
    }
    assert_eq!(world.row(vesper).await.inbox_pending, 1);
    world.want(vesper, Intent::Resume).await;
    let turn = world.finished(vesper, 2).await;
    assert!(turn.prompt_used.contains("# Tick"), "{}", turn.prompt_used);
}
