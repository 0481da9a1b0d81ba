//! Pods that wait for the first run of a job.

use reqwest::Method;
use serde_json::{Value, json};

use super::place::Place;
use crate::world::World;

/// The pods that run, by sandbox, with their UIDs.
fn warm(place: &Place) -> Vec<(String, Value)> {
    let pods = place.pods().into_iter();
    pods.filter(|(_, pod)| {
        let containers = pod["status"]["containerStatuses"].as_array();
        containers.is_some_and(|all| all.iter().any(|it| it["state"]["running"].is_object()))
    })
    .map(|(sandbox, pod)| (sandbox, pod["metadata"]["uid"].clone()))
    .collect()
}

async fn until_run(world: &mut World, id: &str, state: &str) -> Value {
    let path = format!("/api/workflow-runs/{id}");
    world
        .until(&format!("the run to be {state}"), async |world| {
            let run = world.get(&path).await["run"].take();
            (run["detailedState"] == *state).then_some(run)
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_takes_the_pod_that_waited_for_it_and_another_one_waits() {
    let place = Place::new();
    let mut world = place.plan().start().await;
    let job = json!({
        "name": "digest", "promptTemplate": "run: {{command}}",
        "warmPoolSize": 1, "maxPodInstances": 2, "maxAgentsPerPod": 1,
    });
    let made = world.post("/api/jobs", &job).await;
    let job = made["workflow"]["id"].as_str().unwrap().to_owned();
    let (sandbox, uid) = world
        .until("a warm pod", async |_| warm(&place).pop())
        .await;
    let body = json!({ "params": { "command": "sleep 5; echo here" } });
    let run = world.post(&format!("/api/jobs/{job}/runs"), &body).await;
    let id = run["run"]["id"].as_str().unwrap().to_owned();
    let running = until_run(&mut world, &id, "running").await;
    assert_eq!(running["podName"], *sandbox, "{running:#}");
    let other = world
        .until("another warm pod", async |_| {
            warm(&place).into_iter().find(|it| it.0 != sandbox)
        })
        .await;
    assert_ne!(other.1, uid);
    until_run(&mut world, &id, "completed").await;
    // It is the very pod that was there before.
    assert_eq!(place.pods()[&sandbox]["metadata"]["uid"], uid);
    let off = json!({ "warmPoolSize": 0 });
    let path = format!("/api/jobs/{job}");
    let changed = world.ask(Method::PATCH, &path, Some(&off)).await.unwrap();
    assert_eq!(changed.status(), 200);
    world.end().await;
}
