//! The story that the demo tells, and what is left of it afterwards.

use std::{fs, process::Stdio};

use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_tells_the_story_of_the_forge_and_ends() {
    let mut world = World::plan().embedded().prepare().await;
    let data = world.data();
    let mut demo = world.binary();
    demo.args(["demo", "--exit", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(&data)
        .env_remove("ANTHROPIC_API_KEY")
        .env_remove("ANTHROPIC_BASE_URL")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let output = tokio::process::Command::from(demo).output().await.unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let noted = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}{noted}");
    for line in [
        "local → vesper: Please add a /healthz endpoint",
        "vesper → forge: Spec: a /healthz endpoint",
        "forge → vesper: PR-opened: ",
        "forge ⇒ sentinel: Open for review: ",
        "sentinel → forge: Verdict: APPROVED",
        "vesper ⇒ forge: Shipped: ",
        "vesper is done: Shipped: ",
    ] {
        assert!(said.contains(line), "{line:?} is missing:\n{said}");
    }
    assert!(noted.contains("No model key"), "{noted}");
    world.nothing_is_left();

    // The same data directory, taken up by `dev`: everything is still there.
    world.start().await;
    let chronicler = world.agent("chronicler").await;
    let journal = world.workspace(chronicler["id"].as_str().unwrap(), "journal.md");
    let journal = fs::read_to_string(journal).unwrap();
    for line in ["# Journal of the Forge", "Forge assembled", "Shipped: "] {
        assert!(journal.contains(line), "{line:?} is missing:\n{journal}");
    }
    for slug in ["vesper", "forge", "sentinel", "chronicler"] {
        let agent = world.agent(slug).await;
        assert_eq!(agent["state"], "idle");
        let cost: f64 = agent["totalCostUsd"].as_str().unwrap().parse().unwrap();
        assert!(0.0 < cost, "{agent:#}");
        let turns = world.turns(slug).await;
        assert!(turns.iter().all(|turn| turn["haltReason"] == "natural"));
        assert!(turns[0]["sessionId"].is_string());
        assert_eq!(turns[0]["sessionId"], turns[1]["sessionId"], "{slug}");
    }
    let first = &world.turns("vesper").await[0];
    let transcript = world.transcript("vesper", first).await;
    for kind in ["thinking", "tool_use", "tool_result", "text"] {
        let found = transcript.iter().any(|(found, _)| found == kind);
        assert!(found, "no {kind} in {transcript:#?}");
    }
    world.end().await;
}
