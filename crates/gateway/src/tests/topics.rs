//! Topics over HTTP.

use reqwest::Method;
use serde_json::{Value, json};

use super::{api::Api, routes::texts};

const AGENTS: &str = "/api/persistent-agents";
const MINE: &str = "/api/internal/persistent-agents/topics";

#[tokio::test]
async fn agents_subscribe_themselves_publish_and_never_hear_themselves() {
    let api = Api::new().await;
    let (vesper, turn) = api.working("vesper").await;
    let (mira, mira_turn) = api.working("mira").await;
    let (vesper, mira) = (api.token(vesper, &turn), api.token(mira, &mira_turn));
    let call = async |token: &str, what: &str, body: Option<Value>| {
        let path = format!("{MINE}/builds/{what}");
        api.as_agent(token, Method::POST, &path, body)
            .await
            .is(200)
            .clone()
    };
    for changed in [true, false] {
        let answer = call(&vesper, "subscribe", None).await;
        assert_eq!(
            answer,
            json!({ "ok": true, "topic": "builds", "changed": changed })
        );
    }
    call(&mira, "subscribe", None).await;
    let publish = format!("{MINE}/builds/publish");
    let body = Some(json!({ "body": "main is red", "class": "notify" }));
    let told = api.as_agent(&vesper, Method::POST, &publish, body).await;
    let expected = json!({ "ok": true, "delivered": 1, "skippedSelf": true });
    assert_eq!(told.is(202), &expected);
    let mail = api.get(&format!("{AGENTS}/mira/messages")).await.body;
    let first = &mail["messages"][0];
    assert_eq!(
        (&first["topic"], &first["class"], &first["broadcasted"]),
        (&json!("builds"), &json!("notify"), &json!(false))
    );
    let heard = api.as_agent(&mira, Method::GET, MINE, None).await;
    assert_eq!(texts(&heard.is(200)["topics"], "topic"), ["builds"]);
    call(&mira, "unsubscribe", None).await;
    let heard = api.as_agent(&mira, Method::GET, MINE, None).await;
    assert_eq!(heard.is(200)["topics"], json!([]));
}

#[tokio::test]
async fn people_subscribe_any_agent_list_publish_once_per_key_and_reach_all() {
    let api = Api::new().await;
    api.working("vesper").await;
    api.working("mira").await;
    for topic in ["builds", "alerts"] {
        let path = format!("/api/topics/{topic}/subscribers");
        for slug in ["vesper", "mira"] {
            api.post(&path, json!({ "agent": slug })).await.is(200);
        }
    }
    let first = api.get("/api/topics?limit=1").await.is(200).clone();
    assert_eq!(
        first["topics"],
        json!([{ "topic": "alerts", "subscribers": 2 }])
    );
    let cursor = first["nextCursor"].as_str().unwrap();
    let rest = api
        .get(&format!("/api/topics?limit=1&cursor={cursor}"))
        .await;
    assert_eq!(texts(&rest.is(200)["topics"], "topic"), ["builds"]);
    let gone = api.delete("/api/topics/builds/subscribers/mira").await;
    assert_eq!(gone.is(200)["changed"], true);
    let hearers = api.get("/api/topics/builds").await;
    assert_eq!(texts(&hearers.is(200)["subscribers"], "slug"), ["vesper"]);
    for (topic, delivered) in [("builds", 1), ("builds", 1), ("nothing", 0), ("all", 2)] {
        let path = format!("/api/topics/{topic}/publish");
        let key = format!("k-{topic}");
        let ask = api.ask(Method::POST, &path).header("idempotency-key", key);
        let told = api.answer(ask.json(&json!({ "body": "red" }))).await;
        assert_eq!(
            told.is(202),
            &json!({ "ok": true, "delivered": delivered, "skippedSelf": false })
        );
    }
    let mail = api.get(&format!("{AGENTS}/vesper/messages")).await.body;
    assert_eq!(texts(&mail["messages"], "body"), ["red", "red", "Greet."]);
}

#[tokio::test]
async fn topics_that_make_no_sense_are_refused() {
    let api = Api::new().await;
    let (vesper, turn) = api.working("vesper").await;
    let token = api.token(vesper, &turn);
    let subscribe = |topic: &str| format!("/api/topics/{topic}/subscribers");
    let vesper = || json!({ "agent": "vesper" });
    for topic in ["Builds", "-x", "a%20b", "%C3%A9"] {
        api.post(&subscribe(topic), vesper())
            .await
            .refused(400, &["topic", "lower-case"]);
        api.get(&format!("/api/topics/{topic}"))
            .await
            .refused(400, &["topic"]);
        let publish = format!("/api/topics/{topic}/publish");
        api.post(&publish, json!({ "body": "x" }))
            .await
            .refused(400, &["topic"]);
    }
    api.post(&subscribe("all"), vesper())
        .await
        .refused(400, &["all peers", "always"]);
    api.post(&subscribe("builds"), json!({ "agent": "nobody" }))
        .await
        .refused(404, &["nobody"]);
    api.post(&subscribe("builds"), json!({}))
        .await
        .refused(400, &["agent", "missing"]);
    api.delete("/api/topics/builds/subscribers/nobody")
        .await
        .refused(404, &["nobody"]);
    let publish = "/api/topics/builds/publish";
    let cases: [(Value, u16, &[&str]); 5] = [
        (json!({}), 400, &["body", "missing"]),
        (json!({ "body": "" }), 400, &["body"]),
        (
            json!({ "body": "x", "class": "stop" }),
            400,
            &["class", "one by one"],
        ),
        (
            json!({ "body": "x", "class": "loud" }),
            400,
            &["class", "`loud`"],
        ),
        (
            json!({ "body": "x", "senderType": "system" }),
            403,
            &["senderType"],
        ),
    ];
    for (body, status, words) in cases {
        api.post(publish, body).await.refused(status, words);
    }
    let stop = Some(json!({ "body": "x", "class": "stop" }));
    let say = format!("{MINE}/builds/publish");
    api.as_agent(&token, Method::POST, &say, stop)
        .await
        .refused(403, &["cannot stop"]);
    for path in [subscribe("builds"), publish.to_owned()] {
        let body = Some(json!({ "agent": "vesper", "body": "x" }));
        api.as_agent(&token, Method::POST, &path, body)
            .await
            .refused(403, &["agent"]);
    }
}
