//! Webhooks over HTTP: what is kept is never shown, and what leads inside is refused.

use optio_domain::notice::NoticeEvent;
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    api::{Api, until},
    routes::texts,
};

const HOOKS: &str = "/api/webhooks";
const URL: &str = "https://example.com/in";
const NOBODY: &str = "00000000-0000-4000-8000-000000000001";

fn body() -> Value {
    json!({ "url": URL, "events": ["task.failed", "task.completed"] })
}

async fn added(api: &Api, body: Value) -> Value {
    api.post(HOOKS, body).await.is(201)["webhook"].clone()
}

fn path(hook: &Value) -> String {
    format!("{HOOKS}/{}", hook["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_webhook_is_added_shown_changed_and_removed_and_its_secret_never_shown() {
    let api = Api::new().await;
    let mut new = body();
    new["secret"] = json!("hunter2");
    new["podId"] = json!("unknown members are ignored");
    let answer = api.post(HOOKS, new).await;
    assert!(!answer.text.contains("hunter2"), "{}", answer.text);
    let hook = answer.is(201)["webhook"].clone();
    for (member, value) in [
        ("url", json!(URL)),
        ("events", json!(["task.completed", "task.failed"])),
        ("secret", json!("***")),
        ("description", json!(null)),
        ("active", json!(true)),
        ("disabledReason", json!(null)),
        ("createdBy", json!("user:local")),
    ] {
        assert_eq!(hook[member], value, "{member}");
    }
    let path = path(&hook);
    assert_eq!(api.get(&path).await.is(200)["webhook"], hook);
    // The command line asks for as many at once.
    let many = format!("{HOOKS}?limit=200");
    for list in [HOOKS, &many] {
        assert_eq!(api.get(list).await.is(200), &json!({ "webhooks": [hook] }));
    }
    // What was shown is handed back by whoever changes something else.
    let change = json!({ "secret": "***", "description": "ops", "active": false });
    let changed = api.patch(&path, change).await.is(200)["webhook"].clone();
    assert_eq!(
        (&changed["secret"], &changed["active"]),
        (&json!("***"), &json!(false))
    );
    assert_eq!(changed["previousSecretUntil"], json!(null));
    let changed = api
        .patch(&path, json!({ "secret": "another" }))
        .await
        .is(200)["webhook"]
        .clone();
    assert_eq!(changed["previousSecretUntil"], "2026-01-02T12:00:00Z");
    let change = json!({ "secret": null, "description": null, "events": ["agent.paused"] });
    let changed = api.patch(&path, change).await.is(200)["webhook"].clone();
    assert_eq!(
        (&changed["secret"], &changed["description"]),
        (&json!(null), &json!(null))
    );
    assert_eq!(changed["events"], json!(["agent.paused"]));
    assert!(!api.get("/api/secrets").await.text.contains("SIGNING"));
    api.delete(&path).await.is(204);
    for gone in [
        &path,
        &format!("{HOOKS}/{NOBODY}"),
        &format!("{HOOKS}/nonsense"),
    ] {
        api.get(gone).await.refused(404, &["there is no webhook"]);
        api.delete(gone)
            .await
            .refused(404, &["there is no webhook"]);
        api.patch(gone, json!({}))
            .await
            .refused(404, &["there is no webhook"]);
        api.get(&format!("{gone}/deliveries"))
            .await
            .refused(404, &["there is no webhook"]);
        api.post(&format!("{gone}/test"), json!({}))
            .await
            .refused(404, &["there is no webhook"]);
    }
}

#[tokio::test]
async fn what_breaks_a_rule_is_refused_by_name_and_never_repeated() {
    let api = Api::new().await;
    let with = |member: &str, value: Value| {
        let mut body = body();
        body[member] = value;
        body
    };
    for (body, words) in [
        (json!({}), "url: is missing"),
        (with("url", json!(null)), "url: is missing"),
        (with("url", json!("hunter2")), "url: must be an address"),
        (with("url", json!(7)), "url: must be a text"),
        (
            with("url", json!("https://ada:hunter2@example.com")),
            "must not contain a user",
        ),
        (
            with("url", json!("http://127.0.0.1/hunter2")),
            "webhook_private_hosts",
        ),
        (
            with("url", json!("http://169.254.169.254/")),
            "webhook_private_hosts",
        ),
        (
            with("url", json!("http://db.internal/hunter2")),
            "webhook_private_hosts",
        ),
        (with("events", json!([])), "events: must name at least one"),
        (
            with("events", json!("task.failed")),
            "events: must be a list",
        ),
        (
            with("events", json!(["task.exploded"])),
            "task.exploded; there are: task.completed",
        ),
        (with("secret", json!("")), "secret: must be a text of 1"),
        (
            with("secret", json!("whsec_hunter2")),
            "secret: begins with whsec_",
        ),
        (with("secret", json!(["hunter2"])), "secret: must be a text"),
        (
            with("description", json!("x".repeat(501))),
            "description: must not be longer",
        ),
        (
            with("active", json!("yes")),
            "active: must be true or false",
        ),
    ] {
        let answer = api.post(HOOKS, body).await;
        answer.refused(400, &[words]);
        assert!(!answer.text.contains("hunter2"), "{}", answer.text);
    }
    assert_eq!(api.get(HOOKS).await.is(200), &json!({ "webhooks": [] }));
    let path = path(&added(&api, body()).await);
    for (change, words) in [
        (json!({ "url": null }), "url: must be a text"),
        (json!({ "url": "http://[::1]/" }), "webhook_private_hosts"),
        (json!({ "events": [] }), "events: must name at least one"),
    ] {
        api.patch(&path, change).await.refused(400, &[words]);
    }
    assert_eq!(api.get(&path).await.is(200)["webhook"]["url"], URL);
}

#[tokio::test]
async fn nobody_but_a_person_manages_webhooks() {
    let api = Api::new().await;
    let path = path(&added(&api, body()).await);
    let (agent, turn) = api.working("vesper").await;
    let token = api.token(agent, &turn);
    for (method, path) in [
        (Method::GET, HOOKS.to_owned()),
        (Method::GET, path.clone()),
        (Method::DELETE, path.clone()),
        (Method::GET, format!("{path}/deliveries")),
        (Method::POST, format!("{path}/test")),
        (Method::POST, format!("{path}/deliveries/{NOBODY}/replay")),
        (Method::GET, "/api/slack/status".to_owned()),
    ] {
        let answer = api.as_agent(&token, method, &path, None).await;
        answer.refused(403, &["inter-agent"]);
    }
}

#[tokio::test]
async fn a_test_says_how_it_went_and_stays_in_the_history() {
    let api = Api::new().await;
    let hook = added(&api, body()).await;
    let path = path(&hook);
    api.receivers.answers(500);
    let failed = api
        .post(
            &format!("{path}/test"),
            json!({ "event": "workflow_run.failed" }),
        )
        .await;
    let failed = failed.is(200)["delivery"].clone();
    for (member, value) in [
        ("event", json!("workflow_run.failed")),
        ("webhookId", hook["id"].clone()),
        ("success", json!(false)),
        ("statusCode", json!(500)),
        ("responseBody", json!("it is 500")),
        ("attempt", json!(1)),
        ("nextAttemptAt", json!(null)),
        ("error", json!("the receiver answered 500")),
    ] {
        assert_eq!(failed[member], value, "{member}");
    }
    assert_eq!(failed["payload"]["data"]["test"], true);
    // Without a body it is the first event that it is told of.
    let plain = api
        .answer(api.ask(Method::POST, &format!("{path}/test")))
        .await;
    let plain = plain.is(200)["delivery"].clone();
    assert_eq!(
        (&plain["event"], &plain["success"]),
        (&json!("task.completed"), &json!(true))
    );
    let sent = api.receivers.sent();
    assert_eq!((sent.len(), sent[0].0.as_str()), (2, URL));
    assert_eq!(sent[1].1, plain["payload"]);
    let list = api.get(&format!("{path}/deliveries")).await.is(200)["deliveries"].clone();
    assert_eq!(
        texts(&list, "event"),
        ["task.completed", "workflow_run.failed"]
    );
    let first = api
        .get(&format!("{path}/deliveries?limit=1"))
        .await
        .is(200)
        .clone();
    let cursor = first["nextCursor"].as_str().unwrap();
    let next = api
        .get(&format!("{path}/deliveries?limit=1&cursor={cursor}"))
        .await;
    assert_eq!(
        texts(&next.is(200)["deliveries"], "event"),
        ["workflow_run.failed"]
    );
    let unknown = api
        .post(&format!("{path}/test"), json!({ "event": "nothing" }))
        .await;
    unknown.refused(400, &["event: has no event called nothing"]);
}

#[tokio::test]
async fn a_delivery_is_due_once_more_under_its_own_identity() {
    let api = Api::new().await;
    let path = path(&added(&api, body()).await);
    api.receivers.answers(500);
    let failed = api.post(&format!("{path}/test"), json!({})).await.is(200)["delivery"].clone();
    let id = failed["id"].as_str().unwrap();
    let replay = format!("{path}/deliveries/{id}/replay");
    let again = api.post(&replay, json!({})).await.is(202)["delivery"].clone();
    assert_eq!(
        (&again["id"], &again["payload"]),
        (&failed["id"], &failed["payload"])
    );
    assert_eq!(again["nextAttemptAt"], "2026-01-01T12:00:00Z");
    for nobody in [NOBODY, "nonsense"] {
        let path = format!("{path}/deliveries/{nobody}/replay");
        api.post(&path, json!({}))
            .await
            .refused(404, &["there is no delivery", nobody]);
    }
    api.patch(&path, json!({ "active": false })).await.is(200);
    api.post(&replay, json!({}))
        .await
        .refused(409, &["turn it on first"]);
}

#[tokio::test]
async fn every_event_can_be_asked_for_by_its_name() {
    let api = Api::new().await;
    let names: Vec<&str> = NoticeEvent::ALL.iter().map(|event| event.name()).collect();
    let hook = added(&api, json!({ "url": URL, "events": names })).await;
    assert_eq!(hook["events"], json!(names));
    let path = path(&hook);
    for name in names {
        let tested = api
            .post(&format!("{path}/test"), json!({ "event": name }))
            .await;
        assert_eq!(tested.is(200)["delivery"]["success"], true, "{name}");
    }
}

#[tokio::test]
async fn a_run_of_a_job_is_told_of_with_its_job_and_who_caused_it() {
    let api = Api::new().await;
    let hook = added(
        &api,
        json!({ "url": URL, "events": ["workflow_run.queued"] }),
    )
    .await;
    let job = json!({ "name": "j", "promptTemplate": "p" });
    let job = api.post("/api/jobs", job).await.is(201)["workflow"]["id"].clone();
    let run = api.post("/api/jobs/j/runs", json!({})).await.is(201)["run"]["id"].clone();
    let deliveries = format!("{}/deliveries", path(&hook));
    let delivery = until(async || {
        let told = api.get(&deliveries).await.is(200)["deliveries"].clone();
        told.as_array()?.first().cloned()
    })
    .await;
    assert_eq!(delivery["event"], "workflow_run.queued");
    let data = &delivery["payload"]["data"];
    assert_eq!((&data["workflowId"], &data["runId"]), (&job, &run));
}
