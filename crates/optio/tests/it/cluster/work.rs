//! What agents and tasks do, in pods.

use serde_json::json;

use super::place::Place;
use crate::{forge::Forge, world::World};

async fn begun(place: &Place) -> World {
    place.plan().start().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_answers_in_a_pod_that_goes_after_the_turn() {
    let place = Place::new();
    let mut world = begun(&place).await;
    let agent = world
        .create("pat", json!({ "podLifecycle": "on-demand" }))
        .await;
    world.until_done(&agent, 1).await;
    world
        .send(
            &agent,
            "run: id -u; pwd; cat /proc/1/cmdline | tr '\\0' ' '",
        )
        .await;
    let turn = world.until_done(&agent, 2).await;
    let said = turn["summary"].as_str().unwrap_or_default();
    assert!(said.contains("1001"), "{said}");
    world
        .until("the pod to be gone", async |_| {
            place.pods().is_empty().then_some(())
        })
        .await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_files_of_a_sticky_agent_outlive_its_pod() {
    let place = Place::new();
    let mut world = begun(&place).await;
    let agent = world
        .create("pat", json!({ "podLifecycle": "sticky" }))
        .await;
    world.until_done(&agent, 1).await;
    world.send(&agent, "run: echo kept > note").await;
    world.until_done(&agent, 2).await;
    let first = place.pods()[&agent]["metadata"]["uid"].clone();
    place.kubectl(&["delete", "pod", &format!("optio-{agent}"), "--wait=true"]);
    world.send(&agent, "run: cat note").await;
    let turn = world.until_done(&agent, 3).await;
    assert!(
        turn["summary"]
            .as_str()
            .unwrap_or_default()
            .contains("kept"),
        "{turn}"
    );
    assert_ne!(place.pods()[&agent]["metadata"]["uid"], first);
    world.delete(&agent).await;
    world
        .until("pod and claim to be gone", async |_| {
            (place.pods().is_empty() && place.all("pvc").is_empty()).then_some(())
        })
        .await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issue_becomes_a_merged_pull_request_in_a_pod() {
    let place = Place::new();
    let plays = json!([
        { "checks": [{ "name": "ci", "conclusion": "success" }] },
    ]);
    let any = std::net::SocketAddr::new(place.host, 0);
    let mut forge = Forge::at(any, plays, &[], async |plan| place.over(plan).start().await).await;
    let task = forge.create("run: sh work.sh").await;
    forge.until_state(&task, "pr_opened").await;
    forge.merge().await;
    forge.until_state(&task, "completed").await;
    forge.until_issue_closed().await;
    forge.world.end().await;
}
