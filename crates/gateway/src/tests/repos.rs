//! Repositories over HTTP: only what is carried out is kept, and what is not is named.

use serde_json::json;

use super::{api::Api, routes::texts};

const REPOS: &str = "/api/repos";
const URL: &str = "https://github.com/ada/engine";

#[tokio::test]
async fn a_repository_is_added_with_the_documented_defaults_and_is_there_once() {
    let api = Api::new().await;
    let body = json!({ "repoUrl": "git@GitHub.com:ada/engine.git", "maxTurnsCoding": 7 });
    let repo = api.post(REPOS, body).await.is(201)["repo"].clone();
    for (member, value) in [
        ("repoUrl", json!(URL)),
        ("fullName", json!("ada/engine")),
        ("gitPlatform", json!("github")),
        ("defaultBranch", json!("main")),
        ("defaultAgentType", json!("claude-code")),
        ("claudeModel", json!("opus")),
        ("maxTurnsCoding", json!(7)),
        ("maxConcurrentTasks", json!(2)),
        ("maxPodInstances", json!(1)),
        ("maxAgentsPerPod", json!(2)),
        ("maxAutoResumes", json!(null)),
        ("reviewTrigger", json!("on_ci_pass")),
        ("effectiveReviewAgentType", json!("claude-code")),
        ("effectiveReviewModel", json!("sonnet")),
        ("createdBy", json!("user:local")),
    ] {
        assert_eq!(repo[member], value, "{member}");
    }
    let id = repo["id"].as_str().unwrap();
    let again = api
        .post(REPOS, json!({ "repoUrl": format!("{URL}/") }))
        .await;
    again.refused(409, &[URL, id]);
    let shown = api.get(&format!("{REPOS}/{id}")).await;
    assert_eq!(shown.is(200)["repo"], repo);
    assert_eq!(api.get(REPOS).await.is(200), &json!({ "repos": [repo] }));
    api.delete(&format!("{REPOS}/{id}")).await.is(204);
    for gone in [id, "nonsense"] {
        let path = format!("{REPOS}/{gone}");
        api.get(&path).await.refused(404, &[gone]);
        api.delete(&path).await.refused(404, &[gone]);
        api.patch(&path, json!({})).await.refused(404, &[gone]);
    }
}

#[tokio::test]
async fn a_change_keeps_what_it_does_not_name_and_null_clears() {
    let api = Api::new().await;
    let body = json!({ "repoUrl": URL, "testCommand": "make test", "autoMerge": true });
    let repo = api.post(REPOS, body).await.is(201)["repo"].clone();
    let path = format!("{REPOS}/{}", repo["id"].as_str().unwrap());
    let change = json!({ "testCommand": null, "reviewEnabled": true, "reviewTrigger": "on_pr",
                         "maxAutoResumes": 3, "gitPlatform": "gitlab" });
    let changed = api.patch(&path, change).await.is(200)["repo"].clone();
    for (member, value) in [
        ("testCommand", json!(null)),
        ("reviewEnabled", json!(true)),
        ("reviewTrigger", json!("on_pr")),
        ("maxAutoResumes", json!(3)),
        ("gitPlatform", json!("gitlab")),
        ("autoMerge", json!(true)),
    ] {
        assert_eq!(changed[member], value, "{member}");
    }
}

#[tokio::test]
async fn what_is_not_carried_out_or_breaks_a_rule_is_refused_by_name_and_changes_nothing() {
    let api = Api::new().await;
    let repo = api.post(REPOS, json!({ "repoUrl": URL })).await.is(201)["repo"].clone();
    let path = format!("{REPOS}/{}", repo["id"].as_str().unwrap());
    for (change, words) in [
        (
            json!({ "extraPackages": "jq", "autoMerge": true }),
            "extraPackages: is not carried out",
        ),
        (
            json!({ "secretProxy": false }),
            "secretProxy: is not carried out",
        ),
        (json!({ "autoMerg": true }), "no setting called autoMerg"),
        (
            json!({ "repoUrl": "https://github.com/ada/x" }),
            "repoUrl: cannot be changed",
        ),
        (
            json!({ "maxPodInstances": 21 }),
            "maxPodInstances: must be from 1 to 20",
        ),
        (
            json!({ "maxPodInstances": "2" }),
            "maxPodInstances: invalid type",
        ),
        (
            json!({ "reviewTrigger": "always" }),
            "reviewTrigger: must be manual",
        ),
        (
            json!({ "gitPlatform": "svn" }),
            "gitPlatform: must be github",
        ),
        (
            json!({ "defaultAgentType": "codex" }),
            "defaultAgentType: must be one of",
        ),
        (
            json!({ "defaultBranch": "-f" }),
            "defaultBranch: must be the name",
        ),
    ] {
        api.patch(&path, change).await.refused(400, &[words]);
    }
    assert_eq!(api.get(&path).await.is(200)["repo"], repo);
    for (body, words) in [
        (json!({}), "repoUrl: must be an address"),
        (json!({ "repoUrl": 7 }), "repoUrl: must be a text"),
        (
            json!({ "repoUrl": "https://ada:hunter2@github.com/a/b" }),
            "must not contain a user",
        ),
        (
            json!({ "repoUrl": "https://github.com/a/b", "fullName": "x/y" }),
            "fullName: must be that",
        ),
        (
            json!({ "repoUrl": "https://github.com/a/b", "isPrivate": true }),
            "isPrivate: is not",
        ),
    ] {
        let answer = api.post(REPOS, body).await;
        answer.refused(400, &[words]);
        assert!(!answer.text.contains("hunter2"), "{}", answer.text);
    }
}

#[tokio::test]
async fn repositories_are_walked_by_a_cursor() {
    let api = Api::new().await;
    for number in 0..3 {
        let body = json!({ "repoUrl": format!("https://github.com/ada/r{number}") });
        api.post(REPOS, body).await.is(201);
    }
    let first = api.get(&format!("{REPOS}?limit=2")).await;
    let cursor = first.body["nextCursor"].as_str().unwrap();
    let second = api.get(&format!("{REPOS}?limit=2&cursor={cursor}")).await;
    assert_eq!(
        texts(&first.is(200)["repos"], "fullName"),
        ["ada/r0", "ada/r1"]
    );
    assert_eq!(texts(&second.is(200)["repos"], "fullName"), ["ada/r2"]);
}
