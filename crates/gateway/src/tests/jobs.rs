//! Jobs, blueprints and their runs over HTTP.

use serde_json::{Value, json};

use super::api::{Api, until};

const REPO: &str = "https://github.com/ada/engine";

fn digest() -> Value {
    json!({
        "name": "digest", "promptTemplate": "What happened on {{day}}?",
        "paramsSchema": {
            "type": "object", "required": ["day"], "additionalProperties": false,
            "properties": { "day": { "type": "string" }, "depth": { "type": "integer", "default": 1 } },
        },
    })
}

async fn job(api: &Api) -> String {
    let made = api.post("/api/jobs", digest()).await.is(201)["workflow"]["id"].clone();
    made.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_job_has_the_defaults_of_the_api_and_changes_member_by_member() {
    let api = Api::new().await;
    let id = job(&api).await;
    let path = format!("/api/jobs/{id}");
    let shown = api.get(&path).await.is(200)["workflow"].clone();
    for (member, value) in [
        ("type", json!("standalone")),
        ("agentRuntime", json!("claude-code")),
        ("maxConcurrent", json!(2)),
        ("maxRetries", json!(1)),
        ("warmPoolSize", json!(0)),
        ("maxPodInstances", json!(1)),
        ("maxAgentsPerPod", json!(2)),
        ("enabled", json!(true)),
        ("budgetUsd", json!(null)),
        ("runCount", json!(0)),
        ("totalCost", json!("0")),
    ] {
        assert_eq!(shown[member], value, "{member}");
    }
    let change = json!({ "budgetUsd": "2.50", "model": "opus", "maxTurns": 7, "unknown": 1 });
    let changed = api.patch(&path, change).await.is(200)["workflow"].clone();
    assert_eq!(changed["budgetUsd"], "2.50");
    assert_eq!(changed["name"], "digest", "what is left out stays");
    let cleared = json!({ "budgetUsd": null, "model": null, "paramsSchema": null });
    let cleared = api.patch(&path, cleared).await.is(200)["workflow"].clone();
    assert_eq!(
        (&cleared["budgetUsd"], &cleared["maxTurns"]),
        (&json!(null), &json!(7))
    );
    // By its name as well.
    api.get("/api/jobs/digest").await.is(200);
    let taken = api.post("/api/jobs", digest()).await;
    taken.refused(409, &["`digest` is taken"]);
    api.delete(&path).await.is(204);
    api.get(&path).await.refused(404, &["there is no job"]);
    api.post("/api/jobs", digest()).await.is(201);
}

#[tokio::test]
async fn what_breaks_a_rule_of_a_job_is_refused_by_name() {
    let api = Api::new().await;
    let with = |member: &str, value: Value| {
        let mut body = digest();
        body[member] = value;
        body
    };
    for (body, words) in [
        (with("name", json!("")), "name: must have"),
        (
            with("promptTemplate", json!("{{nobody}}")),
            "unknown: nobody (line 1, column 1); known are day, depth",
        ),
        (
            with("promptTemplate", json!("{{#if day}}")),
            "promptTemplate: line 1",
        ),
        (with("maxConcurrent", json!(0)), "maxConcurrent"),
        (with("maxPodInstances", json!(21)), "maxPodInstances"),
        (with("warmPoolSize", json!(2)), "warmPoolSize"),
        (with("budgetUsd", json!("much")), "budgetUsd"),
        (with("budgetUsd", json!(-1)), "budgetUsd"),
        (with("paramsSchema", json!({ "type": 7 })), "paramsSchema"),
        (
            with("environmentSpec", json!({ "image": "x" })),
            "environmentSpec",
        ),
        (with("agentRuntime", json!("nobody")), "must be one of"),
        (
            with("repoBranch", json!("main")),
            "repoBranch: needs repoUrl",
        ),
    ] {
        api.post("/api/jobs", body).await.refused(400, &[words]);
    }
    assert_eq!(api.get("/api/jobs").await.is(200)["workflows"], json!([]));
}

#[tokio::test]
async fn a_run_is_started_with_checked_parameters_and_shown_in_the_words_clients_know() {
    let api = Api::new().await;
    let id = job(&api).await;
    let runs = format!("/api/jobs/{id}/runs");
    let bad = api
        .post(&runs, json!({ "params": { "day": 3, "more": 1 } }))
        .await;
    bad.refused(400, &["params: ", "day: ", "more"]);
    let started = api
        .post(&runs, json!({ "params": { "day": "Monday" } }))
        .await;
    let run = started.is(201)["run"].clone();
    let run_id = run["id"].as_str().unwrap().to_owned();
    assert_eq!(run["prompt"], "What happened on Monday?");
    assert_eq!(run["params"], json!({ "day": "Monday", "depth": 1 }));
    assert_eq!(
        (&run["workflowId"], &run["state"]),
        (&json!(id), &json!("queued"))
    );
    let path = format!("/api/workflow-runs/{run_id}");
    until(async || {
        let run = api.get(&path).await.is(200)["run"].clone();
        (run["detailedState"] == "provisioning").then_some(())
    })
    .await;
    assert_eq!(
        api.get(&runs).await.is(200)["runs"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let stats = api.get("/api/jobs/stats").await.is(200)["stats"].clone();
    assert_eq!((&stats["total"], &stats["queued"]), (&json!(1), &json!(1)));
    api.get(&format!("{path}/logs?limit=5")).await.is(200);
    api.post(&format!("{path}/retry"), json!({}))
        .await
        .refused(400, &["only a failed"]);
    let cancelled = api.post(&format!("{path}/cancel"), json!({})).await.is(200)["run"].clone();
    assert_eq!(
        (&cancelled["state"], &cancelled["detailedState"]),
        (&json!("failed"), &json!("cancelled"))
    );
    assert!(
        cancelled["errorMessage"]
            .as_str()
            .unwrap()
            .starts_with("Cancelled")
    );
    api.post(&format!("{path}/cancel"), json!({}))
        .await
        .refused(400, &["it is over"]);
    api.post(&format!("{path}/retry"), json!({})).await.is(200);
    // Tasks on repositories are another list.
    assert_eq!(api.get("/api/tasks").await.is(200)["tasks"], json!([]));
    let found = api.get("/api/tasks/search?taskType=job").await.is(200)["tasks"].clone();
    assert_eq!(found.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_disabled_job_starts_nothing_and_its_copy_is_disabled() {
    let api = Api::new().await;
    let id = job(&api).await;
    let trigger = json!({ "type": "schedule", "config": { "cronExpression": "0 9 * * 1-5" } });
    api.post(&format!("/api/jobs/{id}/triggers"), trigger)
        .await
        .is(201);
    let hook = json!({ "type": "webhook", "config": { "path": "of-the-digest" } });
    api.post(&format!("/api/jobs/{id}/triggers"), hook)
        .await
        .is(201);
    let copy = api
        .post(&format!("/api/jobs/{id}/clone"), json!({}))
        .await
        .is(201)["workflow"]
        .clone();
    assert_eq!(
        (&copy["name"], &copy["enabled"]),
        (&json!("digest (copy)"), &json!(false))
    );
    let copy = copy["id"].as_str().unwrap();
    let triggers = api.get(&format!("/api/jobs/{copy}/triggers")).await.is(200)["triggers"].clone();
    let types: Vec<&str> = triggers
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["type"].as_str().unwrap())
        .collect();
    assert_eq!(types, ["schedule"]);
    let started = api
        .post(
            &format!("/api/jobs/{copy}/runs"),
            json!({ "params": { "day": "x" } }),
        )
        .await;
    started.refused(400, &["disabled"]);
}

#[tokio::test]
async fn a_blueprint_makes_tasks_with_parameters_in_title_and_prompt() {
    let api = Api::new().await;
    let blueprint = json!({
        "name": "update", "title": "Update {{what}}", "prompt": "Bring {{what}} up to date.",
        "repoUrl": REPO, "priority": 50,
    });
    let made = api
        .post("/api/task-configs", blueprint.clone())
        .await
        .is(201)["taskConfig"]
        .clone();
    assert_eq!(
        (&made["type"], &made["maxRetries"]),
        (&json!("repo-blueprint"), &json!(3))
    );
    let id = made["id"].as_str().unwrap();
    api.post("/api/task-configs", blueprint)
        .await
        .refused(409, &["`update` is taken"]);
    for (body, words) in [
        (
            json!({ "name": "a", "prompt": "p", "repoUrl": REPO }),
            "title: is missing",
        ),
        (
            json!({ "name": "a", "title": "t", "prompt": "p" }),
            "repoUrl: is missing",
        ),
        (
            json!({ "name": "a", "title": "t", "prompt": "", "repoUrl": REPO }),
            "prompt: must not be empty",
        ),
    ] {
        api.post("/api/task-configs", body)
            .await
            .refused(400, &[words]);
    }
    let run = json!({ "params": { "what": "serde" } });
    let task = api
        .post(&format!("/api/task-configs/{id}/run"), run)
        .await
        .is(202)["taskId"]
        .clone();
    let task = task.as_str().unwrap();
    let shown = api.get(&format!("/api/tasks/{task}")).await.is(200)["task"].clone();
    assert_eq!(
        (&shown["title"], &shown["prompt"]),
        (&json!("Update serde"), &json!("Bring serde up to date."))
    );
    assert_eq!(
        (&shown["configId"], &shown["priority"]),
        (&json!(id), &json!(50))
    );
    assert_eq!(shown["type"], "repo-task");
    let runs = api.get(&format!("/api/tasks/{id}/runs")).await.is(200)["runs"].clone();
    assert_eq!(runs[0]["id"], task);
    api.patch(
        &format!("/api/task-configs/{id}"),
        json!({ "enabled": false }),
    )
    .await
    .is(200);
    let refused = api
        .post(&format!("/api/task-configs/{id}/run"), json!({}))
        .await;
    refused.refused(400, &["the blueprint is disabled"]);
    api.delete(&format!("/api/task-configs/{id}")).await.is(204);
    api.get(&format!("/api/tasks/{task}")).await.is(200);
}

#[tokio::test]
async fn one_resource_serves_every_kind_of_work() {
    let api = Api::new().await;
    let task = json!({ "title": "t", "prompt": "p", "repoUrl": REPO });
    let blueprint = json!({ "type": "repo-blueprint", "name": "b", "title": "t", "prompt": "p", "repoUrl": REPO });
    let standalone = json!({ "type": "standalone", "name": "s", "prompt": "p" });
    let mut ids = Vec::new();
    for (body, kind) in [
        (task, "repo-task"),
        (blueprint, "repo-blueprint"),
        (standalone, "standalone"),
    ] {
        let made = api.post("/api/tasks", body).await.is(201)["task"].clone();
        assert_eq!(made["type"], kind);
        let id = made["id"].as_str().unwrap().to_owned();
        let shown = api.get(&format!("/api/tasks/{id}")).await.is(200)["task"].clone();
        assert_eq!((&shown["id"], &shown["type"]), (&json!(id), &json!(kind)));
        let listed = api.get(&format!("/api/tasks?type={kind}")).await.is(200)["tasks"].clone();
        assert_eq!(listed.as_array().unwrap().len(), 1, "{kind}");
        ids.push(id);
    }
    let all = api.get("/api/tasks?type=all").await.is(200)["tasks"].clone();
    assert_eq!(all.as_array().unwrap().len(), 3);
    api.get("/api/tasks?type=odd")
        .await
        .refused(400, &["repo-task, repo-blueprint or standalone"]);
    let nameless = json!({ "type": "standalone", "prompt": "p" });
    api.post("/api/tasks", nameless)
        .await
        .refused(400, &["name"]);

    let (task, jobs) = ids.split_first().unwrap();
    for (id, kind) in jobs.iter().zip(["repo-blueprint", "standalone"]) {
        let started = api
            .post(&format!("/api/tasks/{id}/runs"), json!({}))
            .await
            .is(202)
            .clone();
        assert_eq!(started["type"], kind);
        let run = started["runId"].as_str().unwrap();
        let shown = api
            .get(&format!("/api/tasks/{id}/runs/{run}"))
            .await
            .is(200)["run"]
            .clone();
        assert_eq!(shown["id"], run);
        let trigger = json!({ "type": "schedule", "config": { "cronExpression": "@daily" } });
        api.post(&format!("/api/tasks/{id}/triggers"), trigger)
            .await
            .is(201);
    }
    for path in ["runs", "triggers"] {
        let refused = api
            .post(
                &format!("/api/tasks/{task}/{path}"),
                json!({ "type": "manual" }),
            )
            .await;
        refused.refused(405, &["runs once"]);
    }
    let attempts = api.get(&format!("/api/tasks/{task}/runs")).await;
    attempts.is(200);
    let path = format!("/api/actors/job/{}", jobs[0]);
    until(async || {
        let why = api.get(&path).await.is(200).clone();
        (why["wait"]["reason"] == "to be started").then_some(())
    })
    .await;
}
