//! How long sandboxes are kept, who runs Optio, and what it says without isolation.

use std::fs;

use serde_json::json;

use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_is_kept_as_its_lifecycle_says_and_the_workspace_always() {
    let mut world = World::plan().start().await;
    let mut agents = Vec::new();
    for lifecycle in ["sticky", "always-on", "on-demand"] {
        let fields = json!({"podLifecycle": lifecycle});
        agents.push((world.create(lifecycle, fields).await, lifecycle));
    }
    for (agent, lifecycle) in agents {
        world.until_done(&agent, 1).await;
        world.send(&agent, "run: echo first >>kept; cat kept").await;
        world.until_done(&agent, 2).await;
        let kept = lifecycle != "on-demand";
        if !kept {
            let gone =
                async |world: &mut World| world.processes_of(&agent).is_empty().then_some(());
            world.until("the sandbox to be gone", gone).await;
        }
        let runner = world.runner(&agent);
        assert_eq!(runner.is_some(), kept, "{lifecycle}");
        world
            .send(&agent, "run: echo second >>kept; cat kept")
            .await;
        world.until_done(&agent, 3).await;
        if kept {
            assert_eq!(world.runner(&agent), runner, "{lifecycle}");
        }
        let written = fs::read_to_string(world.workspace(&agent, "kept")).unwrap();
        assert_eq!(written, "first\nsecond\n", "{lifecycle}");
        let turns = world.turns(&agent).await;
        assert!(turns[0]["sessionId"].is_string());
        for turn in &turns {
            assert_eq!(turn["sessionId"], turns[0]["sessionId"], "{lifecycle}");
        }
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_isolation_everything_works_and_every_surface_says_so() {
    let mut world = World::plan().set("OPTIO_BWRAP", "off").start().await;
    let agent = world.create("open", json!({})).await;
    world.until_done(&agent, 1).await;
    world.send(&agent, "run: pwd; echo $OPTIO_WORKSPACE").await;
    let turn = world.until_done(&agent, 2).await;
    let workspace = world.workspace(&agent, "");
    let workspace = workspace.to_str().unwrap().trim_end_matches('/');
    assert_eq!(turn["summary"], format!("It printed: {workspace}"));

    const WORDS: &str = "not isolated";
    let health = world.get("/api/health").await;
    assert_eq!(health["checks"]["containerRuntime"], false);
    let health = health["isolation"].as_str().unwrap().to_owned();
    let why = world.says(&["why", "open"]).await;
    for said in [world.said(), health, why] {
        assert!(said.to_lowercase().contains(WORDS), "{said}");
        assert!(
            said.contains("OPTIO_BWRAP"),
            "says why, and what to do: {said}"
        );
        assert!(
            !said.contains("not installed"),
            "it is only turned off: {said}"
        );
    }
    let doctor = world.optio(&["doctor"]).await;
    let doctor = String::from_utf8(doctor.stdout).unwrap();
    assert!(
        doctor.contains("turned off: agents see this machine"),
        "{doctor}"
    );
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ordinary_user_can_run_all_of_it() {
    let mut world = World::plan().embedded().ordinary().start().await;
    let said = world.said();
    assert!(said.contains("agents are isolated"), "{said}");
    let agent = world.create("plain", json!({})).await;
    world.until_done(&agent, 1).await;
    world.send(&agent, "run: id -u; echo here >file").await;
    let turn = world.until_done(&agent, 2).await;
    assert_ne!(turn["summary"], "It printed: 0");
    assert!(world.workspace(&agent, "file").exists());
    world.end().await;
}
