//! The house holds: every crate uses only what it may know. The table is `docs/architecture.md`'s,
//! and changing it is a decision about the design.

use std::{collections::BTreeSet, process::Command};

use serde_json::Value;

/// A crate, the crates of ours it may use, and the outside libraries nobody else may use.
const HOUSE: [(&str, &[&str], &[&str]); 11] = [
    ("optio-domain", &[], &[]),
    ("optio-store", &["domain"], &["sqlx"]),
    (
        "optio-runtime",
        &["domain", "store"],
        &["ractor", "tokio-cron-scheduler", "dashmap"],
    ),
    ("optio-actors", &["domain", "store", "runtime"], &[]),
    ("optio-adapters", &["domain"], &["kube", "octocrab"]),
    (
        "optio-gateway",
        &["domain", "store", "runtime", "actors"],
        &["utoipa", "utoipa-axum", "tower-http"],
    ),
    ("optio-runner", &["domain"], &["tokio-tungstenite"]),
    ("optio-simulators", &["domain"], &[]),
    (
        "optio-simulation",
        &["domain", "store", "runtime", "actors"],
        &[],
    ),
    (
        "optio",
        &[
            "domain",
            "store",
            "runtime",
            "actors",
            "adapters",
            "gateway",
            "simulators",
        ],
        &["clap", "clap_complete"],
    ),
    // Reads what each of them reads.
    (
        "optio-fuzz",
        &["domain", "adapters", "gateway", "runner", "simulators"],
        &["libfuzzer-sys"],
    ),
];
/// Libraries that several crates speak. The simulators are only for the demo and tests: they serve HTTP
/// as the gateway does, and send webhooks.
const SHARED: [(&str, &[&str]); 2] = [
    ("axum", &["optio-gateway", "optio-simulators"]),
    ("reqwest", &["optio-adapters", "optio-simulators", "optio"]),
];
/// What would let the pure crate touch the world.
const IMPURE: [&str; 6] = ["tokio", "sqlx", "kube", "reqwest", "axum", "ractor"];

/// A crate of ours with the names of what it is built from; tests may use what they like.
fn crates() -> Vec<(String, BTreeSet<String>)> {
    let out = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--locked",
            "--offline",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    let metadata: Value = serde_json::from_slice(&out.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let name = |value: &Value| value["name"].as_str().unwrap().to_owned();
    packages
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().unwrap();
            let built = dependencies.iter().filter(|it| it["kind"].is_null());
            (name(package), built.map(name).collect())
        })
        .collect()
}

#[test]
fn every_crate_uses_only_what_it_may_know() {
    for (name, dependencies) in crates() {
        let room = HOUSE.iter().find(|(room, ..)| *room == name);
        let (_, may, _) = room.unwrap_or_else(|| panic!("{name} has no room in the house"));
        let ours = dependencies
            .iter()
            .filter_map(|it| it.strip_prefix("optio-"));
        for used in ours {
            assert!(may.contains(&used), "{name} may not use {used}");
        }
    }
}

#[test]
fn each_library_has_one_mouth() {
    for (name, dependencies) in crates() {
        for (owner, _, libraries) in HOUSE {
            for library in libraries.iter().filter(|it| dependencies.contains(**it)) {
                assert!(
                    name == owner,
                    "{library} is spoken by {owner} alone, not by {name}"
                );
            }
        }
        for (library, speakers) in SHARED {
            if dependencies.contains(library) {
                assert!(
                    speakers.contains(&name.as_str()),
                    "{name} may not speak {library}"
                );
            }
        }
    }
}

#[test]
fn the_domain_cannot_touch_the_world() {
    let (_, dependencies) = crates()
        .into_iter()
        .find(|(name, _)| name == "optio-domain")
        .unwrap();
    for library in IMPURE {
        assert!(!dependencies.contains(library), "the domain uses {library}");
    }
}
