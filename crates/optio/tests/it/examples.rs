//! The scripts of `examples/`, unchanged, against a whole Optio.

use std::path::Path;

use reqwest::Method;
use serde_json::json;

use crate::world::{FAKE_PRELUDE, World};

/// Runs a script of an example; what it printed.
async fn script(world: &World, path: &str) -> String {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/persistent-agents");
    let output = tokio::process::Command::new(examples.join(path))
        .env("OPTIO_API_URL", world.url())
        .env_remove("OPTIO_API_TOKEN")
        .output()
        .await
        .unwrap();
    assert!(output.status.success(), "{path}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_come_up_twice_and_are_cleaned_up() {
    // Eleven agents: what they say is told elsewhere, here a script does.
    let program = format!("{FAKE_PRELUDE}begin; finish done");
    let mut world = World::plan().fake(&program).start().await;
    for (example, agents) in [("forge", 4), ("mars-mission-control", 7)] {
        let setup = format!("{example}/setup.sh");
        let said = script(&world, &setup).await;
        assert!(said.lines().all(|line| line.contains("created")), "{said}");
        assert!(agents <= said.lines().count(), "{said}");
        let again = script(&world, &setup).await;
        let stays = |line: &str| line.ends_with("exists, left as it is");
        assert!(again.lines().all(stays), "{again}");
    }

    let triggers = "/api/persistent-agents/clock/triggers";
    let found = world.get(triggers).await;
    let schedule = &found["triggers"][0];
    assert_eq!(schedule["type"], "schedule");
    assert_eq!(schedule["config"]["cronExpression"], "*/10 * * * *");
    assert!(schedule["nextFireAt"].is_string(), "{schedule:#}");

    // The same with a time that comes at once.
    let every_second = json!({"type": "schedule", "config": {"cronExpression": "* * * * * *"}});
    let made = world.ask(Method::POST, triggers, Some(&every_second)).await;
    assert_eq!(made.unwrap().status(), 201);
    let turn = world.until_done("clock", 2).await;
    assert_eq!(turn["wakeSource"], "schedule", "{turn:#}");
    let prompt = turn["promptUsed"].as_str().unwrap();
    assert!(prompt.contains("# Tick"), "{prompt}");

    for example in ["forge", "mars-mission-control"] {
        let cleanup = format!("{example}/cleanup.sh");
        let said = script(&world, &cleanup).await;
        assert!(said.lines().all(|line| line.ends_with("deleted")), "{said}");
    }
    let what = "all agents to be gone";
    world
        .until(what, async |world: &mut World| {
            let left = world.get("/api/persistent-agents").await;
            (left["agents"] == json!([])).then_some(())
        })
        .await;
    let again = script(&world, "forge/cleanup.sh").await;
    assert!(
        again.lines().all(|it| it.ends_with("is not there")),
        "{again}"
    );
    world.end().await;
}
