//! What `optio doctor` says of a cluster.

use std::fs;

use serde_json::{Value, json};

use super::place::{ACCOUNT, Place, kubectl};
use crate::world::{Plan, World};

/// A world at a port that nobody else has.
fn plan(place: &Place) -> Plan {
    let address = place.address().to_string();
    place.plan().set("OPTIO_LISTEN", &address)
}

/// Whether all is well, and what is said.
async fn doctor(world: &World) -> (bool, String) {
    let output = world.optio(&["doctor"]).await;
    let said = String::from_utf8(output.stdout).unwrap();
    (output.status.success(), said)
}

/// A KUBECONFIG of the account of sandboxes, which may do nothing.
fn powerless(place: &Place, world: &World) -> String {
    let output = kubectl(&[
        "config",
        "view",
        "--minify",
        "--flatten",
        "--output",
        "json",
    ]);
    let mut config: Value = serde_json::from_slice(&output.stdout).unwrap();
    let token = place.kubectl(&["create", "token", ACCOUNT]);
    config["users"][0]["user"] = json!({ "token": token.trim() });
    let file = world.dir().join("powerless");
    fs::write(&file, config.to_string()).unwrap();
    file.display().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_a_cluster_as_it_should_be() {
    let place = Place::new();
    let world = plan(&place).prepare().await;
    let (well, said) = doctor(&world).await;
    assert!(well, "{said}");
    let found = |words: &str| assert!(said.contains(words), "{words}: {said}");
    found("Kubernetes 1.");
    found("all 14 that are needed");
    found(&format!("admitted to the namespace {}", place.namespace));
    assert!(place.pods().is_empty() && place.all("pvc").is_empty());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_names_what_a_cluster_lacks_and_what_to_do() {
    let place = Place::new();
    let mut world = plan(&place).prepare().await;
    let kubeconfig = powerless(&place, &world);
    let usual = world.setting("KUBECONFIG").to_owned();
    world.set("KUBECONFIG", &kubeconfig);
    let (well, said) = doctor(&world).await;
    assert!(!well, "{said}");
    for words in [
        "Optio may not get pods",
        "create tokenreviews",
        "→ its role lacks that: install the chart's RBAC",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    world.set("KUBECONFIG", &usual);
    world.set("OPTIO_NAMESPACE", "optio-test-nowhere");
    let (well, said) = doctor(&world).await;
    assert!(!well, "{said}");
    for words in [
        "the namespace of sandboxes is not there",
        "→ create it, or name another in OPTIO_NAMESPACE",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    world.end().await;
}
