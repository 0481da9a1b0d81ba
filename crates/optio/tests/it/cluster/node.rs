//! Parts of the node that fail, and the node itself.

use std::process::Command;

use rustix::process::Signal;
use serde_json::json;

use super::place::{Place, kubectl, ready, told, until_runs, until_why};
use crate::world::{Process, marked, running, signal, unique};

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

/// Processes that do nothing until this is dropped.
struct Hung(Vec<Process>);

impl Hung {
    fn all_of(agent: &str) -> Self {
        let found = marked(&[agent.to_owned()]);
        found.iter().for_each(|it| signal(it.pid, Signal::STOP));
        Self(found)
    }
}

impl Drop for Hung {
    fn drop(&mut self) {
        self.0.iter().for_each(|it| signal(it.pid, Signal::CONT));
    }
}

/// The runners of an agent, wherever they run.
fn runners(agent: &str) -> usize {
    let found = marked(&[agent.to_owned()]);
    let runners = found
        .iter()
        .filter(|it| it.command.contains("optio-runner"));
    runners.count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_gone_for_good_is_named_and_no_second_agent_is_started_before_it_is() {
    let place = Place::new();
    let mut world = place.plan().start().await;
    let agent = ready(&mut world, "pat", "sticky").await;
    let witness = format!("303.{}", unique());
    world
        .send(
            &agent,
            &format!("run: [ -e once ] || {{ touch once; sleep {witness}; }}; echo told"),
        )
        .await;
    until_runs(&mut world, &format!("sleep {witness}")).await;
    let first = place.pods()[&agent]["metadata"]["uid"].clone();
    let node = place.pods()[&agent]["spec"]["nodeName"]
        .as_str()
        .unwrap()
        .to_owned();
    // The whole machine hangs. Nobody can say whether the agent still works there.
    let hung = Hung::all_of(&agent);
    let containers = Broken::by("kill", "containerd", "start");
    let kubelet = Broken::by("kill", "kubelet", "start");
    world
        .until("the node to be given up", async |_| {
            let pods = place.pods();
            let conditions = pods[&agent]["status"]["conditions"].as_array()?;
            let unready = |it: &&serde_json::Value| it["type"] == "Ready" && it["status"] != "True";
            conditions.iter().find(unready).map(drop)
        })
        .await;
    until_why(&mut world, "pat", &[&node, "does not answer Kubernetes"]).await;
    // A control plane that comes anew knows no more than the cluster does.
    world.kill9();
    world.start().await;
    until_why(&mut world, "pat", &[&node, "does not answer Kubernetes"]).await;
    assert_eq!(place.pods()[&agent]["metadata"]["uid"], first);
    assert_eq!(runners(&agent), 1);
    // A person says that the node is gone for good, and its pods with it.
    given_up(&place, &node, &agent);
    until_why(&mut world, "pat", &["no node has room"]).await;
    assert_eq!(runners(&agent), 1, "none but the one that nobody can reach");
    // The machine was not gone after all: its node ends what it does not know any more.
    drop(hung);
    drop(containers);
    drop(kubelet);
    let turn = world.until_done(&agent, 3).await;
    assert!(turn["summary"].as_str().unwrap().contains("told"), "{turn}");
    assert_ne!(place.pods()[&agent]["metadata"]["uid"], first);
    world.delete(&agent).await;
    place.end(world).await;
}

/// Takes a node and a pod of it from the cluster, whatever they do.
fn given_up(place: &Place, node: &str, agent: &str) {
    let deleted = kubectl(&["delete", "node", node]);
    assert!(deleted.status.success(), "{deleted:?}");
    let pod = format!("optio-{agent}");
    place.kubectl(&[
        "delete",
        "pod",
        &pod,
        "--force",
        "--grace-period=0",
        "--ignore-not-found",
    ]);
}
