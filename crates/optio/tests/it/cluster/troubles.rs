//! What goes wrong in a cluster, and what is said about it.

use std::time::Duration;

use serde_json::json;

use super::place::{Place, kubectl, ready, until_runs, until_why};
use crate::world::{World, unique};

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_that_is_deleted_under_a_turn_gives_the_mail_back_and_says_why() {
    let place = Place::new();
    let mut world = place.plan().start().await;
    let agent = ready(&mut world, "pat", "sticky").await;
    let witness = format!("301.{}", unique());
    world
        .send(
            &agent,
            &format!("run: [ -e once ] || {{ touch once; sleep {witness}; }}; echo told"),
        )
        .await;
    until_runs(&mut world, &format!("sleep {witness}")).await;
    place.kubectl(&["delete", "pod", &format!("optio-{agent}"), "--wait=false"]);
    let turn = world.until_turn(&agent, 2).await;
    assert_ne!(turn["haltReason"], "natural", "{turn}");
    assert!(
        turn["error"].as_str().unwrap().contains("pod was deleted"),
        "{turn}"
    );
    // Its mail is fed again, to a pod with the same files.
    let turn = world.until_done(&agent, 3).await;
    assert!(turn["summary"].as_str().unwrap().contains("told"), "{turn}");
    world.delete(&agent).await;
    place.end(world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_is_not_there_makes_one_pod_and_is_named() {
    let place = Place::new();
    let mut world = place
        .plan()
        .set("OPTIO_AGENT_IMAGE", "registry.invalid/nobody:9")
        .set("OPTIO_LIMITS_PROVISION_MS_MAX", "15000")
        .start()
        .await;
    let agent = world
        .create("pat", json!({ "podLifecycle": "on-demand" }))
        .await;
    until_why(
        &mut world,
        "pat",
        &["registry.invalid/nobody:9", "cannot be pulled"],
    )
    .await;
    assert_eq!(place.pods().len(), 1);
    let turn = world.until_turn(&agent, 1).await;
    assert!(
        turn["error"]
            .as_str()
            .unwrap()
            .contains("registry.invalid/nobody:9"),
        "{turn}"
    );
    assert!(place.pods().len() <= 1);
    world.delete(&agent).await;
    place.end(world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_that_is_used_up_is_waited_for_and_said() {
    let place = Place::new();
    place.apply(&json!({
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": { "name": "small" },
        "spec": { "hard": { "pods": "1" } },
    }));
    let mut world = place.plan().start().await;
    let first = ready(&mut world, "first", "always-on").await;
    let second = world
        .create("second", json!({ "podLifecycle": "on-demand" }))
        .await;
    until_why(
        &mut world,
        "second",
        &["quota is used up", "raise the quota"],
    )
    .await;
    world.delete(&first).await;
    world.until_done(&second, 1).await;
    world.delete(&second).await;
    place.end(world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_that_no_node_has_room_for_is_said() {
    let place = Place::new();
    let huge = r#"{"requests":{"cpu":"900"}}"#;
    let mut world = place
        .plan()
        .set("OPTIO_AGENT_RESOURCES", huge)
        .start()
        .await;
    let agent = world
        .create("pat", json!({ "podLifecycle": "on-demand" }))
        .await;
    until_why(&mut world, "pat", &["no node has room", "cpu"]).await;
    world.delete(&agent).await;
    place.end(world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_takes_too_much_memory_is_ended_and_its_mail_comes_back() {
    let place = Place::new();
    let small = r#"{"requests":{"cpu":"20m","memory":"64Mi"},"limits":{"memory":"400Mi"}}"#;
    let mut world = place
        .plan()
        .set("OPTIO_AGENT_RESOURCES", small)
        .start()
        .await;
    let agent = ready(&mut world, "pat", "sticky").await;
    let eat = "[ -e once ] && echo spared || { touch once; head -c 2000m /dev/zero | tail -c 1900m | wc -c; }";
    world.send(&agent, &format!("run: {eat}")).await;
    // Whether the tool, the agent or the whole pod is killed is the kernel's choice; nothing is lost either way.
    world.until_turn(&agent, 2).await;
    world.until_rest(&agent).await;
    world.send(&agent, "run: cat once; echo told").await;
    let told = async |world: &mut World| {
        let turns = world.turns(&agent).await;
        turns
            .iter()
            .any(|turn| {
                turn["summary"]
                    .as_str()
                    .is_some_and(|it| it.contains("told"))
            })
            .then_some(())
    };
    world.until("the agent to work on", told).await;
    world.delete(&agent).await;
    place.end(world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_goes_on_when_the_control_plane_is_killed_under_it() {
    let place = Place::new();
    let mut world = place.plan().start().await;
    let agent = ready(&mut world, "pat", "on-demand").await;
    let witness = format!("12.{}", unique());
    world
        .send(&agent, &format!("run: sleep {witness}; echo through"))
        .await;
    until_runs(&mut world, &format!("sleep {witness}")).await;
    world.kill9();
    tokio::time::sleep(Duration::from_secs(2)).await;
    world.start().await;
    let turn = world.until_done(&agent, 2).await;
    assert!(
        turn["summary"].as_str().unwrap().contains("through"),
        "{turn}"
    );
    world.delete(&agent).await;
    place.end(world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pods_whose_actor_is_gone_are_ended_and_agents_whose_pod_is_gone_get_another() {
    let place = Place::new();
    let mut world = place.plan().start().await;
    let kept = ready(&mut world, "kept", "always-on").await;
    let lost = ready(&mut world, "lost", "always-on").await;
    world.stop().await;
    // As after a backup was put back: the one is not known any more, the other has lost its pod.
    world.query(&format!("DELETE FROM sandboxes WHERE id = '{lost}'"));
    place.kubectl(&["delete", "pod", &format!("optio-{kept}")]);
    world.start().await;
    world.send(&kept, "run: echo again").await;
    world.until_done(&kept, 2).await;
    world
        .until("the stray to be ended", async |_| {
            (!place.pods().contains_key(&lost)).then_some(())
        })
        .await;
    world.delete(&kept).await;
    world.delete(&lost).await;
    place.end(world).await;
}

/// Makes a node take pods again, however the test ends.
struct Again(String);

impl Drop for Again {
    fn drop(&mut self) {
        drop(kubectl(&["uncordon", &self.0]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drained_node_ends_its_agents_and_they_go_on_where_there_is_room_again() {
    let place = Place::new();
    let mut world = place.plan().start().await;
    let agent = ready(&mut world, "pat", "sticky").await;
    let witness = format!("302.{}", unique());
    world
        .send(
            &agent,
            &format!("run: [ -e once ] || {{ touch once; sleep {witness}; }}; echo told"),
        )
        .await;
    until_runs(&mut world, &format!("sleep {witness}")).await;
    let node = place.pods()[&agent]["spec"]["nodeName"]
        .as_str()
        .unwrap()
        .to_owned();
    let drained = kubectl(&[
        "drain",
        &node,
        "--force",
        "--delete-emptydir-data",
        "--ignore-daemonsets",
        // Whatever else is on the node stays, or what an earlier test left would be waited for.
        &format!("--pod-selector=optio.dev/sandbox={agent}"),
    ]);
    let again = Again(node);
    assert!(drained.status.success(), "{drained:?}");
    until_why(&mut world, "pat", &["no node has room", "unschedulable"]).await;
    drop(again);
    let turn = world.until_done(&agent, 3).await;
    assert!(turn["summary"].as_str().unwrap().contains("told"), "{turn}");
    world.delete(&agent).await;
    place.end(world).await;
}
