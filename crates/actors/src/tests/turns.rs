//! From mail to a turn, and what becomes of both.

use chrono::TimeDelta;
use optio_domain::agent::Intent;
use optio_store::mail::{Fate, Which};

use super::{
    runners::Play,
    world::{World, place},
};

const FAILS: &str = "failed the tests are red";

#[tokio::test]
async fn mail_becomes_a_turn_that_consumes_it_and_says_what_it_cost() {
    let world = World::new().await;
    let vesper = world.agent("vesper").await;
    let lines = vec![
        "session s-1",
        "model opus",
        "say hi",
        "done 0.25 100 20 Answered.",
    ];
    world.plays(vesper, [Play::Prints(lines)]);

    let sent = world.write(vesper, "hello").await;
    let turn = world.finished(vesper, 2).await;

    assert_eq!(turn.wake_source, "user");
    assert_eq!(turn.wake_payload.unwrap()["messageId"], sent.to_string());
    assert_eq!(turn.halt_reason.as_deref(), Some("natural"));
    assert_eq!(turn.cost_usd.unwrap().to_string(), "0.25");
    assert_eq!(
        (turn.input_tokens, turn.output_tokens),
        (Some(100), Some(20))
    );
    assert_eq!(turn.session_id.as_deref(), Some("s-1"));
    assert_eq!(turn.model_used.as_deref(), Some("opus"));
    assert_eq!(turn.summary.as_deref(), Some("Answered."));
    assert!(turn.prompt_used.contains("\"body\": \"hello\""));
    let message = world.message(vesper, "hello").await;
    assert_eq!(
        (message.state.as_str(), message.turn_id),
        ("consumed", Some(turn.id))
    );
    let agent = world.row(vesper).await;
    assert_eq!(agent.total_cost_usd.to_string(), "0.25");
    assert_eq!((agent.turns_taken, agent.inbox_pending), (2, 0));
    let lines = world
        .store
        .turn_logs(optio_domain::id::TurnId(turn.id), None, 10)
        .await
        .unwrap();
    let said: Vec<_> = lines
        .iter()
        .map(|line| line.data["content"].clone())
        .collect();
    assert_eq!(said, ["hi"]);
}

#[tokio::test]
async fn the_next_turn_resumes_the_session_of_the_last() {
    let world = World::new().await;
    let prints = Play::Prints(vec!["session s-9", "done 0 0 0 ok"]);
    let vesper = world.new_agent("vesper", |_| {}, [prints]).await;
    world.finished(vesper, 1).await;
    world.write(vesper, "again").await;
    world.finished(vesper, 2).await;
    let args: Vec<_> = world
        .fleet
        .specs(place(vesper))
        .into_iter()
        .map(|spec| spec.args)
        .collect();
    assert_eq!(
        args,
        [vec![], vec!["--resume".to_owned(), "s-9".to_owned()]]
    );
}

#[tokio::test]
async fn a_run_carries_its_token_among_the_secrets_and_nowhere_else() {
    let world = World::new().await;
    let vesper = world.agent("vesper").await;
    let spec = world.fleet.specs(place(vesper)).remove(0);
    let token = &spec.secrets["OPTIO_AGENT_TOKEN"];
    let claims = world.given.signer.read_turn(token).unwrap();
    assert_eq!(
        (claims.agent, claims.turn.0, claims.epoch),
        (vesper, spec.run.0, spec.epoch)
    );
    assert!(
        spec.env
            .values()
            .chain(&spec.args)
            .all(|text| !text.contains(token))
    );
    assert_eq!(spec.env["OPTIO_PERSISTENT_AGENT_SLUG"], "vesper");
}

#[tokio::test]
async fn the_mission_is_given_by_the_first_turn_and_by_no_other() {
    let world = World::new().await;
    let vesper = world.agent("vesper").await;
    world.write(vesper, "hello").await;
    let second = world.finished(vesper, 2).await;
    let first = world.finished(vesper, 1).await;
    assert_eq!(first.wake_source, "initial");
    assert_eq!(first.prompt_used.matches("Greet the team.").count(), 1);
    assert!(
        !second.prompt_used.contains("Greet the team."),
        "{}",
        second.prompt_used
    );
}

#[tokio::test]
async fn the_mission_is_given_again_after_a_failed_first_turn() {
    let world = World::new().await;
    let plays = [Play::Prints(vec![FAILS])];
    let vesper = world.new_agent("vesper", |_| {}, plays).await;
    let failed = world.finished(vesper, 1).await;
    world.waits(vesper, "a pause after failure 1").await;
    world.write(vesper, "hello").await;
    world.pass(TimeDelta::seconds(3)).await;
    let second = world.finished(vesper, 2).await;
    world.write(vesper, "more").await;
    let third = world.finished(vesper, 3).await;
    for (turn, times) in [(&failed, 1), (&second, 1), (&third, 0)] {
        let given = turn.prompt_used.matches("Greet the team.").count();
        assert_eq!(given, times, "turn {}", turn.turn_number);
    }
    assert!(second.prompt_used.contains("hello"));
}

#[tokio::test]
async fn a_pause_does_not_outlast_a_clock_that_is_set_back() {
    let world = World::new().await;
    let vesper = world.agent("vesper").await;
    world.plays(vesper, [Play::Prints(vec![FAILS])]);
    world.write(vesper, "hello").await;
    world.waits(vesper, "a pause after failure 1").await;
    world.pass(TimeDelta::hours(-1)).await;
    world.finished(vesper, 3).await;
}

#[tokio::test]
async fn a_failed_turn_gives_its_mail_back_and_counts() {
    let world = World::new().await;
    let vesper = world.agent("vesper").await;
    world.plays(vesper, [Play::Prints(vec![FAILS])]);
    world.write(vesper, "hello").await;

    let turn = world.finished(vesper, 2).await;
    assert_eq!(turn.halt_reason.as_deref(), Some("error"));
    assert_eq!(turn.error_class.as_deref(), Some("crash"));
    assert!(turn.error.unwrap().contains("the tests are red"));
    let message = world.message(vesper, "hello").await;
    assert_eq!((message.state.as_str(), message.attempts), ("pending", 1));
    let agent = world.row(vesper).await;
    assert_eq!((agent.consecutive_failures, agent.inbox_pending), (1, 1));

    let wait = world.waits(vesper, "a pause after failure 1").await;
    assert_eq!(wait.until, Some(world.now() + TimeDelta::seconds(2)));
    world.pass(TimeDelta::seconds(2)).await;
    world.finished(vesper, 3).await;
    assert_eq!(world.message(vesper, "hello").await.state, "consumed");
    assert_eq!(world.row(vesper).await.consecutive_failures, 0);
}

#[tokio::test]
async fn a_message_that_five_turns_failed_on_is_a_dead_letter_until_a_person_replays_it() {
    let world = World::new().await;
    let stubborn = |spec: &mut optio_domain::agent::spec::AgentSpec| {
        spec.consecutive_failure_limit = 100;
    };
    let vesper = world.agent_with("vesper", stubborn).await;
    world.plays(vesper, vec![Play::Prints(vec![FAILS]); 5]);
    let poison = world.write(vesper, "poison").await;
    for turn in 2..=6 {
        world.finished(vesper, turn).await;
        world
            .waits(vesper, if turn < 6 { "a pause" } else { "no mail" })
            .await;
        world.pass(TimeDelta::minutes(5)).await;
    }
    let dead = world.message(vesper, "poison").await;
    assert_eq!((dead.state.as_str(), dead.attempts), ("dead", 5));
    let reason = dead.dead_reason.unwrap();
    assert!(
        reason.contains("5 turns") && reason.contains("the tests are red"),
        "{reason}"
    );
    assert_eq!(world.row(vesper).await.inbox_pending, 0);

    let (which, fate) = (Which::One(poison), Fate::Replay);
    let replayed = world.store.settle_dead(which, fate, world.now(), 1).await;
    assert_eq!(replayed.unwrap().count, 1);
    world.hints().look(vesper.into());
    world.finished(vesper, 7).await;
    assert_eq!(world.message(vesper, "poison").await.state, "consumed");
}

#[tokio::test]
async fn an_agent_that_fails_too_often_in_a_row_is_failed_and_resuming_forgives() {
    let world = World::new().await;
    let vesper = world.agent("vesper").await;
    world.plays(vesper, vec![Play::Prints(vec![FAILS]); 3]);
    world.write(vesper, "hello").await;
    for turn in 2..=4 {
        world.finished(vesper, turn).await;
        if turn < 4 {
            world.waits(vesper, "a pause").await;
            world.pass(TimeDelta::minutes(5)).await;
        }
    }
    world.stands(vesper, "failed").await;
    let wait = world.waits(vesper, "failed too often in a row").await;
    assert_eq!(
        (wait.holder.as_str(), wait.until),
        ("a person: resume it", None)
    );
    let agent = world.row(vesper).await;
    assert_eq!(agent.last_failure_class.as_deref(), Some("crash"));
    assert_eq!((agent.consecutive_failures, agent.inbox_pending), (3, 1));

    world.want(vesper, Intent::Resume).await;
    world.finished(vesper, 5).await;
    assert_eq!(world.row(vesper).await.consecutive_failures, 0);
    assert_eq!(world.message(vesper, "hello").await.state, "consumed");
}

#[tokio::test]
async fn a_rate_limit_is_waited_out_without_counting_and_the_agent_goes_on_by_itself() {
    let world = World::new().await;
    let vesper = world.agent("vesper").await;
    let limited = Play::Prints(vec!["limit 2026-01-01T14:00:00Z", "failed 429"]);
    world.plays(vesper, [limited]);
    world.write(vesper, "hello").await;

    let turn = world.finished(vesper, 2).await;
    assert_eq!(turn.error_class.as_deref(), Some("rate_limit"));
    let wait = world.waits(vesper, "rate limit").await;
    assert_eq!(
        wait.until,
        Some(world.now() + TimeDelta::minutes(5)),
        "its sandbox's window"
    );
    let agent = world.row(vesper).await;
    assert_eq!((agent.consecutive_failures, agent.rate_limits), (0, 1));
    assert_eq!(
        agent.hold.unwrap().until,
        "2026-01-01T14:00:00Z"
            .parse::<chrono::DateTime<chrono::Utc>>()
            .unwrap()
    );
    let message = world.message(vesper, "hello").await;
    assert_eq!((message.state.as_str(), message.attempts), ("pending", 0));

    world.pass(TimeDelta::minutes(119)).await;
    world
        .until("the sandbox was retired", async || {
            (!world.fleet.alive(place(vesper))).then_some(())
        })
        .await;
    world.waits(vesper, "rate limit").await;
    assert_eq!(world.turns(vesper).await.len(), 2);
    world.pass(TimeDelta::minutes(1)).await;
    world.finished(vesper, 3).await;
    let agent = world.row(vesper).await;
    assert_eq!((agent.rate_limits, agent.hold), (0, None));
}

#[tokio::test]
async fn a_session_the_vendor_forgot_is_forgotten_and_the_turn_is_tried_again_at_once() {
    let world = World::new().await;
    let plays = [
        Play::Prints(vec!["session s-1", "done 0 0 0 ok"]),
        Play::Prints(vec!["unknown-session"]),
        Play::Prints(vec!["session s-2", "done 0 0 0 ok"]),
    ];
    let vesper = world.new_agent("vesper", |_| {}, plays).await;
    world.finished(vesper, 1).await;
    world.write(vesper, "hello").await;
    // No time passes: it is not a failure of the agent.
    world.finished(vesper, 3).await;
    let second = world.finished(vesper, 2).await;
    assert_eq!(second.error_class.as_deref(), Some("session"));
    assert_eq!(world.row(vesper).await.consecutive_failures, 0);
    assert_eq!(world.row(vesper).await.session_id.as_deref(), Some("s-2"));
    assert_eq!(
        world.fleet.specs(place(vesper))[2].args,
        Vec::<String>::new()
    );
    assert_eq!(world.message(vesper, "hello").await.attempts, 0);
}

#[tokio::test]
async fn mail_that_comes_during_a_turn_feeds_the_next_one_in_order() {
    let world = World::new().await;
    let vesper = world.agent("vesper").await;
    world.plays(vesper, [Play::Holds(vec![])]);
    world.write(vesper, "one").await;
    let run = world.running(vesper).await;
    world.write(vesper, "two").await;
    world.write(vesper, "three").await;
    world
        .fleet
        .finishes(place(vesper), run, &["done 0 0 0 ok"])
        .await;
    let next = world.finished(vesper, 3).await;
    assert_eq!(next.messages, 2);
    let (two, three) = (next.prompt_used.find("two"), next.prompt_used.find("three"));
    assert!(two.unwrap() < three.unwrap());
    assert_eq!(world.turns(vesper).await.len(), 3);
}
