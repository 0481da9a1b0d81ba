//! What agents may ask, by the token of their turn.

use reqwest::Method;
use serde_json::json;

use super::{api::Api, routes::texts};

const AGENTS: &str = "/api/persistent-agents";
const INTERNAL: &str = "/api/internal/persistent-agents";

#[tokio::test]
async fn agents_find_write_to_and_hear_their_peers() {
    let api = Api::new().await;
    let (vesper, turn) = api.working("vesper").await;
    api.resting("mira").await;
    let (_other, other_turn) = api.working("otis").await;
    let token = api.token(vesper, &turn);
    let peers = api
        .as_agent(&token, Method::GET, INTERNAL, None)
        .await
        .is(200)
        .clone();
    assert_eq!(peers["me"], json!({ "slug": "vesper" }));
    assert_eq!(texts(&peers["agents"], "slug"), ["vesper", "mira", "otis"]);
    let members: Vec<_> = peers["agents"][1].as_object().unwrap().keys().collect();
    assert_eq!(members, ["description", "enabled", "name", "slug", "state"]);

    let send = format!("{INTERNAL}/send");
    let to = |slug: &str| Some(json!({ "to": slug, "body": "hello", "payload": { "a": 1 } }));
    let sent = api
        .as_agent(&token, Method::POST, &send, to("mira"))
        .await
        .is(202)
        .clone();
    assert_eq!((&sent["ok"], &sent["to"]), (&json!(true), &json!("mira")));
    api.as_agent(&token, Method::POST, &send, to("vesper"))
        .await
        .refused(400, &["to", "itself"]);
    api.as_agent(&token, Method::POST, &send, to("nobody"))
        .await
        .refused(404, &["to", "`nobody`", "lists your peers"]);

    let broadcast = format!("{INTERNAL}/broadcast");
    let all = || Some(json!({ "body": "all hands" }));
    let told = api
        .as_agent(&token, Method::POST, &broadcast, all())
        .await
        .is(202)
        .clone();
    assert_eq!(
        told,
        json!({ "ok": true, "delivered": 1 }),
        "mira is disabled"
    );

    let inbox = format!("{INTERNAL}/inbox");
    let token = api.token(_other, &other_turn);
    let heard = api
        .as_agent(&token, Method::GET, &inbox, None)
        .await
        .is(200)
        .clone();
    assert_eq!(texts(&heard["messages"], "body"), ["all hands", "Greet."]);
    assert_eq!(heard["messages"][0]["senderId"], "default/vesper");
    assert_eq!(heard["messages"][0]["broadcasted"], true);
    api.as_agent(&token, Method::GET, &format!("{inbox}?limit=201"), None)
        .await
        .refused(400, &["limit", "200"]);
}

#[tokio::test]
async fn a_token_is_good_for_its_own_turn_and_says_why_it_is_not() {
    let api = Api::new().await;
    let (vesper, turn) = api.working("vesper").await;
    api.get(INTERNAL)
        .await
        .refused(401, &["OPTIO_AGENT_TOKEN", "X-Optio-Agent-Token"]);
    let token = api.token(vesper, &turn);
    let bearer = api.ask(Method::GET, INTERNAL).bearer_auth(&token);
    api.answer(bearer).await.is(200);
    for unknown in [
        "nonsense",
        "",
        &format!("{token}x"),
        &api.token_of(vesper, uuid::Uuid::from_u128(77), turn.epoch),
    ] {
        api.as_agent(unknown, Method::GET, INTERNAL, None)
            .await
            .refused(401, &["unknown"]);
    }
    let epoch = api.token_of(vesper, turn.id, turn.epoch + 1);
    api.as_agent(&epoch, Method::GET, INTERNAL, None)
        .await
        .refused(401, &["turn 1", "its own process serves"]);
    api.restart(vesper, 2).await;
    for path in [INTERNAL.to_owned(), format!("{INTERNAL}/inbox")] {
        let ended = api.as_agent(&token, Method::GET, &path, None).await;
        ended.refused(401, &["ended", "turn 1 was over at 2026-01-01T12:00:00Z"]);
    }
}

#[tokio::test]
async fn a_token_opens_the_inter_agent_api_and_nothing_else() {
    let api = Api::new().await;
    let (vesper, turn) = api.working("vesper").await;
    let token = api.token(vesper, &turn);
    let body = || {
        Some(
            json!({ "slug": "x", "name": "x", "initialPrompt": "x", "intent": "pause", "type": "manual", "config": {} }),
        )
    };
    let one = format!("{AGENTS}/vesper");
    let any = uuid::Uuid::nil();
    for (method, path, body) in [
        (Method::GET, AGENTS.to_owned(), None),
        (Method::POST, AGENTS.to_owned(), body()),
        (Method::GET, format!("{AGENTS}/stats"), None),
        (Method::GET, one.clone(), None),
        (Method::PATCH, one.clone(), body()),
        (Method::DELETE, one.clone(), None),
        (Method::POST, format!("{one}/control"), body()),
        (Method::GET, format!("{one}/messages"), None),
        (Method::GET, format!("{one}/turns"), None),
        (Method::GET, format!("{one}/triggers"), None),
        (Method::POST, format!("{one}/triggers"), body()),
        (Method::DELETE, format!("{one}/triggers/{any}"), None),
        (Method::GET, format!("{one}/events"), None),
        (Method::GET, "/api/events".to_owned(), None),
        (Method::GET, "/api/actors/agent/vesper".to_owned(), None),
        (
            Method::POST,
            "/api/actors/agent/vesper/lift".to_owned(),
            None,
        ),
    ] {
        api.as_agent(&token, method, &path, body)
            .await
            .refused(403, &["agent"]);
    }
}
