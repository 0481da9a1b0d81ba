//! Parts of the node that fail, and the node itself.

use std::process::Command;

use serde_json::json;

use super::place::{Place, ready, told, until_runs, until_why};
use crate::world::{running, unique};

/// Breaks a part of the node, or mends it.
fn node(act: &str, part: &str) {
    let ctl = told("OPTIO_TEST_NODE_CTL");
    let words: Vec<&str> = ctl.split(' ').chain([act, part]).collect();
    let status = Command::new(words[0]).args(&words[1..]).status().unwrap();
    assert!(status.success(), "{words:?}");
}

/// Mends a part of the node, however the test ends.
struct Broken(&'static str, &'static str);

impl Broken {
    fn by(act: &str, part: &'static str, mend: &'static str) -> Self {
        node(act, part);
        Self(mend, part)
    }
}

impl Drop for Broken {
    fn drop(&mut self) {
        node(self.0, self.1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_goes_on_while_the_api_server_is_away_and_new_ones_wait_for_it() {
    let place = Place::new();
    let mut world = place.plan().start().await;
    let busy = ready(&mut world, "busy", "sticky").await;
    let witness = format!("20.{}", unique());
    world
        .send(&busy, &format!("run: sleep {witness}; echo through"))
        .await;
    until_runs(&mut world, &format!("sleep {witness}")).await;
    let broken = Broken::by("kill", "apiserver", "start");
    let other = world
        .create("other", json!({ "podLifecycle": "on-demand" }))
        .await;
    until_why(
        &mut world,
        "other",
        &["Kubernetes API", "sandboxes that run go on"],
    )
    .await;
    let turn = world.until_done(&busy, 2).await;
    assert!(
        turn["summary"].as_str().unwrap().contains("through"),
        "{turn}"
    );
    drop(broken);
    world.until_done(&other, 1).await;
    world.delete(&busy).await;
    world.delete(&other).await;
    place.end(world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_outlives_a_kubelet_that_is_killed() {
    let place = Place::new();
    let mut world = place.plan().start().await;
    let busy = ready(&mut world, "busy", "sticky").await;
    let witness = format!("15.{}", unique());
    world
        .send(&busy, &format!("run: sleep {witness}; echo through"))
        .await;
    until_runs(&mut world, &format!("sleep {witness}")).await;
    let broken = Broken::by("kill", "kubelet", "start");
    let other = world
        .create("other", json!({ "podLifecycle": "on-demand" }))
        .await;
    let turn = world.until_done(&busy, 2).await;
    assert!(
        turn["summary"].as_str().unwrap().contains("through"),
        "{turn}"
    );
    drop(broken);
    world.until_done(&other, 1).await;
    world.delete(&busy).await;
    world.delete(&other).await;
    place.end(world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_server_that_hangs_for_a_minute_holds_up_new_pods_only() {
    let place = Place::new();
    let mut world = place.plan().start().await;
    let busy = ready(&mut world, "busy", "sticky").await;
    let awake = ready(&mut world, "awake", "always-on").await;
    // The tool is the clock: a minute is over when it is.
    let witness = format!("60.{}", unique());
    world
        .send(&busy, &format!("run: sleep {witness}; echo through"))
        .await;
    until_runs(&mut world, &format!("sleep {witness}")).await;
    let broken = Broken::by("pause", "apiserver", "resume");
    let other = world
        .create("other", json!({ "podLifecycle": "on-demand" }))
        .await;
    world.send(&other, "run: echo later").await;
    // Who has a pod needs nobody but the control plane.
    world.send(&awake, "run: echo meanwhile").await;
    world.until_done(&awake, 2).await;
    let words = ["Kubernetes API", "sandboxes that run go on"];
    until_why(&mut world, "other", &words).await;
    world
        .until("a minute to pass", async |_| {
            running(&format!("sleep {witness}"))
                .is_empty()
                .then_some(())
        })
        .await;
    let turn = world.until_done(&busy, 2).await;
    assert!(
        turn["summary"].as_str().unwrap().contains("through"),
        "{turn}"
    );
    assert!(
        world
            .turns(&other)
            .await
            .iter()
            .all(|it| it["finishedAt"].is_null())
    );
    drop(broken);
    world.until_done(&other, 1).await;
    world.until_rest(&other).await;
    let mail = world.mail(&other).await;
    assert!(mail.iter().all(|it| it["state"] == "consumed"), "{mail:#?}");
    for agent in [&busy, &awake, &other] {
        world.delete(agent).await;
    }
    place.end(world).await;
}
