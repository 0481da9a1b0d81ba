//! Bad agents and paths: each is refused with its place and its remedy.

use reqwest::Method;
use serde_json::{Value, json};

use super::api::Api;

const AGENTS: &str = "/api/persistent-agents";

fn with(change: Value) -> Value {
    let mut body = json!({ "slug": "vesper", "name": "Vesper", "initialPrompt": "Greet." });
    let members = change.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(members);
    body
}

fn broken_agents() -> [(Value, &'static [&'static str]); 18] {
    [
        (
            json!({ "slug": "Bad Slug" }),
            &["slug", "lower-case", "^[a-z0-9][a-z0-9-]*$"],
        ),
        (json!({ "slug": "" }), &["slug", "1 to 63"]),
        (json!({ "slug": "-x" }), &["slug", "start with"]),
        (
            json!({ "slug": 5 }),
            &["slug", "expected a string", "line 1, column"],
        ),
        (
            json!({ "name": 5 }),
            &["name", "expected a string", "line 1, column"],
        ),
        (json!({ "name": " " }), &["name: must not be empty"]),
        (
            json!({ "initialPrompt": "" }),
            &["initialPrompt: must not be empty"],
        ),
        (
            json!({ "maxTurns": "x" }),
            &["maxTurns", "expected i32", "line 1, column"],
        ),
        (
            json!({ "maxTurns": 0 }),
            &["maxTurns: must be greater than 0"],
        ),
        (
            json!({ "maxTurns": 99_999_999_999_i64 }),
            &["maxTurns", "99999999999"],
        ),
        (
            json!({ "idlePodTimeoutMs": -1 }),
            &["idlePodTimeoutMs: must be greater than 0"],
        ),
        (
            json!({ "maxTurnDurationMs": true }),
            &["maxTurnDurationMs", "boolean"],
        ),
        (
            json!({ "enabled": "yes" }),
            &["enabled", "expected a boolean"],
        ),
        (
            json!({ "podLifecycle": "forever" }),
            &[
                "podLifecycle",
                "always-on, sticky or on-demand",
                "`forever`",
            ],
        ),
        (
            json!({ "podLifecycle": 1 }),
            &["podLifecycle", "expected a string"],
        ),
        (
            json!({ "agentRuntime": "emacs" }),
            &["agentRuntime", "claude-code"],
        ),
        (
            json!({ "repoId": "not-a-uuid" }),
            &["repoId", "line 1, column"],
        ),
        (json!({ "name": "a\u{0}b" }), &["NUL", "leave it out"]),
    ]
}

#[tokio::test]
async fn an_agent_that_breaks_a_rule_is_refused_by_field_and_rule() {
    let api = Api::new().await;
    for (change, words) in broken_agents() {
        api.post(AGENTS, with(change)).await.refused(400, words);
    }
    let both = api
        .post(AGENTS, with(json!({ "slug": "A", "maxTurns": 0 })))
        .await;
    both.refused(400, &["slug", "maxTurns"]);
    let fields: Vec<_> = both.body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| &e["field"])
        .collect();
    assert_eq!(fields, ["slug", "maxTurns"]);
    api.post(AGENTS, json!({ "name": "x" }))
        .await
        .refused(400, &["slug", "missing"]);
    assert_eq!(api.get(AGENTS).await.body, json!({ "agents": [] }));
}

#[tokio::test]
async fn a_change_that_breaks_a_rule_is_refused_by_field_and_changes_nothing() {
    let api = Api::new().await;
    let id = api.resting("vesper").await;
    let path = format!("{AGENTS}/{id}");
    let before = api.get(&path).await.body;
    let cases: [(Value, &[&str]); 4] = [
        (json!({ "maxTurns": "x" }), &["maxTurns", "line 1, column"]),
        (json!({ "name": 5 }), &["name", "expected a string"]),
        (json!({ "name": "" }), &["name: must not be empty"]),
        (json!({ "podLifecycle": "x" }), &["podLifecycle"]),
    ];
    for (change, words) in cases {
        api.patch(&path, change).await.refused(400, words);
    }
    assert_eq!(api.get(&path).await.body, before);
}

#[tokio::test]
async fn a_body_that_is_not_json_is_refused_with_line_and_column() {
    let api = Api::new().await;
    for (text, words) in [
        (
            "{\n  \"slug\": nope\n}",
            &["not JSON", "line 2, column"][..],
        ),
        ("", &["not JSON", "line 1, column 0"]),
        ("{\"slug\":\"a\"", &["not JSON", "EOF"]),
        ("{} trailing", &["missing field"]),
        ("[]", &["line 1"]),
    ] {
        let answer = api.answer(api.ask(Method::POST, AGENTS).body(text)).await;
        answer.refused(400, words);
    }
}

#[tokio::test]
async fn what_is_not_there_is_404_and_what_is_not_answered_is_405() {
    let api = Api::new().await;
    let nobody = uuid::Uuid::from_u128(99);
    for path in [
        "/api/persistent-agents/nobody".to_owned(),
        format!("{AGENTS}/{nobody}"),
    ] {
        api.get(&path).await.refused(404, &["there is no agent"]);
        api.patch(&path, json!({}))
            .await
            .refused(404, &["there is no agent"]);
        api.delete(&path).await.refused(404, &["there is no agent"]);
        for list in ["messages", "turns", "triggers", "dead-letters", "events"] {
            api.get(&format!("{path}/{list}"))
                .await
                .refused(404, &["there is no agent"]);
        }
        api.post(&format!("{path}/messages"), json!({ "body": "x" }))
            .await
            .refused(404, &["there is no agent"]);
        api.post(&format!("{path}/control"), json!({ "intent": "pause" }))
            .await
            .refused(404, &["there is no agent"]);
    }
    api.get("/api/actors/wizard/x")
        .await
        .refused(404, &["wizard", "agent"]);
    api.get("/api/nothing")
        .await
        .refused(404, &["/api/nothing", "/docs"]);
    api.answer(api.ask(Method::PUT, AGENTS))
        .await
        .refused(405, &["PUT", "/docs"]);
    let id = api.resting("vesper").await;
    for path in [
        format!("{AGENTS}/{id}/turns/nope"),
        format!("{AGENTS}/{id}/turns/{nobody}"),
    ] {
        api.get(&path).await.refused(404, &["has no turn"]);
    }
    api.delete(&format!("{AGENTS}/{id}/triggers/{nobody}"))
        .await
        .refused(404, &["has no trigger"]);
    api.post(
        &format!("{AGENTS}/{id}/dead-letters/{nobody}/replay"),
        json!({}),
    )
    .await
    .refused(404, &["no dead letter"]);
}

#[tokio::test]
async fn a_path_of_strange_characters_is_refused_in_our_own_form() {
    let api = Api::new().await;
    api.get(&format!("{AGENTS}/%00"))
        .await
        .refused(400, &["path", "NUL"]);
    api.get(&format!("{AGENTS}/%FF"))
        .await
        .refused(400, &["path"]);
    api.get("/ws/events").await.refused(400, &["WebSocket"]);
}

#[tokio::test]
async fn a_taken_slug_is_a_conflict_that_says_what_to_do() {
    let api = Api::new().await;
    api.resting("vesper").await;
    api.post(AGENTS, with(json!({})))
        .await
        .refused(409, &["`vesper` is taken", "choose another"]);
}
