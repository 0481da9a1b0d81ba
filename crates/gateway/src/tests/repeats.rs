//! Requests that are made again.

use reqwest::Method;
use serde_json::{Value, json};

use super::api::{Answer, Api};

const AGENTS: &str = "/api/persistent-agents";

fn agent(slug: &str) -> Value {
    json!({ "slug": slug, "name": slug, "initialPrompt": "Greet.", "enabled": false })
}

async fn keyed(api: &Api, path: &str, key: &str, body: &Value) -> Answer {
    let ask = api
        .ask(Method::POST, path)
        .header("idempotency-key", key)
        .json(body);
    api.answer(ask).await
}

#[tokio::test]
async fn the_same_key_gets_the_first_answer_again() {
    let api = Api::new().await;
    let first = keyed(&api, AGENTS, "k", &agent("vesper")).await;
    let again = keyed(&api, AGENTS, "k", &agent("vesper")).await;
    assert_eq!(
        (first.is(201), first.header("idempotency-replayed")),
        (again.is(201), "")
    );
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.header("content-type"), "application/json");
    let refused = json!({ "intent": "dance" });
    let path = format!("{AGENTS}/vesper/control");
    keyed(&api, &path, "r", &refused)
        .await
        .refused(400, &["intent"]);
    let again = keyed(&api, &path, "r", &refused).await;
    again.refused(400, &["intent"]);
    assert_eq!(again.header("idempotency-replayed"), "true");
}

#[tokio::test]
async fn a_key_of_another_request_is_refused() {
    let api = Api::new().await;
    keyed(&api, AGENTS, "k", &agent("vesper")).await.is(201);
    keyed(&api, AGENTS, "k", &agent("mira"))
        .await
        .refused(422, &["Idempotency-Key", "new key"]);
    let path = format!("{AGENTS}/vesper/triggers");
    keyed(&api, &path, "k", &agent("vesper"))
        .await
        .refused(422, &["Idempotency-Key", "new key"]);
}

#[tokio::test]
async fn the_same_request_many_times_at_once_is_carried_out_once() {
    let api = Api::new().await;
    let body = agent("vesper");
    let asks = (0..16).map(|_| keyed(&api, AGENTS, "k", &body));
    let answers = futures_util::future::join_all(asks).await;
    for answer in &answers {
        match answer.status.as_u16() {
            201 => assert_eq!(answer.body["agent"]["slug"], "vesper"),
            _ => answer.refused(409, &["still being answered"]),
        }
    }
    assert!(answers.iter().any(|answer| answer.status == 201));
    assert_eq!(
        api.get(AGENTS).await.body["agents"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn a_message_with_a_key_is_stored_once_however_often_it_is_sent() {
    let api = Api::new().await;
    api.resting("vesper").await;
    let path = format!("{AGENTS}/vesper/messages");
    let body = json!({ "body": "hello" });
    let asks = (0..16).map(|_| keyed(&api, &path, "k", &body));
    let answers = futures_util::future::join_all(asks).await;
    let fresh = answers
        .iter()
        .filter(|answer| answer.is(202)["repeated"] == false)
        .count();
    assert_eq!(fresh, 1);
    assert!(
        answers
            .iter()
            .all(|answer| answer.body["messageId"] == answers[0].body["messageId"])
    );
    assert_eq!(
        api.get(&path).await.body["messages"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    keyed(&api, &path, "k", &json!({ "body": "other" }))
        .await
        .refused(422, &["idempotency key", "new key"]);
}

#[tokio::test]
async fn a_broadcast_with_a_key_reaches_everybody_once() {
    let api = Api::new().await;
    let (vesper, turn) = api.working("vesper").await;
    let (otis, _turn) = api.working("otis").await;
    let token = api.token(vesper, &turn);
    for _time in 0..2 {
        let ask = api
            .ask(Method::POST, "/api/internal/persistent-agents/broadcast")
            .header("x-optio-agent-token", &token)
            .header("idempotency-key", "k")
            .json(&json!({ "body": "all hands" }));
        assert_eq!(
            api.answer(ask).await.is(202),
            &json!({ "ok": true, "delivered": 1 })
        );
    }
    let mail = api.get(&format!("{AGENTS}/{otis}/messages")).await;
    assert_eq!(mail.body["messages"].as_array().unwrap().len(), 2);
}
