//! Questions over HTTP.

use optio_domain::limits::Limits;
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    api::{Api, until},
    routes::texts,
};

const AGENTS: &str = "/api/persistent-agents";
const INTERNAL: &str = "/api/internal/persistent-agents";
const UNKNOWN: &str = "00000000-0000-0000-0000-00000000ffff";

#[tokio::test]
async fn a_person_asks_waits_and_reads_the_reply_at_the_question() {
    let api = Api::new().await;
    let (vesper, turn) = api.working("vesper").await;
    let path = format!("{AGENTS}/vesper/ask");
    let asked = api
        .post(&path, json!({ "body": "which port?", "timeoutMs": 60_000 }))
        .await;
    assert_eq!(asked.is(202)["deadline"], "2026-01-01T12:01:00Z");
    let ask = asked.body["askId"].as_str().unwrap();
    let mail = api.get(&format!("{AGENTS}/vesper/messages")).await.body;
    assert_eq!(mail["messages"][0]["replyBy"], "2026-01-01T12:01:00Z");
    let open = api.get(&format!("/api/asks/{ask}?waitMs=0")).await;
    assert_eq!(open.is(200)["ask"]["state"], "open");

    let token = api.token(vesper, &turn);
    let waiting = format!("/api/asks/{ask}?waitMs=60000");
    let reply = async {
        let body = Some(json!({ "body": "8080", "inReplyTo": ask, "payload": { "port": 8080 } }));
        let send = format!("{INTERNAL}/send");
        api.as_agent(&token, Method::POST, &send, body).await
    };
    let (answered, sent) = tokio::join!(api.get(&waiting), reply);
    assert_eq!(
        (&sent.is(202)["to"], &sent.body["late"]),
        (&json!("user:local"), &json!(false))
    );
    let answered = &answered.is(200)["ask"];
    assert_eq!(
        (&answered["state"], &answered["reply"], &answered["late"]),
        (&json!("answered"), &json!("8080"), &json!(false))
    );
    assert_eq!(answered["replyPayload"], json!({ "port": 8080 }));
}

#[tokio::test]
async fn a_peer_asks_and_the_reply_is_mail_of_the_same_thread() {
    let api = Api::new().await;
    let (vesper, turn) = api.working("vesper").await;
    let (mira, mira_turn) = api.working("mira").await;
    let (vesper, mira) = (api.token(vesper, &turn), api.token(mira, &mira_turn));
    let question = Some(json!({ "to": "mira", "body": "which port?" }));
    let ask = format!("{INTERNAL}/ask");
    let asked = api.as_agent(&vesper, Method::POST, &ask, question).await;
    let id = asked.is(202)["askId"].clone();
    let back = Some(json!({ "to": "vesper", "body": "and you?" }));
    let circle = api.as_agent(&mira, Method::POST, &ask, back).await;
    circle.refused(409, &["mira waits for vesper waits for mira", "reply"]);
    let reply = Some(json!({ "body": "8080", "inReplyTo": id }));
    let send = format!("{INTERNAL}/send");
    let sent = api.as_agent(&mira, Method::POST, &send, reply).await;
    assert_eq!(
        (&sent.is(202)["to"], &sent.body["late"]),
        (&json!("vesper"), &json!(false))
    );
    let mail = api.get(&format!("{AGENTS}/vesper/messages")).await.body;
    let first = &mail["messages"][0];
    assert_eq!(
        (&first["body"], &first["inReplyTo"], &first["thread"]),
        (&json!("8080"), &id, &id)
    );
    let ask = api
        .get(&format!("/api/asks/{}", id.as_str().unwrap()))
        .await;
    assert_eq!(ask.is(200)["ask"]["state"], "answered");
    assert_eq!(ask.body["ask"]["replyId"], first["id"]);
}

#[tokio::test]
async fn a_repeated_question_is_one_question() {
    let api = Api::new().await;
    api.resting("vesper").await;
    let path = format!("{AGENTS}/vesper/ask");
    let mut seen = Vec::new();
    for _ in 0..2 {
        let ask = api.ask(Method::POST, &path).header("idempotency-key", "k");
        let answer = api.answer(ask.json(&json!({ "body": "why?" }))).await;
        seen.push((
            answer.is(202)["askId"].clone(),
            answer.body["repeated"].clone(),
        ));
    }
    assert_eq!(seen[0].0, seen[1].0);
    assert_eq!((&seen[0].1, &seen[1].1), (&json!(false), &json!(true)));
    let mail = api.get(&format!("{AGENTS}/vesper/messages")).await.body;
    assert_eq!(texts(&mail["messages"], "body"), ["why?", "Greet."]);
}

#[tokio::test]
async fn a_question_or_a_wait_that_makes_no_sense_is_refused() {
    let api = Api::with(Limits {
        ask_ms_default: 1_000,
        ask_ms_max: 60_000,
        ..Limits::default()
    })
    .await;
    api.resting("vesper").await;
    let path = format!("{AGENTS}/vesper/ask");
    let cases: [(Value, &[&str]); 8] = [
        (json!({}), &["body", "missing"]),
        (json!({ "body": "" }), &["body: must not be empty"]),
        (
            json!({ "body": "x", "timeoutMs": 0 }),
            &["timeoutMs", "1 to 60000"],
        ),
        (json!({ "body": "x", "timeoutMs": -1 }), &["timeoutMs"]),
        (
            json!({ "body": "x", "timeoutMs": 60_001 }),
            &["timeoutMs", "60000"],
        ),
        (json!({ "body": "x", "timeoutMs": "1" }), &["timeoutMs"]),
        (
            json!({ "body": "x", "class": "notify" }),
            &["class", "gets no reply"],
        ),
        (json!({ "body": "x", "class": "stop" }), &["class"]),
    ];
    for (body, words) in cases {
        api.post(&path, body).await.refused(400, words);
    }
    api.post(&format!("{AGENTS}/nobody/ask"), json!({ "body": "x" }))
        .await
        .refused(404, &["nobody"]);
    for wait in ["x", "-1", "60001"] {
        let ask = api.post(&path, json!({ "body": "x" })).await;
        let id = ask.is(202)["askId"].as_str().unwrap().to_owned();
        api.get(&format!("/api/asks/{id}?waitMs={wait}"))
            .await
            .refused(400, &["waitMs", "60000"]);
    }
    for id in [UNKNOWN, "x"] {
        api.get(&format!("/api/asks/{id}"))
            .await
            .refused(404, &["no question", id]);
    }
}

#[tokio::test]
async fn a_question_or_a_reply_of_an_agent_that_makes_no_sense_is_refused() {
    let api = Api::new().await;
    let (vesper, turn) = api.working("vesper").await;
    let token = api.token(vesper, &turn);
    let as_vesper = async |path: &str, body| {
        let path = format!("{INTERNAL}/{path}");
        api.as_agent(&token, Method::POST, &path, Some(body)).await
    };
    as_vesper("ask", json!({ "to": "vesper", "body": "x" }))
        .await
        .refused(400, &["itself"]);
    as_vesper("ask", json!({ "to": "nobody", "body": "x" }))
        .await
        .refused(404, &["nobody"]);
    as_vesper("send", json!({ "body": "x" }))
        .await
        .refused(400, &["to", "inReplyTo"]);
    as_vesper("send", json!({ "body": "x", "inReplyTo": UNKNOWN }))
        .await
        .refused(400, &["inReplyTo", UNKNOWN]);
    // Its mission was no question.
    let mission = until(async || {
        let mail = api.get(&format!("{AGENTS}/vesper/messages")).await.body;
        mail["messages"]
            .as_array()?
            .last()
            .map(|it| it["id"].clone())
    })
    .await;
    as_vesper("send", json!({ "body": "x", "inReplyTo": mission }))
        .await
        .refused(400, &["inReplyTo", "has no inbox"]);
}
