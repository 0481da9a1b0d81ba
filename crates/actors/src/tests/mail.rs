//! What mail does by its class, questions that nobody answers, and agents that never rest.

use chrono::TimeDelta;
use optio_domain::{
    agent::{Intent, Lifecycle, spec::AgentSpec},
    limits::Limits,
    mail::Class,
};

use super::{
    runners::Play,
    world::{World, place},
};
use crate::asks::Asks;

#[tokio::test]
async fn a_notice_waits_for_whatever_wakes_the_agent_next() {
    let world = World::new().await;
    let vesper = world.agent("vesper").await;
    world.waits(vesper, "no mail").await;
    world.write_as(vesper, "fyi", Class::Notify).await;
    world.hints().look(vesper.into());
    world.waits(vesper, "1 of class notify").await;
    world.pass(TimeDelta::hours(1)).await;
    assert_eq!(world.turns(vesper).await.len(), 1, "a notice opened a turn");
    world.write(vesper, "work").await;
    let turn = world.finished(vesper, 2).await;
    assert_eq!(turn.messages, 2);
    assert_eq!(world.message(vesper, "fyi").await.state, "consumed");
}

#[tokio::test]
async fn an_interrupt_that_comes_during_a_turn_is_the_first_mail_of_the_next() {
    let world = World::new().await;
    // A process that is not kept for another turn takes no input either.
    let cold = |spec: &mut AgentSpec| spec.pod_lifecycle = Lifecycle::OnDemand;
    let vesper = world.agent_with("vesper", cold).await;
    world.plays(vesper, [Play::Holds(vec![])]);
    world.write(vesper, "one").await;
    let run = world.running(vesper).await;
    world.write(vesper, "two").await;
    world.write_as(vesper, "at once", Class::Interrupt).await;
    world
        .fleet
        .finishes(place(vesper), run, &["done 0 0 0 ok"])
        .await;
    let next = world.finished(vesper, 3).await;
    let place = |body: &str| next.prompt_used.find(body).unwrap();
    assert!(place("at once") < place("\"two\""));
}

#[tokio::test]
async fn a_question_nobody_answers_wakes_its_asker_once_with_words() {
    let world = World::new().await;
    let (vesper, mira) = (world.agent("vesper").await, world.agent("mira").await);
    world
        .ask(vesper, mira, "which port?", TimeDelta::minutes(1))
        .await;
    world.finished(mira, 2).await;
    let asks = Asks::new(world.given.clone(), world.hints());
    asks.end_due().await.unwrap();
    assert_eq!(world.turns(vesper).await.len(), 1, "too early");
    world.pass(TimeDelta::minutes(1)).await;
    let (one, other) = tokio::join!(asks.end_due(), asks.end_due());
    one.unwrap();
    other.unwrap();
    let turn = world.finished(vesper, 2).await;
    assert!(turn.prompt_used.contains("Nobody answered your question"));
    assert_eq!(turn.messages, 1);
    asks.end_due().await.unwrap();
    world.waits(vesper, "no mail").await;
    assert_eq!(world.mail(vesper).await.len(), 2, "told twice");
}

#[tokio::test]
async fn an_agent_that_never_rests_is_paused_with_the_reason_until_a_person_resumes_it() {
    let world = World::with(Limits {
        wake_turns_max: 3,
        ..Limits::default()
    })
    .await;
    let vesper = world.agent("vesper").await;
    for turn in 2..=3 {
        world.write(vesper, "again").await;
        world.finished(vesper, turn).await;
    }
    world.write(vesper, "one too many").await;
    world.stands(vesper, "paused").await;
    let wait = world.waits(vesper, "paused: the wake-rate").await;
    assert!(wait.reason.contains("3 turns within"), "{wait:?}");
    assert_eq!(
        (wait.holder.as_str(), wait.until),
        ("a person: resume it", None)
    );
    let row = world.row(vesper).await;
    assert!(row.pause_reason.unwrap().contains("wake-rate breaker"));
    assert_eq!(world.message(vesper, "one too many").await.state, "pending");
    world.want(vesper, Intent::Resume).await;
    world.finished(vesper, 4).await;
    assert_eq!(world.row(vesper).await.pause_reason, None);
    assert_eq!(
        world.message(vesper, "one too many").await.state,
        "consumed"
    );
    // The window begins anew with the resumption.
    for turn in 5..=6 {
        world.write(vesper, "again").await;
        world.finished(vesper, turn).await;
    }
    world.write(vesper, "one too many again").await;
    world.stands(vesper, "paused").await;
}

#[tokio::test]
async fn turns_that_are_far_enough_apart_never_trip() {
    let world = World::with(Limits {
        wake_turns_max: 2,
        wake_window_ms: 60_000,
        ..Limits::default()
    })
    .await;
    let vesper = world.agent("vesper").await;
    for turn in 2..=5 {
        world.pass(TimeDelta::seconds(31)).await;
        world.write(vesper, "again").await;
        world.finished(vesper, turn).await;
    }
    assert_eq!(world.row(vesper).await.pause_reason, None);
}
