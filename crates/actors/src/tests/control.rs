//! What people want of an agent whose turn runs: the turn is over at once, its process soon after,
//! and whatever it still says counts for nothing.

use chrono::TimeDelta;
use optio_domain::{
    agent::Intent,
    id::{AgentId, RunId},
    wire::runner::ToRunner,
};

use super::{
    runners::{Mood, Play},
    world::{World, place},
};

/// Longer than anybody may take to end a run that was asked to end.
const STOP_MAX: TimeDelta = TimeDelta::milliseconds(3_500);

/// An agent in the middle of its second turn, which was opened by `hello`.
async fn busy(world: &World) -> (AgentId, RunId) {
    let vesper = world.agent("vesper").await;
    world.plays(vesper, [Play::Holds(vec!["session s-1"])]);
    world.write(vesper, "hello").await;
    let run = world.running(vesper).await;
    (vesper, run)
}

async fn stopped(world: &World, agent: AgentId, run: RunId) {
    world
        .until("the runner was told to stop", async || {
            let heard = world.fleet.heard(place(agent));
            heard.contains(&ToRunner::Stop { run }).then_some(())
        })
        .await;
}

async fn turn_is_cancelled_and_its_mail_is_back(world: &World, agent: AgentId) {
    let turn = world.finished(agent, 2).await;
    assert_eq!(turn.halt_reason.as_deref(), Some("cancelled"));
    assert_eq!(turn.error, None);
    let message = world.message(agent, "hello").await;
    assert_eq!((message.state.as_str(), message.attempts), ("pending", 0));
    assert_eq!(world.row(agent).await.consecutive_failures, 0);
}

#[tokio::test]
async fn pausing_ends_the_turn_at_once_and_gives_its_mail_back_untouched() {
    let world = World::new().await;
    let (vesper, run) = busy(&world).await;
    let before = world.actor(vesper).await.epoch;
    world.want(vesper, Intent::Pause).await;

    world.stands(vesper, "paused").await;
    turn_is_cancelled_and_its_mail_is_back(&world, vesper).await;
    stopped(&world, vesper, run).await;
    assert_eq!(world.actor(vesper).await.epoch, before + 1);
    let wait = world.waits(vesper, "paused").await;
    assert_eq!(
        (wait.holder.as_str(), wait.until),
        ("a person: resume it", None)
    );
    world
        .until("its sandbox is retired", async || {
            (!world.fleet.alive(place(vesper))).then_some(())
        })
        .await;

    world.write(vesper, "more").await;
    world.want(vesper, Intent::Resume).await;
    let next = world.finished(vesper, 3).await;
    assert_eq!(next.messages, 2, "{}", next.prompt_used);
    assert_eq!(
        world.fleet.specs(place(vesper))[2].args,
        ["--resume", "s-1"]
    );
}

#[tokio::test]
async fn what_a_cancelled_run_still_says_is_refused_and_shown_and_changes_nothing() {
    let world = World::new().await;
    let (vesper, run) = busy(&world).await;
    world.fleet.deafen(place(vesper));
    world.want(vesper, Intent::Pause).await;
    turn_is_cancelled_and_its_mail_is_back(&world, vesper).await;

    world
        .fleet
        .finishes(place(vesper), run, &["session s-late", "done 9 9 9 Late."])
        .await;
    world.waits(vesper, "paused").await;

    let turn = world.finished(vesper, 2).await;
    assert_eq!(
        (turn.halt_reason.as_deref(), turn.summary),
        (Some("cancelled"), None)
    );
    let agent = world.row(vesper).await;
    assert_eq!(agent.total_cost_usd.to_string(), "0");
    assert_eq!(agent.session_id.as_deref(), Some("s-1"));
    let refused = world.store.refused(vesper.into(), 10).await.unwrap();
    assert_eq!(refused.len(), 3, "two lines and the end: {refused:?}");
    for report in refused {
        assert_eq!(
            (report.run_id, report.reason.as_str()),
            (run.0, "the turn is over")
        );
        assert!(Some(report.epoch) < report.current_epoch);
    }
}

#[tokio::test]
async fn reports_of_an_epoch_that_never_was_are_refused_and_shown_at_the_agent() {
    let world = World::new().await;
    let vesper = world.agent("vesper").await;
    world.fleet.shift_epoch(place(vesper), 7);
    world.plays(vesper, [Play::Holds(vec!["done 9 9 9 Forged."])]);
    world.write(vesper, "hello").await;
    world
        .until("the reports are shown", async || {
            let refused = world.store.refused(vesper.into(), 10).await.unwrap();
            (refused.len() == 2).then_some(())
        })
        .await;
    world.stands(vesper, "provisioning").await;
    assert_eq!(world.row(vesper).await.total_cost_usd.to_string(), "0");
    let run = world.fleet.run(place(vesper)).unwrap();
    world.fleet.finishes(place(vesper), run, &[]).await;
    let heard = world.fleet.heard(place(vesper));
    assert!(
        heard.contains(&ToRunner::Forget { run }),
        "an end is not repeated for ever"
    );
}

#[tokio::test]
async fn no_turn_is_opened_before_the_old_run_is_gone() {
    let world = World::new().await;
    let (vesper, run) = busy(&world).await;
    world.fleet.deafen(place(vesper));
    world.want(vesper, Intent::Restart).await;
    turn_is_cancelled_and_its_mail_is_back(&world, vesper).await;
    stopped(&world, vesper, run).await;

    let wait = world.waits(vesper, "an old run to end").await;
    assert_eq!(wait.until, Some(world.now() + STOP_MAX));
    world.write(vesper, "more").await;
    world.pass(STOP_MAX - TimeDelta::milliseconds(1)).await;
    world.waits(vesper, "an old run to end").await;
    assert_eq!(
        (
            world.turns(vesper).await.len(),
            world.fleet.run(place(vesper))
        ),
        (2, Some(run))
    );

    world.pass(TimeDelta::milliseconds(1)).await;
    let next = world.finished(vesper, 3).await;
    assert_eq!(next.messages, 2);
    let (_ensured, retired, _destroyed) = world.fleet.asked(place(vesper));
    assert_eq!(retired, 1);
    assert_eq!(world.fleet.runs_peak(), 1, "never two runs of one agent");
}

#[tokio::test]
async fn a_runner_that_is_away_cannot_keep_an_old_run_alive() {
    let world = World::new().await;
    let (vesper, _run) = busy(&world).await;
    world.fleet.hangs_up(place(vesper));
    world.want(vesper, Intent::Pause).await;
    world
        .until("the sandbox is retired", async || {
            (!world.fleet.alive(place(vesper))).then_some(())
        })
        .await;
    world.waits(vesper, "paused").await;
    assert_eq!(world.fleet.runs(), []);
}

#[tokio::test]
async fn restarting_forgets_the_session_and_does_the_mail_again() {
    let world = World::new().await;
    let (vesper, _run) = busy(&world).await;
    world.want(vesper, Intent::Restart).await;
    let next = world.finished(vesper, 3).await;
    assert!(next.prompt_used.contains("hello"));
    assert_eq!(
        world.fleet.specs(place(vesper))[2].args,
        Vec::<String>::new()
    );
    assert_eq!(world.message(vesper, "hello").await.state, "consumed");
}

#[tokio::test]
async fn archiving_is_final() {
    let world = World::new().await;
    let (vesper, run) = busy(&world).await;
    world.want(vesper, Intent::Archive).await;
    world.stands(vesper, "archived").await;
    turn_is_cancelled_and_its_mail_is_back(&world, vesper).await;
    stopped(&world, vesper, run).await;
    let wait = world.waits(vesper, "archived").await;
    assert_eq!(
        (wait.holder.as_str(), wait.until),
        ("nobody: archived is final", None)
    );

    for intent in [Intent::Resume, Intent::Restart, Intent::Pause] {
        world.want(vesper, intent).await;
        world
            .until("the wish is disregarded", async || {
                world.row(vesper).await.intent.is_none().then_some(())
            })
            .await;
        world.stands(vesper, "archived").await;
    }
    world.write(vesper, "anybody there?").await;
    world.pass(TimeDelta::hours(1)).await;
    world.waits(vesper, "archived").await;
    assert_eq!(world.turns(vesper).await.len(), 2);
}

#[tokio::test]
async fn deleting_ends_the_run_removes_the_place_and_every_trace() {
    let world = World::new().await;
    let (vesper, run) = busy(&world).await;
    world.want(vesper, Intent::Delete).await;
    assert_eq!(
        world.store.agent(vesper).await.unwrap(),
        None,
        "hidden at once"
    );
    stopped(&world, vesper, run).await;
    world
        .until("nothing is left", async || {
            let actor = world.store.actor(vesper.into()).await.unwrap();
            actor.is_none().then_some(())
        })
        .await;
    assert_eq!(world.fleet.asked(place(vesper)).2, 1);
    assert_eq!(world.fleet.runs(), []);
    assert_eq!(world.mail(vesper).await, []);
    assert_eq!(world.turns(vesper).await, []);
}

#[tokio::test]
async fn a_place_that_cannot_be_removed_now_is_removed_later() {
    let world = World::new().await;
    let vesper = world.agent("vesper").await;
    world.waits(vesper, "no mail").await;
    world.fleet.mood(Mood::Busy);
    world.want(vesper, Intent::Delete).await;
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
    world
        .until("nothing is left", async || {
            let actor = world.store.actor(vesper.into()).await.unwrap();
            actor.is_none().then_some(())
        })
        .await;
}

#[tokio::test]
async fn resuming_an_agent_that_runs_leaves_its_turn_alone() {
    let world = World::new().await;
    let (vesper, run) = busy(&world).await;
    let before = world.actor(vesper).await.epoch;
    world.want(vesper, Intent::Resume).await;
    world
        .until("the wish is met", async || {
            world.row(vesper).await.intent.is_none().then_some(())
        })
        .await;
    assert_eq!(world.actor(vesper).await.epoch, before);
    world
        .fleet
        .finishes(place(vesper), run, &["done 0 0 0 ok"])
        .await;
    assert_eq!(
        world.finished(vesper, 2).await.halt_reason.as_deref(),
        Some("natural")
    );
}

#[tokio::test]
async fn the_time_limit_closes_a_turn_even_when_the_runner_is_silent() {
    let world = World::new().await;
    let (vesper, run) = busy(&world).await;
    world.fleet.deafen(place(vesper));
    world.pass(TimeDelta::minutes(10)).await;
    let wait = world.waits_a_while(vesper, "the agent's work").await;
    assert_eq!(
        wait.until,
        Some(world.now() + TimeDelta::seconds(10)),
        "the runner says so first"
    );
    world.pass(TimeDelta::seconds(10)).await;
    let turn = world.finished(vesper, 2).await;
    assert_eq!(turn.halt_reason.as_deref(), Some("max_duration"));
    assert_eq!(turn.error_class.as_deref(), Some("timeout"));
    stopped(&world, vesper, run).await;
    world.pass(STOP_MAX).await;
    world
        .until("its process is gone", async || {
            world.fleet.runs().is_empty().then_some(())
        })
        .await;
    assert_eq!(world.row(vesper).await.consecutive_failures, 1);
}

#[tokio::test]
async fn a_stop_message_ends_the_turn_and_its_mail_feeds_the_next() {
    let world = World::new().await;
    let (vesper, run) = busy(&world).await;
    let before = world.actor(vesper).await.epoch;
    world.fleet.deafen(place(vesper));
    assert!(world.tell_to_stop(vesper).await, "a turn was open");
    turn_is_cancelled_and_its_mail_is_back(&world, vesper).await;
    stopped(&world, vesper, run).await;
    assert!(before < world.actor(vesper).await.epoch);
    world.pass(STOP_MAX).await;
    let next = world.finished(vesper, 3).await;
    assert_eq!(next.messages, 1, "{}", next.prompt_used);
    assert_eq!(world.message(vesper, "hello").await.state, "consumed");
    world.waits(vesper, "no mail").await;
    assert!(!world.tell_to_stop(vesper).await, "no turn is open");
}
