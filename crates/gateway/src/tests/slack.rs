//! Slack over HTTP: what is kept, what is said, and whose presses are believed.

use optio_domain::{notice::signature, secret::SecretText};
use reqwest::Method;
use serde_json::{Value, json};

use super::api::{Answer, Api, until};

const ADDRESS: &str = "https://hooks.slack.com/services/T0/B0/hunter2";
const ACTIONS: &str = "/api/webhooks/slack/actions";
const SECRET: &str = "s1gning-secret";
/// The time of these worlds, in seconds since 1970.
const NOW: i64 = 1_767_268_800;

async fn keep(api: &Api, name: &str, value: &str) {
    let body = json!({ "name": name, "value": value });
    api.post("/api/secrets", body).await.is(201);
}

/// What somebody pressed, signed as Slack does it.
async fn pressed(api: &Api, secret: &str, at: i64, payload: &Value) -> Answer {
    let payload = payload.to_string();
    let escaped: String = payload.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let body = format!("payload={escaped}");
    // The base string of Slack's signature, under the same HMAC.
    let signed = format!("v0:{at}:{body}");
    let signature = format!("v0={}", signature::seed(&SecretText::new(secret), &signed));
    let ask = api
        .ask(Method::POST, ACTIONS)
        .header("x-slack-signature", signature)
        .header("x-slack-request-timestamp", at.to_string())
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body);
    api.answer(ask).await
}

fn press(verb: &str, task: &str) -> Value {
    json!({ "type": "block_actions", "user": { "id": "U1", "username": "ada" },
            "actions": [{ "action_id": verb, "value": task }] })
}

async fn task(api: &Api) -> String {
    let body = json!({ "title": "Add /healthz", "prompt": "p", "repoUrl": "https://github.com/ada/engine" });
    let made = api.post("/api/tasks", body).await.is(201)["task"]["id"].clone();
    let id = made.as_str().unwrap().to_owned();
    stands(api, &id, "provisioning").await;
    id
}

async fn stands(api: &Api, id: &str, state: &str) {
    let path = format!("/api/tasks/{id}");
    until(async || {
        let shown = api.get(&path).await.is(200).clone();
        (shown["task"]["state"] == state).then_some(())
    })
    .await;
}

#[tokio::test]
async fn without_a_signing_secret_nobody_is_believed_and_the_remedy_is_named() {
    let api = Api::new().await;
    let id = task(&api).await;
    let answer = pressed(&api, "", NOW, &press("cancel_task", &id)).await;
    answer.refused(401, &["optio secret set SLACK_SIGNING_SECRET"]);
    stands(&api, &id, "provisioning").await;
}

#[tokio::test]
async fn only_what_slack_has_signed_and_not_long_ago_is_done() {
    let api = Api::new().await;
    keep(&api, "SLACK_SIGNING_SECRET", SECRET).await;
    let id = task(&api).await;
    let cancel = press("cancel_task", &id);
    pressed(&api, "other", NOW, &cancel)
        .await
        .refused(401, &["not signed with"]);
    pressed(&api, SECRET, NOW - 301, &cancel)
        .await
        .refused(401, &["five minutes"]);
    let unsigned = api.ask(Method::POST, ACTIONS).json(&cancel);
    api.answer(unsigned)
        .await
        .refused(401, &["X-Slack-Signature"]);
    stands(&api, &id, "provisioning").await;
    let done = pressed(&api, SECRET, NOW, &cancel).await;
    assert_eq!(
        done.is(200),
        &json!({ "response_type": "ephemeral", "text": "Add /healthz is cancelled now" })
    );
    stands(&api, &id, "cancelled").await;
    // What cannot be done is said to whoever pressed.
    let again = pressed(&api, SECRET, NOW, &cancel).await;
    assert!(
        again.is(200)["text"]
            .as_str()
            .unwrap()
            .contains("nothing to cancel")
    );
    let retried = pressed(&api, SECRET, NOW, &press("retry_task", &id)).await;
    assert!(
        !retried.is(200)["text"]
            .as_str()
            .unwrap()
            .contains("cancelled")
    );
    let seen = pressed(&api, SECRET, NOW, &press("view_logs", &id)).await;
    let logs = format!("/api/tasks/{id}/logs");
    assert!(seen.is(200)["text"].as_str().unwrap().ends_with(&logs));
    let nobody = pressed(&api, SECRET, NOW, &press("retry_task", "nonsense")).await;
    assert!(
        nobody.is(200)["text"]
            .as_str()
            .unwrap()
            .contains("there is no task")
    );
    let unknown = pressed(&api, SECRET, NOW, &press("format_disk", &id)).await;
    unknown.refused(400, &["retry_task"]);
}

#[tokio::test]
async fn a_repository_keeps_its_address_and_never_shows_it() {
    let api = Api::new().await;
    let body = json!({ "repoUrl": "https://github.com/ada/engine", "slackWebhookUrl": ADDRESS,
                       "slackEnabled": true, "slackChannel": "#ops", "slackNotifyOn": ["failed"] });
    let answer = api.post("/api/repos", body).await;
    assert!(!answer.text.contains("hunter2"), "{}", answer.text);
    let repo = answer.is(201)["repo"].clone();
    for (member, value) in [
        ("slackWebhookUrl", json!("***")),
        ("slackEnabled", json!(true)),
        ("slackChannel", json!("#ops")),
        ("slackNotifyOn", json!(["failed"])),
    ] {
        assert_eq!(repo[member], value, "{member}");
    }
    let path = format!("/api/repos/{}", repo["id"].as_str().unwrap());
    let change = json!({ "slackWebhookUrl": "***", "slackChannel": null });
    let changed = api.patch(&path, change).await.is(200)["repo"].clone();
    assert_eq!(
        (&changed["slackWebhookUrl"], &changed["slackChannel"]),
        (&json!("***"), &json!(null))
    );
    for (change, words) in [
        (
            json!({ "slackWebhookUrl": "hunter2" }),
            "slackWebhookUrl: must be an address",
        ),
        (
            json!({ "slackWebhookUrl": "http://10.0.0.1/hunter2" }),
            "webhook_private_hosts",
        ),
        (
            json!({ "slackNotifyOn": ["started"] }),
            "slackNotifyOn: must be a list of: completed",
        ),
        (
            json!({ "slackChannel": "" }),
            "slackChannel: must be a channel",
        ),
    ] {
        let answer = api.patch(&path, change).await;
        answer.refused(400, &[words]);
        assert!(!answer.text.contains("hunter2"), "{}", answer.text);
    }
    let change = json!({ "slackWebhookUrl": null });
    let changed = api.patch(&path, change).await.is(200)["repo"].clone();
    assert_eq!(changed["slackWebhookUrl"], json!(null));
    // Now there is nothing that the mask could stand for.
    let masked = api.patch(&path, json!({ "slackWebhookUrl": "***" })).await;
    masked.refused(400, &["must be an address"]);
}

#[tokio::test]
async fn a_test_says_whether_slack_took_it_and_the_status_what_is_there() {
    let api = Api::new().await;
    let test = |url: &str| json!({ "webhookUrl": url, "channel": "#ops" });
    let sent = api.post("/api/slack/test", test(ADDRESS)).await;
    assert_eq!(sent.is(200)["ok"], true);
    let said = &api.receivers.sent()[0];
    assert_eq!(
        (said.0.as_str(), &said.1["channel"]),
        (ADDRESS, &json!("#ops"))
    );
    api.receivers.answers(404);
    let refused = api.post("/api/slack/test", test(ADDRESS)).await;
    refused.refused(400, &["Slack did not take it", "404"]);
    for bad in [json!({}), test("hunter2"), test("http://127.0.0.1/hunter2")] {
        let answer = api.post("/api/slack/test", bad).await;
        answer.refused(400, &["webhookUrl: "]);
        assert!(!answer.text.contains("hunter2"), "{}", answer.text);
    }
    let status = api.get("/api/slack/status").await;
    let nothing = json!({ "globalWebhookConfigured": false, "signingSecretConfigured": false });
    assert_eq!(status.is(200), &nothing);
    keep(&api, "SLACK_WEBHOOK_URL", ADDRESS).await;
    keep(&api, "SLACK_SIGNING_SECRET", SECRET).await;
    let status = api.get("/api/slack/status").await;
    let all = json!({ "globalWebhookConfigured": true, "signingSecretConfigured": true });
    assert_eq!(status.is(200), &all);
}
