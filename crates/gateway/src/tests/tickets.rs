//! Trackers and their tickets over HTTP: what is kept, what is never shown, and what is refused by name.

use hmac::{Hmac, KeyInit as _, Mac as _};
use optio_domain::tracker::MASK;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;

use super::api::{Api, GITHUB_SECRET, GITLAB_SECRET, until};

const PROVIDERS: &str = "/api/tickets/providers";
const REPO: &str = "https://github.com/ada/engine";

fn linear() -> Value {
    json!({ "source": "linear", "config": { "apiKey": "hunter2", "repoUrl": REPO, "surprise": 7 } })
}

impl Api {
    async fn provider(&self, body: Value) -> Value {
        self.post(PROVIDERS, body).await.is(201)["provider"].clone()
    }

    async fn synced(&self) -> Value {
        self.post("/api/tickets/sync", json!({}))
            .await
            .is(200)
            .clone()
    }

    async fn tickets(&self) -> Vec<Value> {
        let answer = self.get("/api/tickets").await;
        answer.is(200)["tickets"].as_array().unwrap().clone()
    }

    async fn asked_at(&self, provider: &Value) -> bool {
        let id = provider["id"].as_str().unwrap().parse().unwrap();
        let row = self.world.store.tracker("default", id).await.unwrap();
        row.unwrap().asked_at.is_some()
    }
}

fn path(provider: &Value) -> String {
    format!("{PROVIDERS}/{}", provider["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_tracker_is_kept_with_its_token_masked_and_goes_when_it_is_removed() {
    let api = Api::new().await;
    let provider = api.provider(linear()).await;
    for (member, value) in [
        ("source", json!("linear")),
        ("enabled", json!(true)),
        ("consecutiveFailures", json!(0)),
        ("lastError", json!(null)),
        ("createdBy", json!("user:local")),
        (
            "config",
            json!({ "apiKey": MASK, "label": "optio", "maxPages": 10, "repoUrl": REPO }),
        ),
    ] {
        assert_eq!(provider[member], value, "{member}");
    }
    let listed = api.get(PROVIDERS).await;
    assert!(!listed.text.contains("hunter2"), "{}", listed.text);
    assert_eq!(listed.is(200)["providers"][0]["id"], provider["id"]);
    let secrets = api.get("/api/secrets").await;
    assert_eq!(secrets.is(200), &json!({ "secrets": [] }));
    let again = api.post(PROVIDERS, linear()).await;
    again.refused(409, &[provider["id"].as_str().unwrap()]);
    api.delete(&path(&provider)).await.is(204);
    for gone in [path(&provider), format!("{PROVIDERS}/nonsense")] {
        api.delete(&gone).await.refused(404, &["no tracker"]);
        api.patch(&gone, json!({}))
            .await
            .refused(404, &["no tracker"]);
        let enable = format!("{gone}/re-enable");
        api.patch(&enable, json!({}))
            .await
            .refused(404, &["no tracker"]);
    }
}

#[tokio::test]
async fn a_change_keeps_what_it_does_not_name_and_a_mask_keeps_the_token() {
    let api = Api::new().await;
    let body = json!({ "source": "jira", "enabled": false, "config": {
        "baseUrl": "https://acme.atlassian.net", "email": "ada@acme.example", "apiToken": "hunter2",
        "projectKey": "SHOP", "doneStatusName": "Shipped" } });
    let provider = api.provider(body).await;
    assert_eq!(provider["enabled"], json!(false));
    let change =
        json!({ "config": { "apiToken": MASK, "doneStatusName": null, "label": "do it" } });
    let answer = api.patch(&path(&provider), change).await;
    let changed = &answer.is(200)["provider"];
    let wanted = json!({ "apiToken": MASK, "baseUrl": "https://acme.atlassian.net", "maxPages": 10,
        "email": "ada@acme.example", "projectKey": "SHOP", "label": "do it" });
    assert_eq!(
        (&changed["config"], &changed["enabled"]),
        (&wanted, &json!(false))
    );
    let elsewhere = json!({ "config": { "projectKey": "BLOG" } });
    let refused = api.patch(&path(&provider), elsewhere).await;
    refused.refused(400, &["config: cannot name another place"]);
    let on = api
        .patch(&path(&provider), json!({ "enabled": true }))
        .await;
    assert_eq!(on.is(200)["provider"]["enabled"], json!(true));
}

#[tokio::test]
async fn what_cannot_be_a_tracker_is_refused_by_name_and_never_with_its_token() {
    let api = Api::new().await;
    for (body, words) in [
        (json!({}), "source: must be one of github, gitlab"),
        (
            json!({ "source": "svn", "config": {} }),
            "source: must be one of",
        ),
        (json!({ "source": "linear" }), "config: is missing"),
        (
            json!({ "source": "linear", "config": [] }),
            "config: must be an object",
        ),
        (
            json!({ "source": "linear", "config": {} }),
            "config: it needs a token; give one",
        ),
        (
            json!({ "source": "linear", "config": { "apiKey": "hunter2" }, "enabled": "yes" }),
            "enabled: must be true or false",
        ),
        (
            json!({ "source": "jira", "config": { "apiToken": "hunter2", "baseUrl": "http://10.0.0.1",
            "email": "a@b.c" } }),
            "config.baseUrl: must begin with https",
        ),
        (
            json!({ "source": "github", "config": { "token": "hunter2\n" } }),
            "config.owner: is missing",
        ),
    ] {
        let refused = api.post(PROVIDERS, body).await;
        refused.refused(400, &[words]);
        assert!(!refused.text.contains("hunter2"), "{}", refused.text);
    }
    assert_eq!(
        api.get(PROVIDERS).await.is(200),
        &json!({ "providers": [] })
    );
}

#[tokio::test]
async fn a_look_that_is_asked_for_makes_tasks_of_tickets_and_says_how_many() {
    let api = Api::new().await;
    let now = api.world.clock.now();
    let provider = api.provider(linear()).await;
    assert_eq!(api.synced().await["providers"][0]["done"], json!(true));
    api.trackers.has("ENG-1", now);
    let synced = api.synced().await;
    assert_eq!(synced["providers"][0]["error"], json!(null), "{synced}");
    let ticket = until(async || {
        let ticket = api.tickets().await.into_iter().next()?;
        ticket["taskId"].is_string().then_some(ticket)
    })
    .await;
    for (member, value) in [
        ("providerId", provider["id"].clone()),
        ("source", json!("linear")),
        ("externalId", json!("ENG-1")),
        ("state", json!("open")),
        ("status", json!("started")),
        ("labels", json!(["optio"])),
    ] {
        assert_eq!(ticket[member], value, "{member}");
    }
    let task = api
        .get(&format!(
            "/api/tasks/{}",
            ticket["taskId"].as_str().unwrap()
        ))
        .await;
    assert_eq!(task.is(200)["task"]["ticketExternalId"], json!("ENG-1"));
    assert_eq!(api.tickets().await.len(), 1);
    let of = |id: &str| format!("/api/tickets?providerId={id}");
    let other = api.get(&of("00000000-0000-0000-0000-000000000001")).await;
    assert_eq!(other.is(200), &json!({ "tickets": [] }));
    api.get(&of("nonsense"))
        .await
        .refused(400, &["providerId: must be"]);
}

#[tokio::test]
async fn a_ticket_fires_the_triggers_that_want_it_once_and_no_task_beside() {
    let api = Api::new().await;
    drop(api.working("vesper").await);
    let job = json!({ "name": "j", "promptTemplate": "Sort {{title}}" });
    api.post("/api/jobs", job).await.is(201);
    let blueprint = json!({ "name": "b", "title": "{{key}}", "prompt": "p", "repoUrl": REPO });
    api.post("/api/task-configs", blueprint).await.is(201);
    let wanted = json!({ "source": "linear", "labels": ["Optio"],
        "prompt": "New: {{title}} at {{url}}" });
    let at_home = json!({ "source": "linear" });
    for (path, config) in [
        ("persistent-agents/vesper", wanted),
        ("jobs/j", at_home.clone()),
        ("task-configs/b", at_home),
        ("jobs/j", json!({ "source": "jira" })),
        ("jobs/j", json!({ "source": "linear", "labels": ["bug"] })),
    ] {
        let path = format!("/api/{path}/triggers");
        let trigger = json!({ "type": "ticket", "config": config });
        api.post(&path, trigger).await.is(201);
    }
    api.provider(linear()).await;
    api.trackers.has("ENG-1", api.world.clock.now());
    api.synced().await;
    let runs = until(async || {
        let runs = api.get("/api/jobs/j/runs").await.is(200)["runs"].clone();
        let made = api.get("/api/tasks?type=repo-task").await.is(200)["tasks"].clone();
        let both = (runs.as_array()?.len(), made.as_array()?.len()) == (1, 1);
        both.then_some((runs, made))
    })
    .await;
    assert_eq!(runs.0[0]["params"]["title"], json!("ticket ENG-1"));
    assert_eq!(runs.1[0]["title"], json!("ENG-1"));
    let ticket = until(async || {
        let ticket = api.tickets().await.into_iter().next()?;
        ticket["taskId"].is_string().then_some(ticket)
    })
    .await;
    assert_eq!(
        ticket["taskId"], runs.1[0]["id"],
        "it is told by what can be done"
    );
    let inbox = api.get("/api/persistent-agents/vesper/messages").await;
    let inbox = inbox.is(200)["messages"].clone();
    let bodies: Vec<&Value> = inbox
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["body"])
        .collect();
    let told = json!("New: ticket ENG-1 at https://tracker.example/ENG-1");
    assert_eq!(
        bodies.iter().filter(|it| ***it == told).count(),
        1,
        "{inbox}"
    );
    api.synced().await;
    let fires = api.get("/api/triggers?type=ticket").await.is(200)["triggers"].clone();
    let mut fires: Vec<i64> = fires
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["fireCount"].as_i64().unwrap())
        .collect();
    fires.sort_unstable();
    assert_eq!(fires, [0, 0, 1, 1, 1]);
    let tasks = api.get("/api/tasks?type=repo-task").await;
    assert_eq!(tasks.is(200)["tasks"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_tracker_that_fails_says_how_and_is_enabled_again_by_either_method() {
    let api = Api::new().await;
    let provider = api.provider(linear()).await;
    api.synced().await;
    api.trackers.breaks();
    let synced = api.synced().await;
    let answer = &synced["providers"][0];
    assert!(
        answer["error"].as_str().unwrap().contains("it is down"),
        "{synced}"
    );
    assert_eq!(answer["done"], json!(false));
    let listed = api.get(PROVIDERS).await;
    let listed = &listed.is(200)["providers"][0];
    assert_eq!(listed["consecutiveFailures"], json!(1));
    assert!(
        listed["lastError"].as_str().unwrap().contains("it is down"),
        "{listed}"
    );
    assert!(listed["holdUntil"].is_string(), "{listed}");
    let why = api
        .get(&format!(
            "/api/actors/tracker/{}",
            provider["id"].as_str().unwrap()
        ))
        .await;
    let why = why.is(200);
    assert_eq!(
        (&why["kind"], &why["state"]),
        (&json!("tracker"), &json!("enabled"))
    );
    for method in [Method::PATCH, Method::POST] {
        let request = api.ask(method, &format!("{}/re-enable", path(&provider)));
        let enabled = api.answer(request).await;
        assert_eq!(enabled.is(200)["provider"]["enabled"], json!(true));
    }
}

fn labelled(repo: &str, labels: &[&str]) -> Value {
    let labels: Vec<Value> = labels
        .iter()
        .map(|label| json!({ "name": label }))
        .collect();
    json!({ "action": "labeled", "repository": { "full_name": repo }, "sender": { "login": "ada" },
            "issue": { "number": 7, "labels": labels } })
}

async fn told(api: &Api, body: &Value) -> Value {
    let bytes = body.to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(GITHUB_SECRET.as_bytes()).unwrap();
    mac.update(bytes.as_bytes());
    let hash = mac.finalize().into_bytes();
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let request = api
        .ask(Method::POST, "/api/webhooks/github")
        .header("x-github-event", "issues")
        .header("x-github-delivery", "d-1")
        .header("x-hub-signature-256", format!("sha256={hash}"))
        .body(bytes);
    api.answer(request).await.is(202).clone()
}

#[tokio::test]
async fn an_issue_that_is_labelled_makes_its_tracker_look_at_once_and_no_other_one() {
    let api = Api::new().await;
    let github =
        json!({ "source": "github", "config": { "owner": "Ada", "repo": "engine", "token": "t" } });
    let provider = api.provider(github).await;
    api.synced().await;
    api.trackers.breaks();
    for (repo, labels) in [("ada/other", ["optio"]), ("Ada/engine", ["bug"])] {
        assert_eq!(
            told(&api, &labelled(repo, &labels)).await,
            json!({ "ok": true, "told": 0 })
        );
        assert!(!api.asked_at(&provider).await, "{repo} {labels:?}");
    }
    let body = labelled("Ada/engine", &["Optio", "bug"]);
    assert_eq!(told(&api, &body).await, json!({ "ok": true, "told": 1 }));
    assert!(
        api.asked_at(&provider).await,
        "it fails, and so is still asked to look"
    );
}

#[tokio::test]
async fn an_issue_of_gitlab_makes_its_tracker_look_at_once() {
    let api = Api::new().await;
    let gitlab = json!({ "source": "gitlab", "config": {
        "host": "gitlab.example", "projectPath": "acme/tools/shop", "token": "t" } });
    api.provider(gitlab).await;
    let body = json!({ "object_kind": "issue", "user": { "username": "ada" },
        "project": { "path_with_namespace": "acme/tools/shop" },
        "object_attributes": { "iid": 7, "action": "update" },
        "labels": [{ "title": "optio" }] });
    let request = api
        .ask(Method::POST, "/api/webhooks/gitlab")
        .header("x-gitlab-token", GITLAB_SECRET)
        .header(
            "x-gitlab-event-uuid",
            "13792a34-cac6-4fda-95a8-c58e00a3954f",
        )
        .json(&body);
    assert_eq!(
        api.answer(request).await.is(202),
        &json!({ "ok": true, "told": 1 })
    );
}
