//! Tasks over HTTP.

use serde_json::{Value, json};

use super::api::{Api, until};

const TASKS: &str = "/api/tasks";
const REPO: &str = "https://github.com/ada/engine";

fn task(title: &str) -> Value {
    json!({ "title": title, "prompt": "It answers 200.", "repoUrl": REPO })
}

async fn created(api: &Api, body: Value) -> String {
    let made = api.post(TASKS, body).await.is(201)["task"]["id"].clone();
    made.as_str().unwrap().to_owned()
}

/// Waits until a task stands so.
async fn stands(api: &Api, id: &str, state: &str) -> Value {
    let path = format!("{TASKS}/{id}");
    until(async || {
        let shown = api.get(&path).await.is(200).clone();
        (shown["task"]["state"] == state).then_some(shown)
    })
    .await
}

#[tokio::test]
async fn a_task_is_accepted_with_its_defaults_and_says_what_it_waits_for() {
    let api = Api::new().await;
    let body = json!({ "title": "Add /healthz", "prompt": "p", "repoUrl": "git@github.com:ada/engine.git" });
    let id = created(&api, body).await;
    let shown = stands(&api, &id, "provisioning").await;
    for (member, value) in [
        ("type", json!("repo-task")),
        ("repoUrl", json!(REPO)),
        ("repoBranch", json!("main")),
        ("workBranch", json!(format!("optio/task-{id}"))),
        ("agentType", json!("claude-code")),
        ("priority", json!(100)),
        ("maxRetries", json!(3)),
        ("taskType", json!("coding")),
        ("costUsd", json!("0")),
        ("prUrl", json!(null)),
        ("createdBy", json!("local")),
    ] {
        assert_eq!(shown["task"][member], value, "{member}");
    }
    let reason = shown["pendingReason"].as_str().unwrap();
    assert!(reason.contains("held by"), "{reason}");
    let short: String = id.chars().take(8).collect();
    assert_eq!(
        api.get(&format!("{TASKS}/{short}")).await.is(200)["task"]["id"],
        id
    );
    let why = api
        .get(&format!("/api/actors/task/{id}"))
        .await
        .is(200)
        .clone();
    assert_eq!(
        (&why["kind"], &why["state"]),
        (&json!("task"), &json!("provisioning"))
    );
    let events = api.get(&format!("{TASKS}/{id}/events")).await.is(200)["events"].clone();
    let states: Vec<&str> = events
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["toState"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["pending", "queued", "provisioning"]);
    let runs = api.get(&format!("{TASKS}/{id}/runs")).await.is(200)["runs"].clone();
    assert!(runs[0]["prompt"].as_str().unwrap().contains("# Your task"));
}

#[tokio::test]
async fn what_breaks_a_rule_is_refused_by_name_and_nothing_is_stored() {
    let api = Api::new().await;
    let with = |member: &str, value: Value| {
        let mut body = task("t");
        body[member] = value;
        body
    };
    for (body, words) in [
        (
            json!({ "prompt": "p", "repoUrl": REPO }),
            "title: is missing",
        ),
        (
            json!({ "title": "t", "prompt": "p" }),
            "repoUrl: is missing",
        ),
        (with("title", json!(" ")), "title: give it 1 to 500"),
        (with("prompt", json!("")), "prompt: must not be empty"),
        (
            with("repoUrl", json!("https://me:hunter2@github.com/a/b")),
            "repoUrl",
        ),
        (with("repoBranch", json!("a..b")), "repoBranch"),
        (with("priority", json!(0)), "priority: give it 1 to 1000"),
        (with("maxRetries", json!(11)), "maxRetries: give it 0 to 10"),
        (
            with("agentType", json!("nobody")),
            "agentType: must be one of",
        ),
        (with("type", json!("odd")), "type: must be repo-task"),
        (with("ticketExternalId", json!("7")), "ticketExternalId"),
        (
            with("dependsOn", json!(["00000000-0000-0000-0000-000000000009"])),
            "there is no task",
        ),
    ] {
        let answer = api.post(TASKS, body).await;
        answer.refused(400, &[words]);
        assert!(!format!("{:?}", answer.is(400)).contains("hunter2"));
    }
    assert_eq!(api.get(TASKS).await.is(200)["tasks"], json!([]));
}

#[tokio::test]
async fn tasks_are_listed_searched_and_counted() {
    let api = Api::new().await;
    let first = created(&api, task("Add /healthz")).await;
    let second = created(&api, task("Mend the Login")).await;
    let ids = |answer: &Value| -> Vec<String> {
        let tasks = answer["tasks"].as_array().unwrap();
        tasks
            .iter()
            .map(|it| it["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let all = api.get(TASKS).await.is(200).clone();
    assert_eq!(ids(&all), [second.clone(), first.clone()]);
    let page = api
        .get(&format!("{TASKS}?limit=1&offset=1"))
        .await
        .is(200)
        .clone();
    assert_eq!(ids(&page), std::slice::from_ref(&first));
    let found = api
        .get(&format!("{TASKS}/search?q=LOGIN"))
        .await
        .is(200)
        .clone();
    assert_eq!(ids(&found), std::slice::from_ref(&second));
    let begun = api
        .get(&format!("{TASKS}/search?limit=1"))
        .await
        .is(200)
        .clone();
    let cursor = begun["nextCursor"].as_str().unwrap();
    let rest = api
        .get(&format!("{TASKS}/search?limit=1&cursor={cursor}"))
        .await
        .is(200)
        .clone();
    assert_eq!((ids(&begun), ids(&rest)), (vec![second], vec![first]));
    for (query, words) in [
        ("?limit=0", "limit: must be a whole number from 1 to 1000"),
        ("?offset=-1", "offset"),
        ("/search?cursor=x", "cursor"),
        ("/search?costMin=much", "costMin"),
    ] {
        api.get(&format!("{TASKS}{query}"))
            .await
            .refused(400, &[words]);
    }
    assert_eq!(
        api.get(&format!("{TASKS}/stats")).await.is(200)["stats"]["total"],
        2
    );
    api.get(&format!("{TASKS}/nonsense"))
        .await
        .refused(404, &["nonsense"]);
}

#[tokio::test]
async fn a_circle_of_dependencies_is_refused_by_name_and_stores_nothing() {
    let api = Api::new().await;
    let first = created(&api, task("one")).await;
    let mut body = task("two");
    body["dependsOn"] = json!([first]);
    let second = created(&api, body).await;
    stands(&api, &second, "waiting_on_deps").await;
    let path = format!("{TASKS}/{first}/dependencies");
    let circle = api.post(&path, json!({ "dependsOnIds": [second] })).await;
    circle.refused(400, &["circle", &first, &second]);
    assert_eq!(api.get(&path).await.is(200)["dependencies"], json!([]));
    let dependents = api
        .get(&format!("{TASKS}/{first}/dependents"))
        .await
        .is(200)["dependents"]
        .clone();
    assert_eq!(dependents[0]["id"], second);
    api.delete(&format!("{TASKS}/{second}/dependencies/{first}"))
        .await
        .is(204);
    stands(&api, &second, "provisioning").await;
}

#[tokio::test]
async fn a_task_obeys_and_says_why_it_does_not() {
    let api = Api::new().await;
    let id = created(&api, task("one")).await;
    stands(&api, &id, "provisioning").await;
    let act = async |verb: &str| api.post(&format!("{TASKS}/{id}/{verb}"), json!({})).await;
    act("retry")
        .await
        .refused(409, &["only a failed or cancelled task"]);
    act("resume").await.refused(409, &["needs attention"]);
    act("force-redo").await.refused(409, &["cancel it first"]);
    act("review").await.refused(400, &["no open pull request"]);
    assert_eq!(act("cancel").await.is(200)["task"]["state"], "cancelled");
    act("cancel").await.refused(409, &["it is over"]);
    act("retry").await.is(200);
    stands(&api, &id, "provisioning").await;
    let cancelled = api
        .post(&format!("{TASKS}/bulk/cancel-active"), json!({}))
        .await;
    assert_eq!(cancelled.is(200)["cancelled"], 1);
    stands(&api, &id, "cancelled").await;
}

#[tokio::test]
async fn one_task_at_a_time_has_a_ticket() {
    let api = Api::new().await;
    let mut body = task("one");
    body["ticketSource"] = json!("github");
    body["ticketExternalId"] = json!("7");
    let id = created(&api, body.clone()).await;
    api.post(TASKS, body.clone())
        .await
        .refused(409, &["ticket 7"]);
    api.post(&format!("{TASKS}/{id}/cancel"), json!({}))
        .await
        .is(200);
    created(&api, body).await;
}

#[tokio::test]
async fn a_message_to_a_task_is_bounded_and_shown_with_what_became_of_it() {
    let api = Api::new().await;
    let id = created(&api, task("one")).await;
    let path = format!("{TASKS}/{id}/message");
    let long = "x".repeat(8_001);
    for (body, words) in [
        (json!({ "content": "" }), "content: must have 1 to 8000"),
        (json!({ "content": long }), "content: must have 1 to 8000"),
        (
            json!({ "content": "x", "mode": "loud" }),
            "mode: must be soft or interrupt",
        ),
    ] {
        api.post(&path, body).await.refused(400, &[words]);
    }
    let sent = api
        .post(&path, json!({ "content": "look at the tests" }))
        .await
        .is(202)["message"]
        .clone();
    assert_eq!(
        (&sent["mode"], &sent["ackedAt"]),
        (&json!("soft"), &json!(null))
    );
    let kept = api.get(&format!("{TASKS}/{id}/messages")).await.is(200)["messages"].clone();
    assert_eq!(kept[0]["id"], sent["id"]);
    for format in ["json", "plaintext", "markdown"] {
        let export = format!("{TASKS}/{id}/logs/export?format={format}");
        let answer = api.answer(api.ask(reqwest::Method::GET, &export)).await;
        assert!(answer.header("content-disposition").contains(&id));
    }
    let export = format!("{TASKS}/{id}/logs/export?format=pdf");
    api.get(&export)
        .await
        .refused(400, &["format: must be json"]);
}

#[tokio::test]
async fn a_part_of_a_task_is_a_task_and_a_step_waits_for_the_step_before() {
    let api = Api::new().await;
    let id = created(&api, task("whole")).await;
    let path = format!("{TASKS}/{id}/subtasks");
    let part = |title: &str| json!({ "title": title, "prompt": "p", "taskType": "step" });
    let one = api.post(&path, part("one")).await.is(201)["subtask"].clone();
    let two = api.post(&path, part("two")).await.is(201)["subtask"].clone();
    stands(&api, two["id"].as_str().unwrap(), "waiting_on_deps").await;
    assert_eq!(one["parentTaskId"], id);
    api.post(
        &path,
        json!({ "title": "t", "prompt": "p", "taskType": "review" }),
    )
    .await
    .refused(400, &["taskType: must be child or step"]);
    let shown = api.get(&format!("{TASKS}/{id}")).await.is(200)["pipelineProgress"].clone();
    assert_eq!(shown["totalSteps"], 2);
}

#[tokio::test]
async fn what_a_host_says_unsigned_and_who_has_no_run_token_is_refused() {
    let api = Api::new().await;
    api.post("/api/webhooks/github", json!({}))
        .await
        .refused(401, &["GITHUB_WEBHOOK_SECRET"]);
    let question = json!({ "protocol": "https", "host": "github.com" });
    let path = "/api/internal/git-credentials";
    api.post(path, question.clone())
        .await
        .refused(401, &["OPTIO_RUN_TOKEN"]);
    let request = api
        .ask(reqwest::Method::POST, path)
        .bearer_auth("optio_run_x.y")
        .json(&question);
    api.answer(request).await.refused(401, &["unknown"]);
    let request = api
        .ask(reqwest::Method::GET, TASKS)
        .bearer_auth("optio_run_x.y");
    api.answer(request)
        .await
        .refused(403, &["git credentials only"]);
}
