//! What people decide about single repositories, jobs and agents, as the cluster has it.

use reqwest::Method;
use serde_json::{Value, json};

use super::place::Place;
use crate::world::World;

/// The pod of a sandbox, once it is there.
async fn pod_of(world: &mut World, place: &Place, sandbox: &str) -> Value {
    world
        .until("its pod to be there", async |_| {
            place.pods().get(sandbox).cloned()
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_has_what_is_decided_for_it_and_its_policy_goes_with_its_pod() {
    let place = Place::new();
    let mut world = place.plan().start().await;
    let agent = world
        .create(
            "pat",
            json!({ "podLifecycle": "on-demand", "sandbox": {
                "imagePreset": "base", "memoryLimit": "700Mi", "networkPolicy": "closed",
                "egress": ["10.1.0.0/16:443"], "nodeSelector": { "kubernetes.io/os": "linux" },
            } }),
        )
        .await;
    let pod = pod_of(&mut world, &place, &agent).await;
    let limits = &pod["spec"]["containers"][0]["resources"]["limits"];
    assert_eq!(limits["memory"], "700Mi");
    assert_eq!(pod["spec"]["nodeSelector"]["kubernetes.io/os"], "linux");
    assert_eq!(pod["metadata"]["labels"]["optio.dev/network"], "closed");
    let own = format!("optio-{agent}");
    let policies = || -> Vec<String> {
        let all = place.all("networkpolicies");
        let names = all
            .iter()
            .map(|it| it["metadata"]["name"].as_str().unwrap());
        names.map(str::to_owned).collect()
    };
    assert!(policies().contains(&own), "{:?}", policies());
    world.until_done(&agent, 1).await;
    world
        .until("its policy to be gone with its pod", async |_| {
            let there = policies();
            (!there.contains(&own)).then_some(())
        })
        .await;
    assert_eq!(policies().len(), 3, "{:?}", policies());
    world.delete(&agent).await;
    place.end(world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_of_a_job_in_two_pods_share_a_folder_and_nothing_else() {
    let place = Place::new();
    let mut world = place.plan().start().await;
    let job = world
        .post(
            "/api/jobs",
            &json!({
                "name": "shared", "promptTemplate": "run: {{what}}", "maxPodInstances": 2,
                "maxAgentsPerPod": 1, "sandbox": { "caches": ["~/.cache/shared"] },
                "paramsSchema": { "type": "object", "properties": { "what": { "type": "string" } } },
            }),
        )
        .await["workflow"]
        .clone();
    let path = format!("/api/jobs/{}/runs", job["id"].as_str().unwrap());
    let begin = async |world: &World, what: &str| {
        let run = world
            .post(&path, &json!({ "params": { "what": what } }))
            .await;
        run["run"]["id"].as_str().unwrap().to_owned()
    };
    let first = "echo found > ~/.cache/shared/note; touch ~/mine; until [ -e ~/.cache/shared/end ]; do sleep 0.2; done; ls ~";
    let first = begin(&world, first).await;
    let second = "until [ -e ~/.cache/shared/note ]; do sleep 0.2; done; cat ~/.cache/shared/note; ls ~; touch ~/.cache/shared/end";
    let second = begin(&world, second).await;
    let mut pods = Vec::new();
    for (run, words) in [(&second, "found"), (&first, "mine")] {
        let path = format!("/api/workflow-runs/{run}");
        let ended = world
            .until("the run to end", async |world| {
                let run = world.get(&path).await["run"].clone();
                (!run["finishedAt"].is_null()).then_some(run)
            })
            .await;
        assert_eq!(ended["state"], "completed", "{ended}");
        let said = ended["output"]["summary"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        assert!(said.contains(words), "{said}");
        assert_eq!(said.contains("mine"), run == &first, "{said}");
        pods.push(ended["podName"].clone());
    }
    assert_ne!(pods[0], pods[1], "both ran in one pod");
    let claims = place.all("pvc");
    assert_eq!(claims.len(), 1, "{claims:?}");
    let path = format!("/api/jobs/{}", job["id"].as_str().unwrap());
    let answer = world.ask(Method::DELETE, &path, None).await.unwrap();
    assert_eq!(answer.status(), 204);
    // Its pods rest for a while; they go with the namespace.
    world.end().await;
}
