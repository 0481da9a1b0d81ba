//! Mars Mission Control by its schedule: the example's own scripts, the real agent program, and a time of schedules
//! that passes sixty times faster than ours.

use std::path::Path;

use crate::world::World;

const SCENARIO: &str = include_str!("../../../simulators/scenarios/mars.toml");

async fn script(world: &World, name: &str) -> String {
    let example = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../examples/persistent-agents/mars-mission-control");
    let output = tokio::process::Command::new(example.join(name))
        .env("OPTIO_API_URL", world.url())
        .env_remove("OPTIO_API_TOKEN")
        .output()
        .await
        .unwrap();
    assert!(output.status.success(), "{name}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn five_sols_begin_by_their_schedule_and_each_is_decided_once() {
    let mut world = World::plan()
        .scenario(SCENARIO)
        .set("OPTIO_SCHEDULE_RATE", "60")
        .start()
        .await;
    script(&world, "setup.sh").await;
    for sol in 1..=5 {
        // The director has the last word of each sol.
        let what = format!("sol {sol} to be decided");
        world
            .until(&what, async |world: &mut World| {
                let mail = world.mail("clock").await;
                let decided = format!("Decision, sol {sol}: ");
                let is_it = |it: &serde_json::Value| {
                    it["body"]
                        .as_str()
                        .is_some_and(|body| body.starts_with(&decided))
                };
                mail.iter().any(is_it).then_some(())
            })
            .await;
    }
    // The schedule goes on, and the clock says nothing more.
    let ticks = async |world: &World| {
        let turns = world.turns("clock").await;
        let is_tick = |turn: &&serde_json::Value| turn["wakeSource"] == "schedule";
        turns.iter().filter(is_tick).count()
    };
    let so_far = ticks(&world).await;
    world
        .until("a tick after the mission", async |world: &mut World| {
            (so_far < ticks(world).await).then_some(())
        })
        .await;
    world.until_rest("clock").await;
    let heard = world.mail("geology").await;
    let bodies: Vec<&str> = heard.iter().filter_map(|it| it["body"].as_str()).collect();
    for sol in 1..=5 {
        let begins = |start: String| bodies.iter().filter(|it| it.starts_with(&start)).count();
        assert_eq!(begins(format!("=== SOL {sol}: ")), 1, "{bodies:#?}");
        assert_eq!(begins(format!("Decision, sol {sol}: ")), 1, "{bodies:#?}");
    }
    assert!(!bodies.iter().any(|it| it.starts_with("=== SOL 6")));
    let trigger = world.get("/api/persistent-agents/clock/triggers").await;
    let trigger = &trigger["triggers"][0];
    assert!(6 <= trigger["fireCount"].as_i64().unwrap(), "{trigger:#}");
    script(&world, "cleanup.sh").await;
    world.end().await;
}
