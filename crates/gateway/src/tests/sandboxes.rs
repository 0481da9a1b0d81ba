//! What people decide about sandboxes, through every door.

use serde_json::json;

use super::api::Api;

const SANDBOX: &str = r#"{"imagePreset":"rust","memoryLimit":"8Gi","egress":["10.1.0.0/16:443"]}"#;

fn sandbox() -> serde_json::Value {
    serde_json::from_str(SANDBOX).unwrap()
}

#[tokio::test]
async fn it_is_decided_for_repositories_jobs_and_agents_and_taken_back() {
    let api = Api::new().await;
    for (path, member, mut body) in [
        (
            "/api/repos",
            "repo",
            json!({ "repoUrl": "https://github.com/ada/engine" }),
        ),
        (
            "/api/jobs",
            "workflow",
            json!({ "name": "nightly", "promptTemplate": "Tidy up." }),
        ),
        (
            "/api/persistent-agents",
            "agent",
            json!({ "slug": "pat", "name": "Pat", "initialPrompt": "Look." }),
        ),
    ] {
        body["sandbox"] = sandbox();
        let made = api.post(path, body).await.is(201)[member].clone();
        assert_eq!(made["sandbox"], sandbox(), "{path}");
        let one = format!("{path}/{}", made["id"].as_str().unwrap());
        let kept = api.patch(&one, json!({})).await.is(200)[member].clone();
        assert_eq!(kept["sandbox"], sandbox(), "{path}");
        for (change, words) in [
            (
                json!({ "runtimeClass": "kata" }),
                "runtimeClass: cannot be had here",
            ),
            (json!({ "cpuLimit": "lots" }), "cpuLimit: must be an amount"),
            (json!({ "cpus": 1 }), "sandbox: cpus: unknown field"),
        ] {
            let change = json!({ "sandbox": change });
            let refused = api.patch(&one, change).await.is(400).to_string();
            assert!(refused.contains(words), "{path}: {refused}");
        }
        let change = json!({ "sandbox": null });
        let plain = api.patch(&one, change).await.is(200)[member].clone();
        assert_eq!(plain["sandbox"], json!({}), "{path}");
    }
}

#[tokio::test]
async fn settings_of_older_clients_are_members_of_it() {
    let api = Api::new().await;
    let made = api
        .post(
            "/api/repos",
            json!({
                "repoUrl": "https://github.com/ada/engine", "imagePreset": "go", "cpuLimit": "2",
                "networkPolicy": "restricted", "sandbox": { "caches": ["~/go/pkg"] },
            }),
        )
        .await
        .is(201)["repo"]
        .clone();
    assert_eq!(
        made["sandbox"],
        json!({
            "imagePreset": "go", "cpuLimit": "2", "networkPolicy": "restricted", "caches": ["~/go/pkg"],
        })
    );
    assert_eq!(made["networkPolicy"], "restricted");
    let path = format!("/api/repos/{}", made["id"].as_str().unwrap());
    let change = json!({ "imagePreset": null, "memoryLimit": "1Gi" });
    let changed = api.patch(&path, change).await.is(200)["repo"].clone();
    assert_eq!(changed["imagePreset"], json!(null));
    assert_eq!(changed["sandbox"]["memoryLimit"], "1Gi");
    assert_eq!(changed["sandbox"]["caches"], json!(["~/go/pkg"]));
    let wrong = api
        .patch(&path, json!({ "imagePreset": "cobol" }))
        .await
        .is(400)
        .to_string();
    assert!(wrong.contains("imagePreset: unknown variant"), "{wrong}");
}

#[tokio::test]
async fn an_agent_has_nobody_to_share_a_folder_with() {
    let api = Api::new().await;
    let agent = json!({
        "slug": "pat", "name": "Pat", "initialPrompt": "Look.", "sandbox": { "caches": ["~/.npm"] },
    });
    let refused = api
        .post("/api/persistent-agents", agent)
        .await
        .is(400)
        .to_string();
    assert!(refused.contains("caches: an agent shares"), "{refused}");
}
