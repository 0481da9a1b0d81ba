//! Secrets over HTTP: they go in, are named, and never come out.

use reqwest::Method;
use serde_json::{Value, json};

use super::{api::Api, routes::texts};

const SECRETS: &str = "/api/secrets";
const VALUE: &str = "hunter2-hunter2";

async fn keep(api: &Api, body: Value) {
    api.post(SECRETS, body).await.is(201);
}

#[tokio::test]
async fn a_secret_is_kept_listed_without_its_value_replaced_and_removed() {
    let api = Api::new().await;
    let body = json!({ "name": "API_KEY", "value": VALUE });
    let kept = api.post(SECRETS, body.clone()).await;
    assert_eq!(
        kept.is(201),
        &json!({ "name": "API_KEY", "scope": "global" })
    );
    keep(&api, body).await;
    let listed = api.get(SECRETS).await;
    let secret = listed.is(200)["secrets"][0].clone();
    assert_eq!(
        (&secret["name"], &secret["scope"], &secret["updatedAt"]),
        (
            &json!("API_KEY"),
            &json!("global"),
            &json!("2026-01-01T12:00:00Z")
        )
    );
    assert_eq!(listed.body["secrets"].as_array().unwrap().len(), 1);
    assert!(!listed.text.contains("hunter2"), "{}", listed.text);
    let stored = api.world.store.secret("default", None, "API_KEY").await;
    assert_eq!(stored.unwrap().unwrap().reveal(), VALUE);
    api.delete(&format!("{SECRETS}/API_KEY")).await.is(204);
    api.delete(&format!("{SECRETS}/API_KEY"))
        .await
        .refused(404, &["`API_KEY`", "global"]);
}

#[tokio::test]
async fn each_scope_has_its_own_and_a_repository_is_known_however_it_is_written() {
    let api = Api::new().await;
    for scope in ["workspace", "user", "git@GitHub.com:ada/engine.git"] {
        keep(
            &api,
            json!({ "name": "TOKEN", "value": VALUE, "scope": scope }),
        )
        .await;
    }
    let repo = "https://github.com/ada/engine";
    for (scope, listed) in [
        ("workspace", "workspace"),
        ("user", "user"),
        ("https://GITHUB.com/ada/engine/", repo),
    ] {
        let answer = api.get(&format!("{SECRETS}?scope={scope}")).await;
        assert_eq!(texts(&answer.is(200)["secrets"], "scope"), [listed]);
    }
    let mine = api.get(&format!("{SECRETS}?scope=user")).await;
    assert_eq!(mine.body["secrets"][0]["userId"], "local");
    api.delete(&format!("{SECRETS}/TOKEN"))
        .await
        .refused(404, &["TOKEN"]);
    api.delete(&format!("{SECRETS}/TOKEN?scope={repo}"))
        .await
        .is(204);
    let left = api.get(SECRETS).await;
    assert_eq!(texts(&left.is(200)["secrets"], "scope").len(), 2);
}

#[tokio::test]
async fn secrets_are_walked_by_a_cursor() {
    let api = Api::new().await;
    for number in 0..5 {
        keep(
            &api,
            json!({ "name": format!("N{number}"), "value": VALUE }),
        )
        .await;
    }
    let (mut walked, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = api.get(&format!("{SECRETS}?limit=2{cursor}")).await;
        let names = texts(&page.is(200)["secrets"], "name");
        walked.extend(names.into_iter().map(str::to_owned));
        match page.body["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(walked, ["N0", "N1", "N2", "N3", "N4"]);
}

#[tokio::test]
async fn what_cannot_be_kept_is_refused_and_no_refusal_repeats_a_value() {
    let api = Api::new().await;
    let many = VALUE.repeat(5_000);
    for (body, words) in [
        (
            json!({ "name": "1X", "value": VALUE }),
            "name: must be 1 to 128 letters",
        ),
        (json!({ "name": "LD_PRELOAD", "value": VALUE }), "governs"),
        (json!({ "value": VALUE }), "name: must be"),
        (json!({ "name": "A" }), "value: must not be empty"),
        (
            json!({ "name": "A", "value": [VALUE] }),
            "value: must be a text",
        ),
        (
            json!({ "name": "A", "value": many }),
            "not be longer than 65536 bytes",
        ),
        (
            json!({ "name": "A", "value": VALUE, "scope": "us" }),
            "scope: must be global",
        ),
        (json!(VALUE), "must be an object"),
        (json!([VALUE]), "must be an object"),
    ] {
        let answer = api.post(SECRETS, body).await;
        answer.refused(400, &[words]);
        assert!(!answer.text.contains("hunter2"), "{}", answer.text);
    }
    let rules = api.post(SECRETS, json!({ "name": "", "scope": "x" })).await;
    assert_eq!(rules.body["errors"].as_array().unwrap().len(), 3);
    let listed = api.get(SECRETS).await;
    assert_eq!(listed.is(200), &json!({ "secrets": [] }));
    api.get(&format!("{SECRETS}?scope=us"))
        .await
        .refused(400, &["scope: must be"]);
    api.delete(&format!("{SECRETS}/A?scope=us"))
        .await
        .refused(400, &["scope: must be"]);
}

#[tokio::test]
async fn an_agent_may_do_nothing_with_secrets() {
    let api = Api::new().await;
    let (vesper, turn) = api.working("vesper").await;
    let token = api.token(vesper, &turn);
    for (method, path) in [
        (Method::GET, SECRETS.to_owned()),
        (Method::POST, SECRETS.to_owned()),
        (Method::DELETE, format!("{SECRETS}/A")),
        (Method::POST, format!("{SECRETS}/rotate-key")),
    ] {
        let request = api.ask(method, &path).header("x-optio-agent-token", &token);
        let answer = api.answer(request.json(&json!({}))).await;
        answer.refused(403, &["agent's token"]);
    }
}

#[tokio::test]
async fn the_key_is_changed_while_secrets_stay_readable() {
    let api = Api::new().await;
    keep(&api, json!({ "name": "A", "value": VALUE })).await;
    let path = format!("{SECRETS}/rotate-key");
    let first = api.post(&path, json!({})).await.is(200).clone();
    let second = api.post(&path, json!({})).await.is(200).clone();
    assert_eq!(
        (&first["secrets"], &second["secrets"]),
        (&json!(1), &json!(1))
    );
    assert_ne!(first["keyId"], second["keyId"]);
    let stored = api.world.store.secret("default", None, "A").await;
    assert_eq!(stored.unwrap().unwrap().reveal(), VALUE);
}

#[tokio::test]
async fn a_repeated_request_is_known_by_its_value_and_by_its_scope() {
    let api = Api::new().await;
    let plain = json!({ "name": "PIN", "value": "1234" });
    let request = api
        .ask(Method::POST, SECRETS)
        .header("idempotency-key", "k");
    api.answer(request.json(&plain)).await.is(201);
    let again = api
        .ask(Method::POST, SECRETS)
        .header("idempotency-key", "k");
    let again = api.answer(again.json(&plain)).await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    let other = json!({ "name": "PIN", "value": "1235" });
    let other = api
        .ask(Method::POST, SECRETS)
        .header("idempotency-key", "k")
        .json(&other);
    api.answer(other).await.refused(422, &["another request"]);
    // The scope is a part of what is asked.
    let path = format!("{SECRETS}/PIN");
    let remove = |path: String| {
        api.ask(Method::DELETE, &path)
            .header("idempotency-key", "d")
    };
    api.answer(remove(format!("{path}?scope=user")))
        .await
        .refused(404, &["PIN"]);
    api.answer(remove(path))
        .await
        .refused(422, &["another request"]);
}
