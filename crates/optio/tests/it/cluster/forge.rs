//! The team of the Forge, each agent in a pod of its own.

use std::path::Path;

use super::place::Place;
use crate::world::World;

const SCENARIO: &str = include_str!("../../../../simulators/scenarios/forge.toml");
const TEAM: [&str; 4] = ["chronicler", "forge", "sentinel", "vesper"];
const REQUEST: &str = "Please add a /healthz endpoint to our service";

/// Waits until an agent has mail that begins so.
async fn until_mail(world: &mut World, slug: &str, begins: &str) {
    let what = format!("{slug} to have mail: {begins}");
    world
        .until(&what, async |world| {
            let mail = world.mail(slug).await;
            let is_it = |it: &serde_json::Value| {
                let body = it["body"].as_str();
                body.is_some_and(|body| body.starts_with(begins))
            };
            mail.iter().any(is_it).then_some(())
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_team_of_the_forge_ships_a_wish_from_four_pods() {
    let place = Place::new();
    let plan = World::plan().scenario(SCENARIO);
    let mut world = place.over(plan).start().await;
    let agents =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/persistent-agents/forge/agents");
    world.says(&["apply", "-f", agents.to_str().unwrap()]).await;
    until_mail(&mut world, "chronicler", "Forge assembled").await;
    world.says(&["agent", "send", "vesper", REQUEST]).await;
    until_mail(&mut world, "forge", "Spec: ").await;
    until_mail(&mut world, "vesper", "PR-opened: ").await;
    until_mail(&mut world, "sentinel", "Open for review: ").await;
    until_mail(&mut world, "forge", "Verdict: APPROVED").await;
    until_mail(&mut world, "chronicler", "Shipped: ").await;
    for slug in TEAM {
        world.until_rest(slug).await;
        let turns = world.turns(slug).await;
        assert!(
            turns.iter().all(|turn| turn["haltReason"] == "natural"),
            "{turns:#?}"
        );
    }
    assert_eq!(place.pods().len(), TEAM.len());
    let scribe = world.agent("chronicler").await["id"].take();
    let journal = place.inside(scribe.as_str().unwrap(), &["cat", "/workspace/journal.md"]);
    for line in ["# Journal of the Forge", "Forge assembled", "Shipped: "] {
        assert!(journal.contains(line), "{line:?} is missing:\n{journal}");
    }
    for slug in TEAM {
        world.delete(slug).await;
    }
    place.end(world).await;
}
